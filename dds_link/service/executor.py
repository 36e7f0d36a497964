"""Where device calls run: in place if they cost microseconds, in one thread if they may block."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

Call = Callable[[], Any]


class Outcome(NamedTuple):
    """How a call ended."""

    value: Any
    error: BaseException | None


def outcome_of(call: Call) -> Outcome:
    """Make ``call`` and catch whatever it raises: not even a ``SystemExit`` from a driver may end
    the thread that all later calls need."""
    try:
        return Outcome(call(), None)
    except BaseException as error:  # handed to the job that asked for the call
        return Outcome(None, error)


class Executor(Protocol):
    """Runs one call at a time."""

    immediate: bool
    """True if :meth:`start` always returns an outcome."""

    def start(self, call: Call, ended: Callable[[Outcome], None]) -> Outcome | None:
        """Run ``call``.

        :returns: its outcome if it has ended already, else None: ``ended`` will be called with it
            where the service lives.
        """

    def close(self) -> None:
        """Let go of threads; nothing may be started any more."""


class InPlace:
    """Runs calls where they are asked for. For hardware that is memory: a hop to another thread
    would cost ten times the call."""

    immediate = True

    def start(self, call: Call, ended: Callable[[Outcome], None]) -> Outcome | None:
        """See :meth:`Executor.start`."""
        return outcome_of(call)

    def close(self) -> None:
        """See :meth:`Executor.close`."""


class Worker:
    """Runs calls in one thread of its own, so that the event loop never waits for hardware.

    :param post: hands a function to the thread where the service lives (for asyncio
        ``loop.call_soon_threadsafe``).
    """

    immediate = False

    def __init__(self, post: Callable[..., Any]) -> None:
        self._post = post
        self._calls: queue.SimpleQueue[tuple[Call, Callable[[Outcome], None]] | None] = (
            queue.SimpleQueue()
        )
        # A daemon: a driver that hangs in the kernel must not keep a stopped controller alive.
        self._thread = threading.Thread(target=self._run, name="dds_link device", daemon=True)
        self._thread.start()

    def start(self, call: Call, ended: Callable[[Outcome], None]) -> Outcome | None:
        """See :meth:`Executor.start`."""
        self._calls.put((call, ended))
        return None

    def close(self) -> None:
        """See :meth:`Executor.close`."""
        self._calls.put(None)

    def _run(self) -> None:
        while (item := self._calls.get()) is not None:
            call, ended = item
            self._post(ended, outcome_of(call))
