"""Which clocks an AD9959 can have."""

import math

import pytest

from dds_link.devices.ad9959_clock import BYPASS, PllSettings, pll_settings


@pytest.mark.parametrize(
    ("refclk", "sysclk", "expected"),
    [
        (25e6, 500e6, PllSettings(20, True)),
        (50e6, 500e6, PllSettings(10, True)),
        (125e6, 500e6, PllSettings(4, True)),
        (20e6, 160e6, PllSettings(8, False)),
        (10e6, 100e6, PllSettings(10, False)),
        (25.5e6, 255e6, PllSettings(10, True)),
        (500e6 / 17, 500e6, PllSettings(17, True)),  # no whole number of hertz
        (500e6, 500e6, BYPASS),
        (200e6, 200e6, BYPASS),  # without the PLL any clock will do
        (1e6, 1e6, BYPASS),
    ],
)
def test_settings(refclk: float, sysclk: float, expected: PllSettings) -> None:
    assert pll_settings(refclk, sysclk) == expected


@pytest.mark.parametrize(
    ("refclk", "sysclk", "reason"),
    [
        (0.0, 500e6, "refclk must be a positive"),
        (math.nan, 500e6, "refclk must be a positive"),
        (math.inf, 500e6, "refclk must be a positive"),
        (25e6, math.nan, "1e6...500e6"),
        (25e6, 525e6, "1e6...500e6"),
        (0.9e6, 0.9e6, "1e6...500e6"),
        (25e6, 500e6 - 1, r"refclk \(25000000 Hz\) or refclk times a whole number 4...20"),
        (160e6, 480e6, "times a whole number 4...20"),  # times 3
        (20e6, 420e6, "times a whole number 4...20"),  # times 21
        (1e-3, 500e6, "times a whole number 4...20"),
        (126e6, 4 * 126e6, "1e6...500e6"),
        (9e6, 9e6 * 12, "the PLL takes a refclk of 10e6...125e6 Hz, not 9000000 Hz"),
        (10e6, 200e6, "100e6...160e6 or 255e6...500e6"),  # no VCO gain is guaranteed here
        (16.1e6, 161e6, "100e6...160e6 or 255e6...500e6"),
        (25.4e6, 254e6, "100e6...160e6 or 255e6...500e6"),
        (12e6, 96e6, "100e6...160e6 or 255e6...500e6"),
    ],
)
def test_what_it_cannot_do(refclk: float, sysclk: float, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        pll_settings(refclk, sysclk)
