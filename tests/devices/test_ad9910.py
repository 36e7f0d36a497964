"""The AD9910 driver: the exact traffic of each of its methods."""

from collections.abc import Sequence
from typing import Any

import pytest

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices.ad9910 import AD9910
from dds_link.devices.ad9910_registers import AUX_DAC
from dds_link.devices.base import AMPLITUDE, ATTACH, OFF, READBACK, RF_SWITCH, SYNC, Write
from dds_link.errors import DeviceFault, Preempted, TransportError, TransportLost
from dds_link.transports.base import Delay, Level, Pulse, Transfer
from dds_link.transports.scripted import ScriptedTransport
from dds_link.words import Words
from tests.devices.conformance import DeviceConformance, MakeRig, Outputs, Rig
from tests.devices.watched import WIRINGS, WatchedBoard, configure
from tests.transports.faulty import FaultyTwin
from tests.twins.manual_clock import ManualClock

Script = list[tuple[Any, Any]]
Board = tuple[DeviceConfig, tuple[ChannelConfig, ...]]

UPDATE, IO_RESET, MASTER_RESET = Pulse("io_update"), Pulse("io_reset"), Pulse("master_reset")
#: 100 MHz, 1/4 turn, 0.5; and 80 MHz, 1/8 turn, 0.1.
TONE, TONE_BYTES = Words(0x1999999A, 0x4000, 0x2000), "0E 20 00 40 00 19 99 99 9A"
OTHER, OTHER_BYTES = Words(0x147AE148, 0x2000, 0x0666), "0E 06 66 20 00 14 7A E1 48"
DARK, DARK_BYTES = Words(0x1999999A, 0x4000, 0), "0E 00 00 40 00 19 99 99 9A"
OUT_OF_ORDER = TransportError("SPI transfer failed")


def spi(chip: int, data: str, answer: Any = None) -> tuple[Any, Any]:
    return Transfer(chip, bytes.fromhex(data)), answer


def read(chip: int, instruction: str, answer: str) -> tuple[Any, Any]:
    value = bytes.fromhex(answer)
    return Transfer(chip, bytes.fromhex(instruction) + bytes(len(value))), b"\0" + value


def quiet(chip: int) -> Script:
    """Every register that counts, at zero amplitude."""
    frames = ("00 00 00 00 02", "01 01 01 00 80", "03 00 00 00 7F", "07 00 00 00 00",
              "08 00 00", "09 00 00 00 00", "0A 00 00 00 00", "0E" + 8 * " 00")  # fmt: skip
    return [spi(chip, data) for data in frames]


def is_quiet(chip: int) -> Script:
    return [
        read(chip, "83", "00 00 00 7F"),
        read(chip, "81", "01 01 00 80"),
        read(chip, "8E", "00 00 00 00 00 00 00 00"),
        read(chip, "87", "00 00 00 00"),
    ]


def has_clock(chip: int) -> Script:
    return [read(chip, "80", "00 00 00 02"), read(chip, "82", "0D 3F C1 50")]


def each(part: Any, chips: Sequence[int]) -> Script:
    return [step for chip in chips for step in part(chip)]


def clock(chips: Sequence[int]) -> Script:
    """25 MHz times 40: first with the phase detector held in reset."""
    return [
        *(spi(chip, "02 0D 3F C5 50") for chip in chips),
        (UPDATE, None),
        *(spi(chip, "02 0D 3F C1 50") for chip in chips),
        (UPDATE, None),
        (Delay(0.1), None),
    ]


PROFILE_0_PINS: Script = [(Level(f"profile{n}", False), None) for n in range(3)]
WAKE: Script = [(MASTER_RESET, None), (Delay(1e-3), None)]


def initialisation(chips: Sequence[int] = (0, 1), readback: bool = True) -> Script:
    """What comes after the resets, on a board without PROFILE pins."""
    return [
        *each(quiet, chips),
        (UPDATE, None),
        *(each(is_quiet, chips) if readback else []),
        *clock(chips),
        *(each(has_clock, chips) if readback else []),
    ]


def lines_of(board: Board) -> list[str]:
    pins = board[0].pins
    named = {"io_update": pins.io_update, "io_reset": pins.io_reset,
             "master_reset": pins.master_reset}  # fmt: skip
    lines = [name for name, place in named.items() if place]
    lines += [f"profile{n}" for n in range(len(pins.profile))]
    return lines + [f"rf_switch{c.index}" for c in board[1] if c.rf_switch]


class Scripted:
    """A driver on a board that has been opened, or initialised already."""

    def __init__(self, board: Board, *script: tuple[Any, Any], fresh: bool = False) -> None:
        readback = board[0].readback
        begin: Script = []
        chips = [channel.index for channel in board[1]]
        if not fresh:
            begin += [(Level(f"rf_switch{c.index}", False), None) for c in board[1] if c.rf_switch]
            begin += WAKE if board[0].pins.master_reset else []
            begin += [(IO_RESET, None)] if board[0].pins.io_reset else []
            after_quiet = initialisation(chips, readback)
            if board[0].pins.profile:
                after_quiet[8 * len(chips) : 8 * len(chips)] = PROFILE_0_PINS
            begin += after_quiet
        self.transport = ScriptedTransport([*begin, *script], lines_of(board))
        self.device = AD9910(*board, self.transport)
        self.device.open()
        if not fresh:
            assert self.device.initialise(chips) == set(chips)

    def __enter__(self) -> AD9910:
        return self.device

    def __exit__(self, kind: Any, *rest: Any) -> None:
        if kind is None:
            self.transport.finish()


# -- what it is -----------------------------------------------------------------------------------


def test_channels_and_capabilities() -> None:
    with Scripted(configure("everything", channels=2), fresh=True) as device:
        assert [info.index for info in device.channels] == [0, 1]
        assert [info.chip for info in device.channels] == ["ad9910:0", "ad9910:1"]
        assert {info.update_group for info in device.channels} == {0}
        assert device.channels[0].tuning.sysclk == 1e9
        assert device.capabilities == {READBACK, ATTACH, SYNC, AMPLITUDE, OFF}
        assert "SYNC_CLK" in device.sync_note
    with Scripted(configure("blind", switches=True), fresh=True) as device:
        assert device.capabilities == {SYNC, RF_SWITCH, AMPLITUDE, OFF}


def test_open_and_close_cause_no_traffic() -> None:
    with Scripted(configure("everything"), fresh=True) as device:
        device.close()
        device.close()


# -- writing --------------------------------------------------------------------------------------


def test_a_write_is_one_frame_for_each_chip_and_one_update() -> None:
    script = [spi(1, OTHER_BYTES), spi(0, TONE_BYTES), (UPDATE, None)]
    with Scripted(configure("no resets"), *script) as device:
        device.write([Write(1, OTHER, True), Write(0, TONE, True)])


def test_a_switch_opens_first_and_closes_last() -> None:
    script = [
        (Level("rf_switch1", False), None),
        spi(0, TONE_BYTES),
        spi(1, DARK_BYTES),
        (UPDATE, None),
        (Level("rf_switch0", True), None),
    ]
    with Scripted(configure("no resets", switches=True), *script) as device:
        device.write([Write(0, TONE, True), Write(1, DARK, False)])


def test_sync_sets_autoclear_for_one_update_only() -> None:
    script = [
        spi(0, "00 00 00 20 02"),
        spi(1, "00 00 00 20 02"),
        (UPDATE, None),
        spi(0, "00 00 00 00 02"),
        spi(1, "00 00 00 00 02"),
        (UPDATE, None),
    ]
    with Scripted(configure("everything"), *script) as device:
        device.sync([0, 1])


# -- after a failure ------------------------------------------------------------------------------

RESTORED = [spi(0, "00 00 00 00 02"), spi(0, OTHER_BYTES), (UPDATE, None)]


def test_restore_puts_the_port_back_in_step_and_rewrites_what_was_touched() -> None:
    script = [spi(0, TONE_BYTES, OUT_OF_ORDER), (IO_RESET, None), *RESTORED]
    with Scripted(configure("everything"), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(0, TONE, True)])
        device.restore([Write(0, OTHER, True)])


def test_nothing_is_latched_before_that() -> None:
    script = [
        spi(0, TONE_BYTES, OUT_OF_ORDER),
        (IO_RESET, None),
        *RESTORED,
        spi(1, TONE_BYTES),
        (UPDATE, None),
    ]
    with Scripted(configure("everything"), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(0, TONE, True)])
        for forbidden in (
            lambda: device.write([Write(0, TONE, True)]),
            lambda: device.write([Write(1, TONE, True)]),
            lambda: device.restore([Write(1, TONE, True)]),
            lambda: device.sync([1]),
        ):
            with pytest.raises(DeviceFault, match="chip 0 may hold half"):
                forbidden()
        device.restore([Write(0, OTHER, True)])
        device.write([Write(1, TONE, True)])


def test_restore_without_io_reset_asks_whether_the_port_is_in_step() -> None:
    in_step = read(0, "83", "00 00 00 7F")
    script = [spi(0, TONE_BYTES, OUT_OF_ORDER), in_step, *RESTORED]
    with Scripted(configure("no resets"), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(0, TONE, True)])
        device.restore([Write(0, OTHER, True)])


def test_restore_latches_nothing_in_a_chip_that_is_out_of_step() -> None:
    out_of_step = read(0, "83", "00 00 00 00")
    script = [spi(0, TONE_BYTES, OUT_OF_ORDER), out_of_step]
    with Scripted(configure("no resets"), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(0, TONE, True)])
        with pytest.raises(DeviceFault, match="AUX_DAC reads 0x00000000 instead of 0x0000007F"):
            device.restore([Write(0, OTHER, True)])


def test_blind_without_io_reset_nothing_can_be_restored() -> None:
    script = [spi(0, TONE_BYTES, OUT_OF_ORDER)]
    with Scripted(configure("blind, no resets"), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(0, TONE, True)])
        for forbidden in (
            lambda: device.restore([Write(0, OTHER, True)]),
            lambda: device.initialise([0, 1]),
        ):
            with pytest.raises(DeviceFault, match="neither io_reset nor readback"):
                forbidden()


def test_what_was_only_interrupted_is_in_step() -> None:
    with Scripted(configure("blind, no resets"), *RESTORED) as device:
        interrupt = device._spi.interrupt  # type: ignore[attr-defined]
        interrupt.set()
        with pytest.raises(Preempted):
            device.write([Write(0, TONE, True)])
        interrupt.clear()
        device.restore([Write(0, OTHER, True)])


def test_a_failed_restore_can_be_repeated() -> None:
    script = [
        spi(0, TONE_BYTES, OUT_OF_ORDER),
        (IO_RESET, None),
        spi(0, "00 00 00 00 02", OUT_OF_ORDER),
        (IO_RESET, None),
        *RESTORED,
    ]
    with Scripted(configure("everything"), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(0, TONE, True)])
        with pytest.raises(TransportError):
            device.restore([Write(0, OTHER, True)])
        device.restore([Write(0, OTHER, True)])


# -- starting -------------------------------------------------------------------------------------


def test_initialise_everything() -> None:
    """Zero amplitude is latched by one update before the clock is touched."""
    script = [
        (Level("rf_switch0", False), None),
        (Level("rf_switch1", False), None),
        *WAKE,
        (IO_RESET, None),
        *each(quiet, [0, 1]),
        *PROFILE_0_PINS,
        (UPDATE, None),
        *each(is_quiet, [0, 1]),
        *clock([0, 1]),
        *each(has_clock, [0, 1]),
    ]
    with Scripted(configure("everything", switches=True), *script, fresh=True) as device:
        assert device.initialise([0, 1]) == {0, 1}


def test_initialise_blind_reads_nothing() -> None:
    script = [*WAKE, (IO_RESET, None), *initialisation(readback=False)]
    with Scripted(configure("blind"), *script, fresh=True) as device:
        device.initialise([0, 1])


def test_initialise_without_the_pll() -> None:
    device_config, channels = configure("blind, no resets", channels=1)
    board = (DeviceConfig("ad9910", 1, 1e9, 1e9, "twin:", readback=False, pins=device_config.pins),
             channels)  # fmt: skip
    script = [*quiet(0), (UPDATE, None), spi(0, "02 0E 3F C0 18"), (UPDATE, None)]
    with Scripted(board, *script, fresh=True) as device:
        device.initialise([0])


def test_initialise_some_leaves_the_others_alone() -> None:
    script = [
        (IO_RESET, None),
        *quiet(1),
        *PROFILE_0_PINS,
        (UPDATE, None),
        *is_quiet(1),
        *clock([1]),
        *has_clock(1),
    ]
    with Scripted(configure("everything"), *script) as device:
        assert device.initialise([1]) == {1}


def test_initialise_takes_what_holds_half_of_something_too() -> None:
    script = [spi(0, TONE_BYTES, OUT_OF_ORDER), *WAKE, *initialisation()]
    with Scripted(configure("no io_reset"), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(0, TONE, True)])
        assert device.initialise([1]) == {0, 1}


def test_master_reset_puts_ports_in_step_where_io_reset_cannot() -> None:
    """Chip 1 alone would be enough; but the only line that helps resets all."""
    script = [spi(1, TONE_BYTES, OUT_OF_ORDER), *WAKE, *initialisation()]
    with Scripted(configure("no io_reset"), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(1, TONE, True)])
        assert device.initialise([1]) == {0, 1}


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("00 00 00 00", "all zero: no power, no chip select, or MISO not wired"),
        ("FF FF FF FF", "all ones: MISO floats, or no power"),
        ("00 00 00 7E", "AUX_DAC reads 0x0000007E instead of 0x0000007F$"),
    ],
)
def test_a_chip_that_does_not_answer(answer: str, text: str) -> None:
    script = [*each(quiet, [0, 1]), (UPDATE, None), read(0, "83", answer)]
    script += [read(0, "81", "01 01 00 80"), read(0, "8E", 8 * "00 "), read(0, "87", 4 * "00 ")]
    with Scripted(configure("no resets"), *script, fresh=True) as device:
        with pytest.raises(DeviceFault, match=text):
            device.initialise([0, 1])


def test_a_clock_that_was_not_taken() -> None:
    script = [
        *each(quiet, [0]),
        (UPDATE, None),
        *is_quiet(0),
        *clock([0]),
        read(0, "80", "00 00 00 02"),
        read(0, "82", "1F 3F 40 00"),
    ]
    board = configure("no resets", channels=1)
    with Scripted(board, *script, fresh=True) as device:
        with pytest.raises(DeviceFault, match="CFR3 reads 0x1F3F4000 instead of 0x0D3FC150"):
            device.initialise([0])
        with pytest.raises(DeviceFault, match="chip 0 may hold half"):
            device.write([Write(0, TONE, True)])


# -- attaching ------------------------------------------------------------------------------------


def settings(chip: int) -> Script:
    return [
        read(chip, "80", "00 00 00 02"),
        read(chip, "81", "01 01 00 80"),
        read(chip, "82", "0D 3F C1 50"),
        read(chip, "83", "00 00 00 7F"),
    ]


def test_attach_reads_and_rewrites_what_it_found_without_an_update() -> None:
    script = [
        (IO_RESET, None),
        *settings(0),
        read(0, "8E", TONE_BYTES[3:]),
        read(0, "87", "19 99 99 9A"),
        *settings(1),
        read(1, "8E", OTHER_BYTES[3:]),
        read(1, "87", "14 7A E1 48"),
        spi(0, "00 00 00 00 02"),
        spi(0, TONE_BYTES),
        spi(1, "00 00 00 00 02"),
        spi(1, OTHER_BYTES),
        spi(1, TONE_BYTES),
        (UPDATE, None),
    ]
    with Scripted(configure("everything"), *script, fresh=True) as device:
        assert device.attach() == [Write(0, TONE, True), Write(1, OTHER, True)]
        device.write([Write(1, TONE, True)])  # both chips are in a state that is known


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(
            [read(0, "80", "00 00 20 02"), *settings(0)[1:]], id="another CFR1: autoclear is on"
        ),
        pytest.param(
            [*settings(0)[:1], read(0, "81", "00 40 08 20"), *settings(0)[2:]],
            id="another CFR2: the profile's amplitude does not count",
        ),
        pytest.param([*settings(0), read(0, "8E", 8 * "00 ")], id="never given a tone"),
        pytest.param(
            [*settings(0), read(0, "8E", "E0 00 40 00 19 99 99 9A")], id="bits of somebody else"
        ),
        pytest.param(
            [*settings(0), read(0, "8E", TONE_BYTES[3:]), read(0, "87", "19 99 99 9B")],
            id="another profile is selected",
        ),
    ],
)
def test_what_is_not_adopted(found: Script) -> None:
    with Scripted(configure("no resets", channels=1), *found, fresh=True) as device:
        assert device.attach() == [None]
        with pytest.raises(DeviceFault, match="initialise"):
            device.write([Write(0, TONE, True)])


def test_a_switch_that_the_transport_cannot_tell_is_not_adopted() -> None:
    found = [*settings(0), read(0, "8E", TONE_BYTES[3:]), read(0, "87", "19 99 99 9A")]
    board = configure("no resets", channels=1, switches=True)
    with Scripted(board, *found, fresh=True) as device:
        assert device.attach() == [None]


# -- silence --------------------------------------------------------------------------------------


def silent_registers(chip: int) -> Script:
    return [spi(chip, "00 00 00 00 02"), spi(chip, "01 01 01 00 80"), spi(chip, DARK_BYTES)]


def is_silent(chip: int) -> Script:
    return [
        read(chip, "80", "00 00 00 02"),
        read(chip, "81", "01 01 00 80"),
        read(chip, "8E", DARK_BYTES[3:]),
        read(chip, "87", "19 99 99 9A"),
    ]


SILENCE = [Write(0, DARK, False), Write(1, DARK, False)]
SWITCHES: Script = [(Level("rf_switch0", False), None), (Level("rf_switch1", False), None)]


def test_silence_by_switch_and_amplitude_and_read_back() -> None:
    """CFR2 is written, too: in a chip that lost power meanwhile the amplitude would not count."""
    script = [
        *SWITCHES,
        (IO_RESET, None),
        *each(silent_registers, [0, 1]),
        *PROFILE_0_PINS,
        (UPDATE, None),
        *each(is_silent, [0, 1]),
    ]
    with Scripted(configure("everything", switches=True), *script) as device:
        assert device.silence(SILENCE) is True


def test_silence_blind() -> None:
    script = [(IO_RESET, None), *each(silent_registers, [0, 1]), (UPDATE, None)]
    with Scripted(configure("blind"), *script) as device:
        assert device.silence(SILENCE) is False


def test_silence_works_before_initialise() -> None:
    script = [*each(silent_registers, [0, 1]), (UPDATE, None), *each(is_silent, [0, 1])]
    with Scripted(configure("no resets"), *script, fresh=True) as device:
        assert device.silence(SILENCE) is True
        with pytest.raises(DeviceFault, match="initialise"):
            device.write([Write(0, TONE, True)])


def test_silence_goes_on_past_failures_and_tries_again() -> None:
    script = [
        (Level("rf_switch0", False), TransportError("no such line")),
        (Level("rf_switch1", False), None),
        (IO_RESET, None),
        spi(0, "00 00 00 00 02", OUT_OF_ORDER),
        *silent_registers(1),
        *PROFILE_0_PINS,
        (UPDATE, None),
        # again
        *SWITCHES,
        (IO_RESET, None),
        *each(silent_registers, [0, 1]),
        *PROFILE_0_PINS,
        (UPDATE, None),
        *each(is_silent, [0, 1]),
    ]
    with Scripted(configure("everything", switches=True), *script) as device:
        assert device.silence(SILENCE) is True


def test_silence_that_fails_twice_resets_every_chip() -> None:
    fails = [
        (IO_RESET, None),
        spi(0, "00 00 00 00 02", OUT_OF_ORDER),
        *silent_registers(1),
        (UPDATE, None),
    ]
    with Scripted(configure("blind"), *fails, *fails, (MASTER_RESET, None)) as device:
        with pytest.raises(DeviceFault, match="^SPI transfer failed; every chip was reset$"):
            device.silence(SILENCE)
        with pytest.raises(DeviceFault, match="chip 0, 1 may hold half"):
            device.write([Write(1, TONE, True)])


def test_silence_without_master_reset_powers_down() -> None:
    """Power-down of the digital core is the only means that needs no I/O_UPDATE."""
    fails = [
        (IO_RESET, None),
        *each(silent_registers, [0, 1]),
        (UPDATE, TransportError("no edge")),
    ]
    power_down = [spi(0, "00 00 00 00 F2"), spi(1, "00 00 00 00 F2")]
    with Scripted(configure("no master_reset"), *fails, *fails, *power_down) as device:
        with pytest.raises(DeviceFault, match="^no edge; every chip was told to power down$"):
            device.silence(SILENCE)


def test_silence_with_a_master_reset_that_fails_powers_down() -> None:
    fails = [
        (IO_RESET, TransportError("no reset")),
        *each(silent_registers, [0, 1]),
        (UPDATE, None),
    ]
    script = [
        *fails,
        *fails,
        (MASTER_RESET, TransportError("neither that")),
        spi(0, "00 00 00 00 F2", OUT_OF_ORDER),
        spi(1, "00 00 00 00 F2"),
    ]
    with Scripted(configure("blind"), *script) as device:
        with pytest.raises(DeviceFault, match="^no reset; neither that; SPI transfer failed$"):
            device.silence(SILENCE)


def test_silence_latches_nothing_in_a_chip_that_may_be_out_of_step() -> None:
    script = [spi(0, TONE_BYTES, OUT_OF_ORDER), (MASTER_RESET, None)]
    with Scripted(configure("blind, no io_reset"), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(0, TONE, True)])
        with pytest.raises(DeviceFault, match="neither io_reset nor readback.*chip was reset"):
            device.silence(SILENCE)


def test_silence_that_is_not_read_back_is_a_fault() -> None:
    fails = [
        *silent_registers(0),
        (UPDATE, None),
        *is_silent(0)[:2],
        read(0, "8E", TONE_BYTES[3:]),
        is_silent(0)[3],
    ]
    board = configure("no resets", channels=1)
    with Scripted(board, *fails, *fails, spi(0, "00 00 00 00 F2")) as device:
        with pytest.raises(DeviceFault, match="PROFILE 0 reads 0x200040001999999A instead"):
            device.silence(SILENCE[:1])


@pytest.mark.parametrize("error", [TransportLost("unplugged"), Preempted("urgent")])
def test_silence_gives_up_only_without_hardware_or_for_something_urgent(
    error: Exception | None,
) -> None:
    with Scripted(configure("everything"), (IO_RESET, error)) as device:
        with pytest.raises(type(error)):  # type: ignore[arg-type]
            device.silence(SILENCE)


# -- reading --------------------------------------------------------------------------------------


def test_verify_reads_settings_tone_and_what_the_core_uses() -> None:
    tone = [read(0, "8E", TONE_BYTES[3:]), read(0, "87", "19 99 99 9A")]
    with Scripted(configure("everything"), *settings(0), *tone) as device:
        assert device.verify([Write(0, TONE, True)]) == []


def test_verify_lists_every_difference() -> None:
    script = [
        *settings(0),
        read(0, "8E", OTHER_BYTES[3:]),
        read(0, "87", "14 7A E1 48"),
        *settings(1)[:3],
        read(1, "83", "00 00 00 FF"),
        read(1, "8E", TONE_BYTES[3:]),
        read(1, "87", "19 99 99 9A"),
    ]
    with Scripted(configure("everything"), *script) as device:
        assert device.verify([Write(0, TONE, True), Write(1, TONE, True)]) == [
            "chip 0: PROFILE 0 reads 0x06662000147AE148 instead of 0x200040001999999A",
            "chip 0: FTW in use reads 0x147AE148 instead of 0x1999999A",
            "chip 1: AUX_DAC reads 0x000000FF instead of 0x0000007F",
        ]


# -- over the twin --------------------------------------------------------------------------------

#: Some of the wirings, with RF switches.
SWITCHED = {"everything", "no resets", "blind"}


class AD9910Rig(Rig):
    """Two chips."""

    def __init__(self, config: Board, earlier: "AD9910Rig | None" = None) -> None:
        self.config = config
        self.clock = earlier.clock if earlier else ManualClock()
        self.board = earlier.board if earlier else WatchedBoard(*config, self.clock)
        self.transport = FaultyTwin(self.board, self.clock, config[0].readback)
        self.device = AD9910(*config, self.transport)
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
        self.board.chips[channel]._active[AUX_DAC] ^= 1 << 7

    def power_cycle(self) -> None:
        for chip in self.board.chips:
            chip.set_master_reset(True)
            chip.set_master_reset(False)

    def another(self) -> "AD9910Rig":
        return AD9910Rig(self.config, self)


class TestConformance(DeviceConformance):
    WIRINGS = [*WIRINGS]
    FULL = "everything"
    BLIND = "blind"

    @pytest.fixture
    def make(self) -> MakeRig:
        return lambda wiring: AD9910Rig(configure(wiring, switches=wiring in SWITCHED))
