"""One AD9850 and a board of them, register-true: edges on W_CLK and FQ_UD in, a tone out.

The twin knows nothing of the driver: it has its own idea of the frame, from the data sheet. Where
that is silent, the twin does what a careless driver would regret: what is in the input register
when the chip wakes up is some tone; FQ_UD takes over whatever the input register holds, also the
words that made the chip serial; and a serial chip puts bit 41 where bit 1 was, so that nothing but
FQ_UD or RESET helps after a frame that was cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.transports.base import IO_UPDATE
from dds_link.transports.wiring import chip_selects, wiring
from dds_link.twins.attenuators import with_attenuators
from dds_link.twins.spi_board import ChipBoard
from dds_link.words import Words

_BITS = 40
#: Words of a parallel frame, W0 first.
_WORDS = 5
#: D0 and D1 are tied high, D2 to D6 low; D7 is MOSI.
_TIED = 0b011
#: Bits of the control byte W0, which are the last 8 of the 40.
_FACTORY, _POWER_DOWN, _CONTROL = 0b011, 0b100, 0b111
#: What the input register holds at power-up: 10 MHz at 125 MHz.
_LEFT_OVER = 0x147AE148


@dataclass(frozen=True)
class Tone:
    """What goes out of one chip."""

    frequency: float
    """Hz."""
    amplitude: float
    """Fraction of full scale: 0 or 1."""
    phase: float
    """Phase offset, turns, 0 up to but not including 1."""
    words: Words
    """The words that the core works with; ASF is 1 unless it is powered down."""

    @property
    def emits(self) -> bool:
        """Whether there is any RF. (0 Hz is a constant level, which no coupling passes on.)"""
        return self.amplitude > 0 and self.frequency > 0


class AD9850:
    """One chip, just powered up.

    :param refclk: its clock, Hz.
    """

    wants_update = True
    """Every FQ_UD does something."""

    def __init__(self, refclk: float) -> None:
        self._refclk = refclk
        self.power_up()

    def power_up(self) -> None:
        """Lose everything."""
        self._input = _LEFT_OVER
        self._in_reset = False
        self._reset()

    def _reset(self) -> None:
        """All but the input register."""
        self._active = 0
        self._place = 0  # of the next bit, or of the next word
        #: It takes bits on D7; otherwise words on D7...D0.
        self.serial = False
        #: It has found a code of the factory's, and hears nothing until RESET.
        self.in_test_mode = False

    def transfer(self, data: bytes, bits: int) -> bytes:
        """Clock in the first ``bits`` bits of ``data``: MISO is not there."""
        for number in range(bits):
            self._word_clock(data[number >> 3] >> (7 - (number & 7)) & 1)
        return bytes(len(data))

    def _word_clock(self, d7: int) -> None:
        """A rising edge on W_CLK."""
        if self._in_reset or self.in_test_mode:
            return
        if self.serial:
            self._put(d7, 1, self._place)
            self._place = (self._place + 1) % _BITS
        elif self._place < _WORDS:
            self._put(d7 << 7 | _TIED, 8, 8 * (_WORDS - 1 - self._place))
            self._place += 1

    def _put(self, value: int, width: int, place: int) -> None:
        mask = (1 << width) - 1 << place
        self._input = self._input & ~mask | value << place

    def update(self, now: float) -> None:
        """A rising edge on FQ_UD."""
        if self._in_reset or self.in_test_mode:
            return
        self._active, self._place = self._input, 0
        control = self._active >> 32
        if not self.serial:
            self.serial = control & _CONTROL == _TIED
        elif control & _FACTORY:
            self.in_test_mode = True

    def set_master_reset(self, high: bool) -> None:
        """The level of RESET."""
        self._in_reset = high
        if high:
            self._reset()

    def set_io_reset(self, high: bool) -> None:
        """There is no such pin."""

    def select_profile(self, profile: int, now: float) -> None:
        """There are no such pins."""

    def tone(self) -> Tone:
        """What goes out now."""
        control, ftw = self._active >> 32, self._active & 0xFFFFFFFF
        on = 0 if control & _POWER_DOWN else 1
        words = Words(ftw, control >> 3, on)
        return Tone(ftw * self._refclk / 2**32, float(on), words.pow / 32, words)


class AD9850Board(ChipBoard[AD9850]):
    """Chips with one FQ_UD and one RESET; W_CLK comes through a gate that chip select opens."""

    def __init__(self, chips: Sequence[AD9850], clock: Clock, lines: Iterable[str]) -> None:
        super().__init__(chips, clock, lines)
        for chip in range(len(self.chips)):
            super().transfer(chip, b"", 0)  # it sees FQ_UD from the beginning


def make_board(device: DeviceConfig, channels: tuple[ChannelConfig, ...], clock: Clock) -> Any:
    """The board that a configuration describes, just powered up."""
    chips = [AD9850(device.refclk) for _ in chip_selects(channels)]
    board = AD9850Board(chips, clock, {IO_UPDATE, *wiring(device, channels)})
    return with_attenuators(board, device, channels)
