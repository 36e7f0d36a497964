"""The lines of a Novatech 409B, against golden ones.

The first golden row is what m-labs' driver expects of the real box; the others follow from its word
sizes (0.1 Hz, 1/16384 turn, 1/1023).
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.devices.novatech409b_text import (
    MAX_FTW,
    SYSCLK,
    clock_byte,
    firmware_of,
    frequency,
    multiplier_of,
    read_report,
    tone,
)
from dds_link.tuning import Tuning
from dds_link.words import Words

TUNING = Tuning(SYSCLK, pow_bits=14, asf_bits=10)
# Channel; Hz, turns, amplitude; lines; fields of QUE.
GOLDEN = [
    (0, (1e6, 0.5, 0.48974), ["F0 1.0000000", "P0 8192", "V0 501"], "00989680 2000 01F5"),
    (1, (100e6, 0.25, 1.0), ["F1 100.0000000", "P1 4096", "V1 1023"], "3B9ACA00 1000 03FF"),
    (2, (0.1, 0.0, 0.0), ["F2 0.0000001", "P2 0", "V2 0"], "00000001 0000 0000"),
    (3, (171127603.1, 0.99999, 0.5), ["F3 171.1276031", "P3 0", "V3 512"], "65FFFFFF 0000 0200"),
]
REST = " 0000 00000000 00000000 000301\r\n"
SYSTEM = "80 BC0000 0000 0102 21\r\n"
REPORT = "".join(fields + REST for *_, fields in GOLDEN) + SYSTEM


def words_of(request: tuple[float, float, float]) -> Words:
    hertz, turns, amplitude = request
    return Words(
        TUNING.frequency_to_ftw(hertz),
        TUNING.turns_to_pow(turns),
        TUNING.amplitude_to_asf(amplitude),
    )


@pytest.mark.parametrize(("channel", "request_", "lines", "fields"), GOLDEN)
def test_golden_lines(
    channel: int, request_: tuple[float, float, float], lines: list[str], fields: str
) -> None:
    assert tone(channel, words_of(request_)) == lines


def test_golden_report() -> None:
    assert read_report(REPORT.encode()) == [words_of(request) for _, request, *_ in GOLDEN]
    assert multiplier_of(REPORT.encode()) == 15
    assert firmware_of(REPORT.encode()) == "21"


def test_a_report_of_other_firmware_may_have_other_fields() -> None:
    answer = REPORT.replace(REST, "\r\n").replace(SYSTEM, "version 3\r\n").encode()
    assert read_report(answer)[0] == words_of(GOLDEN[0][1])
    assert multiplier_of(answer) is None
    assert firmware_of(answer) == "3"
    assert multiplier_of(REPORT.replace("BC0000", "BC00ZZ").encode()) is None


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "OK\r\n",
        "QUE\r\n" + REPORT,
        REPORT[1:],
        REPORT.replace(SYSTEM, ""),
        REPORT.replace("00989680", "0098968"),
        REPORT.replace("00989680 2000", "009896802000"),
        REPORT.replace("01F5", "01F5x"),
    ],
)
def test_what_is_no_report(answer: str) -> None:
    with pytest.raises(ValueError, match="QUE answered b'"):
        read_report(answer.encode())


@given(st.integers(0, MAX_FTW))
def test_a_frequency_is_exact_and_has_seven_decimals(ftw: int) -> None:
    verb, text = frequency(0, ftw).split()
    whole, decimals = text.split(".")
    assert (verb, len(decimals)) == ("F0", 7)
    assert int(whole + decimals) == ftw


def test_only_what_is_different_is_sent() -> None:
    held = Words(1, 2, 3)
    assert tone(2, Words(5, 2, 3), held) == ["F2 0.0000005"]
    assert tone(2, Words(1, 7, 9), held) == ["P2 7", "V2 9"]
    assert tone(2, held, held) == ["F2 0.0000001", "P2 2", "V2 3"]


@pytest.mark.parametrize(
    ("refclk", "sysclk", "byte"),
    [
        (10e6, 150e6, 0x4F),
        (10e6, 100e6, 0x4A),
        (20e6, 400e6, 0x94),
        (100e6, 400e6, 0x84),
        (63.75e6, 255e6, 0x84),
        (500e6, 500e6, 0x81),
        (110e6, 110e6, 0x41),
        (200e6, 200e6, 0x01),
        (1e6, 1e6, 0x01),
        (SYSCLK / 15, SYSCLK, 0x8F),
    ],
)
def test_the_clock(refclk: float, sysclk: float, byte: int) -> None:
    assert clock_byte(refclk, sysclk) == byte


@pytest.mark.parametrize(
    ("refclk", "sysclk", "reason"),
    [
        (10e6, 155e6, "it must be refclk"),
        (10e6, 20e6, "it must be refclk"),
        (10e6, 30e6, "it must be refclk"),
        (10e6, 210e6, "it must be refclk"),
        (400e6, 100e6, "it must be refclk"),
        (10e6, 90e6, "it must be 100e6"),
        (10e6, 200e6, "it must be 100e6"),
        (100e6, 600e6, "it must be 100e6"),
        (501e6, 501e6, "it must be 100e6"),
        (0.9e6, 0.9e6, "it must be 100e6"),
    ],
)
def test_clocks_that_the_box_does_not_make(refclk: float, sysclk: float, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        clock_byte(refclk, sysclk)
