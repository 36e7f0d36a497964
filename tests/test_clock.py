"""The computer's clock, and the one of a simulation, where waiting costs nothing."""

import time

from dds_link.clock import Clock, RealClock, SimulatedClock


def test_the_real_clock_is_the_computers() -> None:
    clock: Clock = RealClock()
    before = time.monotonic()
    clock.sleep(0)
    assert before <= clock.now() <= time.monotonic()
    assert time.time() - 1 <= clock.unix() <= time.time() + 1


def test_a_simulated_sleep_moves_the_clock_on_at_once() -> None:
    clock: Clock = SimulatedClock()
    before = clock.now()
    started = time.monotonic()
    clock.sleep(3600)
    clock.sleep(60)
    assert clock.now() - before >= 3660
    assert time.monotonic() - started < 3600


def test_skipped_time_is_nothing_that_people_waited_for() -> None:
    for clock in (RealClock(), SimulatedClock()):
        before = time.monotonic()
        if isinstance(clock, SimulatedClock):
            clock.sleep(3600)
        assert before <= clock.real() <= time.monotonic()


def test_a_simulated_clock_runs_by_itself_too() -> None:
    clock = SimulatedClock()
    first = clock.now()
    assert first <= clock.now() <= time.monotonic()


def test_simulated_time_of_day_is_the_computers() -> None:
    clock = SimulatedClock()
    clock.sleep(3600)
    assert time.time() - 1 <= clock.unix() <= time.time() + 1
