"""SPI and lines of an FTDI chip: on a stand-in for pyftdi, and on the real pyftdi above a stand-in
for USB."""

import errno
import itertools
import sys
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from dds_link.clock import RealClock
from dds_link.config import AttenuatorConfig, ChannelConfig, DeviceConfig, Pins
from dds_link.config_keys import Problems
from dds_link.config_rules import Channel
from dds_link.devices.ad9910 import AD9910
from dds_link.devices.base import Write
from dds_link.errors import ConfigError, Preempted, TransportError, TransportLost
from dds_link.transports.base import Delay, Level, Pulse, Transfer
from dds_link.transports.ftdi import FtdiTransport, check, from_config
from dds_link.twins.ad9910 import AD9910Board
from dds_link.words import Words
from tests.transports import configs
from tests.transports.configs import channel
from tests.transports.conformance import (
    OPERATIONS,
    MakeRig,
    Rig,
    Script,
    Seen,
    TransportConformance,
)
from tests.transports.ftdi_bench import AC0, AC2, AD3, URL, FtdiBench
from tests.twins.manual_clock import ManualClock


@pytest.fixture(params=["stand_in", "pyftdi"])
def bench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FtdiBench:
    bench = FtdiBench()
    getattr(bench, f"use_{request.param}")(monkeypatch)
    return bench


class FtdiRig(Rig):
    loses_every_error = True

    def __init__(self, bench: FtdiBench, script: Script) -> None:
        self.bench = bench
        self.bench.answers = [answer for _, answer in script if answer is not None]
        self.transport: FtdiTransport = bench.transport()

    def seen(self) -> Seen:
        return self.bench.trace

    def fail(self, at: int, lost: bool) -> None:
        # Every operation is one write.
        writes = [0 for step in OPERATIONS[: at - 1] if not isinstance(step, Delay)]
        self.bench.chip.errors["write"] = [*writes, errno.ENODEV]

    def interrupt_during_delay(self) -> None:
        # Before or after the delay has begun: it must stop either way.
        threading.Thread(target=self.transport.interrupt.set).start()


class TestConformance(TransportConformance):
    @pytest.fixture
    def rig(self, bench: FtdiBench) -> MakeRig:
        return lambda script: FtdiRig(bench, script)


@pytest.fixture
def opened(bench: FtdiBench) -> FtdiTransport:
    transport = bench.transport()
    transport.open()
    return transport


# -- opening: what can go wrong is in test_ftdi_usb.py ------------------------------------------


def test_importing_and_making_it_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyftdi.ftdi", "pyftdi.usbtools", "usb.util"):
        monkeypatch.setitem(sys.modules, name, None)
    transport = FtdiTransport(URL, [AD3], {})
    assert transport.blocking
    with pytest.raises(TransportLost, match='pyftdi is missing: pip install "dds_link.ftdi."'):
        transport.open()


def test_from_opening_on_lines_are_low_and_chip_selects_high(bench: FtdiBench) -> None:
    transport = bench.transport(selects=[AD3, AC2])
    transport.open()
    assert bench.chip.levels == 1 << AD3 | 1 << AC2 | 1 << 4  # AD4 is an input, pulled up
    assert bench.chip.outputs == 0x03 | 1 << AD3 | 1 << AC2 | 0x300
    assert not transport.is_high("rf_switch0")


def test_a_level_does_not_survive_opening(bench: FtdiBench, opened: FtdiTransport) -> None:
    opened.level("rf_switch0", True)
    opened.close()
    assert bench.trace == [("rf_switch0", True)]  # closing alone leaves it
    opened.open()
    assert bench.trace == [("rf_switch0", True), ("rf_switch0", False)]
    assert not opened.is_high("rf_switch0")


# -- transfers ----------------------------------------------------------------------------------


def test_without_miso_answers_are_zero(bench: FtdiBench) -> None:
    bench.answers = [b"\x12\x34"]
    transport = bench.transport(readback=False)
    transport.open()
    assert transport.transfer(0, b"\x83\0") == b"\0\0"
    assert bench.trace == [("spi", 0, b"\x83\0")]


def test_the_longest_frame(bench: FtdiBench, opened: FtdiTransport) -> None:
    data = bytes(range(256)) * 16
    bench.chip.far_end = lambda chip, part: part[::-1]
    answer = opened.transfer(1, data)
    assert len(answer) == 4096
    assert answer == b"".join(data[n : n + 512][::-1] for n in range(0, 4096, 512))
    assert bench.trace == [("spi", 1, data)]  # chip select is low throughout
    with pytest.raises(TransportError, match="a frame of 4097 bytes is over 4096"):
        opened.transfer(0, bytes(4097))
    assert len(bench.trace) == 1


def test_an_empty_frame(bench: FtdiBench, opened: FtdiTransport) -> None:
    assert opened.transfer(0, b"") == b""
    assert bench.trace == []


def test_what_is_not_there(bench: FtdiBench, opened: FtdiTransport) -> None:
    for chip in (-1, 2):
        with pytest.raises(TransportError, match=f"there is no chip {chip}"):
            opened.transfer(chip, b"\0")
    for primitive in (opened.pulse, opened.is_high):
        with pytest.raises(TransportError, match="line 'io_reset' is not wired"):
            primitive("io_reset")
    with pytest.raises(TransportError, match="line 'profile0' is not wired"):
        opened.level("profile0", True)
    assert bench.trace == []


def test_a_chip_selected_by_a_pin_of_the_other_byte(bench: FtdiBench) -> None:
    bench.chip._selects = {0: AD3, 1: AC2}
    transport = bench.transport(selects=[AD3, AC2])
    transport.open()
    bench.answers = [b"\x55", b"\xaa"]
    transport.level("io_update", True)
    assert transport.transfer(0, b"\x01") == b"\x55"
    assert transport.transfer(1, b"\x02") == b"\xaa"
    assert bench.trace == [("io_update", True), ("spi", 0, b"\x01"), ("spi", 1, b"\x02")]


@pytest.mark.parametrize("call", ["write", "read"])
def test_unplugged_in_the_middle_of_a_frame(
    bench: FtdiBench, opened: FtdiTransport, call: str
) -> None:
    bench.chip.errors[call] = [0, errno.ENODEV]
    with pytest.raises(TransportLost, match="is lost: it is not there any more .unplugged"):
        opened.transfer(0, bytes(1000))
    with pytest.raises(TransportLost, match="not open"):
        opened.transfer(0, b"\0")


# -- lines and delays ---------------------------------------------------------------------------


def test_a_pulse_is_longer_than_a_microsecond(bench: FtdiBench, opened: FtdiTransport) -> None:
    opened.pulse("io_update")
    assert bench.chip.widths == [8]  # commands, 0.5 us each


def test_a_pulse_has_its_edge_whatever_was_before(bench: FtdiBench, opened: FtdiTransport) -> None:
    opened.level("io_update", True)
    opened.pulse("io_update")
    assert [level for _, level in bench.trace] == [True, False, True, False]
    assert not opened.is_high("io_update")


def test_lines_do_not_disturb_each_other(bench: FtdiBench, opened: FtdiTransport) -> None:
    opened.level("rf_switch0", True)
    opened.pulse("io_update")
    opened.transfer(0, b"\x01")
    assert opened.is_high("rf_switch0")
    assert bench.trace == [("rf_switch0", True), ("io_update", True), ("io_update", False),
                           ("spi", 0, b"\x01")]  # fmt: skip


def test_a_delay_is_no_shorter_than_asked_for(opened: FtdiTransport) -> None:
    begin = time.monotonic()
    opened.delay(0.02)
    assert time.monotonic() - begin >= 0.02


def test_an_early_wake_up_does_not_end_a_delay(
    opened: FtdiTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        now[0] += min(seconds, 0.75)
        return False

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(opened.interrupt, "wait", wait)
    opened.delay(2.0)
    assert waits == [1.0, 1.0, 0.5, 0.0]


def test_something_urgent_stops_even_a_delay_of_nothing(opened: FtdiTransport) -> None:
    opened.interrupt.set()
    with pytest.raises(Preempted):
        opened.delay(0.0)


# -- from the configuration ---------------------------------------------------------------------

PINS = Pins(io_update="AC0", io_reset="AC1", master_reset="AC2", profile=("AC5", "AC6", "AC7"))


def device(
    address: str = "//ftdi:232h/1", pins: Pins = PINS, spi_hz: float = 20e6, readback: bool = True
) -> DeviceConfig:
    made = configs.device(f"ftdi:{address}", pins, readback)
    return DeviceConfig(**{**vars(made), "spi_hz": spi_hz})


def make(
    *channels: ChannelConfig, attenuator: "AttenuatorConfig | None" = None, **changes: Any
) -> FtdiTransport:
    made = replace(device(**changes), attenuator=attenuator)
    return from_config(made, channels, made.transport.partition(":")[2], RealClock())


def problems_of(*channels: ChannelConfig, **changes: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        make(*channels, **changes)
    return caught.value.problems


def test_everything_of_a_config() -> None:
    transport = make(channel(0, 0, "AC3"), channel(1, "AC4", on_start="keep"), spi_hz=12e6)
    assert transport._url == URL
    assert transport._selects == (3, 12)
    assert transport._pins == {
        "io_update": 8, "io_reset": 9, "master_reset": 10,
        "profile0": 13, "profile1": 14, "profile2": 15, "rf_switch0": 11,
    }  # fmt: skip
    assert transport._spi_hz == 12e6
    assert transport._readback
    assert not make(channel(0, 0), readback=False)._readback


def test_channels_of_one_chip_share_its_chip_select() -> None:
    assert make(channel(0, 1), channel(1, 1))._selects == (4,)


@pytest.mark.parametrize("address", ["//ftdi:232h:FT4ABC/2", "///1", "//0x0403:0x6014:1:a/1"])
def test_addresses(address: str) -> None:
    assert make(channel(0, 0), address=address)._url == f"ftdi:{address}"


@pytest.mark.parametrize(
    "address", ["", "0", "//ftdi:232h", "//ftdi:232h/", "//ftdi:232h/0", "//ftdi:232h/?", "///1/1"]
)
def test_an_address_that_is_none(address: str) -> None:
    assert problems_of(channel(0, 0), address=address) == [
        f"device.transport = 'ftdi:{address}': must be like \"ftdi://ftdi:232h/1\"; with several "
        'chips "ftdi://ftdi:232h:SERIAL/1"'
    ]


EVERY_PROBLEM = [
    "device.spi_hz = 400.0: an FTDI chip clocks at 500 Hz or above",
    "io_update = 'gpiochip0:17': must be a pin of the FTDI chip: "
    '"AD3" ... "AD7" or "AC0" ... "AC7"',
    'chip_select of chip 0 = 5: must be 0 ... 4 (the pins AD3 ... AD7) or another pin, as in "AC0"',
    "chip_select of chip 1 = 1: the pin is already used by io_reset = 'AD4'; give each its own",
    "on_start of channel 1 = 'keep': an FTDI chip resets its pins when it is opened, so that the "
    'RF switch cannot be kept; write "safe"',
]


def test_every_problem_at_once() -> None:
    found = problems_of(
        channel(0, 5), channel(1, 1, "AC3", on_start="keep"),
        spi_hz=400.0, pins=Pins(io_update="gpiochip0:17", io_reset="AD4"),
    )  # fmt: skip
    assert found == EVERY_PROBLEM


def test_every_problem_of_a_file() -> None:
    problems = Problems("lab.toml")
    check(
        {"transport": "ftdi://ftdi:232h/1", "spi_hz": 400.0,
         "pins": {"io_update": "gpiochip0:17", "io_reset": "AD4"}},
        [Channel("channel[0]", {"chip_select": 5}),
         Channel("channel[1]", {"chip_select": 1, "rf_switch": "AC3", "on_start": "keep"})],
        problems,
    )  # fmt: skip
    names = {"io_update": "device.pins.io_update", "io_reset": "device.pins.io_reset",
             "chip_select of chip 0": "channel[0].chip_select",
             "chip_select of chip 1": "channel[1].chip_select",
             "on_start of channel 1": "channel[1].on_start"}  # fmt: skip
    expected = EVERY_PROBLEM
    for name, key in names.items():
        expected = [line.replace(f"{name} =", f"{key} =") for line in expected]
    assert problems.found == ["lab.toml: " + line for line in expected]


def test_a_switch_cannot_be_left_as_it_is() -> None:
    made = replace(device(), on_reconnect="leave")
    address = made.transport.partition(":")[2]
    with pytest.raises(ConfigError) as caught:
        from_config(made, (channel(0, 0, "AC3"),), address, RealClock())
    reason = (
        "an FTDI chip resets its pins when it is opened, so that the RF switch cannot be kept; "
        'write "safe"'
    )
    assert caught.value.problems == [f"device.on_reconnect = 'leave': {reason}"]
    problems = Problems("lab.toml")
    file = {"transport": made.transport, "on_reconnect": "leave"}
    check(file, [Channel("channel[0]", {"chip_select": 0, "rf_switch": "AC3"})], problems)
    assert problems.found == [f"lab.toml: device.on_reconnect = 'leave': {reason}"]
    assert from_config(made, (channel(0, 0),), address, RealClock())  # without a switch


def test_a_good_file_is_no_problem() -> None:
    problems = Problems("lab.toml")
    channels = [
        Channel("channel[0]", {"chip_select": 0, "rf_switch": "AC3", "on_start": "safe"}),
        Channel("channel[1]", {"chip_select": "AC4", "on_start": "keep"}),
        Channel("channel[2]", {}),
    ]
    check({"transport": "ftdi:///1", "pins": {"io_update": "AC0"}}, channels, problems)
    assert problems.found == []


def test_the_attenuators_are_one_more_chip() -> None:
    attenuator = AttenuatorConfig("hmc542b", "AC4", (0,))
    transport = make(channel(0, 0), attenuator=attenuator)
    assert transport._selects == (3, 12)
    [taken] = problems_of(channel(0, 0), attenuator=replace(attenuator, chip_select="AD3"))
    assert taken.startswith("chip_select of chip 1 = 'AD3': the pin is already used by chip_select")
    problems = Problems("lab.toml")
    table = {"transport": URL, "attenuator": {"chip_select": 9}}
    check(table, [Channel("channel[0]", {"chip_select": 0})], problems)
    [wrong] = problems.found
    assert wrong.startswith("lab.toml: device.attenuator.chip_select = 9: must be 0 ... 4")


# -- through to the chips -----------------------------------------------------------------------


def wired(bench: FtdiBench) -> AD9910Board:
    """Two AD9910 at the pins of the chip."""
    board = AD9910Board(2, 1e9, ManualClock(), ("io_update", "rf_switch0"))
    bench.chip.far_end = lambda chip, data: board.transfer(chip, data, 8 * len(data))
    bench.chip.on_level = board.level
    return board


TONE = Write(0, Words(0x1999999A, 0x4000, 0x2000), True)


def driver_of(bench: FtdiBench) -> AD9910:
    config = DeviceConfig(type="ad9910", channels=2, refclk=1e9, sysclk=1e9, transport=URL)
    return AD9910(config, (channel(0, 0, "AC1"), channel(1, 1)), bench.transport())


def start(driver: AD9910) -> None:
    driver.open()
    driver.initialise((0, 1))
    driver.write([TONE])


def test_a_tone_comes_out_of_the_chip_at_the_far_end(bench: FtdiBench) -> None:
    """The whole way: driver, transport, library, USB, serial engine, wires, twin."""
    board = wired(bench)
    driver = driver_of(bench)
    start(driver)
    assert board.tone(0).frequency == pytest.approx(100e6)
    assert board.tone(0).words == TONE.words
    assert board.tone(0).emits
    assert not board.tone(1).emits
    assert driver.verify([TONE]) == []
    driver.close()
    assert board.tone(0).emits  # the switch is still closed


@pytest.mark.parametrize("call", ["write", "read"])
def test_unplugged_at_any_time(bench: FtdiBench, call: str) -> None:
    """A coded error at once, and all is well when it is plugged in again."""
    board = wired(bench)
    driver = driver_of(bench)
    for place in itertools.count():
        bench.chip.errors[call] = [0] * place + [errno.ENODEV]
        try:
            start(driver)
        except TransportLost:
            # Another address: every old handle is dead.
            bench.chip.address, bench.chip.claimed_by = 6 + place, None
            assert bench.chip.errors.pop(call) == []
            start(driver)
            assert board.tone(0).words == TONE.words
            driver.close()
        else:
            break
    assert place > 20


def test_unplugged_and_plugged_in_again(bench: FtdiBench, opened: FtdiTransport) -> None:
    bench.chip.plugged = False
    with pytest.raises(TransportLost):
        opened.execute([Level("rf_switch0", True), Pulse("io_update"), Transfer(0, b"\0")])
    with pytest.raises(TransportLost, match="there is none .is it plugged in"):
        opened.open()
    bench.chip.plugged, bench.chip.address, bench.chip.claimed_by = True, 6, None
    opened.open()
    opened.pulse("io_update")
    assert bench.trace == [("io_update", True), ("io_update", False)]


def test_a_line_on_ad4_is_high_while_the_chip_is_reset(bench: FtdiBench) -> None:
    """So the wiring pages keep AD4 for a chip select."""
    bench.chip._names[4] = "ad4"
    bench.chip._selects = {0: AD3}
    bench.chip._pulled_up = 1 << AD3
    bench.transport(selects=[AD3], lines={"ad4": 4, "io_update": AC0}).open()
    assert ("ad4", False) in bench.trace
    assert ("io_update", True) not in bench.trace
