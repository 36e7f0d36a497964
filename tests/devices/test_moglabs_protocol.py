"""What is said to MOGLabs boxes, and what their answers mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.devices import moglabs_protocol as box
from dds_link.twins import moglabs_values as values
from dds_link.twins.moglabs_values import MODELS


def test_commands_as_in_the_manual() -> None:
    """XRF manual, rev 1.8.3, appendix C; channels count from 1 there."""
    assert box.frequency(0, 0x1999999A) == "FREQ,1,0x1999999A"
    assert box.power(0, 0x1000) == "POW,1,0x1000"
    assert box.phase(1, 0x7FFF) == "PHASE,2,0x7FFF"
    assert box.limit(0, 0x20) == "LIMIT,1,0x0020"
    assert box.command("MODE", 0, "NSB") == "MODE,1,NSB"
    assert box.command("OFF", 3) == "OFF,4"


@pytest.mark.parametrize(
    ("answer", "ok", "refusal"),
    [
        ("OK: CH1 freq now 80.00000009 MHz (0x147AE148)", True, False),
        ("OK", True, False),
        ("OK done", True, False),
        ("OKAY", False, False),
        ("ERR: Frequency 10.00 MHz out of range", False, True),
        ("Command not defined", False, True),
        ("80.00000009 MHz (0x147AE148)", False, False),
        ("", False, False),
    ],
)
def test_answers(answer: str, ok: bool, refusal: bool) -> None:
    assert box.is_ok(answer) is ok
    assert box.is_refusal(answer) is refusal


def test_words_and_numbers() -> None:
    answer = "80.00000009 MHz (0x147AE148)"
    assert box.word_of(answer) == 0x147AE148
    assert box.word_of("+23.96 dBm (0x1000) ") == 0x1000
    assert box.word_of("0x00ff") == 255
    assert box.word_of("0x1000 is not at the end of it") is None
    assert box.word_of("80 MHz") is None
    assert box.number_of(answer, "MHz") == 80.00000009
    assert box.number_of(answer, "deg") is None
    assert box.number_of("-90 deg", "deg") == -90
    assert box.number_of("fast", "MHz") is None


@given(word=st.integers(0, 0xFFFF))
def test_what_the_box_writes_is_read(word: int) -> None:
    for model in MODELS.values():
        assert box.word_of(values.frequency_text(model, word)) == word
        assert box.word_of(values.power_text(model, word)) == word
        assert box.word_of(values.phase_text(model, word)) == word


def test_states() -> None:
    assert [box.mode_of(text) for text in ("NSB", "Normal (NSB)", "TPA", "on")] == [
        "NSB", "NSB", "TPA", None,
    ]  # fmt: skip
    assert box.switches_of("SIG: ON, POW: OFF") == {"SIG": True, "POW": False}
    assert box.switches_of("3") == {}
    assert box.modulation_of("PID: OFF, FM: SIF, PM: OFF, AM: PIF") == {"FM", "AM"}  # manual
    assert box.modulation_of("Command not defined") == frozenset()


def test_models() -> None:
    assert box.model_of("QRF B3040-241-R3 0.5.2  A02007") == "QRF"  # as a public program shows it
    assert box.model_of("XRF421") == "XRF"
    assert box.model_of("a box") is None


def test_twin_and_driver_speak_of_the_same_boxes() -> None:
    assert MODELS.keys() == box.BOXES.keys()
    for name, model in MODELS.items():
        known = box.BOXES[name]
        assert (model.channels, model.sysclk) == (known.channels, known.sysclk)
        assert (model.pow_bits, model.asf_bits) == (known.pow_bits, known.asf_bits)
        assert model.quad is known.quad
