"""Frames to commands and outcomes to lines: the table both ways, and what no table can list."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dds_link.errors import MAX_ERROR_TEXT, WIRE_ERRORS, BadCommand, InternalError, WireError
from dds_link.protocol import codec, commands
from dds_link.protocol.codec import (
    command_of,
    decode,
    decode_object,
    diagnose,
    encode_error,
    encode_event,
    encode_success,
)
from dds_link.protocol.commands import COMMAND_IDS, Change, Set
from tests.protocol.cases import (
    BAD_FRAMES,
    COMMANDS,
    IDS,
    RECEIPT,
    REFUSALS,
    RULES,
    BadFrame,
    Command,
)

by_name = pytest.mark.parametrize("case", COMMANDS, ids=lambda case: case.name)
each_bad = pytest.mark.parametrize("case", BAD_FRAMES, ids=lambda case: case.name)


def test_the_table_has_every_command_and_every_code() -> None:
    said = {type(case.command).__struct_config__.tag for case in COMMANDS}
    assert said == set(COMMAND_IDS)
    assert {error.code for error, _ in REFUSALS} == set(WIRE_ERRORS)
    decoded = {case.code for case in BAD_FRAMES}
    assert decoded == {"bad_frame", "unknown_command", "bad_command", "out_of_range"}
    assert {rule.code for rule in RULES} <= set(WIRE_ERRORS)


# Requests


@by_name
def test_a_frame_means_its_command(case: Command) -> None:
    assert decode(case.request).command == case.command


@by_name
def test_the_same_from_a_dict(case: Command) -> None:
    command = command_of(json.loads(case.request))
    fields = {name: getattr(case.command, name) for name in case.command.__struct_fields__}
    fields["id"] = commands.NO_ID
    assert command == type(case.command)(**fields)


@by_name
def test_an_object_is_untouched(case: Command) -> None:
    assert decode_object(case.request).command == json.loads(case.request)


@each_bad
def test_a_bad_frame_gets_its_code(case: BadFrame) -> None:
    request = decode(case.frame)
    refusal = request.command
    assert isinstance(refusal, WireError)
    assert (refusal.code, request.id) == (case.code, case.id)
    assert case.text in refusal.text
    assert 0 < len(refusal.text) <= MAX_ERROR_TEXT
    assert not set("{}\n") & set(refusal.text)


@pytest.mark.parametrize(
    "case", [c for c in BAD_FRAMES if c.code == "bad_frame"], ids=lambda case: case.name
)
def test_an_object_is_refused_for_its_form(case: BadFrame) -> None:
    refusal = decode_object(case.frame).command
    assert isinstance(refusal, WireError)
    assert refusal.code == "bad_frame"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b'{"x":1e400}', "out_of_range"),
        (b'{"x":%b}' % (b"9" * 5000), "out_of_range"),
    ],
    ids=["1e400", "5000 digits"],
)
def test_an_object_is_refused_for_a_huge_number(frame: bytes, code: str) -> None:
    refusal = decode_object(frame).command
    assert isinstance(refusal, WireError)
    assert refusal.code == code


@pytest.mark.parametrize(
    "frame", [b"{}", b'{"command_id":3}', b'{"x":[{"y":1.0},{"y":true}]}', b'{"x":"a:b"}']
)
def test_an_object_is_not_refused_for_what_it_says(frame: bytes) -> None:
    assert decode_object(frame).command == json.loads(frame)


@pytest.mark.parametrize("raw", [b"[1]", b'{"run":7}', b'"%b"' % (b"x" * 63)])
def test_an_objects_id_that_cannot_be_echoed_is_only_its_own(raw: bytes) -> None:
    frame = b'{"x":1,"id":%b}' % raw
    assert decode_object(frame) == codec.Request(b"", json.loads(frame))
    assert isinstance(decode(frame).command, WireError)


@pytest.mark.parametrize("raw", IDS)
def test_an_id_is_echoed_as_it_came(raw: bytes) -> None:
    ping = b'{"command_id":"ping","id":%b}' % raw
    assert decode(ping) == codec.Request(raw, commands.Ping(id=msgspec.Raw(raw)))
    assert decode_object(ping).id == raw


@pytest.mark.parametrize("raw", IDS)
@pytest.mark.parametrize(
    "frame",
    [b'{"id":%b}', b'{"command_id":"x","id":%b}', b'{"command_id":"get","id":%b,"channel":1e400}'],
)
def test_an_id_is_echoed_with_an_error(raw: bytes, frame: bytes) -> None:
    request = decode(frame % raw)
    assert isinstance(request.command, WireError)
    assert request.id == raw


def test_white_space_around_an_id_is_not_echoed() -> None:
    assert decode(b'{"command_id":"ping","id": \t7 }').id == b"7"


def test_no_id_is_none() -> None:
    assert decode(b'{"command_id":"ping"}').id == b""
    assert decode(b'{"command_id":"ping","id":null}').id == b""


def test_what_only_the_fast_path_refuses_is_a_bad_frame() -> None:
    request = diagnose(b'{"command_id":"ping"}', ValueError("odd"))
    assert request.command.code == "bad_frame"
    assert request.command.text == "not valid JSON: odd"


FINITE = st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=64)
CHANNELS = st.integers(-(2**70), 2**70) | NAMES
MAYBE = st.none()
CHANGE = {
    "channel": CHANNELS,
    "frequency": MAYBE | FINITE,
    "amplitude": MAYBE | FINITE,
    "phase": MAYBE | FINITE,
    "enabled": MAYBE | st.booleans(),
    "ftw": MAYBE | st.integers(-(2**70), 2**70),
    "pow": MAYBE | st.integers(0, 2**16),
    "asf": MAYBE | st.integers(0, 2**14),
}
ANY_COMMAND = st.one_of(
    st.builds(commands.Ping),
    st.builds(commands.Hello, client=MAYBE | NAMES, rid=MAYBE | NAMES | st.integers()),
    st.builds(Set, **CHANGE),
    st.builds(commands.Apply, changes=st.lists(st.builds(Change, **CHANGE), max_size=4)),
    st.builds(commands.Get, channel=MAYBE | CHANNELS, verify=MAYBE | st.booleans()),
    st.builds(commands.Sync, channels=MAYBE | st.lists(CHANNELS, max_size=4)),
    st.builds(
        commands.Subscribe,
        interval=MAYBE | FINITE,
        events=MAYBE | st.lists(st.sampled_from(["changed", "killed", "epoch"]), max_size=3),
    ),
)


def as_dict(command: Any) -> dict[str, Any]:
    """What a client would say for ``command``; absent fields left out at random would be equal."""
    fields = {f: getattr(command, f) for f in command.__struct_fields__ if f != "id"}
    if isinstance(command, commands.Apply):
        fields["changes"] = [msgspec.structs.asdict(change) for change in command.changes]
    return {"command_id": command.__struct_config__.tag, **fields}


@given(ANY_COMMAND, st.booleans(), st.booleans())
def test_a_command_survives_the_wire(command: Any, ascii_only: bool, nulls: bool) -> None:
    said = {key: value for key, value in as_dict(command).items() if nulls or value is not None}
    assert decode(json.dumps(said, ensure_ascii=ascii_only).encode()).command == command
    assert command_of(said) == command


def write(pairs: list[tuple[str, Any]]) -> bytes:
    """An object with these keys, even if one comes twice."""
    fields = (f"{json.dumps(key)}:{json.dumps(value)}" for key, value in pairs)
    return ("{" + ",".join(fields) + "}").encode()


@given(ANY_COMMAND, st.data())
def test_no_key_may_come_twice_whatever_its_values(command: Any, data: st.DataObject) -> None:
    pairs = list(as_dict(command).items()) + [("id", "a:b")]
    again, _ = data.draw(st.sampled_from(pairs))
    value = data.draw(st.none() | st.sampled_from([value for _, value in pairs]))
    pairs.insert(data.draw(st.integers(0, len(pairs))), (again, value))
    for decoder in (decode, decode_object):
        assert decoder(write(pairs)).command.code == "bad_frame"


ODD = st.sampled_from([None, True, 0, -1, 1.0, 0.5, 10**30, 10**400, "", "cooling", [], [0], {}])
FIELDS = st.sampled_from(
    ["channel", "frequency", "amplitude", "enabled", "ftw", "changes", "channels", "verify", "x"]
)


@given(st.sampled_from([*COMMAND_IDS, "x", 3, None]), st.dictionaries(FIELDS, ODD, max_size=4))
@example("set", {"channel": 10**400})
@example("set", {"channel": 0, "ftw": 10**400})
@example("set", {"channel": 0, "frequency": 10**400})
def test_a_frame_and_a_dict_are_understood_alike(name: Any, fields: dict[str, Any]) -> None:
    said = {"command_id": name, **fields}
    over_the_wire, at_home = decode(json.dumps(said).encode()).command, command_of(said)
    if isinstance(at_home, WireError):
        assert over_the_wire.code == at_home.code
    else:
        assert over_the_wire == at_home


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, JSON, max_size=4).filter(lambda data: "id" not in data))
def test_any_object_comes_out_as_it_went_in(data: dict[str, Any]) -> None:
    assert decode_object(json.dumps(data).encode()).command == data


@given(st.binary(max_size=60) | JSON.map(lambda data: json.dumps(data).encode()))
def test_no_frame_raises(frame: bytes) -> None:
    for decoder in (decode, decode_object):
        request = decoder(frame)
        if isinstance(request.command, WireError):
            assert request.command.code in (
                "bad_frame", "unknown_command", "bad_command", "out_of_range"
            )  # fmt: skip


# Commands that do not come over the wire


def test_numpy_numbers_in_a_dict_are_numbers() -> None:
    data = {
        "command_id": "set",
        "channel": np.int64(0),
        "frequency": np.float32(80e6),
        "amplitude": np.float64(0.5),
        "enabled": np.bool_(True),
    }
    assert command_of(data) == Set(0, 80e6, 0.5, enabled=True)
    changes = np.array([0, 1])
    assert command_of({"command_id": "sync", "channels": changes}) == commands.Sync([0, 1])
    assert command_of({"command_id": "apply", "changes": ({"channel": np.int32(3)},)}) == (
        commands.Apply([Change(3)])
    )


def test_not_a_number_in_a_dict_is_left_to_the_rules() -> None:
    command = command_of({"command_id": "set", "channel": 0, "frequency": math.nan})
    assert math.isnan(command.frequency)


def cyclic() -> dict[str, Any]:
    data: dict[str, Any] = {"command_id": "ping"}
    data["again"] = [data]
    return data


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (None, "bad_command"),
        ("ping", "bad_command"),
        ([], "bad_command"),
        ({}, "bad_command"),
        ({"command_id": "x"}, "unknown_command"),
        ({"command_id": "get", "channel": 1.5}, "bad_command"),
        ({"command_id": "get", "channel": {1, 2}}, "bad_command"),
        ({"command_id": "get", "channel": b"cooling"}, "bad_command"),
        ({"command_id": "get", "channel": "\ud800"}, "bad_command"),
        ({"command_id": "get", 3: 4}, "bad_command"),
        ({"command_id": "get", (1, 2): 4}, "bad_command"),
        (cyclic(), "bad_command"),
        ({"command_id": "set", "channel": 0, "frequency": math.inf}, "out_of_range"),
        ({"command_id": "set", "channel": 0, "frequency": 10**400}, "out_of_range"),
    ],
    ids=str,
)
def test_a_dict_that_is_no_command_gets_its_code(data: Any, code: str) -> None:
    refusal = command_of(data)
    assert isinstance(refusal, WireError)
    assert refusal.code == code


def test_the_id_of_a_dict_is_nobodys_business() -> None:
    assert command_of({"command_id": "ping", "id": [1]}) == commands.Ping()


# Replies


@by_name
def test_a_result_becomes_its_line(case: Command) -> None:
    assert encode_success(decode(case.request).id, case.result) == case.reply


@pytest.mark.parametrize(("error", "line"), REFUSALS, ids=lambda value: getattr(value, "code", ""))
def test_a_refusal_becomes_its_line(error: WireError, line: bytes) -> None:
    assert encode_error(b"", error) == line
    echoed = json.loads(encode_error(b'"q"', error))
    assert list(echoed) == ["status", "id", "code", "error"]
    assert {**json.loads(line), "id": "q"} == echoed


def test_error_text_is_short_whatever_it_quotes() -> None:
    line = encode_error(b"7", BadCommand("{\N{GRINNING FACE}}\n" * 1000))
    text = json.loads(line)["error"]
    assert len(text) < 400
    assert not set("{}\n") & set(text)


def test_error_text_that_is_no_text_is_sent_nevertheless() -> None:
    reply = json.loads(encode_error(b"", InternalError("OSError: '\udcff.dat'")))
    assert reply["error"] == "OSError: '?.dat'"


def test_the_reply_to_a_set_is_short() -> None:
    """Below 1024 bytes with the longest name, id and numbers that there are."""
    receipt = msgspec.structs.replace(
        RECEIPT,
        channel=1023,
        name="\N{GRINNING FACE}" * 32,
        frequency=1 / 3 * 1e9,
        amplitude=1 / 3,
        phase=2 / 3,
        enabled=False,
        words=msgspec.convert({"ftw": 2**48, "pow": 2**16, "asf": 2**16}, type(RECEIPT.words)),
        known=False,
        verified=True,
    )
    assert len(encode_success(b'"%b"' % (b"x" * 62), receipt)) < 1024


def test_an_event_begins_with_its_name_and_has_its_number() -> None:
    body = {"event": "changed", "seq": 0, "time": 1.5, "by": None, "channels": [RECEIPT]}
    line = encode_event(body, 42)
    assert line.startswith(b'{"event":"changed","seq":42,"time":1.5,"by":null,"channels":[{')
    assert line.endswith(b"}\n")
    assert body["seq"] == 0
