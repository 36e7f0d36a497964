"""The driver of AD9914 and AD9915: the exact traffic of each of its methods, and conformance."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices.ad9914 import AD9914
from dds_link.devices.ad9914_registers import CFR2
from dds_link.devices.base import AMPLITUDE, ATTACH, OFF, READBACK, RF_SWITCH, SYNC, Write
from dds_link.errors import DeviceFault, TransportError
from dds_link.transports.base import IO_UPDATE, Delay, Level, Pulse, Transfer, rf_switch
from dds_link.transports.scripted import ScriptedTransport
from dds_link.transports.wiring import wiring
from dds_link.twins import ad9914_chip
from dds_link.twins.spi_board import ChipBoard
from dds_link.words import Words
from tests.devices.conformance import DeviceConformance, MakeRig, Outputs, Rig
from tests.devices.watched import WIRINGS, Watching, configure
from tests.transports.faulty import FaultyTwin
from tests.twins.manual_clock import ManualClock

Script = list[tuple[Any, Any]]
Board = tuple[DeviceConfig, tuple[ChannelConfig, ...]]

UPDATE, SYNCIO, MASTER_RESET = Pulse("io_update"), Pulse("io_reset"), Pulse("master_reset")
#: 100 MHz at 2.5 GHz, 1/4 turn, 0.8.
TONE, TONE_BYTES = Words(0x0A3D70A4, 0x4000, 0xCCC), ("0B 0A 3D 70 A4", "0C 0C CC 40 00")
OTHER, OTHER_BYTES = Words(0x15555555, 0x8000, 0x800), ("0B 15 55 55 55", "0C 08 00 80 00")
OFF_TONE, OFF_BYTES = Words(0x0A3D70A4, 0x4000, 0), ("0B 0A 3D 70 A4", "0C 00 00 40 00")
CUT_OFF = TransportError("SPI transfer failed")
PLL = (25e6, 2.5e9)
DIRECT = (2.5e9, 2.5e9)


def board(wires: str, chips: int = 2, clocks: tuple[float, float] = PLL, **more: Any) -> Board:
    """A board of AD9914."""
    device, channels = configure(wires, chips, **more)
    return replace(device, type="ad9914", refclk=clocks[0], sysclk=clocks[1]), channels


def spi(chip: int, *data: str) -> Script:
    return [(Transfer(chip, bytes.fromhex(text)), None) for text in data]


def cut_off(chip: int, data: str) -> Script:
    return [(Transfer(chip, bytes.fromhex(data)), CUT_OFF)]


def read(chip: int, instruction: str, answer: str) -> tuple[Any, Any]:
    value = bytes.fromhex(answer)
    return Transfer(chip, bytes.fromhex(instruction) + bytes(len(value))), b"\0" + value


def each(part: Any, chips: Sequence[int]) -> Script:
    return [step for chip in chips for step in part(chip)]


def quiet(chip: int) -> Script:
    """OSK and profile mode on, no amplitude, no calibration."""
    control = ("00 00 01 01 0A", "01 00 80 89 00", "03 00 05 21 20")
    return spi(chip, *control, "0B 00 00 00 00", "0C 00 00 00 00")


def is_quiet(chip: int) -> Script:
    return [
        read(chip, "80", "00 01 01 0A"),
        read(chip, "81", "00 80 89 00"),
        read(chip, "83", "00 05 21 20"),
        read(chip, "8B", "00 00 00 00"),
        read(chip, "8C", "00 00 00 00"),
    ]


def settings(chip: int) -> Script:
    """CFR1 to CFR4, and the lock: 25 MHz times 100."""
    return [
        read(chip, "80", "01 01 01 0A"),
        read(chip, "81", "00 80 89 00"),
        read(chip, "82", "00 04 32 1C"),
        read(chip, "83", "00 05 21 20"),
        read(chip, "9B", "01 00 08 00"),
    ]


def pll(chips: Sequence[int]) -> Script:
    """PLL on, then its VCO calibrated."""
    return [
        *each(lambda chip: spi(chip, "02 00 04 32 1C"), chips),
        (UPDATE, None),
        *each(lambda chip: spi(chip, "00 01 01 01 0A"), chips),
        (UPDATE, None),
        (Delay(0.1), None),
    ]


def dac(chips: Sequence[int]) -> Script:
    """The DAC calibrated."""
    return [
        *each(lambda chip: spi(chip, "03 01 05 21 20"), chips),
        (UPDATE, None),
        (Delay(1.2e-3), None),
        *each(lambda chip: spi(chip, "03 00 05 21 20"), chips),
        (UPDATE, None),
    ]


WAKE: Script = [(MASTER_RESET, None), (Delay(1e-3), None)]
PROFILE_0_PINS: Script = [(Level(f"profile{n}", False), None) for n in range(3)]


def initialisation(
    chips: Sequence[int] = (0, 1), readback: bool = True, pins: bool = False
) -> Script:
    """What comes after the resets."""
    return [
        *each(quiet, chips),
        *(PROFILE_0_PINS if pins else []),
        (UPDATE, None),
        *(each(is_quiet, chips) if readback else []),
        *pll(chips),
        *dac(chips),
        *(each(settings, chips) if readback else []),
    ]


class Scripted:
    """A driver on a board that has been opened, or initialised already."""

    def __init__(self, board: Board, *script: tuple[Any, Any], fresh: bool = False) -> None:
        device, channels = board
        chips = [channel.index for channel in channels]
        begin: Script = []
        if not fresh:
            begin += [(Level(f"rf_switch{c.index}", False), None) for c in channels if c.rf_switch]
            begin += WAKE if device.pins.master_reset else []
            begin += [(SYNCIO, None)] if device.pins.io_reset else []
            begin += initialisation(chips, device.readback, bool(device.pins.profile))
        lines = [IO_UPDATE, *wiring(device, channels)]
        self.transport = ScriptedTransport([*begin, *script], lines)
        self.device = AD9914(*board, self.transport)
        self.device.open()
        if not fresh:
            assert self.device.initialise(chips) == set(chips)

    def __enter__(self) -> AD9914:
        return self.device

    def __exit__(self, kind: Any, *rest: Any) -> None:
        if kind is None:
            self.transport.finish()


# -- what it is -----------------------------------------------------------------------------------


def test_channels_and_capabilities() -> None:
    with Scripted(board("everything"), fresh=True) as device:
        assert [info.chip for info in device.channels] == ["ad9914:0", "ad9914:1"]
        tuning = device.channels[0].tuning
        assert (tuning.sysclk, tuning.ftw_bits, tuning.pow_bits, tuning.asf_bits) == (
            2.5e9, 32, 16, 12)  # fmt: skip
        assert device.capabilities == {READBACK, ATTACH, SYNC, AMPLITUDE, OFF}
        assert "SYNC_CLK (sysclk / 24)" in device.sync_note
    with Scripted(board("blind", switches=True), fresh=True) as device:
        assert device.capabilities == {SYNC, RF_SWITCH, AMPLITUDE, OFF}


def test_an_ad9915_is_the_same_but_for_its_clocks() -> None:
    config, channels = board("blind", clocks=DIRECT)
    with Scripted((replace(config, type="ad9915"), channels), fresh=True) as device:
        assert device.channels[1].chip == "ad9915:1"
        assert "SYNC_CLK (sysclk / 16)" in device.sync_note


# -- writing --------------------------------------------------------------------------------------


def test_a_write_is_two_frames_for_each_chip_and_one_update() -> None:
    script = [*spi(1, *OTHER_BYTES), *spi(0, *TONE_BYTES), (UPDATE, None)]
    with Scripted(board("no resets"), *script) as device:
        device.write([Write(1, OTHER, True), Write(0, TONE, True)])


def test_sync_sets_autoclear_for_one_update_only() -> None:
    script = [
        *spi(0, "00 01 01 21 0A"),
        *spi(1, "00 01 01 21 0A"),
        (UPDATE, None),
        *spi(0, "00 01 01 01 0A"),
        *spi(1, "00 01 01 01 0A"),
        (UPDATE, None),
    ]
    with Scripted(board("everything"), *script) as device:
        device.sync([0, 1])


RESTORED: Script = [*spi(0, "00 01 01 01 0A", *OTHER_BYTES), (UPDATE, None)]


def test_restore_rewrites_all_that_a_write_or_a_sync_touches() -> None:
    script = [*spi(0, TONE_BYTES[0]), *cut_off(0, TONE_BYTES[1]), (SYNCIO, None), *RESTORED]
    with Scripted(board("everything"), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(0, TONE, True)])
        device.restore([Write(0, OTHER, True)])


@pytest.mark.parametrize("cfr4", ["00 05 21 20", "01 05 21 20"], ids=["", "calibrating"])
def test_without_syncio_cfr4_tells_whether_the_port_is_in_step(cfr4: str) -> None:
    script = [*cut_off(0, TONE_BYTES[0]), read(0, "83", cfr4), *RESTORED]
    with Scripted(board("no resets"), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(0, TONE, True)])
        device.restore([Write(0, OTHER, True)])


def test_nothing_is_latched_in_a_chip_that_is_out_of_step() -> None:
    script = [*cut_off(0, TONE_BYTES[0]), read(0, "83", "00 00 00 00")]
    with Scripted(board("no resets"), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(0, TONE, True)])
        with pytest.raises(DeviceFault, match="CFR4 reads 0x00000000 instead of 0x00052120"):
            device.restore([Write(0, OTHER, True)])


# -- starting -------------------------------------------------------------------------------------


def test_initialise_everything() -> None:
    """OSK and zero amplitude come before the clock, the DAC's calibration after it."""
    script = [
        (Level("rf_switch0", False), None),
        (Level("rf_switch1", False), None),
        *WAKE,
        (SYNCIO, None),
        *each(quiet, [0, 1]),
        *PROFILE_0_PINS,
        (UPDATE, None),
        *each(is_quiet, [0, 1]),
        *pll([0, 1]),
        *dac([0, 1]),
        *each(settings, [0, 1]),
    ]
    with Scripted(board("everything", switches=True), *script, fresh=True) as device:
        assert device.initialise([0, 1]) == {0, 1}


def test_initialise_without_the_pll() -> None:
    script = [
        *quiet(0),
        (UPDATE, None),
        *is_quiet(0),
        *spi(0, "02 00 00 19 1C"),
        (UPDATE, None),
        *dac([0]),
        read(0, "80", "00 01 01 0A"),
        read(0, "81", "00 80 89 00"),
        read(0, "82", "00 00 19 1C"),
        read(0, "83", "00 05 21 20"),
    ]
    with Scripted(board("no resets", 1, DIRECT), *script, fresh=True) as device:
        device.initialise([0])


def test_initialise_blind_reads_nothing() -> None:
    script = [*WAKE, (SYNCIO, None), *initialisation(readback=False)]
    with Scripted(board("blind"), *script, fresh=True) as device:
        device.initialise([0, 1])


def test_initialise_some_leaves_the_others_alone() -> None:
    script = [(SYNCIO, None), *initialisation([1])]
    with Scripted(board("no master_reset"), *script) as device:
        assert device.initialise([1]) == {1}


def test_a_pll_that_has_not_locked() -> None:
    script = [*initialisation([0])[:-1], read(0, "9B", "00 00 08 00")]
    with Scripted(board("no resets", 1), *script, fresh=True) as device:
        with pytest.raises(DeviceFault, match=r"chip 0: the PLL has not locked"):
            device.initialise([0])
        with pytest.raises(DeviceFault, match="chip 0 may hold half"):
            device.write([Write(0, TONE, True)])


def test_a_chip_that_does_not_answer() -> None:
    instructions = ("80", "81", "83", "8B", "8C")
    nothing = [read(0, instruction, "00 00 00 00") for instruction in instructions]
    script = [*quiet(0), (UPDATE, None), *nothing]
    with Scripted(board("no resets", 1), *script, fresh=True) as device:
        with pytest.raises(DeviceFault, match="CFR1 reads 0x00000000 .*MISO not wired"):
            device.initialise([0])


# -- attaching ------------------------------------------------------------------------------------


FOUND: Script = [
    *settings(0),
    read(0, "8C", TONE_BYTES[1][3:]),
    read(0, "8B", TONE_BYTES[0][3:]),
]


def test_attach_reads_and_rewrites_what_it_found_without_an_update() -> None:
    script = [
        *FOUND,
        *spi(0, "00 01 01 01 0A", *TONE_BYTES),
        *spi(0, *OTHER_BYTES),
        (UPDATE, None),
    ]
    with Scripted(board("no resets", 1), *script, fresh=True) as device:
        assert device.attach() == [Write(0, TONE, True)]
        device.write([Write(0, OTHER, True)])


@pytest.mark.parametrize(
    "found",
    [
        pytest.param([read(0, "80", "01 01 00 0A"), *settings(0)[1:]], id="CFR1: OSK is off"),
        pytest.param(
            [*settings(0)[:3], read(0, "83", "01 05 21 20"), settings(0)[4]],
            id="CFR4: the DAC is being calibrated",
        ),
        pytest.param([*settings(0)[:4], read(0, "9B", "00 00 08 00")], id="not locked"),
        pytest.param(
            [*FOUND[:-2], read(0, "8C", "00 00 00 00"), read(0, "8B", "00 00 00 00")],
            id="no tone",
        ),
        pytest.param(
            [*FOUND[:-2], read(0, "8C", "8C CC 40 00"), FOUND[-1]], id="bits that nobody wrote"
        ),
    ],
)
def test_what_is_not_adopted(found: Script) -> None:
    with Scripted(board("no resets", 1), *found, fresh=True) as device:
        assert device.attach() == [None]


def test_a_switch_or_profile_pins_that_the_transport_cannot_tell_are_not_adopted() -> None:
    with Scripted(board("no resets", 1, switches=True), *FOUND, fresh=True) as device:
        assert device.attach() == [None]
    with Scripted(board("everything", 1), (SYNCIO, None), *FOUND, fresh=True) as device:
        assert device.attach() == [None]


# -- silence --------------------------------------------------------------------------------------


def silent_registers(chip: int) -> Script:
    """OSK and profile mode, too: a chip that lost power meanwhile has neither."""
    return spi(chip, "00 01 01 01 0A", "01 00 80 89 00", *OFF_BYTES)


def is_silent(chip: int) -> Script:
    return [
        read(chip, "80", "01 01 01 0A"),
        read(chip, "81", "00 80 89 00"),
        read(chip, "8B", OFF_BYTES[0][3:]),
        read(chip, "8C", OFF_BYTES[1][3:]),
    ]


SILENCE = [Write(0, OFF_TONE, False), Write(1, OFF_TONE, False)]


def test_silence_by_switch_and_amplitude_and_read_back() -> None:
    script = [
        (Level("rf_switch0", False), None),
        (Level("rf_switch1", False), None),
        (SYNCIO, None),
        *each(silent_registers, [0, 1]),
        *PROFILE_0_PINS,
        (UPDATE, None),
        *each(is_silent, [0, 1]),
    ]
    with Scripted(board("everything", switches=True), *script) as device:
        assert device.silence(SILENCE) is True


def test_silence_that_fails_twice_powers_down() -> None:
    once = [*spi(0, "00 01 01 01 0A", "01 00 80 89 00"), *cut_off(0, OFF_BYTES[0]), (UPDATE, None)]
    script = [*once, read(0, "83", "00 05 21 20"), *once, *spi(0, "00 01 01 01 EA")]
    with Scripted(board("no resets", 1), *script) as device:
        with pytest.raises(DeviceFault, match="every chip was told to power down"):
            device.silence(SILENCE[:1])


# -- reading --------------------------------------------------------------------------------------


def test_verify_names_every_difference() -> None:
    script = [
        *settings(0)[:3],
        read(0, "83", "00 05 21 21"),
        read(0, "8B", "0A 3D 70 A5"),
        read(0, "8C", TONE_BYTES[1][3:]),
        read(0, "9B", "00 00 08 00"),
    ]
    with Scripted(board("everything", 1), *script) as device:
        assert device.verify([Write(0, TONE, True)]) == [
            "chip 0: CFR4 reads 0x00052121 instead of 0x00052120",
            "chip 0: FTW of profile 0 reads 0x0A3D70A5 instead of 0x0A3D70A4",
            "chip 0: the PLL has not locked",
        ]


# -- over the twin --------------------------------------------------------------------------------

#: In the history of a board: RF of a chip of which the twin cannot know what comes out.
UNKNOWN = Words(-1, -1, -1)


class WatchedBoard(Watching, ChipBoard[ad9914_chip.AD9914]):
    """AD9914 chips that are watched; RF that is not modelled is no good."""

    def __init__(self, config: Board, clock: ManualClock) -> None:
        device, channels = config
        chips = [ad9914_chip.AD9914(device.refclk, clock) for _ in channels]
        super().__init__(chips, clock, {IO_UPDATE, *wiring(device, channels)})
        self.forget()

    def out(self, channel: int) -> Words | None:
        tone = self.chips[channel].tone()
        if not (tone.emits and self._high.get(rf_switch(channel), True)):
            return None
        return tone.words if tone.modelled and tone.locked else UNKNOWN


class AD9914Rig(Rig):
    """Two chips."""

    def __init__(self, config: Board, earlier: "AD9914Rig | None" = None) -> None:
        self.config = config
        self.clock = earlier.clock if earlier else ManualClock()
        self.board = earlier.board if earlier else WatchedBoard(config, self.clock)
        self.transport = FaultyTwin(self.board, self.clock, config[0].readback)
        self.device = AD9914(*config, self.transport)
        self.device.open()

    def outputs(self) -> Outputs:
        return self.board.outputs()

    def history(self) -> list[Outputs]:
        return self.board.history

    def forget(self) -> None:
        self.board.forget()

    def updates(self) -> int:
        return self.board.updates

    def advance(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def accumulators(self) -> list[int]:
        return [chip.accumulator() for chip in self.board.chips]

    def corrupt(self, channel: int) -> None:
        self.board.chips[channel]._active[CFR2] ^= 1 << 10

    def power_cycle(self) -> None:
        for chip in self.board.chips:
            chip.set_master_reset(True)
            chip.set_master_reset(False)

    def another(self) -> "AD9914Rig":
        return AD9914Rig(self.config, self)


SWITCHED = {"everything", "no resets", "blind"}


class TestConformance(DeviceConformance):
    WIRINGS = [*WIRINGS]
    FULL = "everything"
    BLIND = "blind"

    @pytest.fixture
    def make(self) -> MakeRig:
        return lambda wires: AD9914Rig(board(wires, switches=wires in SWITCHED))


@pytest.mark.parametrize("wires", ["everything", "blind, no resets"])
@pytest.mark.parametrize("kind", ["ad9914", "ad9915"])
def test_without_the_pll_over_the_twin(wires: str, kind: str) -> None:
    device, channels = board(wires, clocks=DIRECT)
    rig = AD9914Rig((replace(device, type=kind), channels))
    rig.device.initialise([0, 1])
    assert rig.history() == [[None], [None]]
    rig.device.write([Write(0, TONE, True), Write(1, OTHER, True)])
    assert rig.outputs() == [TONE, OTHER]
    assert rig.board.tone(0).frequency == pytest.approx(100e6)
