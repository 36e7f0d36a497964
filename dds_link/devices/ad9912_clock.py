"""The clocks of an AD9912: which PLL settings give a system clock, and which clocks it cannot have.

Pure, so that a configuration is refused before anything is written to a chip. The ranges of the VCO
are those of Analog Devices' evaluation software; between them lies one that only the chip's
automatic selection reaches, which this project leaves out. The factor and the use of the doubler
are those of ``artiq.coredevice.ad9912``. Highest serial clock and reference are unconfirmed: the
data sheet is said to have 50 MHz and, at the PLL, 200 MHz, but 250 MHz is in use.
"""

import math
from typing import NamedTuple

MAX_SPI_HZ = 50e6
"""Highest serial clock, Hz (unconfirmed)."""
MAX_SYSCLK = 1e9
"""Highest clock of the DDS core, Hz."""
LOW_RANGE, HIGH_RANGE = (700e6, 810e6), (900e6, 1000e6)
"""What the VCO can do in either range, Hz."""
MIN_PLL_INPUT = 11e6
"""Lowest reference of the PLL, Hz. A slower one goes through the doubler."""
MIN_FACTOR, MAX_FACTOR = 4, 66
"""Multipliers that the PLL has; all are even."""


class PllSettings(NamedTuple):
    """Content of the registers 0x020 and 0x022."""

    n: int
    """N divider, 0...31; the PLL multiplies by 2 (N + 2)."""
    high_range: bool
    """Range of the VCO."""
    doubler: bool
    """The reference is doubled before the PLL."""
    enabled: bool = True
    """False: the PLL is powered down, and the reference clocks the DDS core."""


BYPASS = PllSettings(n=18, high_range=True, doubler=False, enabled=False)
"""No PLL; the rest is as after a reset."""


def pll_settings(refclk: float, sysclk: float) -> PllSettings:
    """Find the settings that make ``sysclk`` from ``refclk``.

    :param refclk: reference clock, Hz.
    :param sysclk: clock of the DDS core, Hz: ``refclk``, or ``refclk`` times 4, 6, 8...66 and then
        700e6...810e6 or 900e6...1000e6. A ``refclk`` below 11e6 is doubled first. Products are
        compared to 1e-12, because a clock may be no whole number of hertz.
    :returns: what the registers hold; :data:`BYPASS` if the clocks are equal.
    :raises ValueError: if the chip cannot do that, with the reason.
    """
    if not 0 < refclk < math.inf:
        raise ValueError("refclk must be a positive frequency in Hz")
    if not 0 < sysclk <= MAX_SYSCLK:
        raise ValueError("the AD9912 runs at most at 1000e6 Hz")
    if sysclk == refclk:
        return BYPASS
    doubler = refclk < MIN_PLL_INPUT
    at_pll = 2 * refclk if doubler else refclk
    factor = 2 * round(min(sysclk / at_pll, MAX_FACTOR + 2) / 2)
    if not (
        MIN_FACTOR <= factor <= MAX_FACTOR
        and math.isclose(at_pll * factor, sysclk, rel_tol=1e-12)
        and at_pll >= MIN_PLL_INPUT
    ):
        doubled = "twice " if doubler else ""
        raise ValueError(
            f"it must be refclk ({refclk:.12g} Hz) or {doubled}refclk times an even number "
            f"{MIN_FACTOR}...{MAX_FACTOR}, with {doubled}refclk at 11e6 Hz or more"
        )
    high_range = HIGH_RANGE[0] <= sysclk
    if not (high_range or LOW_RANGE[0] <= sysclk <= LOW_RANGE[1]):
        raise ValueError("with the PLL it must be 700e6...810e6 or 900e6...1000e6 Hz")
    return PllSettings(factor // 2 - 2, high_range, doubler)
