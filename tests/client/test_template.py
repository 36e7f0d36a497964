"""The template's functions, as an old script uses them."""

import json
import socket
import threading

import numpy as np
import pytest

from dds_link.client import fail_connect, send_data, server_fail, server_success
from dds_link.client.core import MAX_REPLY_BYTES

from .scripted_server import ScriptedServer

REQUEST = {"command_id": "set", "channel": 0, "frequency": 80e6}
ANSWER = {"status": "success", "result": {"channel": 0, "name": "c{oo}l"}}
ERROR = {"status": "error", "code": "busy", "error": "later"}


def answers(*chunks, hold=False):
    """A script: one request, these bytes, and then the end or (``hold``) none."""

    def play(peer):
        peer.expect(REQUEST)
        peer.send(*chunks)
        if hold:
            peer.expect_close()

    return play


def call(server, **options):
    """Send the request; tell which callback was called with what."""
    return send_data(
        REQUEST,
        "127.0.0.1",
        server.port,
        server_success=lambda answer: ("success", answer),
        server_fail=lambda answer: ("fail", answer),
        fail_connect=lambda: ("connect",),
        **{"timeout": 10.0, **options},
    )


TEXT = json.dumps(ANSWER).encode()


@pytest.mark.parametrize(
    "chunks",
    [
        [TEXT + b"\n"],
        [TEXT],
        [TEXT[i : i + 1] for i in range(len(TEXT))],
        [json.dumps(ANSWER, indent=2).encode() + b"\r\n"],
        [b"\r\n", TEXT],
        [TEXT + TEXT],
    ],
    ids=["a line", "no newline", "byte by byte", "indented", "a blank line first", "two objects"],
)
def test_the_answer_is_taken_as_soon_as_its_closing_brace_is_there(chunks):
    with ScriptedServer(answers(*chunks, hold=True)) as server:
        assert call(server) == ("success", ANSWER)


def test_an_answer_may_hold_any_text():
    answer = {"status": "success", "result": {"name": "kühl"}}
    text = json.dumps(answer, ensure_ascii=False).encode()
    with ScriptedServer(answers(*[text[i : i + 1] for i in range(len(text))], hold=True)) as server:
        assert call(server) == ("success", answer)


@pytest.mark.parametrize("answer", [ERROR, {"status": "fail", "error": "no"}, {"answer": 42}])
def test_any_other_status_is_a_failure(answer):
    with ScriptedServer(answers(json.dumps(answer).encode())) as server:
        assert call(server) == ("fail", answer)


@pytest.mark.parametrize(
    "garbage",
    [b"HTTP/1.1 400 Bad Request\r\n", b"[1]\n", TEXT[:-1], b"{" * 100000, b'{"a":' * 100000 + b"}"],
    ids=["HTTP", "a list", "cut short", "nested", "nested and closed"],
)
def test_an_answer_that_is_no_object_is_a_failure(garbage):
    with ScriptedServer(answers(garbage)) as server:
        kind, answer = call(server)
    assert (kind, answer["status"], answer["code"]) == ("fail", "error", "bad_reply")


def test_an_answer_without_end_is_not_read_for_ever():
    def play(peer):
        peer.expect(REQUEST)
        peer.flood(16 * MAX_REPLY_BYTES)

    with ScriptedServer(play) as server:
        assert call(server)[0] == "fail"


def test_a_server_that_hangs_up_is_no_connection():
    with ScriptedServer(answers()) as server:
        assert call(server) == ("connect",)


def test_no_time_at_all():
    assert send_data(REQUEST, timeout=0.0, fail_connect=lambda: "late") == "late"


@pytest.mark.parametrize("part", [b"", TEXT[:10]], ids=["nothing", "a part"])
def test_no_answer_in_time_is_no_connection(part):
    with ScriptedServer(answers(part, hold=True)) as server:
        assert call(server, timeout=0.1) == ("connect",)


def test_the_timeout_is_for_all_of_it():
    over = threading.Event()

    def trickle(peer):
        peer.expect(REQUEST)
        while not over.wait(0.02):
            peer.send(b" ")

    with ScriptedServer(trickle) as server:
        assert call(server, timeout=0.2) == ("connect",)
        over.set()


def test_nobody_listens(capsys):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert send_data(REQUEST, "127.0.0.1", port) is None
    assert "no connection" in capsys.readouterr().out


def test_a_host_that_does_not_exist():
    assert send_data(REQUEST, "a" * 64 + ".invalid", fail_connect=lambda: "nobody") == "nobody"


def test_without_callbacks_the_outcome_is_printed(capsys):
    error = json.dumps(ERROR).encode()
    with ScriptedServer(answers(TEXT), answers(error)) as server:
        assert send_data(REQUEST, "127.0.0.1", server.port) is None
        assert send_data(REQUEST, "127.0.0.1", server.port) is None
    assert capsys.readouterr().out.splitlines() == [
        "Success: {'channel': 0, 'name': 'c{oo}l'}",
        "Error: later",
    ]


def test_debug_prints_what_goes_over_the_wire(capsys):
    with ScriptedServer(answers(TEXT + b"\n"), answers()) as server:
        send_data(REQUEST, "127.0.0.1", server.port, True)
        send_data(REQUEST, "127.0.0.1", server.port, debug=True)
    assert capsys.readouterr().out.splitlines() == [
        "Sent: " + json.dumps(REQUEST),
        "Received: " + TEXT.decode(),
        "Success: {'channel': 0, 'name': 'c{oo}l'}",
        "Sent: " + json.dumps(REQUEST),
        "No answer: the server closed the connection without an answer",
        "Error: no connection to the server, or no answer from it",
    ]


def test_numpy_numbers_are_sent_as_plain_ones():
    with ScriptedServer(answers(TEXT)) as server:
        request = {"command_id": "set", "channel": np.int32(0), "frequency": np.float64(80e6)}
        assert send_data(request, port=server.port, server_success=lambda answer: 7) == 7


def test_nan_is_not_sent():
    answer = send_data({"frequency": float("nan")}, port=1, server_fail=lambda answer: answer)
    assert (answer["status"], answer["code"]) == ("error", "out_of_range")
    assert "not sent" in answer["error"]


def test_what_json_cannot_express_is_the_scripts_mistake():
    with pytest.raises(TypeError, match="set is not JSON serializable"):
        send_data({"channels": {1, 2}}, port=1)


def test_the_callbacks_can_be_used_by_themselves(capsys):
    server_success({"status": "success"})
    server_fail({"status": "error"})
    fail_connect()
    assert len(capsys.readouterr().out.splitlines()) == 3
