"""The asyncio client: what both clients do, tasks, cancellation, and slow readers."""

import asyncio
import threading
from typing import Any

import pytest

from dds_link.client import AsyncClient
from dds_link.client.aio import HIGH_WATER
from dds_link.client.core import BadReply
from dds_link.errors import DDSStateLost, DDSUnavailable

from .cases import COOLING, COOLING_RECEIPT, WATCH
from .conformance import (
    CHANGED,
    PING,
    READY,
    SET,
    SNAPSHOT,
    SUBSCRIBE,
    ClientConformance,
    pings,
    told,
)
from .scripted_server import ScriptedServer, line, success


class Blocking:
    """Makes coroutines of an object into methods that run an event loop until they are done."""

    def __init__(self, target: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._target = target
        self._loop = loop

    def __getattr__(self, name):
        attribute = getattr(self._target, name)
        if not callable(attribute):
            return attribute

        def call(*args, **kwargs):
            result = attribute(*args, **kwargs)
            if asyncio.iscoroutine(result):
                return self._loop.run_until_complete(result)
            return Blocking(result, self._loop)

        return call

    def __enter__(self):
        self._loop.run_until_complete(self._target.__aenter__())
        return self

    def __exit__(self, *exception):
        self._loop.run_until_complete(self._target.__aexit__(*exception))

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return self._loop.run_until_complete(self._target.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None


class TestAsyncClient(ClientConformance):
    """Everything in the conformance suite."""

    @pytest.fixture(autouse=True)
    def loop(self):
        loop = asyncio.new_event_loop()
        type(self).running = loop
        yield
        # Transports that were aborted last are closed by one more turn.
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    def make(self, port, **settings):
        settings = {"port": port, "timeout": 10.0, "connect_timeout": 10.0, **settings}
        return Blocking(AsyncClient(**settings), self.running)


def test_tasks_share_a_client_and_each_gets_its_own_answers():
    def play(peer):
        peer.greet()
        for _ in range(50):
            received = peer.receive()
            peer.send(success({**COOLING, "frequency": received["frequency"]}))
        peer.expect_close()

    async def main(port):
        async with AsyncClient(port=port) as dds:
            calls = [dds.set(0, frequency=float(i)) for i in range(50)]
            return [receipt.frequency for receipt in await asyncio.gather(*calls)]

    with ScriptedServer(play) as server:
        assert asyncio.run(main(server.port)) == [float(i) for i in range(50)]


def test_kill_does_not_wait_for_a_call_in_another_task():
    killed = {"killed": True, "readback": "ok", "channels": [COOLING]}
    asked, done = threading.Event(), threading.Event()

    def slow(peer):
        peer.greet()
        peer.expect(SET)
        asked.set()
        assert done.wait(10)
        peer.send(success(COOLING))
        peer.expect_close()

    def urgent(peer):
        peer.answer({"command_id": "kill"}, killed)
        peer.expect_close()

    async def main(port):
        async with AsyncClient(port=port) as dds:
            task = asyncio.ensure_future(dds.set(0, frequency=80e6))
            await asyncio.get_running_loop().run_in_executor(None, asked.wait, 10)
            answer = await dds.kill()
            done.set()
            return answer, await task

    with ScriptedServer(slow, urgent) as server:
        answer, receipt = asyncio.run(main(server.port))
    assert answer == {"killed": True, "readback": "ok", "channels": [COOLING_RECEIPT]}
    assert receipt == COOLING_RECEIPT


def test_a_cancelled_call_closes_the_connection():
    asked = threading.Event()

    def play(peer):
        peer.greet()
        peer.expect(SET)
        asked.set()
        peer.expect_close()

    async def main(port):
        async with AsyncClient(port=port) as dds:
            task = asyncio.ensure_future(dds.set(0, frequency=80e6))
            await asyncio.get_running_loop().run_in_executor(None, asked.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return await dds.ping()

    with ScriptedServer(play, pings) as server:
        assert asyncio.run(main(server.port)) == READY


def test_a_cancelled_greeting_closes_the_connection():
    asked = threading.Event()

    def play(peer):
        peer.expect(WATCH)
        asked.set()
        peer.expect_close()

    async def main(port):
        task = asyncio.ensure_future(AsyncClient(port=port).connect())
        await asyncio.get_running_loop().run_in_executor(None, asked.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with ScriptedServer(play) as server:
        asyncio.run(main(server.port))


def test_a_call_that_is_cancelled_while_events_are_read_closes_the_connection():
    told_so = threading.Event()

    def first(peer):
        peer.greet()
        peer.send(told())
        told_so.set()
        peer.expect_close()

    async def main(port):
        async with AsyncClient(port=port, on_state_lost="continue") as dds:
            assert told_so.wait(10)
            task = asyncio.ensure_future(dds.ping())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return await dds.ping()

    with ScriptedServer(first, pings) as server:
        assert asyncio.run(main(server.port)) == READY


def test_events_that_piled_up_while_the_loop_ran_are_all_read_before_a_call():
    """More than is read ahead, so that the socket was not read from any more."""
    many = [told(epochs=[n], later="x" * 1000, seq=n) for n in range(3 * HIGH_WATER // 1000)]
    told_so = threading.Event()

    def play(peer):
        peer.greet()
        peer.send(b"".join(many))
        told_so.set()
        peer.answer(PING, READY)
        peer.answer(SET, {**COOLING, "epoch": len(many) - 1})
        peer.answer(PING, READY)
        peer.expect_close()

    async def main(port):
        async with AsyncClient(port=port) as dds:
            await asyncio.get_running_loop().run_in_executor(None, told_so.wait, 10)
            with pytest.raises(DDSStateLost):
                await dds.ping()
            await dds.ping()
            await dds.set(0, frequency=80e6)
            return await dds.ping()

    with ScriptedServer(play) as server:
        assert asyncio.run(main(server.port)) == READY


def test_a_far_end_that_says_more_and_more_is_left():
    async def main(port):
        async with AsyncClient(port=port) as dds:
            wire = dds._wire
            wire._readable = lambda ms: True  # always something new
            with pytest.raises(BadReply, match="so much"):
                await wire.gather()
            return await dds.ping()

    def first(peer):
        peer.greet()
        peer.expect_close()

    with ScriptedServer(first, pings) as server:
        assert asyncio.run(main(server.port)) == READY


def test_a_client_may_outlive_its_event_loop():
    with ScriptedServer(pings, pings) as server:
        dds = AsyncClient(port=server.port)

        async def ping():
            async with dds:
                return await dds.ping()

        assert asyncio.run(ping()) == READY
        assert asyncio.run(ping()) == READY


def test_a_connection_attempt_that_is_not_answered_ends_in_time(monkeypatch):
    async def main():
        async def silent(*args, **kwargs):
            await asyncio.sleep(3600)

        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", silent, raising=False)
        await AsyncClient(connect_timeout=0.01).ping()

    with pytest.raises(DDSUnavailable, match="no_link: .*no answer within 0.01 s"):
        asyncio.run(main())


# Events


def test_async_for_and_leaving_it():
    def play(peer):
        peer.answer(SUBSCRIBE, SNAPSHOT)
        peer.send(line(CHANGED))
        peer.expect_close()

    async def main(port):
        names = []
        async with AsyncClient(port=port).events() as events:
            await events.open()
            async for event in events:
                names.append(event.event)
                if event.event == "changed":
                    break
        return names

    with ScriptedServer(play) as server:
        assert asyncio.run(main(server.port)) == ["snapshot", "changed"]


def test_closing_ends_a_loop_in_another_task():
    def play(peer):
        peer.answer(SUBSCRIBE, SNAPSHOT)
        peer.expect_close()

    async def main(port):
        events = AsyncClient(port=port).events()
        seen = asyncio.Event()
        names = []

        async def watch():
            async for event in events:
                names.append(event.event)
                seen.set()

        task = asyncio.ensure_future(watch())
        await asyncio.wait_for(seen.wait(), 10)
        await events.close()
        await asyncio.wait_for(task, 10)
        return names

    with ScriptedServer(play) as server:
        assert asyncio.run(main(server.port)) == ["snapshot"]


def test_a_cancelled_wait_for_an_event_can_be_taken_up_again():
    cancelled = threading.Event()

    def play(peer):
        peer.answer(SUBSCRIBE, SNAPSHOT)
        assert cancelled.wait(10)
        peer.send(line(CHANGED))
        peer.expect_close()

    async def main(port):
        async with AsyncClient(port=port).events() as events:
            await events.__anext__()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(events.__anext__(), 0.01)
            cancelled.set()
            return await asyncio.wait_for(events.__anext__(), 10)

    with ScriptedServer(play) as server:
        assert asyncio.run(main(server.port)).event == "changed"


def test_events_that_nobody_takes_stay_in_the_system_and_are_not_lost():
    """A stream that is not read from stops its sender; nothing piles up in the client."""
    count = 5000
    stream = b"".join(
        line({**CHANGED, "seq": seq, "later": "x" * (HIGH_WATER // 10)}) for seq in range(count)
    )
    stalled = threading.Event()

    def play(peer):
        peer.answer(SUBSCRIBE, SNAPSHOT)
        rest = peer.send_until_stalled(stream)
        assert rest, "the client took all of it"
        stalled.set()
        peer.send(rest)
        peer.expect_close()

    async def main(port):
        async with AsyncClient(port=port).events() as events:
            await asyncio.get_running_loop().run_in_executor(None, stalled.wait, 10)
            return [(await events.__anext__()).seq for _ in range(1 + count)]

    with ScriptedServer(play) as server:
        assert asyncio.run(main(server.port)) == [41, *range(count)]


def test_a_bug_while_an_event_is_read_stays_what_it_is(monkeypatch):
    def play(peer):
        peer.answer(SUBSCRIBE, SNAPSHOT)
        peer.send(line(CHANGED))
        peer.expect_close()

    def broken(core, text):
        raise ZeroDivisionError

    async def main(port):
        async with AsyncClient(port=port).events() as events:
            await events.__anext__()
            monkeypatch.setattr("dds_link.client.core.Core.decoded", broken)
            await events.__anext__()

    with ScriptedServer(play) as server, pytest.raises(ZeroDivisionError):
        asyncio.run(main(server.port))


def test_a_stream_that_is_closed_while_it_subscribes():
    asked, closed = threading.Event(), threading.Event()

    def play(peer):
        peer.expect(SUBSCRIBE)
        asked.set()
        assert closed.wait(10)
        peer.send(success(SNAPSHOT))
        peer.expect_close()

    async def main(port):
        events = AsyncClient(port=port).events()
        task = asyncio.ensure_future(events.open())
        await asyncio.get_running_loop().run_in_executor(None, asked.wait, 10)
        await events.close()
        closed.set()
        await task
        return [event async for event in events]

    with ScriptedServer(play) as server:
        assert asyncio.run(main(server.port)) == []


def test_ping_between_two_turns_of_the_loop_sees_a_closed_connection():
    def first(peer):
        peer.greet()
        peer.answer(PING, READY)

    async def main(server):
        async with AsyncClient(port=server.port) as dds:
            await dds.ping()
            server.wait_end(0)  # blocks the loop on purpose: it has not seen the end
            return await dds.ping()

    with ScriptedServer(first, pings) as server:
        assert asyncio.run(main(server)) == READY
