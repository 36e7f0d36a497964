"""Who is told of what: subscribers, each with its own gapless ``seq``, some with changes gathered."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Callable, Protocol, Sequence

from msgspec import Struct

from dds_link.protocol.replies import ReceiptReply

Deliver = Callable[[dict[str, Any], int], None]


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
    :param names: the events that it is told of; None: all.
    """

    def __init__(
        self,
        deliver: Deliver,
        interval: float,
        names: Collection[str] | None,
        call_later: CallLater,
    ) -> None:
        self._names = names
        self._deliver = deliver
        self._interval = interval
        self._call_later = call_later
        self._gathered: dict[int, ReceiptReply] = {}
        self._last: dict[str, Any] = {}
        self._timer: Timer | None = None
        self.seq = 0

    def tell(self, body: dict[str, Any]) -> None:
        """Something happened: say so, if it was asked for. Changes may be gathered until the
        interval is over; anything else is said now, after the changes before it."""
        if self._names is not None and body["event"] not in self._names:
            return
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
        self._subscriptions: list[Subscription] = []
        self._published: list[dict[str, Any]] = []

    def subscribe(
        self, deliver: Deliver, interval: float = 0.0, names: Collection[str] | None = None
    ) -> Subscription:
        """Add a subscriber; see :class:`Subscription`."""
        subscription = Subscription(deliver, interval, names, self._call_later)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscriber. May be called twice."""
        subscription.cancel()
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

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
        if self._subscriptions:
            self._published.append({"event": event, "seq": 0, "time": self._unix(), "by": by,
                                    **more, "channels": channels})  # fmt: skip

    def flush(self) -> None:
        """Send what was published. Called once a command was answered: its reply comes first."""
        while self._published:
            body = self._published.pop(0)
            for subscription in list(self._subscriptions):
                subscription.tell(body)
