"""A TCP connection to a box on the network."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device
from dds_link.errors import ConfigError, TransportError, TransportLost
from dds_link.transports.byte_stream import ByteStream
from dds_link.transports.system import plain, reason

# A box that lost its power says nothing: after 10 s of silence it is asked, 3 times in 15 s.
_KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
_NO_ANSWER = "it does not answer (is it on, is the address right?)"
_NO_WAY = "there is no way to it (is the network up, is the address right?)"
_REASONS = {
    errno.ECONNREFUSED: "nobody listens there (is the port right?)",
    errno.ETIMEDOUT: _NO_ANSWER,
    errno.EHOSTUNREACH: _NO_WAY,
    errno.ENETUNREACH: _NO_WAY,
}


class TcpTransport(ByteStream):
    """One connection. Nothing is connected before :meth:`open`.

    :param host: name or address.
    :param port: 1...65535.
    :param clock: measures time-outs.
    :param timeout: longest wait for a connection, and for the far end to take what is sent, s.
    """

    def __init__(self, host: str, port: int, clock: Clock, timeout: float = 1.0) -> None:
        super().__init__(clock)
        self._address = (host, port)
        self._name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._timeout = timeout
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connect.

        :raises TransportLost: if nobody answers.
        """
        self.close()
        try:
            self._socket = socket.create_connection(self._address, timeout=self._timeout)
            _set_up(self._socket)
        except TimeoutError as error:
            raise TransportLost(f"cannot connect to {self._name}: {_NO_ANSWER}") from error
        except (OSError, UnicodeError) as error:
            self.close()
            why = reason(error, _REASONS)
            raise TransportLost(f"cannot connect to {self._name}: {why}") from error

    def close(self) -> None:
        """Disconnect. May be called twice."""
        connection, self._socket = self._socket, None
        self._pending.clear()
        if connection is not None:
            with suppress(OSError):  # it is over either way
                connection.close()

    def _send(self, data: bytes) -> float:
        connection = self._connection()
        connection.settimeout(self._timeout)
        try:
            connection.sendall(data)
        except TimeoutError:
            raise TransportError(f"{self._name} took no bytes for {self._timeout:g} s") from None
        except OSError as error:
            raise self._lost(plain(error)) from error
        return 0.0

    def _receive(self, seconds: float) -> bytes:
        connection = self._connection()
        connection.settimeout(seconds)
        try:
            chunk = connection.recv(65536)
        except (TimeoutError, BlockingIOError):
            return b""
        except OSError as error:
            raise self._lost(plain(error)) from error
        if not chunk:
            raise self._lost("it closed the connection")
        return chunk

    def _check_open(self) -> None:
        self._connection()

    def _connection(self) -> socket.socket:
        if self._socket is None:
            raise TransportLost(f"there is no connection to {self._name}")
        return self._socket

    def _lost(self, reason: str) -> TransportLost:
        self.close()
        return TransportLost(f"{self._name} is gone: {reason}")


def _set_up(connection: socket.socket) -> None:
    # A command is one packet: it must not wait for the answer to the one before.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE.items():
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def from_config(
    device: DeviceConfig, channels: tuple[ChannelConfig, ...], address: str, clock: Clock
) -> TcpTransport:
    """Make the transport of ``transport = "tcp:HOST:PORT"``, with an IPv6 address in brackets.

    :raises ConfigError: if it is no such thing.
    """
    try:
        host, port = _parse_address(address)
    except ValueError as error:
        raise ConfigError([f"device.transport: {error}"]) from None
    return TcpTransport(host, port, clock, device.timeout)


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """The same rule of the address, for a config file."""
    try:
        _parse_address(device["transport"].partition(":")[2])
    except ValueError as error:
        problems.add("device.transport", str(error), device["transport"])


def _parse_address(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    name = host[1:-1] if bracketed else host
    number = int(port) if port.isascii() and port.isdecimal() else 0
    if not name or not 1 <= number <= 65535 or ((":" in name or "[" in name) and not bracketed):
        raise ValueError(f'"tcp:{address}" is not like "tcp:10.0.0.5:26000" or "tcp:[::1]:26000"')
    return name, number
