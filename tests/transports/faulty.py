"""A simulated bus that fails where one tells it to.

For tests of what a device and a service do then::

    transport = FaultyTwin(board, clock)
    transport.fail(at=3)                               # the third operation from now on is refused
    transport.fail(at=3, bits=13)                      # 13 bits of it get through
    transport.fail(at=3, done=True)                    # it gets through, but nobody knows
    transport.fail(at=3, error=TransportLost)          # and from then on all fail, until reopened
"""

from collections.abc import Callable

from dds_link.clock import Clock
from dds_link.errors import TransportError, TransportLost
from dds_link.transports.base import SpiTransport
from dds_link.transports.twin import TwinTransport
from dds_link.twins.base import SpiBoard


class FaultyTwin(TwinTransport):
    """As :class:`TwinTransport`, with a fault at one operation, once."""

    execute = SpiTransport.execute  # operation by operation

    def __init__(self, board: SpiBoard, clock: Clock, readback: bool = True) -> None:
        super().__init__(board, clock, readback)
        #: Operations so far, failed ones included.
        self.operations = 0
        #: While True, :meth:`open` finds nothing.
        self.missing = False
        #: True once the fault has happened.
        self.fired = False
        self._at = 0
        self._bits: int | None = None
        self._done = False
        self._error: type[TransportError] = TransportError
        self._interrupt_at = 0

    def fail(
        self,
        at: int,
        bits: int | None = None,
        done: bool = False,
        error: type[TransportError] = TransportError,
    ) -> None:
        """Let one operation fail.

        :param at: 1 for the next one, 2 for the one after that.
        :param bits: how many bits get through if it is a transfer; anything else takes place (a
            pulse has its edge) or, for 0, does not.
        :param done: True: all of it takes place.
        :param error: with :class:`TransportLost` the hardware is gone until it is opened again.
        """
        self._at = self.operations + at
        self._bits = bits
        self._done = done
        self._error = error
        self.fired = False

    def disarm(self) -> None:
        """No fault any more."""
        self._at = 0
        self.fired = False

    def interrupt_at(self, at: int) -> None:
        """Set :attr:`interrupt` while an operation takes place: the next one is not begun."""
        self._interrupt_at = self.operations + at

    def open(self) -> None:
        if self.missing:
            raise TransportLost("the simulated hardware is missing")
        super().open()

    def transfer(self, chip: int, data: bytes) -> bytes:
        def some() -> None:
            self.board.transfer(chip, data, min(self._bits or 0, 8 * len(data)))

        self._operation(lambda: super(FaultyTwin, self).transfer(chip, data), some)
        return super().transfer(chip, data)

    def pulse(self, line: str) -> None:
        self._operation(lambda: super(FaultyTwin, self).pulse(line))
        super().pulse(line)

    def level(self, line: str, high: bool) -> None:
        self._operation(lambda: super(FaultyTwin, self).level(line, high))
        super().level(line, high)

    def delay(self, seconds: float) -> None:
        self._operation(lambda: super(FaultyTwin, self).delay(seconds))
        super().delay(seconds)

    def _operation(
        self, all_of_it: Callable[[], object], some: Callable[[], None] | None = None
    ) -> None:
        """Count an operation; raise if it is the one that fails."""
        self.operations += 1
        if self.operations == self._interrupt_at:
            self.interrupt.set()
        if self.operations != self._at:
            return
        self.fired = True
        if self._done or (self._bits and some is None):
            all_of_it()
        elif self._bits and some is not None:
            some()
        if issubclass(self._error, TransportLost):
            self.close()
        raise self._error(f"fault injected at operation {self.operations}")
