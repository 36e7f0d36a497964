"""One AD9959 or AD9958, register-true: bits and edges in, a tone out of each output.

It knows nothing of a driver's intentions, so a wrong byte shows as a wrong tone, and a cut-off
transfer as garbage in whatever comes next. Where the chip does something that is not simulated
(linear sweeps, modulation by the profile pins, ramps of the amplitude, synchronisation of several
chips), :attr:`Tone.modelled` is False.

The facts are the data sheet's (Rev. B) by way of public drivers (cjheath, dds-sweeper, mgrau and
others). Two of those agree on the reset values of CSR and CFR. Assumed, because no public source
says: a read gives the active register, not the buffer; with several outputs enabled, or none, it
gives all ones; the power-down bits wait for an I/O_UPDATE; of an AD9958 CSR has only the upper two
enable bits.
"""

from __future__ import annotations

from dataclasses import dataclass

from dds_link.clock import Clock
from dds_link.twins.ad9959_clock import CHARGE_PUMP, MULTIPLIER, VCO_GAIN, SystemClock
from dds_link.twins.ad9959_serial import WIDTHS, SerialPort
from dds_link.words import Words

CSR, FR1, FR2, CFR, CFTW0, CPOW0, ACR = range(7)
CW15 = 0x18

# FR1, besides the fields of the clock.
REFCLK_OFF, DAC_REFERENCE_OFF = 1 << 7, 1 << 4
MANUAL_SYNC = 3
# FR2: for all outputs.
ALL_AUTOCLEAR, ALL_CLEAR = 1 << 13, 1 << 12
AUTO_SYNC = 1 << 7
# CFR.
MODULATION, SWEEP_ENABLE = 3 << 22, 1 << 14
DAC_SCALE = 3 << 8
DIGITAL_OFF, DAC_OFF = 1 << 7, 1 << 6
AUTOCLEAR, CLEAR, SINE = 1 << 2, 1 << 1, 1 << 0
# ACR.
MULTIPLIER_ENABLE, RAMP_ENABLE = 1 << 12, 1 << 11

FULL_SCALE = 0x3FF
_WORD = 0xFFFFFFFF
_ONE, _TWO, _FOUR_LANES = 1, 2, 4
_RESET_CSR = 0xF0
_RESET_VALUES = {CFR: 0x000302}
#: DAC current by CFR[9:8], fraction of full scale.
DAC_CURRENTS = (1 / 8, 1 / 2, 1 / 4, 1.0)


@dataclass(frozen=True)
class Tone:
    """What goes out of one output."""

    frequency: float
    """Hz; above half of :attr:`sysclk` it is the image that one sees."""
    amplitude: float
    """Fraction of full scale, 0...1, on the scale of the tuning words (ASF / 1023), times the
    fraction of the DAC current."""
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


class AD9959:
    """One chip, just powered up.

    :param refclk: reference clock at the pin, Hz.
    :param clock: its :meth:`~dds_link.clock.Clock.now` is the chip's time.
    :param outputs: 4; 2 for an AD9958.
    :param lock_time: what the PLL takes to lock, s.
    """

    def __init__(
        self, refclk: float, clock: Clock, outputs: int = 4, lock_time: float = 1e-3
    ) -> None:
        self._time = clock
        self._sysclk = SystemClock(refclk, lock_time)
        self._outputs = range(outputs)
        self._io_reset = False
        self._master_reset = False
        self._port = SerialPort(self)
        #: How many updates found something to do in this chip.
        self.updates = 0
        #: Time of the last one, s.
        self.last_update: float | None = None
        self._load_reset_values()

    # -- the serial port ----------------------------------------------------------------------

    def transfer(self, data: bytes, bits: int) -> bytes:
        """Clock in the first ``bits`` bits of ``data`` with chip select low.

        :returns: what the host reads on SDIO_2 meanwhile, as many bytes as ``data`` has.
        """
        if self._master_reset or self._io_reset and self.lanes != _FOUR_LANES:
            return bytes(len(data))
        return self._port.transfer(data, bits)

    def read(self, address: int) -> int:
        """The serial port reads an active register."""
        if address < CFR:
            return self._global[address]
        if address > CW15:
            return 0
        if len(self._enabled) != 1:
            return (1 << WIDTHS[address]) - 1
        return self._active[self._enabled[0]][address]

    def write(self, address: int, value: int) -> None:
        """The serial port has taken in a whole register."""
        if address == CSR:
            self._global[CSR] = value
            self._apply_csr()
        elif address < CFR:
            self._buffers[None, address] = value
            self.wants_update = True
        elif address <= CW15:
            for output in self._enabled:
                self._buffers[output, address] = value & 0x3FFF if address == CPOW0 else value
                self.wants_update = True

    # -- the pins -----------------------------------------------------------------------------

    def update(self, now: float) -> None:
        """A rising edge on I/O_UPDATE; it matters only to a chip that :attr:`wants_update`.

        :param now: its time, s.
        """
        self._settle(now)
        control = False
        for (output, address), value in self._buffers.items():
            registers = self._global if output is None else self._active[output]
            registers[address] = value
            control = control or address <= CFR
        self._buffers.clear()
        if control:
            self._apply_control(now)
        for output in self._cleared:
            self._accumulators[output] = 0
        # Autoclear has something to do at every update.
        self.wants_update = bool(self._cleared)
        self.updates += 1
        self.last_update = now

    def select_profile(self, profile: int, now: float) -> None:
        """A new number on the profile pins; they act on modulation and sweeps only."""

    def set_io_reset(self, high: bool) -> None:
        """The level of SYNC_I/O, the pin SDIO_3. While it is high, the serial port does not listen.
        In 4-bit mode it is a data pin."""
        self._io_reset = high
        if self.lanes != _FOUR_LANES:
            self._port.reset()

    def set_master_reset(self, high: bool) -> None:
        """The level of MASTER_RESET. While it is high, the chip keeps its reset values."""
        self._master_reset = high
        if high:
            self._load_reset_values()

    # -- what comes out -----------------------------------------------------------------------

    def tone(self, output: int = 0) -> Tone:
        """What an output puts out now."""
        now = self._time.now()
        sysclk = self._sysclk.rate(now)
        fr1, registers = self._global[FR1], self._active[output]
        cfr, ftw, pow_, acr = registers[CFR : ACR + 1]
        asf = acr & FULL_SCALE if acr & MULTIPLIER_ENABLE else FULL_SCALE
        off = fr1 & (REFCLK_OFF | DAC_REFERENCE_OFF) or cfr & (DIGITAL_OFF | DAC_OFF)
        others = cfr & (MODULATION | SWEEP_ENABLE) or acr & RAMP_ENABLE
        others = others or fr1 & MANUAL_SYNC or self._global[FR2] & AUTO_SYNC
        return Tone(
            frequency=ftw * sysclk / (_WORD + 1),
            amplitude=0.0 if off else asf / FULL_SCALE * DAC_CURRENTS[(cfr & DAC_SCALE) >> 8],
            phase=pow_ / 0x4000,
            locked=self._sysclk.locked(now),
            sysclk=sysclk,
            sine=bool(cfr & SINE),
            modelled=not others,
            words=Words(ftw, pow_, asf),
        )

    def accumulator(self, output: int = 0) -> int:
        """A phase accumulator now: turns times 2^32, without the phase offset."""
        self._settle(self._time.now())
        return self._accumulators[output]

    def register(self, address: int, output: int = 0) -> int:
        """The active register at ``address``; ``output`` counts from CFR on."""
        return self._global[address] if address < CFR else self._active[output][address]

    # -- inside -------------------------------------------------------------------------------

    def _load_reset_values(self) -> None:
        now = self._time.now()
        self._global = [_RESET_CSR, 0, 0]
        self._active = [
            [_RESET_VALUES.get(address, 0) for address in range(CW15 + 1)] for _ in self._outputs
        ]
        # By output (None: the chip) and address.
        self._buffers: dict[tuple[int | None, int], int] = {}
        self._clock_setting = (-1, False)
        self._stopped: set[int] = set(self._outputs)
        self._accumulators = [0 for _ in self._outputs]
        self._counted = self._sysclk.cycles(now)
        self._apply_csr()
        self._apply_control(now)
        self.wants_update = False
        self._port.reset()

    def _apply_csr(self) -> None:
        csr = self._global[CSR]
        # The enable bits end with bit 7.
        first = 8 - len(self._outputs)
        self._enabled = [output for output in self._outputs if csr >> first + output & 1]
        mode = csr >> 1 & 3
        self.lanes = (_ONE, _ONE, _TWO, _FOUR_LANES)[mode]
        self.sdo = mode == 1
        self.lsb_first = bool(csr & 1)

    def _apply_control(self, now: float) -> None:
        """Work out what follows from the active FR1, FR2 and CFR."""
        _, fr1, fr2 = self._global
        clock_setting = (fr1 & (VCO_GAIN | MULTIPLIER | CHARGE_PUMP), not fr1 & REFCLK_OFF)
        if clock_setting != self._clock_setting:
            self._clock_setting = clock_setting
            self._sysclk.set_up(*clock_setting, now)
        cfrs = [registers[CFR] for registers in self._active]
        held = {n for n, cfr in enumerate(cfrs) if fr2 & ALL_CLEAR or cfr & CLEAR}
        off = {n for n, cfr in enumerate(cfrs) if cfr & DIGITAL_OFF}
        auto = {n for n, cfr in enumerate(cfrs) if fr2 & ALL_AUTOCLEAR or cfr & AUTOCLEAR}
        self._stopped = held | off
        self._cleared = auto
        for output in held:
            self._accumulators[output] = 0

    def _settle(self, now: float) -> None:
        """Bring the accumulators up to date, before a frequency changes."""
        cycles = self._sysclk.cycles(now)
        passed, self._counted = cycles - self._counted, cycles
        for output in self._outputs:
            if output not in self._stopped:
                step = self._active[output][CFTW0] * passed
                self._accumulators[output] = (self._accumulators[output] + step) & _WORD
