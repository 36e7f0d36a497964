"""Names of devices; third parties add theirs by entry point."""

from __future__ import annotations

from typing import Any

import pytest

from dds_link.config import parse
from dds_link.config_keys import Problems
from dds_link.devices import registry
from dds_link.devices.ad9910 import AD9910
from dds_link.devices.base import Device
from dds_link.twins.ad9910 import AD9910Board
from tests.devices.watched import configure
from tests.twins.manual_clock import ManualClock


class Point:
    """An entry point."""

    value = "their_package:ENTRY"

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self._value = value

    def load(self) -> Any:
        return self._value


def found(device: dict[str, Any]) -> list[str]:
    problems = Problems("lab.toml")
    registry.check(device, [], problems)
    return problems.found


@pytest.fixture
def third_party(monkeypatch: pytest.MonkeyPatch) -> registry.Entry:
    entry = registry.Entry("their_package.driver:Box", "their_package.twin:make_board")
    points = [Point("box", entry), Point("ad9910", None), Point("broken", 5)]

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
    assert callable(registry.load(entry.rules))


@pytest.mark.parametrize("name", sorted(registry.DEVICES))
def test_every_device_has_a_smallest_config_file(name: str) -> None:
    entry = registry.find(name)
    config = parse(registry.load(entry.simulated), "simulated", registry.check)
    assert config.device.type == name
    assert registry.load(entry.board)(config.device, config.channels, ManualClock())


def test_a_broken_plug_in_says_so(third_party: registry.Entry) -> None:
    with pytest.raises(LookupError, match="its entry point their_package:ENTRY does not load: "):
        registry.find("broken")


def test_rules_that_are_not_there_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for rules in ("their_package.rules:check", "dds_link.config:nothing"):
        monkeypatch.setitem(registry.DEVICES, "box", registry.Entry("", "", rules))
        [problem] = found({"type": "box"})
        assert problem.startswith("lab.toml: device.type = 'box': ")


def test_a_file_without_a_type_is_checked_by_nobody() -> None:
    assert found({"sysclk": 3e9}) == []
    assert len(found({"type": "ad9910", "sysclk": 3e9, "refclk": 3e9})) == 1


def test_an_unknown_type_lists_those_there_are(third_party: registry.Entry) -> None:
    with pytest.raises(LookupError, match="there is no such device, only: ad9910 .*box"):
        registry.find("ad9911")


def test_third_parties_add_theirs_but_cannot_take_ours(third_party: registry.Entry) -> None:
    assert registry.known_types() == sorted([*registry.DEVICES, "box", "broken"])
    assert registry.find("box") == third_party
    assert found({"type": "box"}) == []
    assert registry.find("ad9910") == registry.DEVICES["ad9910"]
