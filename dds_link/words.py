"""Words and tones as the controller handles them: structs, which cost a fifth of a named tuple.

:mod:`dds_link.model` has what a client sees; this file is for the other side of the wire.
"""

from __future__ import annotations

from msgspec import Struct


class Words(Struct, frozen=True, gc=False):
    """What the registers of one channel hold."""

    ftw: int
    """Frequency tuning word."""
    pow: int
    """Phase offset word."""
    asf: int
    """Amplitude scale factor; 0 while the channel does not emit."""


class Tone(Struct, frozen=True, gc=False):
    """A tone as it was requested, quantised to words.

    Unlike :class:`Words` it says what shall go out once nothing (kill, enabled) masks it.
    """

    ftw: int | None
    """None: never given a frequency, so the channel does not emit."""
    pow: int
    asf: int
    attenuation: int | None = None
    """Steps of the attenuator behind it; None: there is none."""


SILENCE = Words(0, 0, 0)
"""What a channel holds after initialisation."""
