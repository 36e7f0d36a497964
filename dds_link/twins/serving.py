"""A twin on a real wire: behind a TCP port, or a pseudo-terminal that other programs open as a
serial line.

A client at a time; the next one waits until it has left. The twin keeps its state meanwhile, as the
box would.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from dds_link.twins.base import TextBox

# Bytes read at once, and bytes that may wait for a client that does not read.
_CHUNK, _MAX_WAITING = 4096, 1 << 16
# How often a box is asked whether it has something to say, s.
_POLL = 0.02


class TcpTwin:
    """Serves ``box`` behind a TCP port.

    :param host: address to listen on.
    :param port: 0 takes a free one.
    """

    def __init__(self, box: TextBox, host: str, port: int) -> None:
        self._box = box
        self._host = host
        self._port = port
        self._turn = asyncio.Lock()
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Listen; returns where, ``"HOST:PORT"``.

        :raises OSError: if the port is taken.
        """
        self._server = await asyncio.start_server(self._serve, self._host, self._port)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def close(self) -> None:
        """Let every client go."""
        if self._server is not None:
            self._server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = asyncio.current_task()
        if client is not None:
            self._clients.add(client)
            client.add_done_callback(self._clients.discard)
        try:
            async with self._turn:
                writer.write(self._box.connect())
                poll = asyncio.ensure_future(self._poll(writer))
                try:
                    while data := await reader.read(_CHUNK):
                        writer.write(self._box.receive(data))
                        await writer.drain()
                finally:
                    poll.cancel()
        except (OSError, asyncio.CancelledError):
            pass  # the client has gone, or we are closing
        finally:
            writer.close()

    async def _poll(self, writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.sleep(_POLL)
            if late := self._box.receive(b""):
                writer.write(late)
                await writer.drain()


class PtyTwin:
    """Serves ``box`` on a pseudo-terminal. Not on Windows, which has none."""

    def __init__(self, box: TextBox) -> None:
        self._box = box
        self._waiting = bytearray()
        self._master = self._slave = -1
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> str:
        """Make the pseudo-terminal; returns its path.

        :raises OSError: if the system gives none.
        """
        import tty

        self._master, self._slave = os.openpty()
        # Bytes pass as they are. As the twin holds its end of the line open, clients may come and
        # go.
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._waiting += self._box.connect()
        self._send()
        self._poll()
        return os.ttyname(self._slave)

    async def close(self) -> None:
        """Take the pseudo-terminal away."""
        if self._timer is not None:
            self._timer.cancel()
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._master)
            loop.remove_writer(self._master)
            os.close(self._master)
            os.close(self._slave)
            self._timer = None

    def _poll(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_POLL, self._poll)
        if len(self._waiting) < _MAX_WAITING and (late := self._box.receive(b"")):
            self._waiting += late
            self._send()

    def _read(self) -> None:
        with suppress(BlockingIOError):
            self._waiting += self._box.receive(os.read(self._master, _CHUNK))
        self._send()

    def _send(self) -> None:
        """Send what the line takes; listen to it only while not too much is left."""
        loop = asyncio.get_running_loop()
        with suppress(BlockingIOError):
            while self._waiting:
                del self._waiting[: os.write(self._master, self._waiting)]
        if self._waiting:
            loop.add_writer(self._master, self._send)
        else:
            loop.remove_writer(self._master)
        if len(self._waiting) < _MAX_WAITING:
            loop.add_reader(self._master, self._read)
        else:
            loop.remove_reader(self._master)
