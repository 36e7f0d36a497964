"""What a device may ask of the wires: a list of operations, carried out in order, as one call.

There are two kinds: an SPI bus with digital lines, for chips, and a stream of bytes, for boxes that
talk in text. A transport knows pins and bytes, not registers. It raises
:class:`~dds_link.errors.TransportError` and nothing else; what the hardware holds after that is the
device's business.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import astuple

from dds_link.errors import Preempted, TransportError

# How long a delay waits at once, s.
_SLICE = 1.0


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


class Exchange(Struct, frozen=True, gc=False):
    """Bytes out on a stream, then the answer in."""

    data: bytes
    end: bytes = b"\r\n"
    """What ends a part of the answer."""
    parts: int = 1
    """How many parts the answer has; 0: none comes."""
    timeout: float = 1.0
    """Seconds for the whole answer, from when the bytes have left."""


Operation = Transfer | Pulse | Level | Delay | Exchange

#: Longest answer of an :class:`Exchange`, bytes.
MAX_ANSWER = 65536

#: Names of the lines. An AD9910 board shares the first three among its chips.
IO_UPDATE = "io_update"
IO_RESET = "io_reset"
MASTER_RESET = "master_reset"


def rf_switch(channel: int) -> str:
    """Name of the line that lets the RF of ``channel`` through while it is high."""
    return "rf_switch{}".format(channel)


class Interrupt(threading.Event):
    """An event whose state is an attribute, too: it is asked for before every operation."""

    raised = False

    def set(self) -> None:
        """Raise it."""
        self.raised = True
        super().set()

    def clear(self) -> None:
        """Take it back."""
        super().clear()
        self.raised = False


class Transport(ABC):
    """What both kinds share. One thread at a time.

    Subclasses give the primitives, which raise :class:`~dds_link.errors.TransportError` (or
    :class:`~dds_link.errors.TransportLost` when the hardware is gone).
    """

    #: True if an operation takes real time, so that it must not run in the event loop.
    blocking = True

    def __init__(self) -> None:
        #: Set by whoever has something urgent: :meth:`execute` stops before its next operation.
        self.interrupt = Interrupt()

    @abstractmethod
    def execute(self, operations: Sequence[Operation]) -> list[bytes]:
        """Carry out ``operations`` in order.

        :returns: for each :class:`Transfer`, in order, the bytes that came in meanwhile (as many as
            went out; all zero where MISO is not wired); for each :class:`Exchange` its answer.
        :raises Preempted: if :attr:`interrupt` was set before the next operation.
        :raises TransportError: at the first operation that fails; later ones are not tried.
        """

    @abstractmethod
    def open(self) -> None:
        """Take hold of the hardware without changing any output.

        :raises TransportLost: if it is not there, or somebody else holds it.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go. Levels stay as they are where the hardware allows. May be called twice."""

    def delay(self, seconds: float) -> None:
        """Wait, in real time unless a subclass says otherwise.

        :raises Preempted: as soon as :attr:`interrupt` is set.
        """
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            if self.interrupt.wait(max(0.0, min(left, _SLICE))):
                raise Preempted("stopped during a delay")
            if not left > 0:
                return


class SpiTransport(Transport):
    """An SPI bus with chip selects and a few digital outputs."""

    def execute(self, operations: Sequence[Operation]) -> list[bytes]:
        """See :meth:`Transport.execute`."""
        answers: list[bytes] = []
        interrupt = self.interrupt
        for operation in operations:
            if interrupt.raised:
                raise Preempted("stopped before {!r}".format(operation))
            kind = type(operation)
            if kind is Transfer:
                answers.append(self.transfer(operation.chip, operation.data))  # type: ignore[union-attr]
            elif kind is Pulse:
                self.pulse(operation.line)  # type: ignore[union-attr]
            elif kind is Level:
                self.level(operation.line, operation.high)  # type: ignore[union-attr]
            elif kind is Delay:
                self.delay(operation.seconds)  # type: ignore[union-attr]
            else:
                raise TransportError("an SPI bus cannot {!r}".format(operation))
        return answers

    @property
    @abstractmethod
    def lines(self) -> "frozenset[str]":
        """Names of the lines that are wired."""

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


class StreamTransport(Transport):
    """Bytes both ways, in order: a serial line or a TCP connection."""

    def execute(self, operations: Sequence[Operation]) -> list[bytes]:
        """See :meth:`Transport.execute`."""
        answers: list[bytes] = []
        for operation in operations:
            if self.interrupt.raised:
                raise Preempted("stopped before {!r}".format(operation))
            if isinstance(operation, Exchange):
                data, end, parts, timeout = astuple(operation)
                answers.append(self.exchange(data, end, parts, timeout))
            elif isinstance(operation, Delay):
                self.delay(operation.seconds)
            else:
                raise TransportError("a stream of bytes cannot {!r}".format(operation))
        return answers

    @abstractmethod
    def exchange(self, data: bytes, end: bytes, parts: int, timeout: float) -> bytes:
        """Send ``data``, then read until ``end`` has come ``parts`` times.

        What comes beyond that stays for the next read.

        :returns: the answer with its ends; nothing if ``parts`` is 0.
        :raises TransportError: if it is not whole after ``timeout`` seconds, or longer than
            :data:`MAX_ANSWER`; what has come of it is dropped, but the rest may still come.
        """

    @abstractmethod
    def discard(self, quiet: float) -> bytes:
        """Drop what comes until nothing has come for ``quiet`` seconds (at most 1 s in all).

        :returns: the last :data:`MAX_ANSWER` bytes of it.
        """
