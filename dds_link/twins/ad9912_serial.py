"""The serial port of an AD9912, bit by bit.

Two instruction bytes (read, length, address), then data for that address and the ones below it, or
above it if the least significant bit comes first. There is no IO_RESET pin: chip select moves the
port. Within a byte it drops the whole cycle. Between two bytes it only suspends one of 1, 2 or 3
data bytes, so that after a cut-off transfer the next bytes are taken for its rest; a streamed one
it ends.

The facts are the data sheet's, "Serial Control Port", by way of public mirrors; what chip select
does, that of the AD9508, which has the same port. Assumed: an instruction that is cut off between
its two bytes is suspended whatever its length; after the last byte of a cycle the next instruction
may follow with chip select still low; beyond the first address comes the last.
"""

from __future__ import annotations

from typing import Protocol

_ADDRESSES = 0x2000
_STREAM = 3


class Registers(Protocol):
    """What the port needs of the chip around it."""

    lsb_first: bool
    sdo: bool
    """Answers go to the pin SDO; otherwise to SDIO, where the host does not look."""

    def read(self, address: int) -> int:
        """Content of the byte at ``address``."""

    def write(self, address: int, value: int) -> None:
        """A byte has come in."""


class SerialPort:
    """The state machine behind SDIO, SCLK and CSB."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self.reset()

    def reset(self) -> None:
        """Expect an instruction next."""
        #: True while the next bit is the first one of an instruction.
        self.in_step = True
        self._lsb_first = False
        self._shift = 0
        self._count = 0  # bits of this byte, or of the instruction
        self._address = -1  # -1: an instruction is coming in
        self._reading = False
        self._left = 0  # data bytes to come; -1: any number

    def transfer(self, data: bytes, bits: int) -> bytes:
        """Clock in the first ``bits`` bits of ``data`` with chip select low, then set it high.

        :returns: what the host reads meanwhile, as many bytes as ``data`` has.
        """
        size = 8 * len(data)
        value, answer = int.from_bytes(data, "big"), 0
        for place in range(size - 1, size - 1 - bits, -1):
            answer |= self._clock(value >> place & 1) << place
        if self._count % 8 or self._left < 0:
            self.reset()
        return answer.to_bytes(len(data), "big")

    def _clock(self, bit: int) -> int:
        """One SCLK cycle: a bit in, and the bit that the host sees."""
        if self.in_step:
            self.in_step = False
            self._lsb_first = self._registers.lsb_first
        if self._address < 0:
            if self._take(bit, 16):
                self._begin(self._shift)
            return 0
        if self._reading:
            return self._give()
        if self._take(bit, 8):
            self._registers.write(self._address, self._shift)
            self._next()
        return 0

    def _begin(self, instruction: int) -> None:
        length = instruction >> 13 & 3
        self._reading = bool(instruction & 0x8000)
        self._address = instruction & _ADDRESSES - 1
        self._left = -1 if length == _STREAM else length + 1
        self._shift = self._count = 0

    def _next(self) -> None:
        """A data byte is complete."""
        self._address = (self._address + (1 if self._lsb_first else -1)) % _ADDRESSES
        self._left = max(self._left - 1, -1)
        self._shift = self._count = 0
        if self._left == 0:
            self.reset()

    def _take(self, bit: int, width: int) -> bool:
        """Shift a bit in; True with the last one."""
        if self._lsb_first:
            self._shift |= bit << self._count
        else:
            self._shift = self._shift << 1 | bit
        self._count += 1
        return self._count == width

    def _give(self) -> int:
        """Shift a bit out."""
        if self._count == 0:
            self._shift = self._registers.read(self._address)
        bit = self._shift >> (self._count if self._lsb_first else 7 - self._count) & 1
        self._count += 1
        if self._count == 8:
            self._next()
        return bit if self._registers.sdo else 0
