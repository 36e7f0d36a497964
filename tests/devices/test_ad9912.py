"""The AD9912 driver: the exact traffic of each of its methods."""

from collections.abc import Callable
from typing import Any

import pytest

from dds_link.config import ChannelConfig, DeviceConfig, Pins
from dds_link.devices.ad9912 import AD9912
from dds_link.devices.base import ATTACH, OFF, READBACK, RF_SWITCH, Device, Write
from dds_link.errors import DeviceFault, Preempted, TransportError, TransportLost
from dds_link.transports.base import Delay, Level, Pulse, Transfer
from dds_link.transports.scripted import ScriptedTransport
from dds_link.transports.wiring import wiring
from dds_link.twins import ad9912_chip
from dds_link.twins.spi_board import ChipBoard
from dds_link.words import Words
from tests.devices.conformance import (
    DeviceConformance,
    Fault,
    MakeRig,
    Outputs,
    Rig,
    assert_only,
    every_fault,
    initialise_again,
    off,
    outputs_of,
    writes,
)
from tests.devices.watched import Watching
from tests.transports.faulty import FaultyTwin
from tests.twins.manual_clock import ManualClock

Script = list[tuple[Any, Any]]
Board = tuple[DeviceConfig, tuple[ChannelConfig, ...]]

UPDATE, RESET = Pulse("io_update"), Pulse("master_reset")
#: The data sheet's 19.44 MHz, and 100 MHz at 1/4 turn, both at 1 GHz: golden bytes as ARTIQ's.
TONE, TONE_BYTES = Words(0x04FA05143BF7, 0, 1), "61 AD 00 00 04 FA 05 14 3B F7"
OTHER, OTHER_BYTES = Words(0x19999999999A, 0x1000, 1), "61 AD 10 00 19 99 99 99 99 9A"
OFF_WORDS = Words(0x04FA05143BF7, 0, 0)
NO_TONE = "61 AD" + 8 * " 00"
LIT, DARK = "00 13 00", "00 13 80"
OUT_OF_ORDER = TransportError("SPI transfer failed")

WIRINGS = {
    "everything": (Pins("a:0", None, "a:2"), True),
    "no master_reset": (Pins("a:0"), True),
    "blind": (Pins("a:0", None, "a:2"), False),
    "blind, no master_reset": (Pins("a:0"), False),
}


def configure(
    wires: str = "no master_reset", channels: int = 2, switches: int = 0, refclk: float = 25e6
) -> Board:
    """A configuration at 1 GHz; the first ``switches`` channels have an RF switch."""
    pins, readback = WIRINGS[wires]
    return (
        DeviceConfig("ad9912", channels, refclk, 1e9, "twin:", readback=readback, pins=pins),
        tuple(
            ChannelConfig(n, f"ch{n}", n, f"a:{10 + n}" if n < switches else None)
            for n in range(channels)
        ),
    )


def spi(chip: int, data: str, answer: Any = None) -> tuple[Any, Any]:
    return Transfer(chip, bytes.fromhex(data)), answer


def read(chip: int, instruction: str, answer: str) -> tuple[Any, Any]:
    value = bytes.fromhex(answer)
    return Transfer(chip, bytes.fromhex(instruction) + bytes(len(value))), b"\0\0" + value


def aborts(chip: int) -> Script:
    return 3 * [spi(chip, "E0 03")]


def frames(chip: int, dds: str, tone: str, power: str = "80") -> Script:
    """Every register but those of the PLL. The first three are as ARTIQ writes them."""
    data = ("00 00 99", "00 04 00", f"00 10 {power}", "24 0C 01 FF", "05 00 00", "05 05 00", dds,
            tone)  # fmt: skip
    return [spi(chip, each) for each in data]


def part_id(chip: int, value: str = "19 82") -> tuple[Any, Any]:
    """As ARTIQ reads it."""
    return read(chip, "A0 03", value)


def settings(chip: int, power: str = "80") -> Script:
    return [
        read(chip, "80 00", "99"),
        read(chip, "80 04", "00"),
        read(chip, "80 10", power),
        read(chip, "A4 0C", "01 FF"),
        read(chip, "85 00", "00"),
        read(chip, "85 05", "00"),
    ]


def pll(chip: int) -> Script:
    return [read(chip, "80 20", "12"), read(chip, "80 22", "05")]


def dds(chip: int, value: str) -> tuple[Any, Any]:
    return read(chip, "80 13", value)


def tone(chip: int, data: str) -> tuple[Any, Any]:
    return read(chip, "E1 AD", data[5:])


def initialisation(chips: int = 2, readback: bool = True) -> Script:
    """Of a board with the PLL, after a reset."""
    script: Script = []
    for chip in range(chips):
        script += aborts(chip)
    for chip in range(chips):
        script += frames(chip, DARK, NO_TONE)
    script.append((UPDATE, None))
    for chip in range(chips if readback else 0):
        script += [part_id(chip), *settings(chip), dds(chip, "80"), tone(chip, NO_TONE)]
    script += [spi(chip, "00 20 12") for chip in range(chips)]
    script.append((UPDATE, None))
    script += [spi(chip, "00 22 05") for chip in range(chips)]
    script += [(UPDATE, None), (Delay(0.01), None)]
    for chip in range(chips if readback else 0):
        script += [read(chip, "80 10", "80"), *pll(chip)]
    return script


class Scripted:
    """A driver on a board that has been opened, or initialised already."""

    def __init__(self, board: Board, *script: tuple[Any, Any], fresh: bool = False) -> None:
        count = len(board[1])
        begin: Script = []
        if not fresh:
            begin = [(Level(f"rf_switch{c.index}", False), None) for c in board[1] if c.rf_switch]
            if board[0].pins.master_reset:
                begin += [(RESET, None), (Delay(1e-3), None)]
            begin += initialisation(count, board[0].readback)
        lines = {"io_update", *wiring(*board)}
        self.transport = ScriptedTransport([*begin, *script], lines)
        self.device = AD9912(*board, self.transport)
        self.device.open()
        if not fresh:
            assert self.device.initialise(range(count)) == set(range(count))

    def __enter__(self) -> AD9912:
        return self.device

    def __exit__(self, kind: Any, *rest: Any) -> None:
        if kind is None:
            self.transport.finish()


# -- what it is -----------------------------------------------------------------------------------


def test_channels_have_no_amplitude_and_off_only_behind_a_switch() -> None:
    with Scripted(configure(switches=1), fresh=True) as device:
        assert [info.chip for info in device.channels] == ["ad9912:0", "ad9912:1"]
        assert {info.update_group for info in device.channels} == {0}
        assert [info.has_amplitude for info in device.channels] == [False, False]
        assert [info.has_off for info in device.channels] == [True, False]
        assert not any(info.silence_keeps_phase for info in device.channels)
        tuning = device.channels[0].tuning
        assert (tuning.ftw_bits, tuning.pow_bits, tuning.max_asf) == (48, 14, 1)
        assert device.capabilities == {READBACK, ATTACH, RF_SWITCH}


def test_off_is_a_capability_if_every_channel_has_it() -> None:
    with Scripted(configure("blind", switches=2), fresh=True) as device:
        assert device.capabilities == {RF_SWITCH, OFF}


def test_it_cannot_sync() -> None:
    with Scripted(configure()) as device:
        assert "not possible" in device.sync_note
        with pytest.raises(DeviceFault, match="not possible"):
            device.sync([0, 1])


# -- writing --------------------------------------------------------------------------------------


def test_the_first_tone_lights_the_chip_and_later_ones_are_one_frame() -> None:
    script = [
        spi(1, OTHER_BYTES),
        spi(1, LIT),
        spi(0, TONE_BYTES),
        spi(0, LIT),
        (UPDATE, None),
        spi(0, OTHER_BYTES),
        (UPDATE, None),
    ]
    with Scripted(configure(), *script) as device:
        device.write([Write(1, OTHER, True), Write(0, TONE, True)])
        device.write([Write(0, OTHER, True)])


def test_off_is_the_switch_and_the_phase_goes_on() -> None:
    script = [
        spi(0, TONE_BYTES),
        spi(0, LIT),
        (UPDATE, None),
        (Level("rf_switch0", True), None),
        (Level("rf_switch0", False), None),
        spi(0, TONE_BYTES),
        spi(0, LIT),
        (UPDATE, None),
        spi(0, TONE_BYTES),
        (UPDATE, None),
        (Level("rf_switch0", True), None),
    ]
    with Scripted(configure(channels=1, switches=1), *script) as device:
        device.write([Write(0, TONE, True)])
        device.write([Write(0, OFF_WORDS, False)])
        device.write([Write(0, TONE, True)])


def test_without_a_switch_no_amplitude_is_no_fundamental() -> None:
    """The service does not offer it as off; a stop needs it."""
    script = [
        spi(0, TONE_BYTES),
        spi(0, LIT),
        (UPDATE, None),
        spi(0, TONE_BYTES),
        spi(0, DARK),
        (UPDATE, None),
        spi(0, TONE_BYTES),
        spi(0, LIT),
        (UPDATE, None),
    ]
    with Scripted(configure(channels=1), *script) as device:
        for words in (TONE, OFF_WORDS, TONE):
            device.write([Write(0, words, words.asf > 0)])


# -- after a failure ------------------------------------------------------------------------------


def test_restore_puts_the_port_in_step_and_rewrites_all() -> None:
    script = [
        spi(0, TONE_BYTES),
        spi(0, LIT),
        (UPDATE, None),
        spi(0, OTHER_BYTES, OUT_OF_ORDER),
        *aborts(0),
        *frames(0, LIT, TONE_BYTES),
        (UPDATE, None),
    ]
    for wires in ("no master_reset", "blind, no master_reset"):
        with Scripted(configure(wires), *script) as device:
            device.write([Write(0, TONE, True)])
            with pytest.raises(TransportError):
                device.write([Write(0, OTHER, True)])
            with pytest.raises(DeviceFault, match="chip 0 may hold half"):
                device.write([Write(1, OTHER, True)])
            device.restore([Write(0, TONE, True)])


def test_a_chip_that_was_never_lit_is_dark_again() -> None:
    script = [
        spi(0, TONE_BYTES),
        spi(0, LIT),
        (UPDATE, OUT_OF_ORDER),
        *aborts(0),
        *frames(0, DARK, NO_TONE),
        (UPDATE, None),
    ]
    with Scripted(configure(), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(0, TONE, True)])
        device.restore([Write(0, Words(0, 0, 0), False)])


# -- starting -------------------------------------------------------------------------------------


def test_initialise_everything() -> None:
    """ARTIQ's registers in ARTIQ's order, but first of all the fundamental is off."""
    script = [
        (Level("rf_switch0", False), None),
        (RESET, None),
        (Delay(1e-3), None),
        *initialisation(),
    ]
    with Scripted(configure("everything", switches=1), *script, fresh=True) as device:
        assert device.initialise([0, 1]) == {0, 1}


def test_initialise_without_the_pll() -> None:
    script = [
        *aborts(0),
        *frames(0, DARK, NO_TONE, power="90"),
        (UPDATE, None),
        part_id(0),
        *settings(0, power="90"),
        dds(0, "80"),
        tone(0, NO_TONE),
        (Delay(0.01), None),
        read(0, "80 10", "90"),
    ]
    with Scripted(configure(channels=1, refclk=1e9), *script, fresh=True) as device:
        device.initialise([0])


def test_initialise_takes_one_chip_after_a_failure_though_reset_is_wired() -> None:
    script = [
        spi(1, TONE_BYTES, OUT_OF_ORDER),
        *aborts(1),
        *aborts(1),
        *frames(1, DARK, NO_TONE),
        (UPDATE, None),
        spi(1, "00 20 12"),
        (UPDATE, None),
        spi(1, "00 22 05"),
        (UPDATE, None),
        (Delay(0.01), None),
    ]
    with Scripted(configure("blind"), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(1, TONE, True)])
        assert device.initialise([1]) == {1}


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("00 00", "part ID .0x003. reads 0x0000 instead of 0x1902"),
        ("FF FF", "part ID .0x003. reads 0xFFFF instead of 0x1902"),
    ],
)
def test_a_chip_that_does_not_answer(answer: str, text: str) -> None:
    script = [*aborts(0), *frames(0, DARK, NO_TONE), (UPDATE, None), part_id(0, answer)]
    script += [*settings(0), dds(0, "80"), tone(0, NO_TONE)]
    with Scripted(configure(channels=1), *script, fresh=True) as device:
        with pytest.raises(DeviceFault, match=text):
            device.initialise([0])


def test_either_part_id_will_do() -> None:
    script = [*initialisation(1)]
    script[script.index(part_id(0))] = part_id(0, "19 02")
    with Scripted(configure(channels=1), *script, fresh=True) as device:
        device.initialise([0])


# -- attaching ------------------------------------------------------------------------------------


def running(chip: int, data: str) -> Script:
    return [part_id(chip), *settings(chip), *pll(chip), dds(chip, "00"), tone(chip, data)]


def test_attach_reads_and_rewrites_what_it_found_without_an_update() -> None:
    script = [
        *aborts(0),
        *aborts(1),
        *running(0, TONE_BYTES),
        *running(1, OTHER_BYTES),
        *frames(0, LIT, TONE_BYTES),
        *frames(1, LIT, OTHER_BYTES),
        spi(1, TONE_BYTES),
        (UPDATE, None),
    ]
    with Scripted(configure(), *script, fresh=True) as device:
        assert device.attach() == [Write(0, TONE, True), Write(1, OTHER, True)]
        device.write([Write(1, TONE, True)])


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(
            [part_id(0), *settings(0, "82"), *pll(0), dds(0, "00")], id="powered down"
        ),
        pytest.param([*running(0, TONE_BYTES)[:-2], dds(0, "80")], id="dark"),
        pytest.param(running(0, NO_TONE), id="0 Hz"),
        pytest.param(running(0, "61 AD 40" + TONE_BYTES[8:]), id="bits of somebody else"),
    ],
)  # fmt: skip
def test_what_is_not_adopted(found: Script) -> None:
    with Scripted(configure(channels=1), *aborts(0), *found, fresh=True) as device:
        assert device.attach() == [None]
        with pytest.raises(DeviceFault, match="initialise"):
            device.write([Write(0, TONE, True)])


def test_a_switch_that_the_transport_cannot_tell_is_not_adopted() -> None:
    script = [*aborts(0), *running(0, TONE_BYTES)]
    with Scripted(configure(channels=1, switches=1), *script, fresh=True) as device:
        assert device.attach() == [None]


# -- silence --------------------------------------------------------------------------------------

SILENCE = [Write(0, OFF_WORDS, False)]
DARKEN = [*frames(0, DARK, TONE_BYTES), (UPDATE, None)]
IS_DARK = [read(0, "80 00", "99"), dds(0, "80"), read(0, "85 00", "00"), read(0, "85 05", "00")]
POWER_DOWN = [spi(0, "00 10 82"), (UPDATE, None)]
SILENT = [*DARKEN, *IS_DARK, *POWER_DOWN, read(0, "80 10", "82")]
WAKE = [spi(0, "00 10 80"), (UPDATE, None), (Delay(0.01), None)]
IS_AWAKE = [part_id(0), read(0, "80 10", "80"), *pll(0)]
LIGHT = [spi(0, OTHER_BYTES), spi(0, LIT), (UPDATE, None)]


def test_silence_by_switch_and_fundamental_and_power_and_read_back() -> None:
    script = [(Level("rf_switch0", False), None), *SILENT]
    with Scripted(configure(channels=1, switches=1), *script) as device:
        assert device.silence(SILENCE) is True


def test_silence_blind() -> None:
    with Scripted(configure("blind", channels=1), *DARKEN, *POWER_DOWN) as device:
        assert device.silence(SILENCE) is False


def test_silence_works_before_initialise() -> None:
    with Scripted(configure(channels=1), *aborts(0), *SILENT, fresh=True) as device:
        assert device.silence(SILENCE) is True
        with pytest.raises(DeviceFault, match="initialise"):
            device.write([Write(0, TONE, True)])


def test_after_silence_a_write_wakes_the_chip_before_it_is_lit() -> None:
    with Scripted(configure(channels=1), *SILENT, *WAKE, *IS_AWAKE, *LIGHT) as device:
        device.silence(SILENCE)
        device.write([Write(0, OTHER, True)])


def test_after_silence_words_alone_do_not_wake_it() -> None:
    words = [spi(0, OTHER_BYTES), spi(0, DARK), (UPDATE, None)]
    with Scripted(configure(channels=1), *SILENT, *words) as device:
        device.silence(SILENCE)
        device.write([Write(0, Words(OTHER.ftw, OTHER.pow, 0), False)])


def test_a_chip_that_does_not_wake_is_a_fault_and_can_be_put_back() -> None:
    dead = [part_id(0, "00 00"), read(0, "80 10", "00"), read(0, "80 20", "00"),
            read(0, "80 22", "00")]  # fmt: skip
    back = [*frames(0, DARK, TONE_BYTES, power="82"), (UPDATE, None)]
    with Scripted(configure(channels=1), *SILENT, *WAKE, *dead, *back) as device:
        device.silence(SILENCE)
        with pytest.raises(DeviceFault, match="part ID"):
            device.write([Write(0, OTHER, True)])
        device.restore(SILENCE)


def test_a_chip_that_may_be_powered_down_is_not_restored_to_a_tone() -> None:
    with Scripted(configure(channels=1), *SILENT) as device:
        device.silence(SILENCE)
        with pytest.raises(DeviceFault, match="chip 0 may be powered down"):
            device.restore([Write(0, TONE, True)])


@pytest.mark.parametrize("wires", ["no master_reset", "everything"])
def test_silence_that_fails_twice_powers_down_by_the_chips_own_update(wires: str) -> None:
    """No reset: at its end the chip may emit what its pins S1 to S3 say."""
    fails = [*DARKEN[:-1], (UPDATE, TransportError("no edge"))]
    last = [spi(0, DARK), spi(0, "00 05 01"), spi(0, "00 10 82"), spi(0, "00 05 01")]
    script = [*fails, *fails, *aborts(0), *last]
    with Scripted(configure(wires, channels=1), *script) as device:
        with pytest.raises(DeviceFault, match="^no edge; every chip was told to power down$"):
            device.silence(SILENCE)
        with pytest.raises(DeviceFault, match="initialise"):
            device.write([Write(0, TONE, True)])


@pytest.mark.parametrize(
    ("wires", "reset", "text"),
    [
        ("blind, no master_reset", [], "SPI transfer failed; SPI transfer failed"),
        ("blind", [(RESET, None)], "SPI transfer failed; every chip was reset"),
        ("blind", [(RESET, TransportError("no line"))], "SPI transfer failed; no line"),
    ],
)
def test_if_that_fails_too_a_reset_is_all_that_is_left(
    wires: str, reset: Script, text: str
) -> None:
    fails = [spi(0, "00 00 99", OUT_OF_ORDER), (UPDATE, None)]
    again = [*aborts(0), spi(0, "00 00 99", OUT_OF_ORDER), (UPDATE, None)]
    script = [*fails, *again, spi(0, "E0 03", OUT_OF_ORDER), *reset]
    with Scripted(configure(wires, channels=1), *script) as device:
        with pytest.raises(DeviceFault, match=f"{text}$"):
            device.silence(SILENCE)


@pytest.mark.parametrize(
    "second",
    [
        pytest.param([spi(0, "00 10 82", OUT_OF_ORDER)], id="not written"),
        pytest.param([*POWER_DOWN, read(0, "80 10", "80")], id="not taken"),
    ],
)
def test_a_power_down_that_fails_is_tried_again(second: Script) -> None:
    again = SILENT if len(second) > 1 else [*aborts(0), *SILENT]
    with Scripted(configure(channels=1), *DARKEN, *IS_DARK, *second, *again) as device:
        assert device.silence(SILENCE) is True


@pytest.mark.parametrize("error", [TransportLost("unplugged"), Preempted("urgent")])
def test_silence_gives_up_only_without_hardware_or_for_something_urgent(error: Exception) -> None:
    with Scripted(configure(channels=1), spi(0, "00 00 99", error)) as device:
        with pytest.raises(type(error)):
            device.silence(SILENCE)


# -- reading --------------------------------------------------------------------------------------


def test_verify_reads_settings_clock_and_tone() -> None:
    script = [*LIGHT, *running(0, OTHER_BYTES), *running(0, TONE_BYTES)]
    with Scripted(configure(channels=1), *script) as device:
        device.write([Write(0, OTHER, True)])
        assert device.verify([Write(0, OTHER, True)]) == []
        assert device.verify([Write(0, OTHER, True)]) == [
            "chip 0: POW and FTW (0x1AD) reads 0x000004FA05143BF7 instead of 0x100019999999999A"
        ]


def test_of_a_chip_that_is_powered_down_the_words_may_wait() -> None:
    script = [*SILENT, part_id(0), read(0, "80 10", "82"), dds(0, "80")]
    with Scripted(configure(channels=1), *script) as device:
        device.silence(SILENCE)
        assert device.verify(SILENCE) == []


def test_probe_says_which_part_it_is_and_how_its_clock_is_set_up() -> None:
    rig = AD9912Rig(configure())
    assert [finding.ok for finding in rig.device.probe()] == [False, False]
    assert "it answers on SDIO only" in rig.device.probe()[0].text
    rig.device.initialise([0, 1])
    found = rig.another().device.probe()
    assert [finding.ok for finding in found] == [True] * 4
    assert "reads 0x1982" in found[0].text
    assert "reads 0x1902" in found[2].text
    rig.device.silence(off(rig.old))
    assert [finding.ok for finding in rig.device.probe()] == [True, None, True, None]


# -- over the twin --------------------------------------------------------------------------------


class WatchedBoard(Watching, ChipBoard[ad9912_chip.AD9912]):
    """AD9912 chips that are watched."""

    def __init__(self, config: Board, clock: ManualClock, early_power: bool) -> None:
        chips = [
            ad9912_chip.AD9912(config[0].refclk, clock, early_power=early_power, part_id=part)
            for part in (0x1982, 0x1902)
        ]
        super().__init__(chips, clock, {"io_update", *wiring(*config)})
        self.forget()


class AD9912Rig(Rig):
    """Two chips."""

    old = [Words(0x147AE147AE14, 0x1000, 1), Words(0x123456789ABC, 0x2000, 1)]
    new = [Words(0x04FA05143BF7, 0x3000, 1), Words(0x7FFFFFFFFFFF, 0x0400, 1)]

    def __init__(
        self, config: Board, early_power: bool = False, earlier: "AD9912Rig | None" = None
    ) -> None:
        self.config = config
        self.clock: ManualClock = earlier.clock if earlier else ManualClock()
        self.board: WatchedBoard = (
            earlier.board if earlier else WatchedBoard(config, self.clock, early_power)
        )
        self.transport = FaultyTwin(self.board, self.clock, config[0].readback)
        self.device = AD9912(*config, self.transport)
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
        self.board.chips[channel]._active[0x40B] ^= 1 << 7

    def power_cycle(self) -> None:
        for chip in self.board.chips:
            chip.set_master_reset(True)
            chip.set_master_reset(False)

    def another(self) -> "AD9912Rig":
        return AD9912Rig(self.config, earlier=self)


class TestConformance(DeviceConformance):
    WIRINGS = [*WIRINGS]
    FULL = "everything"
    BLIND = "blind"
    SYNCS = False
    OLD, NEW = AD9912Rig.old, AD9912Rig.new

    @pytest.fixture(params=[False, True], ids=["0x010 waits", "0x010 acts at once"])
    def make(self, request: pytest.FixtureRequest) -> MakeRig:
        """With both ideas of how a chip is powered down."""
        switches = {"everything": 2, "blind": 1}
        return lambda wires: AD9912Rig(
            configure(wires, switches=switches.get(wires, 0)), request.param
        )

    @pytest.mark.parametrize("bits", [16, 24, 40])
    def test_a_cut_between_any_two_bytes_does_no_harm(self, make: MakeRig, bits: int) -> None:
        """There the port is suspended; every action, cut off so, then put right."""
        actions: list[Callable[[Device], Any]] = [
            lambda device: device.write(writes(self.NEW)),
            lambda device: device.initialise([0, 1]),
            lambda device: device.silence(off(self.OLD)),
        ]
        for wires in self.WIRINGS:
            for number, act in enumerate(actions):
                faults = [Fault(f"cut at {bits} bits", {"bits": bits})]
                for rig, where in every_fault(make, wires, act, faults=faults):
                    if number == 2:
                        act(rig.device)
                        assert rig.outputs() == [None, None], where
                    else:
                        with pytest.raises(TransportError):
                            act(rig.device)
                    if number == 0:
                        self._put_back(rig, wires, where, self.OLD)
                    initialise_again(rig, where)
                    assert_only(rig, outputs_of(self.OLD), outputs_of(self.NEW), where=where)

    @pytest.mark.parametrize("data", ["00", "00 00", "20", "40", "40 13 80", "61", "A0 03 19"])
    def test_the_program_before_may_have_been_cut_off_between_two_bytes(
        self, make: MakeRig, data: str
    ) -> None:
        """It may have been another one, whose cycles have other lengths."""
        after = self._after(make, data)
        assert after.device.attach() == writes(self.OLD)
        after.device.write(writes(self.NEW))
        assert after.history() == [[old, new] for old, new in zip(self.OLD, self.NEW, strict=True)]

    @pytest.mark.parametrize("data", ["24 0C", "24 0C 01", "00 10"])
    def test_what_that_changes_at_once_is_noticed(self, make: MakeRig, data: str) -> None:
        after = self._after(make, data)
        if after.device.attach() != writes(self.OLD):
            assert after.device.attach() == [None, writes(self.OLD)[1]]
            after.device.initialise([0])
        after.device.write(writes(self.NEW))
        assert after.outputs() == self.NEW
        assert_only(after, outputs_of(self.OLD), outputs_of(self.NEW), where=data)

    def _after(self, make: MakeRig, data: str) -> Rig:
        rig = make(self.FULL)
        rig.device.initialise([0, 1])
        rig.device.write(writes(self.OLD))
        cut = bytes.fromhex(data)
        rig.transport.board.transfer(0, cut, 8 * len(cut))
        after = rig.another()
        rig.forget()
        return after
