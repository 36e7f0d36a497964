"""What MOGLabs boxes are, what is said to them, and what their answers mean.

Golden strings: the XRF manual (rev 1.8.3) has ``FREQ,1,80MHz`` answered by ``OK: CH1 freq now
80.00000009 MHz (0x147AE148)``, ``FREQ,1`` by ``80.00000009 MHz (0x147AE148)``, errors by ``ERR:``,
``FREQ,1,0x1999999A`` for 100 MHz and ``POW,1,0x1000`` for an amplitude. The word in brackets is the
one to trust: the number before it is rounded.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Box(NamedTuple):
    """One type of box."""

    channels: int
    sysclk: float
    """Clock that the frequency words count, Hz."""
    pow_bits: int
    asf_bits: int
    min_frequency: float
    """Hz."""
    max_frequency: float
    quad: bool
    """A QRF."""


_TWO_AD9910 = Box(2, 1e9, 16, 14, 20e6, 400e6, quad=False)

BOXES = {
    "moglabs_arf": _TWO_AD9910,
    "moglabs_xrf": _TWO_AD9910,
    # Its 1024 amplitudes come from a public driver. Unconfirmed: the clock, the width of the phase
    # word, the range of frequencies. The driver compares the first two with the box.
    "moglabs_qrf": Box(4, 500e6, 14, 10, 5e6, 200e6, quad=True),
}
"""By ``type`` of the config file."""

END = b"\r\n"
INFO = "INFO"
#: No command. Behind half a command it makes that a wrong one, so that it is not carried out.
NONSENSE = "?"

_WORD = re.compile(r"\(?0x([0-9A-Fa-f]{1,8})\)?\s*$")
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(MHz|deg)\b")
_MODE = re.compile(r"\b(NSB|NSA|TSB|TPA)\b")
_SWITCH = re.compile(r"\b(SIG|POW):\s*(ON|OFF)\b")
_MODULATION = re.compile(r"\b(PID|FM|PM|AM):\s*(\w+)")
_MODEL = re.compile(r"(ARF|XRF|QRF)")


def command(name: str, channel: int, *values: str) -> str:
    """A command for a channel, which the box counts from 1."""
    return ",".join((name, str(channel + 1), *values))


def frequency(channel: int, ftw: int) -> str:
    """Set the frequency by its word."""
    return command("FREQ", channel, f"0x{ftw:08X}")


def phase(channel: int, pow_: int) -> str:
    """Set the phase offset by its word."""
    return command("PHASE", channel, f"0x{pow_:04X}")


def power(channel: int, asf: int) -> str:
    """Set the amplitude by its word."""
    return command("POW", channel, f"0x{asf:04X}")


def limit(channel: int, asf: int) -> str:
    """Set the largest amplitude that the box allows by its word."""
    return command("LIMIT", channel, f"0x{asf:04X}")


def is_ok(answer: str) -> bool:
    """Whether a command was carried out."""
    return answer == "OK" or answer.startswith(("OK:", "OK "))


def is_refusal(answer: str) -> bool:
    """Whether the box understood that it has to say no."""
    return answer.startswith(("ERR", "Command not defined"))


def word_of(answer: str) -> int | None:
    """The raw word at the end of an answer; None if there is none."""
    found = _WORD.search(answer)
    return int(found[1], 16) if found else None


def number_of(answer: str, unit: str) -> float | None:
    """The number with this unit, ``MHz`` or ``deg``; None if there is none."""
    found = _NUMBER.search(answer)
    return float(found[1]) if found and found[2] == unit else None


def mode_of(answer: str) -> str | None:
    """The mode of a channel; None if the answer names none."""
    found = _MODE.search(answer)
    return found[1] if found else None


def switches_of(answer: str) -> dict[str, bool]:
    """Whether signal (``SIG``) and amplifier (``POW``) are on, as far as the answer tells."""
    return {name: state == "ON" for name, state in _SWITCH.findall(answer)}


def modulation_of(answer: str) -> frozenset[str]:
    """Which of ``PID FM PM AM`` are on."""
    return frozenset(name for name, state in _MODULATION.findall(answer) if state != "OFF")


def model_of(identity: str) -> str | None:
    """``ARF``, ``XRF`` or ``QRF``; None if the answer to ``INFO`` does not tell."""
    found = _MODEL.search(identity)
    return found[1] if found else None
