"""One AD9914 or AD9915, register-true: bits and edges in, a tone out.

It knows nothing of a driver's intentions, so a wrong byte shows as a wrong tone, and a cut-off
transfer as garbage in whatever comes next. Where the chip does something that is not simulated (the
digital ramp, the parallel port, programmable modulus, OSK by its pin) or that nobody says (no
profile mode, a DAC that was not calibrated for its clock), :attr:`Tone.modelled` is False.

The facts are those of public drivers and of the bit descriptions in them. Assumed, because no
public source says: reset values but those of the CFRs; a PROFILE pin that changes acts as an
I/O_UPDATE; every bit waits for the update, also those that power down; a register comes into its
buffer with its last bit; the lock bit reads 0 without lock detection.
"""

from __future__ import annotations

from dataclasses import dataclass

from dds_link.clock import Clock
from dds_link.twins import ad9914_core as core
from dds_link.twins.ad9914_clock import LOCK_DETECT, DacCalibration, SystemClock
from dds_link.twins.spi_serial import SerialPort
from dds_link.words import Words

_WORD = 0xFFFFFFFF
_RESET_VALUES = {
    core.CFR1: 0x00010008,
    core.CFR2: 0x00000900,
    core.CFR3: 0x0000191C,
    core.CFR4: 0x00052120,
    core.USR0: 0x00000800,
}
#: In USR0: PLL lock, and all that cannot be written.
_LOCKED, _READ_ONLY = 1 << 24, 0xFF << 24


@dataclass(frozen=True)
class Tone:
    """What goes out of one chip."""

    frequency: float
    """Hz; above half of :attr:`sysclk` it is the image that one sees."""
    amplitude: float
    """Fraction of full scale, 0...1, on the scale of the tuning words (ASF / 4095)."""
    phase: float
    """Phase offset, turns, 0 up to but not including 1."""
    locked: bool
    """Whether the core runs on the clock that the registers ask for."""
    calibrated: bool
    """Whether the DAC is calibrated for that clock."""
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


class AD9914:
    """One chip, just powered up.

    :param refclk: reference clock at the pin, Hz.
    :param clock: its :meth:`~dds_link.clock.Clock.now` is the chip's time.
    :param max_sysclk: 3.5e9 Hz for an AD9914, 2.5e9 Hz for an AD9915.
    :param lock_time: what calibrating the VCO and locking take, s.
    """

    def __init__(
        self, refclk: float, clock: Clock, max_sysclk: float = 3.5e9, lock_time: float = 1e-3
    ) -> None:
        self._time = clock
        self._sysclk = SystemClock(refclk, max_sysclk, lock_time)
        self._dac = DacCalibration(self._sysclk)
        self._profile = 0
        self._io_reset = False
        self._master_reset = False
        self._port = SerialPort(self, [32] * 64)
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
        if self._io_reset or self._master_reset:
            return bytes(len(data))
        return self._port.transfer(data, bits)

    def read(self, address: int) -> int:
        """The serial port reads an active register."""
        return self.register(address) if address < core.REGISTERS else 0

    def write(self, address: int, value: int) -> None:
        """The serial port has taken in a whole register."""
        if address < core.REGISTERS:
            self._buffers[address] = value & ~_READ_ONLY if address == core.USR0 else value
            self.wants_update = True

    # -- the pins -----------------------------------------------------------------------------

    def update(self, now: float) -> None:
        """A rising edge on I/O_UPDATE; it matters only to a chip that :attr:`wants_update`.

        :param now: its time, s.
        """
        self._settle(now)
        control = min(self._buffers, default=core.REGISTERS) <= core.CFR4
        for address, value in self._buffers.items():
            self._active[address] = value
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
        if self.wants_update:
            self.update(now)

    def set_io_reset(self, high: bool) -> None:
        """The level of SYNCIO. While it is high, the serial port does not listen."""
        self._io_reset = high
        self._port.reset()

    def set_master_reset(self, high: bool) -> None:
        """The level of MASTER_RESET. While it is high, the chip keeps its reset values."""
        self._master_reset = high
        if high:
            self._load_reset_values()

    # -- what comes out -----------------------------------------------------------------------

    def tone(self) -> Tone:
        """What the chip puts out now."""
        now = self._time.now()
        words, cfr1, sysclk = self._core(), self._active[core.CFR1], self._sysclk.rate(now)
        off = cfr1 & (core.DIGITAL_OFF | core.DAC_OFF | core.REFCLK_OFF)
        calibrated = self._dac.valid(now)
        return Tone(
            frequency=words.ftw * sysclk / (_WORD + 1),
            amplitude=0.0 if off else words.asf / core.FULL_SCALE,
            phase=words.pow / 0x10000,
            locked=self._sysclk.locked(now),
            calibrated=calibrated,
            sysclk=sysclk,
            sine=bool(cfr1 & core.SINE),
            modelled=words.modelled and calibrated,
            words=Words(words.ftw, words.pow, words.asf),
        )

    def accumulator(self) -> int:
        """The phase accumulator now: turns times 2^32, without the phase offset."""
        self._settle(self._time.now())
        return self._accumulator

    def register(self, address: int) -> int:
        """The active register at ``address``."""
        value = self._active[address]
        if address == core.USR0 and self._active[core.CFR3] & LOCK_DETECT:
            value |= _LOCKED if self._sysclk.pll_locked(self._time.now()) else 0
        return value

    # -- inside -------------------------------------------------------------------------------

    def _load_reset_values(self) -> None:
        now = self._time.now()
        self._active = [_RESET_VALUES.get(address, 0) for address in range(core.REGISTERS)]
        self._buffers: dict[int, int] = {}
        self._clock_setting = (-1, False)
        self._vco_cal = False
        self._dac.reset()
        self._apply_control(now)
        self._accumulator = 0
        self._counted = self._sysclk.cycles(now)
        self.wants_update = False
        self._port.reset()

    def _core(self) -> core.Core:
        return core.core(self._active, self._profile)

    def _apply_control(self, now: float) -> None:
        """Work out what follows from the active CFR1 to CFR4."""
        cfr1, _, cfr3, cfr4 = self._active[: core.CFR4 + 1]
        clock_setting = (cfr3 & ~LOCK_DETECT, not cfr1 & core.REFCLK_OFF)
        if clock_setting != self._clock_setting:
            self._clock_setting = clock_setting
            self._sysclk.set_up(*clock_setting, now)
        vco_cal = bool(cfr1 & core.VCO_CAL)
        if vco_cal and not self._vco_cal:
            self._sysclk.calibrate(now)
        self._vco_cal = vco_cal
        self._dac.set(cfr4 & (core.DAC_CAL | core.DAC_CAL_CLOCK_OFF) == core.DAC_CAL, now)
        self.lsb_first = bool(cfr1 & core.LSB_FIRST)
        self.sdo = bool(cfr1 & core.SDIO_INPUT_ONLY)
        self._clears = bool(cfr1 & (core.AUTOCLEAR | core.CLEAR))
        self._stopped = bool(cfr1 & (core.DIGITAL_OFF | core.CLEAR))

    def _settle(self, now: float) -> None:
        """Bring the accumulator up to date, before the frequency changes."""
        cycles = self._sysclk.cycles(now)
        if not self._stopped:
            ftw = self._core().ftw
            self._accumulator = (self._accumulator + ftw * (cycles - self._counted)) & _WORD
        self._counted = cycles
