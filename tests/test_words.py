"""Words and tones: values, and nothing else."""

from __future__ import annotations

import pytest

from dds_link.words import SILENCE, Tone, Words


def test_values_are_frozen() -> None:
    for value in (SILENCE, Tone(None, 0, 0)):
        with pytest.raises(AttributeError):
            value.asf = 1  # type: ignore[misc]


def test_equal_words_are_equal() -> None:
    assert Words(1, 2, 3) == Words(1, 2, 3)
    assert Words(1, 2, 3) != Words(1, 2, 4)


def test_silence_is_no_frequency_and_no_amplitude() -> None:
    assert Words(0, 0, 0) == SILENCE
