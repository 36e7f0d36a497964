"""The clock of an AD9959: from the reference through the PLL to a count of cycles.

It takes FR1 as the chip does and answers with the clock that the cores really run on, also when
that is not the one somebody meant. Limits: data sheet (Rev. B), "Specifications".
"""

from __future__ import annotations

from dds_link.twins.system_clock import CycleCounter

#: Reference without the PLL, and with it, Hz.
DIRECT, PLL_INPUT = (1e6, 500e6), (10e6, 125e6)
#: Output of the PLL by VCO gain, Hz. From 160 to 255 MHz nothing is guaranteed: no lock here.
VCO_BANDS = ((100e6, 160e6), (255e6, 500e6))

# Fields of FR1. A new value in any of them upsets the PLL.
VCO_GAIN, MULTIPLIER, CHARGE_PUMP = 1 << 23, 31 << 18, 3 << 16


def multiplier(fr1: int) -> int:
    """That of the PLL; 1 if it is left out."""
    value = (fr1 & MULTIPLIER) >> 18
    return value if 4 <= value <= 20 else 1


def rates(refclk: float, fr1: int) -> tuple[float, float]:
    """What the cores run on at first, and for good.

    :returns: the clock in Hz until the PLL has locked, and after that. The second one is 0 if it
        never will be what the register asks for.
    """
    if multiplier(fr1) == 1:
        in_range = DIRECT[0] <= refclk <= DIRECT[1]
        return (refclk, refclk) if in_range else (min(refclk, DIRECT[1]), 0.0)
    low, high = VCO_BANDS[bool(fr1 & VCO_GAIN)]
    wanted = refclk * multiplier(fr1)
    locks = PLL_INPUT[0] <= refclk <= PLL_INPUT[1] and low <= wanted <= high
    return low if wanted - low < high - wanted else high, wanted if locks else 0.0


class SystemClock(CycleCounter):
    """The clock of all cores of one chip.

    :param refclk: reference at the pin, Hz.
    :param lock_time: what the PLL takes to lock, s.
    """

    def __init__(self, refclk: float, lock_time: float = 1e-3) -> None:
        super().__init__(lock_time)
        self._refclk = refclk

    def set_up(self, fr1: int, running: bool, now: float) -> None:
        """Take a new FR1.

        :param running: False while the reference input is powered down.
        :param now: s.
        """
        rate, locked_rate = rates(self._refclk, fr1) if running else (0.0, 0.0)
        self._start(rate, locked_rate, multiplier(fr1) > 1, now)
