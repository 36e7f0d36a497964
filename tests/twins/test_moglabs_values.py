"""Numbers, units and raw words of a MOGLabs box."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.twins import moglabs_values as values
from dds_link.twins.moglabs_values import MODELS, Refused

XRF, QRF = MODELS["moglabs_xrf"], MODELS["moglabs_qrf"]


@pytest.mark.parametrize(
    ("text", "word"),
    [  # XRF manual: all of them are 100 MHz
        ("100000000.0", 0x1999999A),
        ("100MHz", 0x1999999A),
        ("0x1999999A", 0x1999999A),
        ("0x1999999a", 0x1999999A),
        ("100", 0x1999999A),
        ("100 MHz", 0x1999999A),
        ("100000kHz", 0x1999999A),
        ("1e8 hz", 0x1999999A),
        ("80MHz", 0x147AE148),
    ],
)
def test_frequencies(text: str, word: int) -> None:
    assert values.ftw(XRF, text) == word


def test_a_qrf_counts_another_clock() -> None:
    assert values.ftw(QRF, "100MHz") == 0x33333333


def test_frequencies_are_written_as_in_the_manual() -> None:
    """80.00000007 would be right."""
    assert values.frequency_text(XRF, 0x147AE148) == "80.00000009 MHz (0x147AE148)"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("10MHz", "Frequency 10.00 MHz out of range"),  # XRF manual
        ("400.1", "Frequency 400.10 MHz out of range"),
        ("-80", "Frequency -80.00 MHz out of range"),
        ("0x0", "Frequency 0.00 MHz out of range"),
        ("0x100000000", "Value 0x100000000 out of range"),
        ("0xfish", "Invalid value, 0xfish"),
        ("fish", "Invalid value, fish"),
        ("", "Invalid value, "),
        ("1e999", "Invalid value, 1e999"),
        ("80dBm", "Invalid unit, DBM"),
    ],
)
def test_frequencies_that_are_refused(text: str, error: str) -> None:
    with pytest.raises(Refused) as refused:
        values.ftw(XRF, text)
    assert str(refused.value) == error


def test_unlocked_a_box_gives_low_frequencies_too() -> None:
    assert values.ftw(XRF, "1MHz", unlocked=True) == 4294967
    with pytest.raises(Refused):
        values.ftw(XRF, "501MHz", unlocked=True)


@pytest.mark.parametrize("text", ["0x1000", "250 mW", "24 dBm", "24", "0.25W", "24dB"])
def test_powers_that_are_about_the_same(text: str) -> None:
    """XRF manual: the first three are approximately 250 mW."""
    assert abs(values.asf(XRF, text) - 0x1000) < 25


@pytest.mark.parametrize(
    ("text", "word"), [("0mW", 0), ("-1mW", 0), ("50dBm", 0x3FFF), ("36", 0x3FFF), ("0x0", 0)]
)
def test_powers_at_the_ends(text: str, word: int) -> None:
    assert values.asf(XRF, text) == word


def test_powers_that_are_refused() -> None:
    for text in ("0x4000", "10 MHz", "loud"):
        with pytest.raises(Refused):
            values.asf(XRF, text)
    with pytest.raises(Refused):
        values.asf(QRF, "0x400")  # there are 1024


def test_powers_are_written_with_sign_and_word() -> None:
    assert values.power_text(XRF, 0x2000) == "+29.98 dBm (0x2000)"
    assert values.power_text(XRF, 0x0001) == "-48.29 dBm (0x0001)"
    assert values.power_text(XRF, 0) == "-99.00 dBm (0x0000)"
    assert values.power_text(QRF, 1023) == "+34.50 dBm (0x03FF)"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("0x7fff", 0x7FFF),
        ("180deg", 0x8000),
        ("3.14159rad", 0x8000),
        ("180", 0x8000),
        ("360", 0),
        ("-90", 0xC000),
    ],
)
def test_phases(text: str, word: int) -> None:
    assert values.pow_(XRF, text) == word


def test_phases_are_written_in_degrees_with_word() -> None:
    assert values.phase_text(XRF, 0x4000) == "90.0000 deg (0x4000)"
    assert values.phase_text(QRF, 0x1000) == "90.0000 deg (0x1000)"


def test_durations() -> None:
    assert [values.ticks(XRF, t) for t in ("5", "0x10", "10us", "1 ms", "400ns")] == [
        5, 16, 10, 1000, 0,
    ]  # fmt: skip
    assert [values.ticks(QRF, t) for t in ("5", "0", "10us", "1 ms")] == [5, 0, 2, 200]
    assert values.ticks_text(XRF, 7) == "7 us"
    assert values.ticks_text(QRF, 7) == "35 us"
    for text in ("-1", "2s", "1 MHz"):
        with pytest.raises(Refused):
            values.ticks(XRF, text)


def test_whole_numbers() -> None:
    assert [values.whole(text, 0, 16) for text in ("7", "0x10", "1e1")] == [7, 16, 10]
    for text in ("17", "-1", "1.5", "3 s", "x"):
        with pytest.raises(Refused):
            values.whole(text, 0, 16)


def test_switches() -> None:
    assert [values.switch(text) for text in ("on", "ON", "1", "off", "0")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert values.on_off(True) + values.on_off(False) == "ONOFF"
    with pytest.raises(Refused):
        values.switch("2")


@given(word=st.integers(85899346, 1717986918))
def test_every_frequency_word_comes_back(word: int) -> None:
    text = values.frequency_text(XRF, word)
    assert values.ftw(XRF, text.split("(")[1].rstrip(")")) == word


@given(word=st.integers(0, 0x3FFF))
def test_every_power_word_comes_back(word: int) -> None:
    text = values.power_text(XRF, word)
    assert values.asf(XRF, text.split("(")[1].rstrip(")")) == word
