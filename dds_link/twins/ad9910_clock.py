"""The clock of an AD9910: from the reference through divider and PLL to a count of cycles.

It takes CFR3 as the chip does and answers with the clock that the core really runs on, also when
that is not the one somebody meant.
"""

from __future__ import annotations

from dds_link.twins.system_clock import CycleCounter

#: Reference at the pin: up to this without the divide-by-2, up to the second one with it, Hz.
MAX_DIRECT, MAX_DIVIDED = 1e9, 1.9e9
#: Reference at the PLL, Hz.
PLL_INPUT = (3.307e6, 60e6)
#: Output of the PLL, Hz.
PLL_OUTPUT = (420e6, 1e9)
#: What each VCO can do, Hz (ARTIQ's table); 6 and 7 leave the PLL out.
VCO_BANDS = (
    (370e6, 510e6),
    (420e6, 590e6),
    (500e6, 700e6),
    (600e6, 880e6),
    (700e6, 950e6),
    (820e6, 1150e6),
)

# Fields of CFR3. A new value in any of them but the first upsets the PLL.
REFCLK_OUT = 3 << 28
#: Reserved bits that read as 1.
RESERVED = 0x08070000
DIVIDER_BYPASS, DIVIDER_RUN = 1 << 15, 1 << 14
PFD_RESET, PLL_ENABLE = 1 << 10, 1 << 8


def uses_pll(cfr3: int) -> bool:
    """Whether the PLL makes the clock of the core."""
    return bool(cfr3 & PLL_ENABLE) and cfr3 >> 24 & 7 < len(VCO_BANDS)


def rates(refclk: float, cfr3: int) -> tuple[float, float]:
    """What the core runs on at first, and for good.

    :returns: the clock in Hz until the PLL has locked, and after that. The second one is 0 if it
        never will be what the register asks for.
    """
    divided = not cfr3 & DIVIDER_BYPASS
    clock = refclk / 2 if divided else refclk
    if divided and not cfr3 & DIVIDER_RUN:
        clock = 0.0
    in_range = 0 < refclk <= (MAX_DIVIDED if divided else MAX_DIRECT)
    if not uses_pll(cfr3):
        return (clock, clock) if in_range else (min(clock, MAX_DIRECT), 0.0)
    low, high = VCO_BANDS[cfr3 >> 24 & 7]
    multiplier = cfr3 >> 1 & 127
    wanted = clock * multiplier
    astray = low if wanted - low < high - wanted else high
    locks = (
        in_range
        and not cfr3 & PFD_RESET
        and PLL_INPUT[0] <= clock <= PLL_INPUT[1]
        and multiplier >= 12
        and max(low, PLL_OUTPUT[0]) <= wanted <= min(high, PLL_OUTPUT[1])
    )
    return astray, wanted if locks else 0.0


class SystemClock(CycleCounter):
    """The clock of one core.

    :param refclk: reference at the pin, Hz.
    :param lock_time: what the PLL takes to lock, s.
    """

    def __init__(self, refclk: float, lock_time: float = 1e-3) -> None:
        super().__init__(lock_time)
        self._refclk = refclk

    def set_up(self, cfr3: int, running: bool, now: float) -> None:
        """Take a new CFR3.

        :param running: False while the reference input is powered down.
        :param now: s.
        """
        rate, locked_rate = rates(self._refclk, cfr3) if running else (0.0, 0.0)
        self._start(rate, locked_rate, uses_pll(cfr3), now)
