"""``python -m dds_link.twins``: our own driver, and any other program, over the real wire."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dds_link.clock import RealClock
from dds_link.devices.base import Write
from dds_link.devices.novatech409b import Novatech409B
from dds_link.devices.registry import Entry
from dds_link.errors import ConfigError
from dds_link.transports.base import StreamTransport
from dds_link.transports.tcp import TcpTransport
from dds_link.twins import __main__ as program
from dds_link.twins.novatech409b import Novatech
from dds_link.words import Words
from tests.devices.novatech409b_bench import configure
from tests.processes import Program

TONE = Words(10_000_000, 8192, 501)


def served(*arguments: str) -> Program:
    return Program("-m", "dds_link.twins", *arguments)


def place(running: Program) -> str:
    word, _, where = running.line().partition(" ")
    assert word == "listening"
    return where


def tcp(where: str) -> TcpTransport:
    host, _, port = where.rpartition(":")
    return TcpTransport(host, int(port), RealClock(), timeout=30.0)


def drive(transport: StreamTransport) -> None:
    """Set a tone, leave, come back and find it."""
    for again in (False, True):
        device = Novatech409B(*configure(), transport)
        device.open()
        if again:
            assert device.attach() == [Write(0, TONE, True), None]
        else:
            device.initialise([0, 1])
            device.write([Write(0, TONE, True)])
        assert device.verify([Write(0, TONE, True)]) == []
        device.close()


def test_over_tcp() -> None:
    with served("dds9m", "--tcp", "0") as running:
        drive(tcp(place(running)))
        running.signal(signal.SIGTERM)
        assert running.end() == (0, "", "")


def test_over_a_pseudo_terminal() -> None:
    pytest.importorskip("serial", reason="pyserial (extra serial) is not installed")
    from dds_link.transports.serial import SerialTransport

    if not hasattr(os, "openpty"):
        pytest.skip("this system has no pseudo-terminals")
    with served("novatech409b", "--pty") as running:
        path = place(running)
        assert Path(path).is_char_device()
        drive(SerialTransport(path, RealClock(), 19200, timeout=30.0))
        running.signal(signal.SIGINT)
        assert running.end() == (0, "", "")
    assert not Path(path).exists()


def test_several_twins() -> None:
    with served("novatech409b", "dds9m", "--tcp", "0", "--bind", "127.0.0.1") as running:
        for _ in range(2):
            transport = tcp(place(running))
            transport.open()
            assert transport.exchange(b"E d\r\n", b"\r\n", 2, 30.0) == b"E d\r\nOK\r\n"
            transport.close()


def test_a_config_file_describes_the_box(tmp_path: Path) -> None:
    config = tmp_path / "lab.toml"
    config.write_text(
        '[device]\ntype = "novatech409b"\nchannels = 1\ntransport = "serial:x"\n'
        "refclk = 10e6\nsysclk = 150e6\n"
    )
    box = program.make_box("novatech409b", str(config))
    assert isinstance(box, Novatech)
    box.receive(b"Kp 4f\r\nC E\r\n")
    assert box.sysclk == 150e6
    with pytest.raises(ConfigError, match="device.type is novatech409b, not dds9m"):
        program.make_box("dds9m", str(config))


def test_what_cannot_be_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(program.registry.DEVICES, "bare", Entry("", ""))
    for name, reason in [
        ("none", "none: there is no such device, only: ad9910 "),
        ("ad9910", "ad9910: sits on an SPI bus"),
        ("bare", "bare: needs a --config"),
    ]:
        with pytest.raises(ConfigError, match=reason):
            program.make_box(name, None)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_one_sentence_and_status_1(taken: int) -> None:
    with served("novatech409b", "--tcp", str(taken)) as running:
        status, out, err = running.end()
    assert (status, out) == (1, "")
    assert err.startswith("python -m dds_link.twins: ")
    assert "address already in use" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["novatech409b"],
        ["novatech409b", "--pty", "--tcp", "0"],
        ["novatech409b", "dds9m", "--config", "lab.toml", "--pty"],
        ["novatech409b", "--tcp", "x"],
    ],
)
def test_wrong_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m dds_link.twins" in capsys.readouterr().err


def test_a_port_that_cannot_be(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(["novatech409b", "--tcp", "70000"])
    assert str(ended.value.code).startswith("python -m dds_link.twins: ")
