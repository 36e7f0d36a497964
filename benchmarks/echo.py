"""The bare servers to compare with, each a process of its own: bytes come back as they came.

``python -m benchmarks.echo KIND LOOP`` prints ``listening echo=HOST:PORT``.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any

from dds_link.aqctl_dds_link import new_event_loop

CHUNK = 1 << 16


def serve_blocking() -> None:
    """One connection, one blocking socket, nothing else: the floor."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        _announce(listener.getsockname()[1])
        connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        data = connection.recv(CHUNK)
        while data:
            connection.sendall(data)
            data = connection.recv(CHUNK)


class EchoProtocol(asyncio.Protocol):
    """The least that an event loop does for an exchange."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Send it back."""
        self._transport.write(data)


async def serve_protocol() -> None:
    """Callbacks."""
    server = await asyncio.get_running_loop().create_server(EchoProtocol, "127.0.0.1", 0)
    await _serve(server)


async def serve_streams() -> None:
    """Coroutines on asyncio's streams: how such servers are usually written."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        while line:
            writer.write(line)
            await writer.drain()
            line = await reader.readline()
        writer.close()

    await _serve(await asyncio.start_server(echo, "127.0.0.1", 0))


async def _serve(server: asyncio.Server) -> None:
    _announce(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _announce(port: int) -> None:
    print(f"listening echo=127.0.0.1:{port}", flush=True)


def main(kind: str, loop: str) -> None:
    """Serve until killed; the blocking one until its client has gone.

    :param kind: ``blocking``, ``protocol`` or ``streams``.
    :param loop: ``asyncio`` or ``uvloop``.
    """
    if kind == "blocking":
        serve_blocking()
    else:
        serve = {"protocol": serve_protocol, "streams": serve_streams}[kind]
        new_event_loop(loop).run_until_complete(serve())


if __name__ == "__main__":
    main(*sys.argv[1:])
