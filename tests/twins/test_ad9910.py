"""A board of AD9910: shared pins, RF switches, and the golden byte streams: bytes in, tone out."""

import pytest

from dds_link.config import ChannelConfig, DeviceConfig, Pins
from dds_link.twins.ad9910 import AD9910Board, make_board
from dds_link.words import Words
from tests.twins.ad9910_frames import CFR1, PROFILE0, Bench, frame, single_tone
from tests.twins.manual_clock import ManualClock

TEN_MHZ = 0x028F5C29
ON = 0x00000002


# -- golden byte streams: exact arithmetic, and equal to what ARTIQ's driver sends --------------

#: System clock in Hz, requested tone (Hz, turns, fraction), bytes.
GOLDEN = [
    (1e9, 10e6, 0, 1, "0E 3F FF 00 00 02 8F 5C 29"),
    (1e9, 100e6, 0.25, 0.5, "0E 20 00 40 00 19 99 99 9A"),
    (1e9, 80e6, 0.125, 0.1, "0E 06 66 20 00 14 7A E1 48"),
    (1e9, 200e6, 0.5, 0.75, "0E 2F FF 80 00 33 33 33 33"),
    (1e9, 400e6, 0.75, 1, "0E 3F FF C0 00 66 66 66 66"),
    (1e9, 123456789.123, 0.333333, 0.7071, "0E 2D 40 55 55 1F 9A DD 38"),
    (1e9, 1, 0, 0.25, "0E 10 00 00 00 00 00 00 04"),
    (1e9, 0, 0, 0, "0E 00 00 00 00 00 00 00 00"),
    (1e9, 499999999.9, 0, 1, "0E 3F FF 00 00 80 00 00 00"),
    (1e9, 0.116415321826934814453125, 0, 1, "0E 3F FF 00 00 00 00 00 00"),
    (1e9, 0.349245965480804443359375, 0, 1, "0E 3F FF 00 00 00 00 00 02"),
    (960e6, 110e6, 0, 0.3, "0E 13 33 00 00 1D 55 55 55"),
    (800e6, 6834682, 0.1, 0.9, "0E 39 99 19 9A 02 2F E5 AC"),
    (1e9, 300e6, 0.75, 0.6, "0E 26 66 C0 00 4C CC CC CD"),
    (1e9, 500e6, 0, 1, "0E 3F FF 00 00 80 00 00 00"),
    (1e9, 80e6, 0.125, 0.1, "15 06 66 20 00 14 7A E1 48"),
]
#: PLL settings: reference in Hz and CFR3 (VCO 5, or 4 for 800 MHz; all times 40).
PLLS = {1e9: (25e6, 0x0D3FC150), 960e6: (24e6, 0x0D3FC150), 800e6: (20e6, 0x0C3FC150)}


@pytest.mark.parametrize(("sysclk", "frequency", "phase", "amplitude", "data"), GOLDEN)
def test_golden_single_tone(
    sysclk: float, frequency: float, phase: float, amplitude: float, data: str
) -> None:
    refclk, cfr3 = PLLS[sysclk]
    bench = Bench(refclk=refclk).bring_up(cfr3)
    if data.startswith("15"):  # profile 7
        for line in ("profile0", "profile1", "profile2"):
            bench.board.level(line, True)
    bench.send(bytes.fromhex(data))
    bench.update()
    tone = bench.board.tone(0)
    # Half a step of each word, and the last bits of a float.
    assert tone.frequency == pytest.approx(frequency, abs=sysclk / 2**33 * 1.000001)
    assert tone.phase == pytest.approx(phase, abs=0.5 / 65536)
    assert tone.amplitude == pytest.approx(amplitude, abs=0.5 / 16383)
    assert (tone.locked, tone.sysclk, tone.modelled) == (True, sysclk, True)


def after(*stream: str) -> Bench:
    """A board at 1 GHz that got these bytes, with an update after each."""
    bench = Bench().bring_up()
    bench.send(frame(PROFILE0, single_tone(TEN_MHZ, 0x4000, 0x1000)))
    for data in stream:
        bench.send(bytes.fromhex(data))
        bench.update()
    return bench


def test_golden_cfr1() -> None:
    assert after("00 00 00 00 02").board.tone(0).words == Words(TEN_MHZ, 0x4000, 0x1000)
    assert after("00 00 00 20 02").chip.accumulator() == 0  # phase autoclear
    assert not after("00 00 00 00 F2").board.tone(0).emits  # full power-down
    osk = after("00 00 00 02 02", "09 00 00 80 00").board.tone(0)
    assert osk.amplitude == pytest.approx(0.5, abs=1e-4)


def test_golden_cfr2() -> None:
    for data in ("01 01 01 00 00", "01 01 01 00 20", "01 01 01 00 80"):
        assert after(data).board.tone(0).words == Words(TEN_MHZ, 0x4000, 0x1000)
    ramp = after("0B 17 0A 3D 71 14 7A E1 48", "01 01 09 00 00").board.tone(0)
    assert ramp.frequency == pytest.approx(80e6)
    assert not ramp.modelled


@pytest.mark.parametrize(
    ("refclk", "stream"),
    [
        (31.25e6, ["02 0D 3F C5 40", "02 0D 3F C1 40"]),
        (25e6, ["02 0D 3F C1 50"]),
        (40e6, ["02 0D 3F C1 32"]),
        (20e6, ["02 0D 3F C1 64"]),
        (1e9, ["02 0E 3F C0 18"]),
    ],
)
def test_golden_cfr3(refclk: float, stream: list[str]) -> None:
    bench = Bench(refclk=refclk)
    for data in stream:
        bench.send(bytes.fromhex(data))
        bench.update()
    bench.clock.sleep(2e-3)
    tone = bench.board.tone(0)
    assert (tone.locked, tone.sysclk) == (True, 1e9)


def test_golden_pfd_reset_does_not_lock() -> None:
    bench = Bench(refclk=31.25e6)
    bench.send(bytes.fromhex("02 0D 3F C5 40"))
    bench.update()
    bench.clock.sleep(1.0)
    assert not bench.board.tone(0).locked


def test_golden_single_words_act_with_the_ram_on() -> None:
    """FTW and POW registers, and the RAM for the amplitude: nothing from the profile."""
    tone = after(
        "0E 00 00 00 00 00 00 00 00",  # one RAM word, direct switch
        "16 40 00 00 00",  # amplitude 1/4
        "07 19 99 99 9A",  # 100 MHz
        "08 40 00",  # 1/4 turn
        "00 C0 00 00 02",  # RAM on, amplitude
    ).board.tone(0)
    assert tone.words == Words(0x1999999A, 0x4000, 0x1000)
    assert tone.modelled


@pytest.mark.parametrize(
    ("data", "profile", "start", "end", "mode"),
    [
        ("0E 00 00 FA 18 C0 00 00 01", 0, 0, 99, 1),
        ("11 00 00 01 FF C0 19 00 04", 3, 100, 1023, 4),
        ("0F 00 FF FF 7F C0 00 00 2A", 1, 0, 511, 2),
    ],
)
def test_golden_ram_playback(data: str, profile: int, start: int, end: int, mode: int) -> None:
    """Playback is not modelled, and says so; but the words land where the profile says."""
    bench = after(data)
    for bit in range(3):
        bench.board.level(f"profile{bit}", bool(profile >> bit & 1))
    words = range(end - start + 1)
    bench.send(b"\x16" + b"".join(word.to_bytes(4, "big") for word in words))
    bench.send(bytes.fromhex("00 80 00 00 02"))
    bench.update()
    tone = bench.board.tone(0)
    assert not tone.modelled
    assert tone.words.ftw == len(words) - 1  # the last one went to the start


def test_golden_polar_ram() -> None:
    bench = after(
        "0E 00 00 00 00 40 00 00 00",  # words 0 to 1, direct switch
        "16 00 00 FF FC 40 00 80 00",  # (0 turn, 1) and (1/4 turn, 1/2)
        "00 E0 00 00 02",  # polar
    )
    assert bench.board.tone(0).words == Words(0, 0x4000, 0x2000)
    bench.send(bytes.fromhex("0E 00 00 00 00 40 00 40 00"))  # starts at word 1
    bench.update()
    assert bench.board.tone(0).words == Words(0, 0x0000, 0x3FFF)


def test_golden_registers_without_an_effect_here() -> None:
    for data in (
        "0A 28 00 00 78",
        "0C 00 00 00 AC 00 00 00 AC",
        "0D 00 01 00 01",
        "0B 02 D0 E5 60 02 8F 5C 29",
    ):
        bench = after(data)
        assert bench.board.tone(0).words == Words(TEN_MHZ, 0x4000, 0x1000)
        assert bench.chip.register(int(data[:2], 16)) == int(data[2:].replace(" ", ""), 16)


# -- shared pins ----------------------------------------------------------------------------------


def test_chips_have_their_own_registers_and_one_update() -> None:
    bench = Bench(chips=4).bring_up()
    for chip in range(4):
        bench.write(PROFILE0, single_tone(chip + 1), chip)
    assert [bench.board.tone(chip).words.ftw for chip in range(4)] == [0, 0, 0, 0]
    bench.update()
    assert [bench.board.tone(chip).words.ftw for chip in range(4)] == [1, 2, 3, 4]


def test_the_rising_edge_updates() -> None:
    bench = Bench().bring_up()
    bench.write(PROFILE0, single_tone(7))
    bench.board.level("io_update", True)
    assert bench.board.tone(0).words.ftw == 7
    bench.write(PROFILE0, single_tone(8))
    bench.board.level("io_update", True)
    bench.board.level("io_update", False)
    assert bench.board.tone(0).words.ftw == 7


def test_updates_are_counted_and_stamped() -> None:
    bench = Bench(chips=2)
    assert (bench.board.updates, bench.board.last_update) == (0, None)
    bench.update()
    assert (bench.board.updates, bench.board.last_update) == (1, 1000.0)
    assert (bench.chip.updates, bench.chip.last_update) == (0, None)  # nothing to do
    bench.clock.sleep(2.5)
    bench.set(PROFILE0, single_tone(7))
    assert (bench.board.updates, bench.board.last_update) == (2, 1002.5)
    assert (bench.chip.updates, bench.chip.last_update) == (1, 1002.5)
    assert bench.board.chips[1].updates == 0


def test_accumulators_cleared_on_one_update_stay_together() -> None:
    bench = Bench(chips=3).bring_up()
    for chip in range(3):
        bench.write(PROFILE0, single_tone(1_234_567), chip)
        bench.update()
        bench.clock.sleep(1e-3)
    assert len({chip.accumulator() for chip in bench.board.chips}) == 3
    for chip in range(3):
        bench.write(CFR1, ON | 1 << 13, chip)
    bench.update()
    for chip in range(3):
        bench.write(CFR1, ON, chip)
    bench.clock.sleep(0.123)
    bench.update()
    bench.clock.sleep(0.456)
    assert len({chip.accumulator() for chip in bench.board.chips}) == 1
    assert bench.chip.accumulator() == pytest.approx(
        1_234_567 * 579_000_000 % 2**32, abs=10 * 1_234_567
    )


def test_resets_reach_every_chip() -> None:
    bench = Bench(chips=2).bring_up()
    for chip in range(2):
        bench.board.transfer(chip, b"\x07", 5)
    bench.pulse("io_reset")
    for chip in range(2):
        bench.set(PROFILE0, single_tone(7), chip)
        assert bench.board.tone(chip).words.ftw == 7
    bench.pulse("master_reset")
    assert [bench.board.tone(chip).words.ftw for chip in range(2)] == [0, 0]


def test_profile_pins_select_and_update() -> None:
    bench = Bench(chips=2).bring_up()
    for profile in range(8):
        bench.write(PROFILE0 + profile, single_tone(100 + profile))
        bench.write(PROFILE0 + profile, single_tone(200 + profile), chip=1)
    for profile in range(8):
        for bit in range(3):
            bench.board.level(f"profile{bit}", bool(profile >> bit & 1))
        words = [bench.board.tone(chip).words.ftw for chip in range(2)]
        # Profile 0 is what the pins are at first: no edge yet, so no update.
        assert words == ([100 + profile, 200 + profile] if profile else [0, 0])
    assert bench.board.updates == 1


def test_a_profile_change_goes_on_from_the_old_phase() -> None:
    bench = Bench().bring_up()
    bench.write(CFR1, ON | 1 << 13)
    bench.write(PROFILE0, single_tone(1000))
    bench.write(PROFILE0 + 1, single_tone(3000))
    bench.update()
    bench.set(CFR1, ON)
    bench.clock.sleep(0.25)
    bench.board.level("profile0", True)
    bench.clock.sleep(0.25)
    assert bench.chip.accumulator() == (1000 + 3000) * 250_000_000 % 2**32


def test_a_switch_that_is_low_lets_nothing_through() -> None:
    bench = Bench(chips=2).bring_up()
    bench.set(PROFILE0, single_tone(7))
    bench.board.level("rf_switch0", False)
    assert bench.board.tone(0).amplitude == 0
    assert bench.board.tone(0).words.ftw == 7
    assert bench.board.tone(1).amplitude > 0
    bench.board.level("rf_switch0", True)
    assert bench.board.tone(0).emits
    assert bench.board.is_high("rf_switch0")


def test_a_channel_without_a_switch_is_always_through() -> None:
    board = AD9910Board(1, 25e6, ManualClock(), lines=["io_update"])
    assert board.lines == {"io_update"}
    assert board.tone(0).amplitude == 1


def test_what_is_not_there() -> None:
    board = AD9910Board(2, 25e6, ManualClock(), lines=["io_update"])
    for chip in (-1, 2):
        with pytest.raises(KeyError):
            board.transfer(chip, b"\0", 8)
    with pytest.raises(KeyError):
        board.level("io_reset", True)


def test_make_board_wires_what_the_config_names() -> None:
    device = DeviceConfig(
        type="ad9910",
        channels=2,
        refclk=25e6,
        sysclk=1e9,
        transport="spidev:0",
        pins=Pins(master_reset="gpiochip0:27", profile=("gpiochip0:5",)),
    )
    channels = (
        ChannelConfig(index=0, name="cooling", chip_select=0, rf_switch="gpiochip0:19"),
        ChannelConfig(index=1, name="repump", chip_select=1),
    )
    board = make_board(device, channels, ManualClock())
    assert board.lines == {"io_update", "master_reset", "profile0", "rf_switch0"}
    assert len(board.chips) == 2
    assert board.chips[0].tone().sysclk == 12.5e6
