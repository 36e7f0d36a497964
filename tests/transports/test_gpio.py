"""GPIO lines: what becomes of their levels."""

import errno
import os
import sys
from types import SimpleNamespace

import pytest

from dds_link.errors import TransportLost
from dds_link.transports.gpio import GpioLines, Place, parse_place
from tests.transports.linux_bench import CHIP, IO_UPDATE, RF_SWITCH, SELECT_2, LinuxBench

NAMES = {"io_update": IO_UPDATE, "rf_switch0": RF_SWITCH}


# -- places -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("gpiochip0:17", Place("/dev/gpiochip0", 17)),
        ("/dev/gpiochip4:0", Place("/dev/gpiochip4", 0)),
        ("/dev/serial/by-id/a:b:3", Place("/dev/serial/by-id/a:b", 3)),
    ],
)
def test_a_place(text: str, place: Place) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize(
    "text", ["", "17", ":17", "gpiochip0", "gpiochip0:", "gpiochip0:x", "a:-1"]
)
def test_no_place(text: str) -> None:
    with pytest.raises(ValueError, match="is not a line like"):
        parse_place(text)


# -- opening ----------------------------------------------------------------------------------


def test_lines_become_low_outputs(bench: LinuxBench) -> None:
    bench.gpio.drive(*IO_UPDATE, True)
    lines = GpioLines(NAMES)
    lines.open()
    for place in NAMES.values():
        assert (bench.line(place).output, bench.line(place).high) == (True, False)
    assert lines.active == set()


def test_a_chip_select_becomes_high(bench: LinuxBench) -> None:
    GpioLines({"select": SELECT_2}, active_low=["select"]).open()
    assert (bench.line(SELECT_2).output, bench.line(SELECT_2).high) == (True, True)


@pytest.mark.parametrize("high", [False, True])
@pytest.mark.parametrize("output", [False, True])
def test_a_line_to_keep_becomes_an_output_of_the_level_it_had(
    bench: LinuxBench, high: bool, output: bool
) -> None:
    bench.gpio.drive(*RF_SWITCH, high)
    bench.line(RF_SWITCH).output = output
    bench.gpio.changes.clear()
    lines = GpioLines(NAMES, keep=["rf_switch0"])
    lines.open()
    assert bench.gpio.changes == []
    assert (bench.line(RF_SWITCH).output, bench.line(RF_SWITCH).high) == (True, high)
    assert lines.active == ({"rf_switch0"} if high else set())
    lines.set("rf_switch0", not high)
    assert bench.line(RF_SWITCH).high is not high


def test_lines_of_several_gpio_chips(bench: LinuxBench) -> None:
    elsewhere = Place("/dev/gpiochip1", 17)
    bench.names[elsewhere] = "other"
    lines = GpioLines({"io_update": IO_UPDATE, "other": elsewhere})
    lines.open()
    lines.set("other", True)
    assert bench.line(elsewhere).high
    assert not bench.line(IO_UPDATE).high
    assert bench.trace == [("other", True)]


def test_no_lines(bench: LinuxBench) -> None:
    GpioLines({}).open()
    assert bench.open_count == 0


@pytest.mark.parametrize("keep", [(), ("rf_switch0",)])
def test_a_line_that_somebody_else_holds(bench: LinuxBench, keep: tuple[str, ...]) -> None:
    GpioLines({"rf_switch0": RF_SWITCH}).open()
    with pytest.raises(TransportLost) as caught:
        GpioLines(NAMES, keep).open()
    assert str(caught.value) == (
        "cannot use /dev/gpiochip0 lines 17, 19: it is in use (is another controller running?)"
    )


def test_no_such_line(bench: LinuxBench) -> None:
    with pytest.raises(TransportLost, match="cannot use /dev/gpiochip0: line offset of out range"):
        GpioLines({"io_update": Place(CHIP, 99)}).open()
    assert bench.gpio.open_count == 0


def test_no_such_chip(bench: LinuxBench) -> None:
    with pytest.raises(TransportLost, match="cannot use /dev/gpiochip7 lines 1: it does not exist"):
        GpioLines({"io_update": Place("/dev/gpiochip7", 1)}).open()


def test_a_level_that_cannot_be_read(bench: LinuxBench) -> None:
    bench.gpio.errors["get"] = [errno.EIO]
    lines = GpioLines(NAMES, keep=["rf_switch0"])
    with pytest.raises(TransportLost, match=os.strerror(errno.EIO)):
        lines.open()
    lines.close()
    assert bench.open_count == 0


def test_gpiod_1_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiod", SimpleNamespace(chip=None))
    with pytest.raises(TransportLost, match='gpiod is too old: pip install "dds_link.spi."'):
        GpioLines(NAMES).open()


# -- use and end ------------------------------------------------------------------------------


def test_setting_lines(bench: LinuxBench) -> None:
    lines = GpioLines({**NAMES, "select": SELECT_2}, active_low=["select"])
    lines.open()
    lines.set("rf_switch0", True)
    lines.set("select", True)
    assert lines.active == {"rf_switch0", "select"}
    lines.set("rf_switch0", False)
    lines.set("select", False)
    assert lines.active == set()
    assert bench.trace == [
        ("rf_switch0", True),
        ("select", False),
        ("rf_switch0", False),
        ("select", True),
    ]


def test_a_line_that_could_not_be_lowered_counts_as_active(bench: LinuxBench) -> None:
    lines = GpioLines(NAMES)
    lines.open()
    bench.gpio.errors["set"] = [errno.EIO]
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        lines.set("io_update", False)
    assert lines.active == {"io_update"}


@pytest.mark.parametrize("persistent", [True, False])
def test_after_closing_the_kernel_decides(bench: LinuxBench, persistent: bool) -> None:
    bench.gpio.persistent = persistent
    lines = GpioLines(NAMES)
    lines.open()
    lines.set("rf_switch0", True)
    lines.close()
    lines.close()
    assert bench.line(RF_SWITCH).high is persistent
    assert bench.open_count == 0
    assert lines.active == set()
