"""The serial port of an AD9910: one register a cycle, but for the RAM, which takes many words."""

from __future__ import annotations

from typing import Protocol

from dds_link.twins import spi_serial
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


class Registers(spi_serial.Registers, Protocol):
    """What the port needs of the chip around it."""

    def rewind(self) -> None:
        """A cycle that accesses the RAM begins; each word is read or written as a register."""


class SerialPort(spi_serial.SerialPort):
    """The state machine behind SDIO and SCLK."""

    bytewise = False  # the RAM has no length

    def __init__(self, registers: Registers) -> None:
        self._ram = registers
        super().__init__(registers, WIDTHS)

    def transfer(self, data: bytes, bits: int) -> bytes:
        """See :meth:`~dds_link.twins.spi_serial.SerialPort.transfer`."""
        answer = super().transfer(data, bits)
        # The RAM takes words until chip select goes high between two of them.
        if self._address == RAM and self._count == 0:
            self.reset()
        return answer

    def _begin(self, instruction: int) -> None:
        super()._begin(instruction)
        if self._address == RAM:
            self._ram.rewind()

    def _next(self) -> None:
        """A register is complete; only the RAM has another word."""
        if self._address == RAM:
            self._shift = self._count = 0
        else:
            self.reset()
