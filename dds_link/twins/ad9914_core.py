"""What the DDS core of an AD9914 or AD9915 does with its active registers: one pure function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# Addresses on the serial port. The ramp's limits are FTW and B in modulus mode, its steps A.
CFR1, CFR2, CFR3, CFR4, LOWER_LIMIT, PROFILE0, USR0 = 0x00, 0x01, 0x02, 0x03, 0x04, 0x0B, 0x1B
#: Above USR0 there is nothing.
REGISTERS = USR0 + 1

# CFR1. Public drivers and the bit descriptions in them agree on all.
VCO_CAL = 1 << 24
SINE = 1 << 16
AUTOCLEAR = 1 << 13
CLEAR = 1 << 11
EXTERNAL_OSK = 1 << 9
OSK_ENABLE = 1 << 8
DIGITAL_OFF, DAC_OFF, REFCLK_OFF = 1 << 7, 1 << 6, 1 << 5
SDIO_INPUT_ONLY = 1 << 1
LSB_FIRST = 1 << 0

# CFR2.
PROFILE_MODE = 1 << 23
PARALLEL_PORT = 1 << 22
RAMP_ENABLE = 1 << 19
MODULUS = 1 << 16

# CFR4.
DAC_CAL_CLOCK_OFF = 1 << 25
DAC_CAL = 1 << 24

FULL_SCALE = 0xFFF


class Core(NamedTuple):
    """The words that the core works with."""

    ftw: int
    pow: int
    asf: int
    modelled: bool
    """False if something takes part that the twin does not simulate; then the words are a guess."""


def core(registers: Sequence[int], profile: int) -> Core:
    """Find what the core works with.

    :param registers: active registers by address.
    :param profile: the number on the PROFILE pins.
    """
    cfr1, cfr2 = registers[CFR1], registers[CFR2]
    ftw = pow_ = asf = 0
    if cfr2 & PROFILE_MODE:
        ftw, tone = registers[PROFILE0 + 2 * profile], registers[PROFILE0 + 2 * profile + 1]
        pow_, asf = tone & 0xFFFF, tone >> 16 & FULL_SCALE
    if not cfr1 & OSK_ENABLE:
        asf = FULL_SCALE
    # Without a profile nothing comes out, say those who tried; what is really there, nobody.
    modelled = bool(cfr2 & PROFILE_MODE) and not (
        cfr2 & (PARALLEL_PORT | RAMP_ENABLE | MODULUS) or cfr1 & EXTERNAL_OSK
    )
    if cfr2 & RAMP_ENABLE:
        ftw, pow_, asf = _ramp(registers, ftw, pow_, asf)
    return Core(ftw, pow_, asf, modelled)


def _ramp(registers: Sequence[int], ftw: int, pow_: int, asf: int) -> tuple[int, int, int]:
    """The digital ramp at its lower limit, where it starts."""
    start, destination = registers[LOWER_LIMIT], registers[CFR2] >> 20 & 3
    if destination == 0:
        return start, pow_, asf
    if destination == 1:
        return ftw, start >> 16, asf
    return ftw, pow_, start >> 20
