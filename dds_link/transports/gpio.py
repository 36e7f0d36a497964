"""Digital outputs of a Linux computer, through ``gpiod`` (v2).

A line that is requested as an output needs a level at once. Where its level must survive, it is
therefore requested as it is, read, and then made an output of the level that was read, all within
one request, so that nothing can glitch.

When a program ends, its lines may go back to their default state (Linux documentation, "GPIO
character device"). A Raspberry Pi's own kernel leaves them as they are; others do not, unless told
so (``persist_gpio_outputs`` of the pin controller). Elsewhere pull resistors must hold a level that
shall survive the controller.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from dds_link.errors import TransportLost
from dds_link.transports.linux import unusable
from dds_link.transports.system import library


class Place(NamedTuple):
    """Where a line is."""

    chip: str
    """Path of the GPIO chip."""
    offset: int
    """Number of the line on it."""


def parse_place(text: str) -> Place:
    """Read ``"gpiochip0:17"`` (or ``"/dev/gpiochip0:17"``).

    :raises ValueError: if it is no such thing.
    """
    chip, _, offset = text.rpartition(":")
    if not (chip and offset.isdecimal()):
        raise ValueError(f'"{text}" is not a line like "gpiochip0:17"')
    return Place(chip if chip.startswith("/") else f"/dev/{chip}", int(offset))


class GpioLines:
    """Named lines, all outputs. Nothing is requested before :meth:`open`.

    :param places: the lines by name; no place twice.
    :param keep: names of those whose level must survive :meth:`open`; the others become inactive.
    :param active_low: names of those that are active at a low level (chip selects).
    """

    def __init__(
        self,
        places: Mapping[str, Place],
        keep: Collection[str] = (),
        active_low: Collection[str] = (),
    ) -> None:
        self._places = dict(places)
        #: Names of those to keep; what counts is at :meth:`open`.
        self.keep = frozenset(keep)
        self._active_low = frozenset(active_low)
        self._requests: list[Any] = []
        self._setters: dict[str, tuple[Callable[[int, Any], None], int]] = {}
        self._values: tuple[Any, Any] = (None, None)
        #: Names of the lines that are active, or may be because setting them failed.
        self.active: set[str] = set()

    def open(self) -> None:
        """Request the lines.

        :raises TransportLost: if the library or a line is missing, in use or not permitted.
        """
        gpiod = library("gpiod", "gpiod", "spi")
        if not hasattr(gpiod, "request_lines"):
            raise TransportLost('the Python package gpiod is too old: pip install "dds_link[spi]"')
        self._values = gpiod.line.Value.INACTIVE, gpiod.line.Value.ACTIVE
        for path in sorted({place.chip for place in self._places.values()}):
            names = [name for name, place in self._places.items() if place.chip == path]
            try:
                self._keep_levels(gpiod, path, [name for name in names if name in self.keep])
                self._take(gpiod, path, [name for name in names if name not in self.keep])
            except OSError as error:
                offsets = ", ".join(str(self._places[name].offset) for name in names)
                raise unusable(f"{path} lines {offsets}", error) from error
            except ValueError as error:  # no such offset
                raise TransportLost(f"cannot use {path}: {error}") from error

    def close(self) -> None:
        """Release the lines. May be called twice."""
        requests, self._requests = self._requests, []
        self._setters.clear()
        self.active.clear()
        for request in requests:
            request.release()

    def set(self, name: str, active: bool) -> None:
        """Set one line.

        :raises OSError: if that fails.
        """
        setter, offset = self._setters[name]
        self.active.add(name)
        setter(offset, self._values[active])
        if not active:
            self.active.discard(name)

    def _keep_levels(self, gpiod: Any, path: str, names: list[str]) -> None:
        as_is = gpiod.line.Direction.AS_IS
        request = self._request(gpiod, path, names, lambda name: self._settings(gpiod, name, as_is))
        if request is None:
            return
        values = request.get_values([self._places[name].offset for name in names])
        found = dict(zip(names, values, strict=True))
        output = gpiod.line.Direction.OUTPUT
        # Every line of the request is given: gpiod resets what is left out to its defaults.
        request.reconfigure_lines(
            {
                self._places[name].offset: self._settings(gpiod, name, output, value)
                for name, value in found.items()
            }
        )
        self.active.update(name for name, value in found.items() if value == self._values[True])

    def _take(self, gpiod: Any, path: str, names: list[str]) -> None:
        output = gpiod.line.Direction.OUTPUT
        self._request(gpiod, path, names, lambda name: self._settings(gpiod, name, output))

    def _settings(self, gpiod: Any, name: str, direction: Any, value: Any = None) -> Any:
        return gpiod.LineSettings(
            direction=direction,
            active_low=name in self._active_low,
            output_value=self._values[False] if value is None else value,
        )

    def _request(
        self, gpiod: Any, path: str, names: list[str], settings: Callable[[str], Any]
    ) -> Any:
        """One request for several lines of a chip; None if there are none."""
        if not names:
            return None
        config = {self._places[name].offset: settings(name) for name in names}
        request = gpiod.request_lines(path, config=config, consumer="dds_link")
        self._requests.append(request)
        for name in names:
            self._setters[name] = (request.set_value, self._places[name].offset)
        return request
