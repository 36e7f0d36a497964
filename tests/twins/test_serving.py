"""Twins on real wires: sockets and pseudo-terminals of this machine."""

import asyncio
import os
import socket
from collections.abc import Coroutine
from typing import Any

import pytest

from dds_link.twins.serving import PtyTwin, TcpTwin

PATIENCE = 30.0
MEGABYTE = 1 << 20


class Box:
    """Greets, answers each line with its number, and sometimes says something by itself."""

    def __init__(self) -> None:
        self.connections = 0
        self.lines = 0
        self.late = b""

    def connect(self) -> bytes:
        self.connections += 1
        return b"hello\n"

    def receive(self, data: bytes) -> bytes:
        late, self.late = self.late, b""
        if data == b"flood\n":
            return bytes(MEGABYTE)
        self.lines += data.count(b"\n")
        return late + b"".join(b"%d\n" % self.lines for _ in range(data.count(b"\n")))


def run(test: Coroutine[Any, Any, None]) -> None:
    async def life() -> None:
        try:
            await asyncio.wait_for(test, PATIENCE)
        finally:
            for client in Client.all:
                client.writer.close()
                await asyncio.wait({asyncio.ensure_future(client.writer.wait_closed())})
            Client.all.clear()

    asyncio.run(life())


class Client:
    """One connection."""

    all: "list[Client]" = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self.all.append(self)

    @classmethod
    async def to(cls, place: str) -> "Client":
        host, _, port = place.rpartition(":")
        return cls(*await asyncio.open_connection(host.strip("[]"), int(port)))

    async def read(self) -> bytes:
        return await self._reader.readline()

    async def ask(self, line: bytes) -> bytes:
        self.writer.write(line)
        return await self.read()


def test_tcp_clients_come_and_go_and_the_box_stays() -> None:
    async def test() -> None:
        box = Box()
        twin = TcpTwin(box, "127.0.0.1", 0)
        place = await twin.start()
        for number in (1, 2, 3):
            client = await Client.to(place)
            assert await client.read() == b"hello\n"
            assert await client.ask(b"x\n") == b"%d\n" % number
            client.writer.close()
        assert box.connections == 3
        await twin.close()

    run(test())


def test_tcp_one_client_at_a_time() -> None:
    async def test() -> None:
        box = Box()
        twin = TcpTwin(box, "127.0.0.1", 0)
        place = await twin.start()
        first, second = await Client.to(place), await Client.to(place)
        assert await first.read() == b"hello\n"
        waiting = asyncio.ensure_future(second.read())
        assert await first.ask(b"x\n") == b"1\n"
        assert not waiting.done()
        first.writer.close()
        assert await waiting == b"hello\n"
        assert box.connections == 2
        await twin.close()
        assert await second.read() == b""

    run(test())


def test_tcp_what_a_box_says_by_itself() -> None:
    async def test() -> None:
        box = Box()
        twin = TcpTwin(box, "127.0.0.1", 0)
        client = await Client.to(await twin.start())
        await client.read()
        box.late = b"by the way\n"
        assert await client.read() == b"by the way\n"
        await twin.close()

    run(test())


def test_tcp_a_client_that_vanishes_while_it_is_answered() -> None:
    async def test() -> None:
        twin = TcpTwin(Box(), "127.0.0.1", 0)
        place = await twin.start()
        client = await Client.to(place)
        await client.read()
        client.writer.write(b"flood\n")
        await client.writer.drain()
        client.writer.transport.abort()
        again = await Client.to(place)
        assert await again.read() == b"hello\n"
        await twin.close()

    run(test())


def test_tcp_over_ipv6_and_a_port_that_is_taken() -> None:
    async def test() -> None:
        twin = TcpTwin(Box(), "::1", 0)
        try:
            place = await twin.start()
        except OSError:
            pytest.skip("this machine has no IPv6")
        assert place.startswith("[::1]:")
        assert await (await Client.to(place)).read() == b"hello\n"
        other = TcpTwin(Box(), "::1", int(place.rpartition(":")[2]))
        with pytest.raises(OSError, match="address already in use"):
            await other.start()
        await other.close()
        await twin.close()

    run(test())


needs_pty = pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")


class Line:
    """A program that has opened the serial line."""

    def __init__(self, path: str) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_NOCTTY)

    async def ask(self, line: bytes, size: int = 64) -> bytes:
        os.write(self._handle, line)
        return await self.read(size)

    async def read(self, size: int = 64) -> bytes:
        """Some bytes."""
        loop, readable = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._handle, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(self._handle)
        return os.read(self._handle, size)

    def close(self) -> None:
        os.close(self._handle)


@needs_pty
def test_pty_programs_come_and_go() -> None:
    async def test() -> None:
        box = Box()
        twin = PtyTwin(box)
        path = await twin.start()
        greeting = b"hello\n"  # once: nobody sees a serial line being opened
        for number in (1, 2, 3):
            line = Line(path)
            if greeting:
                assert await line.read() == greeting
                greeting = b""
            assert await line.ask(b"x\n") == b"%d\n" % number
            line.close()
        assert box.connections == 1
        await twin.close()
        await twin.close()
        with pytest.raises(OSError, match="No such file"):
            Line(path)

    run(test())


@needs_pty
def test_pty_bytes_pass_as_they_are() -> None:
    class Parrot(Box):
        def connect(self) -> bytes:
            return b""

        def receive(self, data: bytes) -> bytes:
            return data

    async def test() -> None:
        twin = PtyTwin(Parrot())
        line = Line(await twin.start())
        every = bytes(range(256))
        came = await line.ask(every, 256)
        while len(came) < 256:
            came += await line.read(256)
        assert came == every
        line.close()
        await twin.close()

    run(test())


@needs_pty
def test_pty_what_a_box_says_by_itself() -> None:
    async def test() -> None:
        box = Box()
        twin = PtyTwin(box)
        line = Line(await twin.start())
        await line.read()
        box.late = b"by the way\n"
        assert await line.read() == b"by the way\n"
        line.close()
        await twin.close()

    run(test())


@needs_pty
def test_pty_a_program_that_does_not_read_is_not_listened_to() -> None:
    async def test() -> None:
        box = Box()
        twin = PtyTwin(box)
        line = Line(await twin.start())
        await line.read()
        os.write(line._handle, b"flood\n")
        got = len(await line.read(4096))
        os.write(line._handle, b"x\n")
        tail = b""
        while got < MEGABYTE + 2:
            assert box.lines == 0 or got > MEGABYTE - (1 << 17)
            tail = await line.read(65536)
            got += len(tail)
        assert tail.endswith(b"\x001\n")
        line.close()
        await twin.close()

    run(test())


def test_closing_what_was_never_started() -> None:
    async def test() -> None:
        await PtyTwin(Box()).close()
        await TcpTwin(Box(), "127.0.0.1", 0).close()

    run(test())


def test_nothing_listens_after_closing() -> None:
    async def test() -> None:
        twin = TcpTwin(Box(), "127.0.0.1", 0)
        port = int((await twin.start()).rpartition(":")[2])
        await twin.close()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0

    run(test())
