"""Bytes on the serial port of AD9914 and AD9915, against golden ones of independent origin."""

import pytest

from dds_link.devices import ad9914_registers as registers
from dds_link.devices.ad9914_clock import CHIPS, pll_settings
from dds_link.tuning import Tuning
from dds_link.words import Words

#: System clock in Hz, requested tone (Hz, turns, fraction), bytes. Words in exact arithmetic, equal
#: to what ARTIQ's AD9914 driver computes; addresses and layout from ad9xdds and JQIamo's driver.
GOLDEN = [
    (3.5e9, 1e9, 0, 1, "0B 49 24 92 49", "0C 0F FF 00 00"),
    (3e9, 250e6, 0.5, 0.5, "0B 15 55 55 55", "0C 08 00 80 00"),
    (2.5e9, 100e6, 0.25, 0.8, "0B 0A 3D 70 A4", "0C 0C CC 40 00"),
    (3.5e9, 1.4e9, 0.1, 0.25, "0B 66 66 66 66", "0C 04 00 19 9A"),
]


@pytest.mark.parametrize(("sysclk", "frequency", "phase", "amplitude", "ftw", "tone"), GOLDEN)
def test_golden_tones(
    sysclk: float, frequency: float, phase: float, amplitude: float, ftw: str, tone: str
) -> None:
    tuning = Tuning(sysclk, ftw_bits=32, pow_bits=16, asf_bits=12)
    words = Words(
        tuning.frequency_to_ftw(frequency),
        tuning.turns_to_pow(phase),
        tuning.amplitude_to_asf(amplitude),
    )
    assert registers.tone_frames(words) == (bytes.fromhex(ftw), bytes.fromhex(tone))
    assert registers.frame(registers.FTW_0, words.ftw) == bytes.fromhex(ftw)
    assert registers.frame(registers.TONE_0, registers.tone(words)) == bytes.fromhex(tone)


@pytest.mark.parametrize(
    ("register", "value", "data"),
    [
        # A radar's driver for four AD9914: three wires, sine, OSK, external power-down.
        (registers.CFR1, registers.CFR1_BASE, "00 00 01 01 0A"),
        # The same one, to calibrate the VCO.
        (registers.CFR1, registers.CFR1_BASE | registers.CFR1_VCO_CAL, "00 01 01 01 0A"),
        # ad9xdds and ARTIQ: DAC calibration.
        (registers.CFR4, registers.CFR4_DAC_CAL, "03 01 05 21 20"),
        (registers.CFR4, registers.CFR4_BASE, "03 00 05 21 20"),
        # From the bit descriptions: profile mode and matched latency beside what a reset leaves.
        (registers.CFR2, 0x00000900 | 1 << 23 | 1 << 15, "01 00 80 89 00"),
        (registers.CFR1, registers.CFR1_BASE | registers.CFR1_AUTOCLEAR, "00 00 01 21 0A"),
        # An STM32 driver's power-down is bits 7:5, too.
        (registers.CFR1, registers.CFR1_BASE | registers.CFR1_POWER_DOWN, "00 00 01 01 EA"),
    ],
)
def test_golden_registers(register: int, value: int, data: str) -> None:
    assert registers.frame(register, value) == bytes.fromhex(data)


@pytest.mark.parametrize(
    ("refclk", "sysclk", "data"),
    [
        (25e6, 2.5e9, "02 00 04 32 1C"),  # as the radar's driver for the same clocks
        (100e6, 2.4e9, "02 00 04 0C 1C"),
        (2.5e9, 2.5e9, "02 00 00 19 1C"),  # as a Raspberry Pi driver with an external clock
    ],
)
def test_golden_clocks(refclk: float, sysclk: float, data: str) -> None:
    pll = pll_settings(CHIPS["ad9914"], refclk, sysclk)
    assert registers.frame(registers.CFR3, registers.cfr3(pll)) == bytes.fromhex(data)


def test_a_reading_clocks_the_whole_register() -> None:
    assert registers.reading(registers.USR0) == bytes.fromhex("9B 00 00 00 00")
    assert registers.reading(registers.CFR1) == bytes.fromhex("80 00 00 00 00")
