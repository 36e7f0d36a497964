"""One AD9914: registers, updates, resets, calibrations, the accumulator. Bits in, tone out."""

import pytest

from dds_link.words import Words
from tests.twins.ad9914_frames import (
    CAL_BEGIN,
    CAL_END,
    CFR1,
    CFR2,
    CFR3,
    CFR4,
    FTW_0,
    NO_PLL,
    ON,
    PLL_50,
    PROFILES,
    TONE_0,
    USR0,
    VCO_CAL,
    Bench,
    frame,
    reading,
    tone,
)

RESET_VALUES = {CFR1: 0x00010008, CFR2: 0x900, CFR3: 0x191C, CFR4: 0x52120, USR0: 0x800}
AUTOCLEAR, CLEAR = ON | 1 << 13, ON | 1 << 11
FTW = 0x0A3D70A4
"""100 MHz at 2.5 GHz."""


# -- registers --------------------------------------------------------------------------------


def test_reset_values() -> None:
    chip = Bench().chip
    assert [chip.register(a) for a in range(28)] == [RESET_VALUES.get(a, 0) for a in range(28)]


def test_out_of_reset_there_is_no_tone_on_the_reference() -> None:
    out = Bench().chip.tone()
    assert (out.frequency, out.sysclk) == (0.0, 2.5e9)
    assert (out.emits, out.modelled, out.sine) == (False, False, True)


def test_every_register_holds_and_gives_back_what_was_written() -> None:
    bench = Bench().bring_up()
    for register in range(4, USR0):
        bench.set(register, 0x89ABCDEF ^ register)
        assert bench.read(register) == 0x89ABCDEF ^ register, hex(register)


def test_a_write_waits_for_the_update() -> None:
    bench = Bench().bring_up()
    bench.write(FTW_0, FTW)
    assert bench.read(FTW_0) == 0
    bench.update()
    assert bench.read(FTW_0) == FTW


def test_the_last_write_before_an_update_counts() -> None:
    bench = Bench().bring_up()
    bench.write(FTW_0, 1)
    bench.set(FTW_0, 2)
    assert bench.chip.tone().words.ftw == 2


@pytest.mark.parametrize("address", [0x1C, 0x2B, 0x3F])
def test_unused_addresses_hold_nothing(address: int) -> None:
    bench = Bench().bring_up()
    updates = bench.chip.updates
    bench.set(address, 0xFFFFFFFF)
    assert bench.read(address) == 0
    assert bench.chip.updates == updates


def test_before_sdio_is_an_input_the_host_reads_zero() -> None:
    bench = Bench()
    assert bench.send(reading(CFR4)) == bytes(5)
    bench.write(CFR1, ON)
    assert bench.send(reading(CFR4)) == bytes(5)  # not active yet
    bench.update()
    assert bench.send(reading(CFR4)) == bytes.fromhex("00 00052120")


def test_lsb_first_is_a_register_bit_like_any_other() -> None:
    bench = Bench().bring_up()
    bench.set(CFR1, ON | 1)
    # Instruction 0x83 and 0x00052120, both from bit 0 on.
    assert bench.send(bytes.fromhex("C1 00 00 00 00")) == bytes.fromhex("00 0484A000")


def test_more_bits_than_there_are() -> None:
    with pytest.raises(ValueError, match="9 bits of 1 bytes"):
        Bench().chip.transfer(b"\0", 9)


def test_updates_are_counted_and_stamped() -> None:
    bench = Bench()
    assert (bench.chip.updates, bench.chip.last_update) == (0, None)
    bench.clock.sleep(2.5)
    bench.set(FTW_0, 7)
    assert (bench.chip.updates, bench.chip.last_update) == (1, 1002.5)


# -- what goes out ----------------------------------------------------------------------------


def test_a_tone() -> None:
    bench = Bench().bring_up()
    bench.write(FTW_0, FTW)
    bench.set(TONE_0, tone(0x4000, 0x800))
    out = bench.chip.tone()
    assert out.frequency == FTW * 2.5e9 / 2**32
    assert out.amplitude == 0x800 / 4095
    assert out.phase == 0.25
    assert out.words == Words(FTW, 0x4000, 0x800)
    assert (out.locked, out.calibrated, out.sysclk) == (True, True, 2.5e9)
    assert (out.sine, out.modelled, out.emits) == (True, True, True)


def test_cosine() -> None:
    bench = Bench().bring_up()
    bench.set(CFR1, ON & ~(1 << 16))
    assert not bench.chip.tone().sine


def test_without_osk_the_amplitude_of_a_profile_does_not_count() -> None:
    bench = Bench().bring_up()
    bench.set(FTW_0, FTW)
    assert not bench.chip.tone().emits
    bench.set(CFR1, ON & ~(1 << 8))
    assert bench.chip.tone().amplitude == 1


def test_profiles_are_chosen_by_pins_which_update() -> None:
    bench = Bench().bring_up()
    for profile in range(8):
        bench.write(FTW_0 + 2 * profile, 100 + profile)
    for profile in (1, 7, 0):
        bench.chip.select_profile(profile, bench.clock.now())
        assert bench.chip.tone().words.ftw == 100 + profile
    assert not bench.chip.wants_update


@pytest.mark.parametrize("bit", [7, 6, 5])
def test_power_down_at_the_update(bit: int) -> None:
    bench = Bench().bring_up()
    bench.write(FTW_0, FTW)
    bench.set(TONE_0, tone())
    bench.write(CFR1, ON | 1 << bit)
    assert bench.chip.tone().emits
    bench.update()
    assert bench.chip.tone().amplitude == 0


@pytest.mark.parametrize("bit", [7, 5])
def test_without_core_or_clock_the_accumulator_stands_still(bit: int) -> None:
    bench = Bench().bring_up()
    bench.set(FTW_0, FTW)
    bench.set(CFR1, ON | 1 << bit)
    before = bench.chip.accumulator()
    bench.clock.sleep(1.2345)
    assert bench.chip.accumulator() == before


# -- clock and calibrations -------------------------------------------------------------------


def test_the_pll_locks_after_a_calibration_of_its_vco_and_says_so() -> None:
    bench = Bench(refclk=25e6)
    bench.set(CFR1, ON)
    bench.set(CFR3, PLL_50)
    bench.clock.sleep(0.01)
    assert not bench.chip.tone().locked
    bench.set(CFR1, ON | VCO_CAL)
    assert bench.read(USR0) == 0x00000800
    bench.clock.sleep(2e-3)
    assert bench.read(USR0) == 0x01000800
    assert (bench.chip.tone().locked, bench.chip.tone().sysclk) == (True, 2.5e9)


def test_the_bit_must_become_1_again_for_another_calibration() -> None:
    bench = Bench(refclk=25e6).bring_up(PLL_50)
    bench.set(CFR3, PLL_50 ^ 1 << 3)  # charge pump
    bench.set(CFR1, ON | VCO_CAL)
    bench.clock.sleep(1.0)
    assert not bench.chip.tone().locked
    bench.set(CFR1, ON)
    bench.set(CFR1, ON | VCO_CAL)
    bench.clock.sleep(1.0)
    assert bench.chip.tone().locked


def test_the_lock_bit_is_the_pll_s_needs_detection_and_cannot_be_written() -> None:
    assert Bench().bring_up().read(USR0) == 0x800  # no PLL
    bench = Bench(refclk=25e6).bring_up(PLL_50)
    bench.set(CFR3, PLL_50 & ~(1 << 2))
    assert bench.read(USR0) == 0x800
    assert bench.chip.tone().locked  # detection is no part of the clock
    bench.set(USR0, 0xFF000840)
    assert bench.read(USR0) == 0x840


def test_a_dac_must_be_calibrated_for_its_clock() -> None:
    bench = Bench()
    bench.set(CFR1, ON)
    bench.set(CFR2, PROFILES)
    assert not bench.chip.tone().modelled
    bench.calibrate()
    assert bench.chip.tone().modelled
    bench.set(CFR3, PLL_50)
    assert not bench.chip.tone().modelled


def test_a_calibration_cut_short_is_none() -> None:
    bench = Bench().bring_up()
    bench.calibrate(seconds=100e-6)
    assert not bench.chip.tone().calibrated


def test_a_calibration_needs_its_clock() -> None:
    bench = Bench().bring_up()
    bench.set(CFR4, CAL_BEGIN | 1 << 25)
    bench.clock.sleep(1e-3)
    bench.set(CFR4, CAL_END)
    assert bench.chip.tone().calibrated  # the one before
    bench.chip.set_master_reset(True)
    bench.chip.set_master_reset(False)
    bench.set(CFR4, CAL_BEGIN | 1 << 25)
    bench.clock.sleep(1e-3)
    bench.set(CFR4, CAL_END)
    assert not bench.chip.tone().calibrated


def test_a_clock_that_comes_back_is_another() -> None:
    bench = Bench().bring_up()
    bench.set(CFR1, ON | 1 << 5)
    bench.set(CFR1, ON)
    assert not bench.chip.tone().calibrated


# -- cut-off bits, resets ---------------------------------------------------------------------


@pytest.mark.parametrize("bits", range(1, 40))
def test_after_a_cut_off_transfer_the_next_one_is_garbage(bits: int) -> None:
    bench = Bench().bring_up()
    bench.chip.transfer(frame(FTW_0, 0x1234567F), bits)
    bench.set(FTW_0, 0x1234567F)
    assert bench.chip.tone().words.ftw != 0x1234567F


@pytest.mark.parametrize("bits", range(1, 40))
def test_syncio_recovers_from_a_cut_off_transfer(bits: int) -> None:
    bench = Bench().bring_up()
    bench.chip.transfer(frame(FTW_0, 0x1234567F), bits)
    bench.chip.set_io_reset(True)
    bench.chip.set_io_reset(False)
    bench.set(FTW_0, 0x1234567F)
    assert bench.chip.tone().words.ftw == 0x1234567F


def test_syncio_keeps_registers_and_buffers() -> None:
    bench = Bench().bring_up()
    bench.set(FTW_0, FTW)
    bench.write(TONE_0, tone(5, 6))
    bench.chip.set_io_reset(True)
    bench.chip.set_io_reset(False)
    assert bench.read(FTW_0) == FTW
    bench.update()
    assert bench.read(TONE_0) == tone(5, 6)


@pytest.mark.parametrize("method", ["set_io_reset", "set_master_reset"])
def test_nothing_comes_in_during_a_reset(method: str) -> None:
    bench = Bench().bring_up()
    getattr(bench.chip, method)(True)
    assert bench.send(frame(FTW_0, FTW)) == bytes(5)
    getattr(bench.chip, method)(False)
    bench.update()
    assert bench.chip.register(FTW_0) == 0


def test_master_reset_forgets_everything() -> None:
    bench = Bench().bring_up()
    bench.set(FTW_0, FTW)
    bench.clock.sleep(1e-3)
    bench.write(TONE_0, 0x55)
    bench.chip.transfer(frame(FTW_0, 0xFFFF), 13)
    bench.chip.set_master_reset(True)
    bench.chip.set_master_reset(False)
    bench.update()
    chip = bench.chip
    assert [chip.register(a) for a in range(28)] == [RESET_VALUES.get(a, 0) for a in range(28)]
    assert chip.accumulator() == 0
    assert not chip.tone().calibrated
    bench.set(FTW_0, 5)  # in step again
    assert chip.register(FTW_0) == 5


# -- the accumulator --------------------------------------------------------------------------


def test_the_accumulator_advances_by_ftw_each_cycle() -> None:
    bench = Bench().bring_up()
    bench.set(CFR1, AUTOCLEAR)
    bench.set(FTW_0, 3)
    assert bench.chip.accumulator() == 0
    bench.clock.sleep(2.0)
    assert bench.chip.accumulator() == 3 * 5_000_000_000 % 2**32


def test_a_new_frequency_goes_on_from_the_old_phase() -> None:
    bench = Bench().bring_up()
    bench.set(CFR1, AUTOCLEAR)
    bench.write(CFR1, ON)
    bench.set(FTW_0, 1_000_003)
    bench.clock.sleep(0.25)
    bench.set(FTW_0, 2_000_003)
    bench.clock.sleep(0.5)
    expected = 1_000_003 * 625_000_000 + 2_000_003 * 1_250_000_000
    assert bench.chip.accumulator() == expected % 2**32


def test_autoclear_acts_at_every_update_while_it_is_set() -> None:
    bench = Bench().bring_up()
    bench.set(FTW_0, 12345)
    bench.clock.sleep(0.1)
    bench.set(CFR1, AUTOCLEAR)
    assert bench.chip.accumulator() == 0
    bench.clock.sleep(0.1)
    assert bench.chip.accumulator() != 0
    bench.update()  # nothing in the buffers
    assert bench.chip.accumulator() == 0
    bench.clock.sleep(0.1)
    running = bench.chip.accumulator()
    bench.set(CFR1, ON)  # the update after which it is not set
    assert bench.chip.accumulator() == running != 0


def test_the_static_clear_holds_it_at_0() -> None:
    bench = Bench().bring_up()
    bench.set(FTW_0, 12345)
    bench.set(CFR1, CLEAR)
    bench.clock.sleep(0.1)
    assert bench.chip.accumulator() == 0
    bench.set(CFR1, ON)
    bench.clock.sleep(0.5)
    assert bench.chip.accumulator() == 12345 * 1_250_000_000 % 2**32


def test_no_pll_is_what_a_reset_leaves() -> None:
    assert RESET_VALUES[CFR3] == NO_PLL
