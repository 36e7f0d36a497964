"""The clock of an AD9914 or AD9915, and the calibration of its DAC, which each clock needs anew.

It takes CFR3 as the chip does and answers with the clock that the core really runs on, also when
that is not the one somebody meant. Assumed, because no public source says: the VCO's range, how
long it takes to lock, and that a VCO that was not calibrated runs at the lower end of its range.
"""

from __future__ import annotations

from dds_link.twins.system_clock import CycleCounter

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

# A setting that a clock never has.
_NEVER = (-1, False)


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


class SystemClock(CycleCounter):
    """The clock of one core.

    :param refclk: reference at the pin, Hz.
    :param max_sysclk: highest clock of the core, Hz.
    :param lock_time: what calibration of the VCO and locking take together, s.
    """

    def __init__(self, refclk: float, max_sysclk: float, lock_time: float) -> None:
        super().__init__(lock_time)
        self._refclk = refclk
        self._max_sysclk = max_sysclk
        self._pll = False
        self._wanted = 0.0
        self._settings = 0

    def set_up(self, cfr3: int, running: bool, now: float) -> None:
        """Take a new CFR3. A PLL does not lock before its VCO is calibrated.

        :param running: False while the reference input is powered down.
        :param now: s.
        """
        first, self._wanted = rates(self._refclk, self._max_sysclk, cfr3) if running else (0.0, 0.0)
        self._pll = bool(cfr3 & PLL_ENABLE)
        self._settings += 1
        self._start(first, 0.0 if self._pll else self._wanted, self._pll, now)

    def calibrate(self, now: float) -> None:
        """Calibrate the VCO of the PLL, after which it locks if it can."""
        if self._pll and self._wanted:
            self._settings += 1
            self._start(VCO[0], self._wanted, True, now)

    def pll_locked(self, now: float) -> bool:
        """Whether the PLL is in use and has locked."""
        return self.locked(now) and self._pll

    def setting(self, now: float) -> tuple[int, bool]:
        """Something else after every change of the clock."""
        return self._settings, self.locked(now)


class DacCalibration:
    """What CFR4 bit 24 does: calibrates while it is set, for the clock that there is."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._running = False
        self._began = (_NEVER, 0)
        self._valid_for = _NEVER

    def reset(self) -> None:
        """Nothing is calibrated any more."""
        self._running = False
        self._valid_for = _NEVER

    def set(self, running: bool, now: float) -> None:
        """The bit."""
        if running and not self._running:
            self._began = self._clock.setting(now), self._clock.cycles(now)
            self._valid_for = _NEVER
        elif self._running and not running:
            setting, first = self._began
            whole = self._clock.cycles(now) - first >= DAC_CAL_CYCLES
            if whole and setting == self._clock.setting(now) and self._clock.locked(now):
                self._valid_for = setting
        self._running = running

    def valid(self, now: float) -> bool:
        """Whether it was carried through, and the clock is the same since."""
        return self._valid_for == self._clock.setting(now)
