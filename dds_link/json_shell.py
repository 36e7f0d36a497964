"""The JSON port: TCP around :mod:`dds_link.protocol.connection` and the service.

A client that does not read is not read from; a turn of the loop serves at most 32 frames, and
16 KiB, of one connection; what clients do wrong is logged at DEBUG with a rate-limited summary, so
that a stderr pipe that nobody reads cannot fill up and freeze the controller.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl as ssl_module
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from dds_link.errors import Busy, DDSRefused, InternalError, WireError
from dds_link.protocol.codec import Request
from dds_link.protocol.commands import Subscribe
from dds_link.protocol.connection import MAX_OUTSTANDING, Connection
from dds_link.service.events import Session
from dds_link.service.service import Service

logger = logging.getLogger(__name__)

Deliver = Callable[[dict[str, Any], int], None]
"""Sends an event and its number."""
Reply = Callable[[Any, Request], None]
"""Takes the outcome of a request and the request, now or later."""

RECEIVE_BYTES = 1 << 16
"""Most bytes of one receive."""
FRAMES_PER_TURN = 32
_TURN = range(FRAMES_PER_TURN)
BYTES_PER_TURN = 1 << 14
"""Most bytes of one connection that a turn of the loop looks at: garbage takes up to 0.15 us a
byte, and uvloop hands over 256 kB at a time, up to 32 times a turn."""
MAX_CONNECTIONS = 1000
"""Most connections at a time: an open-file limit of 1024 is common."""
MAX_BACKLOG = 4 << 20
"""Most bytes that wait for a subscriber that does not read; then it is cut off (a gap in its events
would be worse)."""
LINGER = 2.0
"""Seconds for which a client may finish sending after it was told that no more will be read:
closing on unread bytes would reset the connection, and the answer might be lost."""
SUMMARY_INTERVAL = 60.0
"""Seconds between two summaries of client faults in the log."""


class Handler(Protocol):
    """What carries out the requests of one connection."""

    def handle(self, request: Request, reply: Reply) -> None:
        """Carry out one request, or refuse it if its command is a ``WireError``."""

    @property
    def listening(self) -> bool:
        """True if the client waits for events, so that it may have nothing more to say."""

    def close(self) -> None:
        """The connection has ended."""


class ServiceHandler:
    """Gives the requests of one connection to the DDS service.

    :param peer: name of the client.
    :param deliver: sends the events of its subscription.
    """

    def __init__(self, service: Service, peer: str, deliver: Deliver) -> None:
        self._service = service
        self._session = Session(peer=peer)
        self._deliver = deliver
        self._subscription: Any = None
        self._listening = False

    def handle(self, request: Request, reply: Reply) -> None:
        """See :meth:`Handler.handle`. A second ``subscribe`` takes the place of the first."""
        command = request.command
        self._listening = type(command) is Subscribe
        if not self._listening:
            self._service.execute(command, self._session, reply, request)
            return
        snapshot, subscription = self._service.subscribe(command, self._deliver)
        if subscription is not None:
            self.close()
            self._subscription = subscription
        reply(snapshot, request)

    @property
    def listening(self) -> bool:
        """See :attr:`Handler.listening`. A client that went on to ask for other things after it had
        subscribed is gone when it says no more: nothing else would tell, until the next event."""
        return self._listening and self._subscription is not None

    def close(self) -> None:
        """See :meth:`Handler.close`."""
        if self._subscription is not None:
            self._service.unsubscribe(self._subscription)


class FaultLog:
    """Counts what clients do wrong, and says so at most once a minute."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._count = 0
        self._next = now()

    def note(self, peer: str, error: WireError) -> None:
        """One fault of one client."""
        self._count += 1
        logger.debug("%s: %s: %s", peer, error.code, error.text)
        if self._now() >= self._next:
            logger.info("%d refused requests, last from %s: %s", self._count, peer, error.code)
            self._count = 0
            self._next = self._now() + SUMMARY_INTERVAL


class JsonConnection(asyncio.Protocol):
    """One socket.

    :param shell: what all connections share.
    """

    def __init__(self, shell: JsonShell) -> None:
        self._shell = shell
        self._loop = shell.loop
        self._trace = shell.trace
        self._connection = shell.make_connection()
        self._paused = False  # the peer does not read
        self._reading = True
        self._serving = False
        self._unread = b""  # what came beyond one turn's share
        self._again = False  # more waits for the next turn
        self._eof = False  # the client sends no more
        self._over = False  # and all that it sent is dealt with
        self._ended = False  # we send no more
        self._linger: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client has connected."""
        self._transport = transport
        # asyncio allocates as much for each receive: 256 KiB may take longer than all the rest.
        if hasattr(transport, "max_size"):
            transport.max_size = RECEIVE_BYTES
        self._peer = _peer_name(transport.get_extra_info("peername"))
        self._handler = self._shell.make_handler(self._peer, self._deliver)
        if not self._shell.admit(self):
            self._connection.refuse(Busy(f"{MAX_CONNECTIONS} connections are open already"))
            self._transport.write(self._connection.data_to_send())
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._trace is not None:
            self._trace(self._peer, ">", data)
        if len(data) > BYTES_PER_TURN or self._unread:
            self._unread += data
        else:
            self._connection.receive_data(data)
        if not self._again:
            self._serve()

    def eof_received(self) -> bool:
        """The client sends no more; what it asked for is still answered."""
        self._eof = True
        if not self._again:
            self._serve()
        return self._transport.get_extra_info("sslcontext") is None  # TLS has no half-close

    def pause_writing(self) -> None:
        """The client does not read."""
        self._paused = True
        self._update_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._paused = False
        if not self._again:
            self._serve()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended. That changes no RF."""
        if self._linger is not None:
            self._linger.cancel()
        self._handler.close()
        self._shell.release(self)

    def close(self) -> None:
        """End the connection after what was answered already."""
        self._transport.close()

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    def _serve(self) -> None:
        """Handle the frames of one turn, and send what is ready."""
        connection = self._connection
        self._again = False
        self._serving = True
        for _ in _TURN:
            if self._paused or connection.outstanding >= MAX_OUTSTANDING:
                break
            request = connection.next_request()
            if request is None:
                if self._unread or self._eof:
                    self._take_in()
                break
            try:
                self._handler.handle(request, self._reply)
            except Exception:  # a bug must not leave the client waiting
                logger.exception("bug in a request")
                bug = InternalError("a bug in the controller; its log has the details")
                self._reply(bug, request)
            if not (connection.frames.more or self._unread or self._eof):
                break
        else:
            self._serve_again()
        self._serving = False
        self._flush()
        if self._again or self._paused or connection.outstanding or not self._reading:
            self._update_reading()

    def _full(self) -> bool:
        return self._paused or self._connection.outstanding >= MAX_OUTSTANDING

    def _serve_again(self) -> None:
        """Go on in the next turn of the loop; nothing is read until then."""
        self._again = True
        self._loop.call_soon(self._serve)

    def _take_in(self) -> None:
        """No whole frame is left: take in more of what came, or see whether that was all."""
        if self._unread and not self._connection.closing:
            self._connection.receive_data(self._unread[:BYTES_PER_TURN])
            self._unread = self._unread[BYTES_PER_TURN:]
            self._serve_again()
        elif self._eof:
            self._over = True
            if (request := self._connection.receive_eof()) is not None:
                self._reply(request.command, request)

    def _reply(self, outcome: Any, request: Request) -> None:
        if isinstance(outcome, WireError):
            if outcome.client_error is DDSRefused:
                self._shell.faults.note(self._peer, outcome)
            self._connection.reply_error(request, outcome)
        else:
            self._connection.reply(request, outcome)
        if not self._serving:
            self._flush()
            if not self._again and not self._reading:
                self._serve()

    def _deliver(self, body: dict[str, Any], seq: int) -> None:
        self._connection.event(body, seq)
        if not self._serving:
            self._flush()
        if self._transport.get_write_buffer_size() > MAX_BACKLOG:
            logger.debug("%s: cut off, it does not read its events", self._peer)
            self._transport.abort()

    def _flush(self) -> None:
        connection = self._connection
        data = connection.data_to_send()
        # Writing to a lost connection would make the event loop log warnings.
        if data and not self._ended and not self._transport.is_closing():
            if self._trace is not None:
                self._trace(self._peer, "<", data)
            self._transport.write(data)
        if (connection.closing or self._over) and not connection.outstanding:
            if connection.closing or not self._handler.listening:
                self._end_output()

    def _end_output(self) -> None:
        """Close the connection, at once if the client has nothing more to send."""
        if self._eof:
            self._transport.close()
        elif not self._ended and not self._transport.is_closing():
            self._ended = True
            self._linger = self._loop.call_later(LINGER, self._transport.abort)
            if self._transport.can_write_eof():
                self._transport.write_eof()

    def _update_reading(self) -> None:
        """Read on only if what was read is dealt with."""
        wanted = not (self._again or self._full())
        if wanted is not self._reading and not self._transport.is_closing():
            self._reading = wanted
            (self._transport.resume_reading if wanted else self._transport.pause_reading)()


class JsonShell:
    """All connections of the JSON port.

    :param make_handler: gives each connection its handler, from its peer's name and a function
        that delivers events.
    :param make_connection: gives each connection its protocol state.
    :param trace: sees the bytes that go over the wire: ``trace(peer, direction, data)``.
    """

    def __init__(
        self,
        make_handler: Callable[[str, Deliver], Handler],
        make_connection: Callable[[], Connection] = Connection,
        trace: Callable[[str, str, bytes], None] | None = None,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.make_handler = make_handler
        self.make_connection = make_connection
        self.trace = trace
        self.faults = FaultLog(self.loop.time)
        self._open: set[JsonConnection] = set()
        self._servers: list[asyncio.Server] = []

    async def listen(
        self, sockets: Iterable[socket.socket], ssl: ssl_module.SSLContext | None = None
    ) -> int:
        """Listen on bound sockets, all of one port; returns the port."""
        port = 0
        for sock in sockets:
            server = await self.loop.create_server(
                lambda: JsonConnection(self), sock=sock, ssl=ssl, backlog=128
            )
            self._servers.append(server)
            port = sock.getsockname()[1]
        return port

    def admit(self, connection: JsonConnection) -> bool:
        """Count a connection in, unless there are too many."""
        if len(self._open) >= MAX_CONNECTIONS:
            return False
        self._open.add(connection)
        return True

    def release(self, connection: JsonConnection) -> None:
        """Count a connection out."""
        self._open.discard(connection)

    def close_listeners(self) -> None:
        """Take no new connections."""
        for server in self._servers:
            server.close()

    async def close(self) -> None:
        """Stop listening, and end every connection; a client that does not read is cut off."""
        self.close_listeners()
        for end in (JsonConnection.close, JsonConnection.abort):
            for connection in list(self._open):
                end(connection)
            for _ in range(2):  # turns of the loop, in which it writes and closes
                await asyncio.sleep(0)


def _peer_name(address: Any) -> str:
    return "{}:{}".format(*address[:2]) if isinstance(address, tuple) else str(address)
