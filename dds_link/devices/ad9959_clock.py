"""The clocks of AD9959 and AD9958: which PLL settings give a system clock, and which clocks they
cannot have.

Pure, so that a configuration is refused before anything is written to a chip. Facts: data sheet
(Rev. B), "Specifications" and "Reference Clock Input Circuitry"; bands and multipliers also in
dds-sweeper's and mgrau's drivers.
"""

import math
from typing import NamedTuple

MAX_SPI_HZ = 200e6
"""Highest serial clock, Hz. Answers may need a slower one: dds-sweeper reads at 1e6 Hz."""
REFCLK = (1e6, 500e6)
"""Reference without the PLL, Hz; it is the system clock then."""
PLL_REFCLK = (10e6, 125e6)
"""Reference with the PLL, Hz."""
LOW_VCO, HIGH_VCO = (100e6, 160e6), (255e6, 500e6)
"""Output of the PLL at low and at high VCO gain, Hz. Between the two nothing is guaranteed."""
MIN_MULTIPLIER, MAX_MULTIPLIER = 4, 20
"""Multipliers that the PLL has; any other number in its field leaves the PLL out."""


class PllSettings(NamedTuple):
    """Fields of the register FR1."""

    multiplier: int
    """4...20; 0: no PLL."""
    high_gain: bool
    """VCO gain control."""


BYPASS = PllSettings(0, False)
"""The reference clocks the channels."""


def pll_settings(refclk: float, sysclk: float) -> PllSettings:
    """Find the settings that make ``sysclk`` from ``refclk``.

    :param refclk: reference clock, Hz.
    :param sysclk: clock of the DDS cores, Hz: ``refclk``, or ``refclk`` times 4...20 and then
        100e6...160e6 or 255e6...500e6. Products are compared to 1e-12, because a clock may be no
        whole number of hertz.
    :returns: the fields of FR1; :data:`BYPASS` if the clocks are equal.
    :raises ValueError: if the chip cannot do that, with the reason.
    """
    if not 0 < refclk < math.inf:
        raise ValueError("refclk must be a positive frequency in Hz")
    if not REFCLK[0] <= sysclk <= REFCLK[1]:
        raise ValueError("the chip runs at 1e6...500e6 Hz")
    if sysclk == refclk:
        return BYPASS
    multiplier = round(min(sysclk / refclk, MAX_MULTIPLIER + 1))
    exact = math.isclose(refclk * multiplier, sysclk, rel_tol=1e-12)
    if not (MIN_MULTIPLIER <= multiplier <= MAX_MULTIPLIER and exact):
        raise ValueError(
            f"it must be refclk ({refclk:.12g} Hz) or refclk times a whole number "
            f"{MIN_MULTIPLIER}...{MAX_MULTIPLIER}"
        )
    if not PLL_REFCLK[0] <= refclk <= PLL_REFCLK[1]:
        raise ValueError(f"the PLL takes a refclk of 10e6...125e6 Hz, not {refclk:.12g} Hz")
    for high_gain, (lowest, highest) in ((False, LOW_VCO), (True, HIGH_VCO)):
        if lowest <= sysclk <= highest:
            return PllSettings(multiplier, high_gain)
    raise ValueError("with the PLL it must be 100e6...160e6 or 255e6...500e6 Hz")
