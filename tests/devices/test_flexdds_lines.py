"""The lines of a FlexDDS-NG, beside those that public clients send."""

import pytest

from dds_link.devices import flexdds_lines as lines
from dds_link.words import Words


def test_golden_words() -> None:
    """The registers of QMI's test of ``set_single_tone`` (0.9 of full scale, 0.1 turn, 100 MHz),
    whose CFR1 and CFR2 are wieserlabsdds's, too."""
    assert lines.cfr1(lines.CFR1_BASE) == "spi:CFR1=0x00410002:w!"
    assert lines.cfr2(lines.CFR2_BASE) == "spi:CFR2=0x014008c0:w!"
    words = Words(0x1999999A, 0x199A, 0x3999)
    assert lines.profile_0(words) == "spi:STP0=0x3999199a_1999999a:w!"


def test_autoclear_is_bit_13() -> None:
    assert lines.cfr1(lines.CFR1_AUTOCLEAR) == "spi:CFR1=0x00412002:w!"


@pytest.mark.parametrize(
    ("channels", "line", "reset"),
    [
        ([0], "dcp 0 update:u!", "dds 0 reset"),
        ([1], "dcp 1 update:u!", "dds 1 reset"),
        ([0, 1], "dcp update:u!", "dds reset"),
        ([1, 0], "dcp update:u!", "dds reset"),
    ],
)
def test_one_channel_or_both(channels: list[int], line: str, reset: str) -> None:
    assert lines.dcp(channels, lines.UPDATE) == line
    assert lines.reset(channels) == reset


def test_no_channel_is_none() -> None:
    with pytest.raises(ValueError, match="unpack"):
        lines.dcp([], lines.UPDATE)
