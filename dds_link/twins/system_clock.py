"""A clock that can be set up anew, and counts its cycles all the while."""

from __future__ import annotations

import math


class CycleCounter:
    """Two of them, set up at the same times, have the same count for ever.

    :param lock_time: what a PLL takes to lock, s.
    """

    def __init__(self, lock_time: float = 1e-3) -> None:
        self._lock_time = lock_time
        self._rate = 0.0
        self._locked_rate = 0.0
        self._lock_at = math.inf
        self._locked = False
        self._offset = 0

    def _start(self, rate: float, locked_rate: float, uses_pll: bool, now: float) -> None:
        """Go on at another rate.

        :param rate: until the PLL has locked, Hz.
        :param locked_rate: from then on, Hz; 0 if the clock will never be what was asked for.
        :param now: s.
        """
        count = self.cycles(now)
        self._rate, self._locked_rate = rate, locked_rate
        possible = locked_rate > 0
        self._locked = possible and not uses_pll
        self._lock_at = now + self._lock_time if possible and uses_pll else math.inf
        self._offset = count - int(now * self._rate)

    def cycles(self, now: float) -> int:
        """How many cycles there have been, from some moment on."""
        if now >= self._lock_at:
            count = int(self._lock_at * self._rate) + self._offset
            self._rate, self._locked = self._locked_rate, True
            self._offset = count - int(self._lock_at * self._rate)
            self._lock_at = math.inf
        return int(now * self._rate) + self._offset

    def rate(self, now: float) -> float:
        """The clock of the core, Hz."""
        self.cycles(now)
        return self._rate

    def locked(self, now: float) -> bool:
        """Whether the core runs on the clock that was asked for."""
        self.cycles(now)
        return self._locked
