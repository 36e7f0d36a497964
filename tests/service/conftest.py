"""Services to test: each test runs on both executors."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.service.bench import EXECUTORS, Bench

MakeBench = Callable[..., Bench]


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make_bench(executor: str) -> Iterator[MakeBench]:
    """Makes benches, not yet started; their threads end with the test."""
    made: list[Bench] = []

    def make(*arguments: Any, **keywords: Any) -> Bench:
        made.append(Bench(executor, *arguments, **keywords))
        return made[-1]

    yield make
    for bench in made:
        bench.executor.close()


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    """Four channels without limits, ready."""
    return make_bench().start()
