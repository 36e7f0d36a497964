"""One port of an FTDI chip with its serial engine (MPSSE), through ``pyftdi``.

An error leaves open how much of a command the engine has got, and it takes what comes next for the
rest of it. So every error loses the port; opening it again resets the engine.

Facts: FTDI AN_108 "Command Processor for MPSSE", AN_135 "MPSSE Basics", pyftdi 0.57.
"""

from __future__ import annotations

import errno
import math
import time
from contextlib import suppress
from typing import Any

from dds_link.errors import TransportLost
from dds_link.transports.system import library, plain

#: Highest serial clock, Hz; the others are this divided by 2, 3, 4...
MAX_HZ = 30e6
#: Lowest serial clock, Hz, rounded up: the divider has 16 bits.
MIN_HZ = 500.0

# Longest wait for the chip beyond the time that the bits take, s.
_TIMEOUT = 1.0
_SEND_IMMEDIATE = 0x87
# No command; the engine answers 0xFA and the byte.
_BAD_COMMAND = 0xAA

_NOT_PERMITTED = "no permission (a udev rule must allow it: see docs/ad9910-ft232h.md)"
_ABSENT = "there is none (is it plugged in? ftdi_urls.py lists those there are)"
_REASONS = {
    errno.EACCES: _NOT_PERMITTED,
    errno.EPERM: _NOT_PERMITTED,
    errno.EBUSY: "it is in use (is another controller or a serial terminal running?)",
    errno.ENOENT: "it has no port of this number",
    errno.ENODEV: "it is not there any more (unplugged, or without power?)",
    errno.ETIMEDOUT: "it does not answer (plug it in again)",
}


class FtdiPort:
    """A port in MPSSE mode. All its pins but those of ``outputs`` are inputs.

    Opening resets it: for some milliseconds every pin is what the chip's EEPROM says, by default a
    serial port (AD0, AD2 and AD4 are driven high) and inputs pulled up.

    :param url: as pyftdi has it, ``"ftdi://ftdi:232h/1"``.
    :param outputs: one bit for each pin that is driven; bit 0 is AD0, bit 8 is AC0.
    :param levels: their levels from then on.
    :param clock_hz: serial clock at most, Hz, :data:`MIN_HZ` or above; the next lower one that the
        chip has is taken.
    :raises TransportLost: if it is not there, in use, not permitted or of the wrong kind.
    """

    def __init__(self, url: str, outputs: int, levels: int, clock_hz: float) -> None:
        self._url = url
        ftdi, tools = _library("pyftdi.ftdi"), _library("pyftdi.usbtools")
        self._tools = tools.UsbTools
        self._port = ftdi.Ftdi()
        self._device: Any = None
        try:
            # A chip that was plugged in again has another address.
            self._tools.flush_cache()
            descriptor, number = ftdi.Ftdi.get_identifiers(url)
            self._device = self._tools.get_device(descriptor)
            self._claim(number - 1)
            self._port.timeouts = (int(1e3 * _TIMEOUT), int(1e3 * _TIMEOUT))
            self._port.open_mpsse_from_device(
                self._device, number, direction=outputs, initial=levels
            )
            self._set_up(outputs, clock_hz)
        except BaseException as error:
            self.close()
            if isinstance(error, (OSError, ValueError, tools.UsbToolsError)):
                raise TransportLost(f"cannot use {url}: {_reason(error)}") from error
            raise

    def _claim(self, interface: int) -> None:
        """Make sure that no other program has the port, because pyftdi resets it before it sees
        that. The kernel's serial driver gives it up."""
        with suppress(NotImplementedError):  # systems without such a driver
            if self._device.is_kernel_driver_active(interface):
                self._device.detach_kernel_driver(interface)
        _library("usb.util").claim_interface(self._device, interface)

    def _set_up(self, outputs: int, clock_hz: float) -> None:
        port = self._port
        if not port.is_H_series:
            raise ValueError("it is no FT232H, FT2232H or FT4232H")
        if outputs > 0xFF and not port.has_wide_port:
            raise ValueError("this chip has no pins AC0 to AC7")
        # pyftdi takes the nearest clock, which may be a higher one.
        clock = MAX_HZ / max(1, math.ceil(MAX_HZ / clock_hz))
        port.set_frequency(clock)
        self._byte_time = 8 / clock
        port.enable_adaptive_clock(False)
        port.enable_3phase_clock(False)
        if self.exchange(bytes((_BAD_COMMAND,)), 2) != bytes((0xFA, _BAD_COMMAND)):
            raise ValueError("its serial engine does not answer as one (plug it in again)")

    def close(self) -> None:
        """Let go. The pins stay as they are until the chip loses its power or is opened again."""
        device, self._device = self._device, None
        if device is None:
            return
        opened = self._port.usb_dev is not None
        try:
            self._port.close(freeze=True)
        except (OSError, ValueError, TypeError):
            # The chip is gone, or was before pyftdi had found its interface (TypeError).
            opened = False
        if not opened:
            # pyftdi must not hand the same handle out again.
            with suppress(OSError, ValueError):
                self._tools.release_device(device)

    def write(self, commands: bytes) -> None:
        """Have the engine carry out ``commands``.

        :raises TransportLost: if the chip has not taken them all.
        """
        try:
            self._port.write_data(commands)
        except OSError as error:
            raise self._lost(_reason(error)) from error

    def exchange(self, commands: bytes, size: int) -> bytes:
        """Have the engine carry out ``commands``; returns the ``size`` bytes that they give.

        :raises TransportLost: if they do not all come.
        """
        self.write(commands + bytes((_SEND_IMMEDIATE,)))
        deadline = time.monotonic() + size * self._byte_time + _TIMEOUT
        answer = bytearray()
        while len(answer) < size:
            try:
                answer += self._port.read_data_bytes(size - len(answer), 1)
            except OSError as error:
                raise self._lost(_reason(error)) from error
            if len(answer) < size and not time.monotonic() < deadline:
                raise self._lost(f"only {len(answer)} of {size} bytes came back")
        return bytes(answer)

    def _lost(self, reason: str) -> TransportLost:
        return TransportLost(f"{self._url} is lost: {reason}")


def _library(name: str) -> Any:
    return library(name, "pyftdi", "ftdi")


def _reason(error: BaseException) -> str:
    """What a user can do about an error; pyftdi hides pyusb's, which has the number."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _REASONS:
            return _REASONS[cause.errno]
        cause = cause.__cause__ or cause.__context__
    text = str(error)
    if "No backend" in text:
        return "libusb 1.0 is missing (on Debian: apt install libusb-1.0-0)"
    if "langid" in text:  # pyusb could not read its name
        return _NOT_PERMITTED
    if "not found" in text or "No such device" in text or text.startswith("No USB device"):
        return _ABSENT
    return plain(error)
