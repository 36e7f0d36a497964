"""One AD9910: registers, updates, resets, the accumulator. Bits in, tone out."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dds_link.twins.ad9910_chip import AD9910
from dds_link.words import Words
from tests.twins.ad9910_frames import (
    ASF,
    CFR1,
    CFR2,
    CFR3,
    FTW,
    PLL_1_GHZ,
    POW,
    PROFILE0,
    PROFILE_AMPLITUDE,
    RAM,
    SDIO_INPUT_ONLY,
    Bench,
    frame,
    reading,
    single_tone,
)
from tests.twins.manual_clock import ManualClock

TEN_MHZ, TWENTY_MHZ = 0x028F5C29, 0x051EB852
RESET_VALUES = {
    0x00: 0,
    0x01: 0x00400820,
    0x02: 0x1F3F4000,
    0x03: 0x0000007F,
    0x04: 0xFFFFFFFF,
    0x0E: 0x08B5000000000000,
}
CFR1_ON = SDIO_INPUT_ONLY
AUTOCLEAR, CLEAR = 1 << 13 | CFR1_ON, 1 << 11 | CFR1_ON


# -- registers --------------------------------------------------------------------------------


def test_reset_values() -> None:
    chip = Bench().chip
    assert [chip.register(a) for a in range(32)] == [RESET_VALUES.get(a, 0) for a in range(32)]


def test_out_of_reset_there_is_full_level_at_0_hz_on_half_the_reference() -> None:
    tone = Bench(refclk=1e9).board.chips[0].tone()
    assert (tone.frequency, tone.amplitude, tone.sysclk) == (0.0, 1.0, 500e6)
    assert not tone.emits


def test_every_register_holds_and_gives_back_what_was_written() -> None:
    bench = Bench().bring_up()
    for register in (0x03, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, *range(0x0E, 0x16)):
        value = 0x0123456789ABCDEF >> 8 * (8 - (len(frame(register, 0)) - 1))
        bench.set(register, value)
        assert bench.read(register) == value, hex(register)


def test_a_write_waits_for_the_update() -> None:
    bench = Bench().bring_up()
    bench.write(PROFILE0, single_tone(TEN_MHZ))
    assert bench.read(PROFILE0) == RESET_VALUES[PROFILE0]
    assert bench.chip.tone().frequency == 0
    bench.update()
    assert bench.read(PROFILE0) == single_tone(TEN_MHZ)
    assert bench.chip.tone().frequency == pytest.approx(10e6)


def test_the_last_write_before_an_update_counts() -> None:
    bench = Bench().bring_up()
    bench.write(PROFILE0, single_tone(1))
    bench.set(PROFILE0, single_tone(2))
    assert bench.chip.tone().words.ftw == 2


def test_the_update_rate_needs_no_update() -> None:
    bench = Bench().bring_up()
    bench.write(0x04, 0x1234)
    assert bench.read(0x04) == 0x1234


@pytest.mark.parametrize("address", [0x05, 0x06, 0x17, 0x1F])
def test_unused_addresses_hold_nothing(address: int) -> None:
    bench = Bench().bring_up()
    bench.set(address, 0xFFFFFFFF)
    assert bench.read(address) == 0
    assert bench.chip.updates == 1  # the one that brought it up


def test_reserved_bits_of_cfr3_read_as_1() -> None:
    bench = Bench().bring_up()
    bench.set(CFR3, PLL_1_GHZ & ~0x08070000)
    assert bench.read(CFR3) == PLL_1_GHZ


def test_before_sdio_is_an_input_the_host_reads_zero() -> None:
    bench = Bench()
    assert bench.send(reading(0x03)) == bytes(5)
    bench.write(CFR1, SDIO_INPUT_ONLY)
    assert bench.send(reading(0x03)) == bytes(5)  # not active yet
    bench.update()
    assert bench.send(reading(0x03)) == bytes.fromhex("00 0000007F")


def test_lsb_first_is_a_register_bit_like_any_other() -> None:
    bench = Bench().bring_up()
    bench.set(CFR1, CFR1_ON | 1)
    # Instruction 0x03 and 0x0000007F, both from bit 0 on.
    assert bench.send(bytes.fromhex("C1 00 00 00 00")) == bytes.fromhex("00 FE 00 00 00")


def test_effective_ftw() -> None:
    bench = Bench().bring_up()
    bench.write(FTW, 0x55)
    bench.set(PROFILE0, single_tone(TEN_MHZ))
    assert bench.read(FTW) == 0x55
    bench.set(CFR2, PROFILE_AMPLITUDE | 1 << 16)
    assert bench.read(FTW) == TEN_MHZ


def test_more_bits_than_there_are() -> None:
    with pytest.raises(ValueError, match="9 bits of 1 bytes"):
        Bench().chip.transfer(b"\0", 9)


# -- what goes out ----------------------------------------------------------------------------


def test_a_tone() -> None:
    bench = Bench().bring_up()
    bench.set(PROFILE0, single_tone(TEN_MHZ, 0x4000, 0x2000))
    tone = bench.chip.tone()
    assert tone.frequency == TEN_MHZ * 1e9 / 2**32
    assert tone.amplitude == 0x2000 / 16383
    assert tone.phase == 0.25
    assert tone.words == Words(TEN_MHZ, 0x4000, 0x2000)
    assert (tone.locked, tone.sysclk) == (True, 1e9)
    assert (tone.sine, tone.modelled, tone.emits) == (False, True, True)


def test_sine() -> None:
    bench = Bench().bring_up()
    bench.set(CFR1, CFR1_ON | 1 << 16)
    assert bench.chip.tone().sine


@pytest.mark.parametrize("bit", [7, 5])
def test_digital_core_and_clock_go_down_as_soon_as_that_is_written(bit: int) -> None:
    bench = Bench().bring_up()
    bench.set(PROFILE0, single_tone(TEN_MHZ))
    bench.write(CFR1, CFR1_ON | 1 << bit)
    assert bench.chip.tone().amplitude == 0
    assert bench.read(CFR1) == CFR1_ON | 1 << bit
    before = bench.chip.accumulator()
    bench.clock.sleep(1.2345)
    assert bench.chip.accumulator() == before
    bench.write(CFR1, CFR1_ON)
    assert bench.chip.tone().amplitude == 1


def test_the_other_bits_beside_them_still_wait() -> None:
    bench = Bench().bring_up()
    bench.write(CFR1, CFR1_ON | 1 << 7 | 1 << 16)
    assert bench.read(CFR1) == CFR1_ON | 1 << 7
    bench.update()
    assert bench.read(CFR1) == CFR1_ON | 1 << 7 | 1 << 16


def test_the_dac_goes_down_at_the_update() -> None:
    bench = Bench().bring_up()
    bench.set(PROFILE0, single_tone(TEN_MHZ))
    bench.write(CFR1, CFR1_ON | 1 << 6)
    assert bench.chip.tone().emits
    bench.update()
    assert not bench.chip.tone().emits


def test_a_clock_that_comes_back_has_to_lock_again() -> None:
    bench = Bench().bring_up()
    bench.write(CFR1, CFR1_ON | 1 << 5)
    assert not bench.chip.tone().locked
    bench.write(CFR1, CFR1_ON)
    assert not bench.chip.tone().locked
    bench.clock.sleep(2e-3)
    assert bench.chip.tone().locked


def test_while_it_locks_the_tone_is_wrong() -> None:
    bench = Bench()
    bench.write(CFR3, PLL_1_GHZ)
    bench.set(PROFILE0, single_tone(TEN_MHZ))
    tone = bench.chip.tone()
    assert (tone.locked, tone.sysclk) == (False, 1150e6)
    assert tone.frequency == pytest.approx(11.5e6)
    bench.clock.sleep(2e-3)
    assert bench.chip.tone().frequency == pytest.approx(10e6)


def test_only_a_change_of_the_clock_upsets_the_pll() -> None:
    bench = Bench().bring_up()
    bench.set(CFR3, PLL_1_GHZ)
    assert bench.chip.tone().locked
    bench.set(CFR3, PLL_1_GHZ | 3 << 28)  # drive of REFCLK_OUT
    assert bench.chip.tone().locked
    bench.set(CFR3, PLL_1_GHZ ^ 1 << 19)  # charge pump
    assert not bench.chip.tone().locked


def test_with_internal_updates_the_pin_does_nothing() -> None:
    bench = Bench().bring_up()
    bench.set(CFR2, PROFILE_AMPLITUDE | 1 << 23)
    bench.set(PROFILE0, single_tone(TEN_MHZ))
    tone = bench.chip.tone()
    assert tone.frequency == 0
    assert not tone.modelled


# -- cut-off and surplus bits -----------------------------------------------------------------


GOOD = (TEN_MHZ, 0x1234, 0x2345)


@pytest.mark.parametrize("bits", range(1, 72))
def test_after_a_cut_off_transfer_the_next_one_is_garbage(bits: int) -> None:
    whole = frame(PROFILE0, single_tone(*GOOD))
    bench = Bench().bring_up()
    bench.board.transfer(0, whole, bits)
    bench.send(whole)
    bench.update()
    assert bench.chip.tone().words != Words(*GOOD)


@pytest.mark.parametrize("bits", range(1, 72))
def test_io_reset_recovers_from_a_cut_off_transfer(bits: int) -> None:
    whole = frame(PROFILE0, single_tone(*GOOD))
    bench = Bench().bring_up()
    bench.board.transfer(0, whole, bits)
    bench.pulse("io_reset")
    bench.send(whole)
    bench.update()
    assert bench.chip.tone().words == Words(*GOOD)


def test_io_reset_keeps_registers_and_buffers() -> None:
    bench = Bench().bring_up()
    bench.set(PROFILE0, single_tone(TEN_MHZ))
    bench.write(ASF, 0x80)
    bench.pulse("io_reset")
    assert bench.read(PROFILE0) == single_tone(TEN_MHZ)
    bench.update()
    assert bench.read(ASF) == 0x80


@pytest.mark.parametrize("line", ["io_reset", "master_reset"])
def test_nothing_comes_in_during_a_reset(line: str) -> None:
    bench = Bench().bring_up()
    bench.board.level(line, True)
    assert bench.send(frame(PROFILE0, single_tone(TEN_MHZ))) == bytes(9)
    bench.board.level(line, False)
    bench.update()
    assert bench.read(PROFILE0) in (0, RESET_VALUES[PROFILE0])


def test_master_reset_forgets_everything() -> None:
    bench = Bench().bring_up()
    bench.set(PROFILE0, single_tone(TEN_MHZ))
    bench.clock.sleep(1e-3)
    bench.write(FTW, 0x55)
    bench.board.transfer(0, frame(POW, 0xFFFF), 13)
    bench.pulse("master_reset")
    bench.update()
    chip = bench.chip
    assert [chip.register(a) for a in range(32)] == [RESET_VALUES.get(a, 0) for a in range(32)]
    assert chip.accumulator() == 0
    bench.send(frame(POW, 0x4000))  # in step again
    bench.update()
    assert chip.register(POW) == 0x4000


# -- RAM --------------------------------------------------------------------------------------


def ram_profile(start: int, end: int, mode: int = 0) -> int:
    return end << 30 | start << 14 | mode


def load(bench: Bench, *words: int) -> None:
    bench.send(bytes([RAM]) + b"".join(word.to_bytes(4, "big") for word in words))


def test_ram_words_go_to_the_range_of_the_profile_the_end_first() -> None:
    bench = Bench().bring_up()
    bench.set(PROFILE0, ram_profile(start=10, end=12))
    load(bench, 12_000, 11_000, 10_000)
    assert bench.send(bytes([0x80 | RAM]) + bytes(12))[1:] == b"".join(
        word.to_bytes(4, "big") for word in (12_000, 11_000, 10_000)
    )
    for start, expected in ((10, 10_000), (11, 11_000), (12, 12_000)):
        bench.write(PROFILE0, ram_profile(start, start))
        bench.set(CFR1, CFR1_ON | 1 << 31)
        assert bench.chip.tone().words.ftw == expected


def test_ram_words_beyond_the_range_start_over() -> None:
    bench = Bench().bring_up()
    bench.set(PROFILE0, ram_profile(start=10, end=11))
    load(bench, 1, 2, 3)
    bench.set(CFR1, CFR1_ON | 1 << 31)
    assert bench.chip.tone().words.ftw == 2
    bench.set(PROFILE0, ram_profile(start=11, end=11))
    assert bench.chip.tone().words.ftw == 3


def test_a_ram_in_use_cannot_be_loaded() -> None:
    bench = Bench().bring_up()
    bench.write(PROFILE0, ram_profile(start=0, end=0))
    bench.set(CFR1, CFR1_ON | 1 << 31)
    load(bench, 5)
    assert bench.chip.tone().words.ftw == 0


# -- the accumulator --------------------------------------------------------------------------


def test_the_accumulator_advances_by_ftw_each_cycle() -> None:
    bench = Bench().bring_up()
    bench.set(CFR1, AUTOCLEAR)
    bench.set(PROFILE0, single_tone(3))
    assert bench.chip.accumulator() == 0
    bench.clock.sleep(2.0)
    assert bench.chip.accumulator() == 3 * 2_000_000_000 % 2**32


def test_a_new_frequency_goes_on_from_the_old_phase() -> None:
    bench = Bench().bring_up()
    bench.set(CFR1, AUTOCLEAR)
    bench.write(CFR1, CFR1_ON)
    bench.set(PROFILE0, single_tone(1_000_003))
    bench.clock.sleep(0.25)
    bench.set(PROFILE0, single_tone(2_000_003))
    assert bench.chip.accumulator() == 1_000_003 * 250_000_000 % 2**32
    bench.clock.sleep(0.5)
    expected = 1_000_003 * 250_000_000 + 2_000_003 * 500_000_000
    assert bench.chip.accumulator() == expected % 2**32


def test_autoclear_acts_at_every_update_while_it_is_set() -> None:
    bench = Bench().bring_up()
    bench.set(PROFILE0, single_tone(12345))
    bench.clock.sleep(0.1)
    bench.set(CFR1, AUTOCLEAR)
    assert bench.chip.accumulator() == 0
    bench.clock.sleep(0.1)
    assert bench.chip.accumulator() != 0
    bench.update()  # nothing in the buffers
    assert bench.chip.accumulator() == 0
    bench.clock.sleep(0.1)
    running = bench.chip.accumulator()
    bench.set(CFR1, CFR1_ON)  # the update after which it is not set
    assert bench.chip.accumulator() == running != 0


def test_the_static_clear_holds_it_at_0() -> None:
    bench = Bench().bring_up()
    bench.set(PROFILE0, single_tone(12345))
    bench.set(CFR1, CLEAR)
    bench.clock.sleep(0.1)
    assert bench.chip.accumulator() == 0
    bench.set(CFR1, CFR1_ON)
    bench.clock.sleep(0.5)
    assert bench.chip.accumulator() == 12345 * 500_000_000 % 2**32


def test_the_accumulator_follows_the_frequency_from_the_ram() -> None:
    bench = Bench().bring_up()
    bench.set(PROFILE0, ram_profile(start=4, end=4))
    load(bench, 777)
    bench.set(CFR1, AUTOCLEAR | 1 << 31)
    bench.clock.sleep(0.5)
    assert bench.chip.accumulator() == 777 * 500_000_000 % 2**32


def test_looking_at_the_accumulator_does_not_change_it() -> None:
    watched, left_alone = Bench().bring_up(), Bench().bring_up()
    for bench in (watched, left_alone):
        bench.set(PROFILE0, single_tone(0x7FFFFFFF))
    for _ in range(10):
        watched.clock.sleep(1.0 / 16)
        left_alone.clock.sleep(1.0 / 16)
        watched.chip.accumulator()
    assert watched.chip.accumulator() == left_alone.chip.accumulator()


# -- the short way is the long way --------------------------------------------------------------


class BitByBit(AD9910):
    """A chip that never takes the short way."""

    def _set_quick(self) -> None:
        self._quick = False


registers = st.sampled_from([a for a in range(32) if a not in (CFR1, RAM)])
# CFR1 bits that keep the port readable most of the time, and change the order of bits sometimes.
cfr1_values = st.sampled_from([CFR1_ON, CFR1_ON, CFR1_ON | 1, AUTOCLEAR, CFR1_ON | 1 << 7, 0])
frames = st.one_of(
    st.builds(
        lambda a, v: frame(a, v % 256 ** (len(frame(a, 0)) - 1)),
        registers,
        st.integers(0, 2**64 - 1),
    ),
    st.builds(reading, registers),
    st.builds(lambda v: frame(CFR1, v), cfr1_values),
    st.binary(max_size=12),
    st.builds(lambda words: bytes([RAM]) + words, st.binary(min_size=4, max_size=9)),
)


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("whole"), frames),
            st.tuples(st.just("cut"), frames.filter(len), st.integers(0, 95)),
            st.tuples(st.just("update")),
            st.tuples(st.just("profile"), st.integers(0, 7)),
            st.tuples(st.just("io_reset"), st.booleans()),
            st.tuples(st.just("sleep"), st.floats(0, 1e-3)),
        ),
        max_size=30,
    )
)
def test_whole_registers_at_once_and_bit_by_bit_are_the_same(events: list[tuple[Any, ...]]) -> None:
    clock = ManualClock()
    quick, slow = AD9910(25e6, clock), BitByBit(25e6, clock)
    chips = (quick, slow)
    for kind, *details in events:
        if kind == "sleep":
            clock.sleep(details[0])
        for chip in chips:
            if kind == "update":
                chip.update(clock.now())
            elif kind == "profile":
                chip.select_profile(details[0], clock.now())
            elif kind == "io_reset":
                chip.set_io_reset(details[0])
        if kind in ("whole", "cut"):
            data = details[0]
            bits = 8 * len(data) if kind == "whole" else details[1] % (8 * len(data) + 1)
            assert quick.transfer(data, bits) == slow.transfer(data, bits)
        assert quick.wants_update == slow.wants_update
    for chip in chips:
        chip.update(clock.now())
    assert [quick.register(a) for a in range(32)] == [slow.register(a) for a in range(32)]
    assert quick.accumulator() == slow.accumulator()
    assert quick.tone() == slow.tone()
