"""Registers of the AD9912, what this project keeps in them, and their bytes on the bus.

A register is named by its highest address; the bytes follow downwards. Register map: ARTIQ's
``ad9912_reg`` and GRA-AFCH's firmware, both after the data sheet.
"""

from __future__ import annotations

import struct

from dds_link.devices.ad9912_clock import PllSettings
from dds_link.words import Words

SERIAL, PART_ID, READ_BUFFER, UPDATE_REGISTER = 0x000, 0x003, 0x004, 0x005
POWER, DDS, N_DIVIDER, PLL, TONE = 0x010, 0x013, 0x020, 0x022, 0x1AD
CURRENT, SPUR_A, SPUR_B = 0x40C, 0x500, 0x505
#: Bytes of each.
WIDTHS = {SERIAL: 1, PART_ID: 2, READ_BUFFER: 1, UPDATE_REGISTER: 1, POWER: 1, DDS: 1,
          N_DIVIDER: 1, PLL: 1, TONE: 8, CURRENT: 2, SPUR_A: 1, SPUR_B: 1}  # fmt: skip
#: Those that are read back, for messages.
NAMES = {SERIAL: "serial configuration (0x000)", PART_ID: "part ID (0x003)",
         READ_BUFFER: "read-buffer bit (0x004)", POWER: "power-down (0x010)",
         DDS: "fundamental power-down (0x013)", N_DIVIDER: "N divider (0x020)",
         PLL: "PLL parameters (0x022)", TONE: "POW and FTW (0x1AD)",
         CURRENT: "DAC current (0x40C)", SPUR_A: "spur A (0x500)",
         SPUR_B: "spur B (0x505)"}  # fmt: skip

#: Answers on SDO, 16-bit instructions; mirrored, so that it reads the same from either end.
SERIAL_BASE = 0x99
#: One bit tells the two part IDs apart; to this project they are the same chip.
PART_ID_BASE, PART_ID_MASK = 0x1902, ~0x0080
#: HSTL and CMOS clock outputs off.
POWER_BASE = 1 << 7
POWER_PLL_DOWN = 1 << 4
POWER_ALL_DOWN = 1 << 1
#: The DDS puts out nothing, whatever its words.
DDS_DARK, DDS_LIT = 1 << 7, 0
#: Reset value: 20 mA full scale. It is never used to scale the amplitude.
CURRENT_BASE = 0x1FF

_READ, _STREAM = 0x8000, 3


def _instruction(register: int) -> bytes:
    """Two bytes: length of 1, 2 or 3 bytes, or more (streamed until chip select ends it)."""
    length = min(WIDTHS[register] - 1, _STREAM)
    return (length << 13 | register).to_bytes(2, "big")


def frame(register: int, value: int) -> bytes:
    """The bytes that write ``value`` to ``register``: instruction, then the whole register."""
    return _instruction(register) + value.to_bytes(WIDTHS[register], "big")


def reading(register: int) -> bytes:
    """The bytes that read ``register``: instruction, then room for the answer."""
    head = int.from_bytes(_instruction(register), "big") | _READ
    return head.to_bytes(2, "big") + bytes(WIDTHS[register])


#: Sent three times, it puts any serial port in step. In step it is a streamed reading of nothing.
#: Else its two bytes become the rest of what was cut off and, with the next one, of a write to an
#: unused address; that holds for a cycle of any length that was suspended anywhere.
ABORT = b"\xe0\x03"


def tone(words: Words) -> int:
    """POW in [61:48], FTW in [47:0]."""
    return words.pow << 48 | words.ftw


_pack_tone = struct.Struct(">HHHI").pack
_TONE_INSTRUCTION = int.from_bytes(_instruction(TONE), "big")


def tone_frame(words: Words) -> bytes:
    """The bytes that write the tone, in one streamed cycle as ARTIQ does. Every set goes here."""
    ftw = words.ftw
    return _pack_tone(_TONE_INSTRUCTION, words.pow, ftw >> 32, ftw & 0xFFFFFFFF)


def pll_parameters(pll: PllSettings) -> int:
    """Register 0x022: doubler, range of the VCO, charge pump at 375 uA as in ARTIQ."""
    return pll.doubler << 3 | pll.high_range << 2 | 1
