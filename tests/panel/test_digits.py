"""Texts of fields: they name a word and no other, and their digits can be stepped."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dds_link.panel.digits import decimals, shown, stepped, value_of
from dds_link.tuning import Tuning

CHIP = Tuning(1e9)
STEP = 1e9 / 2**32
MHZ = "frequency"


@pytest.mark.parametrize(
    ("name", "value", "step", "text"),
    [
        ("frequency", 80000000.0745058, STEP, "80.0000000 MHz"),
        ("frequency", 0.0, STEP, "0.0000000 MHz"),
        ("frequency", 6.8e9, 1.0, "6800.000000 MHz"),
        ("frequency", 12.0, 1e-9, "0.000012000000 MHz"),
        ("frequency", 12.3456789, 1e-9, "0.000012345679 MHz"),  # finer than any field
        ("frequency", None, STEP, ""),
        ("amplitude", 8192 / 16383, 1 / 16383, "0.50003"),
        ("amplitude", 1.0, 1 / 16383, "1.00000"),
        ("amplitude", 1.0, 1.0, "1"),
        ("phase", 0.25, 2**-16, "0.25000 turn"),
        ("attenuation", 12.5, 0.5, "12.5 dB"),
    ],
)
def test_shown(name: str, value: float | None, step: float, text: str) -> None:
    assert shown(name, value, step) == text


@given(st.integers(0, 2**31 - 1))
def test_what_is_shown_of_a_frequency_is_the_word(ftw: int) -> None:
    text = shown(MHZ, CHIP.ftw_to_frequency(ftw), STEP)
    assert CHIP.frequency_to_ftw(value_of(MHZ, text)) == ftw


@given(st.integers(0, 2**16 - 1))
def test_what_is_shown_of_a_phase_is_the_word(pow_: int) -> None:
    text = shown("phase", CHIP.pow_to_turns(pow_), 2**-16)
    assert CHIP.turns_to_pow(value_of("phase", text)) == pow_


@given(st.integers(0, 2**14 - 1))
@example(8191)  # 0.5 lies half-way between the two, and means the other one
@example(8192)
def test_what_is_shown_of_an_amplitude_is_the_word(asf: int) -> None:
    text = shown("amplitude", CHIP.asf_to_amplitude(asf), 1 / 16383)
    assert CHIP.amplitude_to_asf(value_of("amplitude", text)) == asf


@given(st.floats(1e-15, 1e6))
def test_decimals_are_never_too_many(step: float) -> None:
    assert 0 <= decimals(MHZ, step) <= 12


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("frequency", "80.5 MHz", 80.5e6),
        ("frequency", " 80e6 ", 80e6),
        ("frequency", "0", 0.0),
        ("amplitude", "50%", 0.5),
        ("amplitude", "0.25", 0.25),
        ("phase", "90 deg", 0.25),
        ("attenuation", "12.5 dB", 12.5),
        ("attenuation", "3", 3.0),
    ],
)
def test_what_somebody_means(name: str, text: str, value: float) -> None:
    assert value_of(name, text) == value


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("frequency", "81", "'81' has no unit: 81 MHz?"),
        ("frequency", "80 deg", "is a unit of phase"),
        ("frequency", "", "is no quantity"),
        ("attenuation", "much", "is no attenuation"),
        ("attenuation", "1 MHz", "is no attenuation"),
        ("attenuation", "1" * 65, "is no attenuation"),
    ],
)
def test_what_means_nothing(name: str, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=".") as caught:
        value_of(name, text)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "caret", "count", "result"),
    [
        ("80.0000000 MHz", 0, 1, "90.0000000 MHz"),
        ("80.0000000 MHz", 1, 1, "81.0000000 MHz"),
        ("80.0000000 MHz", 1, -1, "79.0000000 MHz"),
        ("80.0000000 MHz", 2, 1, "80.1000000 MHz"),  # on the point: the digit behind it
        ("80.0000000 MHz", 3, -1, "79.9000000 MHz"),
        ("99.5 MHz", 1, 1, "100.5 MHz"),
        ("100.5 MHz", 0, -1, "0.5 MHz"),
        ("80.0000000 MHz", 99, 1, "80.0000003 MHz"),  # one step of the hardware, not less
        ("80.0000000 MHz", 8, 5, "80.0000050 MHz"),
        ("80 kHz", 1, 1, "81 kHz"),
        ("80", 5, 1, "81"),
        ("0.1 MHz", 0, -1, "-0.9 MHz"),
        ("1.0 MHz", 0, -1, "0.0 MHz"),
        (" 80.5 MHz", 1, 1, " 90.5 MHz"),
    ],
)
def test_a_step(text: str, caret: int, count: int, result: str) -> None:
    assert stepped(MHZ, text, caret, count, STEP) == result


def test_there_is_nothing_to_step() -> None:
    with pytest.raises(ValueError, match="no digit"):
        stepped(MHZ, "", 0, 1, STEP)


@given(st.integers(10**6, 10**9), st.integers(0, 12), st.integers(-50, 50))
def test_a_step_and_back_is_where_it_was(hertz: int, caret: int, count: int) -> None:
    text = shown(MHZ, float(hertz), 1.0)
    there = stepped(MHZ, text, caret, count, 1.0)
    longer = len(there) - len(text)
    if value_of(MHZ, there) >= 0 and longer == 0:
        assert stepped(MHZ, there, caret, -count, 1.0) == text


@given(st.integers(0, 2**31 - 2))
def test_a_step_of_the_last_digit_moves_the_word(ftw: int) -> None:
    text = shown(MHZ, CHIP.ftw_to_frequency(ftw), STEP)
    after = CHIP.frequency_to_ftw(value_of(MHZ, stepped(MHZ, text, 99, 1, STEP)))
    assert ftw < after <= ftw + 1 + math.ceil(0.1 / STEP)
