"""One AD9910, register-true: bits and edges in, a tone out.

It knows nothing of a driver's intentions, so a wrong byte shows as a wrong tone, and a cut-off
transfer as garbage in whatever comes next. Where the chip does something that is not simulated (RAM
playback, the digital ramp, the parallel port, automatic OSK, internal updates),
:attr:`Tone.modelled` is False.

The facts are the data sheet's by way of ARTIQ's and Linux's drivers. Assumed, because no public
source says: a PROFILE pin that changes acts as an I/O_UPDATE; a register comes into its buffer with
its last bit; the PLL locks within ``lock_time``; RAM words beyond the profile's range start over.
"""

from __future__ import annotations

from dataclasses import dataclass

from dds_link.clock import Clock
from dds_link.twins import ad9910_core as core
from dds_link.twins.ad9910_clock import REFCLK_OUT, RESERVED, SystemClock
from dds_link.twins.ad9910_serial import WIDTHS, SerialPort
from dds_link.words import Words

_WORD = 0xFFFFFFFF
_CFR3 = core.CFR3  # every update asks for it
_whole = int.from_bytes
_RESET_VALUES = {
    core.CFR2: 0x00400820,
    core.CFR3: 0x1F3F4000,
    core.AUX_DAC: 0x0000007F,
    core.IO_UPDATE_RATE: 0xFFFFFFFF,
    core.PROFILE0: 0x08B5000000000000,
}
# By instruction byte: bits of a whole write to a register that is just a buffer; -1 for the others.
_PLAIN_WRITE = tuple(8 + WIDTHS[byte] if core.FTW <= byte < core.RAM else -1 for byte in range(256))


@dataclass(frozen=True)
class Tone:
    """What goes out of one chip."""

    frequency: float
    """Hz; above half of :attr:`sysclk` it is the image that one sees."""
    amplitude: float
    """Fraction of full scale, 0...1, on the scale of the tuning words (ASF / 16383)."""
    phase: float
    """Phase offset, turns, 0 up to but not including 1."""
    locked: bool
    """Whether the core runs on the clock that the registers ask for."""
    sysclk: float
    """Clock of the core, Hz."""
    sine: bool
    """A sine instead of a cosine."""
    modelled: bool
    """False if something takes part that the twin does not simulate."""
    words: Words
    """The words that the core works with, whether or not anything goes out."""

    @property
    def emits(self) -> bool:
        """Whether there is any RF. (0 Hz is a constant level, which no coupling passes on.)"""
        return self.amplitude > 0 and self.frequency > 0


class AD9910:
    """One chip, just powered up.

    :param refclk: reference clock at the pin, Hz.
    :param clock: its :meth:`~dds_link.clock.Clock.now` is the chip's time.
    :param lock_time: what the PLL takes to lock, s.
    """

    def __init__(self, refclk: float, clock: Clock, lock_time: float = 1e-3) -> None:
        self._time = clock
        self._sysclk = SystemClock(refclk, lock_time)
        self._ram = [0] * 1024
        self._profile = 0
        self._io_reset = False
        self._master_reset = False
        self._port = SerialPort(self)
        self._quick = False
        #: How many updates found something to do in this chip.
        self.updates = 0
        #: Time of the last one, s.
        self.last_update: float | None = None
        self._load_reset_values()

    # -- the serial port ----------------------------------------------------------------------

    def transfer(self, data: bytes, bits: int) -> bytes:
        """Clock in the first ``bits`` bits of ``data`` with chip select low.

        :returns: what the host reads meanwhile, as many bytes as ``data`` has.
        """
        size = len(data)
        # The common case, a whole plain register to a port in step, in one go; the bit machine
        # would do the same.
        if self._quick and size and bits == 8 * size == _PLAIN_WRITE[data[0]]:
            self._buffers[data[0]] = _whole(data[1:], "big")
            self.wants_update = True
            return bytes(size)
        if not 0 <= bits <= 8 * size:
            raise ValueError(f"{bits} bits of {size} bytes")
        if self._io_reset or self._master_reset:
            return bytes(size)
        answer = self._port.transfer(data, bits)
        self._set_quick()
        return answer

    def read(self, address: int) -> int:
        """The serial port reads an active register."""
        if address == core.RAM:
            word = self._ram[self._ram_place]
            self._next_ram_place()
            return word
        if address == core.FTW and self._active[core.CFR2] & core.READ_EFFECTIVE_FTW:
            return self._core().ftw
        return self._active[address]

    def write(self, address: int, value: int) -> None:
        """The serial port has taken in a whole register."""
        if address == core.RAM:
            # The RAM cannot be loaded while the core uses it.
            if not self._active[core.CFR1] & core.RAM_ENABLE:
                self._ram[self._ram_place] = value
            self._next_ram_place()
        elif address == core.IO_UPDATE_RATE:
            self._active[address] = value
        elif address not in core.UNUSED:
            self._buffers[address] = value | RESERVED if address == core.CFR3 else value
            self.wants_update = True
            if address == core.CFR1:
                now = self._time.now()
                self._settle(now)
                kept = self._active[core.CFR1] & ~core.AT_ONCE
                self._active[core.CFR1] = kept | value & core.AT_ONCE
                self._apply_control(now)

    def rewind(self) -> None:
        """A RAM access begins: at the end of the selected profile's range, then downwards."""
        self._ram_place = self._active[core.PROFILE0 + self._profile] >> 30 & 0x3FF

    def _next_ram_place(self) -> None:
        control = self._active[core.PROFILE0 + self._profile]
        start, end = control >> 14 & 0x3FF, control >> 30 & 0x3FF
        self._ram_place = end if self._ram_place == start else (self._ram_place - 1) & 0x3FF

    # -- the pins -----------------------------------------------------------------------------

    def update(self, now: float, by_pin: bool = True) -> None:
        """The buffers become active, if there is anything in them.

        :param now: the time, s.
        :param by_pin: a rising edge on I/O_UPDATE; with internal updates the pin is an output.
        """
        if not self.wants_update or (by_pin and self._pin_is_output):
            return
        self._settle(now)
        active, control = self._active, False
        for address, value in self._buffers.items():
            active[address] = value
            if address <= _CFR3:
                control = True
        self._buffers.clear()
        if control:
            self._apply_control(now)
        if self._clears:
            self._accumulator = 0
        self.wants_update = self._clears
        self.updates += 1
        self.last_update = now

    def select_profile(self, profile: int, now: float) -> None:
        """A new number, 0...7, on the PROFILE pins; takes the buffers over too."""
        self._settle(now)
        self._profile = profile
        self._find_source()
        self.update(now, by_pin=False)

    def set_io_reset(self, high: bool) -> None:
        """The level of IO_RESET. While it is high, the serial port does not listen."""
        self._io_reset = high
        self._port.reset()
        self._set_quick()

    def set_master_reset(self, high: bool) -> None:
        """The level of MASTER_RESET. While it is high, the chip keeps its reset values."""
        self._master_reset = high
        if high:
            self._load_reset_values()
        self._set_quick()

    # -- what comes out -----------------------------------------------------------------------

    def tone(self) -> Tone:
        """What the chip puts out now."""
        now = self._time.now()
        words, cfr1, sysclk = self._core(), self._active[core.CFR1], self._sysclk.rate(now)
        off = cfr1 & (core.DIGITAL_OFF | core.DAC_OFF | core.REFCLK_OFF)
        return Tone(
            frequency=words.ftw * sysclk / (_WORD + 1),
            amplitude=0.0 if off else words.asf / core.FULL_SCALE,
            phase=words.pow / 0x10000,
            locked=self._sysclk.locked(now),
            sysclk=sysclk,
            sine=bool(cfr1 & core.SINE),
            modelled=words.modelled,
            words=Words(words.ftw, words.pow, words.asf),
        )

    def accumulator(self) -> int:
        """The phase accumulator now: turns times 2^32, without the phase offset."""
        self._settle(self._time.now())
        return self._accumulator

    def register(self, address: int) -> int:
        """The active register at ``address``."""
        return self._active[address]

    # -- inside -------------------------------------------------------------------------------

    def _load_reset_values(self) -> None:
        now = self._time.now()
        self._active = [_RESET_VALUES.get(address, 0) for address in range(32)]
        self._buffers: dict[int, int] = {}
        self._ram_place = 0
        self._clock_setting = (-1, False)
        self._apply_control(now)
        self._accumulator = 0
        self._counted = self._sysclk.cycles(now)
        self.wants_update = False
        self._port.reset()
        self._set_quick()

    def _core(self) -> core.Core:
        return core.core(self._active, self._ram, self._profile)

    def _apply_control(self, now: float) -> None:
        """Work out what follows from the active CFR1 to CFR3."""
        cfr1, cfr2, cfr3 = self._active[: core.CFR3 + 1]
        clock_setting = (cfr3 & ~REFCLK_OUT, not cfr1 & core.REFCLK_OFF)
        if clock_setting != self._clock_setting:
            self._clock_setting = clock_setting
            self._sysclk.set_up(*clock_setting, now)
        self.lsb_first = bool(cfr1 & core.LSB_FIRST)
        self.sdo = bool(cfr1 & core.SDIO_INPUT_ONLY)
        self._pin_is_output = bool(cfr2 & core.INTERNAL_UPDATE)
        self._clears = bool(cfr1 & (core.AUTOCLEAR | core.CLEAR))
        self._stopped = bool(cfr1 & (core.DIGITAL_OFF | core.CLEAR))
        self._from_profile = not (
            cfr1 & core.RAM_ENABLE or cfr2 & (core.DRG_ENABLE | core.PARALLEL_PORT)
        )
        self._find_source()
        self._set_quick()

    def _set_quick(self) -> None:
        """Whether a whole plain register may come in without the bit machine."""
        deaf = self._io_reset or self._master_reset
        self._quick = self._port.in_step and not (self.lsb_first or deaf)

    def _settle(self, now: float) -> None:
        """Bring the accumulator up to date, before the frequency changes."""
        cycles = self._sysclk.cycles(now)
        ftw = self._active[self._source] & _WORD if self._source else self._present_ftw()
        self._accumulator = (self._accumulator + ftw * (cycles - self._counted)) & _WORD
        self._counted = cycles

    def _find_source(self) -> None:
        """The register that the frequency comes from; 0 if it is not one, or stands still."""
        steady = self._from_profile and not self._stopped
        self._source = core.PROFILE0 + self._profile if steady else 0

    def _present_ftw(self) -> int:
        return 0 if self._stopped else self._core().ftw
