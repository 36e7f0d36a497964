"""The simulated wires: what goes in comes out at a twin, bit for bit and edge for edge."""

from __future__ import annotations

from collections.abc import Sequence

from dds_link.clock import Clock
from dds_link.errors import Preempted, TransportError, TransportLost
from dds_link.transports.base import Operation, Pulse, SpiTransport, Transfer
from dds_link.twins.base import SpiBoard

# How often a delay looks for something urgent, s.
_SLICE = 0.01


class TwinTransport(SpiTransport):
    """An SPI bus that ends in a twin.

    :param board: what is at the far end. It stays as it is through :meth:`close` and :meth:`open`.
    :param clock: its ``sleep`` makes the delays.
    :param readback: False: MISO is not wired, so that answers are zero.
    """

    blocking = False

    def __init__(self, board: SpiBoard, clock: Clock, readback: bool = True) -> None:
        super().__init__()
        self.board = board
        self._clock = clock
        self._readback = readback
        self._is_open = False

    @property
    def lines(self) -> frozenset[str]:
        """Names of the lines that are wired."""
        return self.board.lines

    def open(self) -> None:
        """Take hold of the twin; changes nothing."""
        self._is_open = True

    def close(self) -> None:
        """Let go of the twin; changes nothing."""
        self._is_open = False

    def execute(self, operations: Sequence[Operation]) -> list[bytes]:
        """See :meth:`Transport.execute`. What every set consists of goes straight to the board."""
        if not self._is_open:
            raise _closed()
        board, interrupt = self.board, self.interrupt
        answers: list[bytes] = []
        for operation in operations:
            if interrupt.raised:
                raise Preempted(f"stopped before {operation!r}")
            if type(operation) is Transfer:
                data = operation.data
                try:
                    answers.append(board.transfer(operation.chip, data, 8 * len(data)))
                except KeyError:
                    raise TransportError(f"there is no chip {operation.chip}") from None
            elif type(operation) is Pulse:
                try:
                    board.pulse(operation.line)
                except KeyError:
                    raise _not_wired(operation.line) from None
            else:
                super().execute((operation,))
        return answers if self._readback else [bytes(len(answer)) for answer in answers]

    def transfer(self, chip: int, data: bytes) -> bytes:
        """One SPI frame; returns as many bytes as went out."""
        if not self._is_open:
            raise _closed()
        try:
            answer = self.board.transfer(chip, data, 8 * len(data))
        except KeyError:
            raise TransportError(f"there is no chip {chip}") from None
        return answer if self._readback else bytes(len(data))

    def pulse(self, line: str) -> None:
        """One pulse on ``line``."""
        if not self._is_open:
            raise _closed()
        try:
            self.board.pulse(line)
        except KeyError:
            raise _not_wired(line) from None

    def level(self, line: str, high: bool) -> None:
        """Set ``line``."""
        if not self._is_open:
            raise _closed()
        try:
            self.board.level(line, high)
        except KeyError:
            raise _not_wired(line) from None

    def is_high(self, line: str) -> bool:
        """Level of a line."""
        try:
            return self.board.is_high(line)
        except KeyError:
            raise _not_wired(line) from None

    def delay(self, seconds: float) -> None:
        """Sleep on the clock, in slices."""
        if not self._is_open:
            raise _closed()
        while True:
            if self.interrupt.is_set():
                raise Preempted("stopped during a delay")
            if not seconds > 0:
                return
            self._clock.sleep(min(seconds, _SLICE))
            seconds -= _SLICE


def _closed() -> TransportLost:
    return TransportLost("the simulated bus is not open")


def _not_wired(line: str) -> TransportError:
    return TransportError(f"line '{line}' is not wired")
