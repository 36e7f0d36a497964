"""What becomes of the outputs when the device is opened, and how all of them are made silent.

Each function that touches hardware is a part of a job (see :mod:`dds_link.service.lanes`).

At the start each channel's ``on_start`` counts. Once the device has been ready, and then was lost
or in a fault, ``on_reconnect`` counts for all of them:

- ``"safe"``: every channel is initialised, in a new epoch, and starts anew: silent, no frequency.
- ``"restore"``: a channel that holds exactly what was programmed goes on, in its epoch. Every other
  one is initialised, in a new epoch, and what was requested of it is programmed again.
- ``"leave"``: a channel that holds what could be set, whatever it is, is adopted and goes on; in
  its epoch if that is what was programmed. One that holds nothing of the kind (it lost its power,
  or is outside its limits, or emits though it was switched off) starts as with ``"safe"``.

Whatever the policy, ``enabled`` stays as it was, and what is killed stays silent: it is silenced
first, never adopted, and initialised. Nothing can be adopted from a device that lacks the
capability ``attach``. Where a device answers wrongly in the midst of a command and what was before
cannot be put back, it is not left as it is either, but initialised at once.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Generator, Sequence
from functools import partial
from typing import Any

from dds_link.devices.base import ATTACH, Device, Write
from dds_link.errors import DeviceFault, InternalError, Preempted, TransportError, TransportLost
from dds_link.service.epochs import Epochs
from dds_link.service.executor import Call
from dds_link.service.plan import Board
from dds_link.service.state import Channel, Target
from dds_link.words import SILENCE

logger = logging.getLogger(__name__)

HARDWARE_ERRORS = (TransportError, DeviceFault, InternalError)
"""What a call of a device may end with (the last one by a bug in its driver)."""

START, SAFE, RESTORE, LEAVE = "start", "safe", "restore", "leave"

Part = Generator[Call, Any, Any]


class Outputs:
    """Brings all outputs into a state.

    :param board: the channels.
    :param device: their driver.
    :param epochs: of the channels.
    :param on_reconnect: ``"safe"``, ``"restore"`` or ``"leave"``.
    """

    def __init__(self, board: Board, device: Device, epochs: Epochs, on_reconnect: str) -> None:
        self._board = board
        self._device = device
        self._epochs = epochs
        self._on_reconnect = on_reconnect
        #: True once the device was ready.
        self.were_ready = False
        #: True while somebody asked for a reset that has not succeeded yet: nothing that was
        #: requested before shall come back.
        self.reset_due = False

    @property
    def policy(self) -> str:
        """What counts when the device is opened now."""
        if self.reset_due:
            return SAFE
        return self._on_reconnect if self.were_ready else START

    @property
    def may_go_on(self) -> bool:
        """True if an output may turn out to have gone on when the device is back."""
        return self.policy in (RESTORE, LEAVE) and ATTACH in self._device.capabilities

    def begin(self) -> Part:
        """The device was just opened: do as the policy says."""
        policy, channels = self.policy, self._board.channels
        kept: list[Channel] = []
        if self._board.killed:
            yield from self._try_silence()
        elif policy == START:
            keep = [channel for channel in channels if channel.config.on_start == "keep"]
            kept = yield from self._adopt(keep)
        elif policy != SAFE:
            kept = yield from self._adopt(channels, exactly=policy == RESTORE)
        rest = [channel for channel in channels if channel not in kept]
        if rest:
            again = policy == RESTORE or (policy == LEAVE and self._board.killed)
            yield from self.initialise(rest, again, kept)

    def _adopt(self, keep: Sequence[Channel], exactly: bool = False) -> Part:
        """Adopt those of ``keep`` that can be; returns them.

        :param exactly: only those that hold what was programmed.
        """
        if not keep or ATTACH not in self._device.capabilities:
            return []
        found = yield self._device.attach
        kept = []
        for channel in keep:
            write = found[channel.info.index]
            if write is None:
                logger.warning("channel %r: nothing that could be kept", channel.name)
                continue
            same = _is_as_programmed(channel, write)
            if not channel.may_adopt(write):
                logger.warning("channel %r: %s is not allowed now", channel.name, write.words)
            elif exactly and not same:
                logger.warning("channel %r: %s was not programmed", channel.name, write.words)
            else:
                channel.adopt(write)
                kept.append(channel)
                if not same:
                    self._epochs.renew([channel])
        return kept

    def initialise(
        self, channels: Sequence[Channel], again: bool = False, kept: Collection[Channel] = ()
    ) -> Part:
        """Reset the chips of ``channels``, in new epochs: they are silent.

        :param again: True: then program what was requested of them; else nothing is requested any
            more.
        :param kept: channels that go on, as their chips did. So a channel that never had a
            frequency has lost nothing.
        """
        done = yield partial(self._device.initialise, [c.info.index for c in channels])
        channels = [c for c in self._board.channels if c.info.index in done]
        self._epochs.renew(
            [c for c in channels if not kept or c in kept or c.requested.ftw is not None]
        )
        for channel in channels:
            requested = channel.requested
            channel.begin()
            if again:
                channel.requested = requested
            channel.known = True
            channel.refresh()
        if again:
            yield from self._program(channels)

    def _program(self, channels: Sequence[Channel]) -> Part:
        """What was requested of ``channels``, as far as their masks let it out."""
        targets = [Target.of(channel, channel.requested, channel.enabled) for channel in channels]
        targets = [target for target in targets if _is_more_than_silence(target)]
        if targets:
            yield partial(self._device.write, [target.write for target in targets])
        for target in targets:
            target.settle()

    @property
    def begin_anew_when_silenced(self) -> list[Channel]:
        """The channels whose accumulators do."""
        return [c for c in self._board.channels if not c.info.silence_keeps_phase]

    def silence(self) -> Generator[Call, Any, bool]:
        """RF off. Returns whether that was read back.

        Channels whose accumulators begin anew then get new epochs, whatever comes of it.
        """
        channels = self._board.channels
        self._epochs.renew(self.begin_anew_when_silenced)
        writes = [channel.silent() for channel in channels]
        observed = yield lambda: self._device.silence(writes)
        for channel, write in zip(channels, writes, strict=True):
            channel.programmed = write.words
            channel.attenuation = write.attenuation
            channel.enabled = False
            channel.refresh()
        return bool(observed)

    def _try_silence(self) -> Part:
        """Before anything that may fail; initialising is the last means."""
        try:
            yield from self.silence()
        except (TransportLost, Preempted):
            raise
        except HARDWARE_ERRORS as error:
            logger.error("killed, but not silent yet: %s", error)


def _is_more_than_silence(target: Target) -> bool:
    """True if a channel that was just initialised does not hold it yet."""
    write = target.write
    return write.words != SILENCE or write.attenuation != target.channel.attenuation


def _is_as_programmed(channel: Channel, found: Write) -> bool:
    same = found.words == channel.programmed and found.attenuation == channel.attenuation
    return same and (found.switch or not channel.emits)
