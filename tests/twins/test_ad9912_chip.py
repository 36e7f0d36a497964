"""One AD9912: registers, updates, power-down, resets, the accumulator. Bits in, tone out."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dds_link.twins.ad9912_chip import AD9912, BITS
from dds_link.words import Words
from tests.twins.ad9912_frames import Bench, frame, reading, single_tone
from tests.twins.manual_clock import ManualClock

TEN_MHZ = 0x028F5C28F5C3
RESET_VALUES = {
    0x000: 0x18, 0x002: 0x82, 0x003: 0x19, 0x010: 0xC0, 0x020: 0x12, 0x022: 0x04, 0x106: 0x01,
    0x200: 0x05, 0x40B: 0xFF, 0x40C: 0x01,
}  # fmt: skip
EVERY = range(0x50A)


def registers(chip: AD9912) -> list[int]:
    return [chip.register(address) for address in EVERY]


# -- registers --------------------------------------------------------------------------------


def test_reset_values() -> None:
    assert registers(Bench().chip) == [RESET_VALUES.get(address, 0) for address in EVERY]


@pytest.mark.parametrize("part_id", [0x1982, 0x1902])
def test_part_id(part_id: int) -> None:
    bench = Bench(part_id=part_id).bring_up()
    assert bench.read(0x003, 2) == part_id
    bench.set(0x003, 0, 0)
    assert bench.read(0x003, 2) == part_id


def test_every_register_holds_and_gives_back_the_bits_that_it_has() -> None:
    bench = Bench().bring_up()
    for address in sorted(set(BITS) - {0x000, 0x005, 0x010, 0x012}):
        bench.set(address, 0xFF)
        assert bench.read(address) == BITS[address], hex(address)
        bench.set(address, 0x00)
        assert bench.read(address) == 0, hex(address)


@pytest.mark.parametrize("address", [0x001, 0x006, 0x011, 0x021, 0x1A5, 0x502, 0x50A, 0x1FFF])
def test_unused_addresses_hold_nothing(address: int) -> None:
    bench = Bench().bring_up()
    updates = bench.chip.updates
    bench.set(address, 0xFF)
    assert bench.read(address) == 0
    assert bench.chip.updates == updates


def test_a_write_waits_for_the_update() -> None:
    bench = Bench().bring_up()
    bench.send(single_tone(TEN_MHZ, 0x1000))
    assert bench.read(0x1AD, 8) == 0
    bench.update()
    assert bench.read(0x1AD, 8) == 0x1000_028F5C28F5C3


def test_an_update_by_register_is_as_good_as_one_by_pin() -> None:
    bench = Bench().bring_up()
    bench.send(single_tone(TEN_MHZ))
    bench.write(0x005, 0)
    assert bench.chip.tone().frequency == 0
    bench.write(0x005, 1)
    assert bench.chip.tone().words.ftw == TEN_MHZ
    assert bench.read(0x005) == 0


def test_the_buffers_can_be_read_instead() -> None:
    bench = Bench().bring_up()
    bench.send(single_tone(TEN_MHZ))
    bench.write(0x004, 1)
    assert bench.read(0x1AB, 6) == TEN_MHZ
    assert bench.read(0x020) == 0x12  # nothing waits there
    bench.write(0x004, 0)
    assert bench.read(0x1AB, 6) == 0


def test_only_14_bits_of_the_phase_count() -> None:
    bench = Bench().bring_up()
    bench.tune(TEN_MHZ, 0xFFFF)
    assert bench.chip.tone().words.pow == 0x3FFF
    bench.set(0x1AD, 0xD0)
    assert bench.read(0x1AD) == 0x10


def test_before_sdo_is_active_the_host_reads_zero() -> None:
    bench = Bench()
    assert bench.send(reading(0x003, 2)) == bytes(4)
    bench.write(0x000, 0x99)
    assert bench.send(reading(0x003, 2)) == bytes(4)  # not active yet
    bench.update()
    assert bench.send(reading(0x003, 2)) == bytes.fromhex("00 00 19 82")


def test_the_upper_half_of_the_serial_configuration_mirrors_the_lower_one() -> None:
    bench = Bench()
    bench.set(0x000, 0x01)
    assert bench.read(0x000) == 0x81
    bench.set(0x000, 0x18)
    assert bench.chip.register(0x000) == 0x18
    bench.set(0x000, 0x80)
    assert bench.chip.register(0x000) == 0x00


def test_lsb_first_and_back() -> None:
    bench = Bench().bring_up()
    bench.set(0x000, 0xDB)
    # Read one byte at 0x020, from bit 0 on.
    assert bench.send(bytes.fromhex("04 01 00")) == bytes.fromhex("00 00 48")
    assert bench.send(single_tone(TEN_MHZ)) == bytes(10)
    bench.set(0x000, 0x99)  # reads the same either way
    assert bench.read(0x020) == 0x12
    assert bench.chip.tone().words.ftw == 0


def test_more_bits_than_there_are() -> None:
    with pytest.raises(ValueError, match="9 bits of 1 bytes"):
        Bench().chip.transfer(b"\0", 9)


def test_without_a_reference_the_port_is_dead() -> None:
    bench = Bench(refclk=0)
    bench.set(0x000, 0x99)
    assert bench.send(reading(0x003, 2)) == bytes(4)
    assert bench.chip.register(0x000) == 0x18
    assert (bench.chip.tone().sysclk, bench.chip.tone().locked) == (0.0, False)


# -- what goes out ----------------------------------------------------------------------------


def test_a_tone() -> None:
    bench = Bench().bring_up()
    bench.tune(TEN_MHZ, 0x1000)
    tone = bench.chip.tone()
    assert tone.frequency == TEN_MHZ * 1e9 / 2**48
    assert tone.frequency == pytest.approx(10e6, abs=2e-6)
    assert (tone.amplitude, tone.phase) == (1.0, 0.25)
    assert tone.words == Words(TEN_MHZ, 0x1000, 1)
    assert (tone.locked, tone.sysclk) == (True, 1e9)
    assert (tone.modelled, tone.emits) == (True, True)


def test_0_hz_is_no_rf() -> None:
    bench = Bench().bring_up()
    tone = bench.chip.tone()
    assert (tone.amplitude, tone.emits) == (1.0, False)


@pytest.mark.parametrize(
    ("straps", "frequency", "power"),
    [(0, 0.0, 0xC0), (1, 38.87939e6, 0xC0), (7, 155.51758e6, 0xC0), (8 | 5, 92.14783e6, 0xD0)],
)
def test_it_wakes_up_as_its_pins_say_and_may_emit(
    straps: int, frequency: float, power: int
) -> None:
    bench = Bench(refclk=1e9 if straps & 8 else 25e6, straps=straps)
    bench.clock.sleep(0.01)
    assert bench.chip.register(0x010) == power
    bench.bring_up()
    bench.pulse("master_reset")
    bench.set(0x022, 0x05)
    bench.clock.sleep(0.01)
    tone = bench.chip.tone()
    assert tone.sysclk == 1e9
    assert tone.frequency == pytest.approx(frequency, abs=1e-3)
    assert tone.emits is (frequency > 0)


def test_while_it_locks_the_tone_is_wrong() -> None:
    bench = Bench(refclk=22.5e6)
    bench.write(0x022, 0x05)
    bench.set(0x020, 0x14)
    bench.tune(TEN_MHZ)
    tone = bench.chip.tone()
    assert (tone.locked, tone.sysclk) == (False, 1000e6)
    bench.clock.sleep(2e-3)
    tone = bench.chip.tone()
    assert (tone.locked, tone.sysclk) == (True, 990e6)
    assert tone.frequency == pytest.approx(9.9e6)


def test_only_a_change_of_the_clock_upsets_the_pll() -> None:
    bench = Bench().bring_up()
    bench.set(0x022, 0x05)
    assert bench.chip.tone().locked
    bench.set(0x010, 0xC0)  # clock outputs
    assert bench.chip.tone().locked
    bench.set(0x022, 0x04)  # charge pump
    assert not bench.chip.tone().locked


def test_the_fundamental_goes_down_and_comes_back_in_phase() -> None:
    bench = Bench().bring_up()
    bench.tune(TEN_MHZ)
    reference = Bench().bring_up()
    reference.tune(TEN_MHZ)
    bench.write(0x013, 0x80)
    assert bench.chip.tone().emits
    bench.update()
    reference.update()
    tone = bench.chip.tone()
    assert (tone.amplitude, tone.emits, tone.words) == (0.0, False, Words(TEN_MHZ, 0, 0))
    for each in (bench, reference):
        each.clock.sleep(1.234e-3)
    bench.set(0x013, 0x00)
    assert bench.chip.tone().emits
    assert bench.chip.accumulator() == reference.chip.accumulator()


def test_digital_power_down_stops_core_and_accumulator_only() -> None:
    bench = Bench().bring_up()
    bench.tune(TEN_MHZ)
    bench.set(0x010, 0x81)
    before = bench.chip.accumulator()
    bench.clock.sleep(1.2345)
    assert bench.chip.accumulator() == before
    assert not bench.chip.tone().emits
    assert bench.chip.tone().locked
    bench.set(0x010, 0x80)
    assert bench.chip.tone().emits
    assert bench.chip.accumulator() == before


def test_full_power_down_stops_the_clock_too() -> None:
    bench = Bench().bring_up()
    bench.tune(TEN_MHZ)
    bench.write(0x010, 0x82)
    assert bench.chip.tone().emits
    bench.update()
    tone = bench.chip.tone()
    assert (tone.emits, tone.locked, tone.sysclk) == (False, False, 0.0)
    before = bench.chip.accumulator()
    bench.clock.sleep(1.2345)
    assert bench.chip.accumulator() == before
    assert bench.read(0x010) == 0x82
    bench.set(0x010, 0x80)
    assert not bench.chip.tone().locked
    bench.clock.sleep(2e-3)
    assert bench.chip.tone().frequency == pytest.approx(10e6, abs=2e-6)


def test_power_down_may_act_at_once_and_then_updates_do_not() -> None:
    bench = Bench(early_power=True).bring_up()
    bench.tune(TEN_MHZ)
    bench.write(0x010, 0x82)
    assert not bench.chip.tone().emits
    assert bench.read(0x003, 2) == 0x1982
    bench.tune(2 * TEN_MHZ)
    assert bench.chip.tone().words.ftw == TEN_MHZ
    bench.write(0x010, 0x80)
    assert bench.chip.tone().emits
    assert bench.chip.tone().words.ftw == TEN_MHZ
    bench.update()
    assert bench.chip.tone().words.ftw == 2 * TEN_MHZ


def test_spur_cancellation_is_not_simulated() -> None:
    for address in (0x500, 0x505):
        bench = Bench().bring_up()
        bench.set(address, 0x82)
        assert not bench.chip.tone().modelled
        bench.set(address, 0x02)
        assert bench.chip.tone().modelled


@pytest.mark.parametrize(
    ("code", "milliamperes"), [(0x000, 8.64), (0x1FF, 20.1375), (0x3FF, 31.6575)]
)
def test_the_full_scale_current_changes_byte_by_byte(code: int, milliamperes: float) -> None:
    bench = Bench().bring_up()
    bench.write(0x40C, code >> 8, code & 0xFF)
    tone = bench.chip.tone()
    assert tone.current == pytest.approx(milliamperes * 1e-3)
    assert tone.amplitude == 1.0


def test_clock_outputs() -> None:
    bench = Bench()
    assert (bench.chip.hstl, bench.chip.cmos) == (False, True)
    bench.bring_up()
    assert (bench.chip.hstl, bench.chip.cmos) == (False, False)
    bench.set(0x010, 0x40)
    assert (bench.chip.hstl, bench.chip.cmos) == (True, True)
    bench.set(0x010, 0x42)
    assert (bench.chip.hstl, bench.chip.cmos) == (False, False)


# -- cut-off and surplus bits -----------------------------------------------------------------

GOOD = (TEN_MHZ, 0x1234)


@pytest.mark.parametrize("bits", range(1, 80))
def test_of_a_cut_off_tone_what_was_whole_stays_in_the_buffers(bits: int) -> None:
    bench = Bench().bring_up()
    data = single_tone(0xFFFFFFFFFFFF, 0x3FFF)
    bench.board.transfer(0, data, bits)
    whole = (bits - 16) // 8 if bits >= 16 else 0
    assert bench.chip.wants_update is (whole > 0)
    if bits == 8:  # between the bytes of the instruction it is only suspended
        bench.send(data[1:])
        whole = 8
    bench.update()
    held = b"".join(bench.chip.register(a).to_bytes(1, "big") for a in range(0x1AD, 0x1A5, -1))
    assert held == data[2 : 2 + whole] + bytes(8 - whole)


@pytest.mark.parametrize("bits", [bits for bits in range(1, 24) if bits % 8])
def test_after_a_cut_within_a_byte_the_next_frame_is_understood(bits: int) -> None:
    bench = Bench().bring_up()
    bench.board.transfer(0, frame(0x013, 0x80), bits)
    bench.tune(*GOOD)
    assert bench.chip.tone().words == Words(*GOOD, 1)


@pytest.mark.parametrize("bits", [8, 16])
def test_after_a_cut_between_bytes_the_next_frame_is_garbage(bits: int) -> None:
    bench = Bench().bring_up()
    bench.board.transfer(0, frame(0x013, 0x80), bits)
    bench.tune(*GOOD)
    assert bench.chip.tone().words != Words(*GOOD, 1)


def test_the_reset_pin_recovers_from_that() -> None:
    bench = Bench().bring_up()
    bench.board.transfer(0, frame(0x013, 0x80), 16)
    bench.pulse("master_reset")
    bench.bring_up()
    bench.tune(*GOOD)
    assert bench.chip.tone().words == Words(*GOOD, 1)


# -- resets -----------------------------------------------------------------------------------


def test_nothing_comes_in_during_a_reset() -> None:
    bench = Bench().bring_up()
    bench.board.level("master_reset", True)
    assert bench.send(reading(0x003, 2)) == bytes(4)
    bench.send(frame(0x013, 0x80))
    bench.board.level("master_reset", False)
    bench.update()
    assert registers(bench.chip) == [RESET_VALUES.get(address, 0) for address in EVERY]


def test_the_reset_pin_forgets_everything() -> None:
    bench = Bench().bring_up()
    bench.tune(TEN_MHZ)
    bench.clock.sleep(1e-3)
    bench.write(0x013, 0x80)
    bench.pulse("master_reset")
    bench.update()
    assert registers(bench.chip) == [RESET_VALUES.get(address, 0) for address in EVERY]
    assert bench.chip.accumulator() == 0


def test_a_soft_reset_keeps_the_serial_configuration() -> None:
    bench = Bench().bring_up()
    bench.tune(TEN_MHZ)
    bench.write(0x020, 0x05)
    bench.set(0x000, 0xBD)
    assert bench.read(0x000) == 0xBD
    expected = {**RESET_VALUES, 0x000: 0xBD}
    assert registers(bench.chip) == [expected.get(address, 0) for address in EVERY]
    bench.tune(TEN_MHZ)  # it is its edge that resets
    assert bench.chip.tone().words.ftw == TEN_MHZ


def test_other_pins_do_not_exist() -> None:
    bench = Bench().bring_up()
    bench.board.transfer(0, frame(0x013, 0x80), 16)
    before = registers(bench.chip)
    bench.chip.set_io_reset(True)
    bench.chip.select_profile(3, bench.clock.now())
    assert registers(bench.chip) == before
    bench.send(b"\x80")
    bench.update()
    assert bench.chip.register(0x013) == 0x80


# -- the accumulator --------------------------------------------------------------------------


def test_the_accumulator_advances_by_ftw_each_cycle() -> None:
    bench = Bench().bring_up()
    bench.write(0x012, 1)
    bench.tune(123_456_789_123)
    assert bench.chip.accumulator() == 0
    bench.clock.sleep(2.0)
    assert bench.chip.accumulator() == 123_456_789_123 * 2_000_000_000 % 2**48


def test_a_new_frequency_goes_on_from_the_old_phase() -> None:
    bench = Bench().bring_up()
    bench.write(0x012, 1)
    bench.tune(1_000_003)
    bench.clock.sleep(0.25)
    bench.tune(2_000_003)
    bench.clock.sleep(0.5)
    expected = 1_000_003 * 250_000_000 + 2_000_003 * 500_000_000
    assert bench.chip.accumulator() == expected % 2**48


def test_the_dds_reset_waits_for_the_update_and_clears_itself() -> None:
    bench = Bench().bring_up()
    bench.tune(TEN_MHZ)
    bench.clock.sleep(1e-3)
    bench.write(0x012, 1)
    assert bench.chip.accumulator() != 0
    bench.update()
    assert bench.chip.accumulator() == 0
    assert bench.read(0x012) == 0
    bench.clock.sleep(1e-3)
    running = bench.chip.accumulator()
    bench.update()
    bench.tune(TEN_MHZ)
    assert bench.chip.accumulator() == running != 0


def test_looking_at_the_accumulator_does_not_change_it() -> None:
    watched, left_alone = Bench().bring_up(), Bench().bring_up()
    for bench in (watched, left_alone):
        bench.tune(0x7FFFFFFFFFFF)
    for _ in range(10):
        watched.clock.sleep(1.0 / 16)
        left_alone.clock.sleep(1.0 / 16)
        watched.chip.accumulator()
    assert watched.chip.accumulator() == left_alone.chip.accumulator()


# -- the short way is the long way --------------------------------------------------------------


class BitByBit(AD9912):
    """A chip that never takes the short way."""

    def _quick(self) -> bool:
        return False


addresses = st.sampled_from(sorted(BITS))
frames = st.one_of(
    st.builds(single_tone, st.integers(0, 2**48 - 1), st.integers(0, 2**16 - 1)),
    st.builds(lambda a, d: frame(a, *d), addresses, st.binary(min_size=1, max_size=5)),
    st.builds(reading, addresses, st.integers(1, 9)),
    st.sampled_from([frame(0x000, value) for value in (0x99, 0x99, 0x18, 0xDB, 0xBD)]),
    st.binary(max_size=12),
)


@settings(deadline=None)
@given(
    st.booleans(),
    st.lists(
        st.one_of(
            st.tuples(st.just("whole"), frames),
            st.tuples(st.just("cut"), frames.filter(len), st.integers(0, 95)),
            st.tuples(st.just("update")),
            st.tuples(st.just("reset"), st.booleans()),
            st.tuples(st.just("sleep"), st.floats(0, 1e-3)),
        ),
        max_size=30,
    ),
)
def test_a_whole_tone_at_once_and_bit_by_bit_are_the_same(
    early_power: bool, events: list[tuple[Any, ...]]
) -> None:
    clock = ManualClock()
    chips = (
        AD9912(25e6, clock, early_power=early_power, straps=3),
        BitByBit(25e6, clock, early_power=early_power, straps=3),
    )
    for kind, *details in events:
        if kind == "sleep":
            clock.sleep(details[0])
            continue
        answers = []
        for chip in chips:
            if kind == "update":
                chip.update(clock.now())
            elif kind == "reset":
                chip.set_master_reset(details[0])
            else:
                data = details[0]
                bits = 8 * len(data) if kind == "whole" else min(details[1], 8 * len(data))
                answers.append(chip.transfer(data, bits))
        assert len(set(answers)) <= 1
        quick, slow = chips
        assert quick.tone() == slow.tone()
        assert quick.wants_update == slow.wants_update
    assert registers(chips[0]) == registers(chips[1])
    assert chips[0].accumulator() == chips[1].accumulator()
