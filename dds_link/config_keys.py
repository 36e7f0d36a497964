"""Which keys a configuration has, and what each may hold by itself (together: ``config_rules``).

A check takes what TOML made of the value and returns what the configuration holds; it raises
``ValueError`` with a reason that says what to write instead.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from dds_link.attenuation import MODELS

MAX_CHANNELS = 1024
"""Most channels of one controller: as many as one ``apply`` takes."""
MAX_NAME = 32
"""Longest name of a channel, in characters."""
SECRETS = frozenset(("token",))
"""Keys whose values are never shown."""

Check = Callable[[Any], Any]

_SHOWN = 60  # longest value that a message repeats
_LINE = re.compile(r"gpiochip(0|[1-9][0-9]{0,3}):(0|[1-9][0-9]{0,3})|AD[3-7]|AC[0-7]")
_TRANSPORT = re.compile(r"[a-z][a-z0-9+.-]*:.*")
_NOTHING = object()


class Problems:
    """Every problem found in one file, each a line that says file, key, value and reason."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.found: list[str] = []
        self._keys: set[str] = set()

    def add(self, key: str, reason: str, value: object = _NOTHING) -> None:
        """Note that ``key``, which holds ``value``, cannot be used. A secret is not repeated."""
        hidden = value is _NOTHING or key.rpartition(".")[2] in SECRETS
        shown = "" if hidden else f" = {_show(value)}"
        self.found.append(f"{self.source}: {key}{shown}: {reason}")
        self._keys.add(key)

    def missing(self, key: str, example: str) -> None:
        """Note that ``key`` is missing, unless something is wrong with it or its table already."""
        if self._keys.isdisjoint((key, key.rpartition(".")[0])):
            self.add(key, f"missing; write for example {example}")


def _show(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 128:
        return "(a number of very many digits)"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def read_table(
    table: object,
    keys: Mapping[str, Check],
    required: Mapping[str, str],
    path: str,
    problems: Problems,
) -> dict[str, Any]:
    """Check one table, key by key.

    :param table: what TOML found at ``path``.
    :param keys: the keys that it may have.
    :param required: the keys that it must have, each with an example.
    :returns: the keys whose values are good.
    """
    if not isinstance(table, dict):
        problems.add(path, f"must be a table: write [{path}] on a line of its own", table)
        return {}
    good = {}
    for key, value in table.items():
        where = f"{path}.{key}" if path else key
        if key not in keys:
            problems.add(where, _unknown(key, keys))
            continue
        try:
            good[key] = keys[key](value)
        except ValueError as error:
            problems.add(where, str(error), value)
    for key, example in required.items():
        if key not in table:
            problems.missing(f"{path}.{key}" if path else key, example)
    return good


def _unknown(key: str, keys: Mapping[str, Check]) -> str:
    near = difflib.get_close_matches(key, keys, n=1)
    if near:
        return f"unknown; did you mean {near[0]}?"
    return f"unknown; remove it (known here: {' '.join(keys)})"


# Checks


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be text in quotes")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false, without quotes")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("must be a number, without quotes or unit, as in 25e6")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("must be a finite number")
    return number


def _hertz(value: Any) -> float:
    number = _number(value)
    if not number > 0:
        raise ValueError("must be above 0 Hz")
    return number


def _timeout(value: Any) -> float:
    number = _number(value)
    if not 0.01 <= number <= 60:
        raise ValueError("must be 0.01 ... 60 s")
    return number


def _token(value: Any) -> str:
    # It becomes a line of its own.
    if not isinstance(value, str) or not 1 <= len(value) <= 256 or not value.isprintable():
        raise ValueError("must be text in quotes, 1 ... 256 characters, no control characters")
    if not value.isascii():
        raise ValueError("must be ASCII")
    return value


def _limit(value: Any) -> float:
    number = _number(value)
    if not number >= 0:
        raise ValueError("must be 0 Hz or above")
    return number


def _decibel(value: Any) -> float:
    number = _number(value)
    if not number >= 0:
        raise ValueError("must be 0 dB or above: an attenuation has no sign")
    return number


def _amplitude(value: Any) -> float:
    number = _number(value)
    if not 0 <= number <= 1:
        raise ValueError("must be 0 ... 1, a fraction of full scale (no dB, no per cent)")
    return number


def _whole(low: int, high: int) -> Check:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number {low} ... {high}")
        return value

    return check


def _line(value: Any) -> str:
    if not isinstance(value, str) or not _LINE.fullmatch(value):
        raise ValueError(
            'must be a line of gpiod, "CHIP:OFFSET", as in "gpiochip0:17", or a pin of an FTDI '
            'chip, as in "AC0"'
        )
    return value


def _profile(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) not in (0, 3):
        raise ValueError("must be a list of three lines (PROFILE0, 1, 2), or left out")
    return tuple(_line(item) for item in value)


def _chip_select(value: Any) -> int | str:
    try:
        return _line(value) if isinstance(value, str) else int(_whole(0, 255)(value))
    except ValueError:
        reason = 'must be the number of a chip select (0 ... 255) or a line, "gpiochip0:8" or "AC0"'
        raise ValueError(reason) from None


def _chain(value: Any) -> tuple[int, ...]:
    good = isinstance(value, list) and value and all(type(index) is int for index in value)
    if not good or len(set(value)) < len(value) or min(value) < 0:
        raise ValueError(
            "must be a list of channel indices, none twice, the one next to MOSI first, as in "
            "[0, 1, 2, 3]"
        )
    return tuple(value)


def _transport(value: Any) -> str:
    if not isinstance(value, str) or not _TRANSPORT.fullmatch(value):
        raise ValueError('must be "NAME:ADDRESS", as in "spidev:0"')
    return value


def _one_of(*words: str) -> Check:
    def check(value: Any) -> str:
        if value not in words:
            raise ValueError("must be " + " or ".join(f'"{word}"' for word in words))
        return str(value)

    return check


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_NAME:
        raise ValueError(f"must be text of 1 ... {MAX_NAME} characters")
    if not value.isprintable() or value != value.strip():
        raise ValueError("must not begin or end with a space, nor hold control characters")
    try:
        float(value)
    except ValueError:
        return value
    raise ValueError("must not be a number: numbers are indices; put a letter in front")


def _as_it_is(value: Any) -> Any:
    return value


TOP: Mapping[str, Check] = {"device": _as_it_is, "channel": _as_it_is}
TOP_REQUIRED = {"device": "[device]"}

DEVICE: Mapping[str, Check] = {
    "type": _text,
    "channels": _whole(1, MAX_CHANNELS),
    "refclk": _hertz,
    "sysclk": _hertz,
    "transport": _transport,
    "spi_hz": _hertz,
    "readback": _flag,
    "baud": _whole(50, 4_000_000),
    "timeout": _timeout,
    "token": _token,
    "on_reconnect": _one_of("restore", "safe", "leave"),
    "pins": _as_it_is,
    "attenuator": _as_it_is,
}
DEVICE_REQUIRED = {
    "type": 'type = "ad9910"',
    "channels": "channels = 4",
    "transport": 'transport = "spidev:0"',
}
DEVICE_EXAMPLES = {"refclk": "refclk = 25e6 (Hz)", "sysclk": "sysclk = 1e9 (Hz)"}
"""Examples of keys that some types of device need."""

PINS: Mapping[str, Check] = {
    "io_update": _line,
    "io_reset": _line,
    "master_reset": _line,
    "profile": _profile,
}

ATTENUATOR: Mapping[str, Check] = {
    "type": _one_of(*MODELS),
    "chip_select": _chip_select,
    "chain": _chain,
    "readback": _flag,
}
ATTENUATOR_REQUIRED = {"type": 'type = "hmc542b"', "chip_select": "chip_select = 4"}

CHANNEL: Mapping[str, Check] = {
    "index": _whole(0, MAX_CHANNELS - 1),
    "name": _name,
    "chip_select": _chip_select,
    "rf_switch": _line,
    "min_frequency": _limit,
    "max_frequency": _limit,
    "max_amplitude": _amplitude,
    "safe_amplitude": _amplitude,
    "min_attenuation": _decibel,
    "safe_attenuation": _decibel,
    "on_start": _one_of("safe", "keep"),
    "on_stop": _one_of("safe", "keep"),
}
CHANNEL_REQUIRED = {"index": "index = 0"}
