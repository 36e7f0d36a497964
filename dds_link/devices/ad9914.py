"""Driver of Analog Devices AD9914 (3.5 GSPS) and AD9915 (2.5 GSPS) on their serial port.

One channel a chip, single tone from profile 0. Pins of the chip that say how it is programmed must
be tied so that it takes serial data (F0 high, F3 to F1 low). How chips with buffers are driven,
also past failures, is told in :mod:`dds_link.devices.spi_chips`; ``io_reset`` is the pin SYNCIO.

The DAC is calibrated in each initialisation, because it must be after every power-up and every
change of the clock. A chip that is attached was calibrated by the program that set it up. Whether
a DAC is calibrated cannot be read: after its reference was away, a chip needs ``reset``.
"""

from __future__ import annotations

from collections.abc import Sequence

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices.ad9914_clock import CHIPS, pll_settings
from dds_link.devices.ad9914_registers import (
    CFR1,
    CFR1_AUTOCLEAR,
    CFR1_BASE,
    CFR1_POWER_DOWN,
    CFR1_VCO_CAL,
    CFR2,
    CFR2_BASE,
    CFR3,
    CFR4,
    CFR4_BASE,
    CFR4_DAC_CAL,
    FTW_0,
    LOCKED,
    NAMES,
    TONE_0,
    USR0,
    WIDTH,
    cfr3,
    frame,
    reading,
    tone,
    tone_frames,
    words_of,
)
from dds_link.devices.base import AMPLITUDE, OFF, SYNC, Transaction, Write
from dds_link.devices.spi_chips import UPDATE, Held, SpiChips
from dds_link.transports.base import Delay, Operation, SpiTransport, Transfer
from dds_link.transports.wiring import PROFILES
from dds_link.tuning import Tuning
from dds_link.words import SILENCE

#: Seconds for the calibration of the VCO and the lock. Nobody says how long; others wait less.
LOCK_TIME = 0.1
#: Seconds for the calibration of the DAC: 469632 cycles of the clock, at 500 MHz 0.94 ms.
DAC_CAL_TIME = 1.2e-3


class AD9914(SpiChips):
    """One board of AD9914 or AD9915, whichever the ``type`` says.

    :param device: type, clock and wiring.
    :param channels: one for each chip.
    :param transport: the bus.
    """

    abilities = frozenset((AMPLITUDE, OFF, SYNC))
    widths = dict.fromkeys(NAMES, WIDTH)
    names = NAMES
    # Whether these bits act at once, as some do in an AD9910, is unconfirmed.
    power_down_waits = True

    def __init__(
        self, device: DeviceConfig, channels: tuple[ChannelConfig, ...], transport: SpiTransport
    ) -> None:
        tuning = Tuning(device.sysclk, ftw_bits=32, pow_bits=16, asf_bits=12)
        super().__init__(device, channels, transport, device.type, tuning)
        self._kind = CHIPS[device.type]
        pll = pll_settings(self._kind, device.refclk, device.sysclk)
        self._pll_enabled = pll.enabled
        # The bit stays, as in public drivers: it only acts when it becomes 1.
        self._cfr1 = CFR1_BASE | (CFR1_VCO_CAL if pll.enabled else 0)
        self._settings = {
            CFR1: self._cfr1,
            CFR2: CFR2_BASE,
            CFR3: cfr3(pll),
            CFR4: CFR4_BASE,
        }

    @property
    def sync_note(self) -> str:
        """See :attr:`Device.sync_note`."""
        return (
            "the chips clear their accumulators on one shared I/O_UPDATE edge; each takes it up on "
            f"its own SYNC_CLK (sysclk / {self._kind.sync_divider}), so chips may differ by one "
            "period of it"
        )

    # Writing

    def _tones(self, transaction: Transaction) -> list[Operation]:
        return [
            Transfer(write.channel, data)
            for write in transaction
            for data in tone_frames(write.words)
        ]

    def _everything(self, transaction: Transaction) -> list[Operation]:
        # A sync may have left CFR1 changed.
        channels = [write.channel for write in transaction]
        return self._writing(channels, CFR1, self._cfr1) + self._tones(transaction)

    def _clearing(self, channels: Sequence[int], on: bool) -> list[Operation]:
        return self._writing(channels, CFR1, self._cfr1 | (CFR1_AUTOCLEAR if on else 0))

    def _writing(self, channels: Sequence[int], register: int, value: int) -> list[Operation]:
        data = frame(register, value)
        return [Transfer(channel, data) for channel in channels]

    # Starting

    def _quiet(self, chip: int, channels: Sequence[int]) -> list[Operation]:
        return [Transfer(chip, frame(*register)) for register in _QUIET.items()]

    def _is_quiet(self, chip: int, channels: Sequence[int]) -> list[Held]:
        return _held(chip, _QUIET)

    def _clock(self, chips: Sequence[int]) -> list[Operation]:
        operations = [*self._writing(chips, CFR3, self._settings[CFR3]), UPDATE]
        if self._pll_enabled:
            operations += [*self._writing(chips, CFR1, self._cfr1), UPDATE, Delay(LOCK_TIME)]
        operations += [*self._writing(chips, CFR4, CFR4_DAC_CAL), UPDATE, Delay(DAC_CAL_TIME)]
        return [*operations, *self._writing(chips, CFR4, CFR4_BASE), UPDATE]

    def _has_clock(self, chip: int) -> list[Held]:
        return _held(chip, self._settings) + self._lock(chip)

    def _lock(self, chip: int) -> list[Held]:
        return [Held(chip, USR0, LOCKED, mask=LOCKED)] if self._pll_enabled else []

    def _in_step_shows(self, chip: int) -> list[Held]:
        # Whoever was stopped while the DAC was calibrated left that bit.
        return [Held(chip, CFR4, CFR4_BASE, mask=~(CFR4_BASE ^ CFR4_DAC_CAL))]

    # Silence

    def _silent(self, write: Write) -> list[Operation]:
        control = {CFR1: self._cfr1, CFR2: CFR2_BASE}
        frames = [*(frame(*register) for register in control.items()), *tone_frames(write.words)]
        return [Transfer(write.channel, data) for data in frames]

    def _is_silent(self, write: Write) -> list[Held]:
        control = {CFR1: self._cfr1, CFR2: CFR2_BASE}
        return _held(write.channel, {**control, **_tone_of(write)})

    def _power_down(self, chip: int) -> list[Operation]:
        return self._writing([chip], CFR1, self._cfr1 | CFR1_POWER_DOWN)

    # Reading

    def _holds(self, transaction: Transaction) -> list[Held]:
        held = []
        for write in transaction:
            held += _held(write.channel, {**self._settings, **_tone_of(write)})
            held += self._lock(write.channel)
        return held

    def _find(self, channel: int) -> Write | None:
        if self._differences(_held(channel, self._settings) + self._lock(channel)):
            return None
        value = self._read(channel, TONE_0)
        words = words_of(self._read(channel, FTW_0), value)
        if words == SILENCE or value != tone(words) or not self._profile_0():
            return None
        closed = self._closed(channel)
        return None if closed is None else Write(channel, words, closed)

    def _profile_0(self) -> bool:
        """Whether the pins select profile 0; what they select cannot be read from the chip."""
        lines = self._spi.lines
        return all(self._spi.is_high(line) is False for line in PROFILES if line in lines)

    def _difference(self, held: Held, answer: int) -> str:
        if held.register == USR0:
            return f"chip {self._chip_of[held.channel]}: the PLL has not locked"
        return super()._difference(held, answer)

    def _reading(self, channel: int, register: int) -> list[Operation]:
        return [Transfer(channel, reading(register))]


# Without the bits that calibrate, so that they can become 1.
_QUIET = {CFR1: CFR1_BASE, CFR2: CFR2_BASE, CFR4: CFR4_BASE, FTW_0: 0, TONE_0: 0}


def _held(channel: int, registers: dict[int, int]) -> list[Held]:
    return [Held(channel, register, value) for register, value in registers.items()]


def _tone_of(write: Write) -> dict[int, int]:
    """Profile 0."""
    return {FTW_0: write.words.ftw, TONE_0: tone(write.words)}
