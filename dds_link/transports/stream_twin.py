"""The simulated stream: what is sent goes to a twin, and what the twin says comes back."""

from __future__ import annotations

from dds_link.clock import Clock
from dds_link.errors import Preempted, TransportLost
from dds_link.transports.byte_stream import ByteStream
from dds_link.twins.base import TextBox

# How often a wait looks whether anything has happened, s.
_SLICE = 0.01


class StreamTwinTransport(ByteStream):
    """A stream of bytes that ends in a twin.

    :param board: what is at the far end. It stays as it is through :meth:`close` and :meth:`open`.
    :param clock: its ``sleep`` makes the delays, and the waits for what does not come.
    """

    blocking = False

    def __init__(self, board: TextBox, clock: Clock) -> None:
        super().__init__(clock)
        self.board = board
        self._is_open = False

    def open(self) -> None:
        """Connect to the twin."""
        self._pending.clear()
        self._pending += self.board.connect()
        self._is_open = True

    def close(self) -> None:
        """Let go of the twin; what it said and nobody read is gone."""
        self._is_open = False
        self._pending.clear()

    def delay(self, seconds: float) -> None:
        """Sleep on the clock, in slices."""
        self._check_open()
        while True:
            if self.interrupt.is_set():
                raise Preempted("stopped during a delay")
            if not seconds > 0:
                return
            self._clock.sleep(min(seconds, _SLICE))
            seconds -= _SLICE

    def _send(self, data: bytes) -> float:
        self._pending += self.board.receive(data)
        return 0.0

    def _receive(self, seconds: float) -> bytes:
        while True:
            chunk = self.board.receive(b"")
            if chunk or not seconds > 0:
                return chunk
            self._clock.sleep(min(seconds, _SLICE))
            seconds -= _SLICE

    def _check_open(self) -> None:
        if not self._is_open:
            raise TransportLost("the simulated line is not open")
