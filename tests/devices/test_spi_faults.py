"""The usual faults of an SPI bus, told by their bits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.devices.spi_faults import fault

SENT = b"\x83\0\0\0\0"
EXPECTED = 0x0000007F


def told(*answers: str) -> str:
    return fault(SENT, [bytes.fromhex(answer) for answer in answers], EXPECTED, 4)


@pytest.mark.parametrize(
    ("answer", "beginning"),
    [
        (
            "00 00000000",
            "all zero: no power, the wrong chip select, MISO not wired; or a chip that ",
        ),
        ("ff 00000000", "all zero: "),
        ("ff ffffffff", "all ones: MISO not wired"),
        ("83 00000000", "that is what was sent: MISO is connected to MOSI"),
        ("ff ffffff80", "every bit is inverted"),
        ("00 0000003f", "bits are 1 late: "),
        ("00 8000003f", "bits are 1 late: "),
        ("00 00000001", "bits are 6 late: "),
        ("00 000000fe", "bits are 1 early: "),
        ("00 000000ff", "bits are 1 early: "),
        ("00 00003fff", "bits are 7 early: "),
        ("00 00007fff", "it is another chip"),
        ("00 12345678", "it is another chip, or two chips answer at once"),
    ],
)
def test_what_is_told(answer: str, beginning: str) -> None:
    assert told(answer, answer).startswith(beginning)


def test_an_answer_that_changes() -> None:
    assert told("00 00000000", "00 0000007f").startswith("each time it reads something else")


@given(st.integers(1, 0xFFFFFFFE), st.integers(1, 7), st.integers(0, 127))
def test_a_shift_is_told_whatever_is_pushed_in(expected: int, shift: int, pushed: int) -> None:
    bits = expected << shift | pushed & (1 << shift) - 1
    early = fault(SENT, [bytes(1) + (bits & 0xFFFFFFFF).to_bytes(4, "big")], expected, 4)
    assert isinstance(early, str)
    if (bits & 0xFFFFFFFF) >> shift:  # something is left
        assert not early.startswith("it is another chip")
