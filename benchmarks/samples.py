"""Times of one measurement, and what they say. Nothing is left out and nothing is averaged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median


def quantile(times: Sequence[float], fraction: float) -> float:
    """The smallest of ``times`` that is not below ``fraction`` of them (nearest rank)."""
    ranked = sorted(times)
    return ranked[max(math.ceil(fraction * len(ranked)) - 1, 0)]


class Samples:
    """Seconds per call, kept by the round in which they were measured."""

    def __init__(self) -> None:
        self.rounds: dict[int, list[float]] = {}

    def add(self, number: int, times: list[float]) -> None:
        """Take the times of one round."""
        self.rounds[number] = times

    @property
    def times(self) -> list[float]:
        """The times of all rounds."""
        return [time for times in self.rounds.values() for time in times]

    @property
    def p50(self) -> float:
        """Median, seconds."""
        return quantile(self.times, 0.50)

    @property
    def p99(self) -> float:
        """What one call in a hundred exceeds, seconds."""
        return quantile(self.times, 0.99)

    def spread(self, floor: Samples) -> tuple[float, float]:
        """How much the ratio to the floor moves: the quartiles of its medians round by round."""
        ratios = [
            median(times) / median(floor.rounds[number]) for number, times in self.rounds.items()
        ]
        return quantile(ratios, 0.25), quantile(ratios, 0.75)
