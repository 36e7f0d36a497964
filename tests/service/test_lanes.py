"""The order of work: urgent before normal before idle, one call at a time."""

import asyncio
import logging
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest

from dds_link.errors import (
    Busy,
    DeviceUnavailable,
    InternalError,
    OutOfRange,
    Preempted,
    TransportError,
)
from dds_link.service.executor import InPlace, Outcome, outcome_of
from dds_link.service.lanes import MAX_QUEUED, Lane, Lanes

Call = Callable[[], Any]


class ByHand:
    """An executor whose calls end when the test says so."""

    immediate = False

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def start(self, call: Call, ended: Callable[[Outcome], None]) -> Outcome | None:
        assert not self.calls, "one call at a time"
        self.calls.append((call, ended))
        return None

    def close(self) -> None:
        pass

    def end(self) -> None:
        """The present call ends."""
        call, ended = self.calls.pop()
        ended(outcome_of(call))


class AtOnceOrNot(ByHand):
    """An executor that may return outcomes, but need not."""

    def start(self, call: Call, ended: Callable[[Outcome], None]) -> Outcome | None:
        return outcome_of(call)


class Bench:
    """Lanes, and what happened in them."""

    def __init__(self, executor: Any) -> None:
        self.executor = executor
        self.interrupt = threading.Event()
        self.settled = 0
        self.lanes = Lanes(executor, self.interrupt, self._settled)
        #: Calls and outcomes, as they came.
        self.log: list[Any] = []

    def _settled(self) -> None:
        self.settled += 1

    def call(self, name: Any) -> Call:
        """A call that notes its name."""

        def call() -> Any:
            self.log.append(name)
            return name

        return call

    def job(self, *names: Any) -> Generator[Call, Any, list[Any]]:
        """A job of several calls; its result is the list of theirs."""
        results = []
        for name in names:
            results.append((yield self.call(name)))
        return results

    def submit(self, lane: Lane, *names: Any) -> None:
        self.lanes.submit(lane, self.job(*names), self.log.append)

    def run(self) -> list[Any]:
        """Let every call end; what happened."""
        while self.executor.calls:
            self.executor.end()
        return self.log


@pytest.fixture
def bench() -> Bench:
    return Bench(ByHand())


EXECUTORS = {"by hand": ByHand, "maybe": AtOnceOrNot, "in place": InPlace}


@pytest.fixture(params=EXECUTORS.values(), ids=EXECUTORS)
def any_bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(request.param())


def run(bench: Bench) -> list[Any]:
    return bench.run() if type(bench.executor) is ByHand else bench.log


# -- one job --------------------------------------------------------------------------------------


def test_a_job_gets_what_its_calls_return(any_bench: Bench) -> None:
    any_bench.submit(Lane.NORMAL, 1, 2, 3)
    assert run(any_bench) == [1, 2, 3, [1, 2, 3]]
    assert any_bench.settled == 1


def test_a_job_without_a_call(any_bench: Bench) -> None:
    any_bench.submit(Lane.NORMAL)
    assert any_bench.log == [[]]


def test_an_error_of_a_call_comes_up_in_the_job(any_bench: Bench) -> None:
    def fails() -> None:
        raise TransportError("no wire")

    def job() -> Generator[Call, Any, Any]:
        try:
            yield fails
        except TransportError as error:
            return f"caught {error}"

    any_bench.lanes.submit(Lane.NORMAL, job(), any_bench.log.append)
    assert run(any_bench) == ["caught no wire"]


def test_a_refusal_is_the_answer(any_bench: Bench) -> None:
    def job() -> Generator[Call, Any, Any]:
        yield any_bench.call("call")
        raise OutOfRange("too much")

    any_bench.lanes.submit(Lane.NORMAL, job(), any_bench.log.append)
    assert [getattr(entry, "text", entry) for entry in run(any_bench)] == ["call", "too much"]


def test_a_bug_in_a_job_is_internal_and_the_queue_goes_on(
    any_bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def job() -> Generator[Call, Any, Any]:
        yield any_bench.call("call")
        raise KeyError("secret")

    any_bench.lanes.submit(Lane.NORMAL, job(), any_bench.log.append)
    any_bench.submit(Lane.NORMAL, "next")
    log = run(any_bench)
    error = next(entry for entry in log if isinstance(entry, InternalError))
    assert error.text == "a bug in the controller; its log has the details"
    assert log[-2:] == ["next", ["next"]]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "secret" in caplog.text


def test_a_bug_in_a_call_comes_up_in_the_job_as_internal(
    any_bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise KeyError("secret")

    def job() -> Generator[Call, Any, Any]:
        try:
            yield broken
        except InternalError as error:
            return f"caught, by {error.__cause__!r}"

    any_bench.lanes.submit(Lane.NORMAL, job(), any_bench.log.append)
    assert run(any_bench) == ["caught, by KeyError('secret')"]
    assert "bug in a driver" in caplog.text


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_whatever_a_call_raises_is_answered(any_bench: Bench, kind: type[BaseException]) -> None:
    def exits() -> None:
        raise kind

    def job() -> Generator[Call, Any, Any]:
        yield exits

    any_bench.lanes.submit(Lane.NORMAL, job(), any_bench.log.append)
    any_bench.submit(Lane.NORMAL, "next")
    error, *rest = run(any_bench)
    assert isinstance(error, InternalError)
    assert rest == ["next", ["next"]]


def test_a_bug_while_answering_hurts_nobody_else(
    any_bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(outcome: Any) -> None:
        raise KeyError("secret")

    any_bench.lanes.submit(Lane.NORMAL, any_bench.job("one"), broken)
    any_bench.submit(Lane.NORMAL, "two")
    assert run(any_bench)[-2:] == ["two", ["two"]]
    assert "bug while answering" in caplog.text
    assert any_bench.settled == 2


def test_a_job_submitted_while_one_is_answered_comes_after_it(any_bench: Bench) -> None:
    def again(outcome: Any) -> None:
        any_bench.log.append("answered")
        any_bench.submit(Lane.NORMAL, "second")
        any_bench.log.append("submitted")

    any_bench.lanes.submit(Lane.NORMAL, any_bench.job("first"), again)
    log = run(any_bench)
    assert log[:2] == ["first", "answered"]
    assert sorted(map(str, log[2:])) == ["['second']", "second", "submitted"]


def test_a_job_submitted_by_a_job_comes_after_it(any_bench: Bench) -> None:
    def job() -> Generator[Call, Any, Any]:
        yield any_bench.call("first")
        any_bench.submit(Lane.URGENT, "inner")
        return "done"

    any_bench.lanes.submit(Lane.NORMAL, job(), any_bench.log.append)
    assert run(any_bench) == ["first", "done", "inner", ["inner"]]


# -- order ----------------------------------------------------------------------------------------


def test_normal_before_idle_and_each_in_order(bench: Bench) -> None:
    bench.submit(Lane.IDLE, "idle 1")
    bench.submit(Lane.IDLE, "idle 2")
    bench.submit(Lane.NORMAL, "normal 1")
    bench.submit(Lane.NORMAL, "normal 2")
    calls = [entry for entry in bench.run() if isinstance(entry, str)]
    assert calls == ["idle 1", "normal 1", "normal 2", "idle 2"]


def test_a_job_is_not_split_by_its_equals(bench: Bench) -> None:
    bench.submit(Lane.NORMAL, 1, 2)
    bench.submit(Lane.NORMAL, 3, 4)
    assert bench.run() == [1, 2, [1, 2], 3, 4, [3, 4]]


def passable(bench: Bench, *names: Any) -> Generator[Call, Any, Any]:
    """A job that tells that it was passed."""
    try:
        return (yield from bench.job(*names))
    except Preempted:
        return "passed"


def test_an_urgent_job_passes_between_two_calls(bench: Bench) -> None:
    bench.lanes.submit(Lane.NORMAL, passable(bench, 1, 2, 3), bench.log.append)
    bench.submit(Lane.NORMAL, "later")
    assert not bench.interrupt.is_set()
    bench.submit(Lane.URGENT, "urgent 1", "urgent 2")
    assert bench.interrupt.is_set()
    bench.executor.end()
    assert not bench.interrupt.is_set()
    assert bench.run() == [
        1, "urgent 1", "urgent 2", ["urgent 1", "urgent 2"], "passed", "later", ["later"]
    ]  # fmt: skip


def test_a_call_that_was_interrupted_is_passed_too(bench: Bench) -> None:
    def interrupted() -> None:
        assert bench.interrupt.is_set()
        raise Preempted("stopped before a pulse")

    def job() -> Generator[Call, Any, Any]:
        try:
            yield interrupted
        except Preempted as error:
            return f"passed: {error}"

    bench.lanes.submit(Lane.NORMAL, job(), bench.log.append)
    bench.submit(Lane.URGENT, "urgent")
    assert bench.run() == ["urgent", ["urgent"], "passed: stopped before a pulse"]


def test_a_job_whose_last_call_ended_in_time_is_not_passed(bench: Bench) -> None:
    bench.lanes.submit(Lane.NORMAL, passable(bench, 1), bench.log.append)
    bench.submit(Lane.URGENT, "urgent")
    bench.submit(Lane.NORMAL, "later")
    assert bench.run() == [1, [1], "urgent", ["urgent"], "later", ["later"]]
    assert not bench.interrupt.is_set()


def test_a_call_that_failed_before_the_urgent_job_is_told_first(bench: Bench) -> None:
    def fails() -> None:
        raise TransportError("no wire")

    def job() -> Generator[Call, Any, Any]:
        try:
            yield fails
        except TransportError as error:
            bench.log.append(str(error))
        try:
            yield bench.call("put back")
        except Preempted:
            return "passed"

    bench.lanes.submit(Lane.NORMAL, job(), bench.log.append)
    bench.submit(Lane.URGENT, "urgent")
    assert bench.run() == ["no wire", "urgent", ["urgent"], "passed"]


def test_urgent_jobs_do_not_pass_each_other(bench: Bench) -> None:
    bench.submit(Lane.URGENT, 1, 2)
    bench.submit(Lane.URGENT, 3)
    assert not bench.interrupt.is_set()
    bench.submit(Lane.NORMAL, 4)
    assert bench.run() == [1, 2, [1, 2], 3, [3], 4, [4]]


def test_several_urgent_jobs_pass_one_job_once(bench: Bench) -> None:
    bench.lanes.submit(Lane.NORMAL, passable(bench, 1, 2), bench.log.append)
    bench.submit(Lane.URGENT, "a")
    bench.submit(Lane.URGENT, "b")
    bench.executor.end()
    assert bench.lanes.passed
    bench.submit(Lane.URGENT, "c")
    assert bench.run() == [1, "a", ["a"], "b", ["b"], "c", ["c"], "passed"]
    assert not bench.lanes.passed


def test_a_job_that_goes_on_after_it_was_passed_can_be_passed_again(bench: Bench) -> None:
    def stubborn() -> Generator[Call, Any, Any]:
        passed = 0
        while True:
            try:
                yield bench.call(f"try {passed}")
                yield bench.call("second half")
                return f"passed {passed} times"
            except Preempted:
                passed += 1

    bench.lanes.submit(Lane.IDLE, stubborn(), bench.log.append)
    for name in ("a", "b"):
        bench.submit(Lane.URGENT, name)
        bench.executor.end()
        bench.executor.end()
    bench.submit(Lane.NORMAL, "normal")
    assert bench.run() == [
        "try 0", "a", ["a"], "try 1", "b", ["b"], "try 2", "second half", "passed 2 times",
        "normal", ["normal"],
    ]  # fmt: skip


def test_an_urgent_job_without_a_call_passes_too(bench: Bench) -> None:
    bench.lanes.submit(Lane.NORMAL, passable(bench, 1, 2), bench.log.append)
    bench.submit(Lane.URGENT)
    assert bench.run() == [1, [], "passed"]


def test_passed_is_told_to_the_urgent_job_only_if_something_was(bench: Bench) -> None:
    told: list[bool] = []

    def urgent() -> Generator[Call, Any, Any]:
        told.append(bench.lanes.passed)
        yield bench.call("urgent")

    bench.lanes.submit(Lane.URGENT, urgent(), bench.log.append)
    bench.run()
    bench.lanes.submit(Lane.NORMAL, passable(bench, 1, 2), bench.log.append)
    bench.lanes.submit(Lane.URGENT, urgent(), bench.log.append)
    bench.run()
    bench.lanes.submit(Lane.NORMAL, passable(bench, 1), bench.log.append)
    bench.lanes.submit(Lane.URGENT, urgent(), bench.log.append)
    bench.run()
    assert told == [False, True, False]


# -- limits ---------------------------------------------------------------------------------------


def test_a_full_queue_is_busy_but_not_for_kill(bench: Bench) -> None:
    bench.submit(Lane.NORMAL, "running")
    for _ in range(MAX_QUEUED):
        bench.lanes.submit(Lane.NORMAL, bench.job(), lambda outcome: None)
    bench.submit(Lane.NORMAL, "too many")
    (busy,) = bench.log
    assert isinstance(busy, Busy)
    bench.submit(Lane.IDLE, "idle")
    bench.submit(Lane.URGENT, "urgent")
    assert bench.run()[1:] == [
        "running", ["running"], "urgent", ["urgent"], "idle", ["idle"]
    ]  # fmt: skip
    bench.submit(Lane.NORMAL, "room again")
    assert bench.run()[-1] == ["room again"]


# -- the end --------------------------------------------------------------------------------------


def test_after_close_everything_gets_the_reason(bench: Bench) -> None:
    reason = DeviceUnavailable("stopping")
    bench.submit(Lane.NORMAL, "running")
    for lane in Lane:
        bench.submit(lane, "waiting")
    bench.lanes.close(reason)
    assert bench.log == [reason] * 3
    bench.submit(Lane.NORMAL, "later")
    bench.submit(Lane.URGENT, "later")
    assert bench.log == [reason] * 5
    bench.log.clear()
    assert bench.run() == ["running", ["running"]]


def test_after_close_a_passed_job_makes_no_more_calls(bench: Bench) -> None:
    def stubborn() -> Generator[Call, Any, Any]:
        while True:
            try:
                yield bench.call("again")
            except Preempted:
                bench.log.append("passed")

    reason = DeviceUnavailable("stopping")
    bench.lanes.submit(Lane.IDLE, stubborn(), bench.log.append)
    bench.lanes.submit(Lane.URGENT, bench.job("last"), lambda outcome: bench.lanes.close(reason))
    assert bench.run() == ["again", "last", "passed", reason]
    assert not bench.executor.calls


def test_a_bug_in_an_answer_does_not_stop_the_others_at_close(bench: Bench) -> None:
    def broken(outcome: Any) -> None:
        raise KeyError("secret")

    bench.submit(Lane.NORMAL, "running")
    bench.lanes.submit(Lane.NORMAL, bench.job("one"), broken)
    bench.submit(Lane.NORMAL, "two")
    reason = DeviceUnavailable("stopping")
    bench.lanes.close(reason)
    assert bench.log == [reason]
