"""A clock that counts its cycles while it is set up anew; those of the chips say how."""

from dds_link.twins.system_clock import CycleCounter


def started(*steps: "tuple[float, float, bool, float]", lock_time: float = 0.5) -> CycleCounter:
    clock = CycleCounter(lock_time)
    for step in steps:
        clock._start(*step)
    return clock


def test_it_stands_still_until_it_is_started() -> None:
    clock = CycleCounter()
    assert (clock.rate(5.0), clock.locked(5.0)) == (0.0, False)
    assert clock.cycles(7.0) == clock.cycles(5.0)


def test_without_a_pll_it_runs_at_once() -> None:
    clock = started((100.0, 100.0, False, 10.0))
    assert (clock.rate(10.0), clock.locked(10.0)) == (100.0, True)
    assert clock.cycles(12.0) - clock.cycles(11.0) == 100


def test_a_pll_takes_its_time() -> None:
    clock = started((10.0, 100.0, True, 10.0))
    assert (clock.rate(10.4), clock.locked(10.4)) == (10.0, False)
    begin = clock.cycles(10.0)
    assert clock.cycles(10.4) - begin == 4
    assert (clock.rate(10.5), clock.locked(10.5)) == (100.0, True)
    assert clock.cycles(11.5) - begin == 5 + 100


def test_what_cannot_be_never_locks() -> None:
    for uses_pll in (True, False):
        clock = started((10.0, 0.0, uses_pll, 10.0))
        assert (clock.rate(99.0), clock.locked(99.0)) == (10.0, False)


def test_no_cycle_is_lost_or_won_when_it_is_set_up_anew() -> None:
    clock = started((10.0, 100.0, True, 10.0))
    before = clock.cycles(20.25)
    clock._start(7.0, 7.0, False, 20.25)
    assert clock.cycles(20.25) == before
    clock._start(0.0, 0.0, False, 21.25)
    assert abs(clock.cycles(99.0) - before - 7) <= 1


def test_two_that_are_set_up_alike_agree() -> None:
    steps = [(10.0, 100.0, True, 10.0), (30.0, 30.0, False, 12.0)]
    assert started(*steps).cycles(13.3) == started(*steps).cycles(13.3)
