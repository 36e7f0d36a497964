"""Quantities: what people write, and what they are shown."""

from __future__ import annotations

import math
import re
import sys
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.quantities import (
    MAX_LENGTH,
    UNITS,
    Quantity,
    format_amplitude,
    format_attenuation,
    format_decibel,
    format_degrees,
    format_frequency,
    is_unit,
    parse,
    parse_amplitude,
    parse_as,
    parse_frequency,
    parse_phase,
)

# What people type: a few digits, a point, perhaps an exponent.
numbers = st.builds(
    "{}{}.{}{}".format,
    st.sampled_from(["", "+", "-"]),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.sampled_from(["", "e0", "E3", "e-3", "e+6"]),
)
frequency_units = st.sampled_from(sorted(UNITS["frequency"].items()))


@pytest.mark.parametrize(
    ("text", "hertz"),
    [
        ("80MHz", 80e6),
        ("80.5 MHz", 80.5e6),
        ("  80.5MHz ", 80.5e6),
        ("80e6", 80e6),
        ("80E6", 80e6),
        ("8e1MHz", 80e6),
        ("+80MHz", 80e6),
        ("80.MHz", 80e6),
        (".5GHz", 0.5e9),
        ("100kHz", 100e3),
        ("1Hz", 1.0),
        ("0", 0.0),
        ("-1Hz", -1.0),
    ],
)
def test_a_frequency(text: str, hertz: float) -> None:
    assert parse_frequency(text) == hertz


@pytest.mark.parametrize(
    ("text", "fraction"),
    [
        ("0.5", 0.5),
        ("1", 1.0),
        ("50%", 0.5),
        ("12.5 %", 0.125),
        ("0dB", 1.0),
        ("-20dB", 0.1),
        ("-40 dB", 0.01),
        ("-3dB", 0.7079457843841379),
        ("20dB", 10.0),
        ("-8001dB", 0.0),
    ],
)
def test_an_amplitude_is_a_fraction_of_full_scale(text: str, fraction: float) -> None:
    assert parse_amplitude(text) == fraction


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("0.25", 0.25),
        ("0.25turn", 0.25),
        ("2 turns", 2.0),
        ("90deg", 0.25),
        ("-45 deg", -0.125),
        ("1.5707963267948966rad", 0.25),
        ("-3.1415926535897932385rad", -0.5),
    ],
)
def test_a_phase_is_in_turns(text: str, turns: float) -> None:
    assert parse_phase(text) == turns


@pytest.mark.parametrize("text", ["80.1MHz", "80100kHz", "0.0801GHz", "80100000", "801e5Hz"])
def test_a_scale_is_applied_exactly(text: str) -> None:
    """80.1 * 1e6 in floats is 80099999.99999999."""
    assert parse_frequency(text) == 80100000.0


@given(number=numbers, unit=frequency_units)
def test_a_frequency_is_the_float_nearest_to_the_decimal(
    number: str, unit: tuple[str, Fraction]
) -> None:
    name, scale = unit
    assert parse_frequency(number + name) == float(Fraction(Decimal(number)) * scale)


@given(number=numbers)
def test_degrees_and_percent_are_the_nearest_float(number: str) -> None:
    assert parse_phase(number + "deg") == float(Fraction(Decimal(number)) / 360)
    assert parse_amplitude(number + "%") == float(Fraction(Decimal(number)) / 100)


@given(radians=st.floats(-1e6, 1e6))
def test_radians_are_parts_of_two_pi(radians: float) -> None:
    turns = parse_phase(format(radians, ".17g") + "rad")
    assert turns == pytest.approx(radians / math.tau, rel=1e-15, abs=1e-300)


@given(decibel=st.integers(-60000, 60000))
def test_decibels_are_twenty_times_the_decimal_logarithm(decibel: int) -> None:
    ratio = parse_amplitude("{}e-2dB".format(decibel))
    assert 20 * math.log10(ratio) == pytest.approx(decibel / 100, rel=1e-12, abs=1e-12)


@given(decades=st.integers(-300, 300))
def test_twenty_decibels_are_a_power_of_ten(decades: int) -> None:
    assert parse_amplitude("{}dB".format(20 * decades)) == float("1e{}".format(decades))


NONSENSE = [
    "", " ", "nan", "NaN", "inf", "-inf", "Infinity", "infMHz", "nandB", "MHz", "eighty", "80,5MHz",
    "1_000", "1/3", "0x10%%", "--3dB", "80..5", "1e", "+-1", "٣MHz", "80°", "1 2", "80MHz\n90MHz",
    "9" * (MAX_LENGTH + 1),
]  # fmt: skip


@pytest.mark.parametrize("text", NONSENSE)
@pytest.mark.parametrize("name", UNITS)
def test_nonsense_is_refused_whatever_it_is_meant_as(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text)[:20])):
        parse_as(name, text)
    with pytest.raises(ValueError, match=re.escape(repr(text)[:20])):
        parse(text)


@given(text=st.text(max_size=80))
def test_any_text_is_a_finite_number_or_refused_in_one_line(text: str) -> None:
    for name in UNITS:
        try:
            value, refusal = parse_as(name, text), ""
        except ValueError as error:
            value, refusal = 0.0, str(error)
        assert math.isfinite(value)
        assert len(refusal) < 400
        assert "\n" not in refusal


@pytest.mark.parametrize("text", ["1e309", "1e301GHz", "-1e999", "9e999dB", "6200dB"])
def test_what_no_float_holds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="too large"):
        parse_as("amplitude" if text.endswith("dB") else "frequency", text)


def test_what_is_smaller_than_any_float_is_zero() -> None:
    assert parse_frequency("1e-999") == 0.0


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("frequency", "80mhz", "'mhz' is no unit; units of frequency: Hz kHz MHz GHz"),
        ("frequency", "80M", "'M' is no unit; units of frequency: Hz kHz MHz GHz"),
        ("frequency", "80deg", "'deg' is a unit of phase; units of frequency: Hz kHz MHz GHz"),
        ("amplitude", "80MHz", "'MHz' is a unit of frequency; units of amplitude: % dB"),
        ("phase", "-3dB", "'dB' is a unit of amplitude; units of phase: turn turns deg rad"),
    ],
)
def test_a_wrong_unit_is_refused_naming_those_allowed(name: str, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        parse_as(name, text)


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("80MHz", Quantity("frequency", 80e6)),
        ("0.5Hz", Quantity("frequency", 0.5)),
        ("-3dB", Quantity("amplitude", 0.7079457843841379)),
        ("50%", Quantity("amplitude", 0.5)),
        ("90deg", Quantity("phase", 0.25)),
        ("1turn", Quantity("phase", 1.0)),
        ("80e6", Quantity("frequency", 80e6)),
        ("1000", Quantity("frequency", 1000.0)),
    ],
)
def test_a_unit_tells_the_quantity(text: str, quantity: Quantity) -> None:
    assert parse(text) == quantity


@pytest.mark.parametrize("text", ["0", "0.5", "1", "90", "999.9", "-1", "-80e6"])
def test_a_small_number_alone_could_be_anything(text: str) -> None:
    with pytest.raises(ValueError, match="could be a frequency, an amplitude or a phase"):
        parse(text)


def test_an_unknown_unit_names_those_of_every_quantity() -> None:
    allowed = "frequency Hz kHz MHz GHz; amplitude % dB; phase turn turns deg rad; attenuation dB"
    with pytest.raises(ValueError, match=re.escape("'dBm' is no unit; units: " + allowed)):
        parse("3dBm")


def test_a_unit_belongs_to_one_quantity_but_for_decibels() -> None:
    units = [unit for each in UNITS.values() for unit in each]
    units.remove("dB")
    assert len(units) == len(set(units))
    assert parse("-20dB") == ("amplitude", 0.1)
    assert all(map(is_unit, units))
    assert not is_unit("80MHz")


@pytest.mark.parametrize(
    ("hertz", "text"),
    [
        (None, "-"),
        (0.0, "0 Hz"),
        (0.23283064365386963, "0.23283064365386963 Hz"),
        (100.0, "100 Hz"),
        (999.5, "999.5 Hz"),
        (1000.0, "1 kHz"),
        (123456.0, "123.456 kHz"),
        (80e6, "80 MHz"),
        (80000000.0745058, "80.0000000745058 MHz"),
        (499999999.76716936, "499.99999976716936 MHz"),
        (1e9, "1 GHz"),
        (-80e6, "-80 MHz"),
    ],
)
def test_a_frequency_in_a_table(hertz: float | None, text: str) -> None:
    assert format_frequency(hertz) == text


@given(hertz=st.floats(-sys.float_info.max, sys.float_info.max))
def test_a_frequency_in_a_table_is_the_decimal_that_the_float_is_known_by(hertz: float) -> None:
    number, unit = format_frequency(hertz).split()
    assert Decimal(number) * Decimal(int(UNITS["frequency"][unit])) == Decimal(repr(hertz))


@given(hertz=st.floats(0, 20e9))
def test_a_frequency_in_a_table_can_be_typed_back(hertz: float) -> None:
    text = format_frequency(hertz)
    if len(text) <= MAX_LENGTH:  # which anything above 1e-40 Hz is
        assert parse_frequency(text) == hertz


@pytest.mark.parametrize(
    ("amplitude", "text", "decibel"),
    [
        (0.0, "0", "-inf dB"),
        (1 / 16383, "0.00006", "-84.29 dB"),
        (0.5000305194408838, "0.50003", "-6.02 dB"),
        (0.1, "0.1", "-20.00 dB"),
        (0.99999, "0.99999", "0.00 dB"),
        (1.0, "1", "0.00 dB"),
    ],
)
def test_an_amplitude_in_a_table(amplitude: float, text: str, decibel: str) -> None:
    assert format_amplitude(amplitude) == text
    assert format_decibel(amplitude) == decibel


@pytest.mark.parametrize(
    ("turns", "text"),
    [(0.0, "0 deg"), (-0.0, "0 deg"), (0.25, "90 deg"), (1 / 65536, "0.0055 deg"),
     (0.125, "45 deg"), (65535 / 65536, "359.9945 deg")],
)  # fmt: skip
def test_a_phase_in_a_table(turns: float, text: str) -> None:
    assert format_degrees(turns) == text


@given(word=st.integers(0, 16382))
def test_neighbouring_amplitudes_look_different(word: int) -> None:
    assert format_amplitude(word / 16383) != format_amplitude((word + 1) / 16383)


@given(word=st.integers(0, 65534))
def test_neighbouring_phases_look_different(word: int) -> None:
    assert format_degrees(word / 65536) != format_degrees((word + 1) / 65536)


@pytest.mark.parametrize(
    ("text", "decibel"),
    [("10dB", 10.0), ("10 dB", 10.0), ("10.5", 10.5), ("0", 0.0), ("-3dB", -3.0), ("1e1dB", 10.0)],
)
def test_an_attenuation_is_decibels_as_they_stand(text: str, decibel: float) -> None:
    assert parse_as("attenuation", text) == decibel


@pytest.mark.parametrize("text", ["10dBm", "10%", "10MHz", "ten"])
def test_what_is_no_attenuation(text: str) -> None:
    with pytest.raises(ValueError, match="units of attenuation: dB|is no quantity"):
        parse_as("attenuation", text)


@pytest.mark.parametrize(
    ("decibel", "text"), [(None, "-"), (0.0, "0 dB"), (10.5, "10.5 dB"), (31.25, "31.25 dB")]
)
def test_an_attenuation_is_shown_with_its_step(decibel: float | None, text: str) -> None:
    assert format_attenuation(decibel) == text
