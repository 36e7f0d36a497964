"""A TCP connection, over real sockets of this machine."""

import socket
from collections.abc import Iterator

import pytest

from dds_link.clock import RealClock
from dds_link.config_keys import Problems
from dds_link.errors import ConfigError, TransportError, TransportLost
from dds_link.transports import tcp
from dds_link.transports.tcp import TcpTransport, check, from_config
from tests.transports.configs import channel, device
from tests.transports.far_end import PATIENCE, Answers, Network
from tests.transports.stream_conformance import Rig, StreamConformance


class TcpRig(Rig):
    def __init__(self, host: str = "127.0.0.1", family: int = socket.AF_INET) -> None:
        self.answers = Answers()
        self.far_end = Network(self.answers, family)
        self.transport: TcpTransport = TcpTransport(
            host, self.far_end.port, RealClock(), timeout=PATIENCE
        )


@pytest.fixture
def rig() -> Iterator[TcpRig]:
    rig = TcpRig()
    yield rig
    rig.transport.close()
    rig.far_end.stop()


class TestConformance(StreamConformance):
    pass


def test_packets_are_not_held_back_and_a_dead_far_end_is_noticed(rig: TcpRig) -> None:
    rig.transport.open()
    connection = rig.transport._socket
    assert connection is not None
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_a_far_end_that_hangs_up_at_once_is_no_bug(
    rig: TcpRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some systems then refuse to set options of the connection."""

    def set_up(connection: socket.socket) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(tcp, "_set_up", set_up)
    with pytest.raises(TransportLost, match="cannot connect to .*: Invalid argument"):
        rig.transport.open()
    with pytest.raises(TransportLost, match="there is no connection"):
        rig.exchange()


def test_over_ipv6() -> None:
    try:
        rig = TcpRig("::1", socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    rig.answers.add([b"OK\r\n"])
    rig.transport.open()
    assert rig.exchange(parts=1) == b"OK\r\n"
    rig.transport.close()
    with pytest.raises(TransportLost, match=r"there is no connection to \[::1\]:"):
        rig.exchange()
    rig.far_end.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_nobody_listens() -> None:
    port = free_port()
    with pytest.raises(TransportLost) as caught:
        TcpTransport("127.0.0.1", port, RealClock()).open()
    assert str(caught.value) == (
        f"cannot connect to 127.0.0.1:{port}: nobody listens there (is the port right?)"
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError("timed out"), "it does not answer (is it on, is the address right?)"),
        (OSError(101, "Network is unreachable"), "there is no way to it (is the network up, is "),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (UnicodeError("label too long"), "label too long"),
    ],
)
def test_why_nobody_can_be_reached(
    monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def create_connection(address: object, timeout: float) -> socket.socket:
        assert timeout == 2.0
        raise error

    monkeypatch.setattr(tcp.socket, "create_connection", create_connection)
    with pytest.raises(TransportLost) as caught:
        TcpTransport("box", 7802, RealClock(), timeout=2.0).open()
    assert str(caught.value).startswith(f"cannot connect to box:7802: {reason}")


class Sockets:
    """A socket whose calls raise what they are told to."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def sendall(self, data: bytes) -> None:
        raise self._error

    def recv(self, size: int) -> bytes:
        raise self._error

    def close(self) -> None:
        raise OSError("already gone")


def broken(error: Exception) -> TcpTransport:
    transport = TcpTransport("box", 7802, RealClock())
    transport._socket = Sockets(error)  # type: ignore[assignment]
    return transport


def test_a_far_end_that_takes_nothing() -> None:
    transport = broken(TimeoutError())
    with pytest.raises(TransportError, match="box:7802 took no bytes for 1 s") as caught:
        transport.exchange(b"x", b"\n", 0, 1.0)
    assert type(caught.value) is TransportError


@pytest.mark.parametrize("data", [b"x", b""])
def test_an_error_of_the_system_loses_it(data: bytes) -> None:
    transport = broken(ConnectionResetError(104, "Connection reset by peer"))
    with pytest.raises(TransportLost, match="box:7802 is gone: Connection reset by peer"):
        transport.exchange(data, b"\n", 1, 1.0)
    with pytest.raises(TransportLost, match="there is no connection to box:7802"):
        transport.exchange(data, b"\n", 1, 1.0)


# Config files


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("10.0.0.5:26000", "10.0.0.5", 26000),
        ("box.lab:1", "box.lab", 1),
        ("[::1]:65535", "::1", 65535),
        ("[10.0.0.5]:5", "10.0.0.5", 5),
    ],
)
def test_addresses(address: str, host: str, port: int) -> None:
    transport = from_config(device(f"tcp:{address}"), (channel(0, 0),), address, RealClock())
    assert transport._address == (host, port)
    problems = Problems("lab.toml")
    check({"transport": f"tcp:{address}"}, [], problems)
    assert problems.found == []


@pytest.mark.parametrize(
    "address",
    [
        "",
        "box",
        "box:",
        ":5",
        "box:0",
        "box:65536",
        "box:x",
        "::1:5",
        "[::1]",
        "[]:5",
        "[::1:5",
        "b:²",
    ],
)
def test_bad_addresses(address: str) -> None:
    reason = f'"tcp:{address}" is not like "tcp:10.0.0.5:26000" or "tcp:[::1]:26000"'
    with pytest.raises(ConfigError) as caught:
        from_config(device(f"tcp:{address}"), (channel(0, 0),), address, RealClock())
    assert caught.value.problems == [f"device.transport: {reason}"]
    problems = Problems("lab.toml")
    check({"transport": f"tcp:{address}"}, [], problems)
    assert problems.found == [f"lab.toml: device.transport = 'tcp:{address}': {reason}"]
