"""Words and bytes, against the golden vectors of ARTIQ's driver."""

import pytest

from dds_link.devices import ad9910_registers as registers
from dds_link.devices.ad9910_clock import pll_settings
from dds_link.words import Words
from tests.twins import ad9910_frames


@pytest.mark.parametrize(
    ("words", "data"),
    [
        (Words(0x028F5C29, 0x0000, 0x3FFF), "0E 3F FF 00 00 02 8F 5C 29"),
        (Words(0x1999999A, 0x4000, 0x2000), "0E 20 00 40 00 19 99 99 9A"),
        (Words(0x147AE148, 0x2000, 0x0666), "0E 06 66 20 00 14 7A E1 48"),
        (Words(0x33333333, 0x8000, 0x2FFF), "0E 2F FF 80 00 33 33 33 33"),
        (Words(0x66666666, 0xC000, 0x3FFF), "0E 3F FF C0 00 66 66 66 66"),
        (Words(0x1F9ADD38, 0x5555, 0x2D40), "0E 2D 40 55 55 1F 9A DD 38"),
        (Words(0x00000004, 0x0000, 0x1000), "0E 10 00 00 00 00 00 00 04"),
        (Words(0x00000000, 0x0000, 0x0000), "0E 00 00 00 00 00 00 00 00"),
        (Words(0x022FE5AC, 0x199A, 0x3999), "0E 39 99 19 9A 02 2F E5 AC"),
        (Words(0x4CCCCCCD, 0xC000, 0x2666), "0E 26 66 C0 00 4C CC CC CD"),
    ],
)
def test_a_profile_as_artiq_writes_it(words: Words, data: str) -> None:
    value = registers.profile(words)
    assert registers.frame(registers.PROFILE_0, value) == bytes.fromhex(data)
    assert registers.words_of(value) == words


def test_bits_of_a_profile_that_mean_nothing() -> None:
    assert registers.words_of(0xC000000000000000) == Words(0, 0, 0)


@pytest.mark.parametrize(
    ("register", "value", "data"),
    [
        (registers.CFR1, registers.CFR1_BASE, "00 00 00 00 02"),
        (registers.CFR1, registers.CFR1_AUTOCLEAR, "00 00 00 20 02"),
        (registers.CFR1, registers.CFR1_POWER_DOWN, "00 00 00 00 F2"),
        (registers.CFR2, registers.CFR2_BASE, "01 01 01 00 80"),
        (registers.FTW, 0x1999999A, "07 19 99 99 9A"),
        (registers.POW, 0x4000, "08 40 00"),
        (registers.ASF, 0x2000 << 2, "09 00 00 80 00"),
        (registers.AUX_DAC, registers.AUX_DAC_BASE, "03 00 00 00 7F"),
        (registers.MULTICHIP_SYNC, 0, "0A 00 00 00 00"),
    ],
)
def test_a_register_as_artiq_writes_it(register: int, value: int, data: str) -> None:
    assert registers.frame(register, value) == bytes.fromhex(data)


@pytest.mark.parametrize(
    ("refclk", "resetting", "final"),
    [
        (31.25e6, "02 0D 3F C5 40", "02 0D 3F C1 40"),
        (25e6, "02 0D 3F C5 50", "02 0D 3F C1 50"),
        (40e6, "02 0D 3F C5 32", "02 0D 3F C1 32"),
        (20e6, "02 0D 3F C5 64", "02 0D 3F C1 64"),
    ],
)
def test_clocks_as_artiq_writes_them(refclk: float, resetting: str, final: str) -> None:
    value = registers.cfr3(pll_settings(refclk, 1e9))
    assert registers.frame(registers.CFR3, value) == bytes.fromhex(final)
    assert registers.frame(registers.CFR3, value | registers.CFR3_PFD_RESET) == bytes.fromhex(
        resetting
    )


def test_a_clock_without_the_pll() -> None:
    value = registers.cfr3(pll_settings(1e9, 1e9))
    assert registers.frame(registers.CFR3, value) == bytes.fromhex("02 0E 3F C0 18")


@pytest.mark.parametrize("register", sorted(registers.WIDTHS))
def test_a_reading_clocks_the_whole_register(register: int) -> None:
    assert registers.reading(register) == ad9910_frames.reading(register)
