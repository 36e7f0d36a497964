"""Frames to commands, and outcomes to lines. msgspec does the work; what it lacks is here.

msgspec keeps the last of two equal keys, lets ``RecursionError`` and ``UnicodeDecodeError`` out and
has one error for everything that is wrong with a field. So a good frame takes the fast path, and a
frame that fails there is read again by :func:`diagnose`, slowly, to say what exactly is wrong.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from typing import Any, NoReturn

import msgspec
from msgspec.structs import astuple

from dds_link.errors import BadCommand, BadFrame, OutOfRange, UnknownCommand, WireError
from dds_link.protocol.commands import COMMAND_IDS, NO_ID, AnyCommand, Apply

PROTOCOL_VERSION = 1

MAX_ID_BYTES = 64
"""Longest ``id``, in bytes as it stands on the wire."""


# No double is longer written out, and int() of very many digits is slow.
_MOST_DIGITS = 310
# Longest place of a number in an error text: a key may be as long as the frame.
_LONGEST_PLACE = 80


class Request(msgspec.Struct, gc=False):
    """One frame, decoded."""

    id: bytes
    """JSON of the ``id`` to echo; empty if there is none, or it could not be read."""
    command: Any
    """A member of ``AnyCommand`` (a ``dict`` from :func:`decode_object`), or the
    :class:`~dds_link.errors.WireError` to answer."""
    place: int = -1
    """In the order of replies, once a connection has taken it in."""


_decode_command = msgspec.json.Decoder(AnyCommand).decode
_decode_plain = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class _OnlyId(msgspec.Struct):
    id: msgspec.Raw = NO_ID


_decode_id = msgspec.json.Decoder(_OnlyId).decode


def decode(frame: bytes) -> Request:
    """The command in ``frame``. Never raises: what is wrong is in the answer."""
    try:
        command = _decode_command(frame)
        raw = command.id
        if raw is not NO_ID:
            _decode_plain(raw)  # raw until now
        # Each key needs a colon in the text, so as many colons as keys that were certainly given
        # (the tag, and what is not null) means that none came twice. A null, or a colon inside a
        # string, only costs the slow path.
        if type(command) is Apply:
            keys = _encode(command).count(b":")  # which leaves out what is absent
        else:
            values = astuple(command)
            keys = 1 + len(values) - values.count(None) - (raw is NO_ID)
        if keys != frame.count(b":"):
            _refuse_duplicate_keys(frame)
        return Request(b"" if raw is NO_ID else _echo(raw), command)
    except (msgspec.MsgspecError, WireError, ValueError, RecursionError) as error:
        return diagnose(frame, error)


def decode_object(frame: bytes) -> Request:
    """Any object in ``frame``, untouched. Never raises. An ``id`` that is a scalar is echoed."""
    try:
        data = _decode_plain(frame)
        if not isinstance(data, dict):
            raise BadFrame(f"expected one JSON object, got {_json_type(data)}")
        if _count_keys(data) != frame.count(b":"):
            _refuse_duplicate_keys(frame)
        raw = _decode_id(frame).id
        return Request(_echo(raw) if _may_be_echoed(raw) else b"", data)
    except (msgspec.MsgspecError, WireError, ValueError, RecursionError) as error:
        return diagnose(frame, error)


def command_of(data: Any) -> Any:
    """The command in an object that did not come over the wire (RPC, ``interact``).

    :param data: a dict as on the wire, with numpy's numbers if need be; its ``id`` does not matter.
    :returns: a member of ``AnyCommand``, or the ``WireError`` to answer.
    """
    try:
        if not isinstance(data, dict):
            raise BadCommand(f"expected a dict with command_id, got {type(data).__name__}")
        data = _plain({key: value for key, value in data.items() if key != "id"})
        json.dumps(data, ensure_ascii=False).encode("utf-8")  # only what a frame could say
        _refuse_huge_numbers(data, float)  # infinity, which a frame cannot say
        try:
            return msgspec.convert(data, AnyCommand)
        except msgspec.ValidationError:
            _refuse_huge_numbers(data)
            _explain_command(data)
            raise
    except WireError as error:
        return error
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        return BadCommand(str(error))


def _plain(value: Any) -> Any:
    """numpy's scalars and arrays as Python's."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _count_keys(data: Any) -> int:
    """Keys of every object in ``data``; see :func:`decode`."""
    if isinstance(data, dict):
        return len(data) + sum(
            _count_keys(value) for value in data.values() if isinstance(value, (dict, list))
        )
    return sum(_count_keys(value) for value in data if isinstance(value, (dict, list)))


def _echo(raw: msgspec.Raw) -> bytes:
    """JSON of the ``id`` to echo, or ``BadCommand`` if it is none."""
    if raw is NO_ID:
        return b""
    if not _may_be_echoed(raw):
        raise BadCommand(f"id must be a JSON scalar of at most {MAX_ID_BYTES} bytes")
    value = bytes(raw)
    return b"" if value == b"null" else value


def _may_be_echoed(raw: msgspec.Raw) -> bool:
    value = bytes(raw)
    return len(value) <= MAX_ID_BYTES and value[:1] not in (b"{", b"[")


def diagnose(frame: bytes, error: Exception) -> Request:
    """Say what is wrong with a frame that the fast path did not take.

    :param error: what the fast path said; used where nothing better is found.
    """
    request_id = b""
    try:
        raw_id = _decode_id(frame).id
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raw_id = NO_ID
    try:
        data = _strict_json(frame)
        if not isinstance(data, dict):
            raise BadFrame(f"expected one JSON object, got {_json_type(data)}")
        request_id = _echo(raw_id)
        _refuse_huge_numbers(data)
        if isinstance(error, msgspec.ValidationError):
            _explain_command(data)
            raise BadCommand(str(error))
        raise BadFrame(f"not valid JSON: {error}")
    except WireError as refusal:
        return Request(request_id, refusal)


def _strict_json(frame: bytes) -> Any:
    """The frame by the standard library's parser, made strict."""
    try:
        data = json.loads(
            frame.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_int=_parse_int,
            object_pairs_hook=_refuse_duplicates,
        )
        json.dumps(data, ensure_ascii=False).encode("utf-8")  # takes no half of a surrogate pair
        return data
    except UnicodeDecodeError as error:
        raise BadFrame(f"not UTF-8 at byte {error.start}") from None
    except UnicodeEncodeError:
        raise BadFrame("half of a surrogate pair is no character") from None
    except RecursionError:
        raise BadFrame("nested too deeply") from None
    except ValueError as error:
        raise BadFrame(f"not valid JSON: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise BadFrame(f"{name} is no JSON number")


def _parse_int(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else math.inf


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        [(twice, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise BadFrame(f"the key {twice!r:.80} stands twice in one object")
    return data


def _refuse_duplicate_keys(frame: bytes) -> None:
    _strict_json(frame)


def _refuse_huge_numbers(data: dict[str, Any], kinds: Any = (int, float)) -> None:
    """``OutOfRange`` for a number beyond a double, such as 1e400, naming its place."""
    waiting: list[tuple[str, Any]] = [("", data)]
    while waiting:
        where, value = waiting.pop()
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(item, (dict, list)):
                waiting.append((f"{where}{key}."[:_LONGEST_PLACE], item))
            elif isinstance(item, kinds) and abs(item) > sys.float_info.max:
                raise OutOfRange(f"{where}{key}: the number is too large")


def _explain_command(data: dict[str, Any]) -> None:
    """Raise what is wrong with ``command_id``, if it is that."""
    name = data.get("command_id")
    if name is None:
        raise BadCommand("the field command_id is missing; known commands: " + _known())
    if not isinstance(name, str):
        raise BadCommand(f"command_id must be a string, not {_json_type(name)}")
    if name not in COMMAND_IDS:
        raise UnknownCommand(f"no command {name!r:.80}; known commands: " + _known())


def _known() -> str:
    return " ".join(COMMAND_IDS)


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    names: dict[type, str] = {str: "a string", list: "an array", dict: "an object"}
    return names.get(type(value), "null")


def encode_success(request_id: bytes, result: Any) -> bytes:
    """One line that says ``success``.

    :param request_id: JSON of the ``id``, or empty.
    :param result: anything that msgspec encodes to an object or array.
    """
    if request_id:
        return b'{"status":"success","id":%b,"result":%b}\n' % (request_id, _encode(result))
    return b'{"status":"success","result":%b}\n' % _encode(result)


def encode_error(request_id: bytes, error: WireError) -> bytes:
    """One line that says ``error``, with its stable code."""
    reply: dict[str, Any] = {"status": "error"}
    if request_id:
        reply["id"] = msgspec.Raw(request_id)
    reply["code"] = error.code
    # Names from outside may hold surrogates, which no encoder takes.
    reply["error"] = error.text.encode("utf-8", "replace").decode("utf-8")
    return _encode(reply) + b"\n"


def encode_event(body: Any, seq: int) -> bytes:
    """One line of an event.

    :param body: a struct or dict whose first key is ``event``; ``seq`` is set into it.
    """
    return _encode({**body, "seq": seq}) + b"\n"
