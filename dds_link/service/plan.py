"""The rules: from a command and the present state to targets, or a refusal. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from dds_link.config import ChannelConfig
from dds_link.devices.base import ChannelInfo
from dds_link.errors import BadCommand, NoSuchChannel, OutOfRange, RFKilled, Unsupported
from dds_link.protocol.commands import Change
from dds_link.service.state import Channel, Target
from dds_link.words import Tone


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
        targets = [self.plan_one(change) for change in changes]
        if len(targets) > 1:
            _refuse_twice([target.channel for target in targets])
        return targets

    def plan_one(self, change: Change) -> Target:
        """What one change makes of its channel.

        :raises WireError: if it may not be.
        """
        channel = self._by_key.get(change.channel) or self.find(change.channel)
        if self.killed and not _only_off(change):
            raise RFKilled("RF is killed; arm_rf lifts it, then enable the channels one by one")
        requested = _quickly(channel, change) or _requested(channel, change)
        enabled = change.enabled
        if enabled is None:
            enabled = channel.enabled
        elif not (enabled or channel.info.has_off):
            raise Unsupported(f"channel {channel.name!r} cannot be switched off: its chip has no "
                              "off, and no rf_switch is wired; kill powers it down")  # fmt: skip
        return Target.of(channel, requested, enabled)


def _quickly(channel: Channel, change: Change) -> Tone | None:
    """The tone that ``change`` asks for if it is a usual one: quantities, all of them allowed."""
    if not change.ftw is change.pow is change.asf is change.attenuation is None:
        return None
    old, limits, tuning = channel.requested, channel.limits, channel.info.tuning
    ftw, pow_, asf = old.ftw, old.pow, old.asf
    try:
        if change.frequency is not None:
            ftw = tuning.frequency_to_ftw(change.frequency)
            if not limits.min_ftw <= ftw <= limits.max_ftw:
                return None
        if change.phase is not None:
            pow_ = tuning.turns_to_pow(change.phase)
        if change.amplitude is not None:
            asf = tuning.amplitude_to_asf(change.amplitude)
            if not (asf <= limits.max_asf and channel.info.has_amplitude):
                return None
    except ValueError:
        return None
    return Tone(ftw, pow_, asf, old.attenuation)


def _requested(channel: Channel, change: Change) -> Tone:
    """The tone that ``change`` asks for.

    :raises WireError: that says what is wrong with it.
    """
    _refuse_both(change)
    old = channel.requested
    return Tone(
        old.ftw if change.frequency is change.ftw is None else _frequency(channel, change),
        old.pow if change.phase is change.pow is None else _phase(channel, change),
        old.asf if change.amplitude is change.asf is None else _amplitude(channel, change),
        old.attenuation if change.attenuation is None else _steps(channel, change.attenuation),
    )


def _refuse_twice(channels: list[Channel]) -> None:
    if len({channel.info.index for channel in channels}) != len(channels):
        indices = [channel.info.index for channel in channels]
        twice = next(c for c in channels if indices.count(c.info.index) > 1)
        raise BadCommand(f"channel {twice.name!r} stands twice in one command")


def _refuse_both(change: Change) -> None:
    for quantity, word in (("frequency", "ftw"), ("phase", "pow"), ("amplitude", "asf")):
        if getattr(change, word) is not None and getattr(change, quantity) is not None:
            raise BadCommand(f"give {quantity} or its word {word}, not both")


def _only_off(change: Change) -> bool:
    """True if ``change`` switches off and does nothing else, which is allowed while killed."""
    values = (change.frequency, change.amplitude, change.phase, change.ftw, change.pow, change.asf,
              change.attenuation)  # fmt: skip
    return change.enabled is False and all(value is None for value in values)


def _frequency(channel: Channel, change: Change) -> int:
    """The tuning word that ``change`` asks for, within the limits as words."""
    limits = channel.limits
    if change.frequency is None:
        ftw = change.ftw
    else:
        try:
            ftw = channel.info.tuning.frequency_to_ftw(change.frequency)
        except ValueError:
            ftw = None
    if ftw is not None and limits.min_ftw <= ftw <= limits.max_ftw:
        return ftw
    if change.frequency is None:
        given, bounds = f"ftw {change.ftw}", f"{limits.min_ftw} ... {limits.max_ftw}"
    else:
        given, bounds = f"frequency {change.frequency:.15g} Hz", f"{limits.frequencies} Hz"
    raise OutOfRange(f"channel {channel.name!r}: {given} is outside {bounds} ({limits.source})")


def _phase(channel: Channel, change: Change) -> int:
    """The phase offset word that ``change`` asks for."""
    tuning = channel.info.tuning
    if change.phase is not None:
        try:
            return tuning.turns_to_pow(change.phase)
        except ValueError as error:
            raise OutOfRange(f"channel {channel.name!r}: {error}") from None
    top = (1 << tuning.pow_bits) - 1
    if change.pow is None or not 0 <= change.pow <= top:
        raise OutOfRange(f"channel {channel.name!r}: pow {change.pow} is outside 0 ... {top}")
    return change.pow


def _amplitude(channel: Channel, change: Change) -> int:
    """The amplitude scale factor that ``change`` asks for, within the limit as a word."""
    limits = channel.limits
    if change.amplitude is None:
        asf = change.asf
    else:
        try:
            asf = channel.info.tuning.amplitude_to_asf(change.amplitude)
        except ValueError:
            asf = None
    if not channel.info.has_amplitude and asf != limits.max_asf:  # a receipt can be sent back
        raise Unsupported(f"channel {channel.name!r}: this chip cannot scale its amplitude")
    if asf is not None and 0 <= asf <= limits.max_asf:
        return asf
    if change.amplitude is None:
        given, top = f"asf {change.asf}", str(limits.max_asf)
    else:
        given, top = f"amplitude {change.amplitude:.15g}", limits.amplitude
    raise OutOfRange(f"channel {channel.name!r}: {given} is outside 0 ... {top} ({limits.source})")


def _steps(channel: Channel, decibel: float) -> int:
    """The steps of attenuation nearest to ``decibel``, within the limit as steps."""
    limits, attenuation = channel.limits, channel.info.attenuation
    if attenuation is None:
        raise Unsupported(f"channel {channel.name!r} has no attenuator")
    try:
        steps = attenuation.db_to_steps(decibel)
    except ValueError:
        steps = -1
    if not steps >= limits.min_steps:
        low, high = attenuation.steps_to_db(limits.min_steps), attenuation.max_db
        raise OutOfRange(f"channel {channel.name!r}: attenuation {decibel:.15g} dB is outside "
                         f"{low:.15g} ... {high:.15g} dB ({limits.source})")  # fmt: skip
    return steps
