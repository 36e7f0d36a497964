"""Registers of AD9914 and AD9915 on the serial port, the words kept in them, and their bytes.

Facts: public drivers for these chips, whose words for CFR1, CFR3 and the two for CFR4 are the ones
here (ad9xdds for an FT232H, an STM32 and a Raspberry Pi driver for the AD9914, a radar's code with
four of them). Addresses of the parallel port are others.
"""

from __future__ import annotations

from struct import Struct

from dds_link.devices.ad9914_clock import PllSettings
from dds_link.words import Words

CFR1, CFR2, CFR3, CFR4 = 0x00, 0x01, 0x02, 0x03
#: Profile 0: FTW; amplitude in [27:16] and phase in [15:0].
FTW_0, TONE_0 = 0x0B, 0x0C
USR0 = 0x1B
#: Bytes of each register.
WIDTH = 4
NAMES = {CFR1: "CFR1", CFR2: "CFR2", CFR3: "CFR3", CFR4: "CFR4", FTW_0: "FTW of profile 0",
         TONE_0: "amplitude and phase of profile 0"}  # fmt: skip

#: Sine (16, as after a reset), OSK enable (8) so that there is an amplitude, full external
#: power-down (3, as after a reset), SDIO input only (1) so that the chip answers on SDO.
CFR1_BASE = 0x0001010A
#: Calibrate the VCO (24): starts when it becomes 1.
CFR1_VCO_CAL = 1 << 24
#: Autoclear phase accumulator (13): cleared at every I/O_UPDATE while it is set.
CFR1_AUTOCLEAR = 1 << 13
#: Digital core, DAC and reference input off (7:5).
CFR1_POWER_DOWN = 7 << 5
#: Profile mode (23), matched latency (15); SYNC_CLK pin and bit 8 as after a reset.
CFR2_BASE = 0x00808900
#: Lock detection on, charge pump chosen by the VCO calibration (as after a reset).
CFR3_BASE = 0x0000001C
CFR3_PLL = 1 << 18
#: What the manufacturer asks for here (as after a reset).
CFR4_BASE = 0x00052120
#: Calibrate the timing of the DAC (24).
CFR4_DAC_CAL = 0x01052120
#: PLL lock, in USR0.
LOCKED = 1 << 24

_READ = 0x80
_pack = Struct(">BI").pack
_pack_tone = Struct(">BHH").pack


def frame(register: int, value: int) -> bytes:
    """The bytes that write ``value`` to ``register``: instruction, then the whole register."""
    return _pack(register, value)


def reading(register: int) -> bytes:
    """The bytes that read ``register``: instruction, then room for the answer."""
    return _pack(_READ | register, 0)


def tone_frames(words: Words) -> tuple[bytes, bytes]:
    """The bytes that write ``words`` to profile 0. Every set goes through here."""
    return _pack(FTW_0, words.ftw), _pack_tone(TONE_0, words.asf, words.pow)


def tone(words: Words) -> int:
    """What amplitude and phase of a profile hold."""
    return words.asf << 16 | words.pow


def words_of(ftw: int, tone: int) -> Words:
    """The words of a profile; bits 31:28 of ``tone`` mean nothing."""
    return Words(ftw, tone & 0xFFFF, tone >> 16 & 0xFFF)


def cfr3(pll: PllSettings) -> int:
    """The clock settings as a word."""
    return CFR3_BASE | (CFR3_PLL if pll.enabled else 0) | pll.n << 8
