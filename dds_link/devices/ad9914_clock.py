"""The clocks of AD9914 and AD9915: how fast each may run, and which PLL settings give a clock.

Pure, so that a configuration is refused before anything is written to a chip. The PLL is the same
in both: times 2 N, by the fields of CFR3. That N is 10...255 the register descriptions in public
drivers say. Its VCO runs at 2400e6...2500e6 Hz; that is unconfirmed, but a firmware made for
these chips starts there too, and found an AD9915 in lock from 2150e6 to 2640e6 Hz. The same
firmware has the 500e6 Hz that a clock without the PLL has at least.
"""

import math
from typing import NamedTuple


class Chip(NamedTuple):
    """What the two chips differ in."""

    name: str
    max_sysclk: float
    """Highest clock of the DDS core, Hz."""
    sync_divider: int
    """SYNC_CLK, on which an update is taken up, is sysclk over this (unconfirmed)."""


CHIPS = {
    "ad9914": Chip("AD9914", 3.5e9, 24),
    "ad9915": Chip("AD9915", 2.5e9, 16),
}
"""By the type of a config file."""

MAX_SPI_HZ = 80e6
"""Highest serial clock, Hz; unconfirmed, but used by a public driver."""
MIN_SYSCLK = 500e6
"""Lowest clock without the PLL, Hz."""
VCO = (2400e6, 2500e6)
"""Output of the PLL, Hz."""
MIN_N, MAX_N = 10, 255
"""Divider in the PLL's feedback; its multiplier is twice that."""


class PllSettings(NamedTuple):
    """Fields of the register CFR3."""

    n: int
    """Divider N, 10...255; the multiplier is 2 N."""
    enabled: bool = True
    """Bit "PLL enable"."""


BYPASS = PllSettings(n=25, enabled=False)
"""No PLL: the reference clocks the DDS core. N is the one after a reset."""


def pll_settings(chip: Chip, refclk: float, sysclk: float) -> PllSettings:
    """Find the settings that make ``sysclk`` from ``refclk``.

    :param refclk: reference clock, Hz.
    :param sysclk: clock of the DDS core, Hz: ``refclk``, or ``refclk`` times an even number
        20...510 and then 2400e6...2500e6. Products are compared to 1e-12, because a clock may be no
        whole number of hertz.
    :returns: the fields of CFR3; :data:`BYPASS` if the clocks are equal.
    :raises ValueError: if the chip cannot do that, with the reason.
    """
    if not 0 < refclk < math.inf:
        raise ValueError("refclk must be a positive frequency in Hz")
    if not MIN_SYSCLK <= sysclk <= chip.max_sysclk:
        raise ValueError(f"the {chip.name} runs at 500e6...{chip.max_sysclk / 1e6:.0f}e6 Hz")
    if sysclk == refclk:
        return BYPASS
    n = round(min(sysclk / refclk / 2, MAX_N + 1))
    if not (MIN_N <= n <= MAX_N and math.isclose(refclk * 2 * n, sysclk, rel_tol=1e-12)):
        raise ValueError(
            f"it must be refclk ({refclk:.12g} Hz) or refclk times an even number "
            f"{2 * MIN_N}...{2 * MAX_N}"
        )
    if not VCO[0] <= sysclk <= VCO[1]:
        raise ValueError("with the PLL it must be 2400e6...2500e6 Hz")
    return PllSettings(n)
