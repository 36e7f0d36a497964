"""The life of the device: opening it, losing it, opening it again, leaving it safe.

    starting -> ready <-> missing | fault

Each function that touches hardware is a part of a job (see :mod:`dds_link.service.lanes`).
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from dds_link.clock import Clock
from dds_link.devices.base import Device, Write
from dds_link.errors import (
    DeviceFault,
    DeviceUnavailable,
    InternalError,
    Preempted,
    TransportLost,
    WireError,
    plain_text,
)
from dds_link.protocol.replies import ReceiptReply
from dds_link.service.epochs import Epochs
from dds_link.service.events import CallLater, EventHub, Session, Timer
from dds_link.service.executor import Call
from dds_link.service.lanes import Lane, Lanes
from dds_link.service.outputs import HARDWARE_ERRORS, RESTORE, START, Outputs, Part
from dds_link.service.plan import Board
from dds_link.service.state import Channel

logger = logging.getLogger(__name__)

FIRST_RETRY = 0.5
"""Seconds until a lost device is tried again; doubles each time."""
LONGEST_RETRY = 10.0
"""Cap of that. A user who plugs a board back in waits no longer."""


class Life:
    """Owns whether the device can be used, and every change of epoch.

    :param board: the channels.
    :param device: their driver.
    :param lanes: runs the jobs.
    :param hub: is told.
    :param on_reconnect: see :mod:`dds_link.service.outputs`.
    """

    def __init__(
        self,
        board: Board,
        device: Device,
        lanes: Lanes,
        hub: EventHub,
        clock: Clock,
        call_later: CallLater,
        on_reconnect: str,
    ) -> None:
        self.state = "starting"
        self.reason = "the device is being opened"
        self._board = board
        self._device = device
        self._lanes = lanes
        self._hub = hub
        self._call_later = call_later
        self._timer: Timer | None = None
        self._retry = FIRST_RETRY
        self._stopped = False
        self._touched = False  # true once the hardware may be open
        self._epochs = Epochs(board.channels, hub, clock)
        self._outputs = Outputs(board, device, self._epochs, on_reconnect)

    def lose_coherence(self, channels: list[Channel], by: Session | None = None) -> None:
        """New epochs, and everybody is told.

        :param by: who wanted that; None: it happened.
        """
        self._epochs.lose(channels, by)

    # Whether the device can be used

    def require_ready(self) -> None:
        """Raise ``DeviceUnavailable`` or ``DeviceFault`` unless the device can be used."""
        if self.state == "ready":
            return
        error = DeviceFault if self.state == "fault" else DeviceUnavailable
        raise error(f"device {self.state}: {self.reason}; the controller goes on trying")

    def _enter(self, state: str, reason: str) -> None:
        changed = state != self.state or (state != "ready" and reason != self.reason)
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
        """Job: open, then do as the policy says; on failure try again later."""
        before = self._receipts()
        while self.state != "ready" and not self._stopped:
            self._touched = True
            policy = self._outputs.policy
            try:
                yield self._device.close
                yield self._device.open
                yield from self._outputs.begin()
            except Preempted:
                continue  # what was urgent is over: from the beginning
            except HARDWARE_ERRORS as error:
                self.fail(error)
                return
            self._enter_ready(f"every channel is as its {policy} policy says")
            if policy != START:
                self._tell_differences(before)

    def _enter_ready(self, reason: str) -> None:
        self._epochs.use()
        self._outputs.were_ready = True
        self._outputs.reset_due = False
        self._retry = FIRST_RETRY
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._enter("ready", reason)

    def _receipts(self) -> list[ReceiptReply]:
        return [channel.receipt for channel in self._board.channels]

    def _tell_differences(self, before: list[ReceiptReply]) -> None:
        """The event ``device`` tells everything; this is for those who listen to others only."""
        pairs = list(zip(before, self._receipts(), strict=True))
        renewed = [new for old, new in pairs if new.epoch != old.epoch]
        if renewed:
            self._hub.publish("epoch", None, renewed)
        changed = [new for old, new in pairs if _tone(new) != _tone(old)]
        if changed:
            self._hub.publish("changed", None, changed)

    def reset(self) -> Part:
        """Part of a job: initialise everything, also to get out of a fault."""
        if self.state != "fault":
            self.require_ready()
        self._outputs.reset_due = True
        yield from self._start_over()

    def _start_over(self) -> Part:
        """Initialise everything. What was requested comes back only if the policy says so."""
        self.forget()
        policy = self._outputs.policy
        try:
            yield from self._outputs.initialise(self._board.channels, again=policy == RESTORE)
        except Preempted:
            self.fail(DeviceFault("the device was stopped while it was being initialised"))
            raise
        self._enter_ready("every channel was initialised")

    # Losing

    def fail(self, error: Exception, moved: Sequence[Channel] = ()) -> None:
        """The device cannot be used for now: nothing is known of it, and it is tried again.

        :param moved: channels that cannot have kept their coherence; of the others it may turn out
            when the device is back.
        """
        self.forget()
        if self._outputs.may_go_on:
            self._epochs.renew(moved)
        else:
            self._epochs.renew_all()
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
            return (yield from self.make_safe(error, moved))
        try:
            yield partial(self._device.restore, [channel.holds() for channel in channels])
        except Preempted:
            raise
        except HARDWARE_ERRORS as second:
            logger.error("%s; what was there before cannot be put back: %s", error, second)
            return (yield from self.make_safe(second, moved))
        self.lose_coherence(moved)
        epoch = ", in a new epoch" if moved else ""
        return _answer(error, f"what was there before was put back{epoch}")

    def make_safe(
        self, error: Exception, moved: Sequence[Channel] = ()
    ) -> Generator[Call, Any, WireError]:
        """Part of a job: the state is unknown after ``error``; reset everything, or give up.

        :param moved: as in :meth:`fail`.
        """
        again = self._outputs.policy == RESTORE
        if not isinstance(error, TransportLost):
            try:
                yield from self._start_over()
            except Preempted:
                raise
            except HARDWARE_ERRORS as second:
                error = second
            else:
                self._hub.publish("epoch", None, self._receipts())
                return _answer(error, _RESTORED if again else _SILENT)
        self.fail(error, moved)
        return _answer(error, "the state of the outputs is unknown, the controller goes on trying")

    # Silence and the end

    def silence(self) -> Generator[Call, Any, bool]:
        """Part of a job: RF off. Returns whether that was read back."""
        observed = yield from self._outputs.silence()
        self._epochs.tell(self._outputs.begin_anew_when_silenced)
        return observed

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


_SILENT = (
    "the device was initialised again: every channel is silent, in a new epoch, and has to be set "
    "again"
)
_RESTORED = (
    "the device was initialised again, and what was requested before is programmed again, in a new "
    "epoch"
)


def _tone(receipt: ReceiptReply) -> tuple[Any, ...]:
    tone = receipt.frequency, receipt.amplitude, receipt.phase
    return *tone, receipt.enabled, receipt.attenuation


def _answer(error: Exception, what: str) -> WireError:
    """What to say of ``error`` and what came of it."""
    kind: type[WireError] = DeviceFault
    if isinstance(error, TransportLost):
        kind = DeviceUnavailable
    elif isinstance(error, InternalError):
        kind = InternalError
    return kind(f"{error}; {what}")


def _stop_write(channel: Channel) -> Write:
    """The safe state of one channel: its safe amplitude and attenuation if it emits; else off, and
    no less attenuation than it has."""
    words = channel.programmed
    emits = channel.emits and words.asf > 0
    asf = channel.limits.safe_asf if emits else 0
    steps = channel.limits.safe_steps
    if steps is not None and not asf:
        steps = max(steps, channel.attenuation or 0)
    return Write(channel.info.index, replace(words, asf=asf), asf > 0, steps)
