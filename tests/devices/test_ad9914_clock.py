"""Clocks of AD9914 and AD9915: direct, or by the PLL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.devices.ad9914_clock import BYPASS, CHIPS, VCO, PllSettings, pll_settings

AD9914, AD9915 = CHIPS["ad9914"], CHIPS["ad9915"]


@pytest.mark.parametrize(
    ("refclk", "sysclk", "expected"),
    [
        (3.5e9, 3.5e9, BYPASS),
        (500e6, 500e6, BYPASS),
        (2.5e9, 2.5e9, BYPASS),
        (25e6, 2.5e9, PllSettings(50)),
        (100e6, 2.4e9, PllSettings(12)),
        (125e6, 2.5e9, PllSettings(10)),
        (2.5e9 / 510, 2.5e9, PllSettings(255)),
        (1e8 / 3, 2.4e9, PllSettings(36)),  # no whole number of hertz
    ],
)
def test_settings(refclk: float, sysclk: float, expected: PllSettings) -> None:
    assert pll_settings(AD9914, refclk, sysclk) == expected


def test_the_ad9915_is_slower() -> None:
    assert pll_settings(AD9915, 2.5e9, 2.5e9) == BYPASS
    with pytest.raises(ValueError, match="the AD9915 runs at 500e6...2500e6 Hz"):
        pll_settings(AD9915, 2.6e9, 2.6e9)


@pytest.mark.parametrize(
    ("refclk", "sysclk", "reason"),
    [
        (3.51e9, 3.51e9, "the AD9914 runs at 500e6...3500e6 Hz"),
        (499e6, 499e6, "the AD9914 runs at 500e6...3500e6 Hz"),
        (25e6, float("nan"), "the AD9914 runs at"),
        (float("nan"), 2.5e9, "refclk must be a positive frequency"),
        (float("inf"), 2.5e9, "refclk must be a positive frequency"),
        (0.0, 2.5e9, "refclk must be a positive frequency"),
        (25e6, 2.475e9, r"refclk \(25000000 Hz\) or refclk times an even number 20...510"),  # 99
        (250e6, 2.5e9, "an even number 20...510"),
        (4.8e6, 2.5e9, "an even number 20...510"),
        (1e-300, 2.5e9, "an even number 20...510"),
        (25e6, 2.35e9, "with the PLL it must be 2400e6...2500e6 Hz"),
        (25e6, 2.55e9, "with the PLL it must be 2400e6...2500e6 Hz"),
    ],
)
def test_what_the_chip_cannot_do(refclk: float, sysclk: float, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        pll_settings(AD9914, refclk, sysclk)


@given(n=st.integers(10, 255), sysclk=st.floats(*VCO))
def test_every_multiplier(n: int, sysclk: float) -> None:
    assert pll_settings(AD9915, sysclk / (2 * n), sysclk) == PllSettings(n)
