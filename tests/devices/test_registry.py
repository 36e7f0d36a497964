"""Names of devices; third parties add theirs by entry point."""

from __future__ import annotations

from typing import Any

import pytest

from dds_link.devices import registry
from dds_link.devices.ad9910 import AD9910
from dds_link.devices.base import Device
from dds_link.twins.ad9910 import AD9910Board
from tests.devices.watched import configure
from tests.twins.manual_clock import ManualClock


class Point:
    """An entry point."""

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self._value = value

    def load(self) -> Any:
        return self._value


@pytest.fixture
def third_party(monkeypatch: pytest.MonkeyPatch) -> registry.Entry:
    entry = registry.Entry("their_package.driver:Box", "their_package.twin:make_board")
    points = [Point("box", entry), Point("ad9910", None)]

    def entry_points(group: str) -> list[Point]:
        return points if group == "dds_link.devices" else []

    monkeypatch.setattr(registry, "entry_points", entry_points)
    return entry


def test_a_driver_and_its_twin() -> None:
    entry = registry.find("ad9910")
    assert registry.load(entry.driver) is AD9910
    device, channels = configure()
    board = registry.load(entry.board)(device, channels, ManualClock())
    assert isinstance(board, AD9910Board)
    assert len(board.chips) == 2


@pytest.mark.parametrize("name", sorted(registry.DEVICES))
def test_every_entry_can_be_loaded(name: str) -> None:
    entry = registry.find(name)
    assert issubclass(registry.load(entry.driver), Device)
    assert callable(registry.load(entry.board))


def test_an_unknown_type_lists_those_there_are(third_party: registry.Entry) -> None:
    with pytest.raises(LookupError, match="no device type 'ad9911'; known: ad9910 box"):
        registry.find("ad9911")


def test_third_parties_add_theirs_but_cannot_take_ours(third_party: registry.Entry) -> None:
    assert registry.known_types() == ["ad9910", "box"]
    assert registry.find("box") == third_party
    assert registry.find("ad9910") == registry.DEVICES["ad9910"]
