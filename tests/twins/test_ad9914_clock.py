"""The clock of an AD9914: which CFR3 gives which system clock, and when; the DAC's calibration."""

import pytest

from dds_link.twins.ad9914_clock import DacCalibration, SystemClock, rates

OFF, N50 = 0x0000191C, 0x0004321C


def cfr3(n: int, more: int = 0) -> int:
    return 0x0004001C | n << 8 | more


@pytest.mark.parametrize(
    ("what", "refclk", "register", "first", "for_good"),
    [
        ("no PLL", 3.5e9, OFF, 3.5e9, 3.5e9),
        ("no PLL, over the limit", 3.6e9, OFF, 3.6e9, 0),
        ("no PLL, at the lower limit", 500e6, OFF, 500e6, 500e6),
        ("no PLL, too slow", 25e6, OFF, 25e6, 0),
        ("25 MHz times 100", 25e6, N50, 2400e6, 2500e6),
        ("lower end of the VCO", 24e6, N50, 2400e6, 2400e6),
        ("below the VCO", 23.9e6, N50, 2400e6, 0),
        ("above the VCO", 25.1e6, N50, 2400e6, 0),
        ("N of 10", 125e6, cfr3(10), 2400e6, 2500e6),
        ("N below 10", 137.5e6, cfr3(9), 2400e6, 0),
        ("N of 255", 4.8e6, cfr3(255), 2400e6, 2448e6),
        ("reference doubled", 12.5e6, cfr3(50, 1 << 19), 2400e6, 2500e6),
        ("reference over 2", 50e6, cfr3(50, 1 << 17 | 1 << 20), 2400e6, 2500e6),
        ("reference over 4", 100e6, cfr3(50, 1 << 17 | 2 << 20), 2400e6, 2500e6),
        ("reference over 8", 200e6, cfr3(50, 1 << 17 | 3 << 20), 2400e6, 2500e6),
        ("the divider comes before the doubler", 50e6, cfr3(50, 3 << 19 | 1 << 17), 2400e6, 2500e6),
        ("divider disabled by its value", 25e6, cfr3(50, 1 << 17), 2400e6, 0),
        ("divider held in reset", 50e6, cfr3(50, 1 << 22 | 1 << 20 | 1 << 17), 2400e6, 0),
    ],
)
def test_rates(what: str, refclk: float, register: int, first: float, for_good: float) -> None:
    assert rates(refclk, 3.5e9, register) == (first, for_good), what


def test_the_ad9915_is_slower() -> None:
    assert rates(2.6e9, 2.5e9, OFF) == (2.6e9, 0)


def clock(refclk: float = 25e6, lock_time: float = 1e-3) -> SystemClock:
    return SystemClock(refclk, 3.5e9, lock_time)


def test_a_pll_locks_once_its_vco_is_calibrated() -> None:
    pll = clock()
    pll.set_up(N50, True, now=10.0)
    assert (pll.rate(11.0), pll.locked(11.0), pll.pll_locked(11.0)) == (2400e6, False, False)
    pll.calibrate(11.0)
    assert (pll.rate(11.00099), pll.locked(11.00099)) == (2400e6, False)
    assert (pll.rate(11.0011), pll.locked(11.0011), pll.pll_locked(11.0011)) == (2500e6, True, True)


def test_a_new_setting_needs_a_new_calibration() -> None:
    pll = clock()
    pll.set_up(N50, True, now=10.0)
    pll.calibrate(10.0)
    pll.set_up(N50, True, now=11.0)
    assert not pll.locked(1e6)


def test_calibrating_again_loses_the_lock_for_a_while() -> None:
    pll = clock()
    pll.set_up(N50, True, now=10.0)
    pll.calibrate(10.0)
    assert pll.locked(11.0)
    pll.calibrate(11.0)
    assert not pll.locked(11.0)
    assert pll.locked(12.0)


def test_a_pll_that_cannot_lock_never_does() -> None:
    pll = clock(30e6)
    pll.set_up(N50, True, now=10.0)
    pll.calibrate(10.0)
    assert not pll.locked(1e6)
    assert pll.rate(1e6) == 2400e6


def test_without_a_pll_there_is_nothing_to_wait_for() -> None:
    direct = clock(3.5e9)
    direct.set_up(OFF, True, now=10.0)
    direct.calibrate(10.0)
    assert direct.locked(10.0)
    assert not direct.pll_locked(10.0)


def test_an_input_powered_down_stops_the_clock() -> None:
    direct = clock(3.5e9)
    direct.set_up(OFF, True, now=1.0)
    direct.set_up(OFF, False, now=2.0)
    assert (direct.rate(2.0), direct.locked(2.0)) == (0.0, False)
    assert direct.cycles(5.0) == direct.cycles(2.0)


def test_cycles_are_counted_through_every_change() -> None:
    pll = clock(lock_time=0.5)
    pll.set_up(OFF, True, now=0.0)
    pll.set_up(N50, True, now=1.0)
    pll.calibrate(2.0)
    assert pll.cycles(1.0) == 25_000_000
    assert pll.cycles(2.5) == 25_000_000 + 3_600_000_000
    assert pll.cycles(3.0) == 25_000_000 + 3_600_000_000 + 1_250_000_000


def test_looking_at_the_clock_does_not_change_the_count() -> None:
    watched, left_alone = clock(), clock()
    for each in (watched, left_alone):
        each.set_up(N50, True, now=3.0)
        each.calibrate(3.0)
    for step in range(20):
        watched.cycles(3.0 + step * 1.37e-4)
    assert watched.cycles(4.0) == left_alone.cycles(4.0)


# -- the DAC --------------------------------------------------------------------------------------

#: 469632 cycles at 2.5 GHz take 187.9 us.
ENOUGH, TOO_SHORT = 190e-6, 185e-6


def direct() -> "tuple[SystemClock, DacCalibration]":
    running = clock(2.5e9)
    running.set_up(OFF, True, now=1.0)
    return running, DacCalibration(running)


def test_a_dac_is_calibrated_once_the_bit_is_clear_again() -> None:
    _, dac = direct()
    assert not dac.valid(1.0)
    dac.set(True, 1.0)
    assert not dac.valid(1.0 + ENOUGH)
    dac.set(False, 1.0 + ENOUGH)
    assert dac.valid(1.0 + ENOUGH)
    assert dac.valid(100.0)


def test_a_calibration_takes_its_time() -> None:
    _, dac = direct()
    dac.set(True, 1.0)
    dac.set(False, 1.0 + TOO_SHORT)
    assert not dac.valid(100.0)


def test_writing_the_bit_again_does_not_begin_anew() -> None:
    _, dac = direct()
    dac.set(True, 1.0)
    dac.set(True, 1.0 + ENOUGH / 2)
    dac.set(False, 1.0 + ENOUGH)
    assert dac.valid(2.0)
    dac.set(False, 3.0)
    assert dac.valid(4.0)


def test_a_new_calibration_and_a_reset_forget_the_old_one() -> None:
    _, dac = direct()
    dac.set(True, 1.0)
    dac.set(False, 2.0)
    dac.set(True, 3.0)
    assert not dac.valid(4.0)
    dac.set(False, 4.0)
    assert dac.valid(4.0)
    dac.reset()
    assert not dac.valid(4.0)


def test_a_change_of_the_clock_makes_it_void() -> None:
    running, dac = direct()
    dac.set(True, 1.0)
    dac.set(False, 2.0)
    running.set_up(OFF, True, now=3.0)
    assert not dac.valid(3.0)


def test_a_change_of_the_clock_spoils_one_that_is_going_on() -> None:
    running, dac = direct()
    dac.set(True, 1.0)
    running.set_up(OFF, True, now=2.0)
    dac.set(False, 3.0)
    assert not dac.valid(3.0)


def test_a_calibration_before_the_pll_has_locked_is_void() -> None:
    pll = clock(lock_time=0.5)
    pll.set_up(N50, True, now=1.0)
    pll.calibrate(1.0)
    dac = DacCalibration(pll)
    dac.set(True, 1.1)
    dac.set(False, 1.2)
    assert not dac.valid(1.2)
    dac.set(True, 1.4)
    dac.set(False, 1.6)
    assert not dac.valid(1.6)
    dac.set(True, 2.0)
    dac.set(False, 2.1)
    assert dac.valid(2.1)
