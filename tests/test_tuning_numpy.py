"""Arrays of quantities become the same words as single ones, refused for the same reasons."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link import tuning
from dds_link.tuning import Tuning
from tests import tuning_cases as cases

np = pytest.importorskip("numpy", reason="needs numpy: pip install dds_link[controller]")

from dds_link import tuning_numpy as arrays  # noqa: E402


def accepted(scalar: Callable[[float], Any], values: list[float]) -> list[float]:
    """Those of ``values`` that the scalar form takes."""
    good = []
    for value in values:
        try:
            scalar(value)
        except ValueError:
            continue
        good.append(value)
    return good


def check(
    array_form: Callable[[Any], Any], scalar: Callable[[float], Any], inputs: Iterable[float]
) -> None:
    """Both forms take the same values, make the same words of them, and refuse the same others."""
    edges = list(inputs)
    good = accepted(scalar, edges)
    assert array_form(good).tolist() == [scalar(value) for value in good]
    for bad in set(edges) - set(good):
        with pytest.raises(ValueError, match="is outside|must be") as single:
            scalar(bad)
        with pytest.raises(ValueError, match=r"^\[1\]") as many:
            array_form([good[0], bad, bad])
        assert str(many.value) == f"[1]: {single.value}"


@pytest.mark.parametrize("bits", [28, 32, 48])
@pytest.mark.parametrize("sysclk", cases.CLOCKS)
def test_frequency_at_the_edges(sysclk: float, bits: int) -> None:
    check(
        lambda values: arrays.frequency_to_ftw(values, sysclk, bits),
        Tuning(sysclk, bits).frequency_to_ftw,
        cases.frequencies(sysclk, bits),
    )


@pytest.mark.parametrize("bits", cases.PHASE_WIDTHS)
def test_phase_at_the_edges(bits: int) -> None:
    check(
        lambda values: arrays.turns_to_pow(values, bits),
        Tuning(1.0, pow_bits=bits).turns_to_pow,
        cases.phases(bits),
    )


@pytest.mark.parametrize("bits", cases.AMPLITUDE_WIDTHS)
def test_amplitude_at_the_edges(bits: int) -> None:
    check(
        lambda values: arrays.amplitude_to_asf(values, bits),
        Tuning(1.0, asf_bits=bits).amplitude_to_asf,
        cases.amplitudes(bits),
    )


@pytest.mark.parametrize("bits", [28, 32, 48])
@given(st.data())
def test_any_frequency(bits: int, data: st.DataObject) -> None:
    chip, frequency = data.draw(cases.tunings_with_frequency(bits))
    word = chip.frequency_to_ftw(frequency)
    assert arrays.frequency_to_ftw([frequency], chip.sysclk, bits).tolist() == [word]
    assert arrays.ftw_to_frequency([word], chip.sysclk, bits).tolist() == [
        chip.ftw_to_frequency(word)
    ]


@given(st.sampled_from(cases.PHASE_WIDTHS), st.lists(cases.TURNS))
def test_any_phase(bits: int, turns: list[float]) -> None:
    assert arrays.turns_to_pow(turns, bits).tolist() == [
        tuning.turns_to_pow(value, bits) for value in turns
    ]


@given(st.sampled_from(cases.AMPLITUDE_WIDTHS), st.lists(cases.AMPLITUDES))
def test_any_amplitude(bits: int, amplitudes: list[float]) -> None:
    assert arrays.amplitude_to_asf(amplitudes, bits).tolist() == [
        tuning.amplitude_to_asf(value, bits) for value in amplitudes
    ]


# And back


@pytest.mark.parametrize("bits", [28, 32, 48])
@pytest.mark.parametrize("sysclk", cases.CLOCKS)
def test_words_survive_the_way_to_frequencies_and_back(sysclk: float, bits: int) -> None:
    words = np.unique(np.linspace(0, 2 ** (bits - 1) - 1, 1000).astype(np.int64))
    frequencies = arrays.ftw_to_frequency(words, sysclk, bits)
    chip = Tuning(sysclk, bits)
    assert frequencies.tolist() == [chip.ftw_to_frequency(word) for word in words.tolist()]
    assert (arrays.frequency_to_ftw(frequencies, sysclk, bits) == words).all()


@pytest.mark.parametrize("bits", cases.PHASE_WIDTHS)
def test_every_phase_word_survives(bits: int) -> None:
    words = np.arange(2**bits)
    turns = arrays.pow_to_turns(words, bits)
    assert turns.tolist() == [tuning.pow_to_turns(word, bits) for word in range(2**bits)]
    assert (arrays.turns_to_pow(turns, bits) == words).all()


@pytest.mark.parametrize("bits", cases.AMPLITUDE_WIDTHS)
def test_every_amplitude_word_survives(bits: int) -> None:
    words = np.arange(2**bits)
    amplitudes = arrays.asf_to_amplitude(words, bits)
    assert amplitudes.tolist() == [tuning.asf_to_amplitude(word, bits) for word in range(2**bits)]
    assert (arrays.amplitude_to_asf(amplitudes, bits) == words).all()


# Shapes and types


def test_words_are_int64_and_values_float64() -> None:
    assert arrays.frequency_to_ftw([80e6], 1e9).dtype == np.int64
    assert arrays.turns_to_pow([0.25]).dtype == np.int64
    assert arrays.amplitude_to_asf([0.5]).dtype == np.int64
    assert arrays.ftw_to_frequency([1], 1e9).dtype == np.float64
    assert arrays.pow_to_turns([1]).dtype == np.float64
    assert arrays.asf_to_amplitude([1]).dtype == np.float64


def test_the_shape_is_kept() -> None:
    assert arrays.frequency_to_ftw(np.full((2, 3), 80e6), 1e9).tolist() == [[343597384] * 3] * 2
    assert arrays.frequency_to_ftw(80e6, 1e9) == 343597384
    assert arrays.frequency_to_ftw([], 1e9).tolist() == []
    assert arrays.ftw_to_frequency([], 1e9).tolist() == []


def test_an_error_says_where() -> None:
    with pytest.raises(ValueError, match=r"^\[1, 0\]: amplitude 1.5 is outside 0"):
        arrays.amplitude_to_asf([[0.0, 1.0], [1.5, 2.0]])
    with pytest.raises(ValueError, match=r"^amplitude 1.5 is outside 0"):
        arrays.amplitude_to_asf(1.5)


def test_integers_and_short_floats_are_taken_for_what_they_are() -> None:
    assert arrays.frequency_to_ftw(np.array([80_000_000], np.uint32), 1e9).tolist() == [343597384]
    assert arrays.amplitude_to_asf(np.array([0, 1], np.int8)).tolist() == [0, 16383]
    assert arrays.amplitude_to_asf(np.array([0.5], np.float32)).tolist() == [8192]
    assert arrays.turns_to_pow(np.array([2**63 - 1, -(2**63)])).tolist() == [0, 0]
    assert arrays.pow_to_turns(np.array([255], np.uint8)).tolist() == [255 / 65536]
    with pytest.raises(ValueError, match="frequency"):
        arrays.frequency_to_ftw(np.array([2**64 - 1], np.uint64), 1e9)


@pytest.mark.parametrize("values", [[True], ["1"], [1j], [None], [10**400]])
def test_what_is_no_number_is_refused(values: list[Any]) -> None:
    with pytest.raises(TypeError, match="phase must be integers or floats"):
        arrays.turns_to_pow(values)
    with pytest.raises(TypeError, match="pow must be integers"):
        arrays.pow_to_turns(values)


@pytest.mark.parametrize("word", [-1, 65536, 2**40])
def test_words_wider_than_the_register_are_refused(word: int) -> None:
    with pytest.raises(ValueError, match=r"pow must be 0 ... 2\*\*16 - 1"):
        arrays.pow_to_turns([0, word])


@pytest.mark.parametrize("sysclk", cases.BAD_CLOCKS)
def test_clocks_that_are_refused(sysclk: float) -> None:
    with pytest.raises(ValueError, match="sysclk"):
        arrays.frequency_to_ftw([0.0], sysclk)
    with pytest.raises(ValueError, match="sysclk"):
        arrays.ftw_to_frequency([0], sysclk)


def test_a_disagreement_with_the_scalar_form_would_not_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Tuning, "amplitude_to_asf", lambda self, amplitude: 0)
    with pytest.raises(ArithmeticError, match="disagree on"):
        arrays.amplitude_to_asf([2.0])
