"""Driver of Analog Devices AD9910: 1 GSPS, one channel a chip, single tone from profile 0.

Every chip has its own chip select, so that the number of a chip is the index of its channel. How
chips with buffers are driven, also past failures, is told in :mod:`dds_link.devices.spi_chips`.
"""

from __future__ import annotations

from collections.abc import Sequence

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices.ad9910_clock import pll_settings
from dds_link.devices.ad9910_registers import (
    ASF,
    AUX_DAC,
    AUX_DAC_BASE,
    CFR1,
    CFR1_AUTOCLEAR,
    CFR1_BASE,
    CFR1_POWER_DOWN,
    CFR2,
    CFR2_BASE,
    CFR3,
    CFR3_PFD_RESET,
    FTW,
    MULTICHIP_SYNC,
    NAMES,
    POW,
    PROFILE_0,
    WIDTHS,
    cfr3,
    frame,
    profile,
    reading,
    tone_frame,
    words_of,
)
from dds_link.devices.base import AMPLITUDE, OFF, SYNC, Transaction, Write
from dds_link.devices.spi_chips import UPDATE, Held, SpiChips
from dds_link.transports.base import Delay, Operation, SpiTransport, Transfer
from dds_link.tuning import Tuning
from dds_link.words import SILENCE

#: Seconds for the PLL to lock. Its lock pin is not readable over SPI; ARTIQ waits as long if blind.
LOCK_TIME = 0.1


class AD9910(SpiChips):
    """One board of AD9910.

    :param device: clock and wiring.
    :param channels: one for each chip.
    :param transport: the bus.
    """

    abilities = frozenset((SYNC, AMPLITUDE, OFF))
    widths = WIDTHS
    names = NAMES

    def __init__(
        self, device: DeviceConfig, channels: tuple[ChannelConfig, ...], transport: SpiTransport
    ) -> None:
        tuning = Tuning(device.sysclk, ftw_bits=32, pow_bits=16, asf_bits=14)
        super().__init__(device, channels, transport, "ad9910", tuning)
        pll = pll_settings(device.refclk, device.sysclk)
        self._pll_enabled = pll.enabled
        self._settings = {
            CFR1: CFR1_BASE,
            CFR2: CFR2_BASE,
            CFR3: cfr3(pll),
            AUX_DAC: AUX_DAC_BASE,
        }

    @property
    def sync_note(self) -> str:
        """See :attr:`Device.sync_note`."""
        return (
            "the chips clear their accumulators on one shared I/O_UPDATE edge; each takes it up on "
            "its own SYNC_CLK (sysclk / 4), so chips may differ by one period of it"
        )

    # Writing

    def _tones(self, transaction: Transaction) -> list[Operation]:
        return [Transfer(write.channel, tone_frame(write.words)) for write in transaction]

    def _everything(self, transaction: Transaction) -> list[Operation]:
        # A sync may have left CFR1 changed.
        return self._control([write.channel for write in transaction]) + self._tones(transaction)

    def _clearing(self, channels: Sequence[int], on: bool) -> list[Operation]:
        return self._control(channels, CFR1_AUTOCLEAR if on else CFR1_BASE)

    def _control(self, channels: Sequence[int], cfr1: int = CFR1_BASE) -> list[Operation]:
        return [Transfer(channel, frame(CFR1, cfr1)) for channel in channels]

    # Starting

    def _quiet(self, chip: int, channels: Sequence[int]) -> list[Operation]:
        quiet = ((CFR1, CFR1_BASE), (CFR2, CFR2_BASE), (AUX_DAC, AUX_DAC_BASE), (FTW, 0), (POW, 0),
                 (ASF, 0), (MULTICHIP_SYNC, 0), (PROFILE_0, 0))  # fmt: skip
        return [Transfer(chip, frame(*register)) for register in quiet]

    def _is_quiet(self, chip: int, channels: Sequence[int]) -> list[Held]:
        zero = {AUX_DAC: AUX_DAC_BASE, CFR2: CFR2_BASE, PROFILE_0: 0, FTW: 0}
        return _held(chip, zero)

    clock_note = "whether its PLL has locked cannot be read over SPI: look at its pin PLL_LOCK"

    def _clock(self, chips: Sequence[int]) -> list[Operation]:
        final = self._settings[CFR3]
        steps = [final | CFR3_PFD_RESET, final] if self._pll_enabled else [final]
        operations: list[Operation] = []
        for value in steps:
            operations += [Transfer(chip, frame(CFR3, value)) for chip in chips]
            operations.append(UPDATE)
        if self._pll_enabled:
            operations.append(Delay(LOCK_TIME))
        return operations

    def _has_clock(self, chip: int) -> list[Held]:
        return _held(chip, {CFR1: CFR1_BASE, CFR3: self._settings[CFR3]})

    def _in_step_shows(self, chip: int) -> list[Held]:
        return _held(chip, {AUX_DAC: AUX_DAC_BASE})

    # Silence

    def _silent(self, write: Write) -> list[Operation]:
        return [
            Transfer(write.channel, frame(CFR1, CFR1_BASE)),
            Transfer(write.channel, frame(CFR2, CFR2_BASE)),
            Transfer(write.channel, tone_frame(write.words)),
        ]

    def _is_silent(self, write: Write) -> list[Held]:
        return _held(write.channel, {CFR1: CFR1_BASE, CFR2: CFR2_BASE, **_tone_of(write)})

    def _power_down(self, chip: int) -> list[Operation]:
        return self._control([chip], CFR1_POWER_DOWN)

    # Reading

    def _holds(self, transaction: Transaction) -> list[Held]:
        held = []
        for write in transaction:
            held += _held(write.channel, {**self._settings, **_tone_of(write)})
        return held

    def _find(self, channel: int) -> Write | None:
        if self._differences(_held(channel, self._settings)):
            return None
        value = self._read(channel, PROFILE_0)
        words = words_of(value)
        # Another profile may be selected.
        if words == SILENCE or value != profile(words) or self._read(channel, FTW) != words.ftw:
            return None
        closed = self._closed(channel)
        return None if closed is None else Write(channel, words, closed)

    def _reading(self, channel: int, register: int) -> list[Operation]:
        return [Transfer(channel, reading(register))]


def _held(channel: int, registers: dict[int, int]) -> list[Held]:
    return [Held(channel, register, value) for register, value in registers.items()]


def _tone_of(write: Write) -> dict[int, int]:
    """Profile 0, and the frequency that the core uses."""
    return {PROFILE_0: profile(write.words), FTW: write.words.ftw}
