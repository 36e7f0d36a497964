"""Every measurement has its turn in every round."""

from __future__ import annotations

from benchmarks.pinning import ALL_CORES
from benchmarks.rounds import WARM_UP, Blocking, Measurement, measure


class Recorded(Measurement):
    """Notes its turns."""

    def __init__(self, name: str, turns: list[tuple[str, int]], calls: int, every: int) -> None:
        super().__init__(name, name, calls, every, ALL_CORES)
        self._turns = turns

    def run(self, calls: int) -> list[float]:
        self._turns.append((self.name, calls))
        return [1.0] * calls


def test_slices_alternate_each_after_a_warm_up() -> None:
    turns: list[tuple[str, int]] = []
    measure([Recorded("a", turns, 10, 1), Recorded("b", turns, 2, 2)], rounds=3)
    a, b = [("a", WARM_UP), ("a", 10)], [("b", 1), ("b", 2)]
    assert turns == [*a, *b, *a, *a, *b]


def test_warm_up_does_not_count() -> None:
    one = Recorded("a", [], 10, 1)
    measure([one], rounds=3)
    assert {number: len(times) for number, times in one.samples.rounds.items()} == {
        0: 10,
        1: 10,
        2: 10,
    }


def test_a_quick_run_has_shorter_slices_but_never_empty_ones() -> None:
    turns: list[tuple[str, int]] = []
    measure([Recorded("a", turns, 10, 1), Recorded("b", turns, 1, 1)], rounds=1, calls=0.4)
    assert [turns[1], turns[-1]] == [("a", 4), ("b", 1)]


def test_every_call_is_timed() -> None:
    calls: list[int] = []
    times = Blocking("a", "a", lambda: calls.append(1)).run(7)
    assert len(times) == len(calls) == 7
    assert all(time >= 0 for time in times)
