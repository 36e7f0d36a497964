"""A board of AD9912: shared pins, RF switches, and the golden byte streams: bytes in, tone out."""

import pytest

from dds_link.config import ChannelConfig, DeviceConfig, Pins
from dds_link.twins.ad9912 import make_board
from dds_link.words import Words
from tests.twins.ad9912_frames import ARTIQ_DIRECT, Bench, single_tone
from tests.twins.manual_clock import ManualClock

TEN_MHZ = 0x028F5C28F5C3

# -- golden byte streams: exact arithmetic, and equal to what ARTIQ's driver sends --------------

#: System clock in Hz, requested tone (Hz, turns), bytes. The first is the data sheet's example.
GOLDEN = [
    (1e9, 19.44e6, 0, "61 AD 00 00 04 FA 05 14 3B F7"),
    (1e9, 100e6, 0.25, "61 AD 10 00 19 99 99 99 99 9A"),
    (1e9, 123456789.123456, 0.5, "61 AD 20 00 1F 9A DD 37 C1 21"),
    (900e6, 10e6, 0.125, "61 AD 08 00 02 D8 2D 82 D8 2E"),
    (1e9, 2**-48 * 1e9, 0, "61 AD 00 00 00 00 00 00 00 01"),
]


@pytest.mark.parametrize("direct", [False, True], ids=["PLL", "no PLL"])
@pytest.mark.parametrize(("sysclk", "frequency", "phase", "data"), GOLDEN)
def test_golden_single_tone(
    sysclk: float, frequency: float, phase: float, data: str, direct: bool
) -> None:
    if direct:
        bench = Bench(refclk=sysclk, straps=8).bring_up(*ARTIQ_DIRECT)
    else:
        bench = Bench(refclk=sysclk / 40).bring_up()
    bench.send(bytes.fromhex(data))
    bench.update()
    tone = bench.board.tone(0)
    # Half a step of each word, and the last bits of a float.
    assert tone.frequency == pytest.approx(frequency, abs=sysclk / 2**49 + frequency * 2**-52)
    assert tone.phase == phase
    assert (tone.locked, tone.sysclk, tone.modelled, tone.emits) == (True, sysclk, True, True)


def test_golden_part_id() -> None:
    """ARTIQ reads it so."""
    bench = Bench().bring_up()
    assert bench.send(bytes.fromhex("A0 03 00 00")) == bytes.fromhex("00 00 19 82")


def test_golden_initialisation() -> None:
    """ARTIQ's: answers on SDO, clock outputs off, N divider and PLL for 25 MHz times 40."""
    chip = Bench().bring_up().chip
    held = {address: chip.register(address) for address in (0x000, 0x010, 0x020, 0x022)}
    assert held == {0x000: 0x99, 0x010: 0x80, 0x020: 0x12, 0x022: 0x05}
    assert (chip.tone().sysclk, chip.tone().locked) == (1e9, True)


# -- shared pins ----------------------------------------------------------------------------------


def test_one_update_changes_all_chips_and_each_keeps_its_tone() -> None:
    bench = Bench(chips=3).bring_up()
    before = bench.board.updates
    for chip in range(3):
        bench.send(single_tone(TEN_MHZ + chip), chip)
    bench.update()
    assert [bench.board.tone(chip).words.ftw - TEN_MHZ for chip in range(3)] == [0, 1, 2]
    assert bench.board.updates == before + 1


def test_an_rf_switch_stops_its_channel_only() -> None:
    bench = Bench(chips=2).bring_up()
    for chip in range(2):
        bench.tune(TEN_MHZ, chip=chip)
    bench.board.level("rf_switch0", False)
    assert [bench.board.tone(chip).emits for chip in range(2)] == [False, True]
    assert bench.board.tone(0).words == Words(TEN_MHZ, 0, 1)


def test_a_chip_that_ignored_an_update_still_wants_it() -> None:
    bench = Bench(early_power=True).bring_up()
    bench.write(0x010, 0x82)
    bench.send(single_tone(TEN_MHZ))
    bench.update()
    bench.write(0x010, 0x80)
    bench.update()
    assert bench.board.tone(0).words.ftw == TEN_MHZ


# -- from a configuration -------------------------------------------------------------------------


def configure(refclk: float, pins: Pins) -> tuple[DeviceConfig, tuple[ChannelConfig, ...]]:
    device = DeviceConfig("ad9912", 2, refclk, 1e9, "spidev:0", pins=pins)
    return device, (
        ChannelConfig(0, "cooling", 0, rf_switch="a:9"),
        ChannelConfig(1, "repump", 1),
    )


def test_make_board() -> None:
    board = make_board(*configure(25e6, Pins("a:0", None, "a:2")), ManualClock())
    assert board.lines == {"io_update", "master_reset", "rf_switch0"}
    assert len(board.chips) == 2
    assert [chip.register(0x010) for chip in board.chips] == [0xC0, 0xC0]
    assert not any(board.tone(channel).emits for channel in range(2))


def test_without_the_pll_it_wakes_up_so() -> None:
    board = make_board(*configure(1e9, Pins()), ManualClock())
    assert board.lines == {"io_update", "rf_switch0"}
    assert board.chips[0].tone().sysclk == 1e9
