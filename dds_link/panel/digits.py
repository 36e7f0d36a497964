"""What stands in a field of the panel: digits that mean the word in the hardware, steps of one
digit, and text that somebody typed.

A tuning word stands for a range of frequencies, half a step to each side. The digits shown are the
shortest that lie in it: ``80.0000000 MHz`` for a word that is exactly 80.0000000745058 MHz. They
name that word and no other, and a digit that is stepped leaves its neighbours as they are.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

from dds_link.quantities import AMPLITUDE, FREQUENCY, MIN_BARE_FREQUENCY, PHASE, parse_as

ATTENUATION = "attenuation"
"""Of an attenuator, in dB."""

MAX_DECIMALS = 12
"""Decimals of a field at most; finer steps than that are not shown."""

_NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]+")


class Style(NamedTuple):
    """How a quantity is written."""

    unit: str
    """As it stands behind the number; empty for a number alone."""
    power: int
    """The unit is 10 ** power of what the wire has."""
    default_step: float
    """Resolution where the controller tells none, in what the wire has."""


STYLES = {
    FREQUENCY: Style("MHz", 6, 1.0),
    AMPLITUDE: Style("", 0, 1e-5),
    PHASE: Style("turn", 0, 1e-5),
    ATTENUATION: Style("dB", 0, 0.5),
}
"""By the name of the field on the wire."""


def decimals(name: str, step: float) -> int:
    """How many decimals tell the words of a field apart.

    :param name: of the quantity.
    :param step: resolution, in what the wire has.
    """
    return max(0, min(MAX_DECIMALS, math.ceil(-math.log10(step)) + STYLES[name].power))


def shown(name: str, value: float | None, step: float) -> str:
    """The text of a field.

    :param value: of a receipt; None for what was never set, which has no text.
    :param step: resolution, in what the wire has.
    """
    if value is None:
        return ""
    style, places = STYLES[name], decimals(name, step)
    with localcontext(prec=50):
        exact = Decimal(repr(float(value))).scaleb(-style.power)
        # Not quite half a step: what lies half-way may mean the neighbour.
        half = Decimal(repr(float(step))).scaleb(-style.power) * Decimal("0.499")
        found = exact
        for count in range(places + 1):
            found = round(exact, count)
            if abs(found - exact) < half:
                break
        text = f"{found:.{places}f}"
    return f"{text} {style.unit}".rstrip()


def value_of(name: str, text: str) -> float:
    """What somebody means by the text in a field, in what the wire has.

    :raises ValueError: if it means nothing; the text is one sentence for whoever typed it.
    """
    if name == ATTENUATION:
        return _attenuation(text)
    value = parse_as(name, text)
    if name == FREQUENCY and 0 < abs(value) < MIN_BARE_FREQUENCY and not _has_unit(text):
        raise ValueError(f"{text.strip()!r} has no unit: {text.strip()} MHz?")
    return value


def _has_unit(text: str) -> bool:
    return text.strip()[-1:].isalpha()


def _attenuation(text: str) -> float:
    """Positive, in dB, with or without the unit."""
    number = text.strip()
    if number.lower().endswith("db"):
        number = number[:-2].strip()
    if len(text) > 64 or not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?", number):
        raise ValueError(f"{text!r:.80} is no attenuation: write it in dB, such as 12.5 dB")
    return float(number)


def stepped(name: str, text: str, caret: int, count: int, step: float) -> str:
    """The text with the digit under the caret changed, and what it carries over to.

    :param text: a number with or without its unit, as :func:`value_of` understands it.
    :param caret: place in the text; the digit behind it counts, at the number's end the last one.
    :param count: how many steps, down if negative.
    :param step: resolution; a digit finer than that steps by what the hardware can do.
    :raises ValueError: if there is no number.
    """
    found = _NUMBER.search(text)
    if found is None:
        raise ValueError("there is no digit to step")
    number = found.group()
    whole, _, fraction = number.partition(".")
    place = _place(len(whole), len(fraction), max(0, caret - found.start()))
    with localcontext(prec=50):
        size = Decimal(1).scaleb(place)
        if text[found.end() :].strip() == STYLES[name].unit:
            least = Fraction(step) / 10 ** STYLES[name].power
            size *= math.ceil(least / Fraction(size))
        result = f"{Decimal(number) + count * size:.{len(fraction)}f}"
    if not Decimal(result):
        result = result.lstrip("-")
    return text[: found.start()] + result + text[found.end() :]


def _place(whole: int, fraction: int, offset: int) -> int:
    """The power of ten of the digit at ``offset`` of a number."""
    if offset < whole:
        return whole - 1 - offset
    if not fraction:
        return 0
    return -min(max(offset - whole, 1), fraction)
