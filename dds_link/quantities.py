"""Quantities as people write them, ``80MHz``, ``-3dB``, ``90deg``, and how tables show them.

Text becomes Hz, a fraction of full scale, turns, or dB. A number times the scale of its unit is
computed exactly and rounded once, so that ``80.1MHz`` is the same float as ``80.1e6``. Limits are
not checked here: they are the controller's.
"""

import math
import re
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Dict, NamedTuple, Optional, Tuple

MAX_LENGTH = 64
"""Longest text that is read as a quantity, in characters."""
MIN_BARE_FREQUENCY = 1000.0
"""A number without unit and name is taken for a frequency from here on, in Hz (:func:`parse`)."""

FREQUENCY = "frequency"
AMPLITUDE = "amplitude"
PHASE = "phase"
ATTENUATION = "attenuation"

# 2 pi to 60 digits: dividing by it is exact enough for the nearest float.
_TAU = Fraction("6.28318530717958647692528676655900576839433879875021164194989")
_DECIBEL = "dB"

UNITS: Dict[str, Dict[str, Fraction]] = {
    FREQUENCY: {
        "Hz": Fraction(1),
        "kHz": Fraction(10**3),
        "MHz": Fraction(10**6),
        "GHz": Fraction(10**9),
    },
    AMPLITUDE: {"%": Fraction(1, 100), _DECIBEL: Fraction(1)},
    PHASE: {
        "turn": Fraction(1),
        "turns": Fraction(1),
        "deg": Fraction(1, 360),
        "rad": 1 / _TAU,
    },
    ATTENUATION: {_DECIBEL: Fraction(1)},
}
"""Units of each quantity, and what a number in them is multiplied by (an amplitude in dB is a
ratio: 20 log10)."""

# Backwards, so that dB by itself is an amplitude.
_QUANTITY_OF = {unit: name for name, units in reversed(list(UNITS.items())) for unit in units}

# Three digits of exponent reach past the largest double, and keep the exact arithmetic small.
_NUMBER = re.compile(
    r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)\s*((?:[^\W\d_].*|%)?)"
)
_SMALLEST_DB = -8000  # 10**(-8000 / 20) is below the smallest double
_ENOUGH_DIGITS = Context(prec=40)


class Quantity(NamedTuple):
    """What a text says."""

    name: str
    """``"frequency"``, ``"amplitude"``, ``"phase"`` or ``"attenuation"``."""
    value: float
    """In Hz, as a fraction of full scale, in turns, or in dB."""


def is_unit(text: str) -> bool:
    """Whether ``text`` is a unit, and nothing else."""
    return text in _QUANTITY_OF


def parse_frequency(text: str) -> float:
    """A frequency in Hz: ``80MHz``, ``80.5 MHz``, ``80e6``.

    :raises ValueError: for anything else; the text is one sentence for the user.
    """
    return parse_as(FREQUENCY, text)


def parse_amplitude(text: str) -> float:
    """An amplitude as a fraction of full scale: ``0.5``, ``50%``, ``-3dB`` (20 log10 of it).

    :raises ValueError: for anything else; the text is one sentence for the user.
    """
    return parse_as(AMPLITUDE, text)


def parse_phase(text: str) -> float:
    """A phase in turns: ``0.25``, ``0.25turn``, ``90deg``, ``1.57rad``.

    :raises ValueError: for anything else; the text is one sentence for the user.
    """
    return parse_as(PHASE, text)


def parse_as(name: str, text: str) -> float:
    """The value of ``text``, which is meant as the quantity ``name``.

    :param name: ``"frequency"``, ``"amplitude"``, ``"phase"`` or ``"attenuation"``.
    :raises ValueError: if it is no such quantity.
    """
    number, unit = _split(text)
    if unit and unit not in UNITS[name]:
        other = _QUANTITY_OF.get(unit)
        what = "is no unit" if other is None else "is a unit of {}".format(other)
        raise ValueError(
            "{!r}: {!r} {}; units of {}: {}".format(text, unit, what, name, _units(name))
        )
    return _value(number, unit, name)


def parse(text: str) -> Quantity:
    """A quantity that its unit identifies: ``80MHz`` is a frequency, ``-3dB`` an amplitude.

    A number without a unit could be any of the three; it is taken for a frequency in Hz from 1000
    on (``80e6``) and refused below.

    :raises ValueError: for anything else; the text is one sentence for the user.
    """
    number, unit = _split(text)
    if unit:
        name = _QUANTITY_OF.get(unit)
        if name is None:
            allowed = "; ".join("{} {}".format(each, _units(each)) for each in UNITS)
            raise ValueError("{!r}: {!r} is no unit; units: {}".format(text, unit, allowed))
        return Quantity(name, _value(number, unit, name))
    value = _value(number, unit, FREQUENCY)
    if value < MIN_BARE_FREQUENCY:
        raise ValueError(
            "{0!r} could be a frequency, an amplitude or a phase: give its unit (Hz, %, turn) or "
            "its name (amplitude={0})".format(text)
        )
    return Quantity(FREQUENCY, value)


def _split(text: str) -> Tuple[str, str]:
    """Number and unit of ``text``; the unit may be empty."""
    found = _NUMBER.fullmatch(text.strip()) if len(text) <= MAX_LENGTH else None
    if found is None:
        raise ValueError(
            "{!r:.80} is no quantity: write a number with a decimal point, then its unit, "
            "such as 80.5MHz, -3dB or 90deg".format(text)
        )
    return found.group(1), found.group(2)


def _value(number: str, unit: str, name: str) -> float:
    exact = Fraction(number)
    try:
        if unit == _DECIBEL and name == AMPLITUDE:
            return _amplitude_ratio(exact, number)
        return float(exact * UNITS[name][unit]) if unit else float(exact)
    except ArithmeticError:
        raise ValueError("{}{} is too large for a number".format(number, unit)) from None


def _amplitude_ratio(decibel: Fraction, number: str) -> float:
    """10**(dB / 20), rounded once."""
    if decibel < _SMALLEST_DB:
        return 0.0
    with localcontext(_ENOUGH_DIGITS):
        ratio = float(Decimal(10) ** (Decimal(number) / 20))
    if ratio == math.inf:
        raise OverflowError
    return ratio


def _units(name: str) -> str:
    return " ".join(UNITS[name])


def format_frequency(frequency: Optional[float]) -> str:
    """A frequency with its unit, ``"80.0000000745058 MHz"``: every digit that tells the float.

    :param frequency: Hz; None for a channel that was never given one, shown as ``"-"``.
    """
    if frequency is None:
        return "-"
    unit, scale = "Hz", Fraction(1)
    for candidate, size in UNITS[FREQUENCY].items():
        if abs(frequency) >= size:
            unit, scale = candidate, size
    power = len(str(scale.numerator)) - 1
    digits = format(Decimal(repr(float(frequency))).scaleb(-power), "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "{} {}".format(digits, unit)


def format_amplitude(amplitude: float) -> str:
    """A fraction of full scale to five decimals, finer than the step of a 14-bit word."""
    return _trimmed(amplitude, 5)


def format_decibel(amplitude: float) -> str:
    """The ratio of an amplitude to full scale, ``"-6.02 dB"``.

    :param amplitude: fraction of full scale; 0 is shown as ``"-inf dB"``.
    """
    if amplitude <= 0:
        return "-inf dB"
    # Adding zero makes 0 of -0.
    return "{:.2f} dB".format(round(20 * math.log10(amplitude), 2) + 0.0)


def format_attenuation(attenuation: Optional[float]) -> str:
    """An attenuation, ``"10.5 dB"``, to two decimals, finer than the step of any attenuator.

    :param attenuation: dB; None for a channel without an attenuator, shown as ``"-"``.
    """
    return "-" if attenuation is None else _trimmed(attenuation, 2) + " dB"


def format_degrees(phase: float) -> str:
    """A phase, ``"90 deg"``, to four decimals, finer than the step of a 16-bit word.

    :param phase: turns.
    """
    return _trimmed(phase * 360, 4) + " deg"


def _trimmed(value: float, decimals: int) -> str:
    """``value`` to so many decimals, without zeros at its end."""
    digits = "{:.{}f}".format(value, decimals).rstrip("0").rstrip(".")
    return "0" if digits == "-0" else digits
