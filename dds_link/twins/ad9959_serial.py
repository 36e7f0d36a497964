"""The serial port of an AD9959, bit by bit: one, two or four of them with each clock.

A host that drives SDIO_0 only, as an SPI bus does, leaves the other pins low; in the modes with
several bits a clock that makes garbage of its frames, as in the chip.
"""

from __future__ import annotations

from typing import Protocol

from dds_link.twins import spi_serial

#: Bits of each register by address; 0x0A to 0x18 are CW1 to CW15. Addresses that no manual tells of
#: are taken for 32 bits.
WIDTHS = (8, 24, 16, 24, 32, 16, 24, 16, *24 * (32,))


class Registers(spi_serial.Registers, Protocol):
    """What the port needs of the chip around it."""

    lanes: int
    """Bits that come with each clock: 1, 2 or 4."""


class SerialPort(spi_serial.SerialPort):
    """The state machine behind SDIO_0 to SDIO_3, SCLK and SYNC_I/O."""

    def __init__(self, registers: Registers) -> None:
        self._chip = registers
        super().__init__(registers, WIDTHS)

    def reset(self) -> None:
        """See :meth:`~dds_link.twins.spi_serial.SerialPort.reset`."""
        super().reset()
        self._lanes = 1

    def _is_plain(self) -> bool:
        return self._chip.lanes == 1 and super()._is_plain()

    def _clock(self, bit: int) -> int:
        if self.in_step:
            self._lanes = self._chip.lanes
        if self._lanes == 1:
            return super()._clock(bit)
        # The bits of a clock, the most significant one first, come from SDIO_3 or SDIO_1 to SDIO_0.
        bits = [0] * (self._lanes - 1) + [bit]
        for each in bits[::-1] if self._chip.lsb_first else bits:
            super()._clock(each)
        return 0
