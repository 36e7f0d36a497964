"""Where device calls run."""

import asyncio
import queue
import threading
from typing import Any

import pytest

from dds_link.service.executor import InPlace, Outcome, Worker, outcome_of

PATIENCE = 10.0


def fails() -> None:
    raise ValueError("no")


def test_an_outcome_is_a_value_or_an_error() -> None:
    assert outcome_of(lambda: 7) == Outcome(7, None)
    value, error = outcome_of(fails)
    assert value is None
    assert isinstance(error, ValueError)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_nothing_that_a_call_raises_ends_the_thread(kind: type[BaseException]) -> None:
    def exits() -> None:
        raise kind

    posts, ended = Posts(), list[Outcome]()
    executor = Worker(posts)
    executor.start(exits, ended.append)
    executor.start(lambda: "next", ended.append)
    posts.take()
    posts.take()
    assert isinstance(ended[0].error, kind)
    assert ended[1].value == "next"
    executor.close()


def test_in_place_runs_at_once_in_this_thread() -> None:
    executor = InPlace()
    assert executor.immediate
    ended: list[Outcome] = []
    outcome = executor.start(threading.current_thread, ended.append)
    assert outcome == Outcome(threading.current_thread(), None)
    failed = executor.start(fails, ended.append)
    assert failed is not None
    assert isinstance(failed.error, ValueError)
    assert ended == []
    executor.close()


class Posts:
    """What the worker posts, for the test to take."""

    def __init__(self) -> None:
        self.queue: queue.Queue[tuple[Any, ...]] = queue.Queue()

    def __call__(self, *call: Any) -> None:
        self.queue.put(call)

    def take(self) -> None:
        function, *arguments = self.queue.get(timeout=PATIENCE)
        function(*arguments)


def test_a_worker_has_one_thread_and_keeps_the_order() -> None:
    posts = Posts()
    executor = Worker(posts)
    assert not executor.immediate
    ended: list[Outcome] = []
    threads: list[threading.Thread] = []
    for number in range(5):

        def call(number: int = number) -> int:
            threads.append(threading.current_thread())
            return number

        assert executor.start(call, ended.append) is None
    for _ in range(5):
        posts.take()
    assert [outcome.value for outcome in ended] == list(range(5))
    assert len(set(threads)) == 1
    assert threads[0] is not threading.current_thread()
    assert threads[0].daemon
    executor.close()


def test_outcomes_are_seen_where_the_service_lives() -> None:
    posts = Posts()
    executor = Worker(posts)
    seen: list[threading.Thread] = []
    executor.start(lambda: None, lambda outcome: seen.append(threading.current_thread()))
    assert seen == []
    posts.take()
    assert seen == [threading.current_thread()]
    executor.close()


def test_a_call_that_fails_does_not_end_the_worker() -> None:
    posts = Posts()
    executor = Worker(posts)
    ended: list[Outcome] = []
    executor.start(fails, ended.append)
    executor.start(lambda: 7, ended.append)
    posts.take()
    posts.take()
    assert isinstance(ended[0].error, ValueError)
    assert ended[1].value == 7
    executor.close()


@pytest.mark.parametrize("calls", [0, 3])
def test_close_ends_the_thread_after_what_was_started(calls: int) -> None:
    posts = Posts()
    executor = Worker(posts)
    ended: list[Outcome] = []
    for _ in range(calls):
        executor.start(lambda: None, ended.append)
    executor.close()
    executor.close()
    executor._thread.join(PATIENCE)
    assert not executor._thread.is_alive()
    for _ in range(calls):
        posts.take()
    assert len(ended) == calls
