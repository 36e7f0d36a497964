"""Epochs: numbers of the channels that change whenever phase coherence may have been lost."""

from __future__ import annotations

from collections.abc import Collection

from dds_link.clock import Clock
from dds_link.service.events import EventHub, Session
from dds_link.service.state import Channel


class Epochs:
    """Gives every channel its epoch. None repeats: they start from Unix time in ms, and go up.

    :param channels: all channels of the device.
    :param hub: is told.
    :param clock: tells Unix time.
    """

    def __init__(self, channels: Collection[Channel], hub: EventHub, clock: Clock) -> None:
        self._channels = channels
        self._hub = hub
        self._clock = clock
        self._last = 0
        # True while no channel was ready in its epoch: there is no coherence to lose.
        self._unused = False
        self.renew_all()

    def use(self) -> None:
        """The device is ready: from now on there is coherence to lose."""
        self._unused = False

    def renew(self, channels: Collection[Channel]) -> None:
        """The phase coherence of ``channels`` may be lost. One loss is told once: an epoch in which
        nothing could be set stays."""
        if self._unused or not channels:
            return
        self._last = max(self._last + 1, int(self._clock.unix() * 1000))
        for channel in channels:
            channel.epoch = self._last
            channel.refresh()

    def renew_all(self) -> None:
        """That of every channel, and nothing can be set before the device is ready again."""
        self.renew(self._channels)
        self._unused = True

    def lose(self, channels: Collection[Channel], by: Session | None = None) -> None:
        """As :meth:`renew`, and everybody is told.

        :param by: who wanted that; None: it happened.
        """
        self.renew(channels)
        self.tell(channels, by)

    def tell(self, channels: Collection[Channel], by: Session | None = None) -> None:
        """Tell everybody of new epochs."""
        if channels:
            self._hub.publish("epoch", by, [channel.receipt for channel in channels])
