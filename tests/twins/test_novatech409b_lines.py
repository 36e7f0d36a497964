"""What a Novatech 409B understands in a line (through the box: ``test_novatech409b``)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.devices import novatech409b_text as text
from dds_link.twins.novatech409b_lines import (
    MAX_FREQUENCY,
    OK,
    Refused,
    amplitude_word,
    clock_byte,
    frequency_word,
    phase_word,
    table_address,
    table_entry,
)


@given(st.integers(0, MAX_FREQUENCY))
def test_it_understands_every_frequency_that_the_driver_sends(word: int) -> None:
    assert frequency_word(text.frequency(0, word).split()[1]) == word


def reply(understand: Callable[[str], object], line: str) -> str:
    try:
        understand(line)
    except Refused as refused:
        return refused.code
    return OK


@given(st.text())
def test_anything_is_understood_or_refused_with_a_code(line: str) -> None:
    for understand in (frequency_word, phase_word, amplitude_word, clock_byte, table_address,
                       table_entry):  # fmt: skip
        assert reply(understand, line) in {OK, *text.ERRORS}


def test_limits() -> None:
    assert phase_word("16383") == 16383
    assert amplitude_word("99999") == 1023
    assert [clock_byte(code) for code in ("01", "04", "94")] == [1, 4, 0x94]
    assert table_entry("65FFFFFF,3FFF,FFFF,00") == (MAX_FREQUENCY, 16383, 1023, 0)
    with pytest.raises(Refused, match=r"\?1"):
        frequency_word("171.1276032")
