"""Physical quantities to words and back, for the widths of every chip."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link import tuning
from dds_link.tuning import Tuning

GHZ = 1e9


# One row for each tone: system clock, frequency (Hz), phase (turns), amplitude; FTW, POW, ASF.
# The words were computed with fractions and are those that ARTIQ 9 programs for the same tone.
AD9910 = [
    (1e9, 10e6, 0, 1, 0x028F5C29, 0x0000, 0x3FFF),
    (1e9, 100e6, 0.25, 0.5, 0x1999999A, 0x4000, 0x2000),
    (1e9, 80e6, 0.125, 0.1, 0x147AE148, 0x2000, 0x0666),
    (1e9, 200e6, 0.5, 0.75, 0x33333333, 0x8000, 0x2FFF),
    (1e9, 400e6, 0.75, 1, 0x66666666, 0xC000, 0x3FFF),
    (1e9, 123456789.123, 0.333333, 0.7071, 0x1F9ADD38, 0x5555, 0x2D40),
    (1e9, 1, 0, 0.25, 0x00000004, 0x0000, 0x1000),
    (1e9, 0, 0, 0, 0x00000000, 0x0000, 0x0000),
    (1e9, 0.116415321826934814453125, 0, 1, 0x00000000, 0x0000, 0x3FFF),
    (1e9, 0.349245965480804443359375, 0, 1, 0x00000002, 0x0000, 0x3FFF),
    (960e6, 110e6, 0.999995, 0.3, 0x1D555555, 0x0000, 0x1333),
    (800e6, 6834682, 0.1, 0.9, 0x022FE5AC, 0x199A, 0x3999),
    (1e9, 300e6, -0.25, 0.6, 0x4CCCCCCD, 0xC000, 0x2666),
]
AD9914 = [  # and AD9915: 12 bits of amplitude
    (3.5e9, 1e9, 0, 1, 0x49249249, 0x0000, 0xFFF),
    (3e9, 250e6, 0.5, 0.5, 0x15555555, 0x8000, 0x800),
    (2.5e9, 100e6, 0.25, 0.8, 0x0A3D70A4, 0x4000, 0xCCC),
    (3.5e9, 1.4e9, 0.1, 0.25, 0x66666666, 0x199A, 0x400),
]
AD9959 = [
    (500e6, 10e6, 0, 1, 0x051EB852, 0x0000, 0x3FF),
    (500e6, 80e6, 0.25, 0.5, 0x28F5C28F, 0x1000, 0x200),
    (500e6, 123456789, 0.5, 0.25, 0x3F35BA6E, 0x2000, 0x100),
    (480e6, 100e6, 0.75, 0.1, 0x35555555, 0x3000, 0x066),
    (429496729.6, 1e6, 0.5, 0.489736, 0x00989680, 0x2000, 0x1F5),
]
AD9954 = [(400e6, 100e6, 0.25, 0.5, 0x40000000, 0x1000, 0x2000)]
WITH_AMPLITUDE = [
    *((16, 14, row) for row in AD9910),
    *((16, 12, row) for row in AD9914),
    *((14, 10, row) for row in AD9959),
    *((14, 14, row) for row in AD9954),
]

# Chips that scale no amplitude: system clock, frequency, phase; FTW, POW.
AD9912 = [
    (1e9, 19.44e6, 0, 0x04FA05143BF7, 0x0000),  # the example of its data sheet
    (1e9, 100e6, 0.25, 0x19999999999A, 0x1000),
    (1e9, 123456789.123456, 0.5, 0x1F9ADD37C121, 0x2000),
    (900e6, 10e6, 0.125, 0x02D82D82D82E, 0x0800),
    (1e9, 0.000003552713678800500929355621337890625, 0, 0x000000000001, 0x0000),
]
AD9850 = [  # and AD9851
    (180e6, 10e6, 1 / 32, 0x0E38E38E, 1),
    (125e6, 10e6, 0, 0x147AE148, 0),
    (125e6, 1000, 0.5, 0x00008638, 16),
    (180e6, 70e6, 0.25, 0x638E38E4, 8),
]
AD9834 = [  # and AD9833; the nearest word, where other software truncates
    (75e6, 1e6, 0, 0x0369D03, 0x000),
    (75e6, 12345678, 0.25, 0x2A23D17, 0x400),
    (25e6, 1000, 0, 0x00029F1, 0x000),
    (25e6, 400, 0.5, 0x00010C7, 0x800),
]
WITHOUT_AMPLITUDE = [
    *((48, 14, row) for row in AD9912),
    *((32, 5, row) for row in AD9850),
    *((28, 12, row) for row in AD9834),
]


@pytest.mark.parametrize(("pow_bits", "asf_bits", "row"), WITH_AMPLITUDE)
def test_words_of_chips_with_amplitude(
    pow_bits: int, asf_bits: int, row: "tuple[float, float, float, float, int, int, int]"
) -> None:
    sysclk, frequency, phase, amplitude, *words = row
    chip = Tuning(sysclk, 32, pow_bits, asf_bits)
    assert words == [
        chip.frequency_to_ftw(frequency),
        chip.turns_to_pow(phase),
        chip.amplitude_to_asf(amplitude),
    ]


@pytest.mark.parametrize(("ftw_bits", "pow_bits", "row"), WITHOUT_AMPLITUDE)
def test_words_of_chips_without_amplitude(
    ftw_bits: int, pow_bits: int, row: "tuple[float, float, float, int, int]"
) -> None:
    sysclk, frequency, phase, *words = row
    chip = Tuning(sysclk, ftw_bits, pow_bits)
    assert words == [chip.frequency_to_ftw(frequency), chip.turns_to_pow(phase)]


@pytest.mark.parametrize(
    ("amplitude", "asf14", "asf12", "asf10"),
    [
        (0.1, 0x0666, 0x19A, 0x066),
        (0.25, 0x1000, 0x400, 0x100),
        (0.3, 0x1333, 0x4CC, 0x133),
        (0.5, 0x2000, 0x800, 0x200),
        (0.6, 0x2666, 0x999, 0x266),
        (0.7071, 0x2D40, 0xB50, 0x2D3),
        (0.75, 0x2FFF, 0xBFF, 0x2FF),
        (0.9, 0x3999, 0xE66, 0x399),
        (1, 0x3FFF, 0xFFF, 0x3FF),
        (10 ** (-3 / 20), 11598, 2899, 724),
        (10 ** (-60 / 20), 16, 4, 1),
    ],
)
def test_amplitude_words(amplitude: float, asf14: int, asf12: int, asf10: int) -> None:
    assert tuning.amplitude_to_asf(amplitude) == asf14
    assert tuning.amplitude_to_asf(amplitude, 12) == asf12
    assert tuning.amplitude_to_asf(amplitude, 10) == asf10


def test_a_novatech_clock_gives_ten_words_per_hertz() -> None:
    box = Tuning(429496729.6)
    assert box.frequency_to_ftw(100_000_000) == 1_000_000_000
    assert box.frequency_to_ftw(171127603.1) == 0x65FFFFFF
    assert box.ftw_to_frequency(1) == 0.1


# Frequency


def test_half_a_step_either_side_is_the_same_word() -> None:
    chip = Tuning(GHZ)
    step = GHZ / 2**32
    centre = chip.ftw_to_frequency(343597384)
    assert chip.frequency_to_ftw(centre - 0.499 * step) == 343597384
    assert chip.frequency_to_ftw(centre + 0.499 * step) == 343597384
    assert chip.frequency_to_ftw(centre - 0.501 * step) == 343597383
    assert chip.frequency_to_ftw(centre + 0.501 * step) == 343597385


@pytest.mark.parametrize("word", [0, 1, 2, 3, 1000, 2**31 - 3])
def test_exact_ties_go_to_the_even_word(word: int) -> None:
    chip = Tuning(2.0**30)  # a word is a quarter of a hertz
    assert chip.frequency_to_ftw(word / 4 + 1 / 8) == word + word % 2


@pytest.mark.parametrize(("bits", "largest"), [(28, 0x7FFFFFF), (32, 0x7FFFFFFF), (48, 2**47 - 1)])
def test_the_largest_word_is_the_one_below_half_the_clock(bits: int, largest: int) -> None:
    chip = Tuning(GHZ, bits)
    assert chip.max_ftw == largest
    assert chip.frequency_to_ftw(chip.ftw_to_frequency(largest)) == largest
    with pytest.raises(ValueError, match="outside 0"):
        chip.frequency_to_ftw(chip.ftw_to_frequency(largest + 1))


def test_it_is_the_word_that_must_be_below_half_the_clock() -> None:
    # 499999999.9 Hz is below half of 1 GHz, but its nearest word is not.
    with pytest.raises(ValueError, match=r"499999999.9 Hz is outside 0 ... 499999999.767169 Hz"):
        tuning.frequency_to_ftw(499999999.9, GHZ)
    assert tuning.frequency_to_ftw(499999999.88, GHZ) == 0x7FFFFFFF


def test_a_frequency_that_rounds_to_zero_from_below_is_zero() -> None:
    assert tuning.frequency_to_ftw(-0.1, GHZ) == 0
    with pytest.raises(ValueError, match="outside 0"):
        tuning.frequency_to_ftw(-0.2, GHZ)


@pytest.mark.parametrize(
    "frequency", [500e6, 600_000_000, -2.0, -2, 1e300, math.nan, math.inf, -math.inf, 10**400]
)
def test_frequencies_that_are_refused(frequency: float) -> None:
    for bits in (28, 32, 48):
        with pytest.raises(ValueError, match="frequency"):
            tuning.frequency_to_ftw(frequency, GHZ, bits)


def test_a_clock_that_is_no_whole_number() -> None:
    # 10 MHz from 429496729.6 Hz: the float is 429496729.60000002384..., and that is what counts.
    clock = 429496729.6
    expected = round(Fraction(10_000_000) * 2**48 / Fraction(clock))
    assert tuning.frequency_to_ftw(10e6, clock, 48) == expected


@pytest.mark.parametrize("sysclk", [0, 0.5, 2e18, -1e9, math.nan, math.inf])
def test_clocks_that_are_refused(sysclk: float) -> None:
    with pytest.raises(ValueError, match="sysclk"):
        Tuning(sysclk)


# Phase


@pytest.mark.parametrize(
    ("turns", "word"),
    [
        (1.0, 0),
        (1, 0),
        (-1, 0),
        (359.999 / 360, 0),  # 65535.8 rounds to 65536, which is a whole turn
        (359.99 / 360, 65534),
        (-1 / 65536, 65535),
        (-0.25, 0xC000),
        (-1e-9, 0),
        (0.5 / 65536, 0),  # ties
        (1.5 / 65536, 2),
        (-0.5 / 65536, 0),
        (-1.5 / 65536, 65534),
        (1e6 + 0.25, 0x4000),
        (-1e6 - 0.25, 0xC000),
        (1e300, 0),
        (10**30, 0),
    ],
)
def test_phase_wraps_after_rounding(turns: float, word: int) -> None:
    assert tuning.turns_to_pow(turns) == word


@pytest.mark.parametrize("bits", [5, 12, 14, 16])
def test_phase_of_every_width(bits: int) -> None:
    assert tuning.turns_to_pow(0.75, bits) == 3 << (bits - 2)
    assert tuning.turns_to_pow(1 - 2.0 ** -(bits + 2), bits) == 0


@pytest.mark.parametrize("turns", [math.nan, math.inf, -math.inf, 10**400])
def test_phases_that_are_refused(turns: float) -> None:
    with pytest.raises(ValueError, match="phase must be a finite number"):
        tuning.turns_to_pow(turns)


# Amplitude


def test_amplitude_ties_go_to_the_even_word() -> None:
    assert tuning.amplitude_to_asf(0.5) == 8192  # 8191.5
    assert tuning.amplitude_to_asf(0.5, 2) == 2  # 1.5


@pytest.mark.parametrize(
    "amplitude", [-1e-300, -1, 1 + 2**-52, 1.5, 2, math.nan, math.inf, -math.inf, 10**400]
)
def test_amplitudes_that_are_refused(amplitude: float) -> None:
    for bits in (10, 12, 14):
        with pytest.raises(ValueError, match="amplitude"):
            tuning.amplitude_to_asf(amplitude, bits)


# Numbers of any kind, and round trips


def test_whole_numbers_count_as_the_floats_they_equal() -> None:
    assert tuning.frequency_to_ftw(80_000_000, 1_000_000_000) == tuning.frequency_to_ftw(80e6, GHZ)
    assert tuning.amplitude_to_asf(1) == tuning.amplitude_to_asf(1.0) == 16383
    assert tuning.amplitude_to_asf(0) == tuning.amplitude_to_asf(-0.0) == 0
    assert tuning.turns_to_pow(-3) == tuning.turns_to_pow(-3.0) == 0


def test_numbers_of_numpy_count_as_what_they_are() -> None:
    numpy = pytest.importorskip("numpy")
    assert tuning.amplitude_to_asf(numpy.float32(0.5)) == 8192
    assert tuning.amplitude_to_asf(numpy.float64(0.5)) == 8192
    assert tuning.frequency_to_ftw(numpy.int64(80_000_000), GHZ) == 343597384
    with pytest.raises(ValueError, match="phase must be a finite number"):
        tuning.turns_to_pow(numpy.float32("nan"))


@given(
    st.sampled_from([28, 32, 48]),
    st.floats(1e6, 4e9),
    st.floats(0, 1, exclude_max=True),
)
def test_frequency_word_is_nearest(bits: int, sysclk: float, part: float) -> None:
    exact = Fraction(part * sysclk / 2) * 2**bits / Fraction(sysclk)
    if round(exact) < 2 ** (bits - 1):
        assert tuning.frequency_to_ftw(part * sysclk / 2, sysclk, bits) == round(exact)


@given(st.sampled_from([28, 32, 48]), st.floats(1e6, 4e9), st.data())
def test_a_receipt_can_be_sent_back_frequency(
    bits: int, sysclk: float, data: st.DataObject
) -> None:
    word = data.draw(st.integers(0, 2 ** (bits - 1) - 1))
    frequency = tuning.ftw_to_frequency(word, sysclk, bits)
    assert tuning.frequency_to_ftw(frequency, sysclk, bits) == word


@pytest.mark.parametrize("bits", [5, 12, 14, 16])
def test_a_receipt_can_be_sent_back_phase(bits: int) -> None:
    for word in range(2**bits):
        assert tuning.turns_to_pow(tuning.pow_to_turns(word, bits), bits) == word


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_a_receipt_can_be_sent_back_amplitude(bits: int) -> None:
    for word in range(2**bits):
        assert tuning.amplitude_to_asf(tuning.asf_to_amplitude(word, bits), bits) == word
