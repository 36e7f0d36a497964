"""One AD9912, register-true: bits and edges in, a tone out.

It knows nothing of a driver's intentions, so a wrong byte shows as a wrong tone, and a cut-off
transfer as garbage in whatever comes next. There is no amplitude scale: a chip puts out its full
level unless the fundamental or the chip is powered down. Spur cancellation is not simulated; while
it is on, :attr:`Tone.modelled` is False. Without a reference the serial port is dead.

Register map: ARTIQ's driver and GRA-AFCH's firmware, both after the data sheet. Assumed, because no
public source says: which registers need no update (the read-buffer bit, the update itself, the
full-scale current); that the DDS reset clears the accumulator at an update and then itself; that
the accumulator goes on while only the fundamental is off; how a chip that is powered down as a
whole is spoken to, see ``early_power``; what a soft reset leaves alone; the reset values of 0x106
and 0x200; the frequencies that the pins S1 to S3 choose; that the PLL locks within ``lock_time``.
"""

from __future__ import annotations

from dataclasses import dataclass

from dds_link.clock import Clock
from dds_link.twins.ad9912_clock import SystemClock
from dds_link.twins.ad9912_serial import SerialPort
from dds_link.words import Words

# Register addresses.
SERIAL, PART_ID_LOW, PART_ID_HIGH, READ_BUFFER, UPDATE = 0x000, 0x002, 0x003, 0x004, 0x005
POWER, RESET, DDS, N_DIVIDER, PLL = 0x010, 0x012, 0x013, 0x020, 0x022
FTW, POW, CURRENT, SPUR_A, SPUR_B = 0x1A6, 0x1AC, 0x40B, 0x500, 0x505

# SERIAL: these bits, and the same mirrored in the upper half.
SDO_ACTIVE, LSB_FIRST, SOFT_RESET, LONG_INSTRUCTION = 1 << 0, 1 << 1, 1 << 2, 1 << 3
# POWER.
HSTL_DOWN, CMOS_ENABLE, PLL_DOWN, ALL_DOWN, DIGITAL_DOWN = 1 << 7, 1 << 6, 1 << 4, 1 << 1, 1 << 0
#: DDS: the fundamental is powered down.
FUNDAMENTAL_DOWN = 1 << 7
SPUR_ENABLE = 1 << 7

#: Bits that exist, of every register that can be written.
BITS = {
    SERIAL: 0x0F, READ_BUFFER: 0x01, UPDATE: 0x01, POWER: 0xF3, RESET: 0x01, DDS: 0x8A,
    N_DIVIDER: 0x1F, PLL: 0x8F, 0x104: 0xFF, 0x105: 0xFF, 0x106: 0x81,
    **dict.fromkeys(range(FTW, FTW + 7), 0xFF), 0x1AD: 0x3F, 0x200: 0x17, 0x201: 0x01,
    CURRENT: 0xFF, 0x40C: 0x03, SPUR_A: 0xCF, 0x501: 0xFF, 0x503: 0xFF, 0x504: 0x01,
    SPUR_B: 0xCF, 0x506: 0xFF, 0x508: 0xFF, 0x509: 0x01,
}  # fmt: skip
_RESET_VALUES = {
    SERIAL: 0x18, PART_ID_HIGH: 0x19, POWER: 0xC0, N_DIVIDER: 0x12, PLL: 0x04, 0x106: 0x01,
    0x200: 0x05, CURRENT: 0xFF, 0x40C: 0x01,
}  # fmt: skip
_LAST = 0x509
_FTW_BITS = 48
_TURN = 1 << _FTW_BITS
#: What S1 to S3 choose, Hz at a clock of 1 GHz.
_START_UP = (0.0, 38.87939e6, 51.83411e6, 61.43188e6, 77.75879e6, 92.14783e6, 122.87903e6,
             155.51758e6)  # fmt: skip
# The frame that sets a tone: POW, then FTW, streamed.
_TONE_FRAME, _TONE_BITS = b"\x61\xad", 80
_TONE_ADDRESSES = range(0x1AD, FTW - 1, -1)
#: Current of the DAC, A: 1.2 V at its 10 kOhm.
_REFERENCE_CURRENT = 1.2 / 10e3


@dataclass(frozen=True)
class Tone:
    """What goes out of one chip."""

    frequency: float
    """Hz; above half of :attr:`sysclk` it is the image that one sees."""
    amplitude: float
    """Fraction of what the full-scale current gives: 0 or 1."""
    phase: float
    """Phase offset, turns, 0 up to but not including 1."""
    locked: bool
    """Whether the core runs on the clock that the registers ask for."""
    sysclk: float
    """Clock of the core, Hz."""
    current: float
    """Full-scale current of the DAC, A."""
    modelled: bool
    """False if something takes part that the twin does not simulate."""
    words: Words
    """The words that the core works with; ASF is 1 while it puts out something."""

    @property
    def emits(self) -> bool:
        """Whether there is any RF. (0 Hz is a constant level, which no coupling passes on.)"""
        return self.amplitude > 0 and self.frequency > 0


class AD9912:
    """One chip, just powered up.

    :param refclk: reference clock at the pin, Hz; 0: there is none.
    :param clock: its :meth:`~dds_link.clock.Clock.now` is the chip's time.
    :param lock_time: what the PLL takes to lock, s.
    :param straps: levels of the pins S4...S1 as bits 3...0: what it does when it wakes up. S4 low
        starts the PLL, the others choose a frequency; 0 is 0 Hz.
    :param part_id: 0x1982 or 0x1902.
    :param early_power: True: register 0x010 acts as it is written, and while all of the chip is
        powered down no update does anything, because it has no clock. False: 0x010 waits for its
        update, which acts then, too. Public sources do not tell, so a driver must do with both.
    """

    def __init__(
        self,
        refclk: float,
        clock: Clock,
        lock_time: float = 1e-3,
        straps: int = 0,
        part_id: int = 0x1982,
        early_power: bool = False,
    ) -> None:
        self._time = clock
        self._refclk = refclk
        self._sysclk = SystemClock(refclk, lock_time)
        self._straps = straps
        self._part_id = part_id
        self._at_once = {READ_BUFFER, UPDATE, CURRENT, CURRENT + 1}
        self._early_power = early_power
        if early_power:
            self._at_once.add(POWER)
        self._reset = False
        self._port = SerialPort(self)
        self._active = bytearray(_LAST + 1)
        #: How many updates found something to do in this chip.
        self.updates = 0
        #: Time of the last one, s.
        self.last_update: float | None = None
        self._active[SERIAL] = _RESET_VALUES[SERIAL]
        self._load_reset_values()

    # -- the serial port ----------------------------------------------------------------------

    def transfer(self, data: bytes, bits: int) -> bytes:
        """Clock in the first ``bits`` bits of ``data`` with chip select low.

        :returns: what the host reads meanwhile, as many bytes as ``data`` has.
        """
        size = len(data)
        if not 0 <= bits <= 8 * size:
            raise ValueError(f"{bits} bits of {size} bytes")
        if self._reset or not self._refclk:
            return bytes(size)
        # The common case, a whole tone to a port in step, in one go; the bit machine would do the
        # same.
        if bits == 8 * size == _TONE_BITS and data[:2] == _TONE_FRAME and self._quick():
            self._buffers.update(zip(_TONE_ADDRESSES, data[2:], strict=True))
            self._buffers[0x1AD] &= 0x3F
            self.wants_update = True
            return bytes(size)
        return self._port.transfer(data, bits)

    def _quick(self) -> bool:
        return self._port.in_step and not self.lsb_first

    def read(self, address: int) -> int:
        """The serial port reads a byte."""
        if self._active[READ_BUFFER] and address in self._buffers:
            return self._buffers[address]
        return self._active[address] if address <= _LAST else 0

    def write(self, address: int, value: int) -> None:
        """The serial port has taken in a byte."""
        bits = BITS.get(address, 0)
        if not bits:
            return
        value &= bits
        if address == SERIAL:
            value |= int(f"{value:04b}"[::-1], 2) << 4
        if address == UPDATE:
            if value:
                self.update(self._time.now())
        elif address in self._at_once:
            self._active[address] = value
            if address == POWER:
                self._apply(self._time.now())
        else:
            self._buffers[address] = value
            self.wants_update = True

    # -- the pins -----------------------------------------------------------------------------

    def update(self, now: float) -> None:
        """A rising edge on I/O_UPDATE; it matters only to a chip that :attr:`wants_update`.

        :param now: its time, s.
        """
        if self._early_power and self._active[POWER] & ALL_DOWN:
            return
        self._settle(now)
        buffers, active = self._buffers, self._active
        was_reset = active[SERIAL] & SOFT_RESET
        settings = min(buffers, default=_LAST) < FTW
        for address, value in buffers.items():
            active[address] = value
        buffers.clear()
        self.wants_update = False
        self.updates += 1
        self.last_update = now
        if active[SERIAL] & SOFT_RESET and not was_reset:
            self._load_reset_values()
        elif settings:
            if active[RESET]:
                self._accumulator = active[RESET] = 0
            self._apply(now)

    def select_profile(self, profile: int, now: float) -> None:
        """Nothing: there are no PROFILE pins."""

    def set_io_reset(self, high: bool) -> None:
        """Nothing: there is no such pin."""

    def set_master_reset(self, high: bool) -> None:
        """The level of RESET. While it is high, the chip keeps its reset values."""
        self._reset = high
        if high:
            self._active[SERIAL] = _RESET_VALUES[SERIAL]
            self._port.reset()
            self._load_reset_values()

    # -- what comes out -----------------------------------------------------------------------

    def tone(self) -> Tone:
        """What the chip puts out now."""
        now = self._time.now()
        sysclk, ftw, pow_ = self._sysclk.rate(now), self._ftw(), self._word(POW, 2)
        return Tone(
            frequency=ftw * sysclk / _TURN,
            amplitude=float(self._lit),
            phase=pow_ / 0x4000,
            locked=self._sysclk.locked(now),
            sysclk=sysclk,
            current=_REFERENCE_CURRENT * (72 + 192 * self._word(CURRENT, 2) / 1024),
            modelled=not (self._active[SPUR_A] | self._active[SPUR_B]) & SPUR_ENABLE,
            words=Words(ftw, pow_, int(self._lit)),
        )

    @property
    def hstl(self) -> bool:
        """Whether the HSTL clock output is powered."""
        return not self._active[POWER] & (HSTL_DOWN | ALL_DOWN)

    @property
    def cmos(self) -> bool:
        """Whether the CMOS clock output is on."""
        return self._active[POWER] & (CMOS_ENABLE | ALL_DOWN) == CMOS_ENABLE

    def accumulator(self) -> int:
        """The phase accumulator now: turns times 2^48, without the phase offset."""
        self._settle(self._time.now())
        return self._accumulator

    def register(self, address: int) -> int:
        """The active byte at ``address``."""
        return self._active[address]

    # -- inside -------------------------------------------------------------------------------

    def _load_reset_values(self) -> None:
        """All but SERIAL, which a soft reset leaves alone."""
        now = self._time.now()
        kept = self._active[SERIAL]
        self._active[:] = bytes(_LAST + 1)
        for address, value in _RESET_VALUES.items():
            self._active[address] = value
        self._active[SERIAL] = kept
        self._active[PART_ID_LOW] = self._part_id & 0xFF
        if self._straps & 8:
            self._active[POWER] |= PLL_DOWN
        ftw = round(_START_UP[self._straps & 7] * _TURN / 1e9)
        self._active[FTW : FTW + 6] = ftw.to_bytes(6, "little")
        self._buffers: dict[int, int] = {}
        self.wants_update = False
        self._clock_setting: tuple[bool, bool, int, int] | None = None
        self._apply(now)
        self._accumulator = 0
        self._counted = self._sysclk.cycles(now)

    def _apply(self, now: float) -> None:
        """Work out what follows from the active settings."""
        active = self._active
        power = active[POWER]
        setting = (not power & ALL_DOWN, not power & PLL_DOWN, active[N_DIVIDER], active[PLL])
        if setting != self._clock_setting:
            self._clock_setting = setting
            self._sysclk.set_up(*setting, now)
        self.lsb_first = bool(active[SERIAL] & LSB_FIRST)
        self.sdo = bool(active[SERIAL] & SDO_ACTIVE)
        self._stopped = bool(power & (ALL_DOWN | DIGITAL_DOWN))
        self._lit = not (self._stopped or active[DDS] & FUNDAMENTAL_DOWN)

    def _settle(self, now: float) -> None:
        """Bring the accumulator up to date, before the frequency changes."""
        cycles = self._sysclk.cycles(now)
        if not self._stopped:
            self._accumulator = (self._accumulator + self._ftw() * (cycles - self._counted)) % _TURN
        self._counted = cycles

    def _ftw(self) -> int:
        return self._word(FTW, 6)

    def _word(self, address: int, size: int) -> int:
        return int.from_bytes(self._active[address : address + size], "little")
