"""What the controller answers: structs that msgspec encodes in the order of the README."""

from __future__ import annotations

from msgspec import Struct

from dds_link.words import Words


class ReceiptReply(Struct, frozen=True, omit_defaults=True):
    """What one channel holds. :class:`dds_link.model.Receipt` tells the meaning of each field."""

    channel: int
    name: str
    frequency: float | None
    amplitude: float
    phase: float
    enabled: bool
    words: Words
    epoch: int
    known: bool = True
    verified: bool = False
    attenuation: float | None = None
