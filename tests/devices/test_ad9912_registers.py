"""Registers of the AD9912 as bytes: golden streams, equal to what ARTIQ's driver sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.devices import ad9912_registers as registers
from dds_link.devices.ad9912_clock import pll_settings
from dds_link.devices.ad9912_registers import frame, pll_parameters, reading, tone, tone_frame
from dds_link.tuning import Tuning
from dds_link.words import Words


@pytest.mark.parametrize(
    ("sysclk", "frequency", "phase", "data"),
    [
        (1e9, 19440000, 0, "61 AD 00 00 04 FA 05 14 3B F7"),  # the data sheet's example
        (1e9, 100000000, 0.25, "61 AD 10 00 19 99 99 99 99 9A"),
        (1e9, 123456789.123456, 0.5, "61 AD 20 00 1F 9A DD 37 C1 21"),
        (900e6, 10000000, 0.125, "61 AD 08 00 02 D8 2D 82 D8 2E"),
        (1e9, 2**-48 * 1e9, 0, "61 AD 00 00 00 00 00 00 00 01"),
    ],
)
def test_golden_single_tone(sysclk: float, frequency: float, phase: float, data: str) -> None:
    tuning = Tuning(sysclk, ftw_bits=48, pow_bits=14, asf_bits=1)
    words = Words(tuning.frequency_to_ftw(frequency), tuning.turns_to_pow(phase), 1)
    assert tone_frame(words) == bytes.fromhex(data)


def test_golden_initialisation() -> None:
    """Serial port, clock outputs off, N divider and PLL for times 40; the part ID read."""
    pll = pll_settings(25e6, 1e9)
    assert frame(registers.SERIAL, registers.SERIAL_BASE) == bytes.fromhex("00 00 99")
    assert frame(registers.POWER, registers.POWER_BASE) == bytes.fromhex("00 10 80")
    assert frame(registers.N_DIVIDER, pll.n) == bytes.fromhex("00 20 12")
    assert frame(registers.PLL, pll_parameters(pll)) == bytes.fromhex("00 22 05")
    assert reading(registers.PART_ID) == bytes.fromhex("A0 03 00 00")


@pytest.mark.parametrize(
    ("refclk", "sysclk", "parameters"), [(25e6, 1e9, 5), (20e6, 800e6, 1), (10e6, 1e9, 13)]
)
def test_pll_parameters(refclk: float, sysclk: float, parameters: int) -> None:
    assert pll_parameters(pll_settings(refclk, sysclk)) == parameters


@given(st.integers(0, 2**47 - 1), st.integers(0, 2**14 - 1))
def test_a_tone_is_its_register(ftw: int, pow_: int) -> None:
    words = Words(ftw, pow_, 1)
    assert tone_frame(words) == frame(registers.TONE, tone(words))


def test_reading_asks_for_the_whole_register() -> None:
    for register, width in registers.WIDTHS.items():
        head = int.from_bytes(reading(register)[:2], "big")
        assert head & 0x8000
        assert head & 0x1FFF == register
        assert head >> 13 & 3 == min(width, 4) - 1
        assert reading(register)[2:] == bytes(width)
