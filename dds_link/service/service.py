"""Commands to outcomes: plan (pure), commit (the only device I/O), settle (state, reply, event).

One ``_do_<command>`` for each command. Those that touch the device are jobs of
:mod:`dds_link.service.lanes`; the others are answered at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from dds_link import __version__
from dds_link.clock import Clock
from dds_link.config import Config
from dds_link.devices.base import READBACK, SYNC, Device
from dds_link.errors import (
    DeviceFault,
    DeviceUnavailable,
    OutOfRange,
    Preempted,
    RFKilled,
    Unsupported,
    WireError,
)
from dds_link.protocol import commands
from dds_link.protocol.codec import PROTOCOL_VERSION
from dds_link.protocol.replies import ReceiptReply
from dds_link.service.events import CallLater, Deliver, EventHub, Session, Subscription
from dds_link.service.executor import Call, Executor
from dds_link.service.lanes import Lane, Lanes, known
from dds_link.service.life import Life
from dds_link.service.outputs import HARDWARE_ERRORS
from dds_link.service.plan import Board
from dds_link.service.state import Channel, Target

Job = Generator[Call, Any, Any]
Done = Callable[[Any, Any], None]
"""Takes the outcome of a command, and the ticket that came with it."""

MAX_INTERVAL = 3600.0
"""Longest ``interval`` of a subscription, in seconds."""


class Service:
    """The DDS service of one device.

    :param config: channels, names, limits.
    :param device: the driver, on its transport.
    :param executor: where device calls run.
    :param interrupt: the transport's, set when something urgent waits.
    :param clock: time.
    :param call_later: starts a timer.
    :param simulation: True if a twin is at the far end.
    """

    def __init__(
        self,
        config: Config,
        device: Device,
        executor: Executor,
        *,
        interrupt: Any,
        clock: Clock,
        call_later: CallLater,
        simulation: bool,
    ) -> None:
        self._config = config
        self._device = device
        self._clock = clock
        self._simulation = simulation
        self._started = clock.real()
        self._kills = 0  # sent so far
        self._silenced = 0  # of those, how many the last silence counts for
        self._observed = False  # what came of it: it was read back,
        self._unsilenced: Exception | None = None  # or it failed
        self._board = Board(device.channels, config.channels, config.source)
        self._hub = EventHub(clock.unix, call_later)
        self._executor = executor
        self._lanes = Lanes(executor, interrupt, self._hub.flush)
        policy = config.device.on_reconnect
        self._life = Life(self._board, device, self._lanes, self._hub, clock, call_later, policy)
        self._jobs: dict[type, Callable[[Any, Session], Job]] = {
            commands.Set: self._do_set,
            commands.Apply: self._do_apply,
            commands.Get: self._do_get,
            commands.Sync: self._do_sync,
            commands.Kill: self._do_kill,
            commands.ArmRF: self._do_arm_rf,
            commands.Reset: self._do_reset,
        }
        self._answers: dict[type, Callable[[Any, Session], Any]] = {
            commands.Ping: self._do_ping,
            commands.Hello: self._do_hello,
            commands.Identify: self._do_identify,
            commands.Describe: self._do_describe,
        }

    # The interface of the shells

    def start(self) -> None:
        """Open the device, in the background where it may block."""
        self._life.begin()

    def stop(self, done: Callable[[], None]) -> None:
        """Leave the outputs by the stop policy and let go of the hardware; then call ``done``."""

        def ended(outcome: Any) -> None:
            self._lanes.close(DeviceUnavailable("the controller is stopping"))
            self._executor.close()
            done()

        self._lanes.submit(Lane.URGENT, self._life.stop(), ended)

    def execute(self, command: Any, session: Session, done: Done, ticket: Any = None) -> None:
        """Carry out one command (or refuse it, if it is a ``WireError`` already).

        :param done: gets the result or a ``WireError``, now or later; exactly once.
        :param ticket: anything; ``done`` gets it, too.
        """
        kind = type(command)
        if kind is commands.Set and self._lanes.free():
            done(self._set_now(command, session), ticket)
            self._hub.flush()
            return
        job = self._jobs.get(kind)
        if job is not None:
            lane = Lane.NORMAL
            if kind is commands.Kill:
                lane = Lane.URGENT
                self._kills += 1
            self._lanes.submit(lane, job(command, session), lambda outcome: done(outcome, ticket))
        elif isinstance(command, WireError):
            done(command, ticket)
        else:
            done(self._answers[kind](command, session), ticket)

    def subscribe(self, command: commands.Subscribe, deliver: Deliver) -> tuple[Any, Any]:
        """Start a subscription.

        :param deliver: gets each event and its ``seq``.
        :returns: the snapshot to answer, and the subscription for :meth:`unsubscribe`; or a
            ``WireError`` and None.
        """
        interval = command.interval or 0.0
        if not (0 <= interval <= MAX_INTERVAL and math.isfinite(interval)):
            return OutOfRange(f"interval {interval:.15g} s is outside 0 ... {MAX_INTERVAL:g}"), None
        subscription = self._hub.subscribe(deliver, interval, command.events)
        snapshot = {
            "seq": subscription.seq,
            "killed": self._board.killed,
            "device": self._life.state,
            "channels": self._receipts(self._board.channels),
        }
        return snapshot, subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription. May be called twice."""
        self._hub.unsubscribe(subscription)

    # Answered at once

    def _do_ping(self, command: commands.Ping, session: Session) -> Any:
        return {"device": self._life.state}

    def _do_hello(self, command: commands.Hello, session: Session) -> Any:
        session.client = command.client
        session.rid = command.rid
        return session

    def _do_identify(self, command: commands.Identify, session: Session) -> Any:
        return {
            "package": "dds_link",
            "version": __version__,
            "protocol": PROTOCOL_VERSION,
            "device": self._config.device.type,
            "simulation": self._simulation,
            "readback": READBACK in self._device.capabilities,
            "config_hash": self._config.hash,
            "uptime": self._clock.real() - self._started,
            "epochs": [channel.epoch for channel in self._board.channels],
        }

    def _do_describe(self, command: commands.Describe, session: Session) -> Any:
        return {
            "channels": [_describe(channel) for channel in self._board.channels],
            "capabilities": sorted(self._device.capabilities),
            "sync": self._device.sync_note,
        }

    # Jobs

    def _do_set(self, command: commands.Set, session: Session) -> Job:
        receipts = yield from self._change((command,), session)
        return receipts[0]

    def _do_apply(self, command: commands.Apply, session: Session) -> Job:
        return self._change(command.changes, session)

    def _change(self, changes: Sequence[commands.Change], session: Session) -> Job:
        targets = self._plan(changes)
        try:
            if targets:
                yield partial(self._device.write, [target.write for target in targets])
        except HARDWARE_ERRORS as error:
            yield from self._undo(targets, error)
        return self._settle(targets, session)

    def _set_now(self, command: commands.Set, session: Session) -> Any:
        """As :meth:`_do_set`, where nothing waits or can come between: a scan waits for it."""
        try:
            target = self._board.plan_one(command)
            self._life.require_ready()
        except WireError as error:
            return error
        try:
            self._device.write((target.write,))
        except BaseException as error:
            outcomes: list[Any] = []  # in place it is there when submit returns
            self._lanes.submit(Lane.NORMAL, self._undo([target], known(error)), outcomes.append)
            return outcomes[0]
        target.settle()
        receipt = target.channel.receipt
        self._hub.publish("changed", session, (receipt,))
        return receipt

    def _plan(self, changes: Sequence[commands.Change]) -> list[Target]:
        targets = self._board.plan(changes)
        self._life.require_ready()
        return targets

    def _undo(self, targets: list[Target], error: Exception) -> Job:
        channels = [target.channel for target in targets]
        moved = [t.channel for t in targets if t.write.words.ftw != t.channel.programmed.ftw]
        raise (yield from self._put_back(channels, moved, error)) from error

    def _settle(self, targets: Sequence[Target], session: Session) -> list[ReceiptReply]:
        receipts = []
        for target in targets:
            target.settle()
            receipts.append(target.channel.receipt)
        if receipts:
            self._hub.publish("changed", session, receipts)
        return receipts

    def _put_back(
        self, channels: list[Channel], moved: list[Channel], error: Exception
    ) -> Generator[Call, Any, WireError]:
        """The answer to a command of which a device call ended with ``error``.

        :param moved: channels whose phase coherence it may have cost.
        """
        try:
            if isinstance(error, Preempted):
                raise error
            return (yield from self._life.put_back(channels, moved, error))
        except Preempted:
            self._life.lose_coherence(moved)
            return self._passed()

    def _passed(self) -> WireError:
        """The answer to a command that an urgent one passed half-way."""
        if self._board.killed:
            return RFKilled("RF was killed while the command ran; it was not applied")
        return DeviceUnavailable("the controller is stopping; the command was not applied")

    def _do_get(self, command: commands.Get, session: Session) -> Job:
        one = None if command.channel is None else self._board.find(command.channel)
        channels = self._board.channels if one is None else [one]
        receipts = self._receipts(channels)
        if command.verify:
            receipts = yield from self._verify(channels, session)
        return receipts if one is None else receipts[0]
        yield  # a job, even without a call

    def _verify(self, channels: list[Channel], session: Session) -> Job:
        if READBACK not in self._device.capabilities:
            raise Unsupported("nothing can be read back from this device: verify is unobservable")
        while True:
            self._life.require_ready()
            try:
                return (yield from self._compare(channels, session))
            except Preempted:
                continue  # it changes nothing, so it is done again (and ends with the lanes)

    def _compare(self, channels: list[Channel], session: Session) -> Job:
        differences: list[str] = []
        changed = []
        for channel in channels:
            try:
                found = yield partial(self._device.verify, [channel.holds()])
            except Preempted:
                raise
            except HARDWARE_ERRORS as error:
                raise (yield from self._life.put_back([channel], [], error)) from error
            if channel.known is bool(found):
                channel.known = not found
                channel.refresh()
                changed.append(channel)
            differences += found
        if changed:
            self._hub.publish("changed", session, self._receipts(changed))
        if differences:
            raise DeviceFault("the hardware does not hold what was programmed: "
                              + "; ".join(differences))  # fmt: skip
        return [replace(channel.receipt, verified=True) for channel in channels]

    def _do_sync(self, command: commands.Sync, session: Session) -> Job:
        if SYNC not in self._device.capabilities:
            raise Unsupported("this device cannot clear its phase accumulators together")
        channels = self._board.select(command.channels)
        if self._board.killed:
            raise RFKilled("RF is killed; arm_rf lifts it")
        self._life.require_ready()
        if channels:
            try:
                indices = [channel.info.index for channel in channels]
                yield partial(self._device.sync, indices)
            except HARDWARE_ERRORS as error:
                raise (yield from self._put_back(channels, channels, error)) from error
        self._life.lose_coherence(channels, session)
        return self._receipts(channels)

    def _do_kill(self, command: commands.Kill, session: Session) -> Job:
        return self._kill(self._kills, session)

    def _kill(self, number: int, session: Session) -> Job:
        """The kills that wait when one begins share its silence, as nothing comes between them. So
        many kills do not keep a stop waiting."""
        if number > self._silenced:
            self._silenced = self._kills
            yield from self._silence()
        receipts = self._publish_all("killed", session)
        error = self._unsilenced
        if error is not None:
            raise DeviceFault(f"kill is latched, but RF may still be on: {error}") from error
        readback = "ok" if self._observed else "unobservable"
        return {"killed": True, "readback": readback, "channels": receipts}

    def _silence(self) -> Job:
        self._board.killed = True  # before any I/O: nothing that comes later may emit
        for channel in self._board.channels:
            channel.enabled = False
            channel.refresh()
        self._unsilenced = None
        try:
            self._observed = yield from self._life.silence()
        except HARDWARE_ERRORS as error:
            self._unsilenced = error
            if self._life.state == "ready":
                self._life.fail(error)
            else:
                self._life.forget()

    def _do_arm_rf(self, command: commands.ArmRF, session: Session) -> Job:
        return self._arm_rf(self._kills, session)

    def _arm_rf(self, kills: int, session: Session) -> Job:
        if kills != self._kills:  # a kill may pass it, but must not be lifted by it
            raise RFKilled("RF was killed after this arm_rf was sent; look, then send it again")
        self._board.killed = False
        return {"killed": False, "channels": self._publish_all("armed", session)}
        yield  # a job, so that it keeps its place behind a kill

    def _do_reset(self, command: commands.Reset, session: Session) -> Job:
        if self._board.killed:
            raise RFKilled("RF is killed; arm_rf lifts it, then reset")
        try:
            yield from self._life.reset()
        except Preempted:
            raise self._passed() from None
        except HARDWARE_ERRORS as error:
            raise (yield from self._make_safe(error)) from error
        return self._publish_all("reset", session)

    def _make_safe(self, error: Exception) -> Generator[Call, Any, WireError]:
        try:
            return (yield from self._life.make_safe(error))
        except Preempted:
            return self._passed()

    # Receipts

    def _publish_all(self, event: str, session: Session) -> list[ReceiptReply]:
        receipts = self._receipts(self._board.channels)
        self._hub.publish(event, session, receipts)
        return receipts

    def _receipts(self, channels: Sequence[Channel]) -> list[ReceiptReply]:
        return [channel.receipt for channel in channels]


def _describe(channel: Channel) -> dict[str, Any]:
    info, limits, tuning = channel.info, channel.limits, channel.info.tuning
    described: dict[str, Any] = {
        "index": info.index,
        "name": channel.name,
        "chip": info.chip,
        "update_group": info.update_group,
        "limits": {
            "min_frequency": tuning.ftw_to_frequency(limits.min_ftw),
            "max_frequency": tuning.ftw_to_frequency(limits.max_ftw),
            "max_amplitude": tuning.asf_to_amplitude(limits.max_asf),
        },
        "resolution": {
            "frequency": tuning.ftw_to_frequency(1),
            "phase": tuning.pow_to_turns(1),
            "amplitude": tuning.asf_to_amplitude(1),
        },
        "sysclk": tuning.sysclk,
    }
    attenuation = info.attenuation
    if attenuation is not None:
        described["limits"]["min_attenuation"] = attenuation.steps_to_db(limits.min_steps)
        described["limits"]["max_attenuation"] = attenuation.max_db
        described["resolution"]["attenuation"] = attenuation.step_db
    return described
