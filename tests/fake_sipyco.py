"""Stands in for sipyco, to play the RPC side of a controller without ARTIQ."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest


class FakeSipyco:
    """What a driver asked over RPC, and what it is answered.

    :param answer: what ``json_port()`` returns, or what connecting raises.
    """

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.calls: list[tuple[Any, ...]] = []
        self.opened = self.closed = 0

    def client(self, *arguments: Any, **keywords: Any) -> "FakeSipyco":
        """sipyco's ``Client``."""
        self.calls.append((*arguments, keywords))
        if isinstance(self.answer, Exception):
            raise self.answer
        self.opened += 1
        return self

    def json_port(self) -> Any:
        """The method of our controller."""
        return self.answer

    def close_rpc(self) -> None:
        """sipyco's."""
        self.closed += 1


AUTO_TARGET = object()


@pytest.fixture
def rpc(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], FakeSipyco]:
    """Install a :class:`FakeSipyco`."""

    def install(answer: Any) -> FakeSipyco:
        fake = FakeSipyco(answer)
        package, module = ModuleType("sipyco"), ModuleType("sipyco.pc_rpc")
        module.Client = fake.client  # type: ignore[attr-defined]
        module.AutoTarget = AUTO_TARGET  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "sipyco", package)
        monkeypatch.setitem(sys.modules, "sipyco.pc_rpc", module)
        return fake

    return install


@pytest.fixture
def no_sipyco(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter without sipyco."""
    monkeypatch.setitem(sys.modules, "sipyco", None)
    monkeypatch.setitem(sys.modules, "sipyco.pc_rpc", None)
