"""One port of an FTDI chip: opening, clock, errors. On the stand-in and on the real pyftdi."""

import errno
import itertools
import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest

from dds_link.errors import TransportLost
from dds_link.transports.ftdi_usb import FtdiPort
from tests.transports.ftdi_bench import URL, FtdiBench
from tests.transports.ftdi_chip import usb_error


@pytest.fixture(params=["stand_in", "pyftdi"])
def bench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FtdiBench:
    bench = FtdiBench()
    getattr(bench, f"use_{request.param}")(monkeypatch)
    return bench


def port(clock_hz: float = 20e6, outputs: int = 0x0F0B, url: str = URL) -> FtdiPort:
    return FtdiPort(url, outputs, 0x0008, clock_hz)


def refusal(**changes: Any) -> str:
    with pytest.raises(TransportLost) as caught:
        port(**changes)
    return str(caught.value)


def test_opened_and_closed(bench: FtdiBench) -> None:
    opened = port()
    assert bench.chip.outputs == 0x0F0B
    assert bench.chip.levels & 0x0F0B == 0x0008
    assert not bench.chip.serial_driver
    opened.close()
    opened.close()
    assert bench.chip.outputs == 0x0F0B
    assert bench.chip.claimed_by is None


@pytest.mark.parametrize(
    ("asked", "taken"),
    [(70e6, 30e6), (30e6, 30e6), (29.9e6, 15e6), (25e6, 15e6), (20e6, 15e6), (15e6, 15e6),
     (6e6, 6e6), (5e6, 5e6), (1e6, 1e6), (999e3, 30e6 / 31), (500, 500)],
)  # fmt: skip
def test_the_clock_is_never_higher_than_asked_for(
    bench: FtdiBench, asked: float, taken: float
) -> None:
    port(asked)
    assert bench.chip.clock == pytest.approx(taken)


# -- who else has it ----------------------------------------------------------------------------


def test_a_port_that_another_program_has_is_left_alone(bench: FtdiBench) -> None:
    bench.chip.claimed_by, bench.chip.serial_driver = "another controller", False
    before = bench.chip.outputs
    assert refusal() == f"cannot use {URL}: it is in use (is another controller or a serial " \
        "terminal running?)"  # fmt: skip
    assert bench.chip.outputs == before
    bench.chip.claimed_by = None
    port()


def test_a_system_without_a_serial_driver(bench: FtdiBench) -> None:
    def fail_if_told(call: str) -> None:
        if call == "driver":
            raise NotImplementedError("is_kernel_driver_active")

    bench.chip.fail_if_told = fail_if_told  # type: ignore[method-assign]
    bench.chip.serial_driver = False
    port()


# -- what can be wrong --------------------------------------------------------------------------


def test_no_permission(bench: FtdiBench) -> None:
    for call in ("open", "driver"):  # pyusb opens it, at the latest, to ask for the driver
        bench.chip.errors[call] = [errno.EACCES] * 3
    assert refusal() == f"cannot use {URL}: no permission (a udev rule must allow it: see " \
        "docs/ad9910-ft232h.md)"  # fmt: skip


def test_nothing_there(bench: FtdiBench) -> None:
    bench.chip.plugged = False
    assert "there is none (is it plugged in?" in refusal()


def test_plugged_in_later(bench: FtdiBench) -> None:
    bench.chip.plugged = False
    refusal()
    bench.chip.plugged = True
    port()


def test_no_such_port(bench: FtdiBench) -> None:
    assert "it has no port of this number" in refusal(url="ftdi://ftdi:232h/2")
    port()


@pytest.mark.parametrize("call", ["control", "write", "read"])
@pytest.mark.parametrize("place", range(3))
def test_unplugged_while_it_is_opened(bench: FtdiBench, call: str, place: int) -> None:
    bench.chip.errors[call] = [0] * place + [errno.ENODEV]
    if call == "read" and place:
        pytest.skip("there is a single answer")
    assert "it is not there any more (unplugged, or without power?)" in refusal()
    bench.chip.errors.clear()
    bench.chip.address += 1
    port()


def test_an_older_chip(bench: FtdiBench) -> None:
    bench.chip.version = 0x0500  # FT2232D
    assert refusal() == f"cannot use {URL}: it is no FT232H, FT2232H or FT4232H"


def test_a_chip_with_eight_pins(bench: FtdiBench) -> None:
    bench.chip.version = 0x0800  # FT4232H
    assert refusal() == f"cannot use {URL}: this chip has no pins AC0 to AC7"
    port(outputs=0xFB)


def test_an_engine_that_does_not_answer(bench: FtdiBench, instantly: None) -> None:
    bench.chip.mute = True
    assert "only 0 of 2 bytes came back" in refusal()


def test_an_engine_that_answers_something_else(bench: FtdiBench) -> None:
    bench.chip.answer_to_nonsense = b"\xfa\xab"
    assert "its serial engine does not answer as one" in refusal()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("No backend available"), "libusb 1.0 is missing"),
        (ValueError("The device has no langid\n(permission issue, ...)"), "no permission"),
        (OSError("Device not found"), "there is none"),
        (usb_error(errno.ETIMEDOUT), "it does not answer"),
        (OSError(), "cannot use ftdi://ftdi:232h/1: OSError"),
        (ValueError("a  long\nstory"), "cannot use ftdi://ftdi:232h/1: a long story"),
    ],
)
def test_what_pyftdi_and_pyusb_say(
    monkeypatch: pytest.MonkeyPatch, error: Exception, text: str
) -> None:
    def fail(url: str) -> None:
        raise error

    bench = FtdiBench()
    bench.use_stand_in(monkeypatch)
    monkeypatch.setattr(sys.modules["pyftdi.ftdi"].Ftdi, "get_identifiers", fail)
    assert text in refusal()


def test_a_bug_is_not_translated(bench: FtdiBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usb.util", SimpleNamespace())
    with pytest.raises(AttributeError):
        port()
    assert bench.chip.claimed_by is None


# -- commands and answers -----------------------------------------------------------------------

RW_3 = b"\x80\x00\x0b\x31\x02\x00\x01\x02\x03\x80\x08\x0b"


@pytest.fixture
def instantly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock is half a second later than the one before."""
    looks = itertools.count(step=0.5)
    monkeypatch.setattr(time, "monotonic", lambda: next(looks))


def test_an_answer_in_pieces(bench: FtdiBench) -> None:
    opened = port()
    bench.answers = [b"abc"]
    bench.chip.dribble = True
    assert opened.exchange(RW_3, 3) == b"abc"


def test_an_answer_that_is_not_whole(bench: FtdiBench, instantly: None) -> None:
    opened = port()
    bench.chip.short = True
    with pytest.raises(TransportLost, match="is lost: only 2 of 3 bytes came back"):
        opened.exchange(RW_3, 3)


@pytest.mark.parametrize("number", [errno.ENODEV, errno.EIO, errno.EPIPE, errno.ETIMEDOUT])
@pytest.mark.parametrize("call", ["write", "read"])
def test_every_error_is_a_loss(bench: FtdiBench, call: str, number: int) -> None:
    opened = port()
    bench.chip.errors[call] = [number]
    with pytest.raises(TransportLost, match=f"^{URL} is lost: "):
        opened.exchange(RW_3, 3)


def test_gone_before_its_interface_is_found(
    bench: FtdiBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyftdi fails to close such a port with a TypeError."""

    def fail(*_: object, **__: object) -> None:
        raise TypeError

    opened = port()
    monkeypatch.setattr(sys.modules["pyftdi.ftdi"].Ftdi, "close", fail)
    opened.close()
    assert bench.chip.claimed_by is None


def test_closing_what_is_gone(bench: FtdiBench) -> None:
    """The handle must not be given out again."""
    opened = port()
    bench.chip.plugged = False
    opened.close()
    bench.chip.plugged, bench.chip.claimed_by = True, None
    port()
