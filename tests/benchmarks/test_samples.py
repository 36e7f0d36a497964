"""Quantiles by nearest rank, and how much a ratio moves from round to round."""

from __future__ import annotations

import pytest

from benchmarks.samples import Samples, quantile


@pytest.mark.parametrize(
    ("fraction", "expected"), [(0.0, 1.0), (0.25, 1.0), (0.5, 2.0), (0.75, 3.0), (0.99, 4.0)]
)
def test_a_quantile_is_one_of_the_times(fraction: float, expected: float) -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], fraction) == expected


def test_p99_ignores_one_in_a_hundred() -> None:
    samples = Samples()
    samples.add(0, [1.0] * 99)
    samples.add(1, [50.0])
    assert (samples.p50, samples.p99) == (1.0, 1.0)
    samples.add(2, [50.0])
    assert samples.p99 == 50.0


def test_a_round_is_compared_with_the_floor_of_the_same_round() -> None:
    """Noise that slows a whole round down leaves its ratio as it is."""
    floor, samples = Samples(), Samples()
    for number, noise in enumerate([1.0, 10.0, 3.0, 7.0]):
        floor.add(number, [1.0 * noise, 2.0 * noise, 3.0 * noise])
        samples.add(number, [8.0 * noise])
    assert samples.spread(floor) == (4.0, 4.0)


def test_the_spread_is_that_of_the_middle_half_of_the_rounds() -> None:
    floor, samples = Samples(), Samples()
    for number, ratio in enumerate([9.0, 1.0, 4.0, 5.0]):
        floor.add(number, [1.0])
        samples.add(number, [ratio])
    assert samples.spread(floor) == (1.0, 5.0)
