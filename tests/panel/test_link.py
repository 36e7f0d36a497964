"""The connections to a controller: true while it is there, and known to be old when it is not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from dds_link.client import Client
from dds_link.driver_place import Address
from dds_link.errors import DDSRefused, DDSStateLost, DDSUnavailable
from dds_link.panel import link as module
from dds_link.panel.link import Connection
from dds_link.panel.model import LIVE, LOST, Counter, Link
from dds_link.panel.places import Place
from tests.running import DEADLINE, running


class Watched:
    """A connection that runs, and a way to wait for what becomes known."""

    def __init__(self, port: int) -> None:
        self._changed = asyncio.Event()
        self.link = Link("lab", "lab:1", Counter(self._changed.set))
        place = Place("lab", "lab:1", lambda timeout: Address("127.0.0.1", port, None))
        self.connection = Connection(place, self.link)

    async def until(self, seen: Callable[[], Any]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not seen():
                self._changed.clear()
                await self._changed.wait()


@contextlib.asynccontextmanager
async def watched(port: int) -> AsyncIterator[Watched]:
    lab = Watched(port)
    task = asyncio.create_task(lab.connection.run())
    try:
        yield lab
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def test_it_shows_what_the_controller_says_and_sends_what_it_is_told() -> None:
    async def scene() -> None:
        async with watched(board.json_port) as lab:
            await lab.until(lambda: lab.link.rtt is not None)
            assert lab.link.state == LIVE
            assert lab.link.identity["simulation"] is True
            assert len(lab.link.description["channels"]) == len(lab.link.channels) == 4
            await lab.connection.command(lambda client: client.set(1, frequency=80e6))
            await lab.until(lambda: lab.link.channels[1].receipt["frequency"])
            assert lab.link.channels[1].by.startswith("panel (127.0.0.1:")
            with pytest.raises(DDSRefused, match="out_of_range"):
                await lab.connection.command(lambda client: client.set(1, frequency=1e12))
            await lab.connection.kill()
            await lab.until(lambda: lab.link.killed)

    with running() as board:
        asyncio.run(scene())


def test_somebody_elses_sync_is_no_reason_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PING_INTERVAL", 0.01)

    async def scene() -> None:
        async with watched(board.json_port) as lab:
            await lab.until(lambda: lab.link.rtt is not None)
            epoch = lab.link.channels[0].receipt["epoch"]
            for _ in range(3):
                await asyncio.to_thread(dds.sync)
                await lab.connection.command(lambda client: client.set(0, frequency=80e6))
            await lab.until(lambda: lab.link.channels[0].receipt["epoch"] != epoch)
            await asyncio.to_thread(dds.sync)
            version = lab.link.counter.last
            await lab.until(lambda: lab.link.head_version > version + 4)
            assert lab.link.state == LIVE

    with running() as board, Client("127.0.0.1", board.json_port) as dds:
        asyncio.run(scene())


def test_a_controller_that_goes_and_comes_back() -> None:
    async def scene() -> None:
        port = free_port()
        async with watched(port) as lab:
            await lab.until(lambda: lab.link.state == LOST)
            with pytest.raises(DDSUnavailable, match="nothing was sent"):
                await lab.connection.command(lambda client: client.set(0, frequency=80e6))
            with pytest.raises(DDSUnavailable):
                await lab.connection.kill()
            for _ in range(2):
                with contextlib.ExitStack() as stack:
                    await asyncio.to_thread(stack.enter_context, running(port=port))
                    await lab.until(lambda: lab.link.state == LIVE)
                    assert lab.link.channels[0].receipt["frequency"] is None
                    await asyncio.to_thread(stack.close)
                await lab.until(lambda: lab.link.state == LOST)
                assert "no_link" in lab.link.reason

    asyncio.run(scene())


def test_kill_is_tried_where_there_seems_to_be_no_link() -> None:
    async def scene() -> None:
        lab = Watched(board.json_port)  # does not run
        await lab.connection.kill()

    with running() as board:
        asyncio.run(scene())
        with Client("127.0.0.1", board.json_port) as dds, pytest.raises(DDSRefused, match="killed"):
            dds.set(0, frequency=80e6, enabled=True)


def test_a_controller_that_falls_silent_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    monkeypatch.setattr(module, "PING_INTERVAL", 0.01)

    async def scene() -> None:
        async with watched(board.json_port) as lab:
            await lab.until(lambda: lab.link.rtt is not None)
            stuck = asyncio.run_coroutine_threadsafe(_stuck(), board.loop)
            await lab.until(lambda: lab.link.state == LOST)
            assert "timeout" in lab.link.reason
            await asyncio.to_thread(stuck.result)
            await lab.until(lambda: lab.link.state == LIVE)

    async def _stuck() -> None:
        import time

        time.sleep(1.0)  # noqa: ASYNC251  (the loop of the controller stands still)

    with running() as board:
        asyncio.run(scene())


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b'{"status":"success"}\n'])
def test_something_else_answers_there(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def scene() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server, watched(server.sockets[0].getsockname()[1]) as lab:
            await lab.until(lambda: lab.link.state == LOST)
            assert lab.link.reason

    asyncio.run(scene())


def test_a_place_that_cannot_be_worked_out() -> None:
    def locate(timeout: float) -> Address:
        raise RuntimeError("a device_db with a mistake")

    async def scene() -> None:
        lab = Watched(1)
        task = asyncio.create_task(Connection(Place("lab", "lab", locate), lab.link).run())
        await lab.until(lambda: lab.link.state == LOST)
        assert "a device_db with a mistake" in lab.link.reason
        task.cancel()

    asyncio.run(scene())


def test_what_was_meant_for_a_controller_is_not_sent_to_the_next() -> None:
    async def restarted(client: object) -> None:
        lab.connection._client = None
        raise DDSStateLost("state_lost: it restarted")

    async def scene() -> None:
        async with watched(board.json_port) as started:
            nonlocal lab
            lab = started
            await lab.until(lambda: lab.link.state == LIVE)
            with pytest.raises(DDSStateLost):
                await lab.connection.command(restarted)

    lab: Watched
    with running() as board:
        asyncio.run(scene())


def test_a_missing_event_makes_it_connect_anew() -> None:
    async def scene() -> None:
        async with watched(board.json_port) as lab:
            await lab.until(lambda: lab.link.state == LIVE)
            lab.link._seq += 1
            await asyncio.to_thread(dds.set, 0, frequency=80e6)
            await lab.until(lambda: lab.link.state == LOST)
            assert "is missing" in lab.link.reason
            await lab.until(lambda: lab.link.state == LIVE)
            assert lab.link.channels[0].receipt["frequency"] == pytest.approx(80e6, abs=1)

    with running() as board, Client("127.0.0.1", board.json_port) as dds:
        asyncio.run(scene())
