"""What a Novatech 409B understands in a line: numbers and their limits, and its replies."""

from __future__ import annotations

import re

OK = "OK"
UNKNOWN = "?0"
BAD_FREQUENCY = "?1"
TOO_LONG = "?3"
BAD_PHASE = "?4"
BAD_MODE = "?6"
BAD_AMPLITUDE = "?7"
BAD_CONSTANT = "?8"
BAD_BYTE = "?f"

#: Largest frequency word: 171.1276031 MHz in steps of 0.1 Hz.
MAX_FREQUENCY = 0x65FFFFFF
MAX_PHASE = 16383
MAX_AMPLITUDE = 1023

_FREQUENCY = re.compile(r"([0-9]{1,3})(?:\.([0-9]*))?")
_ENTRY = re.compile("([0-9A-F]{8}),([0-9A-F]{4}),([0-9A-F]{4}),([0-9A-F]{2})")


class Refused(Exception):
    """A line that is not carried out.

    :param code: what the box answers.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def frequency_word(text: str) -> int:
    """A frequency in MHz, in steps of 0.1 Hz."""
    found = _FREQUENCY.fullmatch(text)
    if found is None:
        raise Refused(BAD_FREQUENCY)
    whole, decimals = found.groups(default="")
    word = int(whole + decimals[:7].ljust(7, "0"))
    if word > MAX_FREQUENCY:
        raise Refused(BAD_FREQUENCY)
    return word


def phase_word(text: str) -> int:
    """A phase, 0...16383."""
    word = _decimal(text, BAD_PHASE)
    if word > MAX_PHASE:
        raise Refused(BAD_PHASE)
    return word


def amplitude_word(text: str) -> int:
    """An amplitude; what is above 1023 is not refused."""
    return min(_decimal(text, BAD_AMPLITUDE), MAX_AMPLITUDE)


def _decimal(text: str, code: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise Refused(code)
    return int(text)


def clock_byte(text: str) -> int:
    """``Kp``: the multiplier 1 or 4...20, and the range of the VCO in the two upper bits."""
    word = _hexadecimal(text, 2, BAD_CONSTANT)
    if word & 0x20 or not (word & 0x1F == 1 or 4 <= word & 0x1F <= 20):
        raise Refused(BAD_CONSTANT)
    return word


def table_address(text: str) -> int:
    """An address of the table, 0000...3fff."""
    word = _hexadecimal(text, 4, BAD_BYTE)
    if word > 0x3FFF:
        raise Refused(BAD_BYTE)
    return word


def _hexadecimal(text: str, digits: int, code: str) -> int:
    if not re.fullmatch(f"[0-9A-F]{{{digits}}}", text):
        raise Refused(code)
    return int(text, 16)


def table_entry(text: str) -> tuple[int, int, int, int]:
    """``ffffffff,pppp,vvvv,dd``: frequency, phase, amplitude, dwell."""
    found = _ENTRY.fullmatch(text)
    if found is None:
        raise Refused(BAD_BYTE)
    frequency, phase, amplitude, dwell = (int(digits, 16) for digits in found.groups())
    if frequency > MAX_FREQUENCY:
        raise Refused(BAD_FREQUENCY)
    if phase > MAX_PHASE:
        raise Refused(BAD_PHASE)
    return frequency, phase, min(amplitude, MAX_AMPLITUDE), dwell
