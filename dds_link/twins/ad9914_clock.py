"""The clock of an AD9914 or AD9915, and the calibration of its DAC, which each clock needs anew.

It takes CFR3 as the chip does and answers with the clock that the core really runs on, also when
that is not the one somebody meant. Assumed, because no public source says: the VCO's range, how
long it takes to lock, and that a VCO that was not calibrated runs at the lower end of its range.
"""

from __future__ import annotations

import math

#: Reference at the pin without the PLL, Hz; the upper end is the chip's.
MIN_DIRECT = 500e6
#: Output of the PLL, Hz.
VCO = (2400e6, 2500e6)
MIN_N = 10
#: Clock cycles that a calibration of the DAC takes: 188 us at 2.5 GHz.
DAC_CAL_CYCLES = 469632

# Fields of CFR3.
DIVIDER_RESET, DIVIDER, DOUBLER, PLL_ENABLE, DIVIDER_ENABLE = (
    1 << 22, 3 << 20, 1 << 19, 1 << 18, 1 << 17)  # fmt: skip
LOCK_DETECT = 1 << 2


def rates(refclk: float, max_sysclk: float, cfr3: int) -> tuple[float, float]:
    """What the core runs on at first, and for good.

    :returns: the clock in Hz until the PLL has locked, and after that. The second one is 0 if it
        never will be what the register asks for.
    """
    if not cfr3 & PLL_ENABLE:
        return refclk, refclk if MIN_DIRECT <= refclk <= max_sysclk else 0.0
    wanted = _pll_input(refclk, cfr3) * 2 * (cfr3 >> 8 & 0xFF)
    locks = VCO[0] <= wanted <= VCO[1] and cfr3 >> 8 & 0xFF >= MIN_N
    return VCO[0], wanted if locks else 0.0


def _pll_input(refclk: float, cfr3: int) -> float:
    """Three ways to the PLL: divider, doubler, or straight."""
    if cfr3 & DIVIDER_ENABLE:
        exponent = (cfr3 & DIVIDER) >> 20
        return refclk / (1 << exponent) if exponent and not cfr3 & DIVIDER_RESET else 0.0
    return refclk * 2 if cfr3 & DOUBLER else refclk


class SystemClock:
    """A clock that can be set up anew, and counts its cycles all the while.

    Two of them, set up at the same times, have the same count for ever.

    :param refclk: reference at the pin, Hz.
    :param max_sysclk: highest clock of the core, Hz.
    :param lock_time: what calibration of the VCO and locking take together, s.
    """

    def __init__(self, refclk: float, max_sysclk: float, lock_time: float) -> None:
        self._refclk = refclk
        self._max_sysclk = max_sysclk
        self._lock_time = lock_time
        self._rate = 0.0
        self._locked_rate = 0.0
        self._lock_at = math.inf
        self._pll = False
        self._locked = False
        self._offset = 0
        self._number = 0

    def set_up(self, cfr3: int, running: bool, now: float) -> None:
        """Take a new CFR3. A PLL does not lock before its VCO is calibrated.

        :param running: False while the reference input is powered down.
        :param now: s.
        """
        count = self.cycles(now)
        self._pll = bool(cfr3 & PLL_ENABLE)
        self._rate, self._locked_rate = (
            rates(self._refclk, self._max_sysclk, cfr3) if running else (0.0, 0.0)
        )
        self._lock_at = math.inf
        self._locked = not self._pll and self._locked_rate > 0
        self._change(count, now)

    def calibrate(self, now: float) -> None:
        """Calibrate the VCO of the PLL, after which it locks if it can."""
        count = self.cycles(now)
        if not self._pll or not self._locked_rate:
            return
        self._rate, self._locked = VCO[0], False
        self._lock_at = now + self._lock_time
        self._change(count, now)

    def _change(self, count: int, now: float) -> None:
        """From ``now`` on the cycles go on from ``count`` at another rate."""
        self._offset = count - int(now * self._rate)
        self._number += 1

    def cycles(self, now: float) -> int:
        """How many cycles there have been, from some moment on."""
        if now >= self._lock_at:
            moment, self._lock_at = self._lock_at, math.inf
            count = int(moment * self._rate) + self._offset
            self._rate, self._locked = self._locked_rate, True
            self._change(count, moment)
        return int(now * self._rate) + self._offset

    def rate(self, now: float) -> float:
        """The clock of the core, Hz."""
        self.cycles(now)
        return self._rate

    def locked(self, now: float) -> bool:
        """Whether the core runs on the clock that CFR3 asks for."""
        self.cycles(now)
        return self._locked

    def pll_locked(self, now: float) -> bool:
        """Whether the PLL is in use and has locked."""
        return self.locked(now) and self._pll

    def number(self, now: float) -> int:
        """Changes with every change of the clock."""
        self.cycles(now)
        return self._number


class DacCalibration:
    """What CFR4 bit 24 does: calibrates while it is set, for the clock that there is."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._running = False
        self._began = (0, 0)
        self._valid_for = -1

    def reset(self) -> None:
        """Nothing is calibrated any more."""
        self._running = False
        self._valid_for = -1

    def set(self, running: bool, now: float) -> None:
        """The bit."""
        if running and not self._running:
            self._began = self._clock.number(now), self._clock.cycles(now)
            self._valid_for = -1
        elif self._running and not running:
            number, first = self._began
            whole = self._clock.cycles(now) - first >= DAC_CAL_CYCLES
            if whole and number == self._clock.number(now) and self._clock.locked(now):
                self._valid_for = number
        self._running = running

    def valid(self, now: float) -> bool:
        """Whether it was carried through, and the clock is the same since."""
        return self._valid_for == self._clock.number(now)
