"""Which clocks an AD9912 can have, and the PLL settings that give them."""

import math

import pytest

from dds_link.devices.ad9912_clock import BYPASS, PllSettings, pll_settings
from dds_link.twins.ad9912_clock import rates


@pytest.mark.parametrize(
    ("refclk", "sysclk", "settings"),
    [
        (1e9, 1e9, BYPASS),
        (100e6, 100e6, BYPASS),
        (25e6, 1e9, PllSettings(18, True, False)),
        (100e6, 1e9, PllSettings(3, True, False)),
        (250e6, 1e9, PllSettings(0, True, False)),
        (15e6, 990e6, PllSettings(31, True, False)),
        (22.5e6, 900e6, PllSettings(18, True, False)),
        (20.25e6, 810e6, PllSettings(18, False, False)),
        (17.5e6, 700e6, PllSettings(18, False, False)),
        (11e6, 726e6, PllSettings(31, False, False)),
        (10e6, 1e9, PllSettings(23, True, True)),
        (5.5e6, 726e6, PllSettings(31, False, True)),
        (900e6 / 66, 900e6, PllSettings(31, True, False)),
    ],
)
def test_settings(refclk: float, sysclk: float, settings: PllSettings) -> None:
    assert pll_settings(refclk, sysclk) == settings
    parameters = settings.doubler << 3 | settings.high_range << 2 | 1
    for_good = rates(refclk, settings.enabled, settings.n, parameters)[1]
    assert for_good == pytest.approx(sysclk, rel=1e-12)


@pytest.mark.parametrize(
    ("refclk", "sysclk", "reason"),
    [
        (0, 1e9, "refclk must be a positive frequency"),
        (-25e6, 1e9, "refclk must be a positive frequency"),
        (math.nan, 1e9, "refclk must be a positive frequency"),
        (math.inf, 1e9, "refclk must be a positive frequency"),
        (25e6, 1.001e9, "at most at 1000e6 Hz"),
        (25e6, 0, "at most at 1000e6 Hz"),
        (25e6, math.nan, "at most at 1000e6 Hz"),
        (25e6, 975e6, "refclk .25000000 Hz. or refclk times an even number 4...66"),  # 39
        (25e6, 990e6, "times an even number"),
        (500e6, 1e9, "times an even number"),
        (12e6, 960e6, "times an even number"),
        (10e6, 980e6 + 20, "twice refclk times an even number"),
        (5.4e6, 712.8e6, "with twice refclk at 11e6 Hz or more"),
        (25e6, 850e6, "700e6...810e6 or 900e6...1000e6"),
        (25e6, 600e6, "700e6...810e6 or 900e6...1000e6"),
    ],
)
def test_what_the_chip_cannot_do(refclk: float, sysclk: float, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        pll_settings(refclk, sysclk)
