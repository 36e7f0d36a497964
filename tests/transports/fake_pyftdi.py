"""A stand-in for what dds_link uses of the packages pyftdi (0.57) and usb (pyusb 1.3).

Same names, same errors, strict about every call; ``tests/transports/test_fakes.py`` compares them
with the real packages, and the tests of the transport run on both.
"""

import errno
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from tests.transports.ftdi_chip import MPSSE, RESET, FtdiChip, usb_error


class USBError(IOError):
    """``usb.core.USBError``."""


class FtdiError(IOError):
    """``pyftdi.ftdi.FtdiError``."""


class FtdiFeatureError(FtdiError):
    """``pyftdi.ftdi.FtdiFeatureError``."""


class UsbToolsError(Exception):
    """``pyftdi.usbtools.UsbToolsError``."""


class UsbDevice:
    """A handle, good for one plugging-in."""

    def __init__(self, chip: FtdiChip) -> None:
        self.chip = chip
        self.address = chip.address

    def call(self, name: str) -> FtdiChip:
        """The chip, if it is still there."""
        if self.address != self.chip.address:
            raise _usb(usb_error(errno.ENODEV))
        try:
            self.chip.fail_if_told(name)
        except OSError as error:
            raise _usb(error) from None
        return self.chip

    def is_kernel_driver_active(self, interface: int) -> bool:
        chip = self.call("driver")
        if interface:
            raise _usb(usb_error(errno.ENOENT))
        return chip.serial_driver

    def detach_kernel_driver(self, interface: int) -> None:
        assert interface == 0
        self.call("driver").serial_driver = False


def _usb(error: OSError) -> USBError:
    return USBError(error.errno, error.strerror)


class Packages:
    """The modules, on top of one chip.

    :param process: who uses them: a chip belongs to one process at a time.
    """

    def __init__(self, chip: FtdiChip, process: object) -> None:
        self.chip, self.process = chip, process
        # What pyftdi remembers of the last look at the bus, and the handles given out.
        self._seen: UsbDevice | None = None
        self._given: dict[int, UsbDevice] = {}
        methods = (self.flush_cache, self.get_device, self.release_device)
        usb_tools = type("UsbTools", (), {m.__name__: staticmethod(m) for m in methods})
        self.modules: dict[str, Any] = {
            "pyftdi.ftdi": SimpleNamespace(
                Ftdi=make_ftdi(self), FtdiError=FtdiError, FtdiFeatureError=FtdiFeatureError
            ),
            "pyftdi.usbtools": SimpleNamespace(UsbTools=usb_tools, UsbToolsError=UsbToolsError),
            "usb.util": SimpleNamespace(claim_interface=self.claim_interface),
        }

    def flush_cache(self) -> None:
        self._seen = None

    def find(self) -> UsbDevice:
        """The chip that was there at the last look."""
        if self._seen is None and self.chip.plugged:
            self._seen = UsbDevice(self.chip)
        if self._seen is None:
            raise UsbToolsError("No USB device matches URL ftdi://ftdi:232h/1")
        return self._seen

    def get_device(self, devdesc: Any) -> UsbDevice:
        assert devdesc == "descriptor"
        found = self.find()
        return self._given.setdefault(found.address, found)

    def release_device(self, usb_dev: UsbDevice) -> None:
        if self._given.pop(usb_dev.address, None) and self.chip.claimed_by is self.process:
            self.chip.claimed_by = None

    def claim_interface(self, device: UsbDevice, interface: int) -> None:
        assert interface == 0
        chip = device.call("claim")
        if chip.serial_driver or chip.claimed_by not in (None, self.process):
            raise _usb(usb_error(errno.EBUSY))
        chip.claimed_by = self.process


def make_ftdi(packages: Packages) -> type:
    """The class ``pyftdi.ftdi.Ftdi``."""

    class Ftdi:
        def __init__(self) -> None:
            self._device: UsbDevice | None = None
            self.timeouts = (5000, 5000)

        @classmethod
        def get_identifiers(cls, url: str) -> tuple[str, int]:
            assert url.startswith("ftdi://")
            assert not url.endswith("?"), "prints a list and ends the process"
            packages.find()
            return "descriptor", int(url.rpartition("/")[2])

        def open_mpsse_from_device(
            self,
            device: UsbDevice,
            interface: int = 1,
            direction: int = 0x0,
            initial: int = 0x0,
            frequency: float = 6.0e6,
            latency: int = 16,
            tracer: bool = False,
            debug: bool = False,
        ) -> float:
            assert packages.chip.claimed_by is packages.process, "would disturb whoever has it"
            assert latency == 16, "documented: no shorter"
            assert not tracer
            assert not debug
            assert interface == 1
            self._device = device
            self._call("control", lambda chip: chip.set_mode(RESET))
            self._call("control", lambda chip: chip.purge())
            self._call("control", lambda chip: chip.set_mode(MPSSE))
            actual = self.set_frequency(frequency)
            pins = bytes((0x80, initial & 0xFF, direction & 0xFF))
            if self.has_wide_port:
                pins += bytes((0x82, initial >> 8, direction >> 8))
            self.write_data(pins)
            return actual

        def _call(self, name: str, call: Callable[[FtdiChip], Any]) -> Any:
            if self._device is None:
                raise FtdiError("Not connected")
            try:
                self._device.call(name)
                return call(packages.chip)
            except OSError as error:
                # pyftdi shows the text and hides the error itself.
                raise FtdiError(f"UsbError: {error}") from None

        def close(self, freeze: bool = False) -> None:
            assert freeze, "would reset the pins"
            device, self._device = self._device, None
            if device is not None:
                try:
                    device.call("close")  # a release that fails leaves pyftdi with the handle
                except USBError:
                    self._device = device
                    raise
                packages.release_device(device)

        @property
        def usb_dev(self) -> UsbDevice | None:
            return self._device

        @property
        def is_H_series(self) -> bool:  # noqa: N802 (the real name)
            return packages.chip.version >= 0x0700

        @property
        def has_wide_port(self) -> bool:
            return packages.chip.version in (0x0500, 0x0700, 0x0900)

        def set_frequency(self, frequency: float) -> float:
            if frequency > 30e6:
                raise FtdiFeatureError(f"Unsupported frequency: {frequency:.0f}")
            divisor = round(30e6 / frequency) - 1
            assert 0 <= divisor <= 0xFFFF
            self.write_data(bytes((0x8A, 0x86)) + divisor.to_bytes(2, "little"))
            return 30e6 / (divisor + 1)

        def enable_adaptive_clock(self, enable: bool = True) -> None:
            assert not enable
            self.write_data(b"\x97")

        def enable_3phase_clock(self, enable: bool = True) -> None:
            assert not enable
            self.write_data(b"\x8d")

        def write_data(self, data: bytes) -> int:
            assert isinstance(data, bytes | bytearray)
            self._call("write", lambda chip: chip.write(bytes(data)))
            return len(data)

        def read_data_bytes(
            self, size: int, attempt: int = 1, request_gen: object = None
        ) -> bytearray:
            assert request_gen is None
            return bytearray(self._call("read", lambda chip: chip.read(size)))

    return Ftdi
