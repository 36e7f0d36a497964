"""The clock of an AD9912: from the reference through doubler and PLL to a count of cycles.

It takes the registers as the chip does and answers with the clock that the core really runs on,
also when that is not the one somebody meant. Limits: Analog Devices' names of the two ranges of the
VCO, and 11 MHz at the PLL by way of ARTIQ's driver. Between the ranges, which only automatic
selection reaches, and with the charge pump off nothing locks here.
"""

from __future__ import annotations

from dds_link.twins.system_clock import CycleCounter

#: Reference that the core takes without the PLL, Hz.
MAX_DIRECT = 1e9
#: Lowest reference at the PLL, behind the doubler, Hz.
MIN_PLL_INPUT = 11e6
#: What the VCO does in its low and in its high range, Hz.
VCO_RANGES = ((700e6, 810e6), (900e6, 1000e6))
#: A product of floats may just miss the end of a range that it is meant to hit.
_ROUNDING = 1e-9

# Register 0x022.
AUTO_RANGE, DOUBLER, HIGH_RANGE = 1 << 7, 1 << 3, 1 << 2
CHARGE_PUMP, CHARGE_PUMP_OFF = 3, 2


def rates(refclk: float, pll: bool, n: int, parameters: int) -> tuple[float, float]:
    """What the core runs on at first, and for good.

    :param refclk: reference at the pin, Hz.
    :param pll: False if the PLL is powered down, and the reference goes past it.
    :param n: register 0x020.
    :param parameters: register 0x022.
    :returns: the clock in Hz until the PLL has locked, and after that. The second one is 0 if it
        never will be what the registers ask for.
    """
    if refclk <= 0:
        return 0.0, 0.0
    if not pll:
        return min(refclk, MAX_DIRECT), refclk if refclk <= MAX_DIRECT else 0.0
    at_pll = 2 * refclk if parameters & DOUBLER else refclk
    wanted = at_pll * 2 * (n + 2)
    low, high = VCO_RANGES[bool(parameters & HIGH_RANGE)]
    if parameters & AUTO_RANGE:
        low, high = VCO_RANGES[wanted >= VCO_RANGES[1][0]]
    locks = (
        at_pll >= MIN_PLL_INPUT
        and low * (1 - _ROUNDING) <= wanted <= high * (1 + _ROUNDING)
        and parameters & CHARGE_PUMP != CHARGE_PUMP_OFF
    )
    return (low if wanted - low < high - wanted else high), wanted if locks else 0.0


class SystemClock(CycleCounter):
    """The clock of one core.

    :param refclk: reference at the pin, Hz.
    :param lock_time: what the PLL takes to lock, s.
    """

    def __init__(self, refclk: float, lock_time: float = 1e-3) -> None:
        super().__init__(lock_time)
        self._refclk = refclk

    def set_up(self, running: bool, pll: bool, n: int, parameters: int, now: float) -> None:
        """Take new registers; the parameters are those of :func:`rates`.

        :param running: False while all of the chip is powered down.
        :param now: s.
        """
        rate, locked_rate = rates(self._refclk, pll, n, parameters) if running else (0.0, 0.0)
        self._start(rate, locked_rate, pll, now)
