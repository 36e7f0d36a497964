"""Which clocks an AD9910 can have, and how its PLL is set for them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.devices.ad9910_clock import BYPASS, PllSettings, pll_settings

# MHz; artiq.coredevice.ad9910 refuses a system clock outside the band of its VCO.
ARTIQ_BANDS = [(370, 510), (420, 590), (500, 700), (600, 880), (700, 950), (820, 1150)]


@pytest.mark.parametrize(
    ("refclk", "sysclk", "n", "vco"),
    [
        (25e6, 1000e6, 40, 5),
        (31.25e6, 1000e6, 32, 5),
        (40e6, 1000e6, 25, 5),
        (20e6, 1000e6, 50, 5),
        (50e6, 900e6, 18, 5),
        (10e6, 890e6, 89, 4),
        (10e6, 780e6, 78, 4),
        (25e6, 775e6, 31, 3),
        (10e6, 640e6, 64, 3),
        (10e6, 630e6, 63, 2),
        (10e6, 530e6, 53, 1),
        (10e6, 460e6, 46, 1),
        (35e6, 420e6, 12, 0),
        (4e6, 508e6, 127, 1),
        (3.31e6, 420.37e6, 127, 0),
        (60e6, 720e6, 12, 3),
    ],
)
def test_pll_settings(refclk: float, sysclk: float, n: int, vco: int) -> None:
    assert pll_settings(refclk, sysclk) == PllSettings(n, vco, icp=7, enabled=True)


@pytest.mark.parametrize("clock", [1e9, 600e6, 25e6, 1.0])
def test_equal_clocks_leave_the_pll_out(clock: float) -> None:
    assert pll_settings(clock, clock) == BYPASS
    assert not BYPASS.enabled


def test_bypass_is_the_word_of_artiq() -> None:
    assert 0x0807C000 | BYPASS.vco << 24 | BYPASS.icp << 19 | BYPASS.n << 1 == 0x0E3FC018


@given(st.floats(3.307e6, 60e6), st.integers(12, 127))
def test_the_vco_is_in_the_band_that_artiq_allows(refclk: float, n: int) -> None:
    sysclk = refclk * n
    if not 420e6 <= sysclk <= 1000e6:
        with pytest.raises(ValueError, match="1000e6"):
            pll_settings(refclk, sysclk)
        return
    settings = pll_settings(refclk, sysclk)
    low, high = ARTIQ_BANDS[settings.vco]
    assert settings.n == n
    assert low <= sysclk / 1e6 <= high


def test_a_reference_that_is_no_whole_number_of_hertz() -> None:
    assert pll_settings(9999999.7, 999999970.0).n == 100


@pytest.mark.parametrize(
    ("refclk", "sysclk", "reason"),
    [
        (0.0, 1e9, "refclk must be"),
        (-25e6, 1e9, "refclk must be"),
        (math.nan, 1e9, "refclk must be"),
        (math.inf, 1e9, "refclk must be"),
        (25e6, 0.0, "at most at 1000e6"),
        (25e6, -1e9, "at most at 1000e6"),
        (25e6, math.nan, "at most at 1000e6"),
        (25e6, 1025e6, "at most at 1000e6"),
        (1.2e9, 1.2e9, "at most at 1000e6"),
        (25e6, 990e6, "whole number 12...127"),
        (100e6, 1000e6, "whole number 12...127"),
        (7e6, 896e6, "whole number 12...127"),
        (1000e6, 500e6, "whole number 12...127"),
        (5e-324, 1e9, "whole number 12...127"),
        (25e6, 400e6, "420e6...1000e6"),
        (61e6, 732e6, "up to 60e6"),
    ],
)
def test_clocks_that_it_cannot_have(refclk: float, sysclk: float, reason: str) -> None:
    with pytest.raises(ValueError, match=reason.replace("...", r"\.\.\.")):
        pll_settings(refclk, sysclk)
