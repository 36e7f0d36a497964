"""What is known of each channel, and what goes out: requested, masked, programmed.

*requested* is what the user asked for; masks (kill, enabled) change what goes out without changing
it; *programmed* is what the registers were last made to hold.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from dds_link.attenuation import Attenuation
from dds_link.config import ChannelConfig
from dds_link.devices.base import ChannelInfo, Write
from dds_link.protocol.replies import ReceiptReply
from dds_link.words import SILENCE, Tone, Words


class Limits(Struct, frozen=True, gc=False):
    """Bounds of one channel, as words: a limit's own nearest word is allowed."""

    min_ftw: int
    max_ftw: int
    max_asf: int
    safe_asf: int
    frequencies: str
    """The bounds in Hz, for messages."""
    amplitude: str
    """The bound as a fraction of full scale, for messages."""
    source: str
    """Where they come from, for messages."""
    min_steps: int = 0
    """Least attenuation."""
    safe_steps: int | None = None
    """Attenuation at the start; None: there is no attenuator."""

    @classmethod
    def of(cls, info: ChannelInfo, config: ChannelConfig, source: str) -> Limits:
        """The limits that a configuration sets on a channel."""
        tuning = info.tuning
        low, high = config.min_frequency, config.max_frequency
        low = 0.0 if low is None else low
        high = tuning.ftw_to_frequency(tuning.max_ftw) if high is None else high
        return cls(
            tuning.frequency_to_ftw(low),
            tuning.frequency_to_ftw(high),
            tuning.amplitude_to_asf(config.max_amplitude),
            tuning.amplitude_to_asf(config.safe_amplitude),
            f"{low:.15g} ... {high:.15g}",
            f"{config.max_amplitude:.15g}",
            source,
            *_steps(info.attenuation, config),
        )


def _steps(attenuation: Attenuation | None, config: ChannelConfig) -> tuple[int, int | None]:
    """The least attenuation, and the safe one."""
    if attenuation is None:
        return 0, None
    low, safe = config.min_attenuation, config.safe_attenuation
    return (
        0 if low is None else attenuation.db_to_steps(low),
        attenuation.max_steps if safe is None else attenuation.db_to_steps(safe),
    )


class Channel:
    """The state of one channel. Only the service changes it."""

    __slots__ = ("attenuation", "config", "enabled", "epoch", "info", "known", "limits", "name",
                 "programmed", "receipt", "requested", "verified")  # fmt: skip

    def __init__(self, info: ChannelInfo, config: ChannelConfig, source: str) -> None:
        self.info = info
        self.config = config
        self.name = config.name
        self.limits = Limits.of(info, config, source)
        self.epoch = 0
        self.known = False
        self.enabled = True
        self.begin()

    def begin(self) -> None:
        """The state after a start or a reset: no frequency, safe amplitude and attenuation; the
        attenuator has its largest one until something is programmed. Masks stay: what was
        switched off stays off until somebody switches it on."""
        asf = self.limits.safe_asf if self.info.has_amplitude else self.limits.max_asf
        self.requested = Tone(None, 0, asf, self.limits.safe_steps)
        self.programmed = SILENCE
        #: Steps that the attenuator was last set to; None: there is none.
        self.attenuation = self._largest()
        self.refresh()

    def may_adopt(self, found: Write) -> bool:
        """True if the limits allow what was ``found``, and no mask forbids that it goes out."""
        words, limits = found.words, self.limits
        within = limits.min_ftw <= words.ftw <= limits.max_ftw and words.asf <= limits.max_asf
        if self.info.attenuation is not None:
            steps = found.attenuation
            within = within and steps is not None and steps >= limits.min_steps
        return within and (self.enabled or not (found.switch and words.asf))

    def adopt(self, found: Write) -> None:
        """Take over what the hardware already puts out. If that is what it held before, what was
        requested still holds, too."""
        if found.words != self.programmed or found.attenuation != self.attenuation:
            words = found.words
            self.requested = Tone(words.ftw, words.pow, words.asf, found.attenuation)
        self.enabled = self.enabled and found.switch
        self.programmed = found.words
        self.attenuation = found.attenuation
        self.known = True
        self.refresh()

    def refresh(self) -> None:
        """Make :attr:`receipt` tell the present state."""
        tuning, requested, words = self.info.tuning, self.requested, self.programmed
        attenuation = self.info.attenuation
        self.receipt = ReceiptReply(
            self.info.index,
            self.name,
            None if requested.ftw is None else tuning.ftw_to_frequency(requested.ftw),
            tuning.asf_to_amplitude(requested.asf),
            tuning.pow_to_turns(requested.pow),
            self.enabled,
            words,
            self.epoch,
            self.known,
            False,
            None if attenuation is None else _decibel(attenuation, requested.attenuation),
        )

    @property
    def emits(self) -> bool:
        """True if RF may go out: not masked, and a frequency was given."""
        return self.enabled and self.requested.ftw is not None

    def holds(self) -> Write:
        """What the hardware holds, as far as is known."""
        return Write(self.info.index, self.programmed, self.emits, self.attenuation)

    def silent(self) -> Write:
        """The same with the RF off, and the largest attenuation."""
        return Write(self.info.index, replace(self.programmed, asf=0), False, self._largest())

    def _largest(self) -> int | None:
        attenuation = self.info.attenuation
        return None if attenuation is None else attenuation.max_steps


def _decibel(attenuation: Attenuation, steps: int | None) -> float | None:
    return None if steps is None else attenuation.steps_to_db(steps)


class Target(Struct, frozen=True, gc=False):
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
        write = Write(channel.info.index, words, emits, requested.attenuation)
        return cls(channel, requested, enabled, write)

    def settle(self) -> None:
        """The hardware holds it now: make it the state."""
        channel = self.channel
        channel.requested = self.requested
        channel.enabled = self.enabled
        channel.programmed = self.write.words
        channel.attenuation = self.write.attenuation
        channel.refresh()
