"""The clock of an AD9912: which registers give which system clock, and when."""

import pytest

from dds_link.twins.ad9912_clock import SystemClock, rates

LOW, HIGH, AUTO, DOUBLED = 0x01, 0x05, 0x81, 0x0D


@pytest.mark.parametrize(
    ("what", "refclk", "pll", "n", "parameters", "first", "for_good"),
    [
        ("no PLL", 1e9, False, 18, HIGH, 1e9, 1e9),
        ("no PLL, over the limit", 1.1e9, False, 18, HIGH, 1e9, 0),
        ("no reference", 0, True, 18, HIGH, 0, 0),
        ("25 MHz times 40", 25e6, True, 18, HIGH, 1000e6, 1000e6),
        ("N of 0 is times 4", 250e6, True, 0, HIGH, 1000e6, 1000e6),
        ("N of 31 is times 66", 15e6, True, 31, HIGH, 1000e6, 990e6),
        ("lower end of the high range", 22.5e6, True, 18, HIGH, 900e6, 900e6),
        ("below it", 22.4e6, True, 18, HIGH, 900e6, 0),
        ("above it", 25.1e6, True, 18, HIGH, 1000e6, 0),
        ("lower end of the low range", 17.5e6, True, 18, LOW, 700e6, 700e6),
        ("upper end of the low range", 20.25e6, True, 18, LOW, 810e6, 810e6),
        ("above it", 20.5e6, True, 18, LOW, 810e6, 0),
        ("below it", 17.4e6, True, 18, LOW, 700e6, 0),
        ("automatic: high", 25e6, True, 18, AUTO, 1000e6, 1000e6),
        ("automatic: low", 20e6, True, 18, AUTO, 810e6, 800e6),
        ("with the doubler", 10e6, True, 23, DOUBLED, 1000e6, 1000e6),
        ("too slow for the PLL", 10.9e6, True, 31, LOW, 700e6, 0),
        ("charge pump off", 25e6, True, 18, 0x06, 1000e6, 0),
        ("a product that misses the end by its last bit", 900e6 / 66, True, 31, HIGH, 900e6, 900e6),
    ],
)
def test_rates(
    what: str, refclk: float, pll: bool, n: int, parameters: int, first: float, for_good: float
) -> None:
    assert rates(refclk, pll, n, parameters) == pytest.approx((first, for_good), rel=1e-12), what


def test_a_pll_locks_after_its_time() -> None:
    clock = SystemClock(22.5e6, lock_time=1e-3)
    clock.set_up(True, True, 20, HIGH, now=10.0)
    assert (clock.rate(10.0), clock.locked(10.0)) == (1000e6, False)
    assert not clock.locked(10.00099)
    assert (clock.rate(10.0011), clock.locked(10.0011)) == (990e6, True)


def test_without_the_pll_it_runs_at_once() -> None:
    clock = SystemClock(1e9)
    clock.set_up(True, False, 0, 0, now=10.0)
    assert (clock.rate(10.0), clock.locked(10.0)) == (1e9, True)


def test_what_cannot_lock_never_does() -> None:
    clock = SystemClock(21e6)
    clock.set_up(True, True, 18, HIGH, now=10.0)
    assert not clock.locked(1e6)


def test_powered_down_it_stands_still() -> None:
    clock = SystemClock(1e9)
    clock.set_up(True, False, 0, 0, now=10.0)
    before = clock.cycles(11.0)
    clock.set_up(False, False, 0, 0, now=11.0)
    assert clock.cycles(12.0) == before
    assert (clock.rate(12.0), clock.locked(12.0)) == (0.0, False)


def test_cycles_go_on_across_every_change() -> None:
    clock = SystemClock(22.5e6, lock_time=1e-3)
    clock.set_up(True, True, 20, HIGH, now=0.0)
    assert clock.cycles(1e-3) == 1_000_000
    assert clock.cycles(2e-3) == 1_990_000
    clock.set_up(True, True, 18, HIGH, now=2e-3)
    assert clock.cycles(3e-3) == 1_990_000 + 900_000
