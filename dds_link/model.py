"""The values that everything talks about: words, tones, receipts. Frozen, and free of rules."""

from dataclasses import dataclass
from typing import Any, Dict, Optional


@dataclass(frozen=True)
class Words:
    """What the registers of one channel hold."""

    ftw: int
    """Frequency tuning word."""
    pow: int
    """Phase offset word."""
    asf: int
    """Amplitude scale factor; 0 while the channel does not emit."""


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
    attenuation: Optional[float] = None
    """dB, as requested and quantised; None if there is no attenuator behind the channel."""

    @classmethod
    def from_wire(cls, reply: Dict[str, Any]) -> "Receipt":
        """Build a receipt from a decoded JSON object; fields of later versions are ignored.

        All fields are set at once: a scan waits for it, and the initialiser of a frozen dataclass
        takes twice as long.
        """
        words = reply["words"]
        receipt = object.__new__(cls)
        fields = {
            "channel": reply["channel"],
            "name": reply["name"],
            "frequency": reply["frequency"],
            "amplitude": reply["amplitude"],
            "phase": reply["phase"],
            "enabled": reply["enabled"],
            "words": Words(words["ftw"], words["pow"], words["asf"]),
            "epoch": reply["epoch"],
            "known": reply.get("known", True),
            "verified": reply.get("verified"),
            "attenuation": reply.get("attenuation"),
        }
        object.__setattr__(receipt, "__dict__", fields)
        return receipt
