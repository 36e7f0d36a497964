"""Words of the command line as changes of channels: ``cooling 80MHz -3dB on``.

What only the controller knows (does the channel exist, may it have this frequency?) is left to it.
"""

import json
import re
from typing import Any, BinaryIO, Callable, Dict, List, Sequence, Tuple, Union

from dds_link.quantities import UNITS, is_unit, parse, parse_as

MAX_JSON = 1 << 20
"""Longest JSON that is read, in bytes: as long as the longest frame of the wire."""

Change = Dict[str, Any]

_SWITCH = {"on": True, "off": False}
_NEGATIVE = re.compile(r"-\.?[0-9]")
# Between the channels of an apply. Not between two digits: 80,5MHz is a mistake, not two words.
_SEPARATOR = re.compile(r",(?![0-9])|(?<![0-9]),")


class UsageError(Exception):
    """Words that mean nothing; the text is one sentence for the user."""


def shield(arguments: Sequence[str]) -> List[str]:
    """Let argparse take ``-3dB`` for a value: it takes a word for an option only if that begins
    with a dash, so such a word gets a space in front."""
    return [" " + word if _NEGATIVE.match(word) else word for word in arguments]


def channel_key(word: str) -> Union[int, str]:
    """A channel's index, if ``word`` is a whole number, else its name."""
    word = word.strip()
    return int(word) if re.fullmatch(r"-?[0-9]{1,18}", word) else word


def change(channel: str, words: Sequence[str]) -> Change:
    """The body of a ``set``.

    :param channel: index or name.
    :param words: ``80MHz``, ``amplitude=0.5``, ``-3dB``, ``phase=90deg``, ``ftw=0x1999``, ``on``;
        in any order, each field at most once.
    :raises UsageError: for a word that is none of these.
    """
    body: Change = {"channel": channel_key(channel)}
    for word in _join_units(words):
        name, value = _field(word)
        if name in body:
            raise UsageError("channel {}: {} is given twice".format(channel, name))
        body[name] = value
    return body


def changes(words: Sequence[str]) -> List[Change]:
    """The ``changes`` of an ``apply``: ``cooling 80MHz on , raman 81MHz -3dB``.

    :raises UsageError: for a word that means nothing, or nothing between two commas.
    """
    bodies = []
    for group in _groups(words):
        if not group:
            raise UsageError("a channel is missing beside a comma; see: apply --help")
        bodies.append(change(group[0], group[1:]))
    return bodies


def changes_from_json(file: BinaryIO, source: str) -> List[Change]:
    """The ``changes`` of an ``apply``, as on the wire: a JSON array of ``set`` bodies.

    :param source: name of the file, for the error text.
    :raises UsageError: if it is no such array.
    """
    try:
        text = file.read(MAX_JSON + 1)
        found = (
            json.loads(text.decode("utf-8-sig"), object_pairs_hook=_without_twins)
            if len(text) <= MAX_JSON
            else None
        )
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError("{}: {}".format(source, error)) from None
    if not isinstance(found, list) or not all(isinstance(body, dict) for body in found):
        raise UsageError(
            "{}: expected a JSON array of at most 1 MiB, such as "
            '[{{"channel": "cooling", "frequency": 80e6}}]'.format(source)
        )
    return found


def _without_twins(pairs: List[Tuple[str, Any]]) -> Change:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return body


def _groups(words: Sequence[str]) -> List[List[str]]:
    groups: List[List[str]] = [[]]
    for word in words:
        first, *others = _SEPARATOR.split(word)
        groups[-1].append(first)
        groups += [[other] for other in others]
    return [[word for word in group if word.strip()] for group in groups]


def _join_units(words: Sequence[str]) -> List[str]:
    """``80 MHz`` in two words is one quantity."""
    joined: List[str] = []
    for word in words:
        if joined and is_unit(word):
            joined[-1] += word
        else:
            joined.append(word.strip())
    return joined


def _word(text: str) -> int:
    return int(text, 0)


def _enabled(text: str) -> bool:
    return _SWITCH[text]


# What reads the value of a field, and what it expects, for the error text.
_WORDS: Dict[str, Tuple[Callable[[str], Any], str]] = {
    "ftw": (_word, "an integer, such as 343597384 or 0x147ae148"),
    "pow": (_word, "an integer, such as 16384 or 0x4000"),
    "asf": (_word, "an integer, such as 8192 or 0x2000"),
    "enabled": (_enabled, "on or off"),
}


def _field(word: str) -> Tuple[str, Any]:
    """Name and value of one word."""
    if word in _SWITCH:
        return "enabled", _SWITCH[word]
    name, equals, text = word.partition("=")
    try:
        if not equals:
            return parse(word)
        if name in UNITS:
            return name, parse_as(name, text)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if name not in _WORDS:
        raise UsageError(
            "no field is called {!r}; there are {}".format(name, " ".join([*UNITS, *_WORDS]))
        )
    read, expected = _WORDS[name]
    try:
        return name, read(text)
    except (ValueError, KeyError):
        raise UsageError("{} must be {}, not {!r}".format(name, expected, text)) from None
