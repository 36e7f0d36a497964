"""The rules: from a command and the present state to targets, or a refusal. Pure."""

from __future__ import annotations

from typing import Sequence

from dds_link.config import ChannelConfig
from dds_link.devices.base import ChannelInfo
from dds_link.errors import BadCommand, NoSuchChannel, OutOfRange, RFKilled
from dds_link.model import Tone
from dds_link.protocol.commands import Change
from dds_link.service.state import Channel, Target


class Board:
    """The channels of one device, found by index or name."""

    def __init__(
        self, infos: Sequence[ChannelInfo], configs: Sequence[ChannelConfig], source: str
    ) -> None:
        self.channels = [
            Channel(info, config, source) for info, config in zip(infos, configs, strict=True)
        ]
        self.killed = False
        self._by_key: dict[int | str, Channel] = {}
        for channel in self.channels:
            self._by_key[channel.info.index] = self._by_key[channel.name] = channel

    def find(self, key: int | str) -> Channel:
        """The channel with this index or name."""
        try:
            return self._by_key[key]
        except KeyError:
            names = " ".join(channel.name for channel in self.channels)
            raise NoSuchChannel(
                f"no channel {key!r:.64}; there are 0 ... {len(self.channels) - 1}: {names}"
            ) from None

    def select(self, keys: Sequence[int | str] | None) -> list[Channel]:
        """The channels of ``keys``, each at most once; all of them for None."""
        if keys is None:
            return list(self.channels)
        channels = [self.find(key) for key in keys]
        _refuse_twice(channels)
        return channels

    def plan(self, changes: Sequence[Change]) -> list[Target]:
        """What ``changes`` make of their channels.

        :raises WireError: if any one of them may not be; then none happens.
        """
        targets = [self._plan_one(change) for change in changes]
        if len(targets) > 1:
            _refuse_twice([target.channel for target in targets])
        return targets

    def _plan_one(self, change: Change) -> Target:
        channel = self.find(change.channel)
        _refuse_both(change)
        if self.killed and not _only_off(change):
            raise RFKilled("RF is killed; arm_rf lifts it, then enable the channels one by one")
        old = channel.requested
        requested = Tone(
            _frequency(channel, change, old.ftw),
            _phase(channel, change, old.pow),
            _amplitude(channel, change, old.asf),
        )
        enabled = channel.enabled if change.enabled is None else change.enabled
        return Target.of(channel, requested, enabled)


def _refuse_twice(channels: list[Channel]) -> None:
    if len({channel.info.index for channel in channels}) != len(channels):
        indices = [channel.info.index for channel in channels]
        twice = next(c for c in channels if indices.count(c.info.index) > 1)
        raise BadCommand(f"channel {twice.name!r} stands twice in one command")


def _refuse_both(change: Change) -> None:
    if change.ftw is change.pow is change.asf is None:
        return
    for quantity, word in (("frequency", "ftw"), ("phase", "pow"), ("amplitude", "asf")):
        if getattr(change, word) is not None and getattr(change, quantity) is not None:
            raise BadCommand(f"give {quantity} or its word {word}, not both")


def _only_off(change: Change) -> bool:
    """True if ``change`` switches off and does nothing else, which is allowed while killed."""
    values = (change.frequency, change.amplitude, change.phase, change.ftw, change.pow, change.asf)
    return change.enabled is False and all(value is None for value in values)


def _frequency(channel: Channel, change: Change, old: int | None) -> int | None:
    if change.frequency is None and change.ftw is None:
        return old
    tuning, limits = channel.info.tuning, channel.limits
    if change.frequency is None:
        ftw = change.ftw
        given = f"ftw {change.ftw}"
    else:
        given = f"frequency {change.frequency:.15g} Hz"
        try:
            ftw = tuning.frequency_to_ftw(change.frequency)
        except ValueError:
            ftw = -1
    if ftw is None or not limits.min_ftw <= ftw <= limits.max_ftw:
        low, high = (tuning.ftw_to_frequency(word) for word in (limits.min_ftw, limits.max_ftw))
        config = channel.config
        low = low if config.min_frequency is None else config.min_frequency
        high = high if config.max_frequency is None else config.max_frequency
        unit = f" (ftw {limits.min_ftw} ... {limits.max_ftw})" if change.frequency is None else ""
        raise OutOfRange(
            f"channel {channel.name!r}: {given} is outside "
            f"{low:.15g} ... {high:.15g} Hz{unit} ({limits.source})"
        )
    return ftw


def _phase(channel: Channel, change: Change, old: int) -> int:
    if change.phase is not None:
        try:
            return channel.info.tuning.turns_to_pow(change.phase)
        except ValueError as error:
            raise OutOfRange(f"channel {channel.name!r}: {error}") from None
    if change.pow is None:
        return old
    top = (1 << channel.info.tuning.pow_bits) - 1
    if not 0 <= change.pow <= top:
        raise OutOfRange(f"channel {channel.name!r}: pow {change.pow} is outside 0 ... {top}")
    return change.pow


def _amplitude(channel: Channel, change: Change, old: int) -> int:
    if change.amplitude is None and change.asf is None:
        return old
    limits, tuning = channel.limits, channel.info.tuning
    if change.amplitude is None:
        asf = change.asf
        given, top = f"asf {change.asf}", str(limits.max_asf)
    else:
        given, top = f"amplitude {change.amplitude:.15g}", f"{channel.config.max_amplitude:.15g}"
        try:
            asf = tuning.amplitude_to_asf(change.amplitude)
        except ValueError:
            asf = -1
    if asf is None or not 0 <= asf <= limits.max_asf:
        raise OutOfRange(
            f"channel {channel.name!r}: {given} is outside 0 ... {top} ({limits.source})"
        )
    return asf
