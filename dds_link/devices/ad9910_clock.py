"""The clocks of an AD9910: which PLL settings give a system clock, and which clocks it cannot have.

Pure, so that a configuration is refused before anything is written to a chip. The limits are those
of the chip's driver in Linux; its choice of VCO was checked against ``artiq.coredevice.ad9910``.
"""

import math
from typing import NamedTuple

MAX_SPI_HZ = 70e6
"""Highest serial clock, Hz."""
MAX_SYSCLK = 1e9
"""Highest clock of the DDS core, Hz."""
MIN_PLL_SYSCLK = 420e6
"""Lowest output of the PLL, Hz."""
MAX_PLL_REFCLK = 60e6
"""Highest reference of the PLL, Hz; the lowest, 3.307 MHz, follows from the other limits."""
MIN_N, MAX_N = 12, 127
"""Multipliers that the PLL has."""

# Upper end in Hz of the range in which Linux chooses VCO 0 to 4; above the last one it is VCO 5.
# Each range lies well inside the band in which ARTIQ allows that VCO (for example 820 to 1150 MHz
# for VCO 5), so that temperature does not drive it out of lock.
_VCO_UP_TO = (457e6, 530e6, 632e6, 775e6, 897e6)


class PllSettings(NamedTuple):
    """Fields of the register CFR3."""

    n: int
    """Multiplier, 12...127."""
    vco: int
    """VCO select: 0...5 is a band, 6 leaves the VCO out."""
    icp: int
    """Charge-pump current, 0...7: 212 uA + 25 uA * icp."""
    enabled: bool = True
    """Bit "PLL enable"."""


BYPASS = PllSettings(n=MIN_N, vco=6, icp=7, enabled=False)
"""No PLL: the reference clocks the DDS core (CFR3 = 0x0E3FC018, as ARTIQ writes it)."""


def pll_settings(refclk: float, sysclk: float) -> PllSettings:
    """Find the settings that make ``sysclk`` from ``refclk``.

    :param refclk: reference clock, Hz.
    :param sysclk: clock of the DDS core, Hz: ``refclk``, or ``refclk`` times 12...127 and then
        420e6...1000e6. Products are compared to 1e-12, because a clock may be no whole number of
        hertz.
    :returns: the fields of CFR3; :data:`BYPASS` if the clocks are equal.
    :raises ValueError: if the chip cannot do that, with the reason.
    """
    if not 0 < refclk < math.inf:
        raise ValueError("refclk must be a positive frequency in Hz")
    if not 0 < sysclk <= MAX_SYSCLK:
        raise ValueError("the AD9910 runs at most at 1000e6 Hz")
    if sysclk == refclk:
        return BYPASS
    n = round(min(sysclk / refclk, MAX_N + 1))
    if not (MIN_N <= n <= MAX_N and math.isclose(refclk * n, sysclk, rel_tol=1e-12)):
        raise ValueError(
            f"it must be refclk ({refclk:.12g} Hz) or refclk times a whole number {MIN_N}...{MAX_N}"
        )
    if not MIN_PLL_SYSCLK <= sysclk:
        raise ValueError("with the PLL it must be 420e6...1000e6 Hz")
    if not refclk <= MAX_PLL_REFCLK:
        raise ValueError(f"the PLL takes a refclk of up to 60e6 Hz, not {refclk:.12g} Hz")
    vco = sum(sysclk > limit for limit in _VCO_UP_TO)
    # ARTIQ locks every band with the largest charge-pump current.
    return PllSettings(n, vco, icp=7)
