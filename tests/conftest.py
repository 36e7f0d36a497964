"""For every test: both event loops, and nothing left behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from tests.serving import LoopThread

# A busy computer is no reason to fail.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

PATIENCE = 10.0
"""Seconds in which a thread must have ended after its test; reached only by a test that fails."""


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Fail a test whose threads outlive it."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(PATIENCE)
    assert not [thread.name for thread in left if thread.is_alive()]


@pytest.fixture(params=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> Iterator[Any]:
    """An event loop in a thread; fails the test if tasks or unseen exceptions are left."""
    if request.param == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop (extra fast) is not installed")
    with LoopThread(request.param) as running:
        yield running
