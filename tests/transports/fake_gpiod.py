"""A stand-in for the package gpiod (2.x): same names and signatures, strict about every call.

``tests/transports/test_fakes.py`` compares it with the real package where that is installed. The
rules of the kernel ("GPIO character device") are in it too: lines are exclusive, only a line that
was requested as an output can be set, and a line may lose its level when it is released.
"""

import dataclasses
import errno
import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import Enum
from typing import Any


class Value(Enum):
    INACTIVE = 0
    ACTIVE = 1


class Direction(Enum):
    AS_IS = 1
    INPUT = 2
    OUTPUT = 3


class Bias(Enum):
    AS_IS = 1
    UNKNOWN = 2
    DISABLED = 3
    PULL_UP = 4
    PULL_DOWN = 5


class Drive(Enum):
    PUSH_PULL = 1
    OPEN_DRAIN = 2
    OPEN_SOURCE = 3


class Edge(Enum):
    NONE = 1
    RISING = 2
    FALLING = 3
    BOTH = 4


class Clock(Enum):
    MONOTONIC = 1
    REALTIME = 2
    HTE = 3


@dataclasses.dataclass
class LineSettings:
    direction: Direction = Direction.AS_IS
    edge_detection: Edge = Edge.NONE
    bias: Bias = Bias.AS_IS
    drive: Drive = Drive.PUSH_PULL
    active_low: bool = False
    debounce_period: timedelta = timedelta()
    event_clock: Clock = Clock.MONOTONIC
    output_value: Value = Value.INACTIVE

    def __post_init__(self) -> None:
        for field, kind in (
            ("direction", Direction),
            ("output_value", Value),
            ("active_low", bool),
        ):
            if type(getattr(self, field)) is not kind:
                raise TypeError(f"{field} must be a {kind.__name__}")


class RequestReleasedError(Exception):
    def __init__(self) -> None:
        super().__init__("GPIO lines have been released")


class ChipClosedError(Exception):
    def __init__(self) -> None:
        super().__init__("I/O operation on closed chip")


@dataclasses.dataclass
class Line:
    """One pin."""

    high: bool = False
    output: bool = False
    owner: "LineRequest | None" = None
    pull_up: bool = False


class Kernel:
    """What is below ``/dev/gpiochipN``: 32 pins on each of two chips."""

    def __init__(self) -> None:
        self.lines = {
            (path, offset): Line()
            for path in ("/dev/gpiochip0", "/dev/gpiochip1")
            for offset in range(32)
        }
        #: Whether a released line keeps its level (as with a Raspberry Pi's own kernel).
        self.persistent = True
        #: Errors that the next calls give (0: none), by name: ``{"request": [errno.EACCES]}``.
        self.errors: dict[str, list[int]] = {}
        #: Called with path, offset and level for each line that is set, changed or not.
        self.far_end: Callable[[str, int, bool], None] = lambda path, offset, high: None
        #: Every change of a level at a pin.
        self.changes: list[tuple[int, bool]] = []
        #: Number of live requests.
        self.open_count = 0

    def fail_if_told(self, call: str) -> None:
        if self.errors.get(call):
            number = self.errors[call].pop(0)
            if number:
                raise OSError(number, os.strerror(number))

    def drive(self, path: str, offset: int, high: bool) -> None:
        line = self.lines[path, offset]
        line.output = True
        if line.high is not high:
            line.high = high
            self.changes.append((offset, high))

    def let_go(self, path: str, offset: int) -> None:
        line = self.lines[path, offset]
        line.owner = None
        if not self.persistent:
            self.drive(path, offset, line.pull_up)
            line.output = False


class LineRequest:
    def __init__(self, req: Any) -> None:
        self._kernel, self._path, self._settings = req
        self._kernel.open_count += 1

    def __bool__(self) -> bool:
        return self._settings is not None

    def __enter__(self) -> "LineRequest":
        return self

    def __exit__(self, exc_type: object, exc_value: object, traceback: object) -> None:
        self.release()

    def _checked(self, offset: int) -> tuple[LineSettings, Line]:
        if self._settings is None:
            raise RequestReleasedError
        if offset not in self._settings:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        line = self._kernel.lines[self._path, offset]
        assert line.owner is self
        return self._settings[offset], line

    def release(self) -> None:
        if self._settings is not None:
            for offset in self._settings:
                self._kernel.let_go(self._path, offset)
            self._settings = None
            self._kernel.open_count -= 1

    def get_value(self, line: int | str) -> Value:
        return self.get_values([line])[0]

    def get_values(self, lines: Iterable[int | str] | None = None) -> list[Value]:
        if self._settings is None:
            raise RequestReleasedError
        self._kernel.fail_if_told("get")
        values = []
        for offset in lines or self._settings:
            assert isinstance(offset, int), "dds_link knows lines by offset"
            settings, line = self._checked(offset)
            values.append(Value(line.high ^ settings.active_low))
        return values

    def set_value(self, line: int | str, value: Value) -> None:
        self.set_values({line: value})

    def set_values(self, values: dict[int | str, Value]) -> None:
        if self._settings is None:
            raise RequestReleasedError
        self._kernel.fail_if_told("set")
        for offset, value in values.items():
            assert isinstance(offset, int), "dds_link knows lines by offset"
            assert type(value) is Value
            settings, _ = self._checked(offset)
            if settings.direction is not Direction.OUTPUT:
                raise OSError(errno.EPERM, os.strerror(errno.EPERM))
            high = bool(value.value) ^ settings.active_low
            self._kernel.drive(self._path, offset, high)
            self._kernel.far_end(self._path, offset, high)

    def reconfigure_lines(
        self, config: dict[Iterable[int | str] | int | str, LineSettings | None]
    ) -> None:
        if self._settings is None:
            raise RequestReleasedError
        assert set(config) == set(self._settings), "a line left out would get default settings"
        self._settings = _apply(self._kernel, self._path, config)


def _apply(kernel: Kernel, path: str, config: Any) -> dict[int, LineSettings]:
    """Put settings on the pins."""
    settings: dict[int, LineSettings] = {}
    for key, value in config.items():
        for offset in [key] if isinstance(key, int) else key:
            assert isinstance(offset, int), "dds_link knows lines by offset"
            assert isinstance(value, LineSettings)
            if (path, offset) not in kernel.lines:
                raise ValueError("line offset of out range")
            if offset in settings:
                raise ValueError(f"line must be configured exactly once - offset {offset} repeats")
            settings[offset] = value
    for offset, value in settings.items():
        if value.direction is Direction.OUTPUT:
            kernel.drive(path, offset, bool(value.output_value.value) ^ value.active_low)
        elif value.direction is Direction.INPUT:
            kernel.lines[path, offset].output = False
    return settings


class _LineModule:
    """The module ``gpiod.line``."""

    Value, Direction, Bias, Drive, Edge, Clock = Value, Direction, Bias, Drive, Edge, Clock


Settings = LineSettings
Request = LineRequest


class FakeGpiod:
    """The module."""

    __version__ = "2.5.0"
    line = _LineModule
    LineSettings = LineSettings
    LineRequest = LineRequest
    RequestReleasedError = RequestReleasedError
    ChipClosedError = ChipClosedError

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    def request_lines(
        self,
        path: str,
        config: dict[Iterable[int | str] | int | str, Settings | None],
        consumer: str | None = None,
        event_buffer_size: int | None = None,
        output_values: dict[int | str, Value] | None = None,
    ) -> Request:
        kernel = self.kernel
        assert isinstance(path, str)
        assert config, "a request without lines"
        assert consumer == "dds_link", "so that gpioinfo names who holds the line"
        assert event_buffer_size is None
        assert output_values is None
        kernel.fail_if_told("request")
        if not any(chip == path for chip, _ in kernel.lines):
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        offsets: list[Any] = [o for key in config for o in ([key] if isinstance(key, int) else key)]
        if any(kernel.lines[path, o].owner for o in offsets if (path, o) in kernel.lines):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        request = LineRequest((kernel, path, {}))
        try:
            request._settings = _apply(kernel, path, config)
        except ValueError:
            kernel.open_count -= 1
            raise
        for offset in request._settings:
            kernel.lines[path, offset].owner = request
        return request
