"""The clock of an AD9959: which settings lock, and what it runs on otherwise."""

import pytest

from dds_link.twins.ad9959_clock import SystemClock, multiplier, rates

HIGH = 1 << 23


def fr1(times: int, gain: int = HIGH) -> int:
    return gain | times << 18


def test_multipliers() -> None:
    fields = (0, 1, 3, 4, 5, 20, 21, 31)
    assert [multiplier(fr1(field)) for field in fields] == [1, 1, 1, 4, 5, 20, 1, 1]


@pytest.mark.parametrize(
    ("refclk", "register", "expected"),
    [
        (25e6, fr1(20), (500e6, 500e6)),
        (25e6, fr1(11), (255e6, 275e6)),
        (20e6, fr1(8, 0), (160e6, 160e6)),
        (10e6, fr1(10, 0), (100e6, 100e6)),
        (500e6, fr1(0), (500e6, 500e6)),
        (200e6, fr1(0, 0), (200e6, 200e6)),
    ],
)
def test_what_locks(refclk: float, register: int, expected: "tuple[float, float]") -> None:
    assert rates(refclk, register) == expected


@pytest.mark.parametrize(
    ("refclk", "register", "astray"),
    [
        (25e6, fr1(20, 0), 160e6),  # the wrong VCO gain
        (20e6, fr1(8), 255e6),
        (10e6, fr1(20), 255e6),  # 200 MHz is guaranteed with neither
        (10e6, fr1(20, 0), 160e6),
        (9e6, fr1(12, 0), 100e6),  # too slow a reference
        (126e6, fr1(4), 500e6),  # too fast
        (501e6, fr1(0), 500e6),
        (0.5e6, fr1(0), 0.5e6),
    ],
)
def test_what_never_locks(refclk: float, register: int, astray: float) -> None:
    assert rates(refclk, register) == (astray, 0.0)


def test_setting_it_up() -> None:
    clock = SystemClock(25e6, lock_time=0.5)
    clock.set_up(fr1(0), True, 10.0)
    assert (clock.rate(10.0), clock.locked(10.0)) == (25e6, True)
    clock.set_up(fr1(20), True, 11.0)
    assert (clock.rate(11.4), clock.locked(11.4)) == (500e6, False)
    assert clock.locked(11.5)
    clock.set_up(fr1(20), False, 12.0)
    assert (clock.rate(13.0), clock.locked(13.0)) == (0.0, False)
