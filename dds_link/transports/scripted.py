"""Transports that play a script: the traffic that a device must cause, and what it gets back.

For tests that state the exact bytes. Wrong, missing and left-over traffic all fail.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import NamedTuple

from dds_link.errors import Preempted, TransportLost
from dds_link.transports.base import (
    Delay,
    Exchange,
    Level,
    Operation,
    Pulse,
    SpiTransport,
    StreamTransport,
    Transfer,
    Transport,
)

#: What an operation gives: the bytes that come in (None: zeros, or nothing on a stream), or an
#: error to be raised.
Answer = bytes | Exception | None


class Discard(NamedTuple):
    """A step of a script in which a stream drops what comes; its answer is what it drops."""

    quiet: float


Step = Operation | Discard


class ScriptMismatch(AssertionError):
    """The traffic was not the one of the script; the text is a diff (``-`` script, ``+`` came)."""


class Scripted(Transport):
    """Checks every operation against a script. As a context manager it calls :meth:`finish`.

    :param script: every operation that must come, in order, with its answer.
    """

    blocking = False

    def __init__(self, script: Sequence[tuple[Step, Answer]]) -> None:
        super().__init__()
        self._script = list(script)
        self._seen: list[Step] = []
        self._is_open = False

    def __enter__(self) -> Scripted:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.finish()

    def finish(self) -> None:
        """The script must be over now.

        :raises ScriptMismatch: if anything was wrong (even if somebody caught that), or is missing.
        """
        if self._seen != [step for step, _ in self._script]:
            raise self._mismatch(self._script)

    def open(self) -> None:
        """Allow operations."""
        self._is_open = True

    def close(self) -> None:
        """Refuse operations."""
        self._is_open = False

    def delay(self, seconds: float) -> None:
        """The next step of the script must be this delay, which takes no time."""
        if self.interrupt.is_set():
            raise Preempted("stopped during a delay")
        self._step(Delay(seconds))

    def _step(self, step: Step) -> Answer:
        if not self._is_open:
            raise TransportLost("the scripted transport is not open")
        place = len(self._seen)
        self._seen.append(step)
        if place >= len(self._script) or step != self._script[place][0]:
            raise self._mismatch(self._script[: place + 1])
        answer = self._script[place][1]
        if isinstance(answer, TransportLost):
            self._is_open = False
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _mismatch(self, script: Sequence[tuple[Step, Answer]]) -> ScriptMismatch:
        wanted = [describe(step) for step, _ in script]
        came = [describe(step) for step in self._seen]
        lines = (line for line in difflib.ndiff(wanted, came) if not line.startswith("?"))
        return ScriptMismatch("not the traffic of the script:\n" + "\n".join(lines))


class ScriptedTransport(Scripted, SpiTransport):
    """A scripted SPI bus.

    :param script: see :class:`Scripted`.
    :param lines: the lines that are wired; None: those in the script.
    """

    def __init__(
        self, script: Sequence[tuple[Operation, Answer]], lines: Iterable[str] | None = None
    ) -> None:
        super().__init__(script)
        for operation, answer in script:
            wanted = len(operation.data) if isinstance(operation, Transfer) else None
            if isinstance(answer, bytes) and len(answer) != wanted:
                raise ValueError(f"the answer to '{describe(operation)}' has {len(answer)} bytes")
        if lines is None:
            lines = (step.line for step, _ in script if isinstance(step, Pulse | Level))
        self._lines = frozenset(lines)

    @property
    def lines(self) -> frozenset[str]:
        """Names of the lines that are wired."""
        return self._lines

    def transfer(self, chip: int, data: bytes) -> bytes:
        """The next step of the script must be this frame."""
        answer = self._step(Transfer(chip, data))
        return answer if isinstance(answer, bytes) else bytes(len(data))

    def pulse(self, line: str) -> None:
        """The next step of the script must be this pulse."""
        self._step(Pulse(line))

    def level(self, line: str, high: bool) -> None:
        """The next step of the script must be this level."""
        self._step(Level(line, high))


class ScriptedStream(Scripted, StreamTransport):
    """A scripted stream of bytes: its steps are exchanges, delays and :class:`Discard`."""

    def exchange(self, data: bytes, end: bytes, parts: int, timeout: float) -> bytes:
        """The next step of the script must be this exchange."""
        answer = self._step(Exchange(data, end, parts, timeout))
        return answer if isinstance(answer, bytes) else b""

    def discard(self, quiet: float) -> bytes:
        """The next step of the script must be this."""
        answer = self._step(Discard(quiet))
        return answer if isinstance(answer, bytes) else b""


def describe(step: Step) -> str:
    """One step as a line of text."""
    if isinstance(step, Transfer):
        return f"transfer to chip {step.chip}: {step.data.hex(' ')}"
    if isinstance(step, Pulse):
        return f"pulse {step.line}"
    if isinstance(step, Level):
        return f"{step.line} {'high' if step.high else 'low'}"
    if isinstance(step, Delay):
        return f"delay {step.seconds} s"
    if isinstance(step, Discard):
        return f"discard until {step.quiet} s of silence"
    return f"send {step.data!r}, expect {step.parts} x {step.end!r} in {step.timeout} s"
