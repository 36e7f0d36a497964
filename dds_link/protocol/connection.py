"""One connection without its socket: bytes in, requests out; outcomes in, bytes out, in order.

The shell that owns the socket runs this loop::

    connection.receive_data(data)
    while (request := connection.next_request()) is not None:
        ...                                   # carry it out, now or later
        connection.reply(request, result)         # or reply_error(request, error)
    socket.send(connection.data_to_send())    # and close it if connection.closing

Replies leave in the order of the requests, whatever the order in which they are ready.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from dds_link.errors import BadFrame, FrameTooLong, WireError
from dds_link.protocol.codec import Request, decode, encode_error, encode_event, encode_success
from dds_link.protocol.framing import MAX_FRAME_BYTES, FrameReader

MAX_OUTSTANDING = 1024
"""Most requests of one connection that wait for their outcome; until then nothing more is read."""

# A web page can make a browser send these to any port of the computer that it runs on.
_HTTP_METHODS = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"CONNECT ", b"OPTIONS ",
                 b"TRACE ", b"PATCH ", b"PRI ")  # fmt: skip
_LONGEST_METHOD = max(map(len, _HTTP_METHODS))
# Any other method, which other programs may be made to send, or white space before it.
_HTTP_REQUEST = re.compile(rb"[!#$%&'*+.^_`|~\w-]+[ \t]+[^ \t]+[ \t]+HTTP/")


class Connection:
    """The state of one connection.

    :param decoder: frame to request; :func:`~dds_link.protocol.codec.decode` or ``decode_object``.
    :param max_frame_bytes: longest frame.
    """

    def __init__(
        self,
        decoder: Callable[[bytes], Request] = decode,
        max_frame_bytes: int = MAX_FRAME_BYTES,
    ) -> None:
        self._decode = decoder
        #: What has come and is not yet a request.
        self.frames = FrameReader(max_frame_bytes)
        self._opening: bytes | None = b""  # first bytes, until they are known not to be HTTP
        self._place = 0  # of the next request
        #: Requests that have no reply yet.
        self.outstanding = 0
        self._head = 0  # place of the reply that leaves next
        self._early: dict[int, bytes] = {}  # replies that must wait for one before them
        self._out: list[bytes] = []
        self.closing = False
        """True: send what there is to send, then close; nothing more will be read."""

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the socket, any number; none any more once :attr:`closing`."""
        if self.closing:
            return
        if self._opening is not None:
            data = self._opening + data
            if data.startswith(_HTTP_METHODS):
                self.closing = True
                return
            if len(data) < _LONGEST_METHOD and any(m.startswith(data) for m in _HTTP_METHODS):
                self._opening = data
                return
            self._opening = None
        self.frames.feed(data)

    def receive_eof(self) -> Request | None:
        """The peer sends no more. Returns a request for half a frame, if one was left."""
        rest = self._opening or self.frames.pending
        if self.closing or not rest:
            return None
        self._opening, self.frames = None, FrameReader()
        return self._take(Request(b"", BadFrame("the connection ended within a frame")))

    def next_request(self) -> Request | None:
        """The next request, or None: more bytes are needed."""
        if self.closing:
            return None
        line = self.frames.take_line()
        if line:
            request = self._decode(line)
            if not isinstance(request.command, WireError):
                return self._take(request)
            self.frames.put_back()
        try:
            frame = self.frames.next_frame()
        except FrameTooLong as error:
            self.closing = True
            return self._take(Request(b"", error))
        if frame is None:
            return None
        if self._place == 0 and _HTTP_REQUEST.match(frame):
            self.closing = True
            return None
        return self._take(request if frame == line else self._decode(frame))

    def _take(self, request: Request) -> Request:
        request.place = self._place
        self._place += 1
        self.outstanding += 1
        return request

    def refuse(self, error: WireError) -> None:
        """Say ``error`` without being asked, and take no requests."""
        self.closing = True
        self.reply_error(self._take(Request(b"", error)), error)

    def reply(self, request: Request, result: Any) -> None:
        """Give the result of a request. Only the first outcome counts."""
        self._finish(request, encode_success(request.id, result))

    def reply_error(self, request: Request, error: WireError) -> None:
        """Give what came of a request instead of a result."""
        self._finish(request, encode_error(request.id, error))

    def _finish(self, request: Request, line: bytes) -> None:
        if request.place == self._head:
            self._out.append(line)
            self._head += 1
            self.outstanding -= 1
            if self._early:
                self._release_early()
        elif request.place > self._head:
            self._early.setdefault(request.place, line)

    def _release_early(self) -> None:
        """Let replies leave that were ready before their turn."""
        while (line := self._early.pop(self._head, None)) is not None:
            self._out.append(line)
            self._head += 1
            self.outstanding -= 1

    def event(self, body: dict[str, Any], seq: int) -> None:
        """Send an event, after every reply that was given before it."""
        line = encode_event(body, seq)
        if self._early:
            self._early[max(self._early)] += line
        else:
            self._out.append(line)

    def data_to_send(self) -> bytes:
        """Everything that can leave now; it is handed out once."""
        out, self._out = self._out, []
        return out[0] if len(out) == 1 else b"".join(out)
