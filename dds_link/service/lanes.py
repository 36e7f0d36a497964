"""The order of work on the device: urgent before normal before idle, one call at a time.

A job is a generator. It yields calls that touch the device and gets their results back; between two
of them an urgent job may pass. A job that was passed gets :class:`~dds_link.errors.Preempted` in
place of the call that it asked for, and must take it that the device now holds what the urgent job
left. A call that raises what no device may raise has a bug: the job gets an ``InternalError``.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Generator
from enum import IntEnum
from typing import Any

from dds_link.errors import Busy, InternalError, Preempted, TransportError, WireError
from dds_link.service.executor import Call, Executor, Outcome

logger = logging.getLogger(__name__)

Steps = Generator[Call, Any, Any]
Done = Callable[[Any], None]

MAX_QUEUED = 1024
"""Most jobs that wait in one lane. At 0.1 ms a job it is drained within the client's time-out."""


class Lane(IntEnum):
    """How soon a job runs."""

    URGENT = 0
    NORMAL = 1
    IDLE = 2


class _Job:
    __slots__ = ("done", "next", "steps", "urgent")

    def __init__(self, steps: Steps, done: Done, urgent: bool) -> None:
        self.steps = steps
        self.done = done
        self.urgent = urgent
        self.next = Outcome(None, None)  # what the generator is given when it goes on


class Lanes:
    """Runs jobs.

    :param executor: where their calls run.
    :param interrupt: set while an urgent job waits for a call to end, so that a transport stops
        before its next operation.
    :param settled: called after each job, when its outcome has been handed over.
    """

    def __init__(
        self, executor: Executor, interrupt: threading.Event, settled: Callable[[], None]
    ) -> None:
        self._executor = executor
        self._settled = settled
        self._interrupt = interrupt
        self._lanes: tuple[deque[_Job], ...] = (deque(), deque(), deque())
        self._current: _Job | None = None
        self._passed: _Job | None = None  # by an urgent one; goes on after it
        self._calling = False
        self._driving = False
        self._closed: WireError | None = None

    def free(self) -> bool:
        """True if a call of the device may be made here and now: it does not block, and no job is
        under way."""
        return self._executor.immediate and not self._driving and self._closed is None

    @property
    def passed(self) -> bool:
        """True while an urgent job runs that passed another one half-way."""
        return self._passed is not None

    def submit(self, lane: Lane, steps: Steps, done: Done) -> None:
        """Queue a job; ``done`` gets what it returns, or the ``WireError`` that ended it.

        In place this returns when the job has ended, unless another one is running.
        """
        if self._closed is not None:
            _finish(done, self._closed)
            return
        if self._executor.immediate and not self._driving:
            self._run_at_once(steps, done)
            return
        waiting = self._lanes[lane]
        if len(waiting) >= MAX_QUEUED and lane is not Lane.URGENT:
            _finish(done, Busy(f"{MAX_QUEUED} commands wait already; send fewer at a time"))
            return
        waiting.append(_Job(steps, done, lane is Lane.URGENT))
        if lane is Lane.URGENT and self._calling and not self._urgent_runs():
            self._interrupt.set()
        self._drive()

    def close(self, reason: WireError) -> None:
        """Answer everything that still waits, and what comes later, with ``reason``."""
        self._closed = reason
        for lane in self._lanes:
            while lane:
                _finish(lane.popleft().done, reason)

    def _urgent_runs(self) -> bool:
        return self._current is not None and self._current.urgent

    def _run_at_once(self, steps: Steps, done: Done) -> None:
        """Run a job from end to end. Nothing waits and nothing can come between, so the lanes need
        not be asked; what the job itself submits runs after it."""
        self._driving = True
        try:
            call = next(steps)
            while True:
                try:
                    value = call()
                except BaseException as error:  # as in outcome_of, which would cost a little time
                    call = steps.throw(known(error))
                else:
                    call = steps.send(value)
        except StopIteration as ended:
            outcome = ended.value
        except Exception as error:
            outcome = _outcome(error)
        finally:
            self._driving = False
        _finish(done, outcome)
        self._settled()
        if any(self._lanes):
            self._drive()

    def _drive(self) -> None:
        """Run jobs until one waits for the executor or none is left."""
        if self._driving or self._calling:
            return
        self._driving = True
        try:
            while job := self._next_job():
                call = self._step(job)
                if call is None:
                    continue
                if self._closed is not None:
                    job.next = Outcome(None, self._closed)
                elif self._lanes[Lane.URGENT] and not job.urgent:
                    job.next = Outcome(None, Preempted("something urgent came first"))
                else:
                    self._call(job, call)
                    if self._calling:
                        return
        finally:
            self._driving = False

    def _next_job(self) -> _Job | None:
        """The job whose turn it is. Urgent ones pass the current one, and only one at a time."""
        current = self._current
        if current is not None and current.urgent:
            return current
        if self._lanes[Lane.URGENT] and (current is None or _was_preempted(current)):
            self._passed = current or self._passed
            self._current = self._lanes[Lane.URGENT].popleft()
            self._interrupt.clear()
        elif current is None:
            if self._passed is not None:
                self._current, self._passed = self._passed, None
            else:
                lane = self._lanes[Lane.NORMAL] or self._lanes[Lane.IDLE]
                self._current = lane.popleft() if lane else None
        return self._current

    def _step(self, job: _Job) -> Call | None:
        """Let a job go on to its next call, or to its end (None)."""
        value, error = job.next
        try:
            return job.steps.throw(known(error)) if error is not None else job.steps.send(value)
        except Exception as ended:
            outcome = _outcome(ended)
        self._current = None
        _finish(job.done, outcome)
        self._settled()
        return None

    def _call(self, job: _Job, call: Call) -> None:
        self._calling = True
        outcome = self._executor.start(call, self._ended)
        if outcome is not None:
            self._calling = False
            job.next = outcome

    def _ended(self, outcome: Outcome) -> None:
        """A call of the current job has ended in the executor's thread."""
        self._calling = False
        if self._current is not None:
            self._current.next = outcome
        self._drive()


def _finish(done: Done, outcome: Any) -> None:
    """Answer. Whatever goes wrong there, the jobs behind this one must have their turn."""
    try:
        done(outcome)
    except Exception:
        logger.exception("bug while answering a command")


def known(error: BaseException) -> Exception:
    """``error``, or what stands for it if no device may raise it."""
    if isinstance(error, (TransportError, WireError)):
        return error
    logger.error("bug in a driver", exc_info=error)
    bug = InternalError("a bug in the controller; its log has the details")
    bug.__cause__ = error
    return bug


def _outcome(ended: Exception) -> Any:
    """What a generator that ended with this exception says: its result, or the error to answer."""
    if isinstance(ended, StopIteration):
        return ended.value
    if isinstance(ended, WireError):
        return ended
    logger.error("bug in a command", exc_info=ended)
    return InternalError("a bug in the controller; its log has the details")


def _was_preempted(job: _Job) -> bool:
    return isinstance(job.next.error, Preempted)
