"""Who is told of what: subscribers, each with a gapless ``seq``, some with changes gathered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol, get_args

from msgspec import Struct
from msgspec.structs import replace

from dds_link.protocol.commands import EventName
from dds_link.protocol.replies import ReceiptReply

logger = logging.getLogger(__name__)

Deliver = Callable[[dict[str, Any], int], None]


EVENTS = get_args(EventName)
"""Everything that subscribers can be told of."""


class Timer(Protocol):
    """Something that will happen, unless it is cancelled."""

    def cancel(self) -> None:
        """Let it not happen."""


CallLater = Callable[[float, Callable[[], None]], Timer]


class Session(Struct):
    """One client, as events and records name it."""

    peer: str = ""
    """Address, or what kind of client it is."""
    client: str | None = None
    rid: int | str | None = None


class Subscription:
    """One subscriber.

    :param deliver: gets each event and its number.
    :param interval: seconds for which changes are gathered, or 0.
    """

    def __init__(self, deliver: Deliver, interval: float, call_later: CallLater) -> None:
        self._deliver = deliver
        self._interval = interval
        self._call_later = call_later
        self._gathered: dict[int, ReceiptReply] = {}
        self._last: dict[str, Any] = {}
        self._timer: Timer | None = None
        self.seq = 0

    def tell(self, body: dict[str, Any]) -> None:
        """Something happened: say so. Changes may be gathered until the
        interval is over; anything else is said now, after the changes before it."""
        if body["event"] != "changed" or not self._interval:
            self.flush()
            self._send(body)
            return
        self._gathered.update((receipt.channel, receipt) for receipt in body["channels"])
        self._last = body
        if self._timer is None:
            self._timer = self._call_later(self._interval, self.flush)

    def flush(self) -> None:
        """Say now what was gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            channels = list(self._gathered.values())
            self._gathered = {}
            self._send({**self._last, "channels": channels})

    def cancel(self) -> None:
        """Say nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self, body: dict[str, Any]) -> None:
        self.seq += 1
        self._deliver(body, self.seq)


class EventHub:
    """Tells every subscriber.

    :param unix: the time, in seconds since 1970.
    :param call_later: starts a timer.
    """

    def __init__(self, unix: Callable[[], float], call_later: CallLater) -> None:
        self._unix = unix
        self._call_later = call_later
        # By event, so that it costs nothing to have listeners for others.
        self._listeners: dict[str, list[Subscription]] = {name: [] for name in EVENTS}
        # Each with those who had their snapshot by then.
        self._published: list[tuple[dict[str, Any], list[Subscription]]] = []

    def subscribe(
        self, deliver: Deliver, interval: float = 0.0, names: Collection[str] | None = None
    ) -> Subscription:
        """Add a subscriber; see :class:`Subscription`.

        :param names: the events that it is told of; None: all.
        """
        subscription = Subscription(deliver, interval, self._call_later)
        for name in EVENTS if names is None else set(names):
            self._listeners[name].append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscriber. May be called twice."""
        subscription.cancel()
        for listeners in self._listeners.values():
            if subscription in listeners:
                listeners.remove(subscription)

    def publish(
        self,
        event: str,
        by: Session | None,
        channels: Sequence[ReceiptReply],
        **more: Any,
    ) -> None:
        """Note what everybody is to be told; :meth:`flush` tells.

        :param event: ``changed killed armed reset device epoch``.
        :param by: who did it; None for the controller itself.
        :param channels: receipts of the channels that it concerns.
        :param more: further fields.
        """
        listeners = self._listeners[event]
        if listeners:
            by = replace(by) if by is not None else None  # a later hello changes the session
            body = {"event": event, "seq": 0, "time": self._unix(), "by": by,
                    **more, "channels": channels}  # fmt: skip
            self._published.append((body, list(listeners)))

    def flush(self) -> None:
        """Send what was published. Called once a command was answered: its reply comes first."""
        while self._published:
            body, listeners = self._published.pop(0)
            for subscription in listeners:
                if subscription in self._listeners[body["event"]]:
                    self._tell(subscription, body)

    def _tell(self, subscription: Subscription, body: dict[str, Any]) -> None:
        try:
            subscription.tell(body)
        except Exception:
            logger.exception("bug while telling a subscriber; it is told nothing more")
            self.unsubscribe(subscription)
