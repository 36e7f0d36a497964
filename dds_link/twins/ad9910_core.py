"""What the DDS core of an AD9910 does with its active registers: one pure function.

Which source wins is the table of the data sheet: frequency, amplitude and phase each come from the
RAM, else the digital ramp, else the parallel port, else a register or the selected profile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# Register addresses.
CFR1, CFR2, CFR3, AUX_DAC, IO_UPDATE_RATE = 0x00, 0x01, 0x02, 0x03, 0x04
FTW, POW, ASF, DRG_LIMIT, DRG_STEP, PROFILE0, RAM = 0x07, 0x08, 0x09, 0x0B, 0x0C, 0x0E, 0x16
UNUSED = frozenset((0x05, 0x06, *range(0x17, 0x20)))

# CFR1.
RAM_ENABLE = 1 << 31
OSK_PIN = 1 << 23
INTERNAL_PROFILES = 0xF << 17
SINE = 1 << 16
AUTOCLEAR = 1 << 13
CLEAR = 1 << 11
OSK_ENABLE = 1 << 9
OSK_AUTOMATIC = 1 << 8
DIGITAL_OFF, DAC_OFF, REFCLK_OFF = 1 << 7, 1 << 6, 1 << 5
SDIO_INPUT_ONLY = 1 << 1
LSB_FIRST = 1 << 0
#: Bits of CFR1 that act as soon as they are written, without an I/O_UPDATE.
AT_ONCE = DIGITAL_OFF | REFCLK_OFF

# CFR2.
PROFILE_AMPLITUDE = 1 << 24
INTERNAL_UPDATE = 1 << 23
DRG_ENABLE = 1 << 19
READ_EFFECTIVE_FTW = 1 << 16
PARALLEL_PORT = 1 << 4

FULL_SCALE = 0x3FFF
_WORD = 0xFFFFFFFF


class Core(NamedTuple):
    """The words that the core works with."""

    ftw: int
    pow: int
    asf: int
    modelled: bool
    """False if something takes part that the twin does not simulate; then the words are a guess."""


def core(registers: Sequence[int], ram: Sequence[int], profile: int) -> Core:
    """Find what the core works with.

    :param registers: active registers by address.
    :param ram: the 1024 words of the RAM.
    :param profile: the number on the PROFILE pins.
    """
    cfr1, cfr2, word = registers[CFR1], registers[CFR2], registers[PROFILE0 + profile]
    modelled = not cfr2 & INTERNAL_UPDATE
    if not cfr1 & RAM_ENABLE:
        ftw, pow_, asf = word & _WORD, word >> 32 & 0xFFFF, word >> 48 & 0x3FFF
        if not cfr2 & PROFILE_AMPLITUDE:
            asf = FULL_SCALE
    else:
        # The profile holds RAM addresses now, so its place is taken by registers; the amplitude
        # register acts only through OSK.
        ftw, pow_, asf = registers[FTW], registers[POW], FULL_SCALE
    # From here on each source overrides the weaker ones before it.
    if cfr2 & PARALLEL_PORT:
        ftw, modelled = registers[FTW], False
    if cfr2 & DRG_ENABLE:
        ftw, pow_, asf = _ramp(registers, ftw, pow_, asf)
        modelled = False
    if cfr1 & RAM_ENABLE:
        # Modes 1 to 4 play the RAM back; the others just select one word.
        modelled = modelled and not (1 <= word & 7 <= 4 or cfr1 & INTERNAL_PROFILES)
        ftw, pow_, asf = _from_ram(ram[word >> 14 & 0x3FF], cfr1 >> 29 & 3, ftw, pow_, asf)
    if cfr1 & OSK_ENABLE:
        asf = registers[ASF] >> 2 & 0x3FFF
        if cfr1 & OSK_AUTOMATIC:
            modelled = False
        elif cfr1 & OSK_PIN:
            asf = 0  # the OSK pin is tied low
    return Core(ftw, pow_, asf, modelled)


def _ramp(registers: Sequence[int], ftw: int, pow_: int, asf: int) -> tuple[int, int, int]:
    """The digital ramp at its lower limit, where it starts."""
    start, destination = registers[DRG_LIMIT] & _WORD, registers[CFR2] >> 20 & 3
    if destination == 0:
        return start, pow_, asf
    if destination == 1:
        return ftw, start >> 16, asf
    return ftw, pow_, start >> 18


def _from_ram(cell: int, destination: int, ftw: int, pow_: int, asf: int) -> tuple[int, int, int]:
    """Put one RAM word where CFR1 says."""
    if destination == 0:
        return cell, pow_, asf
    if destination == 1:
        return ftw, cell >> 16, asf
    if destination == 2:
        return ftw, pow_, cell >> 18
    return ftw, cell >> 16, cell >> 2 & 0x3FFF
