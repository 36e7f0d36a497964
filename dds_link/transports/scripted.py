"""A transport that plays a script: the traffic that a device must cause, and what it gets back.

For tests that state the exact bytes. Wrong, missing and left-over traffic all fail.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from types import TracebackType

from dds_link.errors import Preempted, TransportLost
from dds_link.transports.base import Delay, Level, Operation, Pulse, SpiTransport, Transfer

#: What an operation gives: the bytes that come in (None: zeros), or an error to be raised.
Answer = bytes | Exception | None


class ScriptMismatch(AssertionError):
    """The traffic was not the one of the script; the text is a diff (``-`` script, ``+`` came)."""


class ScriptedTransport(SpiTransport):
    """Checks every operation against a script. As a context manager it calls :meth:`finish`.

    :param script: every operation that must come, in order, with its answer.
    :param lines: the lines that are wired; None: those in the script.
    """

    blocking = False

    def __init__(
        self, script: Sequence[tuple[Operation, Answer]], lines: Iterable[str] | None = None
    ) -> None:
        super().__init__()
        for operation, answer in script:
            wanted = len(operation.data) if isinstance(operation, Transfer) else None
            if isinstance(answer, bytes) and len(answer) != wanted:
                raise ValueError(f"the answer to '{describe(operation)}' has {len(answer)} bytes")
        self._script = list(script)
        self._seen: list[Operation] = []
        if lines is None:
            lines = (step.line for step, _ in script if isinstance(step, Pulse | Level))
        self._lines = frozenset(lines)
        self._is_open = False

    def __enter__(self) -> ScriptedTransport:
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
        if self._seen != [operation for operation, _ in self._script]:
            raise self._mismatch(self._script)

    @property
    def lines(self) -> frozenset[str]:
        """Names of the lines that are wired."""
        return self._lines

    def open(self) -> None:
        """Allow operations."""
        self._is_open = True

    def close(self) -> None:
        """Refuse operations."""
        self._is_open = False

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

    def delay(self, seconds: float) -> None:
        """The next step of the script must be this delay, which takes no time."""
        if self.interrupt.is_set():
            raise Preempted("stopped during a delay")
        self._step(Delay(seconds))

    def _step(self, operation: Operation) -> Answer:
        if not self._is_open:
            raise TransportLost("the scripted bus is not open")
        place = len(self._seen)
        self._seen.append(operation)
        if place >= len(self._script) or operation != self._script[place][0]:
            raise self._mismatch(self._script[: place + 1])
        answer = self._script[place][1]
        if isinstance(answer, TransportLost):
            self._is_open = False
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _mismatch(self, script: Sequence[tuple[Operation, Answer]]) -> ScriptMismatch:
        wanted = [describe(operation) for operation, _ in script]
        came = [describe(operation) for operation in self._seen]
        lines = (line for line in difflib.ndiff(wanted, came) if not line.startswith("?"))
        return ScriptMismatch("not the traffic of the script:\n" + "\n".join(lines))


def describe(operation: Operation) -> str:
    """One operation as a line of text."""
    if isinstance(operation, Transfer):
        return f"transfer to chip {operation.chip}: {operation.data.hex(' ')}"
    if isinstance(operation, Pulse):
        return f"pulse {operation.line}"
    if isinstance(operation, Level):
        return f"{operation.line} {'high' if operation.high else 'low'}"
    if isinstance(operation, Delay):
        return f"delay {operation.seconds} s"
    return f"send {operation.data!r}, expect {operation.parts} x {operation.end!r}"
