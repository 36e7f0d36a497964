"""Tables: with rich, without it, and into a pipe."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from typing import Any

import pytest

from dds_link.cli.tables import Column, Screen, clean, plain_table, receipt_row, rf_state
from dds_link.model import Receipt, Words

COOLING = Receipt(
    channel=0,
    name="cooling",
    frequency=80000000.0745058,
    amplitude=0.5000305194408838,
    phase=0.25,
    enabled=True,
    words=Words(343597384, 16384, 8192),
    epoch=1795357200000,
)
REPUMP = Receipt(1, "repump", None, 0.0, 0.0, True, Words(0, 0, 0), 1795357200001)


COLOUR = re.compile("\x1b\\[[0-9;]*m")


class Terminal(io.StringIO):
    """Standard output that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def _no_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)


def shown(file: io.StringIO, *receipts: Receipt) -> list[str]:
    Screen(file).receipts(receipts)
    return [line.rstrip() for line in COLOUR.sub("", file.getvalue()).splitlines()]


def test_a_receipt_is_a_row() -> None:
    assert receipt_row(COOLING) == [
        "0", "cooling", "80.0000000745058 MHz", "0.50003", "-6.02 dB", "90 deg", "on",
        "343597384", "16384", "8192", "1795357200000",
    ]  # fmt: skip


def test_an_attenuation_is_a_column_where_there_is_any() -> None:
    lines = shown(io.StringIO(), replace(COOLING, attenuation=10.5), REPUMP)
    assert lines == [
        "#  channel             frequency  amplitude     level  attenuation   phase  RF     "
        "       ftw    pow   asf          epoch",
        "0  cooling  80.0000000745058 MHz    0.50003  -6.02 dB      10.5 dB  90 deg  on     "
        " 343597384  16384  8192  1795357200000",
        "1  repump                      -          0   -inf dB            -   0 deg  silent "
        "         0      0     0  1795357200001",
    ]


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, "on"),
        ({"enabled": False}, "off"),
        ({"words": Words(343597384, 16384, 0)}, "silent"),
        ({"known": False}, "unknown"),
        ({"known": False, "enabled": False}, "unknown"),
    ],
)
def test_what_goes_out(change: dict[str, Any], state: str) -> None:
    assert rf_state(replace(COOLING, **change)) == state


def test_into_a_pipe_go_plain_columns_all_of_them() -> None:
    assert shown(io.StringIO(), COOLING, REPUMP) == [
        "#  channel             frequency  amplitude     level   phase  RF            ftw    pow"
        "   asf          epoch",
        "0  cooling  80.0000000745058 MHz    0.50003  -6.02 dB  90 deg  on      343597384  16384"
        "  8192  1795357200000",
        "1  repump                      -          0   -inf dB   0 deg  silent          0      0"
        "     0  1795357200001",
    ]


NARROW = [
    "#  channel             frequency  amplitude     level   phase  RF",
    "0  cooling  80.0000000745058 MHz    0.50003  -6.02 dB  90 deg  on",
]


@pytest.mark.usefixtures("_no_rich")
def test_a_narrow_terminal_without_rich_gets_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert shown(Terminal(), COOLING) == NARROW


def test_a_narrow_terminal_with_rich_gets_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    head, rule, row = shown(Terminal(), COOLING)
    assert [head, row] == NARROW
    assert set(rule) <= {"─", "-"}


def test_a_wide_terminal_gets_words_and_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    row = shown(Terminal(), COOLING)[-1]
    assert row.split()[-5:] == ["on", "343597384", "16384", "8192", "1795357200000"]


def test_the_longest_values_fit_eighty_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    longest = replace(
        COOLING,
        name="shelving",
        frequency=499.99999976716936e6,
        amplitude=0.01001,
        phase=359.9945 / 360,
        known=False,
    )
    assert len(shown(Terminal(), longest)) == 3  # head, rule, and one line


def test_without_titles_there_is_no_head() -> None:
    assert plain_table((Column(""), Column("")), [["device", "ready"]]) == ["device  ready"]


@pytest.mark.parametrize("file", [io.StringIO(), Terminal()])
def test_nothing_that_a_terminal_would_obey_is_printed(file: io.StringIO) -> None:
    """Names come from whoever connects."""
    screen = Screen(file)
    screen.line("by \x1b[2Jevil\r\n[red]")
    screen.table((Column("a"),), [["\x1b]0;evil\x07"]])
    assert "by ?[2Jevil??[red]" in file.getvalue()
    assert "?]0;evil?" in file.getvalue()


def test_clean_text_stays() -> None:
    assert clean("cooling Ünïcode 80 MHz") == "cooling Ünïcode 80 MHz"


def test_a_style_changes_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    for file in (io.StringIO(), Terminal()):
        Screen(file).line("SIMULATION", "yellow")
        assert file.getvalue() == "SIMULATION\n"


def test_it_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().line("ready")
    assert capsys.readouterr().out == "ready\n"
