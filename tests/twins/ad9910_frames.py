"""The words of an AD9910 for tests, written down independently of driver and twin."""

from dds_link.transports.base import IO_UPDATE
from dds_link.twins.ad9910 import AD9910Board
from tests.twins.manual_clock import ManualClock

CFR1, CFR2, CFR3, FTW, POW, ASF = 0x00, 0x01, 0x02, 0x07, 0x08, 0x09
DRG_LIMIT, PROFILE0, RAM = 0x0B, 0x0E, 0x16

SDIO_INPUT_ONLY = 0x00000002
PROFILE_AMPLITUDE = 0x01000000
PLL_1_GHZ = 0x0D3FC150
"""25 MHz times 40 with VCO 5."""


def width(register: int) -> int:
    """Bytes of a register."""
    if register == POW:
        return 2
    return 8 if register in (0x0B, 0x0C) or 0x0E <= register <= 0x15 else 4


def frame(register: int, value: int) -> bytes:
    """The bytes that write a whole register."""
    return bytes([register]) + value.to_bytes(width(register), "big")


def reading(register: int) -> bytes:
    """The bytes that read a whole register."""
    return bytes([0x80 | register]) + bytes(width(register))


def single_tone(ftw: int = 0, pow_: int = 0, asf: int = 0x3FFF) -> int:
    """A single-tone profile."""
    return asf << 48 | pow_ << 32 | ftw


class Bench:
    """A board and its time, with the few things that one does to it."""

    def __init__(self, chips: int = 1, refclk: float = 25e6) -> None:
        self.clock = ManualClock()
        self.board = AD9910Board(chips, refclk, self.clock)
        self.chip = self.board.chips[0]

    def send(self, data: bytes, chip: int = 0) -> bytes:
        return self.board.transfer(chip, data, 8 * len(data))

    def write(self, register: int, value: int, chip: int = 0) -> None:
        self.send(frame(register, value), chip)

    def read(self, register: int, chip: int = 0) -> int:
        return int.from_bytes(self.send(reading(register), chip)[1:], "big")

    def update(self) -> None:
        self.pulse(IO_UPDATE)

    def pulse(self, line: str) -> None:
        self.board.level(line, True)
        self.board.level(line, False)

    def set(self, register: int, value: int, chip: int = 0) -> None:
        """Write and update."""
        self.write(register, value, chip)
        self.update()

    def bring_up(self, cfr3: int = PLL_1_GHZ) -> "Bench":
        """All chips answer, scale by profile and run on their PLL; RF switches closed."""
        for chip in range(len(self.board.chips)):
            self.write(CFR1, SDIO_INPUT_ONLY, chip)
            self.write(CFR2, PROFILE_AMPLITUDE, chip)
            self.write(CFR3, cfr3, chip)
            self.board.level(f"rf_switch{chip}", True)
        self.update()
        self.clock.sleep(0.01)
        return self
