"""Words of the command line as changes."""

from __future__ import annotations

import io
from typing import Any

import pytest

from dds_link.cli.words import (
    MAX_JSON,
    UsageError,
    change,
    changes,
    changes_from_json,
    channel_key,
    shield,
)


@pytest.mark.parametrize(
    ("words", "body"),
    [
        ("", {}),
        ("80MHz", {"frequency": 80e6}),
        ("80 MHz", {"frequency": 80e6}),
        ("80e6", {"frequency": 80e6}),
        ("frequency=80e6", {"frequency": 80e6}),
        ("frequency=80 MHz", {"frequency": 80e6}),
        ("frequency=0.5", {"frequency": 0.5}),
        ("amplitude=0.5", {"amplitude": 0.5}),
        ("amplitude=-20dB", {"amplitude": 0.1}),
        ("-20dB", {"amplitude": 0.1}),
        ("50 %", {"amplitude": 0.5}),
        ("phase=0.25", {"phase": 0.25}),
        ("90deg", {"phase": 0.25}),
        ("phase=-0.25", {"phase": -0.25}),
        ("attenuation=10dB", {"attenuation": 10.0}),
        ("attenuation=10.5 -20 dB", {"attenuation": 10.5, "amplitude": 0.1}),
        ("attenuation=10 dB", {"attenuation": 10.0}),
        ("on", {"enabled": True}),
        ("enabled=off", {"enabled": False}),
        ("ftw=343597384 pow=0x4000 asf=0", {"ftw": 343597384, "pow": 16384, "asf": 0}),
        (
            "off 90deg -20dB 80MHz",
            {"frequency": 80e6, "amplitude": 0.1, "phase": 0.25, "enabled": False},
        ),
    ],
)
def test_words_are_a_change(words: str, body: dict[str, Any]) -> None:
    assert change("cooling", words.split()) == {"channel": "cooling", **body}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("80MHz 81MHz", "channel cooling: frequency is given twice"),
        ("on off", "channel cooling: enabled is given twice"),
        ("80mhz", "'mhz' is no unit"),
        ("0.5", "could be a frequency, an amplitude or a phase"),
        ("MHz", "'MHz' is no quantity"),
        ("ON", "'ON' is no quantity"),
        ("amplitude=80MHz", "'MHz' is a unit of frequency"),
        ("amplitude=", "'' is no quantity"),
        ("freq=80e6", "no field is called 'freq'; there are frequency amplitude phase attenuation"),
        ("attenuation=10%", "'%' is a unit of amplitude; units of attenuation: dB"),
        ("enabled=true", "enabled must be on or off, not 'true'"),
        ("ftw=1.5", "ftw must be an integer, such as 343597384 or 0x147ae148, not '1.5'"),
        ("ftw=80MHz", "ftw must be an integer"),
    ],
)
def test_a_word_that_means_nothing_is_refused(words: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        change("cooling", words.split())


@pytest.mark.parametrize(
    ("word", "key"),
    [("0", 0), ("12", 12), ("-1", -1), (" -1", -1), ("cooling", "cooling"), ("ch4", "ch4"),
     ("1.0", "1.0"), ("9" * 30, "9" * 30)],
)  # fmt: skip
def test_a_whole_number_is_an_index(word: str, key: int | str) -> None:
    assert channel_key(word) == key


@pytest.mark.parametrize(
    "words",
    [
        "cooling 80MHz on , 3 -20dB",
        "cooling 80MHz on, 3 -20dB",
        "cooling 80MHz on ,3 -20dB",
        "cooling 80MHz on,3 -20dB",
    ],
)
def test_a_comma_begins_the_next_channel(words: str) -> None:
    assert changes(words.split()) == [
        {"channel": "cooling", "frequency": 80e6, "enabled": True},
        {"channel": 3, "amplitude": 0.1},
    ]


def test_one_channel_needs_no_comma() -> None:
    assert changes(["cooling", "on"]) == [{"channel": "cooling", "enabled": True}]


@pytest.mark.parametrize("words", [", cooling on", "cooling on ,", "cooling on , , raman on", ","])
def test_a_channel_is_missing(words: str) -> None:
    with pytest.raises(UsageError, match="a channel is missing beside a comma"):
        changes(words.split())


def test_a_decimal_comma_is_a_mistake_not_a_separator() -> None:
    with pytest.raises(UsageError, match="'80,5MHz' is no quantity: .* decimal point"):
        changes(["cooling", "80,5MHz"])


def read(content: bytes) -> Any:
    return changes_from_json(io.BytesIO(content), "tones.json")


def test_changes_from_json_are_as_on_the_wire() -> None:
    assert read(b'[{"channel": 0, "frequency": 80e6}, {"channel": "raman", "enabled": false}]') == [
        {"channel": 0, "frequency": 80e6},
        {"channel": "raman", "enabled": False},
    ]
    assert read(b"\xef\xbb\xbf[]") == []  # as an editor on Windows begins a file


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "tones.json: Expecting value"),
        (b"[", "tones.json: Expecting value"),
        (b"\xff", "tones.json: .*utf-8"),
        (b"[" * 100_000, "tones.json: .*recursion"),
        (b'[{"channel": 0, "channel": 1}]', "tones.json: a key stands twice in one object"),
        (b"{}", "tones.json: expected a JSON array"),
        (b"[1]", "tones.json: expected a JSON array"),
        (b"[]" + b" " * MAX_JSON, "tones.json: expected a JSON array of at most 1 MiB"),
    ],
)
def test_what_is_no_array_of_changes_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        read(content)


def test_a_file_that_cannot_be_read_is_a_mistake_of_the_user() -> None:
    class Broken(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise OSError("Input/output error")

    with pytest.raises(UsageError, match="tones.json: Input/output error"):
        changes_from_json(Broken(), "tones.json")


def test_a_negative_value_is_no_option() -> None:
    assert shield(["set", "0", "-3dB", "-.5dB", "--json", "-s", "host", "-f", "-"]) == [
        "set", "0", " -3dB", " -.5dB", "--json", "-s", "host", "-f", "-",
    ]  # fmt: skip
