"""What is known of each channel, and what goes out: requested, masked, programmed.

*requested* is what the user asked for; masks (kill, enabled) change what goes out without changing
it; *programmed* is what the registers were last made to hold.
"""

from __future__ import annotations

from typing import NamedTuple

from dds_link.config import ChannelConfig
from dds_link.devices.base import ChannelInfo, Write
from dds_link.model import Tone, Words
from dds_link.protocol.replies import ReceiptReply, WordsReply


class Limits(NamedTuple):
    """Bounds of one channel, as words: a limit's own nearest word is allowed."""

    min_ftw: int
    max_ftw: int
    max_asf: int
    safe_asf: int
    source: str
    """Where they come from, for messages."""

    @classmethod
    def of(cls, info: ChannelInfo, config: ChannelConfig, source: str) -> Limits:
        """The limits that a configuration sets on a channel."""
        tuning = info.tuning
        low, high = config.min_frequency, config.max_frequency
        return cls(
            0 if low is None else tuning.frequency_to_ftw(low),
            tuning.max_ftw if high is None else tuning.frequency_to_ftw(high),
            tuning.amplitude_to_asf(config.max_amplitude),
            tuning.amplitude_to_asf(config.safe_amplitude),
            source,
        )


class Channel:
    """The state of one channel. Only the service changes it."""

    __slots__ = ("config", "enabled", "epoch", "info", "known", "limits", "name",
                 "programmed", "receipt", "requested", "verified")  # fmt: skip

    def __init__(self, info: ChannelInfo, config: ChannelConfig, source: str) -> None:
        self.info = info
        self.config = config
        self.name = config.name
        self.limits = Limits.of(info, config, source)
        self.epoch = 0
        self.known = False
        self.programmed = Words(0, 0, 0)
        self.begin()

    def begin(self) -> None:
        """The state after a start or a reset: no frequency, safe amplitude, enabled."""
        self.requested = Tone(None, 0, self.limits.safe_asf)
        self.enabled = True
        self.refresh()

    def adopt(self, words: Words) -> None:
        """Take over what the hardware already puts out."""
        self.requested = Tone(*words)
        self.enabled = True
        self.programmed = words
        self.known = True
        self.refresh()

    def refresh(self) -> None:
        """Make :attr:`receipt` tell the present state."""
        tuning, requested, words = self.info.tuning, self.requested, self.programmed
        self.receipt = ReceiptReply(
            self.info.index,
            self.name,
            None if requested.ftw is None else tuning.ftw_to_frequency(requested.ftw),
            tuning.asf_to_amplitude(requested.asf),
            tuning.pow_to_turns(requested.pow),
            self.enabled,
            WordsReply(words.ftw, words.pow, words.asf),
            self.epoch,
            self.known,
        )

    def holds(self) -> Write:
        """What the hardware holds, as far as is known."""
        return Write(self.info.index, self.programmed, self.enabled)

    def silent(self) -> Write:
        """The same with the RF off."""
        return Write(self.info.index, self.programmed._replace(asf=0), False)


class Target(NamedTuple):
    """What one channel shall become: the result of planning."""

    channel: Channel
    requested: Tone
    enabled: bool
    write: Write

    @classmethod
    def of(cls, channel: Channel, requested: Tone, enabled: bool) -> Target:
        """The target with the masks applied: a channel that is off, or was never given a frequency,
        has ASF 0."""
        emits = enabled and requested.ftw is not None
        words = Words(requested.ftw or 0, requested.pow, requested.asf if emits else 0)
        return cls(channel, requested, enabled, Write(channel.info.index, words, enabled))

    def settle(self) -> None:
        """The hardware holds it now: make it the state."""
        channel = self.channel
        channel.requested = self.requested
        channel.enabled = self.enabled
        channel.programmed = self.write.words
        channel.refresh()
