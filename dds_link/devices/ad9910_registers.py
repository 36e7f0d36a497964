"""Registers of the AD9910, the words that this project keeps in them, and their bytes on the bus.

Facts: data sheet, "Register Map and Bit Descriptions". CFR2 differs from ARTIQ's in that matched
latency is on.
"""

from __future__ import annotations

import struct

from dds_link.devices.ad9910_clock import PllSettings
from dds_link.words import Words

CFR1, CFR2, CFR3, AUX_DAC, FTW, POW, ASF, MULTICHIP_SYNC, PROFILE_0 = (
    0x00, 0x01, 0x02, 0x03, 0x07, 0x08, 0x09, 0x0A, 0x0E)  # fmt: skip
#: Bytes of each.
WIDTHS = {CFR1: 4, CFR2: 4, CFR3: 4, AUX_DAC: 4, FTW: 4, POW: 2, ASF: 4, MULTICHIP_SYNC: 4,
          PROFILE_0: 8}  # fmt: skip
#: Those that are read back, for messages. With :data:`CFR2_BASE`, FTW reads what the core uses.
NAMES = {CFR1: "CFR1", CFR2: "CFR2", CFR3: "CFR3", AUX_DAC: "AUX_DAC", FTW: "FTW in use",
         PROFILE_0: "PROFILE 0"}  # fmt: skip

#: SDIO input only (bit 1), so that the chip answers on SDO; everything else off.
CFR1_BASE = 0x00000002
#: Autoclear phase accumulator (bit 13): cleared at every I/O_UPDATE while it is set.
CFR1_AUTOCLEAR = CFR1_BASE | 1 << 13
#: All that can be powered down is (bits 7:4). Bit 7, the digital core, acts without an I/O_UPDATE.
CFR1_POWER_DOWN = CFR1_BASE | 0xF << 4
#: Amplitude from the profile (24), read effective FTW (16), matched latency (7).
CFR2_BASE = 0x01010080
#: Reserved ones, input divider bypassed and out of reset.
CFR3_BASE = 0x0807C000
CFR3_PFD_RESET = 1 << 10
#: Reset value: 20 mA full scale.
AUX_DAC_BASE = 0x0000007F

_READ = 0x80


def frame(register: int, value: int) -> bytes:
    """The bytes that write ``value`` to ``register``: instruction, then the whole register."""
    return bytes((register,)) + value.to_bytes(WIDTHS[register], "big")


def reading(register: int) -> bytes:
    """The bytes that read ``register``: instruction, then room for the answer."""
    return bytes((_READ | register,)) + bytes(WIDTHS[register])


def profile(words: Words) -> int:
    """Single-tone profile: ASF in [61:48], POW in [47:32], FTW in [31:0]."""
    return words.asf << 48 | words.pow << 32 | words.ftw


# Instruction and profile in one pack: every set goes through here.
_pack_tone = struct.Struct(">BHHI").pack


def tone_frame(words: Words) -> bytes:
    """The bytes that write ``words`` to profile 0."""
    return _pack_tone(PROFILE_0, words.asf, words.pow, words.ftw)


def words_of(profile: int) -> Words:
    """The words of a single-tone profile; bits 63:62 mean nothing."""
    return Words(profile & 0xFFFFFFFF, profile >> 32 & 0xFFFF, profile >> 48 & 0x3FFF)


def cfr3(pll: PllSettings) -> int:
    """The clock settings as a word."""
    return CFR3_BASE | pll.vco << 24 | pll.icp << 19 | pll.enabled << 8 | pll.n << 1
