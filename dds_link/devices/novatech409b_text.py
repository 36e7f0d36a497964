"""The lines that a Novatech 409B or DDS9m takes, and the ones that it answers with.

Facts: the drivers of m-labs, labscript and naqslab, mirrors of the manual.
"""

from __future__ import annotations

import re

from dds_link.words import Words

#: Clock of a box on its internal reference: 2^32 x 0.1 Hz, so that a word is a tenth of a hertz.
SYSCLK = 2**32 / 10
#: The largest frequency word that the box takes: 171.1276031 MHz on the internal clock.
MAX_FTW = 0x65FFFFFF
#: Outputs of a box.
OUTPUTS = 4
#: Rates of the serial line.
BAUDS = (9600, 19200, 38400, 57600, 115200)

ERRORS = {
    "?0": "unrecognized command",
    "?1": "bad frequency",
    "?2": "bad AM command",
    "?3": "line too long",
    "?4": "bad phase",
    "?5": "bad time",
    "?6": "bad mode",
    "?7": "bad amplitude",
    "?8": "bad constant",
    "?f": "bad byte",
}

_CHANNEL = re.compile(r"([0-9A-Fa-f]{8}) ([0-9A-Fa-f]{4}) ([0-9A-Fa-f]{4})(?: .*)?")


def frequency(channel: int, ftw: int) -> str:
    """``F``: in MHz, always with seven decimals, which some firmware wants; exact."""
    return f"F{channel} {ftw // 10**7}.{ftw % 10**7:07d}"


def phase(channel: int, word: int) -> str:
    """``P``: 0...16383."""
    return f"P{channel} {word}"


def amplitude(channel: int, asf: int) -> str:
    """``V``: 0...1023. The box does not refuse more."""
    return f"V{channel} {asf}"


def tone(channel: int, words: Words, held: Words | None = None) -> list[str]:
    """What makes a channel hold ``words``; only what is different if it is known to hold ``held``
    (everything if nothing is)."""
    lines = [
        frequency(channel, words.ftw),
        phase(channel, words.pow),
        amplitude(channel, words.asf),
    ]
    if held is None or held == words:
        return lines
    return [line for line, before in zip(lines, tone(channel, held), strict=True) if line != before]


def read_report(answer: bytes) -> list[Words]:
    """What ``QUE`` says of the four channels.

    :raises ValueError: if it is not such an answer.
    """
    lines = answer.decode("latin-1").splitlines()
    found = [_CHANNEL.fullmatch(line) for line in lines[:OUTPUTS]]
    if len(lines) != OUTPUTS + 1 or not all(found):
        raise ValueError(f"QUE answered {answer[:60]!r}")
    return [Words(*(int(word, 16) for word in line.groups())) for line in found if line]


def multiplier_of(answer: bytes) -> int | None:
    """By what the chip multiplies its reference, going by the last line of ``QUE``; None if that
    cannot be told.

    Its second field looks like FR1 of an AD9959; unconfirmed.
    """
    fields = answer.decode("latin-1").split("\r\n")[OUTPUTS].split()
    good = len(fields) == 5 and re.fullmatch("[0-9A-Fa-f]{6}", fields[1])
    return int(fields[1][:2], 16) >> 2 & 0x1F if good else None


def firmware_of(answer: bytes) -> str:
    """The firmware version: the last field of the last line of ``QUE``."""
    return (answer.decode("latin-1").split() or ["?"])[-1]


def clock_byte(refclk: float, sysclk: float) -> int:
    """``Kp``: the multiplier, and in the two upper bits the range of the product.

    :raises ValueError: if the box cannot make ``sysclk`` of ``refclk``.
    """
    multiplier = round(sysclk / refclk)
    if not abs(sysclk - multiplier * refclk) <= 1e-9 * sysclk:
        multiplier = 0
    if not (multiplier == 1 or 4 <= multiplier <= 20):
        raise ValueError(f"it must be refclk ({refclk:.15g} Hz) times 1 or 4...20")
    if 255e6 <= sysclk <= 500e6:
        return 0x80 | multiplier
    if 100e6 <= sysclk <= 160e6:
        return 0x40 | multiplier
    if multiplier == 1 and 1e6 <= sysclk <= 500e6:
        return multiplier
    raise ValueError(
        "it must be 100e6...160e6 or 255e6...500e6 Hz (without multiplier 1e6...500e6)"
    )
