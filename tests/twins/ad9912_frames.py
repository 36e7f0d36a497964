"""The words of an AD9912 for tests, written down independently of driver and twin."""

from typing import Any

from dds_link.transports.base import IO_UPDATE, MASTER_RESET, rf_switch
from dds_link.twins.ad9912_chip import AD9912
from dds_link.twins.spi_board import ChipBoard
from tests.twins.manual_clock import ManualClock

#: ARTIQ's initialisation at 25 MHz times 40, an update after each.
ARTIQ_PLL = ("00 00 99", "00 10 80", "00 20 12", "00 22 05")
#: And at 1 GHz without the PLL.
ARTIQ_DIRECT = ("00 00 99", "00 10 90")


def frame(address: int, *data: int) -> bytes:
    """The bytes that write from ``address`` downwards."""
    length = min(len(data), 4) - 1
    return bytes([length << 5 | address >> 8, address & 0xFF, *data])


def reading(address: int, size: int) -> bytes:
    """The bytes that read from ``address`` downwards."""
    return bytes([0x80 | (min(size, 4) - 1) << 5 | address >> 8, address & 0xFF]) + bytes(size)


def single_tone(ftw: int, pow_: int = 0) -> bytes:
    """The frame that sets frequency and phase."""
    return b"\x61\xad" + pow_.to_bytes(2, "big") + ftw.to_bytes(6, "big")


class Bench:
    """A board and its time, with the few things that one does to it."""

    def __init__(self, chips: int = 1, refclk: float = 25e6, **every: Any) -> None:
        self.clock = ManualClock()
        lines = (IO_UPDATE, MASTER_RESET, *map(rf_switch, range(chips)))
        twins = [AD9912(refclk, self.clock, **every) for _ in range(chips)]
        self.board = ChipBoard(twins, self.clock, lines)
        self.chip = self.board.chips[0]
        for chip in range(chips):
            self.board.level(rf_switch(chip), True)

    def send(self, data: bytes, chip: int = 0) -> bytes:
        return self.board.transfer(chip, data, 8 * len(data))

    def write(self, address: int, *data: int, chip: int = 0) -> None:
        self.send(frame(address, *data), chip)

    def read(self, address: int, size: int = 1, chip: int = 0) -> int:
        return int.from_bytes(self.send(reading(address, size), chip)[2:], "big")

    def update(self) -> None:
        self.pulse(IO_UPDATE)

    def pulse(self, line: str) -> None:
        self.board.level(line, True)
        self.board.level(line, False)

    def set(self, address: int, *data: int, chip: int = 0) -> None:
        """Write and update."""
        self.write(address, *data, chip=chip)
        self.update()

    def tune(self, ftw: int, pow_: int = 0, chip: int = 0) -> None:
        """Set a tone and update."""
        self.send(single_tone(ftw, pow_), chip)
        self.update()

    def bring_up(self, *stream: str) -> "Bench":
        """All chips answer and run as ARTIQ leaves them, by default on their PLL."""
        for data in stream or ARTIQ_PLL:
            for chip in range(len(self.board.chips)):
                self.send(bytes.fromhex(data), chip)
            self.update()
        self.clock.sleep(0.01)
        return self
