"""The values that everything talks about: words, tones, receipts. Frozen, and free of rules."""

from dataclasses import dataclass
from typing import Any, Dict, NamedTuple, Optional


class Words(NamedTuple):
    """What the registers of one channel hold."""

    ftw: int
    """Frequency tuning word."""
    pow: int
    """Phase offset word."""
    asf: int
    """Amplitude scale factor; 0 while the channel does not emit."""


class Tone(NamedTuple):
    """A tone as it was requested, quantised to words.

    Unlike :class:`Words` it says what shall go out once nothing (kill, enabled) masks it.
    """

    ftw: Optional[int]
    """None: never given a frequency, so the channel does not emit."""
    pow: int
    asf: int


@dataclass(frozen=True)
class Receipt:
    """What a write really programmed, or what a channel holds now. JSON's names."""

    channel: int
    """Index of the channel."""
    name: str
    frequency: Optional[float]
    """Hz, exactly what the tuning word means; None if the channel was never given one."""
    amplitude: float
    """Fraction of full scale, 0...1, as requested and quantised (kept while the channel is off)."""
    phase: float
    """Phase offset in turns, 0...1."""
    enabled: bool
    words: Words
    """What the registers hold now."""
    epoch: int
    """Changes whenever the phase coherence of the channel may have been lost."""
    known: bool = True
    """False after a failure that left the hardware's state uncertain."""
    verified: Optional[bool] = None
    """True if the hardware was read back and agreed; None if it was not asked."""

    @classmethod
    def from_wire(cls, reply: Dict[str, Any]) -> "Receipt":
        """Build a receipt from a decoded JSON object, ignoring fields that this version does not know."""
        words = reply["words"]
        return cls(
            reply["channel"],
            reply["name"],
            reply["frequency"],
            reply["amplitude"],
            reply["phase"],
            reply["enabled"],
            Words(words["ftw"], words["pow"], words["asf"]),
            reply["epoch"],
            reply.get("known", True),
            reply.get("verified"),
        )
