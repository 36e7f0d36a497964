"""A serial line: pyserial on a real pseudo-terminal."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dds_link.clock import RealClock
from dds_link.config_keys import Problems
from dds_link.errors import ConfigError, TransportError, TransportLost
from dds_link.transports.serial import SerialTransport, check, from_config
from tests.transports.configs import channel, device
from tests.transports.far_end import PATIENCE, Answers, Pty
from tests.transports.stream_conformance import Rig, StreamConformance

serial = pytest.importorskip("serial", reason="pyserial (extra serial) is not installed")
if not hasattr(os, "openpty"):
    pytest.skip("this system has no pseudo-terminals", allow_module_level=True)


class PtyRig(Rig):
    def __init__(self, path: Path) -> None:
        self.answers = Answers()
        self.far_end = Pty(self.answers, path)
        self.transport: SerialTransport = SerialTransport(
            str(path), RealClock(), baud=19200, timeout=PATIENCE
        )


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[PtyRig]:
    rig = PtyRig(tmp_path / "ttyBox")
    yield rig
    rig.transport.close()
    rig.far_end.stop()


class TestConformance(StreamConformance):
    pass


def test_eight_bits_no_parity_one_stop_bit_and_dtr_low(rig: PtyRig) -> None:
    rig.transport.open()
    port = rig.transport._port
    assert (port.baudrate, port.bytesize, port.parity, port.stopbits) == (19200, 8, "N", 1)
    assert (port.rtscts, port.xonxoff, port.dsrdtr) == (False, False, False)
    assert port.dtr is False


def test_only_one_program_at_a_time(rig: PtyRig, tmp_path: Path) -> None:
    rig.transport.open()
    with pytest.raises(TransportLost) as caught:
        SerialTransport(str(tmp_path / "ttyBox"), RealClock(), 19200).open()
    assert str(caught.value) == (
        f"cannot use {tmp_path}/ttyBox: it is in use (is another controller running?)"
    )


def test_a_line_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TransportLost) as caught:
        SerialTransport(str(tmp_path / "none"), RealClock(), 19200).open()
    assert str(caught.value) == (
        f"cannot use {tmp_path}/none: it does not exist (is it plugged in? see /dev/serial/by-id)"
    )


def test_a_file_is_no_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TransportLost, match=r"cannot use .*/file: Could not configure port"):
        SerialTransport(str(tmp_path / "file"), RealClock(), 19200).open()


def test_a_rate_that_pyserial_does_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    class Port(serial.Serial):  # type: ignore[misc]
        def open(self) -> None:
            raise ValueError("Invalid baud rate")

    monkeypatch.setattr(serial, "Serial", Port)
    with pytest.raises(TransportLost, match="cannot use /dev/ttyUSB0: Invalid baud rate"):
        SerialTransport("/dev/ttyUSB0", RealClock(), 50).open()


def test_without_pyserial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(TransportLost) as caught:
        SerialTransport("/dev/ttyUSB0", RealClock(), 19200).open()
    assert str(caught.value) == (
        'the Python package pyserial is missing: pip install "dds_link[serial]"'
    )


class Port:
    """A port whose calls raise what they are told to."""

    in_waiting = 0

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.timeout = 0.0

    def write(self, data: bytes) -> None:
        raise self._error

    def read(self, size: int) -> bytes:
        raise self._error

    def close(self) -> None:
        raise OSError("already gone")


def broken(error: Exception) -> SerialTransport:
    transport = SerialTransport("/dev/ttyUSB0", RealClock(), 19200)
    transport._port = Port(error)
    return transport


def test_a_line_that_takes_nothing() -> None:
    transport = broken(serial.SerialTimeoutException("Write timeout"))
    with pytest.raises(TransportError, match="/dev/ttyUSB0 took no bytes for 1 s") as caught:
        transport.exchange(b"x", b"\n", 0, 1.0)
    assert type(caught.value) is TransportError


@pytest.mark.parametrize("data", [b"x", b""])
def test_an_error_of_the_system_loses_it(data: bytes) -> None:
    transport = broken(serial.SerialException("read failed: [Errno 5] Input/output error"))
    with pytest.raises(TransportLost, match="/dev/ttyUSB0 is gone: read failed: "):
        transport.exchange(data, b"\n", 1, 1.0)
    with pytest.raises(TransportLost, match="/dev/ttyUSB0 is not open"):
        transport.exchange(data, b"\n", 1, 1.0)


# Config files


@pytest.mark.parametrize(
    ("address", "port", "dtr"),
    [("/dev/ttyUSB0", "/dev/ttyUSB0", False), ("COM3,dtr", "COM3", True)],
)
def test_addresses(address: str, port: str, dtr: bool) -> None:
    made: Any = from_config(device(f"serial:{address}"), (channel(0, 0),), address, RealClock())
    assert (made._name, made._dtr, made._baud, made._timeout) == (port, dtr, 115200, 1.0)
    problems = Problems("lab.toml")
    check({"transport": f"serial:{address}"}, [], problems)
    assert problems.found == []


@pytest.mark.parametrize("address", ["", ",dtr", "/dev/ttyUSB0,", "/dev/ttyUSB0,rts"])
def test_bad_addresses(address: str) -> None:
    reason = f'"serial:{address}" is not like "serial:/dev/ttyUSB0"'
    with pytest.raises(ConfigError) as caught:
        from_config(device(f"serial:{address}"), (channel(0, 0),), address, RealClock())
    assert caught.value.problems == [f"device.transport: {reason}"]
    problems = Problems("lab.toml")
    check({"transport": f"serial:{address}"}, [], problems)
    assert problems.found == [f"lab.toml: device.transport = 'serial:{address}': {reason}"]
