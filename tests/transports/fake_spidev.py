"""A stand-in for the package spidev (3.x): same names, same errors, strict about every call.

``tests/transports/test_fakes.py`` compares it with the real package where that is installed. Beyond
that it knows what the kernel does: a device keeps the mode that the last program set, and some
controllers do not know every flag.
"""

import errno
import os
import tempfile
from collections.abc import Callable
from typing import Any

Device = tuple[int, int]
FLAGS = ("cshigh", "lsbfirst", "threewire", "loop", "no_cs")


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


class Kernel:
    """What is below ``/dev/spidevB.D``."""

    def __init__(self, *devices: Device) -> None:
        #: The devices that exist, each with what it remembers.
        self.settings: dict[Device, dict[str, int]] = {
            device: {"mode": 0, "bits_per_word": 8, **dict.fromkeys(FLAGS, 0)} for device in devices
        }
        self.files = {device: tempfile.NamedTemporaryFile() for device in devices}
        #: Flags that the controller does not know.
        self.unknown_flags: set[str] = set()
        #: Errors that the next calls give (0: none), by name: ``{"xfer2": [0, errno.EIO]}``.
        self.errors: dict[str, list[int]] = {}
        #: Every attribute that was set.
        self.writes: list[tuple[Device, str, object]] = []
        #: What is at the other end of the wires: gets device and bytes, gives bytes.
        self.far_end: Callable[[int, bytes], bytes] = lambda device, data: bytes(len(data))
        #: The open ones.
        self.descriptors: set[int] = set()

    @property
    def open_count(self) -> int:
        """How many devices are open now."""
        return len(self.descriptors)

    def fail_if_told(self, call: str) -> None:
        """The next number in ``errors``, where 0 is none."""
        if self.errors.get(call):
            number = self.errors[call].pop(0)
            if number:
                raise os_error(number)

    def close(self) -> None:
        """The end of the process."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        for file in self.files.values():
            file.close()


def make_spi_dev(kernel: Kernel) -> type:
    """The class ``spidev.SpiDev`` on top of ``kernel``."""

    def flag(name: str) -> property:
        def get(self: "SpiDev") -> bool:
            return bool(self._cached.get(name, 0))

        def put(self: "SpiDev", value: bool) -> None:
            if type(value) is not bool:
                raise TypeError(f"The {name} attribute must be boolean")
            if self._fd == -1:
                raise os_error(errno.EBADF)
            if name in kernel.unknown_flags:
                raise os_error(errno.EINVAL)
            self._remember(name, value)

        return property(get, put)

    class SpiDev:
        __slots__ = ("_cached", "_device", "_fd", "_read0", "_speed")

        def __init__(self, bus: int = -1, client: int = -1) -> None:
            self._fd = -1
            self._cached: dict[str, int] = {}
            self._speed = 0
            self._read0 = False
            if bus >= 0:
                self.open(bus, client)

        def __enter__(self) -> "SpiDev":
            return self

        def __exit__(self, kind: object, value: object, traceback: object) -> None:
            self.close()

        def open(self, bus: int, device: int) -> None:
            if type(bus) is not int or type(device) is not int:
                raise TypeError("an integer is required")
            kernel.fail_if_told("open")
            if (bus, device) not in kernel.settings:
                raise os_error(errno.ENOENT)
            assert self._fd == -1, "opened twice: the first descriptor is lost"
            self._device = (bus, device)
            self._fd = os.open(kernel.files[self._device].name, os.O_RDWR)
            kernel.descriptors.add(self._fd)
            self._cached = dict(kernel.settings[self._device])
            self._speed = 500_000

        def open_path(self, path: str) -> None:
            raise AssertionError("not used by dds_link")

        def close(self) -> None:
            if self._fd != -1:
                os.close(self._fd)
                kernel.descriptors.discard(self._fd)
            self._fd = -1
            self._cached = {}
            self._speed = 0
            kernel.fail_if_told("close")

        def fileno(self) -> int:
            return self._fd

        def _remember(self, name: str, value: int) -> None:
            kernel.fail_if_told("setting")
            kernel.writes.append((self._device, name, value))
            kernel.settings[self._device][name] = value
            self._cached[name] = value

        @property
        def mode(self) -> int:
            return self._cached.get("mode", 0)

        @mode.setter
        def mode(self, value: int) -> None:
            if not isinstance(value, int) or not 0 <= value <= 3:
                raise TypeError("The mode attribute must be an integer between 0 and 3.")
            if self._fd == -1:
                raise os_error(errno.EBADF)
            self._remember("mode", value)

        @property
        def bits_per_word(self) -> int:
            return self._cached.get("bits_per_word", 0)

        @bits_per_word.setter
        def bits_per_word(self, value: int) -> None:
            if not isinstance(value, int) or not 8 <= value <= 32:
                raise TypeError("invalid bits_per_word (8 to 32)")
            if value != self.bits_per_word:
                if self._fd == -1:
                    raise os_error(errno.EBADF)
                self._remember("bits_per_word", value)

        @property
        def max_speed_hz(self) -> int:
            return self._speed

        @max_speed_hz.setter
        def max_speed_hz(self, value: int) -> None:
            if not isinstance(value, int):
                raise TypeError("The max_speed_hz attribute must be an integer")
            if value != self._speed:
                if self._fd == -1:
                    raise os_error(errno.EBADF)
                assert 0 < value < 2**32
                self._speed = value

        cshigh = flag("cshigh")
        lsbfirst = flag("lsbfirst")
        threewire = flag("threewire")
        loop = flag("loop")
        no_cs = flag("no_cs")

        @property
        def read0(self) -> bool:
            return self._read0

        @read0.setter
        def read0(self, value: bool) -> None:
            if type(value) is not bool:
                raise TypeError("The read0 attribute must be boolean")
            self._read0 = value

        def xfer2(self, *arguments: Any) -> list[int]:
            # ([values], speed_hz, delay_usec, bits_per_word), none of them by keyword.
            if not 1 <= len(arguments) <= 4:
                raise TypeError("xfer2() takes 1 to 4 arguments")
            assert len(arguments) == 1, "the others are not used by dds_link"
            values = arguments[0]
            values_in = list(values)
            if not values_in:
                raise TypeError("Empty argument list.")
            if len(values_in) > 4096:
                raise OverflowError("Argument list size exceeds 4096 bytes.")
            if not all(isinstance(value, int) for value in values_in):
                raise TypeError("Non-Int/Long value in arguments")
            if self._fd == -1:
                raise os_error(errno.EBADF)
            assert isinstance(values, list), "documented: a list of values"
            assert all(0 <= value <= 255 for value in values_in), "cut to 8 bits in silence"
            assert (self.mode, self.bits_per_word) == (0, 8)
            assert [self.cshigh, self.lsbfirst, self.threewire, self.loop] == [False] * 4
            kernel.fail_if_told("xfer2")
            # The real one puts the answer into the caller's list, and returns that.
            values[:] = kernel.far_end(self._device[1], bytes(values_in))
            return values

        def _chip_select_would_toggle(self, values: list[int]) -> list[int]:
            raise AssertionError("chip select would go high within the frame, or MISO is lost")

        xfer = xfer3 = readbytes = writebytes = writebytes2 = _chip_select_would_toggle

    return SpiDev


class FakeSpidev:
    """The module."""

    __version__ = "3.8"

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.SpiDev = make_spi_dev(kernel)
