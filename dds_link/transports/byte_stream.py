"""What every stream of bytes does alike: collect an answer, drop what is late, wait.

The far end may be slow, cut answers short, send too much or go away at any byte; whatever it does,
each call ends in time.
"""

from __future__ import annotations

from abc import abstractmethod

from dds_link.clock import Clock
from dds_link.errors import TransportError
from dds_link.transports.base import MAX_ANSWER, StreamTransport

#: Longest :meth:`ByteStream.discard`, s, and how many bytes it reads at most.
LONGEST_DISCARD, MOST_DISCARDED = 1.0, 1 << 20
# How many bytes of a bad answer a message shows.
_SHOWN = 40


class ByteStream(StreamTransport):
    """A stream that gives bytes as they come.

    :param clock: measures time-outs.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        # What has come and belongs to no answer yet.
        self._pending = bytearray()

    @abstractmethod
    def _check_open(self) -> None:
        """Raise :class:`~dds_link.errors.TransportLost` unless the stream is open."""

    @abstractmethod
    def _send(self, data: bytes) -> float:
        """Send all of ``data``; returns how long its last byte is on its way at most, s."""

    @abstractmethod
    def _receive(self, seconds: float) -> bytes:
        """Some bytes as soon as there are any, nothing if none come for ``seconds``."""

    def exchange(self, data: bytes, end: bytes, parts: int, timeout: float) -> bytes:
        """See :meth:`StreamTransport.exchange`."""
        self._check_open()
        on_the_way = self._send(data) if data else 0.0
        deadline = self._clock.now() + on_the_way + timeout
        complete = searched = found = 0
        while found < parts:
            place = self._pending.find(end, searched)
            if place >= 0:
                complete = searched = place + len(end)
                found += 1
                continue
            # The end may have begun to come.
            searched = max(complete, len(self._pending) - len(end) + 1)
            if len(self._pending) > MAX_ANSWER:
                raise self._broken(f"more than {MAX_ANSWER} bytes came, and no end of the answer")
            left = deadline - self._clock.now()
            chunk = self._receive(left) if left > 0 else b""
            if not chunk:
                raise self._broken(f"no whole answer in {timeout:g} s")
            self._pending += chunk
        answer = bytes(self._pending[:complete])
        del self._pending[:complete]
        return answer

    def _broken(self, what: str) -> TransportError:
        begin = bytes(self._pending[:_SHOWN])
        self._pending.clear()
        return TransportError(f"{what}; it began with {begin!r}" if begin else what)

    def discard(self, quiet: float) -> bytes:
        """See :meth:`StreamTransport.discard`."""
        self._check_open()
        deadline = self._clock.now() + LONGEST_DISCARD
        dropped = self._pending
        self._pending = bytearray()
        count = 0
        while count < MOST_DISCARDED:
            left = deadline - self._clock.now()
            chunk = self._receive(min(quiet, left)) if left > 0 else b""
            if not chunk:
                break
            count += len(chunk)
            dropped += chunk
            del dropped[:-MAX_ANSWER]
        return bytes(dropped)

    def delay(self, seconds: float) -> None:
        """Wait; raises :class:`~dds_link.errors.Preempted` as soon as ``interrupt`` is set."""
        self._check_open()
        super().delay(seconds)
