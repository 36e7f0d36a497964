"""A kill that costs the phase, as clients see it: whoever kills knows; everybody else is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dds_link import config as configuration
from dds_link.client import Client
from dds_link.devices import registry
from dds_link.errors import DDSRefused, DDSStateLost
from dds_link.model import Receipt
from tests.running import Running, running

#: Each loses its phase when it is silenced; the first has no other off.
DEVICES = ["ad9912", "flexdds", "moglabs_arf", "moglabs_qrf"]


def simulated(name: str) -> configuration.Config:
    text = registry.load(registry.find(name).simulated)
    return configuration.parse(text, name, registry.check)


@pytest.fixture(params=DEVICES)
def served(request: pytest.FixtureRequest) -> Iterator[Running]:
    with running(simulated(request.param)) as served:
        yield served


@pytest.fixture
def dds(served: Running) -> Iterator[Client]:
    with Client("127.0.0.1", served.json_port) as dds:
        yield dds


@pytest.fixture
def other(served: Running) -> Iterator[Client]:
    with Client("127.0.0.1", served.json_port) as other:
        yield other


def emits(served: Running) -> list[bool]:
    return [bool(served.tone(channel).emits) for channel in (0, 1)]


def play(served: Running, dds: Client) -> list[Receipt]:
    """Let both channels emit."""
    info = served.controller.assembly.device.channels[0]
    tone: dict[str, Any] = {"amplitude": 0.5} if info.has_amplitude else {}
    receipts = [dds.set(channel, frequency=80e6, **tone) for channel in (0, 1)]
    assert emits(served) == [True, True]
    return receipts


def test_the_killer_goes_on_in_new_epochs(served: Running, dds: Client) -> None:
    before = play(served, dds)
    killed = dds.kill()["channels"]
    assert emits(served) == [False, False]
    assert all(new.epoch > old.epoch for new, old in zip(killed, before))
    with pytest.raises(DDSRefused) as refused:
        dds.set(0, enabled=True)
    assert refused.value.code == "rf_killed"
    armed = dds.arm_rf()["channels"]
    assert emits(served) == [False, False]
    after = [dds.set(channel, enabled=True) for channel in (0, 1)]
    assert emits(served) == [True, True]
    assert [receipt.words for receipt in after] == [receipt.words for receipt in before]
    epochs = [receipt.epoch for receipt in killed[:2]]
    for receipts in (armed, after):
        assert [receipt.epoch for receipt in receipts[:2]] == epochs
    assert dds.identify()["epochs"][:2] == epochs


def test_everybody_else_is_told(dds: Client, other: Client) -> None:
    other.set(0, frequency=80e6)
    dds.kill()
    dds.arm_rf()
    with pytest.raises(DDSStateLost):
        other.set(0, enabled=True)
    other.set(0, enabled=True)


def test_a_second_kill_is_as_good(served: Running, dds: Client) -> None:
    play(served, dds)
    dds.kill()
    dds.kill()
    assert emits(served) == [False, False]
    dds.arm_rf()
    dds.set(0, enabled=True)
    assert emits(served) == [True, False]


@pytest.mark.parametrize("name", DEVICES)
def test_a_stop_is_silent_after_all_this(name: str) -> None:
    with running(simulated(name)) as served:
        with Client("127.0.0.1", served.json_port) as dds:
            play(served, dds)
            dds.kill()
            dds.arm_rf()
            dds.set(0, enabled=True)
            assert emits(served) == [True, False]
        board = served.controller.assembly.board
    assert not any(board.tone(channel).emits for channel in (0, 1))
