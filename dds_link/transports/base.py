"""What a device may ask of the wires: a list of operations, carried out in order, as one call.

A transport knows pins and bytes, not registers. It raises :class:`~dds_link.errors.TransportError`
and nothing else; what the chips hold after that is the device's business.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence

from msgspec import Struct

from dds_link.errors import Preempted


class Transfer(Struct, frozen=True, gc=False):
    """One SPI frame: chip select low, the bytes out MSB first (mode 0), chip select high."""

    chip: int
    data: bytes


class Pulse(Struct, frozen=True, gc=False):
    """One pulse, low to high to low, on a named line, of 1 us or longer."""

    line: str


class Level(Struct, frozen=True, gc=False):
    """A named line set high or low, and left there."""

    line: str
    high: bool


class Delay(Struct, frozen=True, gc=False):
    """Nothing for at least ``seconds``."""

    seconds: float


Operation = Transfer | Pulse | Level | Delay

#: Names of the lines. An AD9910 board shares the first three among its chips.
IO_UPDATE = "io_update"
IO_RESET = "io_reset"
MASTER_RESET = "master_reset"


def rf_switch(channel: int) -> str:
    """Name of the line that lets the RF of ``channel`` through while it is high."""
    return "rf_switch{}".format(channel)


class SpiTransport(ABC):
    """An SPI bus with chip selects and a few digital outputs.

    Subclasses give the primitives, which raise :class:`~dds_link.errors.TransportError` (or
    :class:`~dds_link.errors.TransportLost` when the hardware is gone). One thread at a time.
    """

    #: True if an operation takes real time, so that it must not run in the event loop.
    blocking = True

    def __init__(self) -> None:
        #: Set by whoever has something urgent: :meth:`execute` stops before its next operation.
        self.interrupt = threading.Event()

    def execute(self, operations: Sequence[Operation]) -> list[bytes]:
        """Carry out ``operations`` in order.

        :returns: for each :class:`Transfer`, in order, the bytes that came in meanwhile (as many as
            went out; all zero where MISO is not wired).
        :raises Preempted: if :attr:`interrupt` was set before the next operation.
        :raises TransportError: at the first operation that fails; later ones are not tried.
        """
        answers: list[bytes] = []
        urgent = self.interrupt.is_set
        for operation in operations:
            if urgent():
                raise Preempted("stopped before {!r}".format(operation))
            kind = type(operation)
            if kind is Transfer:
                answers.append(self.transfer(operation.chip, operation.data))  # type: ignore[union-attr]
            elif kind is Pulse:
                self.pulse(operation.line)  # type: ignore[union-attr]
            elif kind is Level:
                self.level(operation.line, operation.high)  # type: ignore[union-attr]
            else:
                self.delay(operation.seconds)  # type: ignore[union-attr]
        return answers

    @property
    @abstractmethod
    def lines(self) -> "frozenset[str]":
        """Names of the lines that are wired."""

    @abstractmethod
    def open(self) -> None:
        """Take hold of the hardware without changing any output of the chips.

        :raises TransportLost: if it is not there, or somebody else holds it.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go. Levels stay as they are where the hardware allows. May be called twice."""

    @abstractmethod
    def transfer(self, chip: int, data: bytes) -> bytes:
        """One SPI frame; returns as many bytes as went out."""

    @abstractmethod
    def pulse(self, line: str) -> None:
        """One pulse on ``line``."""

    @abstractmethod
    def level(self, line: str, high: bool) -> None:
        """Set ``line``."""

    def is_high(self, line: str) -> "bool | None":
        """Level of a line, which this transport drives; None if it cannot tell."""
        return None

    @abstractmethod
    def delay(self, seconds: float) -> None:
        """Wait; raises :class:`~dds_link.errors.Preempted` as soon as :attr:`interrupt` is set."""
