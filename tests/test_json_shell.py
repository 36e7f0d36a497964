"""The JSON port over real sockets: order, fairness, limits, and what a client's fault may cost."""

from __future__ import annotations

import asyncio
import json
import logging
import select
import socket
import ssl
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dds_link import config as configuration
from dds_link import json_shell
from dds_link.errors import BadCommand, DeviceFault
from dds_link.json_shell import BYTES_PER_TURN, FRAMES_PER_TURN, FaultLog, JsonConnection, JsonShell
from dds_link.listening import server_context
from dds_link.protocol.connection import Connection
from tests.protocol.cases import RULES, Rule
from tests.serving import PATIENCE, LoopThread, Peer, Served, served

PING = b'{"command_id":"ping"}\n'
READY = {"device": "ready"}


def pings(*ids: int) -> bytes:
    return b"".join(b'{"command_id":"ping","id":%d}\n' % number for number in ids)


def set_frequency(channel: int, frequency: float) -> dict[str, Any]:
    return {"command_id": "set", "channel": channel, "frequency": frequency}


def is_readable(peer: Peer) -> bool:
    return bool(select.select([peer.sock], [], [], 0)[0])


def open_connections(board: Served) -> int:
    return board.loop.call(lambda: len(board.shell._open))


# Requests and replies


def test_a_request_is_answered(loop: LoopThread) -> None:
    with served(loop) as board, board.connect() as peer:
        peer.send(
            b'{"command_id":"set","id":7,"channel":"cooling","frequency":80e6,"amplitude":0.5}'
        )
        reply = peer.receive()
        assert list(reply) == ["status", "id", "result"]
        assert reply["result"]["words"] == {"ftw": 343597384, "pow": 0, "asf": 8192}
        assert board.look()[0] == (pytest.approx(80e6), pytest.approx(0.5, rel=1e-3))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_the_rules_refuse_changes_nothing(rule: Rule) -> None:
    with LoopThread("asyncio") as loop, served(loop) as board, board.connect() as peer:
        for request in rule.before:
            peer.ask(request)
        before = peer.ask({"command_id": "get"})
        assert peer.refusal(rule.request) == rule.code
        assert peer.ask({"command_id": "get"}) == before


def test_a_bare_object_is_answered_without_a_newline(loop: LoopThread) -> None:
    with served(loop) as board, board.connect() as peer:
        assert peer.ask(PING.strip()) == READY


def test_replies_come_in_the_order_of_the_requests_when_an_early_one_is_slow(
    loop: LoopThread,
) -> None:
    with served(loop, threaded=True) as board, board.connect() as peer, board.connect() as other:
        gate = board.hold("verify")
        peer.send(
            b'{"command_id":"get","id":1,"channel":0,"verify":true}\n' + pings(2, 3) + b"junk\n"
        )
        gate.wait()
        assert other.ask(PING) == READY
        assert not is_readable(peer)
        gate.open()
        replies = [peer.receive() for _ in range(4)]
        assert [reply.get("id") for reply in replies] == [1, 2, 3, None]
        assert replies[0]["result"]["verified"] is True


def test_a_connection_has_at_most_so_many_requests_under_way(
    loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_shell, "MAX_OUTSTANDING", 4)
    with served(loop, threaded=True) as board, board.connect() as peer, board.connect() as other:
        gate = board.hold("verify")
        verify = b'{"command_id":"get","channel":0,"verify":true}\n'
        peer.send(verify * 3 + pings(*range(50)))
        gate.wait()
        assert other.ask(PING) == READY
        (busy,) = [c for c in board.shell._open if c._connection.outstanding]
        assert busy._connection.outstanding == 4
        assert not busy._reading
        gate.open()
        assert [peer.receive().get("id") for _ in range(53)] == [None] * 3 + list(range(50))


def test_a_second_reply_to_one_request_does_not_exist(
    loop: LoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug in the service is answered once, without details, and logged with them."""

    def buggy(command: Any, session: Any) -> Any:
        raise RuntimeError("the secret")

    with served(loop) as board, board.connect() as peer:
        board.assembly.service._answers.update(
            dict.fromkeys(board.assembly.service._answers, buggy)
        )
        peer.send(pings(1))
        reply = peer.receive()
        assert (reply["id"], reply["code"]) == (1, "internal")
        assert "secret" not in reply["error"]
        assert peer.ask({"command_id": "get", "channel": 0})["channel"] == 0
    assert "the secret" in caplog.text


# A client that does not read


def test_a_client_that_does_not_read_is_not_read_from(
    loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused = threading.Event()
    pause_writing = JsonConnection.pause_writing

    def noticed(connection: JsonConnection) -> None:
        pause_writing(connection)
        paused.set()

    monkeypatch.setattr(JsonConnection, "pause_writing", noticed)
    count = 5000
    with served(loop) as board, board.connect(receive_buffer=4096) as deaf:
        frame = b'{"command_id":"describe","id":%d}\n'
        requests = b"".join(frame % number for number in range(count))
        sender = threading.Thread(target=deaf.send, args=(requests,))
        sender.start()
        assert paused.wait(PATIENCE)
        with board.connect() as other:
            for _ in range(200):  # turns of the loop: enough for all that was asked
                assert other.ask(PING) == READY
            (slow,) = [c for c in board.shell._open if c._paused]
            assert not slow._reading
            size = board.loop.call(slow._transport.get_write_buffer_size)
            assert size < 1 << 20
        assert [deaf.receive()["id"] for _ in range(count)] == list(range(count))
        sender.join(PATIENCE)


def test_a_subscriber_that_does_not_read_is_cut_off(
    loop: LoopThread, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(json_shell, "MAX_BACKLOG", 100_000)
    many = configuration.simulated_board(64)  # so that an event is long
    change = {"command_id": "apply", "changes": [{"channel": n, "phase": 0.5} for n in range(64)]}
    with served(loop, many) as board, board.connect(receive_buffer=4096) as deaf:
        deaf.ask({"command_id": "subscribe"})
        with board.connect() as other:
            for _ in range(10_000):
                other.ask(change)
                if len(board.shell._open) == 1:
                    break
            else:
                pytest.fail("it is still connected")
            assert other.ask(PING) == READY
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


# Fairness


class FakeTransport:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.closed = False

    def get_extra_info(self, name: str) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else None

    def write(self, data: bytes) -> None:
        self.lines += data.splitlines()

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    pause_reading = resume_reading = abort = lambda self: None


def test_a_turn_of_the_loop_serves_at_most_32_frames_of_one_connection(loop: LoopThread) -> None:
    with served(loop) as board:

        async def turns() -> list[int]:
            connection, transport = JsonConnection(board.shell), FakeTransport()
            connection.connection_made(transport)
            connection.data_received(b"junk\n" * 100)
            counts = [len(transport.lines)]
            while counts[-1] < 100:
                await asyncio.sleep(0)
                counts.append(len(transport.lines))
            connection.connection_lost(None)
            return counts

        assert FRAMES_PER_TURN == 32
        assert loop.run(turns()) == [32, 64, 96, 100]


def test_a_flood_of_bad_frames_is_answered_and_harms_nobody(loop: LoopThread) -> None:
    with served(loop) as board, board.connect() as flooder, board.connect() as other:
        before = other.ask({"command_id": "get"})
        sender = threading.Thread(target=flooder.send, args=(b'{"command_id":"x"}\n' * 5000,))
        sender.start()
        for _ in range(10):
            assert other.ask({"command_id": "get"}) == before
        for _ in range(5000):
            assert flooder.receive()["code"] == "unknown_command"
        sender.join(PATIENCE)
        assert flooder.ask(PING) == READY


# The end of a connection


def test_what_was_asked_is_answered_after_a_half_close(loop: LoopThread) -> None:
    with served(loop, threaded=True) as board, board.connect() as peer, board.connect() as other:
        gate = board.hold("verify")
        peer.send(b'{"command_id":"get","channel":0,"verify":true}\n' + pings(2))
        peer.finish()
        gate.wait()
        assert other.ask(PING) == READY
        gate.open()
        assert len(peer.rest().splitlines()) == 2


def test_many_requests_are_answered_after_a_half_close(loop: LoopThread) -> None:
    with served(loop) as board, board.connect() as peer:
        sender = threading.Thread(target=lambda: (peer.send(pings(*range(5000))), peer.finish()))
        sender.start()
        ids = [json.loads(line)["id"] for line in peer.rest().splitlines()]
        sender.join(PATIENCE)
        assert ids == list(range(5000))


@pytest.mark.parametrize("half", [b'{"command_id":"ping"', b"junk", b"PO", b'{"a":"\\'])
def test_half_a_frame_at_the_end_is_refused(loop: LoopThread, half: bytes) -> None:
    with served(loop) as board, board.connect() as peer:
        peer.send(PING + half)
        peer.finish()
        reply, refusal = peer.rest().splitlines()
        assert json.loads(reply)["result"] == READY
        assert json.loads(refusal)["code"] == "bad_frame"


def test_a_subscriber_may_half_close_and_listen_on(loop: LoopThread) -> None:
    with served(loop) as board, board.connect() as listener, board.connect() as other:
        listener.send({"command_id": "subscribe"})
        listener.finish()
        assert listener.receive()["result"]["seq"] == 0
        other.ask(set_frequency(0, 80e6))
        assert listener.receive()["event"] == "changed"


def test_a_subscriber_that_went_on_to_ask_for_other_things_has_no_half_close(
    loop: LoopThread,
) -> None:
    """It has gone: nothing else would tell, until the next event."""
    with served(loop) as board, board.connect() as peer:
        peer.ask({"command_id": "subscribe"})
        assert peer.ask(PING) == READY
        peer.finish()
        assert peer.rest() == b""


def test_a_frame_that_is_too_long_is_answered_though_the_client_sends_on(loop: LoopThread) -> None:
    with served(loop) as board, board.connect() as peer:
        peer.send(PING + b'{"a":"' + b"x" * (3 << 20) + b'"}\n' + PING)
        assert peer.receive()["result"] == READY
        assert peer.receive()["code"] == "frame_too_long"
        assert peer.rest() == b""


def test_a_client_that_lingers_after_that_is_cut_off(
    loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_shell, "LINGER", 0.01)
    released = threading.Event()
    release = JsonShell.release
    monkeypatch.setattr(
        JsonShell, "release", lambda shell, one: (release(shell, one), released.set())
    )
    with served(loop) as board, board.connect() as peer:
        peer.send(b"x" * ((1 << 20) + 1))
        assert peer.receive()["code"] == "frame_too_long"
        assert released.wait(PATIENCE)
        assert open_connections(board) == 0


def test_a_frame_of_exactly_the_cap_is_served(loop: LoopThread) -> None:
    with served(loop) as board, board.connect() as peer:
        frame = b'{"command_id":"ping","x":"%b"}'
        peer.send(frame % (b"x" * ((1 << 20) - len(frame) + 2)) + b"\r\n")
        assert peer.receive()["code"] == "bad_command"
        assert peer.ask(PING) == READY


def test_a_client_that_is_gone_costs_no_warning(
    loop: LoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    with served(loop, threaded=True) as board, board.connect() as other:
        gate = board.hold("verify")
        peer = board.connect()
        peer.send(b'{"command_id":"get","channel":0,"verify":true}\n' * 50)
        gate.wait()
        # A reset, as from a client that crashed.
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.close()
        gate.open()
        # Behind all of them in the queue.
        assert other.ask({"command_id": "get", "channel": 0, "verify": True})["verified"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_one_connection_too_many_is_told_so(
    loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_shell, "MAX_CONNECTIONS", 2)
    with served(loop) as board, board.connect() as first:
        with board.connect() as second:
            assert first.ask(PING) == second.ask(PING) == READY
            with board.connect() as third:
                assert third.receive()["code"] == "busy"
                assert third.rest() == b""
            assert first.ask(PING) == second.ask(PING) == READY
            second.finish()
            assert second.rest() == b""
        with board.connect() as fourth:
            assert fourth.ask(PING) == READY


def test_clients_are_told_that_the_controller_stops(loop: LoopThread) -> None:
    with served(loop, threaded=True) as board, board.connect() as peer, board.connect() as idle:
        gate = board.hold("verify")
        peer.send(b'{"command_id":"get","channel":0,"verify":true}\n' * 3)
        gate.wait()

        async def begin_to_stop() -> asyncio.Task[bool]:
            stopping = asyncio.ensure_future(board.assembly.stop())
            await asyncio.sleep(0)  # its first step puts it before what waits
            return stopping

        stopping = loop.run(begin_to_stop())
        assert idle.ask(PING)["device"]
        gate.open()
        assert loop.run(asyncio.wait_for(stopping, PATIENCE))
        loop.run(board.shell.close())
        codes = [json.loads(line).get("code") for line in peer.rest().splitlines()]
        # The first was under way already; it may have come to its end.
        assert codes[0] in (None, "device_unavailable")
        assert codes[1:] == ["device_unavailable", "device_unavailable"]
        assert idle.rest() == b""
        with pytest.raises(ConnectionRefusedError):
            board.connect()


def test_a_client_that_does_not_read_cannot_delay_the_end(loop: LoopThread) -> None:
    with served(loop) as board, board.connect(receive_buffer=4096) as deaf:
        deaf.send(b'{"command_id":"describe"}\n' * 5000)
        assert deaf.receive()
        loop.run(board.shell.close())
        assert open_connections(board) == 0


# Events


def test_a_subscription_over_the_same_connection(loop: LoopThread) -> None:
    """First the snapshot; then each reply before its own event; no gap."""
    with served(loop) as board, board.connect() as peer:
        peer.ask({"command_id": "hello", "client": "scan.py", "rid": 7})
        snapshot = peer.ask({"command_id": "subscribe"})
        assert snapshot["seq"] == 0
        assert snapshot["device"] == "ready"
        assert snapshot["killed"] is False
        assert [receipt["name"] for receipt in snapshot["channels"]] == (
            ["cooling", "repump", "shelving", "raman"]
        )
        for number in range(1, 4):
            receipt = peer.ask(set_frequency(0, 80e6 + number))
            event = peer.receive()
            assert (event["event"], event["seq"]) == ("changed", number)
            assert event["channels"] == [receipt]
            assert event["by"]["client"] == "scan.py"
            assert event["by"]["rid"] == 7
            assert event["by"]["peer"].startswith("127.0.0.1:")
        assert peer.ask({"command_id": "kill"})["killed"] is True
        assert (event := peer.receive())["event"] == "killed"
        assert event["seq"] == 4


def test_an_event_waits_for_its_reply_behind_a_slow_one(loop: LoopThread) -> None:
    with served(loop, threaded=True) as board, board.connect() as peer:
        peer.ask({"command_id": "subscribe"})
        gate = board.hold("verify")
        peer.send(b'{"command_id":"get","id":1,"channel":0,"verify":true}\n')
        gate.wait()
        peer.send(b'{"command_id":"kill","id":2}\n')
        with board.connect() as other:
            assert other.ask(PING)
        gate.open()
        lines = [peer.receive() for _ in range(3)]
        assert [line.get("id") or line["event"] for line in lines] == [1, 2, "killed"]


def test_changes_are_gathered_for_each_channel(loop: LoopThread) -> None:
    with served(loop) as board, board.connect() as listener, board.connect() as other:
        listener.ask({"command_id": "subscribe", "interval": 3600})
        for frequency in (80e6, 81e6, 82e6):
            last = [other.ask(set_frequency(channel, frequency)) for channel in (0, 2)]
        other.ask({"command_id": "kill"})
        changed, killed = listener.receive(), listener.receive()
        assert (changed["event"], changed["seq"], changed["channels"]) == ("changed", 1, last)
        assert (killed["event"], killed["seq"]) == ("killed", 2)


def test_gathered_changes_come_after_the_interval(loop: LoopThread) -> None:
    with served(loop) as board, board.connect() as peer:
        peer.ask({"command_id": "subscribe", "interval": 0.001})
        receipt = peer.ask(set_frequency(1, 80e6))
        event = peer.receive()
        assert (event["event"], event["channels"]) == ("changed", [receipt])


def test_a_second_subscription_takes_the_place_of_the_first(loop: LoopThread) -> None:
    with served(loop) as board, board.connect() as peer:
        peer.ask({"command_id": "subscribe"})
        assert peer.refusal({"command_id": "subscribe", "interval": -1}) == "out_of_range"
        peer.ask(set_frequency(0, 80e6))
        assert peer.receive()["seq"] == 1
        assert peer.ask({"command_id": "subscribe", "events": ["killed"]})["seq"] == 0
        peer.ask(set_frequency(0, 81e6))
        peer.ask({"command_id": "kill"})
        event = peer.receive()
        assert (event["event"], event["seq"]) == ("killed", 1)
        peer.send(PING)
        assert peer.receive()["status"] == "success"


# Faults of clients


def test_faults_of_clients_are_logged_quietly(
    loop: LoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "dds_link.json_shell")
    with served(loop) as board, board.connect() as peer:
        for request in (b"junk\n", set_frequency(0, 600e6), {"command_id": "x"}):
            peer.refusal(request)
    quiet = [r.getMessage() for r in caplog.records if r.levelno == logging.DEBUG]
    summaries = [r.getMessage() for r in caplog.records if r.levelno == logging.INFO]
    assert [line.split(": ")[1] for line in quiet] == [
        "bad_frame",
        "out_of_range",
        "unknown_command",
    ]
    assert len(summaries) == 1
    assert summaries[0].startswith("1 refused requests, last from 127.0.0.1:")
    assert not [r for r in caplog.records if r.levelno > logging.INFO]


def test_faults_are_summed_up_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "dds_link.json_shell")
    now = 0.0
    faults = FaultLog(lambda: now)
    for now in range(0, 130, 10):  # noqa: B007  (the log reads it)
        faults.note("10.0.0.5:4711", BadCommand("no"))
    assert [record.getMessage() for record in caplog.records] == [
        "1 refused requests, last from 10.0.0.5:4711: bad_command",
        "6 refused requests, last from 10.0.0.5:4711: bad_command",
        "6 refused requests, last from 10.0.0.5:4711: bad_command",
    ]


def test_a_fault_of_the_hardware_is_not_the_clients(
    loop: LoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "dds_link.json_shell")

    def broken(transaction: Any) -> Any:
        raise DeviceFault("no answer")

    with served(loop) as board, board.connect() as peer:
        board.assembly.device.verify = broken
        assert peer.refusal({"command_id": "get", "channel": 0, "verify": True}) == "device_fault"
    assert not [r for r in caplog.records if r.name == "dds_link.json_shell"]


# HTTP


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_web_page_cannot_set_anything(loop: LoopThread, method: str) -> None:
    body = b'{"command_id":"set","channel":0,"frequency":80e6,"amplitude":1}\n'
    head = f"{method} / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    with served(loop) as board:
        before = board.look()
        for chunks in ([head.encode() + body], [head[:3].encode(), head[3:].encode(), body]):
            with board.connect() as page:
                for chunk in chunks:
                    page.send(chunk)
                assert page.rest() == b""
        assert board.look() == before
        with board.connect() as peer:
            assert peer.ask({"command_id": "get", "channel": 0})["frequency"] is None


# TLS


PEM = str(Path(__file__).parent / "client" / "loopback.pem")


def test_over_tls_the_same_is_said(loop: LoopThread) -> None:
    context = ssl.create_default_context(cafile=PEM)
    context.load_cert_chain(PEM)
    with served(loop, ssl=server_context(PEM, PEM, PEM)) as board:
        peer = board.connect()
        with context.wrap_socket(peer.sock, server_hostname="localhost") as secure:
            secure.sendall(pings(1, 2) + b"junk\n")
            file = secure.makefile("rb")
            assert [json.loads(file.readline()).get("id") for _ in range(3)] == [1, 2, None]
            secure.sendall(b"x" * ((1 << 20) + 1))
            assert json.loads(file.readline())["code"] == "frame_too_long"
            file.close()
        peer.close()


# The longest reply


def test_the_reply_to_one_set_is_below_1024_bytes(loop: LoopThread) -> None:
    name = "\N{GRINNING FACE}" * 32
    board = configuration.simulated_board()
    config = replace(board, channels=(replace(board.channels[0], name=name), *board.channels[1:]))
    with served(loop, config) as named, named.connect() as peer:
        peer.send(
            {"command_id": "set", "id": "x" * 62, "channel": name, "frequency": 1e9 / 3,
             "amplitude": 1 / 3, "phase": 1 / 3}
        )  # fmt: skip
        line = peer._file.readline()
        assert json.loads(line)["result"]["name"] == name
        assert len(line) < 1024


def test_a_turn_of_the_loop_looks_at_a_share_of_a_flood_only(loop: LoopThread) -> None:
    """uvloop reads 256 kB at a time, and up to 32 times a turn: a flood must not hold up a kill."""

    class Wire:
        """A transport that only remembers whether it may read."""

        reading = True
        sent = b""

        def pause_reading(self) -> None:
            self.reading = False

        def resume_reading(self) -> None:
            self.reading = True

        def write(self, data: bytes) -> None:
            self.sent += data

        def is_closing(self) -> bool:
            return False

        def get_extra_info(self, name: str) -> None:
            return None

    class Seen(Connection):
        """Notes how much it was given in each turn."""

        shares: list[int] = []

        def receive_data(self, data: bytes) -> None:
            self.shares.append(len(data))
            super().receive_data(data)

    with served(loop) as board:
        wire = Wire()
        flood = b"{" * (10 * BYTES_PER_TURN - 1) + b"\n"

        async def feed() -> int:
            board.shell.make_connection = Seen
            connection = JsonConnection(board.shell)
            connection.connection_made(wire)
            connection.data_received(flood)
            turns = 0
            while not wire.sent:
                assert not wire.reading
                await asyncio.sleep(0)
                turns += 1
            assert wire.reading
            connection.connection_lost(None)
            return turns

        assert loop.run(feed()) >= 9
    assert Seen.shares == [BYTES_PER_TURN] * 10
    assert json.loads(wire.sent)["code"] == "bad_frame"
