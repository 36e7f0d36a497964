"""The SPI bus of a Linux computer, on stand-ins for spidev and gpiod."""

import errno
import sys
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from dds_link.clock import RealClock
from dds_link.config import AttenuatorConfig, ChannelConfig, Pins, parse
from dds_link.devices.ad9959 import AD9959
from dds_link.devices.base import Write
from dds_link.errors import ConfigError, Preempted, TransportError, TransportLost
from dds_link.transports.base import Delay, Level, Pulse, Transfer
from dds_link.transports.gpio import Place
from dds_link.transports.spidev import SpidevTransport, check, from_config
from dds_link.twins.ad9910 import AD9910Board
from dds_link.twins.ad9959 import make_board as make_ad9959
from dds_link.words import Words
from tests.transports.configs import PINS, channel, device
from tests.transports.conformance import (
    OPERATIONS,
    MakeRig,
    Rig,
    Script,
    Seen,
    TransportConformance,
)
from tests.transports.linux_bench import (
    IO_UPDATE,
    LINES,
    RF_SWITCH,
    SELECT_2,
    LinuxBench,
)
from tests.twins.ad9910_frames import CFR1, PROFILE0, frame, reading, single_tone
from tests.twins.manual_clock import ManualClock

FLAGS = ("cshigh", "lsbfirst", "threewire", "loop", "no_cs")


class SpidevRig(Rig):
    def __init__(self, bench: LinuxBench, script: Script) -> None:
        self.bench = bench
        self.bench.answers = [answer for _, answer in script if answer is not None]
        self.transport: SpidevTransport = bench.transport()

    def seen(self) -> Seen:
        return self.bench.trace

    def fail(self, at: int, lost: bool) -> None:
        # How many calls of the same kind come before: a pulse sets its line twice.
        before: dict[str, list[int]] = {"xfer2": [], "set": []}
        for operation in OPERATIONS[: at - 1]:
            if isinstance(operation, Transfer):
                before["xfer2"].append(0)
            elif not isinstance(operation, Delay):
                before["set"] += [0, 0] if isinstance(operation, Pulse) else [0]
        number = errno.ESHUTDOWN if lost else errno.EIO
        if isinstance(OPERATIONS[at - 1], Transfer):
            self.bench.spi.errors["xfer2"] = [*before["xfer2"], number]
        else:
            self.bench.gpio.errors["set"] = [*before["set"], number]

    def interrupt_during_delay(self) -> None:
        # Before or after the delay has begun: it must stop either way.
        threading.Thread(target=self.transport.interrupt.set).start()


class TestConformance(TransportConformance):
    @pytest.fixture
    def rig(self, bench: LinuxBench) -> MakeRig:
        return lambda script: SpidevRig(bench, script)


# -- opening ----------------------------------------------------------------------------------


def test_importing_and_making_it_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("spidev", "gpiod"):
        monkeypatch.setitem(sys.modules, name, None)
    transport = SpidevTransport(0, [0], LINES)
    assert transport.blocking
    with pytest.raises(TransportLost, match='spidev is missing: pip install "dds_link.spi."'):
        transport.open()


def test_gpiod_missing(bench: LinuxBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiod", None)
    with pytest.raises(TransportLost, match='gpiod is missing: pip install "dds_link.spi."'):
        bench.transport().open()
    assert bench.open_count == 0


def test_what_another_program_left_behind_is_put_right(bench: LinuxBench) -> None:
    for settings in bench.spi.settings.values():
        settings.update(dict.fromkeys(FLAGS, 1), mode=3, bits_per_word=16)
    bench.transport().open()
    right = {"mode": 0, "bits_per_word": 8, **dict.fromkeys(FLAGS, 0)}
    assert bench.spi.settings[0, 0] == bench.spi.settings[0, 1] == right
    assert bench.spi.settings[0, 2] != right  # not ours


def test_flags_that_a_controller_does_not_know_are_not_touched(bench: LinuxBench) -> None:
    bench.spi.unknown_flags = set(FLAGS)
    bench.transport().open()
    assert {name for _, name, _ in bench.spi.writes} == {"mode"}


def test_the_clock_is_what_was_asked_for(bench: LinuxBench) -> None:
    transport = bench.transport(spi_hz=12.5e6)
    transport.open()
    assert [device.max_speed_hz for device in transport._devices.values()] == [12_500_000] * 2


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.ENOENT, "does not exist"),
        (errno.EACCES, "no permission .is this user in the groups spi and gpio"),
        (errno.EBUSY, "in use .is another controller running"),
    ],
)
def test_a_device_that_cannot_be_opened(bench: LinuxBench, number: int, text: str) -> None:
    bench.spi.errors["open"] = [number]
    with pytest.raises(TransportLost, match=f"cannot use /dev/spidev0.0: .*{text}"):
        bench.transport().open()
    assert bench.open_count == 0


def test_a_device_that_takes_no_settings(bench: LinuxBench) -> None:
    bench.spi.errors["setting"] = [errno.EINVAL]
    with pytest.raises(TransportLost, match="cannot use /dev/spidev0.0"):
        bench.transport().open()
    assert bench.open_count == 0


def test_no_such_device(bench: LinuxBench) -> None:
    with pytest.raises(TransportLost, match="cannot use /dev/spidev0.7: it does not exist"):
        bench.transport(selects=[0, 7]).open()
    assert bench.open_count == 0


def test_a_second_controller_on_the_same_bus_is_refused(bench: LinuxBench) -> None:
    first, second = bench.transport(lines={}), bench.transport(lines={})
    first.open()
    with pytest.raises(TransportLost, match="/dev/spidev0.0: it is in use .is another controller"):
        second.open()
    first.close()
    second.open()


def test_a_second_controller_on_the_same_lines_is_refused(bench: LinuxBench) -> None:
    first, second = bench.transport(selects=[0]), bench.transport(selects=[1])
    first.open()
    with pytest.raises(TransportLost, match="/dev/gpiochip0 lines 17, 19: it is in use"):
        second.open()
    assert bench.spi.open_count == 1


def test_an_unexpected_error_leaves_nothing_open(
    bench: LinuxBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["gpiod"], "request_lines", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bench.transport().open()
    assert bench.open_count == 0


def test_a_device_that_does_not_close(bench: LinuxBench) -> None:
    transport = bench.transport()
    transport.open()
    bench.spi.errors["close"] = [errno.EIO]
    transport.close()
    assert bench.open_count == 0


# -- transfers --------------------------------------------------------------------------------


@pytest.fixture
def opened(bench: LinuxBench) -> SpidevTransport:
    transport = bench.transport()
    transport.open()
    return transport


def test_without_miso_answers_are_zero(bench: LinuxBench) -> None:
    bench.answers = [b"\x12\x34"]
    transport = bench.transport(readback=False)
    transport.open()
    assert transport.transfer(0, b"\x83\0") == b"\0\0"
    assert bench.trace == [("spi", 0, b"\x83\0")]


def test_the_longest_frame(bench: LinuxBench, opened: SpidevTransport) -> None:
    assert opened.transfer(0, bytes(4096)) == bytes(4096)
    with pytest.raises(TransportError, match="a frame of 4097 bytes is over spidev's 4096"):
        opened.transfer(0, bytes(4097))
    assert len(bench.trace) == 1


def test_an_empty_frame(bench: LinuxBench, opened: SpidevTransport) -> None:
    assert opened.transfer(0, b"") == b""
    assert bench.trace == []


def test_what_is_not_there(bench: LinuxBench, opened: SpidevTransport) -> None:
    for chip in (-1, 2):
        with pytest.raises(TransportError, match=f"there is no chip {chip}"):
            opened.transfer(chip, b"\0")
    with pytest.raises(TransportError, match="line 'io_reset' is not wired"):
        opened.pulse("io_reset")
    with pytest.raises(TransportError, match="line 'profile0' is not wired"):
        opened.level("profile0", True)
    assert bench.trace == []


@pytest.fixture
def by_line(bench: LinuxBench) -> SpidevTransport:
    """Chip 0 has a chip select of the bus, chip 1 a GPIO line."""
    transport = bench.transport(selects=[0, SELECT_2], bare_device=2)
    transport.open()
    return transport


def test_a_chip_selected_by_a_line(bench: LinuxBench, by_line: SpidevTransport) -> None:
    bench.answers = [b"\x55", b"\xaa"]
    assert bench.line(SELECT_2).high
    assert by_line.lines == set(LINES)
    assert by_line.transfer(0, b"\x01") == b"\x55"
    assert by_line.transfer(1, b"\x02") == b"\xaa"
    assert bench.trace == [
        ("spi", 0, b"\x01"),
        ("select", False),
        ("spi", 2, b"\x02"),
        ("select", True),
    ]
    assert bench.spi.settings[0, 2]["no_cs"] == 1
    assert bench.spi.settings[0, 0]["no_cs"] == 0


def test_a_chip_select_goes_high_after_an_error(
    bench: LinuxBench, by_line: SpidevTransport
) -> None:
    bench.spi.errors["xfer2"] = [errno.EIO]
    with pytest.raises(TransportError, match="SPI transfer to chip 1 failed"):
        by_line.transfer(1, b"\x02")
    assert bench.line(SELECT_2).high


def test_a_chip_select_that_cannot_be_set(bench: LinuxBench, by_line: SpidevTransport) -> None:
    bench.gpio.errors["set"] = [errno.EIO]
    with pytest.raises(TransportError, match="SPI transfer to chip 1 failed"):
        by_line.transfer(1, b"\x02")
    assert bench.trace == [("select", True)]


# -- lines and delays -------------------------------------------------------------------------


def test_a_pulse_that_got_stuck_does_not_cost_the_next_one_its_edge(
    bench: LinuxBench, opened: SpidevTransport
) -> None:
    bench.gpio.errors["set"] = [0, errno.EIO]  # up it goes, but not down
    with pytest.raises(TransportError, match="pulse on io_update failed"):
        opened.pulse("io_update")
    bench.trace.clear()
    opened.pulse("io_update")
    assert bench.trace == [("io_update", False), ("io_update", True), ("io_update", False)]
    bench.trace.clear()
    opened.pulse("io_update")
    assert bench.trace == [("io_update", True), ("io_update", False)]


def test_a_level_that_cannot_be_set(bench: LinuxBench, opened: SpidevTransport) -> None:
    bench.gpio.errors["set"] = [errno.EIO]
    with pytest.raises(TransportError, match="setting rf_switch0 failed"):
        opened.level("rf_switch0", True)


def test_a_delay_is_no_shorter_than_asked_for(opened: SpidevTransport) -> None:
    begin = time.monotonic()
    opened.delay(0.02)
    assert time.monotonic() - begin >= 0.02


def test_an_early_wake_up_does_not_end_a_delay(
    opened: SpidevTransport, monkeypatch: pytest.MonkeyPatch
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


def test_something_urgent_stops_even_a_delay_of_nothing(opened: SpidevTransport) -> None:
    opened.interrupt.set()
    with pytest.raises(Preempted):
        opened.delay(0.0)


def test_a_loss_lets_go_of_everything(bench: LinuxBench, opened: SpidevTransport) -> None:
    bench.spi.errors["xfer2"] = [errno.ENODEV]
    with pytest.raises(TransportLost, match="SPI transfer to chip 0 failed: No such device"):
        opened.transfer(0, b"\0")
    assert bench.open_count == 0


# -- from the configuration -------------------------------------------------------------------


def make(
    *channels: ChannelConfig, address: str = "0", pins: Pins = PINS, readback: bool = True
) -> SpidevTransport:
    return from_config(device(f"spidev:{address}", pins, readback), channels, address, RealClock())


def test_lines_of_a_config(bench: LinuxBench) -> None:
    transport = make(channel(0, 0, "gpiochip0:19"), channel(1, 1))
    assert transport.lines == {
        "io_update",
        "io_reset",
        "master_reset",
        "profile0",
        "profile1",
        "profile2",
        "rf_switch0",
    }
    transport.open()
    transport.transfer(1, b"\x01")
    assert bench.trace == [("spi", 1, b"\x01")]


@pytest.mark.parametrize("select", [2, "gpiochip0:8"])
def test_the_attenuators_are_one_more_chip(bench: LinuxBench, select: "int | str") -> None:
    config = replace(device("spidev:0"), attenuator=AttenuatorConfig("hmc542b", select, (0,)))
    transport = from_config(config, (channel(0, 1),), "0", RealClock())
    transport.open()
    transport.transfer(1, b"\x03")
    spi = [each for each in bench.trace if each[0] == "spi"]
    assert spi == [("spi", 2 if select == 2 else 0, b"\x03")]


def test_the_attenuators_are_not_the_device_that_only_clocks() -> None:
    text = """
    [device]
    type = "ad9910"
    channels = 1
    refclk = 1e9
    sysclk = 1e9
    transport = "spidev:0"
    [device.pins]
    io_update = "gpiochip0:17"
    [device.attenuator]
    type = "hmc542b"
    chip_select = {}
    [[channel]]
    index = 0
    chip_select = {}
    """
    for selects in ((0, "'gpiochip0:8'"), ("'gpiochip0:8'", 0)):
        with pytest.raises(ConfigError, match="chip_select 0 is a chip's own"):
            parse(text.format(*selects), "lab.toml", check)


PROFILE1 = Place("/dev/gpiochip0", 6)


def test_on_start_safe_makes_switches_and_profiles_low(bench: LinuxBench) -> None:
    bench.gpio.drive(*RF_SWITCH, True)
    bench.gpio.drive(*PROFILE1, True)
    make(channel(0, 0, "gpiochip0:19")).open()
    assert not bench.line(RF_SWITCH).high
    assert not bench.line(PROFILE1).high


def test_on_start_keep_changes_nothing(bench: LinuxBench) -> None:
    bench.gpio.drive(*RF_SWITCH, True)
    bench.gpio.drive(*PROFILE1, True)
    bench.gpio.changes.clear()
    transport = make(channel(0, 0, "gpiochip0:19", on_start="keep"))
    transport.open()
    assert bench.gpio.changes == []
    transport.close()
    assert bench.gpio.changes == []


def test_levels_that_were_kept_are_known(bench: LinuxBench) -> None:
    bench.gpio.drive(*RF_SWITCH, True)
    transport = make(
        channel(0, 0, "gpiochip0:19", on_start="keep"),
        channel(1, 1, "gpiochip0:20", on_start="keep"),
    )
    transport.open()
    assert transport.is_high("rf_switch0")
    assert not transport.is_high("rf_switch1")
    transport.level("rf_switch0", False)
    assert not transport.is_high("rf_switch0")
    with pytest.raises(TransportError, match="line 'rf_switch2' is not wired"):
        transport.is_high("rf_switch2")


@pytest.mark.parametrize(("policy", "kept"), [("safe", False), ("restore", True), ("leave", True)])
def test_when_it_is_opened_again_the_policy_decides(
    bench: LinuxBench, policy: str, kept: bool
) -> None:
    """Never at the first time."""
    bench.gpio.drive(*RF_SWITCH, True)
    channels = (channel(0, 0, "gpiochip0:19"),)
    transport = from_config(replace(device(), on_reconnect=policy), channels, "0", RealClock())
    transport.open()
    assert not transport.is_high("rf_switch0")
    transport.level("rf_switch0", True)
    bench.gpio.changes.clear()
    transport.close()
    transport.open()
    assert transport.is_high("rf_switch0") is kept
    assert bench.line(RF_SWITCH).high is kept
    assert kept is (bench.gpio.changes == [])


def test_on_start_keep_of_one_channel_keeps_its_switch_only(bench: LinuxBench) -> None:
    other = Place("/dev/gpiochip0", 20)
    for place in (RF_SWITCH, other):
        bench.gpio.drive(*place, True)
    make(channel(0, 0, "gpiochip0:19", on_start="keep"), channel(1, 1, "gpiochip0:20")).open()
    assert bench.line(RF_SWITCH).high
    assert not bench.line(other).high


def test_blind(bench: LinuxBench) -> None:
    transport = make(channel(0, 0), readback=False)
    transport.open()
    bench.answers = [b"\xff"]
    assert transport.transfer(0, b"\x83") == b"\0"


def test_another_device_for_chips_on_lines(bench: LinuxBench) -> None:
    transport = make(channel(0, 0), channel(1, "gpiochip0:8"), address="0.2")
    transport.open()
    transport.transfer(1, b"\x01")
    assert ("spi", 2, b"\x01") in bench.trace


@pytest.mark.parametrize("address", ["", "x", "0.", ".1", "0.x", "-1", "/dev/spidev0.0"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make(channel(0, 0), address=address)
    assert caught.value.problems == [f'device.transport: "spidev:{address}" is not like "spidev:0"']


def test_every_problem_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        make(
            channel(0, 0, "gpiochip0:19"),
            channel(1, "gpiochip0"),
            pins=Pins(io_reset="x"),
        )
    assert caught.value.problems == [
        'chip_select: "gpiochip0" is not a line like "gpiochip0:17"',
        'io_reset: "x" is not a line like "gpiochip0:17"',
        "device.transport: chip_select 0 is a chip's own, so that another spidev device must "
        'clock the chips whose chip_select is a line: "spidev:0.DEVICE"',
    ]


# -- through to the chips ---------------------------------------------------------------------


def test_a_tone_comes_out_of_the_chip_at_the_far_end(bench: LinuxBench) -> None:
    """The whole way: transport, both libraries, wires, twin."""
    board = AD9910Board(2, 1e9, ManualClock())
    names: dict[Any, str] = {IO_UPDATE: "io_update", RF_SWITCH: "rf_switch0"}
    bench.spi.far_end = lambda chip, data: board.transfer(chip, data, 8 * len(data))
    bench.gpio.far_end = lambda path, offset, high: board.level(names[path, offset], high)
    transport = bench.transport()
    transport.open()
    transport.execute(
        [
            Transfer(0, frame(CFR1, 2)),
            Transfer(0, frame(PROFILE0, single_tone(0x1999999A, 0x4000, 0x2000))),
            Level("rf_switch0", True),
            Pulse("io_update"),
        ]
    )
    assert board.tone(0).frequency == pytest.approx(50e6)
    assert board.tone(0).phase == 0.25
    (answer,) = transport.execute([Transfer(0, reading(PROFILE0))])
    assert answer[1:] == frame(PROFILE0, single_tone(0x1999999A, 0x4000, 0x2000))[1:]


def test_four_channels_of_one_chip_select(bench: LinuxBench) -> None:
    """Also if that is a line: the driver of such a chip brings it up through all of that."""
    channels = tuple(channel(index, "gpiochip0:8") for index in range(4))
    config = replace(
        device("spidev:0", Pins(io_update="gpiochip0:17", io_reset="gpiochip0:22")),
        type="ad9959", channels=4, sysclk=500e6,
    )  # fmt: skip
    board = make_ad9959(config, channels, ManualClock())
    names: dict[Any, str] = {IO_UPDATE: "io_update", Place("/dev/gpiochip0", 22): "io_reset"}
    selected = []

    def set_line(path: str, offset: int, high: bool) -> None:
        if (path, offset) == SELECT_2:
            selected.append(high)
        else:
            board.level(names[path, offset], high)

    bench.spi.far_end = lambda number, data: board.transfer(0, data, 8 * len(data))
    bench.gpio.far_end = set_line
    driver = AD9959(config, channels, from_config(config, channels, "0", RealClock()))
    driver.open()
    driver.initialise(range(4))
    words = [Words(1000 + index, index, 100 + index) for index in range(4)]
    driver.write([Write(index, words[index], True) for index in range(4)])
    assert [board.tone(index).words for index in range(4)] == words
    assert driver.verify([Write(index, words[index], True) for index in range(4)]) == []
    assert selected == len(selected) // 2 * [False, True]  # low for each frame
