"""A serial line, through ``pyserial``: 8 data bits, no parity, 1 stop bit, no flow control.

DTR is held low, because a rising DTR resets boards that are built like an Arduino. Where a box says
nothing without it (some USB ones), the address ends in ``,dtr``.
"""

from __future__ import annotations

import errno
from contextlib import suppress
from importlib import import_module
from typing import Any

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device
from dds_link.errors import ConfigError, TransportError, TransportLost
from dds_link.transports.byte_stream import ByteStream
from dds_link.transports.system import OTHERS_HAVE_IT, library, plain, unusable

# On Linux some calls have an error class of their own.
_termios_error: type[Exception] = OSError
with suppress(ImportError):
    _termios_error = import_module("termios").error
_ERRORS = (OSError, _termios_error)

_NOT_PERMITTED = "no permission (is this user in the group dialout?)"
_REASONS = {
    errno.ENOENT: "it does not exist (is it plugged in? see /dev/serial/by-id)",
    errno.EACCES: _NOT_PERMITTED,
    errno.EPERM: _NOT_PERMITTED,
    **OTHERS_HAVE_IT,
}


class SerialTransport(ByteStream):
    """One serial line. Nothing is opened, and no library imported, before :meth:`open`.

    :param port: its name, as ``"/dev/ttyUSB0"``.
    :param clock: measures time-outs.
    :param baud: bits per second.
    :param timeout: longest wait for the line to take what is sent, s.
    :param dtr: level of DTR while it is open.
    """

    def __init__(
        self, port: str, clock: Clock, baud: int, timeout: float = 1.0, dtr: bool = False
    ) -> None:
        super().__init__(clock)
        self._name = port
        self._baud = baud
        self._timeout = timeout
        self._dtr = dtr
        self._port: Any = None

    def open(self) -> None:
        """Take hold of the line; what has come in before is dropped.

        :raises TransportLost: if it is missing, in use or not permitted, or without pyserial.
        """
        self.close()
        port = _library().Serial(exclusive=True, write_timeout=self._timeout)
        port.port, port.baudrate, port.dtr = self._name, self._baud, self._dtr
        try:
            port.open()
        except (*_ERRORS, ValueError) as error:
            raise unusable(self._name, error, _REASONS) from error
        self._port = port

    def close(self) -> None:
        """Let go. May be called twice."""
        port, self._port = self._port, None
        self._pending.clear()
        if port is not None:
            with suppress(*_ERRORS):  # nothing can be done about a line that will not close
                port.close()

    def _send(self, data: bytes) -> float:
        try:
            self._port.write(data)
        except _library().SerialTimeoutException:
            raise TransportError(
                f"{self._name} took no bytes for {self._timeout:g} s (flow control?)"
            ) from None
        except _ERRORS as error:
            raise self._lost(error) from error
        return 10 * len(data) / self._baud

    def _receive(self, seconds: float) -> bytes:
        port = self._port
        try:
            port.timeout = seconds
            # One byte to wait for, then what else is there.
            chunk: bytes = port.read(1)
            if chunk and port.in_waiting:
                chunk += port.read(port.in_waiting)
        except _ERRORS as error:
            raise self._lost(error) from error
        return chunk

    def _check_open(self) -> None:
        if self._port is None:
            raise TransportLost(f"{self._name} is not open")

    def _lost(self, error: Exception) -> TransportLost:
        self.close()
        return TransportLost(f"{self._name} is gone: {plain(error)}")


def _library() -> Any:
    return library("serial", "pyserial", "serial")


def from_config(
    device: DeviceConfig, channels: tuple[ChannelConfig, ...], address: str, clock: Clock
) -> SerialTransport:
    """Make the transport of ``transport = "serial:PORT"`` or ``"serial:PORT,dtr"``.

    :raises ConfigError: if no port is named.
    """
    try:
        port, dtr = _parse_address(address)
    except ValueError as error:
        raise ConfigError([f"device.transport: {error}"]) from None
    return SerialTransport(port, clock, device.baud, device.timeout, dtr)


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """The same rule of the address, for a config file."""
    try:
        _parse_address(device["transport"].partition(":")[2])
    except ValueError as error:
        problems.add("device.transport", str(error), device["transport"])


def _parse_address(address: str) -> tuple[str, bool]:
    port, comma, option = address.partition(",")
    if not port or (comma and option != "dtr"):
        raise ValueError(f'"serial:{address}" is not like "serial:/dev/ttyUSB0"')
    return port, bool(comma)
