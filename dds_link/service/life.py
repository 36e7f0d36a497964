"""The life of the device: opening it, losing it, opening it again, leaving it safe.

    starting -> ready <-> missing | fault

Each function that touches hardware is a part of a job (see :mod:`dds_link.service.lanes`).
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from functools import partial
from typing import Any

from msgspec.structs import replace

from dds_link.clock import Clock
from dds_link.devices.base import ATTACH, Device, Write
from dds_link.errors import (
    DeviceFault,
    DeviceUnavailable,
    InternalError,
    Preempted,
    TransportError,
    TransportLost,
    WireError,
    plain_text,
)
from dds_link.service.events import CallLater, EventHub, Session, Timer
from dds_link.service.executor import Call
from dds_link.service.lanes import Lane, Lanes
from dds_link.service.plan import Board
from dds_link.service.state import Channel

logger = logging.getLogger(__name__)

FIRST_RETRY = 0.5
"""Seconds until a lost device is tried again; doubles each time."""
LONGEST_RETRY = 10.0
"""Cap of that. A user who plugs a board back in waits no longer."""

HARDWARE_ERRORS = (TransportError, DeviceFault, InternalError)
"""What a call of a device may end with (the last one by a bug in its driver)."""

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
        self._touched = False  # true once the hardware may be open
        self._fresh = True  # no channel has been ready in its epoch: there is no coherence to lose
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

    def lose_coherence(self, channels: list[Channel], by: Session | None = None) -> None:
        """New epochs, and everybody is told.

        :param by: who wanted that; None: it happened.
        """
        if channels:
            self.new_epochs(channels)
            self._hub.publish("epoch", by, [channel.receipt for channel in channels])

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
            self._lanes.submit(Lane.IDLE, self._open(), lambda outcome: None)

    def _open(self) -> Part:
        """Job: open, then adopt or initialise; on failure try again later."""
        while self.state != "ready" and not self._stopped:
            self._touched = True
            try:
                yield self._device.close
                yield self._device.open
                yield from self.start_channels()
                self._enter_ready()
            except Preempted:
                continue  # what was urgent is over: from the beginning
            except HARDWARE_ERRORS as error:
                self.fail(error)
                return

    def _enter_ready(self) -> None:
        self._fresh = False
        self._retry = FIRST_RETRY
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._enter("ready", "every channel is as its start policy says")

    def reset(self) -> Part:
        """Part of a job: initialise everything, also to get out of a fault."""
        if self.state != "fault":
            self.require_ready()
        yield from self._initialise_all()

    def start_channels(self) -> Part:
        """Part of a job: adopt the channels that shall be kept and can be, initialise the rest."""
        channels = list(self._board.channels)
        keep = [channel for channel in channels if channel.config.on_start == "keep"]
        if keep and ATTACH in self._device.capabilities:
            found = yield self._device.attach
            for channel in keep:
                write = found[channel.info.index]
                if write is None:
                    logger.warning("channel %r: nothing that could be kept", channel.name)
                elif not channel.may_adopt(write):
                    logger.warning("channel %r: %s is not allowed now", channel.name, write.words)
                else:
                    channel.adopt(write)
                    channels.remove(channel)
        if channels:
            yield from self.initialise(channels)
        if self._board.killed:
            yield from self.silence()

    def initialise(self, channels: list[Channel]) -> Part:
        """Part of a job: reset the chips of ``channels``; they start silent, in new epochs
        (unless :meth:`fail` gave them already: one loss is told once)."""
        done = yield partial(self._device.initialise, [c.info.index for c in channels])
        channels = [c for c in self._board.channels if c.info.index in done]
        for channel in channels:
            channel.begin()
            channel.known = True
        if not self._fresh:
            self.new_epochs(channels)
        for channel in channels:
            channel.refresh()

    def _initialise_all(self) -> Part:
        self.forget()
        try:
            yield from self.initialise(self._board.channels)
        except Preempted:
            self.fail(DeviceFault("the device was stopped while it was being initialised"))
            raise
        self._enter_ready()

    # Losing

    def fail(self, error: Exception) -> None:
        """The device cannot be used for now: nothing is known of it, and it is tried again."""
        self.forget()
        if not self._fresh:
            self.new_epochs(self._board.channels)
            self._fresh = True
        self._enter("missing" if isinstance(error, TransportLost) else "fault", str(error))
        if self._timer is None and not self._stopped:
            self._timer = self._call_later(self._retry, self.begin)
            self._retry = min(self._retry * 2, LONGEST_RETRY)

    def forget(self) -> None:
        """Nothing is known of the outputs any more."""
        for channel in self._board.channels:
            channel.known = False
            channel.refresh()

    def put_back(
        self, channels: list[Channel], moved: list[Channel], error: Exception
    ) -> Generator[Call, Any, WireError]:
        """Part of a job: after ``error``, make ``channels`` as they were.

        :param moved: those whose accumulators may have run at another speed meanwhile.
        :returns: what to answer. If the state cannot be put back, the device is made safe or, where
            that fails too, declared unknown.
        """
        if isinstance(error, TransportLost):
            return (yield from self.make_safe(error))
        try:
            yield partial(self._device.restore, [channel.holds() for channel in channels])
        except Preempted:
            raise
        except HARDWARE_ERRORS as second:
            logger.error("%s; what was there before cannot be put back: %s", error, second)
            return (yield from self.make_safe(second))
        self.lose_coherence(moved)
        epoch = ", in a new epoch" if moved else ""
        return _answer(error, f"what was there before was put back{epoch}")

    def make_safe(self, error: Exception) -> Generator[Call, Any, WireError]:
        """Part of a job: the state is unknown after ``error``; reset everything, or give up."""
        if not isinstance(error, TransportLost):
            try:
                yield from self._initialise_all()
            except Preempted:
                raise
            except HARDWARE_ERRORS as second:
                error = second
            else:
                receipts = [channel.receipt for channel in self._board.channels]
                self._hub.publish("epoch", None, receipts)
                return _answer(error, "the device was initialised again: every channel is silent, "
                                      "in a new epoch, and has to be set again")  # fmt: skip
        self.fail(error)
        return _answer(error, "the state of the outputs is unknown, the controller goes on trying")

    # Silence and the end

    def silence(self) -> Generator[Call, Any, bool]:
        """Part of a job: RF off. Returns whether that was read back."""
        writes = [channel.silent() for channel in self._board.channels]
        observed = yield lambda: self._device.silence(writes)
        for channel, write in zip(self._board.channels, writes, strict=True):
            channel.programmed = write.words
            channel.enabled = False
            channel.refresh()
        return bool(observed)

    def stop(self) -> Part:
        """Job: leave every output by its stop policy, then let go of the hardware."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        if not self._touched:
            return
        unsafe = bool(self._safe_at_stop())
        for step in self._last_steps():
            try:
                yield step
            except HARDWARE_ERRORS as error:
                logger.error("stopping: %s", error)
            else:
                unsafe = False
                break
        if unsafe:
            logger.critical("stopping while the device is %s: RF MAY STILL BE ON", self.state)
        yield self._device.close

    def _safe_at_stop(self) -> list[Channel]:
        return [channel for channel in self._board.channels if channel.config.on_stop == "safe"]

    def _last_steps(self) -> list[Call]:
        """Ways to leave the outputs by the stop policy, the best one first."""
        channels, safe = self._board.channels, self._safe_at_stop()
        steps: list[Call] = []
        if self.state == "ready":
            interrupted = self._lanes.passed  # then the chips may hold half of something
            if safe and not interrupted:
                steps.append(partial(self._device.write, [_stop_write(c) for c in safe]))
            if safe or interrupted:
                every = [_stop_write(c) if c in safe else c.holds() for c in channels]
                steps.append(partial(self._device.restore, every))
        # Once that has failed, or in a fault, nothing is known of the channels to keep either.
        if safe and (self.state in ("ready", "fault") or len(safe) == len(channels)):
            steps.append(partial(self._device.silence, [channel.silent() for channel in channels]))
        return steps


def _answer(error: Exception, what: str) -> WireError:
    """What to say of ``error`` and what came of it."""
    kind: type[WireError] = DeviceFault
    if isinstance(error, TransportLost):
        kind = DeviceUnavailable
    elif isinstance(error, InternalError):
        kind = InternalError
    return kind(f"{error}; {what}")


def _stop_write(channel: Channel) -> Write:
    """The safe state of one channel: its safe amplitude if it emits, else off."""
    words = channel.programmed
    emits = channel.emits and words.asf > 0
    asf = channel.limits.safe_asf if emits else 0
    return Write(channel.info.index, replace(words, asf=asf), asf > 0)
