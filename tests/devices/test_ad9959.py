"""The driver of AD9959 and AD9958: the exact traffic of each of its methods, and conformance."""

from dataclasses import replace
from typing import Any

import pytest

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices.ad9959 import AD9958, AD9959
from dds_link.devices.base import (
    AMPLITUDE,
    ATTACH,
    OFF,
    READBACK,
    RF_SWITCH,
    SYNC,
    Device,
    Write,
)
from dds_link.errors import DeviceFault, TransportError
from dds_link.transports.base import Delay, Level, Pulse, Transfer
from dds_link.transports.scripted import ScriptedTransport
from dds_link.transports.wiring import wiring
from dds_link.twins import ad9959 as twin
from dds_link.words import Words
from tests.devices.conformance import DeviceConformance, MakeRig, Outputs, Rig
from tests.devices.watched import WIRINGS, Watching, configure
from tests.transports.faulty import FaultyTwin
from tests.twins.manual_clock import ManualClock

Script = list[tuple[Any, Any]]
Board = tuple[DeviceConfig, tuple[ChannelConfig, ...]]

UPDATE, SYNC_IO, MASTER_RESET = Pulse("io_update"), Pulse("io_reset"), Pulse("master_reset")
CUT_OFF = TransportError("SPI transfer failed")

#: Of every kind of wiring one; the others differ in what SpiChips does with all chips alike.
SOME = ["everything", "no io_reset", "no resets", "blind", "blind, no resets"]


def board(
    wires: str = "everything",
    chips: "tuple[int, ...]" = (0, 0, 0, 0),
    type_name: str = "ad9959",
    clocks: "tuple[float, float]" = (25e6, 500e6),
    **more: Any,
) -> Board:
    """A board whose channels are on these chips; its profile pins are tied low."""
    device, channels = configure(wires, 4, **more)
    pins = replace(device.pins, profile=())
    device = replace(device, type=type_name, channels=len(chips), pins=pins)
    device = replace(device, refclk=clocks[0], sysclk=clocks[1])
    made = tuple(
        replace(channels[n % 4], index=n, name=f"ch{n}", chip_select=chip,
                rf_switch=channels[n % 4].rf_switch and f"a:{20 + n}")
        for n, chip in enumerate(chips)
    )  # fmt: skip
    return device, made


def spi(chip: int, data: str, answer: Any = None) -> "tuple[Any, Any]":
    return Transfer(chip, bytes.fromhex(data)), answer


def read(chip: int, select: str, register: str, answer: str) -> "tuple[Any, Any]":
    """CSR, and a register of the channel that it selects."""
    value = bytes.fromhex(answer)
    data = bytes.fromhex("00" + select + register) + bytes(len(value))
    return Transfer(chip, data), b"\0\0\0" + value


#: CSR of each channel of a chip: one enable bit, 3-wire, most significant bit first.
CSRS = {"ad9959": ["12", "22", "42", "82"], "ad9958": ["42", "82"]}
#: 80 MHz at 500 MHz, 1/4 turn, 0.5; and 10 MHz, 0, 1 (without CSR).
TONE, TONE_BYTES = Words(0x28F5C28F, 0x1000, 0x200), "04 28 F5 C2 8F 05 10 00 06 00 12 00"
OTHER, OTHER_BYTES = Words(0x051EB852, 0, 0x3FF), "04 05 1E B8 52 05 00 00 06 00 13 FF"
DARK, DARK_BYTES = Words(0x28F5C28F, 0x1000, 0), "04 28 F5 C2 8F 05 10 00 06 00 10 00"
ZERO_BYTES = "04 00 00 00 00 05 00 00 06 00 10 00"
CONTROL = "03 00 03 20"


def quiet(chip: int, everything: str = "F2") -> Script:
    """Every channel at zero amplitude, which counts; nothing is cleared all the time."""
    return [spi(chip, f"00 {everything} {CONTROL} 00 {everything} {ZERO_BYTES} 02 00 00")]


def channel_reads(chip: int, select: str, ftw: str, pow_: str, acr: str) -> Script:
    return [
        read(chip, select, "83", "00 03 20"),
        read(chip, select, "84", ftw),
        read(chip, select, "85", pow_),
        read(chip, select, "86", acr),
    ]


def tone_reads(chip: int, select: str) -> Script:
    return channel_reads(chip, select, "28 F5 C2 8F", "10 00", "00 12 00")


def is_quiet(chip: int, selects: "list[str]") -> Script:
    script = [read(chip, selects[0], "82", "00 00")]
    for select in selects:
        script += channel_reads(chip, select, "00 00 00 00", "00 00", "00 10 00")
    return script


def clock(chips: "tuple[int, ...]", fr1: str = "D3 00 00") -> Script:
    frames = [spi(chip, "01 " + fr1) for chip in chips]
    return [*frames, (UPDATE, None), (Delay(0.01), None)]


def has_clock(chip: int, select: str = "12", fr1: str = "D3 00 00") -> "tuple[Any, Any]":
    return read(chip, select, "81", fr1)


def initialisation(config: Board) -> Script:
    """What comes after the resets."""
    device, channels = config
    selects = CSRS[device.type]
    chips = tuple(dict.fromkeys(channel.chip_select for channel in channels))
    everything = f"{sum(int(select, 16) & 0xF0 for select in selects) | 2:02X}"
    script = [step for chip in range(len(chips)) for step in quiet(chip, everything)]
    script.append((UPDATE, None))
    if device.readback:
        for chip in range(len(chips)):
            script += is_quiet(chip, selects)
    script += clock(tuple(range(len(chips))))
    if device.readback:
        script += [has_clock(chip, selects[0]) for chip in range(len(chips))]
    return script


class Scripted:
    """A driver on a board that has been opened, or initialised already."""

    def __init__(self, config: Board, *script: "tuple[Any, Any]", fresh: bool = False) -> None:
        device, channels = config
        begin: Script = []
        if not fresh:
            begin += [(Level(f"rf_switch{c.index}", False), None) for c in channels if c.rf_switch]
            if device.pins.master_reset:
                begin += [(MASTER_RESET, None), (Delay(1e-3), None)]
            begin += [(SYNC_IO, None)] if device.pins.io_reset else []
            begin += initialisation(config)
        self.transport = ScriptedTransport([*begin, *script], wiring(*config))
        driver = AD9958 if device.type == "ad9958" else AD9959
        self.device = driver(device, channels, self.transport)
        self.device.open()
        if not fresh:
            every = [channel.index for channel in channels]
            assert self.device.initialise(every) == set(every)

    def __enter__(self) -> AD9959:
        return self.device

    def __exit__(self, kind: Any, *rest: Any) -> None:
        if kind is None:
            self.transport.finish()


# -- what it is -----------------------------------------------------------------------------------


def test_channels_and_capabilities() -> None:
    with Scripted(board(chips=4 * (3,) + 4 * (1,)), fresh=True) as device:
        assert [info.index for info in device.channels] == [*range(8)]
        assert [info.chip for info in device.channels] == 4 * ["ad9959:0"] + 4 * ["ad9959:1"]
        assert {info.update_group for info in device.channels} == {0}
        tuning = device.channels[7].tuning
        assert (tuning.sysclk, tuning.pow_bits, tuning.max_asf) == (500e6, 14, 1023)
        assert device.capabilities == {READBACK, ATTACH, SYNC, AMPLITUDE, OFF}
        assert "SYNC_CLK" in device.sync_note
    with Scripted(board("blind", (0, 0), "ad9958", switches=True), fresh=True) as device:
        assert [info.chip for info in device.channels] == 2 * ["ad9958:0"]
        assert device.capabilities == {SYNC, AMPLITUDE, OFF, RF_SWITCH}


# -- writing --------------------------------------------------------------------------------------

#: System clock, tone (Hz, turns, fraction), channel, bytes: exact arithmetic (``fractions``), and
#: the registers of the data sheet's map.
GOLDEN = [
    (500e6, 10e6, 0, 1, 0, "00 12 04 05 1E B8 52 05 00 00 06 00 13 FF"),
    (500e6, 80e6, 0.25, 0.5, 1, "00 22 04 28 F5 C2 8F 05 10 00 06 00 12 00"),
    (500e6, 123456789, 0.5, 0.25, 2, "00 42 04 3F 35 BA 6E 05 20 00 06 00 11 00"),
    (480e6, 100e6, 0.75, 0.1, 3, "00 82 04 35 55 55 55 05 30 00 06 00 10 66"),
    (429496729.6, 1e6, 0.5, 0.489736, 0, "00 12 04 00 98 96 80 05 20 00 06 00 11 F5"),
]


@pytest.mark.parametrize(("sysclk", "frequency", "phase", "amplitude", "channel", "data"), GOLDEN)
def test_golden_tones(
    sysclk: float, frequency: float, phase: float, amplitude: float, channel: int, data: str
) -> None:
    config = board("blind, no resets", clocks=(sysclk, sysclk))
    begin = [*quiet(0), (UPDATE, None), *clock((0,), "03 00 00")]
    with Scripted(config, *begin, spi(0, data), (UPDATE, None), fresh=True) as device:
        device.initialise([0, 1, 2, 3])
        tuning = device.channels[channel].tuning
        words = Words(
            tuning.frequency_to_ftw(frequency),
            tuning.turns_to_pow(phase),
            tuning.amplitude_to_asf(amplitude),
        )
        device.write([Write(channel, words, True)])


def test_a_write_is_one_frame_for_each_channel_and_one_update_for_all() -> None:
    script = [
        spi(1, "00 22" + OTHER_BYTES),
        spi(0, "00 82" + TONE_BYTES),
        spi(1, "00 12" + DARK_BYTES),
        (UPDATE, None),
    ]
    with Scripted(board("no resets", 4 * (0,) + 4 * (1,)), *script) as device:
        device.write([Write(5, OTHER, True), Write(3, TONE, True), Write(4, DARK, False)])


def test_the_channels_of_an_ad9958_have_the_upper_bits_of_csr() -> None:
    script = [spi(0, "00 42" + TONE_BYTES), spi(0, "00 82" + OTHER_BYTES), (UPDATE, None)]
    with Scripted(board("no resets", (0, 0), "ad9958"), *script) as device:
        device.write([Write(0, TONE, True), Write(1, OTHER, True)])


def test_a_switch_opens_first_and_closes_last() -> None:
    script = [
        (Level("rf_switch1", False), None),
        spi(0, "00 12" + TONE_BYTES),
        spi(0, "00 22" + DARK_BYTES),
        (UPDATE, None),
        (Level("rf_switch0", True), None),
    ]
    with Scripted(board("no resets", switches=True), *script) as device:
        device.write([Write(0, TONE, True), Write(1, DARK, False)])


def test_sync_sets_autoclear_for_one_update_only() -> None:
    script = [
        spi(0, "00 A2 03 00 03 24"),
        spi(1, "00 12 03 00 03 24"),
        (UPDATE, None),
        spi(0, "00 A2 03 00 03 20"),
        spi(1, "00 12 03 00 03 20"),
        (UPDATE, None),
    ]
    with Scripted(board("no resets", 4 * (0,) + 4 * (1,)), *script) as device:
        device.sync([1, 3, 4])


# -- after a failure ------------------------------------------------------------------------------

RESTORED = [spi(0, "00 32" + CONTROL), spi(0, "00 12" + OTHER_BYTES),
            spi(0, "00 22" + TONE_BYTES), (UPDATE, None)]  # fmt: skip


def write_both(device: AD9959) -> None:
    device.write([Write(0, TONE, True), Write(1, OTHER, True)])


def test_restore_puts_the_port_in_step_and_rewrites_what_was_touched() -> None:
    script = [
        spi(0, "00 12" + TONE_BYTES),
        spi(0, "00 22" + OTHER_BYTES, CUT_OFF),
        (SYNC_IO, None),
        *RESTORED,
        spi(0, "00 82" + TONE_BYTES),
        (UPDATE, None),
    ]
    with Scripted(board(), *script) as device:
        with pytest.raises(TransportError):
            write_both(device)
        for forbidden in (
            lambda: device.write([Write(3, TONE, True)]),
            lambda: device.restore([Write(0, OTHER, True)]),
            lambda: device.sync([3]),
        ):
            with pytest.raises(DeviceFault, match="chip 0 may hold half"):
                forbidden()
        device.restore([Write(0, OTHER, True), Write(1, TONE, True)])
        device.write([Write(3, TONE, True)])


def test_restore_without_sync_io_asks_whether_the_port_is_in_step() -> None:
    """Nothing identifies the chip, but CSR reads what was just written to it."""
    script = [
        spi(0, "00 12" + TONE_BYTES, CUT_OFF),
        read(0, "12", "80", "12"),
        read(0, "12", "80", "12"),
        *RESTORED,
    ]
    with Scripted(board("no resets"), *script) as device:
        with pytest.raises(TransportError):
            write_both(device)
        device.restore([Write(0, OTHER, True), Write(1, TONE, True)])


def test_out_of_step_no_channel_of_the_chip_can_be_trusted() -> None:
    script = [
        spi(0, "00 12" + TONE_BYTES, CUT_OFF),
        read(0, "12", "80", "00"),
        read(0, "12", "80", "12"),
    ]
    with Scripted(board("no resets"), *script) as device:
        with pytest.raises(TransportError):
            device.write([Write(0, TONE, True)])
        with pytest.raises(DeviceFault, match="chip 0: CSR reads 0x00 instead of 0x12"):
            device.restore([Write(0, OTHER, True)])
        with pytest.raises(DeviceFault, match="chip 0 may hold half"):
            device.restore([Write(0, OTHER, True)])


# -- starting -------------------------------------------------------------------------------------


def test_initialise_everything() -> None:
    """Zero amplitude is latched by one update before the PLL is touched."""
    script = [
        (Level("rf_switch0", False), None),
        (Level("rf_switch1", False), None),
        (MASTER_RESET, None),
        (Delay(1e-3), None),
        (SYNC_IO, None),
        spi(0, "00 C2 03 00 03 20 00 C2 04 00 00 00 00 05 00 00 06 00 10 00 02 00 00"),
        *((Level(f"profile{n}", False), None) for n in range(3)),
        (UPDATE, None),
        *is_quiet(0, ["42", "82"]),
        spi(0, "01 D3 00 00"),
        (UPDATE, None),
        (Delay(0.01), None),
        has_clock(0, "42"),
    ]
    device_config, channels = board("everything", (0, 0), "ad9958", switches=True)
    pins = replace(device_config.pins, profile=("a:5", "a:6", "a:7"))
    config = replace(device_config, pins=pins), channels
    with Scripted(config, *script, fresh=True) as device:
        assert device.initialise([0, 1]) == {0, 1}


def test_initialise_takes_a_whole_chip_unless_others_on_it_go_on() -> None:
    """One that shall be kept keeps its clock."""
    script = [
        spi(0, "00 A2 03 00 03 20 00 A2" + ZERO_BYTES),
        (UPDATE, None),
        *channel_reads(0, "22", "00 00 00 00", "00 00", "00 10 00"),
        *channel_reads(0, "82", "00 00 00 00", "00 00", "00 10 00"),
        *quiet(1),
        (UPDATE, None),
        *is_quiet(1, CSRS["ad9959"]),
        *clock((1,)),
        has_clock(1),
    ]
    with Scripted(board("no resets", 4 * (0,) + 4 * (1,)), *script) as device:
        assert device.initialise([1, 3]) == {1, 3}
        assert device.initialise([4, 5, 6, 7]) == {4, 5, 6, 7}


def test_a_chip_that_does_not_answer() -> None:
    dead = [read(0, "12", "82", "00 00")]
    for select in CSRS["ad9959"]:
        dead += [read(0, select, "83", "00 00 00"), read(0, select, "84", "00 00 00 00"),
                 read(0, select, "85", "00 00"), read(0, select, "86", "00 00 00")]  # fmt: skip
    script = [*quiet(0), (UPDATE, None), *dead]
    with Scripted(board("no resets"), *script, fresh=True) as device:
        with pytest.raises(DeviceFault, match="CFR of channel 0 reads 0x000000 .* no power"):
            device.initialise([0, 1, 2, 3])


def test_a_clock_that_was_not_taken() -> None:
    script = [
        *quiet(0),
        (UPDATE, None),
        *is_quiet(0, CSRS["ad9959"]),
        *clock((0,)),
        has_clock(0, fr1="00 00 00"),
    ]
    with Scripted(board("no resets"), *script, fresh=True) as device:
        with pytest.raises(DeviceFault, match="chip 0: FR1 reads 0x000000 instead of 0xD30000"):
            device.initialise([0, 1, 2, 3])
        with pytest.raises(DeviceFault, match="chip 0 may hold half"):
            device.write([Write(0, TONE, True)])


@pytest.mark.parametrize(
    ("clocks", "fr1"),
    [
        ((25e6, 500e6), "D3 00 00"),
        ((50e6, 500e6), "AB 00 00"),
        ((125e6, 500e6), "93 00 00"),
        ((20e6, 160e6), "23 00 00"),
        ((500e6, 500e6), "03 00 00"),
    ],
)
def test_golden_clocks(clocks: "tuple[float, float]", fr1: str) -> None:
    """Computed from the data sheet's fields: VCO gain, multiplier, charge pump 3."""
    config = board("blind, no resets", clocks=clocks)
    script = [*quiet(0), (UPDATE, None), *clock((0,), fr1)]
    with Scripted(config, *script, fresh=True) as device:
        device.initialise([0, 1, 2, 3])


# -- attaching ------------------------------------------------------------------------------------


def settings(select: str) -> Script:
    return [
        read(0, select, "81", "D3 00 00"),
        read(0, select, "82", "00 00"),
        read(0, select, "83", "00 03 20"),
    ]


def found(select: str, acr: str = "00 12 00", pow_: str = "10 00") -> Script:
    return [
        read(0, select, "86", acr),
        read(0, select, "84", "28 F5 C2 8F"),
        read(0, select, "85", pow_),
    ]


def test_attach_reads_and_rewrites_what_it_found_without_an_update() -> None:
    script = [
        (SYNC_IO, None),
        *settings("42"),
        *found("42"),
        *settings("82"),
        *found("82", acr="00 10 00"),
        spi(0, "01 D3 00 00 02 00 00"),
        spi(0, "00 42" + CONTROL),
        spi(0, "00 42" + TONE_BYTES),
        spi(0, "01 D3 00 00 02 00 00"),
        spi(0, "00 82" + CONTROL),
        spi(0, "00 82" + DARK_BYTES),
        spi(0, "00 82" + OTHER_BYTES),
        (UPDATE, None),
    ]
    with Scripted(board("everything", (0, 0), "ad9958"), *script, fresh=True) as device:
        assert device.attach() == [Write(0, TONE, True), Write(1, DARK, True)]
        device.write([Write(1, OTHER, True)])


@pytest.mark.parametrize(
    "reads",
    [
        pytest.param([read(0, "42", "81", "93 00 00"), *settings("42")[1:]], id="another clock"),
        pytest.param(
            [*settings("42")[:1], read(0, "42", "82", "20 00"), settings("42")[2]],
            id="all accumulators are cleared at every update",
        ),
        pytest.param([*settings("42")[:2], read(0, "42", "83", "00 03 02")], id="another CFR"),
        pytest.param([*settings("42"), *found("42", acr="00 02 00")], id="amplitude not in use"),
        pytest.param([*settings("42"), *found("42", pow_="50 00")], id="bits of somebody else"),
        pytest.param(
            [*settings("42"), read(0, "42", "86", "00 10 00"), read(0, "42", "84", "00 00 00 00"),
             read(0, "42", "85", "00 00")],
            id="never given a tone",
        ),
    ],
)  # fmt: skip
def test_what_is_not_adopted(reads: Script) -> None:
    script = [*reads, *settings("82"), *found("82"), spi(0, "01 D3 00 00 02 00 00"),
              spi(0, "00 82" + CONTROL), spi(0, "00 82" + TONE_BYTES)]  # fmt: skip
    with Scripted(board("no resets", (0, 0), "ad9958"), *script, fresh=True) as device:
        assert device.attach() == [None, Write(1, TONE, True)]


def test_a_switch_that_the_transport_cannot_tell_is_not_adopted() -> None:
    config = board("no resets", (0, 0), "ad9958", switches=True)
    script = [*settings("42"), *found("42"), *settings("82"), *found("82")]
    with Scripted(config, *script, fresh=True) as device:
        assert device.attach() == [None, None]


# -- silence --------------------------------------------------------------------------------------


def silent_registers(select: str) -> "tuple[Any, Any]":
    return spi(0, f"00 {select} {CONTROL} 00 {select} {DARK_BYTES}")


def is_silent(select: str) -> Script:
    return [read(0, select, "83", "00 03 20"), read(0, select, "86", "00 10 00")]


SILENCE = [Write(0, DARK, False), Write(1, DARK, False)]
PAIR = (0, 0)


def test_silence_by_switch_and_amplitude_and_read_back() -> None:
    script = [
        (Level("rf_switch0", False), None),
        (Level("rf_switch1", False), None),
        (SYNC_IO, None),
        silent_registers("42"),
        silent_registers("82"),
        (UPDATE, None),
        *is_silent("42"),
        *is_silent("82"),
    ]
    with Scripted(board("no master_reset", PAIR, "ad9958", switches=True), *script) as device:
        assert device.silence(SILENCE) is True


def test_silence_leaves_a_chip_alone_that_takes_frames_for_the_rest_of_another() -> None:
    """It is tried again once the port is in step."""
    script = [
        (SYNC_IO, None),
        spi(0, silent_registers("42")[0].data.hex(), CUT_OFF),
        (UPDATE, None),
        (SYNC_IO, None),
        silent_registers("42"),
        silent_registers("82"),
        (UPDATE, None),
    ]
    with Scripted(board("blind, no master_reset", PAIR, "ad9958"), *script) as device:
        assert device.silence(SILENCE) is False


def test_silence_without_master_reset_powers_down() -> None:
    fails = [
        (SYNC_IO, None),
        silent_registers("42"),
        silent_registers("82"),
        (UPDATE, TransportError("no edge")),
    ]
    power_down = [spi(0, "00 C2 03 00 03 E0"), (UPDATE, None)]
    config = board("blind, no master_reset", PAIR, "ad9958")
    with Scripted(config, *fails, *fails, *power_down) as device:
        with pytest.raises(DeviceFault, match="^no edge; every chip was told to power down$"):
            device.silence(SILENCE)


def test_power_down_that_may_not_have_come_in_is_not_latched() -> None:
    fails = [
        (SYNC_IO, TransportError("no edge")),
        silent_registers("42"),
        silent_registers("82"),
        (UPDATE, None),
    ]
    config = board("blind, no master_reset", PAIR, "ad9958")
    script = [*fails, *fails, spi(0, "00 C2 03 00 03 E0", CUT_OFF)]
    with Scripted(config, *script) as device:
        with pytest.raises(DeviceFault, match="^no edge; SPI transfer failed$"):
            device.silence(SILENCE)


# -- reading --------------------------------------------------------------------------------------


def test_verify_reads_the_settings_of_a_chip_once_and_each_tone() -> None:
    script = [
        read(0, "22", "81", "D3 00 00"),
        read(0, "22", "82", "00 00"),
        *tone_reads(0, "22"),
        *tone_reads(0, "82"),
        read(1, "12", "81", "D3 00 00"),
        read(1, "12", "82", "00 00"),
        *tone_reads(1, "12"),
    ]
    with Scripted(board("no resets", 4 * (0,) + 4 * (1,)), *script) as device:
        assert device.verify([Write(n, TONE, True) for n in (1, 3, 4)]) == []


def test_verify_lists_every_difference() -> None:
    script = [
        read(0, "12", "81", "D3 00 80"),
        read(0, "12", "82", "00 00"),
        read(0, "12", "83", "00 00 20"),
        *tone_reads(0, "12")[1:3],
        read(0, "12", "86", "00 02 00"),
    ]
    with Scripted(board("no resets"), *script) as device:
        assert device.verify([Write(0, TONE, True)]) == [
            "chip 0: FR1 reads 0xD30080 instead of 0xD30000",
            "chip 0: CFR of channel 0 reads 0x000020 instead of 0x000320",
            "chip 0: ACR of channel 0 reads 0x000200 instead of 0x001200",
        ]


# -- over the twin --------------------------------------------------------------------------------


class WatchedBoard(Watching, twin.AD9959Board):
    """Chips that are watched."""

    def __init__(self, config: Board, clock: ManualClock) -> None:
        device, channels = config
        made = twin.make_board(device, channels, clock)
        super().__init__(made.chips, made._outputs, clock, made.lines)
        self.forget()

    def outputs(self) -> "list[Words | None]":
        return [self.out(channel) for channel in range(len(self._outputs))]


class AD9959Rig(Rig):
    """Two channels."""

    def __init__(
        self, config: Board, driver: "type[Device]", earlier: "AD9959Rig | None" = None
    ) -> None:
        self.config = config
        self.driver = driver
        self.clock = earlier.clock if earlier else ManualClock()
        self.board = earlier.board if earlier else WatchedBoard(config, self.clock)
        self.transport = FaultyTwin(self.board, self.clock, config[0].readback)
        self.device = driver(*config, self.transport)  # type: ignore[call-arg]
        self.device.open()

    def outputs(self) -> Outputs:
        return self.board.outputs()

    def history(self) -> "list[Outputs]":
        return self.board.history

    def forget(self) -> None:
        self.board.forget()

    def updates(self) -> int:
        return self.board.updates

    def advance(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def accumulators(self) -> "list[int]":
        return [self.board.accumulator(channel) for channel in (0, 1)]

    def corrupt(self, channel: int) -> None:
        chip, output = self.board._outputs[channel]
        self.board.chips[chip]._active[output][3] ^= 1 << 8

    def power_cycle(self) -> None:
        for chip in self.board.chips:
            chip.set_master_reset(True)
            chip.set_master_reset(False)

    def another(self) -> "AD9959Rig":
        return AD9959Rig(self.config, self.driver, self)


class TestTwoChannelsOfOneChip(DeviceConformance):
    WIRINGS = [*WIRINGS]
    FULL = "everything"
    BLIND = "blind"

    @pytest.fixture
    def make(self) -> MakeRig:
        return lambda wires: AD9959Rig(
            board(wires, (0, 0), switches=wires in ("no resets", "blind")), AD9959
        )


class TestTwoChips(DeviceConformance):
    WIRINGS = SOME
    FULL = "everything"
    BLIND = "blind"

    @pytest.fixture
    def make(self) -> MakeRig:
        return lambda wires: AD9959Rig(board(wires, (0, 1)), AD9959)


class TestAD9958(DeviceConformance):
    WIRINGS = SOME
    FULL = "everything"
    BLIND = "blind"

    @pytest.fixture
    def make(self) -> MakeRig:
        return lambda wires: AD9959Rig(board(wires, (0, 0), "ad9958"), AD9958)


# -- all channels of a chip -----------------------------------------------------------------------


def full_rig(wires: str = "everything") -> AD9959Rig:
    """Eight channels on two chips, all with a tone."""
    rig = AD9959Rig(board(wires, 4 * (0,) + 4 * (1,)), AD9959)
    rig.device.initialise(range(8))
    rig.device.write([Write(n, WORDS[n], True) for n in range(8)])
    return rig


WORDS = [Words(100_000_000 + 7 * n, 100 * n, 1023 - n) for n in range(8)]


def test_every_channel_has_its_own_tone() -> None:
    rig = full_rig()
    assert rig.outputs() == WORDS
    before = rig.updates()
    rig.device.write([Write(n, WORDS[7 - n], True) for n in range(8)])
    assert (rig.outputs(), rig.updates()) == (WORDS[::-1], before + 1)
    assert all(rig.board.tone(n).sysclk == 500e6 for n in range(8))
    rig.device.silence([Write(n, replace_asf(WORDS[n]), False) for n in range(8)])
    assert rig.outputs() == 8 * [None]


def replace_asf(words: Words) -> Words:
    return Words(words.ftw, words.pow, 0)


@pytest.mark.parametrize("wires", ["everything", "blind"])
def test_all_or_nothing_whatever_bit_fails(wires: str) -> None:
    """Of two channels of one chip, while their neighbours run on."""

    def go_on(rig: AD9959Rig) -> "list[int]":
        rig.device.write([Write(0, WORDS[5], True)])
        rig.advance(1e-3)
        return [rig.board.accumulator(n) for n in range(8)]

    expected = go_on(full_rig(wires))
    for at in (1, 2, 3):
        for bits in range(0, 113 if at < 3 else 1):
            rig = full_rig(wires)
            rig.transport.fail(at, bits=bits)
            with pytest.raises(TransportError):
                rig.device.write([Write(1, WORDS[6], True), Write(2, WORDS[7], True)])
            rig.device.restore([Write(n, WORDS[n], True) for n in (1, 2)])
            assert rig.outputs() == WORDS, (at, bits)
            assert go_on(rig) == expected, (at, bits)
            assert rig.outputs() == [WORDS[5], *WORDS[1:]], (at, bits)


def test_keeping_one_channel_of_a_chip() -> None:
    rig = full_rig()
    after = rig.another()
    kept = after.device.attach()
    assert [write.words for write in kept if write] == WORDS
    assert after.device.initialise([0, 1, 2, 4, 5, 6, 7]) == {0, 1, 2, 4, 5, 6, 7}
    assert after.outputs() == [None, None, None, WORDS[3], None, None, None, None]


def test_sync_of_some_channels_leaves_the_others() -> None:
    rig, reference = full_rig(), full_rig()
    for each in (rig, reference):
        each.advance(1.5e-3)
    rig.device.sync([1, 5])
    for each in (rig, reference):
        each.advance(1e-3)
    now = [[each.board.accumulator(n) for n in range(8)] for each in (rig, reference)]
    assert [n for n in range(8) if now[0][n] != now[1][n]] == [1, 5]
    cycles = round(1e-3 * 500e6)
    assert now[0][1] == pytest.approx(WORDS[1].ftw * cycles % 2**32, abs=2 * WORDS[1].ftw)
