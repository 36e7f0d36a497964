"""Time, handed in: only the composition root and transports choose a clock that is real."""

import time
from typing import Protocol


class Clock(Protocol):
    """What devices, twins and the service know of time."""

    def now(self) -> float:
        """Seconds on a clock that never goes back; its zero means nothing."""

    def real(self) -> float:
        """Like :meth:`now`, but with nothing skipped: how long people waited."""

    def unix(self) -> float:
        """Seconds since 1970, for people and epochs."""

    def sleep(self, seconds: float) -> None:
        """Return once ``seconds`` have passed on :meth:`now`."""


class RealClock:
    """The computer's clock."""

    now = staticmethod(time.monotonic)
    real = staticmethod(time.monotonic)
    unix = staticmethod(time.time)
    sleep = staticmethod(time.sleep)


class SimulatedClock:
    """The computer's clock, but waiting costs nothing: a sleep moves the clock on instead.

    So a twin sees its PLL lock time pass, and a controller in simulation never waits for it.
    """

    def __init__(self) -> None:
        self._skipped = 0.0

    def now(self) -> float:
        """Seconds since some moment, the skipped ones included."""
        return time.monotonic() + self._skipped

    def real(self) -> float:
        """Seconds since some moment, the skipped ones left out."""
        return time.monotonic()

    def unix(self) -> float:
        """Seconds since 1970, by the computer's clock."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Skip ``seconds``."""
        self._skipped += seconds
