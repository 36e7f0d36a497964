"""A look at the hardware that a config file describes; what it tells of chips is in
``tests/devices/test_spi_probe.py``."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from dds_link import assembly
from dds_link.config import Config, parse, simulated_board
from dds_link.devices import registry
from dds_link.devices.base import Finding
from dds_link.errors import ConfigError, DeviceFault
from dds_link.probe import probe, report
from dds_link.transports.gpio import Place
from dds_link.twins.ad9910 import AD9910Board
from tests.transports import fake_gpiod, fake_spidev
from tests.transports.ftdi_bench import FtdiBench
from tests.twins.manual_clock import ManualClock

RUNNING = """
[device]
type = "ad9910"
channels = 1
refclk = 1e9
sysclk = 1e9
transport = "spidev:0"
[device.pins]
io_update = "gpiochip0:17"
profile = ["gpiochip0:5", "gpiochip0:6", "gpiochip0:13"]
[[channel]]
index = 0
rf_switch = "gpiochip0:19"
"""
ON_FTDI = """
[device]
type = "ad9910"
channels = 1
refclk = 1e9
sysclk = 1e9
transport = "ftdi://ftdi:232h/1"
[device.pins]
io_update = "AC0"
[[channel]]
index = 0
rf_switch = "AC1"
"""


def config(text: str) -> Config:
    return parse(text, "lab.toml", registry.check)


def oks(found: list[Finding]) -> list[tuple[str, bool | None]]:
    return [(each.what, each.ok) for each in found]


def test_the_twin() -> None:
    found = probe(simulated_board(1), simulation=True)
    assert oks(found) == [
        ("transport", True), ("clock", True), ("chip 0", True), ("chip 0 clock", True),
    ]  # fmt: skip
    assert found[0].text == "the twin opens"
    assert found[1].text == "refclk 25 MHz times 40 is 1000 MHz; the rules of the ad9910 allow it"


class Lab:
    """A Raspberry Pi with one chip that puts out a tone, and its RF switch closed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.spi = fake_spidev.Kernel((0, 0))
        self.gpio = fake_gpiod.Kernel()
        modules: dict[str, Any] = {
            "spidev": fake_spidev.FakeSpidev(self.spi),
            "gpiod": fake_gpiod.FakeGpiod(self.gpio),
        }
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)
        board = AD9910Board(1, 1e9, ManualClock(), ("io_update",))
        self.spi.far_end = lambda chip, data: board.transfer(chip, data, 8 * len(data))
        board.transfer(0, bytes.fromhex("00 00000002"), 40)
        board.pulse("io_update")
        self.switch = Place("/dev/gpiochip0", 19)
        self.profile = Place("/dev/gpiochip0", 6)
        for place in (self.switch, self.profile):
            self.gpio.drive(*place, True)
        self.gpio.changes.clear()


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Any:
    lab = Lab(monkeypatch)
    yield lab
    lab.spi.close()


def test_no_line_changes(lab: Lab) -> None:
    found = probe(config(RUNNING), simulation=False)
    assert oks(found) == [
        ("transport", True), ("clock", True), ("chip 0", True), ("chip 0 clock", None),
    ]  # fmt: skip
    assert found[0].text == "spidev:0 opens"
    assert found[1].text.startswith("the reference of 1000 MHz is the clock of the DDS core; the")
    assert lab.gpio.changes == []
    assert lab.spi.open_count + lab.gpio.open_count == 0


def test_a_transport_that_does_not_open(lab: Lab) -> None:
    found = probe(config(RUNNING.replace("spidev:0", "spidev:1")), simulation=False)
    assert oks(found) == [("transport", False)]
    assert "/dev/spidev1.0: it does not exist" in found[0].text


def test_a_bus_that_fails(lab: Lab) -> None:
    lab.spi.errors["xfer2"] = [5]
    found = probe(config(RUNNING), simulation=False)
    assert oks(found)[-1] == ("device", False)
    assert found[-1].text.startswith("SPI transfer to chip 0 failed")
    assert lab.spi.open_count + lab.gpio.open_count == 0


def test_a_transport_that_cannot_keep_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = FtdiBench()
    bench.use_stand_in(monkeypatch)
    found = probe(config(ON_FTDI), simulation=False)
    assert oks(found) == [
        ("transport", None), ("transport", True), ("clock", True), ("chip 0", False),
    ]  # fmt: skip
    assert found[0].text.startswith("cannot keep levels")


def test_a_config_that_is_wrong() -> None:
    with pytest.raises(ConfigError, match="there is no transport 'usb'"):
        probe(config(RUNNING.replace("spidev:0", "usb:0")), simulation=False)


def test_a_device_that_refuses_us(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise DeviceFault("wrong token")

    monkeypatch.setattr(registry.load(registry.find("ad9910").driver), "open", fail)
    found = probe(simulated_board(1), simulation=True)
    assert found == [Finding("transport", False, "wrong token")]


def test_a_device_that_is_faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise DeviceFault("it does not start")

    entry = registry.find("ad9910")
    monkeypatch.setattr(registry.load(entry.driver), "initialise", fail)
    assert probe(simulated_board(1), simulation=True)[-1] == Finding(
        "device", False, "it does not start"
    )


def test_a_device_without_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    class Box(assembly.Assembly):
        def __init__(self, config: Config, *rest: Any) -> None:
            super().__init__(simulated_board(1), *rest)

    monkeypatch.setattr("dds_link.probe.Assembly", Box)
    box = simulated_board(1)
    object.__setattr__(box.device, "refclk", 0.0)
    assert "clock" not in [each.what for each in probe(box, simulation=True)]


def test_the_report() -> None:
    board = simulated_board(2)
    found = [
        Finding("transport", True, "spidev:0 opens"),
        Finding("chip 0", False, "all zero"),
        Finding("clock", None, "cannot be told"),
    ]
    assert report(board, found).splitlines() == [
        "simulated board: ad9910, channels: 2",
        "ok    transport  spidev:0 opens",
        "FAIL  chip 0     all zero",
        "-     clock      cannot be told",
        "1 of these is wrong",
    ]
    assert report(board, found[::2]).endswith("\nall is well")
    assert report(board, found[1:2] * 2).endswith("\n2 of these are wrong")


@pytest.mark.parametrize("name", sorted(registry.DEVICES))
def test_every_device_in_simulation(name: str) -> None:
    text = registry.load(registry.find(name).simulated)
    found = probe(config(text), simulation=True)
    assert found[0] == Finding("transport", True, "the twin opens")
    assert len(found) > 2
    assert not [finding for finding in found if finding.ok is False]
