"""Who is told of what, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from dds_link.protocol.replies import ReceiptReply
from dds_link.service.events import EventHub, Session
from dds_link.words import Words
from tests.service.manual_time import ManualTime

ALICE = Session("1.2.3.4:5", "scan.py", 7)


def receipt(channel: int, ftw: int = 0) -> ReceiptReply:
    return ReceiptReply(channel, f"ch{channel}", None, 0.0, 0.0, True, Words(ftw, 0, 0), 1)


class Hub:
    """A hub, its time, and what subscribers were told: ``(seq, event, words)``."""

    def __init__(self) -> None:
        self.time = ManualTime()
        self.hub = EventHub(self.time.unix, self.time.call_later)

    def subscribe(self, *arguments: Any) -> list[Any]:
        told: list[Any] = []

        def deliver(body: dict[str, Any], seq: int) -> None:
            told.append((seq, body["event"], [r.words.ftw for r in body["channels"]]))

        self.subscription = self.hub.subscribe(deliver, *arguments)
        return told

    def happen(self, event: str, *ftws: int) -> None:
        """One command with one event."""
        self.hub.publish(event, ALICE, [receipt(n, ftw) for n, ftw in enumerate(ftws)])
        self.hub.flush()


@pytest.fixture
def hub() -> Hub:
    return Hub()


def test_nothing_is_told_before_the_reply(hub: Hub) -> None:
    told = hub.subscribe()
    hub.hub.publish("changed", ALICE, [receipt(0)])
    assert told == []
    hub.hub.flush()
    assert told == [(1, "changed", [0])]
    hub.hub.flush()
    assert len(told) == 1


def test_everybody_is_told_with_a_number_of_their_own(hub: Hub) -> None:
    first = hub.subscribe()
    hub.happen("changed", 1)
    second = hub.subscribe()
    hub.happen("killed", 2)
    assert first == [(1, "changed", [1]), (2, "killed", [2])]
    assert second == [(1, "killed", [2])]


def test_what_was_published_before_a_snapshot_is_not_told_after_it(hub: Hub) -> None:
    hub.subscribe()
    hub.hub.publish("changed", ALICE, [receipt(0)])
    late = hub.subscribe()
    hub.hub.flush()
    assert late == []


def test_without_subscribers_nothing_is_kept(hub: Hub) -> None:
    hub.hub.publish("changed", ALICE, [receipt(0)])
    told = hub.subscribe()
    hub.hub.flush()
    assert told == []


def test_the_body_of_an_event(hub: Hub) -> None:
    bodies: list[Any] = []
    hub.hub.subscribe(lambda body, seq: bodies.append(body))
    session = Session("here", "scan.py", 7)
    hub.hub.publish("device", session, [receipt(0)], device="missing", reason="gone")
    hub.hub.publish("device", None, [], device="ready", reason="")
    session.client = "another one"
    hub.hub.flush()
    first, second = bodies
    assert list(first) == ["event", "seq", "time", "by", "device", "reason", "channels"]
    assert first["time"] == hub.time.unix()
    assert first["by"] == Session("here", "scan.py", 7)
    assert first["channels"] == [receipt(0)]
    assert second["by"] is None


def test_changes_of_a_channel_are_gathered_into_the_last(hub: Hub) -> None:
    told = hub.subscribe(0.5)
    hub.happen("changed", 1, 2)
    hub.happen("changed", 3)
    hub.time.advance(0.4)
    assert told == []
    hub.time.advance(0.1)
    assert told == [(1, "changed", [3, 2])]
    hub.time.advance(5.0)
    hub.happen("changed", 4)
    hub.time.advance(0.5)
    assert told == [(1, "changed", [3, 2]), (2, "changed", [4])]
    assert not hub.time.waiting()


def test_other_events_come_at_once_after_what_was_gathered(hub: Hub) -> None:
    told = hub.subscribe(0.5)
    hub.happen("changed", 1)
    hub.happen("killed", 2)
    assert told == [(1, "changed", [1]), (2, "killed", [2])]
    hub.time.advance(5.0)
    assert len(told) == 2


@pytest.mark.parametrize("interval", [0.0, 0.5])
def test_only_events_that_were_asked_for(hub: Hub, interval: float) -> None:
    told = hub.subscribe(interval, ["killed", "epoch"])
    for event in ("changed", "killed", "armed", "reset", "device", "epoch"):
        hub.happen(event)
    hub.time.advance(1.0)
    assert [(seq, event) for seq, event, _ in told] == [(1, "killed"), (2, "epoch")]


def test_an_unsubscriber_is_told_nothing_more(hub: Hub) -> None:
    gathered = hub.subscribe(0.5)
    subscription = hub.subscription
    hub.happen("changed", 1)
    hub.hub.publish("killed", ALICE, [])
    for _ in range(2):
        hub.hub.unsubscribe(subscription)
    hub.hub.flush()
    hub.time.advance(1.0)
    assert gathered == []


def test_unsubscribing_while_being_told(hub: Hub) -> None:
    told: list[int] = []

    def deliver(body: dict[str, Any], seq: int) -> None:
        told.append(seq)
        hub.hub.unsubscribe(subscription)

    subscription = hub.hub.subscribe(deliver)
    other = hub.subscribe()
    hub.happen("changed", 1)
    hub.happen("changed", 2)
    assert told == [1]
    assert len(other) == 2


def test_a_subscriber_that_breaks_hurts_nobody_else(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(body: dict[str, Any], seq: int) -> None:
        raise KeyError("secret")

    hub.hub.subscribe(broken)
    other = hub.subscribe()
    hub.happen("changed", 1)
    hub.happen("changed", 2)
    assert len(other) == 2
    assert caplog.text.count("bug while telling a subscriber") == 1
