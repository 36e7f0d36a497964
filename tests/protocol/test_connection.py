"""One connection without a socket: what comes in, in pieces or whole, what goes out in order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.errors import Busy, OutOfRange, WireError
from dds_link.protocol.codec import Request, decode, decode_object
from dds_link.protocol.connection import Connection
from tests.protocol.cases import BAD_FRAMES, COMMANDS, BadFrame, Command
from tests.protocol.reference import split

PING = b'{"command_id":"ping"}'
JUNK = b'junk"{\n'

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"]

by_name = pytest.mark.parametrize("case", COMMANDS, ids=lambda case: case.name)
each_bad = pytest.mark.parametrize("case", BAD_FRAMES, ids=lambda case: case.name)


def answer(connection: Connection, request: Request, outcome: Any) -> None:
    """Reply, whatever the outcome is."""
    if isinstance(outcome, WireError):
        connection.reply_error(request, outcome)
    else:
        connection.reply(request, outcome)


def requests(connection: Connection, chunks: Iterable[bytes]) -> list[Request]:
    """Everything that can be carried out after ``chunks``."""
    requests = []
    for chunk in chunks:
        connection.receive_data(chunk)
        while (request := connection.next_request()) is not None:
            requests.append(request)
    return requests


def one_by_one(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def exchange(chunks: Iterable[bytes], result: Any) -> bytes:
    """What goes out if every command has ``result``."""
    connection = Connection()
    for request in requests(connection, chunks):
        refused = isinstance(request.command, WireError)
        answer(connection, request, request.command if refused else result)
    return connection.data_to_send()


@by_name
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b" \n\n"], ids=repr)
def test_a_request_and_its_reply(case: Command, end: bytes) -> None:
    assert exchange([case.request + end], case.result) == case.reply
    assert exchange(one_by_one(case.request + end), case.result) == case.reply


@by_name
def test_a_request_with_junk_behind_it(case: Command) -> None:
    for data in (case.request + JUNK, case.request + b"\n" + JUNK):
        reply, refusal = exchange([data], case.result).splitlines(keepends=True)
        assert reply == case.reply
        assert json.loads(refusal)["code"] == "bad_frame"


@each_bad
def test_a_bad_frame_is_refused_and_the_next_one_served(case: BadFrame) -> None:
    data = case.frame + b"\n" + PING
    chunkings = [[data]] if len(data) > 10_000 else [[data], one_by_one(data)]
    for chunks in chunkings:
        refusal, reply = exchange(chunks, {}).splitlines()
        assert json.loads(refusal)["code"] == case.code
        assert json.loads(reply) == {"status": "success", "result": {}}


def test_pipelined_frames_are_served_in_order() -> None:
    data = b"".join(b'{"command_id":"ping","id":%d}\n' % number for number in range(100))
    replies = exchange([data], {}).splitlines()
    assert [json.loads(reply)["id"] for reply in replies] == list(range(100))


def test_two_objects_on_one_line_are_two_requests() -> None:
    assert len(exchange([PING + PING + b"\n"], {}).splitlines()) == 2


def test_a_newline_within_an_object_ends_it() -> None:
    replies = exchange([b'{"command_id":\n"ping"}\n'], {}).splitlines()
    assert [json.loads(reply)["code"] for reply in replies] == ["bad_frame", "bad_frame"]


# The order of replies


def three() -> tuple[Connection, list[Request]]:
    connection = Connection()
    return connection, requests(
        connection, [b"".join(b'{"command_id":"ping","id":%d}' % n for n in (1, 2, 3))]
    )


def sent_ids(connection: Connection) -> list[int]:
    return [json.loads(line).get("id") for line in connection.data_to_send().splitlines()]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0), (2, 0, 1)])
def test_replies_leave_in_the_order_of_the_requests(order: tuple[int, ...]) -> None:
    connection, requests = three()
    assert connection.outstanding == 3
    sent = []
    given_so_far: set[int] = set()
    for place in order:
        connection.reply(requests[place], {})
        given_so_far.add(place)
        sent += sent_ids(connection)
        ready = next(n for n in range(4) if n not in given_so_far)
        assert sent == [1, 2, 3][:ready]
        assert connection.outstanding == 3 - ready


def test_the_first_reply_counts() -> None:
    connection, requests = three()
    connection.reply(requests[1], {"n": 2})
    connection.reply_error(requests[1], OutOfRange("no"))
    connection.reply(requests[0], {"n": 1})
    connection.reply_error(requests[0], OutOfRange("no"))
    results = [json.loads(line)["result"] for line in connection.data_to_send().splitlines()]
    assert results == [{"n": 1}, {"n": 2}]
    assert connection.outstanding == 1
    connection.event({"event": "a"}, 1)
    assert connection.data_to_send() == b'{"event":"a","seq":1}\n'


def test_what_was_sent_is_sent_once() -> None:
    connection, requests = three()
    for request in requests:
        connection.reply(request, {})
    assert sent_ids(connection) == [1, 2, 3]
    assert connection.data_to_send() == b""


def test_an_event_leaves_after_every_reply_that_was_given_before_it() -> None:
    connection, requests = three()
    connection.event({"event": "a"}, 1)
    connection.reply(requests[2], {})
    connection.event({"event": "b"}, 2)
    connection.reply(requests[1], {})
    connection.event({"event": "c"}, 3)
    assert connection.data_to_send() == b'{"event":"a","seq":1}\n'
    connection.reply(requests[0], {})
    lines = [json.loads(line) for line in connection.data_to_send().splitlines()]
    assert [line.get("id") or line["event"] for line in lines] == [1, 2, 3, "b", "c"]


# The end of a connection


def test_a_frame_over_the_cap_is_the_last_one() -> None:
    connection = Connection(max_frame_bytes=30)
    asked = requests(connection, [PING + b"\n", b"x" * 31, b"\n" + PING])
    assert [getattr(t.command, "code", "ok") for t in asked] == ["ok", "frame_too_long"]
    assert connection.closing
    connection.reply(asked[0], {})
    connection.reply_error(asked[1], asked[1].command)
    assert b"longer than 30 bytes" in connection.data_to_send()
    assert connection.receive_eof() is None


def test_nothing_is_kept_of_what_comes_after_the_last_frame() -> None:
    connection = Connection(max_frame_bytes=30)
    requests(connection, [b"x" * 31])
    for _ in range(100):
        connection.receive_data(b"y" * 1000)
    assert len(connection.frames.pending) <= 31


def test_half_a_frame_at_the_end_is_refused_once() -> None:
    connection = Connection()
    assert requests(connection, [b'{"command_id":']) == []
    request = connection.receive_eof()
    assert request is not None
    assert request.command.code == "bad_frame"
    assert connection.receive_eof() is None


@pytest.mark.parametrize("data", [b"", PING, PING + b"\n", b"\n \r\n"])
def test_the_end_between_frames_is_the_end(data: bytes) -> None:
    connection = Connection()
    requests(connection, [data])
    assert connection.receive_eof() is None


def test_a_connection_can_be_refused_before_it_asks() -> None:
    connection = Connection()
    connection.refuse(Busy("too many"))
    assert json.loads(connection.data_to_send())["code"] == "busy"
    assert requests(connection, [PING]) == []
    assert connection.closing
    assert connection.outstanding == 0


# HTTP


@pytest.mark.parametrize("method", METHODS)
def test_http_is_closed_with_nothing_executed(method: str) -> None:
    data = f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode() + PING + b"\n"
    chunkings = [[data[:cut], data[cut:]] for cut in range(len(method) + 3)]
    for chunks in [[data], one_by_one(data), *chunkings]:
        connection = Connection()
        assert requests(connection, chunks) == []
        assert connection.closing
        assert connection.outstanding == 0
        assert connection.data_to_send() == b""
        assert connection.receive_eof() is None


@pytest.mark.parametrize(
    "head",
    [
        b"PROPFIND / HTTP/1.1",
        b"BREW coffee://pot HTTP/1.0",
        b"M-SEARCH * HTTP/1.1",
        b"post /x HTTP/1.1",
        b'X /{"command_id":"ping"} HTTP/1.1',
        b"\r\nPOST / HTTP/1.1",
        b"\n \r\n\tGET / HTTP/1.1",
        b"X\t/ \t HTTP/2",
    ],
)
def test_http_of_any_method_or_behind_blank_lines_is_closed(head: bytes) -> None:
    data = head + b"\r\nHost: x\r\n\r\n" + PING + b"\n"
    chunkings = [[data[:cut], data[cut:]] for cut in range(len(head) + 3)]
    for chunks in [[data], one_by_one(data), *chunkings]:
        connection = Connection()
        assert requests(connection, chunks) == []
        assert connection.closing
        assert connection.outstanding == 0
        assert connection.data_to_send() == b""
        assert connection.receive_eof() is None


@pytest.mark.parametrize("line", [b"X / HTTP", b"X HTTP/1.1", b"/ / HTTP/1.1", b"X / y HTTP/1.1"])
def test_a_first_line_that_is_no_request_of_http_is_a_bad_frame(line: bytes) -> None:
    for chunks in ([line + b"\n" + PING], one_by_one(line + b"\n" + PING)):
        bad, ping = requests(Connection(), chunks)
        assert bad.command.code == "bad_frame"
        assert not isinstance(ping.command, WireError)


@pytest.mark.parametrize("data", [b"GETX {}\n", b"POST\n", b"get /\n", b"P\n", b"G{}\n", b"PAT\n"])
def test_what_only_begins_like_http_is_a_bad_frame(data: bytes) -> None:
    for chunks in ([data], one_by_one(data)):
        (request,) = requests(Connection(), chunks)
        assert request.command.code == "bad_frame"


def test_half_a_method_at_the_end_is_half_a_frame() -> None:
    connection = Connection()
    assert requests(connection, [b"PO"]) == []
    request = connection.receive_eof()
    assert request is not None
    assert request.command.code == "bad_frame"
    assert connection.receive_eof() is None


def test_a_method_later_on_is_a_bad_frame() -> None:
    codes = [
        getattr(request.command, "code", "ok")
        for request in requests(Connection(), [PING + b"\nPOST / HTTP/1.1\r\n" + PING])
    ]
    assert codes == ["ok", "bad_frame", "ok"]


# Any bytes


PIECES = [case.request for case in COMMANDS] + [
    case.frame for case in BAD_FRAMES if len(case.frame) < 200
]
STREAM = st.lists(
    st.sampled_from(
        [*PIECES, b"\n", b"\r\n", b"{", b"}", b'"', b"\\", b"GET ", b"P", b"X / HTTP/1.1\n"]
    )
    | st.binary(max_size=8),
    max_size=8,
).map(b"".join)
CAP = 150


def reference(data: bytes) -> tuple[list[Request], bool]:
    """Requests in ``data``, and whether the connection is to be closed, the slow way."""
    if any(data.startswith(f"{method} ".encode()) for method in METHODS):
        return [], True
    frames, _, too_long = split(data, CAP)
    if frames and re.match(
        rb"[^\s\x80-\xff\0-\x1f(),/:;<=>?@[\\\]{}\"]+[ \t]+[^ \t]+[ \t]+HTTP/", frames[0]
    ):
        return [], True
    return [decode(frame) for frame in frames], too_long


def meaning(request: Request) -> tuple[bytes, Any]:
    """The id, and the command or the error's text (two equal errors are two objects)."""
    command = request.command
    return request.id, (command.code, command.text) if isinstance(command, WireError) else command


@given(STREAM, st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_any_bytes_in_any_chunks_ask_for_the_same(data: bytes, sizes: list[int]) -> None:
    expected, closing = reference(data)
    connection = Connection(max_frame_bytes=CAP)
    chunks = []
    rest = data
    while rest:
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(rest[:size])
        rest = rest[size:]
    asked = requests(connection, chunks)
    assert connection.closing is closing
    if asked and connection.closing:
        assert asked.pop().command.code == "frame_too_long"
    assert [meaning(request) for request in asked] == [meaning(request) for request in expected]
    for request in reversed(asked):
        answer(
            connection, request, request.command if isinstance(request.command, WireError) else {}
        )
    assert len(connection.data_to_send().splitlines()) == len(expected)


def test_a_lab_can_choose_what_a_frame_means() -> None:
    connection = Connection(decode_object)
    (request,) = requests(connection, [b'{"shutter":true}'])
    assert request.command == {"shutter": True}
