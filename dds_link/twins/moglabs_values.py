"""What a MOGLabs box makes of numbers, units and raw words, and how it writes them in its answers.

From the XRF manual (rev 1.8.3): units and their defaults, raw words with a ``0x`` prefix, the text
of a frequency and of its errors. From public drivers: the sign and the decimals of a power and a
phase, the 1024 amplitudes of a QRF, its largest limit of 34.5 dBm. Assumed: that a QRF counts
500 MHz (its external clocks end there) in words of 14 bits for the phase, and gives 5 to 200 MHz
(public drivers say 20 to 200 and 5 to 250); from where on a bare frequency is in Hz; what zero
power is written as.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z%]*)")
_HERTZ = {"HZ": 1.0, "KHZ": 1e3, "MHZ": 1e6}
_SECONDS = {"NS": 1e-9, "US": 1e-6, "MS": 1e-3, "S": 1.0}
# "FREQ,1,100" and "FREQ,1,100000000.0" are both 100 MHz.
_BARE_HERTZ = 1e4
#: What a power of zero is written as, dBm.
NO_POWER = -99.0


class Refused(Exception):
    """A command that the box answers with ``ERR:`` and this text."""


class Model(NamedTuple):
    """One type of box."""

    info: str
    """Answer to ``INFO``."""
    channels: int
    sysclk: float
    """Clock of the DDS, Hz."""
    pow_bits: int
    asf_bits: int
    full_scale: float
    """Power of the largest amplitude word, dBm."""
    limit: float
    """Power limit at the first start, dBm."""
    min_frequency: float
    """Hz."""
    max_frequency: float
    quad: bool = False
    """A QRF, which knows other commands and answers some in its own way."""


MODELS = {
    "moglabs_arf": Model("ARF421 A12345 1.12.2", 2, 1e9, 16, 14, 36.0, 30.0, 20e6, 400e6),
    "moglabs_xrf": Model("XRF421 A12345 1.12.2", 2, 1e9, 16, 14, 36.0, 30.0, 20e6, 400e6),
    "moglabs_qrf": Model(
        "QRF B3040-241-R3 0.5.2  A12345", 4, 500e6, 14, 10, 34.5, 30.0, 5e6, 200e6, quad=True
    ),
}
"""By ``type`` of the config file: amplified boxes (4 W a channel)."""


def raw(text: str, bits: int) -> int | None:
    """The word of ``0x...``; None if the text is no raw word.

    :raises Refused: if it is one of too many bits.
    """
    if text[:2].lower() != "0x":
        return None
    try:
        word = int(text[2:], 16)
    except ValueError:
        raise Refused(f"Invalid value, {text}") from None
    if not 0 <= word < 1 << bits:
        raise Refused(f"Value {text} out of range")
    return word


def number(text: str) -> tuple[float, str]:
    """A number and its unit in capitals, which may be empty."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None or not math.isfinite(float(match[1])):
        raise Refused(f"Invalid value, {text}")
    return float(match[1]), match[2].upper()


def whole(text: str, low: int, high: int) -> int:
    """A whole number, also as ``0x...``."""
    word = raw(text, 64)
    if word is None:
        value, unit = number(text)
        if unit or value != int(value):
            raise Refused(f"Invalid value, {text}")
        word = int(value)
    if not low <= word <= high:
        raise Refused(f"Value {text} out of range")
    return word


def switch(text: str) -> bool:
    """``ON``, ``OFF``, 1 or 0."""
    states = {"ON": True, "1": True, "OFF": False, "0": False}
    if text.upper() not in states:
        raise Refused(f"Invalid value, {text}")
    return states[text.upper()]


def on_off(state: bool) -> str:
    """``ON`` or ``OFF``."""
    return "ON" if state else "OFF"


def _factor(unit: str, factors: dict[str, float], default: float) -> float:
    if unit and unit not in factors:
        raise Refused(f"Invalid unit, {unit}")
    return factors.get(unit, default)


# -- frequency ------------------------------------------------------------------------------------


def ftw(model: Model, text: str, unlocked: bool = False) -> int:
    """Frequency tuning word of a frequency, or of a raw word, within the range of the box."""
    word = raw(text, 32)
    if word is None:
        value, unit = number(text)
        hertz = value * _factor(unit, _HERTZ, 1.0 if value >= _BARE_HERTZ else 1e6)
        word = round(hertz * (1 << 32) / model.sysclk)
    else:
        hertz = word * model.sysclk / (1 << 32)
    low, high = (0.0, model.sysclk / 2) if unlocked else (model.min_frequency, model.max_frequency)
    if not low <= hertz <= high:
        raise Refused(f"Frequency {hertz / 1e6:.2f} MHz out of range")
    return word


def frequency_text(model: Model, word: int) -> str:
    """As in an answer. The box multiplies by the size of one word, rounded to ten decimals: the
    manual shows 80.00000009 MHz for 0x147AE148, where 80.00000007 would be right."""
    return f"{word * round(model.sysclk / (1 << 32), 10) / 1e6:.8f} MHz (0x{word:08X})"


# -- power ----------------------------------------------------------------------------------------


def dbm(model: Model, word: int) -> float:
    """Power of an amplitude word: it is linear in the voltage (0x1000 is 24 dBm of 36)."""
    if not word:
        return NO_POWER
    return model.full_scale + 20 * math.log10(word / ((1 << model.asf_bits) - 1))


def asf(model: Model, text: str) -> int:
    """Amplitude word of a power, or of a raw word; the largest one there is for more than that."""
    word = raw(text, model.asf_bits)
    if word is not None:
        return word
    value, unit = number(text)
    if unit in ("MW", "W"):
        watts = value * (1e-3 if unit == "MW" else 1.0)
        if not watts > 0:
            return 0
        value = 30 + 10 * math.log10(watts)
    else:
        _factor(unit, {"DBM": 1.0, "DB": 1.0}, 1.0)
    most = (1 << model.asf_bits) - 1
    return round(most * 10 ** (min(value - model.full_scale, 0.0) / 20))


def power_text(model: Model, word: int) -> str:
    """As in an answer."""
    return f"{dbm(model, word):+.2f} dBm (0x{word:04X})"


# -- phase and time -------------------------------------------------------------------------------


def pow_(model: Model, text: str) -> int:
    """Phase offset word of a phase, or of a raw word."""
    word = raw(text, model.pow_bits)
    if word is not None:
        return word
    value, unit = number(text)
    turns = value * _factor(unit, {"DEG": 1 / 360, "RAD": 1 / math.tau}, 1 / 360)
    return round(turns * (1 << model.pow_bits)) % (1 << model.pow_bits)


def phase_text(model: Model, word: int) -> str:
    """As in an answer."""
    return f"{word / (1 << model.pow_bits) * 360:.4f} deg (0x{word:04X})"


def ticks(model: Model, text: str) -> int:
    """Duration of a table entry: microseconds, or multiples of 5 us in a QRF."""
    value, unit = (float(whole(text, 0, 1 << 32)), "") if text[:2] == "0x" else number(text)
    tick = 5e-6 if model.quad else 1e-6
    count = value * _factor(unit, _SECONDS, tick) / tick
    if not 0 <= count < 1 << 20:
        raise Refused(f"Duration {text} out of range")
    return round(count)


def ticks_text(model: Model, count: int) -> str:
    """As in an answer."""
    return f"{count * 5 if model.quad else count} us"
