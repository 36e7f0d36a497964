"""Registers of AD9959 and AD9958, the words that this project keeps in them, and their bytes.

A chip has one set of the registers from CFR on for each output. What is written goes to every
output that CSR enables, and what is read comes from the only one that it does; CSR itself acts at
once, without an I/O_UPDATE. Hence each frame here begins with CSR.

Facts: data sheet (Rev. B), "Register Maps and Bit Descriptions", as in public drivers (cjheath,
dds-sweeper, mgrau). There is no register that identifies the chip.
"""

from __future__ import annotations

import struct

from dds_link.devices.ad9959_clock import PllSettings
from dds_link.words import Words

CSR, FR1, FR2, CFR, CFTW0, CPOW0, ACR = range(7)
#: Bytes of each.
WIDTHS = {CSR: 1, FR1: 3, FR2: 2, CFR: 3, CFTW0: 4, CPOW0: 2, ACR: 3}
NAMES = {CSR: "CSR", FR1: "FR1", FR2: "FR2", CFR: "CFR", CFTW0: "CFTW0", CPOW0: "CPOW0",
         ACR: "ACR"}  # fmt: skip

#: Answers on SDIO_2 (bits 2:1 = 01), most significant bit first (bit 0 = 0).
CSR_THREE_WIRE = 0x02
#: Charge pump 150 uA (17:16), which locks fastest; everything else off.
FR1_BASE = 0x030000
#: No clearing of all outputs, no synchronisation of several chips.
FR2_BASE = 0x0000
#: DAC at full scale (9:8), matched pipe delays (5): phase, amplitude and frequency change together.
CFR_BASE = 0x000320
#: Autoclear phase accumulator (bit 2): cleared at every I/O_UPDATE while it is set.
CFR_AUTOCLEAR = CFR_BASE | 1 << 2
#: Digital part (7) and DAC (6) of one output.
CFR_POWER_DOWN = CFR_BASE | 3 << 6
#: Amplitude multiplier in use (bit 12); without it the output is at full scale, whatever the ASF.
ACR_BASE = 0x001000
#: Bits of the amplitude scale factor.
ASF_MASK = 0x0003FF

_READ = 0x80


def csr(outputs: int) -> int:
    """Channel select register.

    :param outputs: its enable bits, 7:4.
    """
    return outputs | CSR_THREE_WIRE


def frame(register: int, value: int) -> bytes:
    """The bytes that write ``value`` to ``register``: instruction, then the whole register."""
    return bytes((register,)) + value.to_bytes(WIDTHS[register], "big")


def select(outputs: int) -> bytes:
    """The bytes that enable outputs."""
    return bytes((CSR, csr(outputs)))


def reading(outputs: int, register: int) -> bytes:
    """The bytes that read ``register`` of one output; the answer begins with the fourth byte."""
    return bytes((CSR, csr(outputs), _READ | register)) + bytes(WIDTHS[register])


# CSR, CFTW0, CPOW0 and ACR in one pack: every set goes through here.
_pack_tone = struct.Struct(">BBBIBHBBH").pack


def tone_frame(outputs: int, words: Words) -> bytes:
    """The bytes that write ``words`` to outputs."""
    return _pack_tone(
        CSR, outputs | CSR_THREE_WIRE,
        CFTW0, words.ftw,
        CPOW0, words.pow,
        ACR, ACR_BASE >> 16, ACR_BASE & 0xFFFF | words.asf,
    )  # fmt: skip


def fr1(pll: PllSettings) -> int:
    """The clock settings as a word."""
    return FR1_BASE | pll.high_gain << 23 | pll.multiplier << 18
