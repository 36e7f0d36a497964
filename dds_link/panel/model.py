"""What is known of controllers: from events alone, never from what somebody typed.

Pure: no network, no clock, no browser. Whatever changes gets a new number from a common counter,
so that each viewer can be told what is new since the number that it has seen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LOG_LENGTH = 300
"""Entries of the log that are kept for each controller."""

CONNECTING = "connecting"
LIVE = "live"
LOST = "lost"
"""States of a link; anything but ``LIVE`` means that values are old."""

Receipt = Mapping[str, Any]
"""As it came over the wire, with fields that this version does not know."""


class Gap(Exception):
    """An event is missing: what is known is not the truth any more."""


class Counter:
    """Numbers for changes, common to all controllers of a panel.

    :param on_change: called after each; wakes the viewers.
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self.last = 0
        self._on_change = on_change

    def next(self) -> int:
        """The number of a change that happens now."""
        self.last += 1
        self._on_change()
        return self.last


@dataclass
class Channel:
    """One channel."""

    receipt: Receipt
    version: int
    by: str = ""
    """Who changed it last; empty if that was before the panel was connected."""
    time: float | None = None
    """Unix time of that, by the controller's clock."""


@dataclass
class Entry:
    """One line of the log."""

    version: int
    time: float
    """Unix time: the controller's for its events, the panel's for its own."""
    event: str
    what: str
    by: str = ""
    count: int = 1
    """How many events in a row it stands for."""
    number: int = 0
    """Its own; stays when the entry grows."""


@dataclass
class Link:
    """One controller, as far as it is known."""

    key: str
    where: str
    counter: Counter = field(default_factory=Counter)
    state: str = CONNECTING
    reason: str = ""
    """Why there is no contact, in one sentence."""
    contact: float | None = None
    """When it was heard of last, by the panel's monotonic clock."""
    identity: Mapping[str, Any] = field(default_factory=dict)
    description: Mapping[str, Any] = field(default_factory=dict)
    device: str = ""
    killed: bool = False
    rtt: float | None = None
    """Of the last ping, seconds."""
    channels: dict[int, Channel] = field(default_factory=dict)
    log: deque[Entry] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))
    head_version: int = 0
    """Of everything but channels and log."""
    static_version: int = 0
    """Of the description of the channels, and of which there are."""
    _seq: int = 0
    _entries: int = 0

    def connected(
        self,
        identity: Mapping[str, Any],
        description: Mapping[str, Any],
        snapshot: Mapping[str, Any],
        now: float,
        time: float,
    ) -> None:
        """The controller told all there is.

        :param snapshot: the first event of the subscription.
        :param now: of the panel's monotonic clock.
        :param time: Unix time.
        """
        self.identity, self.description = identity, description
        self.state, self.reason, self.contact = LIVE, "", now
        self.device = str(snapshot.get("device", ""))
        self.killed = bool(snapshot.get("killed"))
        self._seq = int(snapshot.get("seq", 0))
        before, self.channels = self.channels, {}
        for receipt in snapshot["channels"]:
            known = before.get(receipt["channel"])
            if known is not None and dict(known.receipt) == dict(receipt):
                self.channels[receipt["channel"]] = known
                known.version = self.counter.next()
            else:
                self._receive(receipt, "", None)
        self.static_version = self.head_version = self.counter.next()
        self.note(time, "link", "connected")

    def take(self, event: Mapping[str, Any], now: float) -> None:
        """An event came.

        :raises Gap: if one before it did not.
        """
        if event["seq"] != self._seq + 1:
            raise Gap(f"event {self._seq + 1} is missing")
        self._seq = event["seq"]
        name, by = str(event["event"]), who(event.get("by"))
        self.contact = now
        self.head_version = self.counter.next()
        if name in ("killed", "armed"):
            self.killed = name == "killed"
        if "device" in event:
            self.device = str(event["device"])
        names = []
        for receipt in sorted(event.get("channels") or (), key=lambda each: int(each["channel"])):
            self._receive(receipt, by, event.get("time"))
            names.append(str(receipt["name"]))
        self.note(float(event.get("time") or 0), name, _what(event, names), by)

    def heard(self, rtt: float, now: float) -> None:
        """A ping was answered.

        :param rtt: round trip, seconds.
        """
        self.rtt, self.contact = rtt, now
        self.head_version = self.counter.next()

    def lost(self, reason: str, time: float) -> None:
        """There is no contact any more, or still not."""
        if self.state == LOST and self.reason == reason:
            return
        if self.state != LOST:
            self.note(time, "link", f"lost: {reason}")
        self.state, self.reason, self.rtt = LOST, reason, None
        self.head_version = self.counter.next()

    def note(self, time: float, event: str, what: str, by: str = "") -> None:
        """Put a line into the log; one that says the same as the line before is counted there."""
        last = self.log[-1] if self.log else None
        if last is not None and (last.event, last.what, last.by) == (event, what, by):
            last.count, last.time, last.version = last.count + 1, time, self.counter.next()
            return
        self._entries += 1
        entry = Entry(self.counter.next(), time, event, what, by, number=self._entries)
        self.log.append(entry)

    def _receive(self, receipt: Receipt, by: str, time: float | None) -> None:
        index = receipt["channel"]
        if index not in self.channels:
            self.static_version = self.counter.next()
        self.channels[index] = Channel(receipt, self.counter.next(), by, time)


def who(by: Mapping[str, Any] | None) -> str:
    """Who caused an event: ``"scan.py, rid 7 (10.0.0.5:50000)"``; the controller, if nobody did."""
    if not by:
        return "controller"
    names = [str(by["client"])] if by.get("client") else []
    if by.get("rid") is not None:
        names.append(f"rid {by['rid']}")
    peer = str(by.get("peer", ""))
    return f"{', '.join(names)} ({peer})" if names else peer


def _what(event: Mapping[str, Any], names: list[str]) -> str:
    if event["event"] == "device":
        return f"device {event.get('device', '')}"
    if len(names) > 4:
        return f"{len(names)} channels"
    return ", ".join(names)
