"""The clock of an AD9910: which CFR3 gives which system clock, and when."""

import pytest

from dds_link.twins.ad9910_clock import SystemClock, rates, uses_pll

AT_RESET = 0x1F3F4000
OFF = 0x0E3FC018
N40 = 0x0D3FC150
N40_PFD_RESET = 0x0D3FC550


def cfr3(vco: int, n: int) -> int:
    return 0x0807C000 | vco << 24 | 7 << 19 | 1 << 8 | n << 1


@pytest.mark.parametrize(
    ("what", "refclk", "register", "first", "for_good"),
    [
        ("no PLL", 1e9, OFF, 1e9, 1e9),
        ("no PLL, over the limit", 1.1e9, OFF, 1e9, 0),
        ("after reset the reference is divided by 2", 1e9, AT_RESET, 500e6, 500e6),
        ("divided: up to 1.9 GHz", 1.9e9, AT_RESET, 950e6, 950e6),
        ("divided, over the limit", 1.91e9, AT_RESET, 955e6, 0),
        ("divider held in reset", 1e9, AT_RESET & ~(1 << 14), 0, 0),
        ("VCO 6 leaves the PLL out", 25e6, cfr3(6, 40), 25e6, 25e6),
        ("VCO 7 leaves the PLL out", 25e6, cfr3(7, 40), 25e6, 25e6),
        ("25 MHz times 40", 25e6, N40, 1150e6, 1000e6),
        ("31.25 MHz times 32", 31.25e6, cfr3(5, 32), 1150e6, 1000e6),
        ("lower end of VCO 5", 20.5e6, cfr3(5, 40), 820e6, 820e6),
        ("below VCO 5", 20e6, cfr3(5, 40), 820e6, 0),
        ("VCO 0 could, but the PLL starts at 420 MHz", 10e6, cfr3(0, 40), 370e6, 0),
        ("VCO 0", 11e6, cfr3(0, 40), 510e6, 440e6),
        ("the core ends at 1 GHz", 26e6, cfr3(5, 40), 1150e6, 0),
        ("PFD in reset", 25e6, N40_PFD_RESET, 1150e6, 0),
        ("N below 12", 60e6, cfr3(2, 11), 700e6, 0),
        ("N of 12", 60e6, cfr3(3, 12), 600e6, 720e6),
        ("N of 127", 5e6, cfr3(3, 127), 600e6, 635e6),
        ("reference over 60 MHz", 60.5e6, cfr3(3, 12), 600e6, 0),
        ("reference under 3.307 MHz", 3.3e6, cfr3(0, 127), 370e6, 0),
        ("PLL behind the divider", 50e6, N40 & ~(1 << 15), 1150e6, 1000e6),
    ],
)
def test_rates(what: str, refclk: float, register: int, first: float, for_good: float) -> None:
    assert rates(refclk, register) == (first, for_good), what


def test_uses_pll() -> None:
    assert uses_pll(N40)
    assert not uses_pll(OFF)
    assert not uses_pll(cfr3(6, 40))


def test_a_pll_locks_after_its_time() -> None:
    clock = SystemClock(25e6, lock_time=1e-3)
    clock.set_up(N40, True, now=10.0)
    assert (clock.rate(10.0), clock.locked(10.0)) == (1150e6, False)
    assert (clock.rate(10.00099), clock.locked(10.00099)) == (1150e6, False)
    assert (clock.rate(10.0011), clock.locked(10.0011)) == (1000e6, True)


def test_a_pll_takes_its_time_also_at_the_edge_of_its_band() -> None:
    clock = SystemClock(20.5e6, lock_time=1e-3)
    clock.set_up(cfr3(5, 40), True, now=10.0)
    assert not clock.locked(10.0)
    assert clock.locked(10.0011)


def test_a_pll_that_cannot_lock_never_does() -> None:
    clock = SystemClock(25e6)
    clock.set_up(N40_PFD_RESET, True, now=10.0)
    assert not clock.locked(1e6)
    assert clock.rate(1e6) == 1150e6


def test_without_a_pll_there_is_nothing_to_wait_for() -> None:
    clock = SystemClock(1e9)
    clock.set_up(OFF, True, now=10.0)
    assert clock.locked(10.0)


def test_an_input_powered_down_stops_the_clock() -> None:
    clock = SystemClock(25e6)
    clock.set_up(N40, True, now=1.0)
    clock.set_up(N40, False, now=2.0)
    assert (clock.rate(2.0), clock.locked(2.0)) == (0.0, False)
    assert clock.cycles(5.0) == clock.cycles(2.0)


def test_cycles_are_counted_through_every_change() -> None:
    clock = SystemClock(25e6, lock_time=0.5)
    clock.set_up(OFF, True, now=0.0)
    clock.set_up(N40, True, now=1.0)
    assert clock.cycles(1.0) == 25_000_000
    assert clock.cycles(1.5) == 25_000_000 + 575_000_000
    assert clock.cycles(2.0) == 25_000_000 + 575_000_000 + 500_000_000


def test_looking_at_the_clock_does_not_change_the_count() -> None:
    watched, left_alone = SystemClock(25e6), SystemClock(25e6)
    for clock in (watched, left_alone):
        clock.set_up(N40, True, now=3.0)
    for step in range(20):
        watched.cycles(3.0 + step * 1.37e-4)
    assert watched.cycles(4.0) == left_alone.cycles(4.0)
