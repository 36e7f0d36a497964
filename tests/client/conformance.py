"""What both clients have to do, as tests over a scripted controller.

A subclass gives ``make``; the asyncio client is driven through an adapter that runs each coroutine
to its end, so that its event loop stands still between two calls, as in an experiment.
"""

import logging
import math
import socket
import threading
from typing import Any

import numpy as np
import pytest

from dds_link.client.core import MAX_REPLY_BYTES
from dds_link.errors import DDSRefused, DDSStateLost, DDSUnavailable

from .cases import (
    CASES,
    COOLING,
    COOLING_RECEIPT,
    EPOCH,
    EPOCHS,
    IDENTITY,
    RECEIPTS,
    REPUMP,
    WATCH,
    Case,
    in_epochs,
)
from .scripted_server import Peer, ScriptedServer, line, refusal, success

SET = {"command_id": "set", "channel": 0, "frequency": 80e6}
PING = {"command_id": "ping"}
READY = {"device": "ready"}
SUBSCRIBE = {"command_id": "subscribe"}
SNAPSHOT = {"seq": 41, "killed": False, "device": "ready", "channels": [COOLING, REPUMP]}
CHANGED = {
    "event": "changed",
    "seq": 42,
    "time": 1795357201.5,
    "by": {"peer": "127.0.0.1:50000", "client": "scan.py", "rid": 7},
    "channels": [COOLING],
}
OTHER_EPOCHS = [epoch + 1000 for epoch in EPOCHS]
NO_SUCH_CHANNEL = refusal("no_such_channel", "no channel 'x'")


def told(event: str = "reset", epochs: list[int] = OTHER_EPOCHS, **more: Any) -> bytes:
    """The line of an event that brings these epochs."""
    head = {"event": event, "seq": 1, "time": 1795357201.5, "by": None}
    return line({**head, **more, "channels": in_epochs(epochs)})


def answers(case: Case, *chunks: bytes) -> Any:
    """A script: one connection, one exchange."""

    def play(peer: Peer) -> None:
        peer.greet()
        peer.expect(case.request)
        peer.send(*chunks)
        peer.expect_close()

    return play


def sends(*chunks: bytes) -> Any:
    """A script: one connection, a ``set`` answered by these bytes, then the end of it."""

    def play(peer: Peer) -> None:
        peer.greet()
        peer.expect(SET)
        peer.send(*chunks)

    return play


def pings(peer: Peer) -> None:
    """A script: one connection that serves one ``ping``."""
    peer.greet()
    peer.answer(PING, READY)
    peer.expect_close()


class ClientConformance:
    """Every behaviour that the two clients share."""

    @staticmethod
    def make(port: int, **settings: Any) -> Any:
        """A client with blocking methods, for a controller on the loopback."""
        raise NotImplementedError

    # Verbs

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
    def test_a_verb_sends_its_request_and_returns_its_result(self, case):
        with ScriptedServer(answers(case, success(case.result))) as server:
            with self.make(server.port) as dds:
                assert case.call(dds) == case.value

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
    def test_a_reply_may_come_byte_by_byte(self, case):
        reply = success(case.result)
        single = [reply[i : i + 1] for i in range(len(reply))]
        with ScriptedServer(answers(case, *single)) as server:
            with self.make(server.port) as dds:
                assert case.call(dds) == case.value

    def test_a_receipt_is_frozen_and_has_the_names_of_the_wire(self):
        with ScriptedServer(answers(CASES[4], success(COOLING))) as server:
            with self.make(server.port) as dds:
                receipt = CASES[4].call(dds)
        assert (receipt.frequency, receipt.words.asf) == (80000000.0745058, 8192)
        with pytest.raises(AttributeError):
            receipt.frequency = 0.0

    def test_numpy_numbers_and_booleans_go_out_as_plain_ones(self):
        request = {
            "command_id": "set",
            "channel": 1,
            "frequency": 80e6,
            "amplitude": 0.5,
            "phase": 1.0,
            "enabled": False,
            "ftw": 1 << 31,
        }

        def play(peer):
            peer.greet()
            peer.answer(request, REPUMP)
            peer.expect_close()

        with ScriptedServer(play) as server, self.make(server.port) as dds:
            dds.set(
                np.int32(1),
                frequency=np.float64(80e6),
                amplitude=np.float32(0.5),
                phase=np.int64(1),
                enabled=np.bool_(False),
                ftw=np.int64(1 << 31),
            )

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan")])
    def test_nan_and_infinity_are_refused_before_anything_is_sent(self, value):
        with ScriptedServer(pings) as server, self.make(server.port) as dds:
            for call in (
                lambda: dds.set(0, frequency=value),
                lambda: dds.apply([{"channel": 0}, {"channel": 1, "phase": value}]),
            ):
                with pytest.raises(DDSRefused) as refused:
                    call()
                assert refused.value.code == "out_of_range"
            dds.ping()

    # Refusals

    def test_a_refusal_keeps_the_connection_and_the_controllers_words(self):
        def play(peer):
            peer.greet()
            peer.expect({"command_id": "get", "channel": "x"})
            peer.send(NO_SUCH_CHANNEL)
            peer.answer(PING, READY)
            peer.expect_close()

        with ScriptedServer(play) as server, self.make(server.port) as dds:
            with pytest.raises(DDSRefused) as refused:
                dds.get("x")
            assert refused.value.args == ("no_such_channel: no channel 'x'",)
            assert dds.ping() == READY

    @pytest.mark.parametrize("code", ["device_fault", "device_unavailable", "internal", "of_2031"])
    def test_an_error_that_leaves_the_outcome_open_says_so(self, code):
        with ScriptedServer(sends(refusal(code, "SPI timed out"))) as server:
            with self.make(server.port) as dds, pytest.raises(DDSUnavailable) as unavailable:
                dds.set(0, frequency=80e6)
        assert unavailable.value.code == code
        assert "SPI timed out" in str(unavailable.value)
        assert str(unavailable.value).count("may have been applied") == 1

    # Connecting

    def test_making_a_client_connects_to_nothing(self):
        assert self.make(1).identity == {}

    def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        dds = self.make(port)
        with pytest.raises(DDSUnavailable) as unavailable:
            dds.ping()
        assert unavailable.value.code == "no_link"
        assert "127.0.0.1 port {}".format(port) in str(unavailable.value)
        assert "nothing was sent" in str(unavailable.value)
        dds.close()

    @pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".invalid"])
    def test_a_host_that_does_not_exist(self, host):
        dds = self.make(1, host=host)
        with pytest.raises(DDSUnavailable) as unavailable:
            dds.connect()
        assert unavailable.value.code == "no_link"
        assert host in str(unavailable.value)
        dds.close()

    def test_one_connection_serves_many_calls_and_closing_twice_is_fine(self):
        def play(peer):
            peer.greet()
            peer.answer(PING, READY)
            peer.answer(PING, READY)
            peer.expect_close()

        with ScriptedServer(play) as server:
            dds = self.make(server.port)
            dds.connect()
            dds.connect()
            assert dds.identity == IDENTITY
            dds.ping()
            dds.ping()
            dds.close()
            dds.close()

    def test_a_closed_client_connects_again_when_it_is_used(self):
        with ScriptedServer(pings, pings) as server:
            dds = self.make(server.port)
            dds.ping()
            dds.close()
            dds.ping()
            dds.close()

    def test_name_and_rid_are_told_at_every_connection(self):
        def play(peer):
            peer.answer({"command_id": "hello", "client": "scan.py", "rid": 7}, {})
            pings(peer)

        with ScriptedServer(play, play) as server:
            with self.make(server.port, name="scan.py", rid=np.int64(7)) as dds:
                dds.ping()
                dds.close()
                dds.ping()

    def test_a_rid_alone_is_told_under_the_packages_name(self):
        def play(peer):
            peer.answer({"command_id": "hello", "client": "dds_link", "rid": 7}, {})
            pings(peer)

        with ScriptedServer(play) as server, self.make(server.port, rid=7) as dds:
            dds.ping()

    def test_a_name_given_later_is_told_again_unless_it_was_refused(self):
        hello = {"command_id": "hello", "client": "scan.py"}

        def first(peer):
            peer.greet()
            peer.answer(hello, {})
            peer.expect({"command_id": "hello", "client": ""})
            peer.send(refusal("bad_command", "client is empty"))
            peer.expect_close()

        def second(peer):
            peer.answer(hello, {})
            pings(peer)

        with ScriptedServer(first, second) as server, self.make(server.port) as dds:
            dds.hello("scan.py")
            with pytest.raises(DDSRefused):
                dds.hello("")
            dds.close()
            dds.ping()

    @pytest.mark.parametrize(
        ("reply", "kind", "code"),
        [
            (refusal("unauthorized", "not you"), DDSRefused, "unauthorized"),
            (refusal("busy", "too many connections"), DDSRefused, "busy"),
            (success({"channels": [42]}), DDSUnavailable, "bad_reply"),
            (success(42), DDSUnavailable, "bad_reply"),
            (b"SSH-2.0-OpenSSH_9.2\r\n", DDSUnavailable, "bad_reply"),
            (b"", DDSUnavailable, "no_link"),
        ],
        ids=["unauthorized", "busy", "no receipts", "no object", "another protocol", "closed"],
    )
    @pytest.mark.parametrize("request_", [WATCH, {"command_id": "identify"}])
    def test_a_connection_that_does_not_start_as_it_should_is_not_used(
        self, request_, reply, kind, code
    ):
        def play(peer):
            if request_ is not WATCH:
                peer.answer(WATCH, SNAPSHOT)
            peer.expect(request_)
            peer.send(reply)

        with ScriptedServer(play, pings) as server:
            dds = self.make(server.port)
            with pytest.raises(kind) as error:
                dds.set(0, frequency=80e6)
            assert error.value.code == code
            assert "may have been applied" not in str(error.value)
            dds.ping()
            dds.close()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"port": 0},
            {"port": 65536},
            {"timeout": 0},
            {"timeout": math.nan},
            {"connect_timeout": math.inf},
            {"on_state_lost": "ignore"},
        ],
        ids=str,
    )
    def test_a_setting_that_makes_no_sense(self, wrong):
        with pytest.raises(ValueError, match="must be"):
            self.make(**{"port": 1, **wrong})

    # Links that fail

    def test_the_controller_closes_before_it_answers(self):
        with ScriptedServer(sends()) as server, self.make(server.port) as dds:
            with pytest.raises(DDSUnavailable) as unavailable:
                dds.set(0, frequency=80e6)
        assert unavailable.value.code == "no_link"
        assert "127.0.0.1 port {}".format(server.port) in str(unavailable.value)
        assert "may have been applied" in str(unavailable.value)

    def test_half_a_reply_is_no_reply_and_the_request_is_not_sent_again(self):
        with ScriptedServer(sends(success(COOLING)[:40]), pings) as server:
            with self.make(server.port) as dds:
                with pytest.raises(DDSUnavailable) as unavailable:
                    dds.set(0, frequency=80e6)
                assert unavailable.value.code == "no_link"
                assert dds.ping() == READY

    @pytest.mark.parametrize("early", [0, 40], ids=["nothing in time", "half in time"])
    def test_a_late_reply_never_answers_another_request(self, early):
        late = threading.Event()
        reply = success(COOLING)

        def slow(peer):
            peer.greet()
            peer.expect(SET)
            peer.send(reply[:early])
            assert late.wait(10)
            try:
                peer.send(reply[early:])
            except OSError:
                pass  # The client closed the connection, as it should.

        with ScriptedServer(slow, pings) as server, self.make(server.port, timeout=0.1) as dds:
            with pytest.raises(DDSUnavailable) as unavailable:
                dds.set(0, frequency=80e6)
            assert unavailable.value.code == "timeout"
            assert "0.1 s" in str(unavailable.value)
            assert "may have been applied" in str(unavailable.value)
            late.set()
            server.wait_end(0)
            assert dds.ping() == READY

    def test_the_timeout_is_for_the_whole_reply_not_for_each_piece(self):
        over = threading.Event()

        def trickle(peer):
            peer.greet()
            peer.expect(SET)
            while not over.wait(0.02):
                peer.send(b" ")

        with ScriptedServer(trickle) as server, self.make(server.port, timeout=0.2) as dds:
            with pytest.raises(DDSUnavailable) as unavailable:
                dds.set(0, frequency=80e6)
            over.set()
        assert unavailable.value.code == "timeout"

    @pytest.mark.parametrize(
        "reply",
        [
            b"HTTP/1.1 400 Bad Request\r\n",
            b"\xff\xfe\n",
            b"[" * 100000 + b"\n",
            b"[]\n",
            b"null\n",
            b"{}\n",
            b'{"status":"success"}\n',
            b'{"status":"success","result":NaN}\n',
            line({"status": "perhaps", "code": "busy", "error": "wait"}),
            line({"status": "error", "code": 7, "error": "wait"}),
            line({"status": "error", "code": "busy"}),
            success(None),
            success([COOLING]),
            success({**COOLING, "words": 7}),
            success({**COOLING, "channel": []}),
            success({name: COOLING[name] for name in COOLING if name != "epoch"}),
        ],
        ids=lambda reply: reply[:60].decode("latin-1").strip(),
    )
    def test_garbage_is_no_reply_and_ends_the_connection(self, reply):
        def play(peer):
            peer.greet()
            peer.expect(SET)
            peer.send(reply)
            peer.expect_close()

        with ScriptedServer(play, pings) as server, self.make(server.port) as dds:
            with pytest.raises(DDSUnavailable) as unavailable:
                dds.set(0, frequency=80e6)
            assert unavailable.value.code == "bad_reply"
            assert "may have been applied" in str(unavailable.value)
            assert dds.ping() == READY

    @pytest.mark.parametrize(
        ("call", "request_", "result"),
        [
            (lambda dds: dds.ping(), PING, ["ready"]),
            (lambda dds: dds.get(), {"command_id": "get"}, COOLING),
            (lambda dds: dds.get(), {"command_id": "get"}, [COOLING, 7]),
            (lambda dds: dds.kill(), {"command_id": "kill"}, {"killed": True}),
        ],
        ids=["ping", "get", "get holds a number", "kill"],
    )
    def test_a_result_of_the_wrong_shape(self, call, request_, result):
        def play(peer):
            peer.greet()
            peer.answer(request_, result)
            peer.expect_close()

        with ScriptedServer(play) as server, self.make(server.port) as dds:
            with pytest.raises(DDSUnavailable) as unavailable:
                call(dds)
            assert unavailable.value.code == "bad_reply"

    def test_a_reply_without_end_is_not_read_for_ever(self):
        def play(peer):
            peer.greet()
            peer.expect(SET)
            peer.flood(16 * MAX_REPLY_BYTES)

        with ScriptedServer(play, pings) as server, self.make(server.port) as dds:
            with pytest.raises(DDSUnavailable) as unavailable:
                dds.set(0, frequency=80e6)
            assert unavailable.value.code == "bad_reply"
            assert str(MAX_REPLY_BYTES) in str(unavailable.value)
            server.wait_end(0)
            assert dds.ping() == READY

    def test_a_request_larger_than_the_systems_buffers(self):
        changes = [{"channel": "c{:031}".format(i)} for i in range(100000)]

        def play(peer):
            peer.greet()
            peer.answer({"command_id": "apply", "changes": changes}, [])
            peer.expect_close()

        with ScriptedServer(play) as server, self.make(server.port) as dds:
            assert dds.apply(changes) == []

    # While idle

    @pytest.mark.parametrize("unasked", [b"", success(COOLING)], ids=["closed", "unasked bytes"])
    def test_a_connection_that_died_or_spoke_while_idle_is_replaced_first(self, unasked):
        def first(peer):
            peer.greet()
            peer.answer(PING, READY)
            peer.send(unasked)

        def second(peer):
            peer.greet()
            peer.answer(SET, COOLING)
            peer.expect_close()

        with ScriptedServer(first, second) as server, self.make(server.port) as dds:
            dds.ping()
            server.wait_end(0)
            assert dds.set(0, frequency=80e6) == COOLING_RECEIPT

    def test_a_second_reply_is_not_taken_for_the_next_one(self):
        def first(peer):
            peer.greet()
            peer.expect(PING)
            peer.send(success(READY) + success({"device": "stale"}))
            peer.expect_close()

        with ScriptedServer(first, pings) as server, self.make(server.port) as dds:
            assert dds.ping() == READY
            assert dds.ping() == READY

    # Epochs

    def restarted(self, epochs: list[int]) -> tuple[Any, Any]:
        """Scripts: a controller that goes away after a ``ping``, and comes back with ``epochs``."""

        def before(peer):
            peer.greet()
            peer.answer(PING, READY)

        def after(peer):
            peer.greet(epochs)
            peer.answer(SET, {**COOLING, "epoch": epochs[0] if epochs else EPOCH})
            peer.expect_close()

        return before, after

    def test_a_restarted_controller_is_reported_once_and_before_anything_is_sent(self):
        with ScriptedServer(*self.restarted(OTHER_EPOCHS)) as server:
            with self.make(server.port) as dds:
                dds.ping()
                server.wait_end(0)
                with pytest.raises(DDSStateLost) as lost:
                    dds.set(0, frequency=80e6)
                assert lost.value.code == "state_lost"
                assert "127.0.0.1 port {}".format(server.port) in str(lost.value)
                assert "channel 0, 1" in str(lost.value)
                assert "Nothing was sent" in str(lost.value)
                assert dds.set(0, frequency=80e6).epoch == OTHER_EPOCHS[0]

    def test_connect_reports_it_too(self):
        with ScriptedServer(*self.restarted(OTHER_EPOCHS)) as server:
            with self.make(server.port) as dds:
                dds.ping()
                server.wait_end(0)
                with pytest.raises(DDSStateLost):
                    dds.connect()
                dds.set(0, frequency=80e6)

    def test_a_lost_connection_to_a_controller_that_kept_its_state_is_no_loss(self):
        with ScriptedServer(*self.restarted(EPOCHS)) as server, self.make(server.port) as dds:
            dds.ping()
            server.wait_end(0)
            assert dds.set(0, frequency=80e6) == COOLING_RECEIPT

    def test_a_loss_is_found_after_a_timeout_as_well(self):
        def silent(peer):
            peer.greet()
            peer.expect(SET)
            peer.expect_close()

        def after(peer):
            peer.greet(OTHER_EPOCHS)
            peer.answer(PING, READY)
            peer.expect_close()

        with ScriptedServer(silent, after) as server, self.make(server.port, timeout=0.1) as dds:
            with pytest.raises(DDSUnavailable):
                dds.set(0, frequency=80e6)
            with pytest.raises(DDSStateLost):
                dds.ping()
            dds.ping()

    def test_continue_makes_a_loss_a_warning(self, caplog):
        with ScriptedServer(*self.restarted(OTHER_EPOCHS)) as server:
            with self.make(server.port, on_state_lost="continue") as dds:
                dds.ping()
                server.wait_end(0)
                with caplog.at_level(logging.WARNING, logger="dds_link.client"):
                    assert dds.set(0, frequency=80e6).epoch == OTHER_EPOCHS[0]
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert caplog.messages[0].startswith("state_lost: ")

    def test_a_device_that_was_missing_at_first_has_lost_nothing(self):
        def missing(peer):
            peer.greet(epochs=[])
            peer.answer(PING, {"device": "missing"})

        _, after = self.restarted(EPOCHS)
        with ScriptedServer(missing, after) as server, self.make(server.port) as dds:
            dds.ping()
            server.wait_end(0)
            dds.set(0, frequency=80e6)

    def test_anothers_reset_shows_in_a_receipt_and_is_reported_by_the_next_call(self):
        other = {**COOLING, "epoch": EPOCH + 1000}

        def play(peer):
            peer.greet()
            peer.answer(SET, other)
            peer.answer(SET, other)
            peer.expect_close()

        with ScriptedServer(play) as server, self.make(server.port) as dds:
            assert dds.set(0, frequency=80e6).epoch == EPOCH + 1000
            with pytest.raises(DDSStateLost):
                dds.set(0, frequency=80e6)
            dds.set(0, frequency=80e6)

    @pytest.mark.parametrize("verb", ["sync", "reset"])
    def test_our_own_new_epochs_are_no_loss(self, verb):
        other = [{**COOLING, "epoch": EPOCH + 1000}, {**REPUMP, "epoch": EPOCH + 1001}]

        def play(peer):
            peer.greet()
            peer.answer({"command_id": verb}, other)
            peer.answer({"command_id": "get"}, other)
            peer.answer(PING, READY)
            peer.expect_close()

        with ScriptedServer(play) as server, self.make(server.port) as dds:
            getattr(dds, verb)()
            dds.get()
            dds.ping()

    def test_kill_is_sent_even_though_state_was_lost_which_the_next_call_reports(self):
        killed = {"killed": True, "readback": "ok", "channels": []}

        def before(peer):
            peer.greet()

        def after(peer):
            peer.greet(OTHER_EPOCHS)
            peer.answer({"command_id": "kill"}, killed)
            peer.answer(PING, READY)
            peer.expect_close()

        with ScriptedServer(before, after) as server, self.make(server.port) as dds:
            server.wait_end(0)
            assert dds.kill() == killed
            with pytest.raises(DDSStateLost):
                dds.ping()
            dds.ping()

    # What others do between two calls

    @pytest.mark.parametrize(
        "event",
        [
            told("reset", by={"peer": "127.0.0.1:50001", "client": "other.py", "rid": None}),
            told("epoch"),
            told("device", device="ready", reason="it is back"),
            b' {"channels":' + line(in_epochs(OTHER_EPOCHS))[:-1] + b', "event":"of_2031"}\r\n',
        ],
        ids=["reset", "sync or fault", "lost and found", "of a later version"],
    )
    def test_new_epochs_are_reported_once_and_before_anything_is_sent(self, event):
        told_so = threading.Event()

        def play(peer):
            peer.greet()
            peer.answer(PING, READY)
            peer.send(event)
            told_so.set()
            peer.answer(SET, {**COOLING, "epoch": OTHER_EPOCHS[0]})
            peer.answer(PING, READY)
            peer.expect_close()

        with ScriptedServer(play) as server, self.make(server.port) as dds:
            dds.ping()
            assert told_so.wait(10)
            with pytest.raises(DDSStateLost, match="channel 0, 1: .*Nothing was sent"):
                dds.set(0, frequency=80e6)
            dds.set(0, frequency=80e6)
            dds.ping()

    def test_continue_makes_new_epochs_a_warning(self, caplog):
        told_so = threading.Event()

        def play(peer):
            peer.greet()
            peer.send(told())
            told_so.set()
            peer.answer(SET, {**COOLING, "epoch": OTHER_EPOCHS[0]})
            peer.answer(PING, READY)
            peer.expect_close()

        with ScriptedServer(play) as server:
            with self.make(server.port, on_state_lost="continue") as dds:
                assert told_so.wait(10)
                with caplog.at_level(logging.WARNING, logger="dds_link.client"):
                    dds.set(0, frequency=80e6)
                    dds.ping()
        assert [message.split(":")[0] for message in caplog.messages] == ["state_lost"]

    @pytest.mark.parametrize("verb", ["sync", "reset"])
    @pytest.mark.parametrize("pieces", [1, 2], ids=["with the reply", "after the reply"])
    def test_the_event_of_our_own_call_is_silent(self, verb, pieces):
        receipts, told_so = in_epochs(OTHER_EPOCHS), threading.Event()

        def play(peer):
            peer.greet()
            peer.expect({"command_id": verb})
            both = [success(receipts), told(verb)]
            peer.send(*(both if pieces == 2 else [b"".join(both)]))
            told_so.set()
            peer.answer(SET, receipts[0])
            peer.answer({"command_id": "get"}, receipts)
            peer.expect_close()

        with ScriptedServer(play) as server, self.make(server.port) as dds:
            getattr(dds, verb)()
            assert told_so.wait(10)
            dds.set(0, frequency=80e6)
            dds.get()

    def test_events_without_new_epochs_are_silent(self):
        told_so = threading.Event()

        def play(peer):
            peer.greet()
            peer.send(told("device", epochs=EPOCHS), line({"event": "device", "seq": 2}))
            told_so.set()
            peer.answer(PING, READY)
            peer.expect_close()

        with ScriptedServer(play) as server, self.make(server.port) as dds:
            assert told_so.wait(10)
            assert dds.ping() == READY

    @pytest.mark.parametrize("size", [1, 100, 1 << 20], ids="{} bytes a piece".format)
    def test_events_between_a_request_and_its_reply_are_for_the_next_call(self, size):
        stream = told() + told("device", status="ready") + success(COOLING)

        def play(peer):
            peer.greet()
            peer.expect(SET)
            peer.send(*(stream[i : i + size] for i in range(0, len(stream), size)))
            peer.answer(PING, READY)
            peer.expect_close()

        with ScriptedServer(play) as server, self.make(server.port) as dds:
            assert dds.set(0, frequency=80e6) == COOLING_RECEIPT
            with pytest.raises(DDSStateLost):
                dds.ping()
            dds.ping()

    def test_half_an_event_before_a_call_holds_nothing_up(self):
        event, told_so = told(), threading.Event()

        def play(peer):
            peer.greet()
            peer.send(event[:20])
            told_so.set()
            peer.expect(SET)
            peer.send(event[20:] + success(COOLING))
            peer.answer(PING, READY)
            peer.expect_close()

        with ScriptedServer(play) as server, self.make(server.port) as dds:
            assert told_so.wait(10)
            assert dds.set(0, frequency=80e6) == COOLING_RECEIPT
            with pytest.raises(DDSStateLost):
                dds.ping()
            dds.ping()

    def test_many_events_before_a_call(self):
        many = b"".join(told(epochs=[n, n + 1], seq=n) for n in range(400))
        told_so = threading.Event()

        def play(peer):
            peer.greet()
            peer.send(many)
            told_so.set()
            peer.answer(SET, {**COOLING, "epoch": 399})
            peer.expect_close()

        with ScriptedServer(play) as server, self.make(server.port) as dds:
            assert told_so.wait(10)
            with pytest.raises(DDSStateLost):
                dds.set(0, frequency=80e6)
            dds.set(0, frequency=80e6)

    @pytest.mark.parametrize(
        "unasked",
        [
            b'{"eve',
            success(COOLING)[:30],
            b"\n",
            told() + success(COOLING),
            line({"event": "reset", "channels": [7]}),
        ],
        ids=["a few bytes", "half a reply", "a blank line", "event and reply", "no event"],
    )
    def test_what_may_be_no_event_is_not_waited_for(self, unasked):
        told_so = threading.Event()

        def first(peer):
            peer.greet()
            peer.send(unasked)
            told_so.set()
            peer.expect_close()

        with ScriptedServer(first, pings) as server:
            dds = self.make(server.port, on_state_lost="continue")
            dds.connect()
            assert told_so.wait(10)
            assert dds.ping() == READY
            dds.close()

    def test_an_event_that_is_none_is_a_bad_reply(self):
        with ScriptedServer(sends(line({"event": "reset", "channels": 7}))) as server:
            with self.make(server.port) as dds, pytest.raises(DDSUnavailable) as unavailable:
                dds.set(0, frequency=80e6)
        assert unavailable.value.code == "bad_reply"

    def test_events_and_then_the_end_are_one_loss(self):
        def first(peer):
            peer.greet()
            peer.send(told())

        def second(peer):
            peer.greet(OTHER_EPOCHS)
            peer.answer(PING, READY)
            peer.expect_close()

        with ScriptedServer(first, second) as server, self.make(server.port) as dds:
            server.wait_end(0)
            with pytest.raises(DDSStateLost):
                dds.ping()
            dds.ping()

    def test_kill_is_sent_before_new_epochs_are_reported(self):
        told_so = threading.Event()
        killed = {"killed": True, "readback": "ok", "channels": []}

        def play(peer):
            peer.greet()
            peer.send(told())
            told_so.set()
            peer.answer({"command_id": "kill"}, killed)
            peer.expect_close()

        with ScriptedServer(play) as server, self.make(server.port) as dds:
            assert told_so.wait(10)
            assert dds.kill() == killed
            with pytest.raises(DDSStateLost):
                dds.ping()

    @pytest.mark.parametrize(
        "answer",
        [
            refusal("bad_command", "unknown field 'events'"),
            refusal("unknown_command", "subscribe"),
            refusal("unsupported", "no events"),
            refusal("internal", "'subscribe'"),
            success({}),
        ],
        ids=["older", "oldest", "without events", "a lab's own", "one that says yes"],
    )
    def test_a_controller_that_tells_no_events_is_used_without(self, answer, caplog):
        def play(peer):
            peer.expect(WATCH)
            peer.send(answer)
            peer.answer({"command_id": "identify"}, IDENTITY)
            peer.answer(SET, COOLING)
            peer.expect_close()

        with caplog.at_level(logging.DEBUG, logger="dds_link.client"):
            with ScriptedServer(play) as server, self.make(server.port) as dds:
                assert dds.set(0, frequency=80e6) == COOLING_RECEIPT
        texts = ["127.0.0.1 port {} tells of no events".format(server.port)]
        assert [text.split(":")[0] for text in caplog.messages] == texts * (b"error" in answer)

    def test_a_bug_while_events_are_read_leaves_no_connection(self, monkeypatch):
        def broken(core, lines):
            raise ZeroDivisionError

        told_so = threading.Event()

        def first(peer):
            peer.greet()
            peer.send(told())
            told_so.set()
            peer.expect_close()

        with ScriptedServer(first, pings) as server, self.make(server.port) as dds:
            assert told_so.wait(10)
            with monkeypatch.context() as patched:
                patched.setattr("dds_link.client.core.Core.overheard", broken)
                with pytest.raises(ZeroDivisionError):
                    dds.ping()
            dds.ping()

    # Events

    def test_events_start_with_a_snapshot(self):
        def play(peer):
            peer.answer({"command_id": "hello", "client": "watch"}, {})
            peer.answer(SUBSCRIBE, SNAPSHOT)
            peer.send(line(CHANGED))
            peer.expect_close()

        with ScriptedServer(play) as server:
            dds = self.make(server.port, name="watch")
            with dds.events() as events:
                first, second = next(events), next(events)
            dds.close()
        assert (first.event, first.seq, first.time, first.by) == ("snapshot", 41, None, None)
        assert list(first.channels) == RECEIPTS
        assert first.data == SNAPSHOT
        assert (second.event, second.seq, second.time) == ("changed", 42, 1795357201.5)
        assert second.by == CHANGED["by"]
        assert second.channels == (COOLING_RECEIPT,)
        assert second.data == CHANGED
        with pytest.raises(AttributeError):
            first.seq = 0

    def test_events_of_any_chunking_come_in_order(self):
        device = {"event": "device", "seq": 43, "time": 1.0, "device": "missing", "channels": None}
        many = [{**device, "seq": seq} for seq in range(43, 2043)]
        stream = success(SNAPSHOT) + line(CHANGED) + b"".join(map(line, many))

        def play(peer):
            peer.expect({"command_id": "subscribe", "interval": 0.5})
            peer.send(*(stream[i : i + 7777] for i in range(0, len(stream), 7777)))
            peer.expect_close()

        with ScriptedServer(play) as server:
            with self.make_events(server.port, interval=np.float64(0.5)) as events:
                received = [next(events) for _ in range(2002)]
        assert [event.seq for event in received] == list(range(41, 2043))
        assert received[-1].channels == ()
        assert received[-1].data["device"] == "missing"

    @pytest.mark.parametrize(
        ("last", "code"),
        [
            (b"", "no_link"),
            (line(CHANGED)[:50], "no_link"),
            (b"}\n", "bad_reply"),
            (b"[]\n", "bad_reply"),
        ],
        ids=["closed", "half an event", "garbage", "no object"],
    )
    def test_a_lost_stream_of_events_says_so_once_and_ends(self, last, code):
        def play(peer):
            peer.answer(SUBSCRIBE, SNAPSHOT)
            peer.send(last)

        with ScriptedServer(play) as server:
            events = self.make_events(server.port)
            assert next(events).event == "snapshot"
            with pytest.raises(DDSUnavailable) as unavailable:
                next(events)
            assert list(events) == []
        assert unavailable.value.code == code
        assert "127.0.0.1 port {}".format(server.port) in str(unavailable.value)
        assert "events()" in str(unavailable.value)

    @pytest.mark.parametrize(
        ("reply", "kind", "code"),
        [
            (refusal("unsupported", "no events"), DDSRefused, "unsupported"),
            (success({}), DDSUnavailable, "bad_reply"),
            (success(7), DDSUnavailable, "bad_reply"),
        ],
        ids=["refused", "no seq", "no object"],
    )
    def test_a_subscription_that_fails(self, reply, kind, code):
        def play(peer):
            peer.expect(SUBSCRIBE)
            peer.send(reply)
            peer.expect_close()

        with ScriptedServer(play) as server:
            with pytest.raises(kind) as error:
                next(self.make_events(server.port))
            assert error.value.code == code

    def test_a_closed_stream_is_over(self):
        def play(peer):
            peer.answer(SUBSCRIBE, SNAPSHOT)
            peer.expect_close()

        with ScriptedServer(play) as server:
            events = self.make_events(server.port)
            next(events)
            events.close()
            events.close()
            assert list(events) == []

    def make_events(self, port: int, **options: Any) -> Any:
        """A stream of events, from a client that is not used otherwise."""
        return self.make(port).events(**options)
