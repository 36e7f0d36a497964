"""The blocking client: what both clients do, threads, and ways to wait."""

import gc
import select
import signal
import threading

import pytest

from dds_link.client import Client
from dds_link.errors import DDSUnavailable

from .cases import COOLING, IDENTITY, WATCH
from .conformance import (
    CHANGED,
    PING,
    READY,
    SET,
    SNAPSHOT,
    SUBSCRIBE,
    ClientConformance,
    pings,
)
from .scripted_server import ScriptedServer, line, success


class TestClient(ClientConformance):
    """Everything in the conformance suite."""

    @staticmethod
    def make(port, **settings):
        return Client(**{"port": port, "timeout": 10.0, "connect_timeout": 10.0, **settings})


def test_two_threads_share_a_client_and_each_gets_its_own_answers():
    def play(peer):
        peer.greet()
        for _ in range(200):
            received = peer.receive()
            peer.send(success({**COOLING, "frequency": received["frequency"]}))
        peer.expect_close()

    wrong = []

    def scan(dds, start):
        for i in range(100):
            frequency = float(start + i)
            if dds.set(0, frequency=frequency).frequency != frequency:
                wrong.append(frequency)

    with ScriptedServer(play) as server, Client(port=server.port) as dds:
        threads = [threading.Thread(target=scan, args=(dds, 1000 * n)) for n in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_kill_does_not_wait_for_a_call_in_another_thread():
    killed = {"killed": True, "readback": "unobservable", "channels": [COOLING]}
    asked, done = threading.Event(), threading.Event()

    def slow(peer):
        peer.greet()
        peer.expect(SET)
        asked.set()
        assert done.wait(10)
        peer.send(success(COOLING))
        peer.expect_close()

    def urgent(peer):
        peer.answer({"command_id": "hello", "client": "scan.py"}, {})
        peer.answer({"command_id": "kill"}, killed)
        peer.expect_close()

    def named_slow(peer):
        peer.answer({"command_id": "hello", "client": "scan.py"}, {})
        slow(peer)

    with ScriptedServer(named_slow, urgent) as server:
        with Client(port=server.port, name="scan.py") as dds:
            thread = threading.Thread(target=dds.set, args=(0,), kwargs={"frequency": 80e6})
            thread.start()
            assert asked.wait(10)
            answer = dds.kill()
            done.set()
            thread.join()
    assert answer["readback"] == "unobservable"
    assert answer["channels"][0].name == "cooling"


def test_an_interrupted_call_closes_the_connection():
    """Ctrl-C in the middle: the reply that comes later must not answer the next request."""

    def play(peer):
        peer.greet()
        peer.expect(SET)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        peer.expect_close()

    with ScriptedServer(play, pings) as server, Client(port=server.port) as dds:
        with pytest.raises(KeyboardInterrupt):
            dds.set(0, frequency=80e6)
        assert dds.ping() == READY


def test_an_interrupted_greeting_closes_the_connection():
    def play(peer):
        peer.expect(WATCH)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        peer.expect_close()

    with ScriptedServer(play, pings) as server:
        dds = Client(port=server.port)
        with pytest.raises(KeyboardInterrupt):
            dds.connect()
        assert dds.ping() == READY
        dds.close()


def test_without_poll_select_is_used(monkeypatch):
    """As on Windows."""
    monkeypatch.delattr(select, "poll")
    changes = [{"channel": "c{:031}".format(i)} for i in range(100000)]

    def play(peer):
        peer.greet()
        peer.answer({"command_id": "apply", "changes": changes}, [])
        peer.answer(PING, READY)
        peer.expect_close()

    with ScriptedServer(play) as server, Client(port=server.port) as dds:
        assert dds.apply(changes) == []
        assert dds.ping() == READY


def test_the_second_address_of_a_host_is_tried(monkeypatch):
    """``localhost`` is often ::1 first, where an old controller does not listen."""
    from socket import AF_INET, SOCK_STREAM

    def found(host, port, type):  # noqa: A002  # its name in the standard library
        assert (host, type) == ("both.invalid", SOCK_STREAM)
        return [
            (99999, SOCK_STREAM, 0, "", ("::1", port)),
            (AF_INET, SOCK_STREAM, 0, "", ("127.0.0.1", 1)),
            (AF_INET, SOCK_STREAM, 0, "", ("127.0.0.1", port)),
        ]

    monkeypatch.setattr("socket.getaddrinfo", found)
    with ScriptedServer(pings) as server, Client("both.invalid", server.port) as dds:
        dds.ping()


def test_a_bug_while_connecting_leaves_no_socket_open(monkeypatch):
    def broken(sock):
        raise ZeroDivisionError

    monkeypatch.setattr("dds_link.client.link.tune", broken)
    with ScriptedServer(lambda peer: peer.expect_close()) as server:
        with pytest.raises(ZeroDivisionError):
            Client(port=server.port).connect()


# Events


def test_what_happens_after_events_returned_is_not_missed():
    """It subscribes at the call, not at the first ``next``."""
    subscribed = threading.Event()

    def play(peer):
        peer.answer(SUBSCRIBE, SNAPSHOT)
        subscribed.set()
        peer.send(line(CHANGED))
        peer.expect_close()

    with ScriptedServer(play) as server:
        events = Client(port=server.port).events()
        assert subscribed.wait(10)
        assert [next(events).event, next(events).event] == ["snapshot", "changed"]
        events.close()


@pytest.mark.parametrize("how", ["the stream", "the client"])
def test_closing_ends_a_loop_in_another_thread(how):
    def play(peer):
        peer.answer(SUBSCRIBE, SNAPSHOT)
        peer.expect_close()

    names = []
    seen = threading.Event()

    def watch():
        for event in events:
            names.append(event.event)
            seen.set()

    with ScriptedServer(play) as server:
        dds = Client(port=server.port)
        events = dds.events()
        thread = threading.Thread(target=watch)
        thread.start()
        assert seen.wait(10)
        (events if how == "the stream" else dds).close()
        thread.join(10)
        assert not thread.is_alive()
    assert names == ["snapshot"]


def test_a_dropped_iterator_ends_its_subscription():
    def play(peer):
        peer.answer(SUBSCRIBE, SNAPSHOT)
        peer.expect_close()

    with ScriptedServer(play) as server:
        dds = Client(port=server.port)
        for event in dds.events():
            assert event.event == "snapshot"
            break
        gc.collect()
        server.wait_end(0)
        dds.close()


def test_an_interrupted_wait_for_an_event_can_be_taken_up_again():
    watching, interrupted = threading.Event(), threading.Event()

    def play(peer):
        peer.answer(SUBSCRIBE, SNAPSHOT)
        peer.send(line(CHANGED)[:30])
        assert watching.wait(10)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        assert interrupted.wait(10)
        peer.send(line(CHANGED)[30:])
        peer.expect_close()

    with ScriptedServer(play) as server:
        with Client(port=server.port).events() as events:
            assert next(events).event == "snapshot"
            with pytest.raises(KeyboardInterrupt):
                watching.set() or next(events)
            interrupted.set()
            assert next(events).event == "changed"


def test_a_stream_that_never_came_to_be_needs_no_closing():
    with ScriptedServer(lambda peer: None) as server:
        with pytest.raises(DDSUnavailable):
            Client(port=server.port).events()
        gc.collect()


def test_identity_is_what_the_controller_said_at_the_last_connection():
    with ScriptedServer(pings) as server, Client(port=server.port) as dds:
        dds.ping()
        assert dds.identity == IDENTITY
