"""The words of an AD9914 for tests, written down independently of driver and twin."""

from dds_link.twins.ad9914_chip import AD9914
from tests.twins.manual_clock import ManualClock

CFR1, CFR2, CFR3, CFR4, LOWER_LIMIT, USR0 = 0x00, 0x01, 0x02, 0x03, 0x04, 0x1B
FTW_0, TONE_0 = 0x0B, 0x0C

#: Sine, OSK, external power-down, SDIO input only; profile mode.
ON, PROFILES = 0x0001010A, 0x00800900
VCO_CAL = 1 << 24
NO_PLL, PLL_50 = 0x0000191C, 0x0004321C
"""As after a reset, and times 100 (N = 50)."""
CAL_BEGIN, CAL_END = 0x01052120, 0x00052120


def frame(register: int, value: int) -> bytes:
    """The bytes that write a whole register."""
    return bytes([register]) + value.to_bytes(4, "big")


def reading(register: int) -> bytes:
    """The bytes that read a whole register."""
    return bytes([0x80 | register]) + bytes(4)


def tone(pow_: int = 0, asf: int = 0xFFF) -> int:
    """Phase and amplitude of a profile."""
    return asf << 16 | pow_


class Bench:
    """One chip and its time, with the few things that one does to it."""

    def __init__(self, refclk: float = 2.5e9, max_sysclk: float = 3.5e9) -> None:
        self.clock = ManualClock()
        self.chip = AD9914(refclk, self.clock, max_sysclk)

    def send(self, data: bytes) -> bytes:
        return self.chip.transfer(data, 8 * len(data))

    def write(self, register: int, value: int) -> None:
        self.send(frame(register, value))

    def read(self, register: int) -> int:
        return int.from_bytes(self.send(reading(register))[1:], "big")

    def update(self) -> None:
        if self.chip.wants_update:
            self.chip.update(self.clock.now())

    def set(self, register: int, value: int) -> None:
        """Write and update."""
        self.write(register, value)
        self.update()

    def calibrate(self, seconds: float = 1e-3) -> None:
        """The DAC's."""
        self.set(CFR4, CAL_BEGIN)
        self.clock.sleep(seconds)
        self.set(CFR4, CAL_END)

    def bring_up(self, cfr3: int = NO_PLL) -> "Bench":
        """The chip answers, scales, runs on its clock and is calibrated."""
        self.set(CFR1, ON)
        self.set(CFR2, PROFILES)
        self.set(CFR3, cfr3)
        if cfr3 & 1 << 18:
            self.set(CFR1, ON | VCO_CAL)
            self.clock.sleep(0.01)
        self.calibrate()
        return self
