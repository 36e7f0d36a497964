"""The life of the device: opening it, losing it, opening it again, leaving it safe.

    starting -> ready <-> missing | fault

Each function that touches hardware is a part of a job (see :mod:`dds_link.service.lanes`).
"""

from __future__ import annotations

import logging
from typing import Any, Generator

from dds_link.clock import Clock
from dds_link.devices.base import ATTACH, Device, Write
from dds_link.errors import (
    DeviceFault,
    DeviceUnavailable,
    Preempted,
    TransportError,
    TransportLost,
    WireError,
    plain_text,
)
from dds_link.service.events import CallLater, EventHub, Timer
from dds_link.service.executor import Call
from dds_link.service.lanes import Lane, Lanes
from dds_link.service.plan import Board
from dds_link.service.state import Channel

logger = logging.getLogger(__name__)

FIRST_RETRY = 0.5
"""Seconds until a lost device is tried again; doubles each time."""
LONGEST_RETRY = 10.0
"""Cap of that. A user who plugs a board back in waits no longer."""

HARDWARE_ERRORS = (TransportError, DeviceFault)
"""What a device may raise."""

Part = Generator[Call, Any, Any]


class Life:
    """Owns whether the device can be used, and every change of epoch.

    :param board: the channels.
    :param device: their driver.
    :param lanes: runs the jobs.
    :param hub: is told.
    """

    def __init__(
        self,
        board: Board,
        device: Device,
        lanes: Lanes,
        hub: EventHub,
        clock: Clock,
        call_later: CallLater,
    ) -> None:
        self.state = "starting"
        self.reason = "the device is being opened"
        self._board = board
        self._device = device
        self._lanes = lanes
        self._hub = hub
        self._clock = clock
        self._call_later = call_later
        self._timer: Timer | None = None
        self._retry = FIRST_RETRY
        self._stopped = False
        self._begun = False  # true once the device has been ready: from then on there is coherence
        self._last_epoch = 0
        self.new_epochs(board.channels)

    # Epochs

    def new_epochs(self, channels: list[Channel]) -> None:
        """Say that the phase coherence of ``channels`` may be lost. An epoch never repeats: it
        starts from Unix time in ms, and goes up."""
        self._last_epoch = max(self._last_epoch + 1, int(self._clock.unix() * 1000))
        for channel in channels:
            channel.epoch = self._last_epoch
            channel.refresh()

    def _lose_coherence(self, channels: list[Channel]) -> None:
        """New epochs, unless this is the first start: then there was nothing to lose."""
        if self._begun:
            self.new_epochs(channels)
        for channel in channels:
            channel.refresh()

    # Whether the device can be used

    def require_ready(self) -> None:
        """Raise ``DeviceUnavailable`` or ``DeviceFault`` unless the device can be used."""
        if self.state == "ready":
            return
        error = DeviceFault if self.state == "fault" else DeviceUnavailable
        raise error(f"device {self.state}: {self.reason}; the controller goes on trying")

    def _enter(self, state: str, reason: str) -> None:
        changed = (state, reason) != (self.state, self.reason)
        self.state, self.reason = state, plain_text(reason)
        if changed:
            level = logging.INFO if state == "ready" else logging.ERROR
            logger.log(level, "device %s: %s", state, self.reason)
            receipts = [channel.receipt for channel in self._board.channels]
            self._hub.publish("device", None, receipts, device=state, reason=self.reason)

    # Opening

    def begin(self) -> None:
        """Open the device in the background."""
        self._timer = None
        if not self._stopped:
            self._lanes.submit(Lane.IDLE, self._open(), lambda outcome: self._hub.flush())

    def _open(self) -> Part:
        """Job: open, then adopt or initialise; on failure try again later."""
        try:
            while self.state != "ready" and not self._stopped:
                try:
                    yield self._device.close
                    yield self._device.open
                    yield from self.start_channels(self._board.channels)
                    self._enter_ready()
                except Preempted:
                    continue  # what was urgent is over: from the beginning
        except HARDWARE_ERRORS as error:
            self.fail(error)

    def _enter_ready(self) -> None:
        self._begun = True
        self._retry = FIRST_RETRY
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._enter("ready", "every channel is as its start policy says")

    def reset(self) -> Part:
        """Part of a job: initialise everything, also to get out of a fault."""
        if self.state != "fault":
            self.require_ready()
        yield from self.initialise(self._board.channels)
        self._enter_ready()

    def start_channels(self, channels: list[Channel]) -> Part:
        """Part of a job: adopt the channels that shall be kept and can be; initialise the others."""
        keep = [channel for channel in channels if channel.config.on_start == "keep"]
        if keep and ATTACH in self._device.capabilities:
            found = yield self._device.attach
            for channel in keep:
                words = found[channel.info.index]
                if words is not None:
                    channel.adopt(words)
                    channels = [other for other in channels if other is not channel]
        if channels:
            yield from self.initialise(channels)
        if self._board.killed:
            yield from self.silence()

    def initialise(self, channels: list[Channel]) -> Part:
        """Part of a job: reset the chips of ``channels``; they start silent, with new epochs."""
        indices = [channel.info.index for channel in channels]
        lost = yield lambda: self._device.initialise(indices)
        touched = [c for c in self._board.channels if c.info.index in lost or c in channels]
        for channel in touched:
            channel.programmed = channel.programmed._replace(ftw=0, pow=0, asf=0)
            channel.known = True
            channel.begin()
            channel.enabled = not self._board.killed
        self._lose_coherence(touched)

    # Losing

    def fail(self, error: Exception) -> None:
        """The device cannot be used for now: nothing is known of it, and it is tried again."""
        for channel in self._board.channels:
            channel.known = False
        self._lose_coherence(self._board.channels)
        self._enter("missing" if isinstance(error, TransportLost) else "fault", str(error))
        if self._timer is None and not self._stopped:
            self._timer = self._call_later(self._retry, self.begin)
            self._retry = min(self._retry * 2, LONGEST_RETRY)

    def put_back(self, before: list[Write], error: Exception) -> Generator[Call, Any, WireError]:
        """Part of a job: after a write that failed with ``error``, make it as it was.

        :returns: what to answer. If the state cannot be put back, the device is made safe or, where
            that fails too, declared unknown.
        """
        if not isinstance(error, TransportLost):
            try:
                yield lambda: self._device.restore(before)
                return DeviceFault(f"{error}; what was there before was put back, nothing changed")
            except Preempted:
                raise
            except HARDWARE_ERRORS as second:
                logger.error("cannot put back what was there before: %s", second)
                error = second
        return (yield from self.make_safe(error))

    def make_safe(self, error: Exception) -> Generator[Call, Any, WireError]:
        """Part of a job: the state is unknown after ``error``; reset everything, or give up."""
        if not isinstance(error, TransportLost):
            try:
                for channel in self._board.channels:
                    channel.known = False
                yield from self.initialise(self._board.channels)
                receipts = [channel.receipt for channel in self._board.channels]
                self._hub.publish("epoch", None, receipts)
                return DeviceFault(
                    f"{error}; the device was initialised again: every channel is silent, "
                    "in a new epoch, and has to be set again"
                )
            except Preempted:
                raise
            except HARDWARE_ERRORS as second:
                error = second
        self.fail(error)
        kind = DeviceUnavailable if isinstance(error, TransportLost) else DeviceFault
        return kind(f"{error}; the state of the outputs is unknown, the controller goes on trying")

    # Silence and the end

    def silence(self) -> Generator[Call, Any, bool]:
        """Part of a job: RF off. Returns whether that was read back."""
        writes = [channel.silent() for channel in self._board.channels]
        observed = yield lambda: self._device.silence(writes)
        for channel, write in zip(self._board.channels, writes):
            channel.programmed = write.words
            channel.enabled = False
            channel.refresh()
        return bool(observed)

    def stop(self) -> Part:
        """Job: leave every output by its stop policy, then let go of the hardware."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        writes = [_stop_write(c) for c in self._board.channels if c.config.on_stop == "safe"]
        if self.state == "ready" and writes:
            try:
                yield lambda: self._device.write(writes)
            except HARDWARE_ERRORS as error:
                logger.error("stopping: %s; trying once more", error)
                try:
                    yield lambda: self._device.restore(writes)
                except HARDWARE_ERRORS as second:
                    logger.critical("stopping: %s; RF MAY STILL BE ON", second)
        yield self._device.close


def _stop_write(channel: Channel) -> Write:
    """The safe state of one channel: its safe amplitude if it emits, else off."""
    words = channel.programmed
    emits = channel.enabled and channel.requested.ftw is not None
    return Write(
        channel.info.index,
        words._replace(asf=channel.limits.safe_asf if emits else 0),
        channel.enabled,
    )
