"""The serial port of an AD9910, bit by bit.

An instruction byte, then one whole register, then the next instruction: nothing but the bits
themselves (and a pulse on IO_RESET) moves it on. In particular chip select going high only suspends
a cycle, so that after a cut-off transfer the next instruction is taken for data.
"""

from __future__ import annotations

from typing import Protocol

from dds_link.twins.ad9910_core import DRG_LIMIT, DRG_STEP, POW, PROFILE0, RAM

#: Bits of each register by address. Addresses that the chip does not use are taken for 32 bits.
WIDTHS = tuple(
    16
    if address == POW
    else 64
    if address in (DRG_LIMIT, DRG_STEP) or PROFILE0 <= address < RAM
    else 32
    for address in range(32)
)


class Registers(Protocol):
    """What the port needs of the chip around it."""

    lsb_first: bool
    sdo: bool
    """Answers go to the pin SDO; otherwise to SDIO, where the host does not look."""

    def read(self, address: int) -> int:
        """Content of a register; of :data:`RAM`, the next word."""

    def write(self, address: int, value: int) -> None:
        """A whole register has come in; for :data:`RAM`, the next word."""

    def rewind(self) -> None:
        """A cycle that accesses the RAM begins."""


class SerialPort:
    """The state machine behind SDIO and SCLK."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self.reset()

    def reset(self) -> None:
        """What IO_RESET does: expect an instruction next."""
        #: True while the next bit is the first one of an instruction.
        self.in_step = True
        self._address = -1  # -1: an instruction is coming in
        self._reading = False
        self._lsb_first = False
        self._shift = 0
        self._count = 0

    def transfer(self, data: bytes, bits: int) -> bytes:
        """Clock in the first ``bits`` bits of ``data`` with chip select low.

        :returns: what the host reads meanwhile, as many bytes as ``data`` has.
        """
        size = 8 * len(data)
        value, answer = int.from_bytes(data, "big"), 0
        for place in range(size - 1, size - 1 - bits, -1):
            answer |= self._clock(value >> place & 1) << place
        # The RAM takes words until chip select goes high between two of them.
        if self._address == RAM and self._count == 0:
            self.reset()
        return answer.to_bytes(len(data), "big")

    def _clock(self, bit: int) -> int:
        """One SCLK cycle: a bit in, and the bit that the host sees."""
        if self.in_step:
            self.in_step = False
            self._lsb_first = self._registers.lsb_first
        if self._address < 0:
            if self._take(bit, 8):
                self._begin(self._shift)
            return 0
        width = WIDTHS[self._address]
        if self._reading:
            return self._give(width)
        if self._take(bit, width):
            self._registers.write(self._address, self._shift)
            self._next()
        return 0

    def _begin(self, instruction: int) -> None:
        """Bit 7 reads, bits 6 and 5 mean nothing, the rest is the address."""
        self._address, self._reading = instruction & 0x1F, bool(instruction & 0x80)
        self._shift = self._count = 0
        if self._address == RAM:
            self._registers.rewind()

    def _next(self) -> None:
        """A register is complete; only the RAM has another word."""
        self._shift = self._count = 0
        if self._address != RAM:
            self.reset()

    def _take(self, bit: int, width: int) -> bool:
        """Shift a bit in; True with the last one."""
        if self._lsb_first:
            self._shift |= bit << self._count
        else:
            self._shift = self._shift << 1 | bit
        self._count += 1
        return self._count == width

    def _give(self, width: int) -> int:
        """Shift a bit out."""
        if self._count == 0:
            self._shift = self._registers.read(self._address)
        place = self._count if self._lsb_first else width - 1 - self._count
        bit = self._shift >> place & 1
        self._count += 1
        if self._count == width:
            self._next()
        return bit if self._registers.sdo else 0
