"""The bytes of an AD9959; whole transactions are in ``test_ad9959``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.devices import ad9959_registers as registers
from dds_link.devices.ad9959_clock import BYPASS, pll_settings
from dds_link.words import Words


@pytest.mark.parametrize(
    ("register", "value", "data"),
    [
        (registers.CSR, registers.csr(0xF0), "00 F2"),  # dds-sweeper and mgrau begin so
        (registers.FR1, 0xD30000, "01 D3 00 00"),
        (registers.FR2, registers.FR2_BASE, "02 00 00"),
        (registers.CFR, registers.CFR_BASE, "03 00 03 20"),
        (registers.CFR, registers.CFR_AUTOCLEAR, "03 00 03 24"),
        (registers.CFR, registers.CFR_POWER_DOWN, "03 00 03 E0"),
        (registers.CFTW0, 0x051EB852, "04 05 1E B8 52"),
        (registers.CPOW0, 0x1000, "05 10 00"),
        (registers.ACR, registers.ACR_BASE | 0x200, "06 00 12 00"),
    ],
)
def test_a_frame_is_the_instruction_and_the_whole_register(
    register: int, value: int, data: str
) -> None:
    assert registers.frame(register, value) == bytes.fromhex(data)


def test_a_reading_selects_one_output_first() -> None:
    assert registers.reading(0x40, registers.CFR) == bytes.fromhex("00 42 83 00 00 00")
    assert registers.reading(0x10, registers.CSR) == bytes.fromhex("00 12 80 00")


def test_select() -> None:
    assert registers.select(0x50) == bytes.fromhex("00 52")


@given(
    st.sampled_from([0x10, 0x20, 0x40, 0x80, 0xC0, 0xF0]),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**14 - 1),
    st.integers(0, 2**10 - 1),
)
def test_a_tone_is_its_four_registers(outputs: int, ftw: int, pow_: int, asf: int) -> None:
    assert registers.tone_frame(outputs, Words(ftw, pow_, asf)) == b"".join(
        (
            registers.select(outputs),
            registers.frame(registers.CFTW0, ftw),
            registers.frame(registers.CPOW0, pow_),
            registers.frame(registers.ACR, 1 << 12 | asf),
        )
    )


@pytest.mark.parametrize(
    ("refclk", "sysclk", "value"),
    [
        (25e6, 500e6, 0xD30000),
        (50e6, 500e6, 0xAB0000),
        (125e6, 500e6, 0x930000),
        (20e6, 160e6, 0x230000),
        (400e6, 400e6, 0x030000),
    ],
)
def test_clocks(refclk: float, sysclk: float, value: int) -> None:
    """VCO gain in bit 23, multiplier in 22:18, charge pump in 17:16."""
    assert registers.fr1(pll_settings(refclk, sysclk)) == value
    assert registers.fr1(BYPASS) == 0x030000
