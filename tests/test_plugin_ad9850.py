"""The parts of ``examples/dds_link_ad9850``: its frames, its rules, its driver over its twin."""

from __future__ import annotations

from typing import Any

import pytest
from dds_link_ad9850 import ENTRY, twin
from dds_link_ad9850.driver import AD9850
from dds_link_ad9850.frames import QUIET, frame
from dds_link_ad9850.rules import SIMULATED
from dds_link_ad9850.twin import AD9850Board, make_board

from dds_link.config import Config, parse
from dds_link.config import load as load_config
from dds_link.devices import registry
from dds_link.devices.base import OFF, RF_SWITCH, Write
from dds_link.errors import ConfigError, DeviceFault, TransportError
from dds_link.transports.base import (
    MASTER_RESET,
    Delay,
    Level,
    Operation,
    Pulse,
    SpiTransport,
    Transfer,
)
from dds_link.transports.scripted import ScriptedTransport
from dds_link.transports.wiring import wiring
from dds_link.tuning import Tuning
from dds_link.words import Words
from tests.controller_process import ROOT
from tests.devices.conformance import (
    DeviceConformance,
    MakeRig,
    Outputs,
    Rig,
    assert_only,
    assert_silent_and_usable,
    off,
    outputs_of,
    running,
    writes,
)
from tests.devices.watched import Watching
from tests.transports.faulty import FaultyTwin
from tests.twins.manual_clock import ManualClock

UPDATE, RESET = Pulse("io_update"), Pulse(MASTER_RESET)


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    """As its entry point makes it."""
    monkeypatch.setitem(registry.DEVICES, "ad9850", ENTRY)


def configure(switches: bool = False) -> Config:
    """The smallest config: two chips at 125 MHz."""
    text = SIMULATED
    for index in range(2 if switches else 0):
        text += f'[[channel]]\nindex = {index}\nrf_switch = "gpiochip0:{5 + index}"\n'
    return parse(text, "lab.toml", registry.check)


# -- frames ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frequency", "turns", "data"),
    [(10e6, 0.0, "12 87 5E 28 00"), (1e3, 0.5, "1C 61 00 00 01")],
)
def test_golden_frames(frequency: float, turns: float, data: str) -> None:
    tuning = Tuning(125e6, ftw_bits=32, pow_bits=5, asf_bits=1)
    words = Words(tuning.frequency_to_ftw(frequency), tuning.turns_to_pow(turns), 1)
    assert frame(words) == bytes.fromhex(data)


def test_the_power_down_bit_is_the_third_of_the_control_byte() -> None:
    assert bytes.fromhex("00 00 00 00 20") == QUIET
    assert frame(Words(0xFFFFFFFF, 31, 1), down=True) == bytes.fromhex("FF FF FF FF 3F")


# -- rules ----------------------------------------------------------------------------------------


def test_the_example_and_the_smallest_config_are_good() -> None:
    example = load_config(ROOT / "examples" / "dds_link_ad9850" / "ad9850.toml", registry.check)
    for config in (example, configure()):
        assert config.device.sysclk == config.device.refclk == 125e6
        assert config.device.readback is False
        assert make_board(config.device, config.channels, ManualClock()).lines


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("refclk = 125e6\n", "", "device.refclk"),
        ("refclk = 125e6", "refclk = 180e6", "at most 125e6 Hz"),
        ("refclk = 125e6", "refclk = 125e6\nsysclk = 100e6", "has no PLL"),
        ("refclk = 125e6", "refclk = 125e6\nreadback = true", "cannot be read"),
        ("refclk = 125e6", "refclk = 125e6\nspi_hz = 101e6", "at most 100e6 Hz"),
        ('"spidev:0"', '"serial:/dev/ttyUSB0"', "SPI bus"),
        ('io_update = "gpiochip0:17"\n', "", "device.pins.io_update"),
        ('master_reset = "gpiochip0:27"\n', "", "device.pins.master_reset"),
        ("[device.pins]", '[device.pins]\nio_reset = "gpiochip0:9"', "no such pin"),
    ],
)
def test_what_it_cannot_do_is_refused(old: str, new: str, problem: str) -> None:
    assert old in SIMULATED
    with pytest.raises(ConfigError, match=problem):
        parse(SIMULATED.replace(old, new), "lab.toml", registry.check)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("max_amplitude = 0.5", "cannot scale"),
        ("safe_amplitude = 0.5", "cannot scale"),
        ("max_frequency = 62499999.99", "outside"),
        ('on_start = "keep"', "readback"),
        ("chip_select = 1", "chip_select"),
    ],
)
def test_channels_that_it_does_not_have(keys: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        parse(f"{SIMULATED}[[channel]]\nindex = 0\n{keys}", "lab.toml", registry.check)


# -- the twin -------------------------------------------------------------------------------------


def clocked(chip: twin.AD9850, data: bytes, bits: int | None = None) -> None:
    chip.transfer(data, 8 * len(data) if bits is None else bits)
    chip.update(0.0)


def serial_chip() -> twin.AD9850:
    chip = twin.AD9850(125e6)
    clocked(chip, b"\0", 5)
    assert chip.serial
    return chip


def test_it_wakes_up_silent_and_parallel_with_anything_in_its_input() -> None:
    chip = twin.AD9850(125e6)
    assert not chip.tone().emits
    chip.update(0.0)
    assert chip.tone().frequency == pytest.approx(10e6, abs=0.03)
    assert not chip.serial


def test_one_edge_makes_it_serial_and_frames_set_it_then() -> None:
    chip = twin.AD9850(125e6)
    clocked(chip, b"\0", 1)
    assert chip.serial
    clocked(chip, bytes.fromhex("1C 61 00 00 01"))
    assert chip.tone().words == Words(0x8638, 16, 1)
    assert chip.tone().frequency == pytest.approx(1e3, abs=0.03)
    assert chip.tone().phase == 0.5


def test_a_whole_frame_makes_it_serial_too_but_lets_out_what_the_pins_say() -> None:
    chip = twin.AD9850(125e6)
    clocked(chip, QUIET)
    assert chip.serial
    assert chip.tone().words == Words(0x03030303, 0, 1)
    clocked(chip, QUIET)
    assert not chip.tone().emits


def test_reset_clears_all_but_the_input_register() -> None:
    chip = serial_chip()
    clocked(chip, frame(Words(99, 3, 1)))
    chip.set_master_reset(True)
    clocked(chip, QUIET)  # not heard
    chip.set_master_reset(False)
    assert (chip.serial, chip.tone().emits) == (False, False)
    chip.update(0.0)
    assert chip.tone().words == Words(99, 3, 1)


def test_a_frame_that_was_cut_off_spoils_the_next_one() -> None:
    chip = serial_chip()
    chip.transfer(frame(Words(99, 3, 1)), 13)
    clocked(chip, frame(Words(99, 3, 1)))
    assert chip.tone().words != Words(99, 3, 1)


def test_the_last_of_two_whole_frames_counts() -> None:
    chip = serial_chip()
    chip.transfer(frame(Words(5, 0, 1)), 40)
    clocked(chip, frame(Words(99, 3, 1)))
    assert chip.tone().words == Words(99, 3, 1)


@pytest.mark.parametrize("code", [1, 2, 3])
def test_codes_of_the_factory_end_by_reset_only(code: int) -> None:
    chip = serial_chip()
    chip.transfer(bytes(4), 32)
    clocked(chip, bytes([(code & 1) << 7 | (code >> 1) << 6]))
    assert chip.in_test_mode
    clocked(chip, frame(Words(99, 3, 1)))
    assert chip.tone().words != Words(99, 3, 1)
    chip.set_master_reset(True)
    assert not chip.in_test_mode


# -- the driver, byte by byte ---------------------------------------------------------------------

TONE = Words(0x147AE148, 0, 1)
TONE_FRAME, TONE_DOWN = bytes.fromhex("12 87 5E 28 00"), bytes.fromhex("12 87 5E 28 20")


QUIETEN = [Transfer(0, QUIET), Transfer(1, QUIET), UPDATE]
OPEN = [Level("rf_switch0", False), Level("rf_switch1", False)]
DARK = [Transfer(0, TONE_DOWN), UPDATE]


def scripted(config: Config, *steps: Operation | tuple[Operation, Exception]) -> ScriptedTransport:
    script = [step if isinstance(step, tuple) else (step, None) for step in steps]
    return ScriptedTransport(script, {"io_update", *wiring(config.device, config.channels)})


def opened(config: Config, transport: SpiTransport) -> AD9850:
    device = AD9850(config.device, config.channels, transport)
    device.open()
    return device


def test_the_traffic_of_a_start_a_tone_an_off_and_a_kill() -> None:
    config = configure(switches=True)
    steps = [
        *OPEN, RESET, Delay(1e-3), *QUIETEN, *QUIETEN,
        Transfer(0, TONE_FRAME), UPDATE, Level("rf_switch0", True),
        Level("rf_switch0", False), Transfer(0, TONE_FRAME), UPDATE,
        *OPEN, *DARK, *OPEN, *DARK,
        Level("rf_switch0", False), *DARK,
    ]  # fmt: skip
    with scripted(config, *steps) as transport:
        device = opened(config, transport)
        assert device.attach() == [None, None]
        assert device.initialise([0, 1]) == {0, 1}
        device.write([Write(0, TONE, True)])
        device.write(off([TONE]))  # behind its switch the tone goes on
        assert device.silence(off([TONE])) is False
        device.write(off([TONE]))  # powered down it stays so
        assert device.verify(off([TONE])) == []


BROKEN = TransportError("no edge")


@pytest.mark.parametrize(
    ("last", "text"),
    [
        ([RESET], "every chip was reset"),
        ([(RESET, BROKEN), Transfer(0, QUIET), UPDATE, Transfer(1, QUIET), UPDATE], "no edge"),
    ],
)
def test_a_silence_that_fails_twice_ends_in_a_reset_or_in_frames(
    last: list[Any], text: str
) -> None:
    config = configure()
    fails = [Transfer(0, TONE_DOWN), (UPDATE, BROKEN)]
    with scripted(config, *fails, *fails, *last) as transport:
        with pytest.raises(DeviceFault, match=f"^no edge; {text}$"):
            opened(config, transport).silence(off([TONE]))


def test_channels_have_no_amplitude_and_off_only_behind_a_switch() -> None:
    for switches, capabilities in ((False, set()), (True, {RF_SWITCH, OFF})):
        config = configure(switches)
        device = opened(config, scripted(config))
        assert device.capabilities == capabilities
        for info in device.channels:
            assert (info.has_amplitude, info.has_off) == (False, switches)
            assert (info.tuning.pow_bits, info.tuning.max_asf) == (5, 1)
            assert not info.silence_keeps_phase
        with pytest.raises(DeviceFault, match="cannot be read"):
            device._reading(0, 0)


# -- the driver over the twin ---------------------------------------------------------------------


class WatchedBoard(Watching, AD9850Board):
    """Chips that are watched."""

    def __init__(self, config: Config, clock: ManualClock) -> None:
        chips = [twin.AD9850(config.device.refclk) for _ in config.channels]
        super().__init__(chips, clock, {"io_update", *wiring(config.device, config.channels)})
        self.forget()


class AD9850Rig(Rig):
    """Two chips."""

    old = [Words(0x147AE148, 16, 1), Words(0x8638, 3, 1)]
    new = [Words(0x12345678, 0, 1), Words(0x7FFFFFFF, 31, 1)]

    def __init__(self, config: Config, board: WatchedBoard | None = None) -> None:
        self.config = config
        self.clock = ManualClock()
        self.board = board or WatchedBoard(config, self.clock)
        self.transport = FaultyTwin(self.board, self.clock, readback=False)
        self.device = opened(config, self.transport)

    def outputs(self) -> Outputs:
        return self.board.outputs()

    def history(self) -> list[Outputs]:
        return self.board.history

    def forget(self) -> None:
        self.board.forget()

    def updates(self) -> int:
        return self.board.updates

    def power_cycle(self) -> None:
        for chip in self.board.chips:
            chip.power_up()

    def another(self) -> AD9850Rig:
        return AD9850Rig(self.config, self.board)


PINS_SAY = Words(0x03030303, 0, 1)


def test_without_a_switch_a_start_lets_out_what_the_pins_say() -> None:
    rig = AD9850Rig(configure())
    rig.device.initialise([0, 1])
    assert rig.history() == [[None, PINS_SAY, None]] * 2
    rig.device.write(writes(rig.old))
    assert rig.outputs() == rig.old
    rig.device.silence(off(rig.old))
    assert rig.outputs() == [None, None]
    rig.power_cycle()
    rig.device.silence(off(rig.old))
    assert rig.outputs() == [None, None]


class TestConformance(DeviceConformance):
    """With RF switches. No part of a frame that was cut off can be put back, only reset."""

    WIRINGS = ["switches"]
    FULL = BLIND = "all there is"
    SYNCS = False
    OLD, NEW = AD9850Rig.old, AD9850Rig.new

    @pytest.fixture
    def make(self) -> MakeRig:
        return lambda _: AD9850Rig(configure(switches=True))

    def test_after_a_transfer_that_failed_only_a_reset_helps(self, make: MakeRig) -> None:
        rig = running(make, self.FULL)
        rig.transport.fail(2, bits=13)
        with pytest.raises(TransportError):
            rig.device.write(writes(self.NEW))
        with pytest.raises(DeviceFault, match="out of step"):
            rig.device.restore(writes(self.OLD))
        assert rig.device.initialise([0]) == {0, 1}
        assert_silent_and_usable(rig, "after the reset")
        assert_only(rig, outputs_of(self.OLD), outputs_of(self.NEW), where="a cut")

    # Nothing can be read, so nothing is adopted or compared.
    test_attach_finds_what_is_there_and_changes_nothing = None
    test_attach_finds_nothing_in_a_changed_chip = None
    test_what_was_half_written_before_a_restart_is_never_latched = None
    test_keeping_one_and_initialising_the_other = None
    test_verify = None
    test_initialise_notices_a_chip_that_does_not_answer = None
    test_a_reading_that_fails_anywhere = None
    # Only a reset helps: see above.
    test_a_restore_that_fails_anywhere_can_be_repeated = None
