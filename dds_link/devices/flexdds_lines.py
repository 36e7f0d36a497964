"""The lines that a FlexDDS-NG gets, and the words that this project keeps in its AD9910.

Facts by way of public clients (rydyb/flexdds, PancakeFriday/wieserlabsdds, drewrotunno/FlexDDS,
QuTech-Delft/QMI). Every instruction ends in ``!``, so that none waits in the box for a flush; every
register write in ``:w``, so that the next instruction finds it done.
"""

from __future__ import annotations

from collections.abc import Collection

from dds_link.words import Words

CHANNELS = (0, 1)
"""The channels of one slot."""

CFR1_BASE = 0x00410002
"""As the box has it: inverse sinc filter (bit 22), sine (16); bits 7:0 cannot be written."""
CFR1_AUTOCLEAR = CFR1_BASE | 1 << 13
"""The phase accumulator is cleared at every I/O_UPDATE."""
CFR2_BASE = 0x014008C0
"""As the box has it, with the amplitude taken from the profile (bit 24)."""

PLAIN_OKS = "set resp_suppress_ok=0"
"""Answer every line, whatever a client before this one wished."""
SELECT_PROFILE_0 = "update:=0p!"
UPDATE = "update:u!"
START = "start"


def dcp(channels: Collection[int], instruction: str) -> str:
    """One instruction for one channel, or for both."""
    return f"dcp {_address(channels)}{instruction}"


def reset(channels: Collection[int]) -> str:
    """Reset DDS and processor, at once, and forget what waits in the queue."""
    return f"dds {_address(channels)}reset"


def cfr1(value: int) -> str:
    """Write CFR1."""
    return f"spi:CFR1=0x{value:08x}:w!"


def cfr2(value: int) -> str:
    """Write CFR2."""
    return f"spi:CFR2=0x{value:08x}:w!"


def profile_0(words: Words) -> str:
    """Write the single-tone profile 0: ASF, POW, FTW."""
    return f"spi:STP0=0x{words.asf:04x}{words.pow:04x}_{words.ftw:08x}:w!"


def _address(channels: Collection[int]) -> str:
    if len(channels) == len(CHANNELS):
        return ""
    (channel,) = channels
    return f"{channel} "
