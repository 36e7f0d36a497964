"""The serial port of chips with a one-byte instruction, bit by bit.

An instruction byte, then one whole register, then the next instruction: nothing but the bits
themselves (and a pulse on the pin that resets the port) moves it on. In particular chip select
going high only suspends a cycle, so that after a cut-off transfer the next instruction is taken for
data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Registers(Protocol):
    """What the port needs of the chip around it."""

    lsb_first: bool
    sdo: bool
    """Answers go to the pin that the host reads; otherwise nobody sees them."""

    def read(self, address: int) -> int:
        """Content of a register."""

    def write(self, address: int, value: int) -> None:
        """A whole register has come in."""


class SerialPort:
    """The state machine behind SDIO and SCLK.

    :param registers: the chip.
    :param widths: bits of each register, for all addresses that there can be: a power of 2.
    """

    #: Whole bytes may be taken at once; that is only faster.
    bytewise = True

    def __init__(self, registers: Registers, widths: Sequence[int]) -> None:
        self._registers = registers
        self._widths = widths
        self._address_bits = len(widths) - 1
        self.reset()

    def reset(self) -> None:
        """Expect an instruction next."""
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
        if not 0 <= bits <= 8 * len(data):
            raise ValueError(f"{bits} bits of {len(data)} bytes")
        begin, answer = 0, b""
        if self.bytewise and bits == 8 * len(data):
            answer = self._whole_registers(data)
            begin = len(answer)
        rest, value = 0, int.from_bytes(data[begin:], "big")
        left = 8 * (len(data) - begin)
        for place in range(left - 1, left - 1 - (bits - 8 * begin), -1):
            rest |= self._clock(value >> place & 1) << place
        return answer + rest.to_bytes(len(data) - begin, "big")

    def _whole_registers(self, data: bytes) -> bytes:
        """Take as many whole registers as come first, byte by byte; returns what goes out."""
        registers, place, answer = self._registers, 0, b""
        while self.in_step and place < len(data) and self._is_plain():
            address = data[place] & self._address_bits
            end = place + 1 + (self._widths[address] >> 3)
            if end > len(data):
                break
            out = bytes(end - place)
            if data[place] < 0x80:
                registers.write(address, int.from_bytes(data[place + 1 : end], "big"))
            else:
                value = registers.read(address)
                if registers.sdo:
                    out = b"\0" + value.to_bytes(end - place - 1, "big")
            answer += out
            place = end
        return answer

    def _is_plain(self) -> bool:
        """Whether one bit comes with each clock, the most significant one first."""
        return not self._registers.lsb_first

    def _clock(self, bit: int) -> int:
        """One SCLK cycle: a bit in, and the bit that the host sees."""
        if self.in_step:
            self.in_step = False
            self._lsb_first = self._registers.lsb_first
        if self._address < 0:
            if self._take(bit, 8):
                self._begin(self._shift)
            return 0
        width = self._widths[self._address]
        if self._reading:
            return self._give(width)
        if self._take(bit, width):
            self._registers.write(self._address, self._shift)
            self._next()
        return 0

    def _begin(self, instruction: int) -> None:
        """Bit 7 reads, the lowest 5 or more are the address, those between mean nothing."""
        self._address, self._reading = instruction & self._address_bits, bool(instruction & 0x80)
        self._shift = self._count = 0

    def _next(self) -> None:
        """A register is complete."""
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
