"""A simulated stream that fails where one tells it to; as ``faulty`` for SPI buses."""

from collections.abc import Callable

from dds_link.clock import Clock
from dds_link.errors import TransportError, TransportLost
from dds_link.transports.stream_twin import StreamTwinTransport
from dds_link.twins.base import TextBox


class FaultyStream(StreamTwinTransport):
    """As :class:`StreamTwinTransport`, with a fault at one operation, once."""

    def __init__(self, board: TextBox, clock: Clock) -> None:
        super().__init__(board, clock)
        #: Operations so far, failed ones included.
        self.operations = 0
        self._at = 0
        self._bits = 0
        self._done = False
        self._error: type[TransportError] = TransportError
        self._interrupt_at = 0

    def fail(
        self,
        at: int,
        bits: int = 0,
        done: bool = False,
        error: type[TransportError] = TransportError,
    ) -> None:
        """Let one operation fail.

        :param at: 1 for the next one, 2 for the one after that.
        :param bits: of the first byte or bytes; as many whole bytes as these are reach the box.
        :param done: True: all of them do, and the answer comes later.
        :param error: with :class:`TransportLost` the box is gone until it is opened again.
        """
        self._at, self._bits, self._done, self._error = self.operations + at, bits, done, error

    def interrupt_at(self, at: int) -> None:
        """Set :attr:`interrupt` while an operation takes place: the next one is not begun."""
        self._interrupt_at = self.operations + at

    def exchange(self, data: bytes, end: bytes, parts: int, timeout: float) -> bytes:
        sent = data if self._done else data[: self._bits // 8]

        def some() -> None:
            self._pending += self.board.receive(sent)

        self._operation(some)
        return super().exchange(data, end, parts, timeout)

    def discard(self, quiet: float) -> bytes:
        self._operation(lambda: None)
        return super().discard(quiet)

    def delay(self, seconds: float) -> None:
        self._operation(lambda: None)
        super().delay(seconds)

    def _operation(self, some: Callable[[], None]) -> None:
        """Count an operation; raise if it is the one that fails."""
        self.operations += 1
        if self.operations == self._interrupt_at:
            self.interrupt.set()
        if self.operations != self._at:
            return
        some()
        if issubclass(self._error, TransportLost):
            self.close()
        raise self._error(f"fault injected at operation {self.operations}")
