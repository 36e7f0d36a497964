"""Driver of Analog Devices AD9959 (four channels) and AD9958 (two): 500 MSPS, single tones.

All channels of a chip share its chip select; one I/O_UPDATE serves all channels of all chips. How
chips with buffers are driven, also past failures, is told in :mod:`dds_link.devices.spi_chips`.

IO_RESET is SYNC_I/O, the pin SDIO_3, which must be low otherwise. The profile pins P0 to P3 mean
nothing to a single tone. Nothing in the chip says who it is, or whether its PLL has locked.
"""

from __future__ import annotations

from collections.abc import Sequence

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices.ad9959_clock import pll_settings
from dds_link.devices.ad9959_registers import (
    ACR,
    ACR_BASE,
    ASF_MASK,
    CFR,
    CFR_AUTOCLEAR,
    CFR_BASE,
    CFR_POWER_DOWN,
    CFTW0,
    CPOW0,
    CSR,
    FR1,
    FR2,
    FR2_BASE,
    NAMES,
    WIDTHS,
    csr,
    fr1,
    frame,
    reading,
    select,
    tone_frame,
)
from dds_link.devices.base import AMPLITUDE, OFF, SYNC, Transaction, Write
from dds_link.devices.spi_chips import UPDATE, Held, SpiChips
from dds_link.transports.base import Delay, Operation, SpiTransport, Transfer
from dds_link.tuning import Tuning
from dds_link.words import SILENCE, Words

#: Seconds for the PLL to lock, which takes up to a millisecond (cjheath).
LOCK_TIME = 0.01


class AD9959(SpiChips):
    """One board of AD9959.

    :param device: clock and wiring.
    :param channels: four for each chip, one after the other, with the same chip select.
    :param transport: the bus.
    """

    abilities = frozenset((SYNC, AMPLITUDE, OFF))
    instruction_size = 3
    widths = WIDTHS
    names = NAMES
    power_down_waits = True
    clock_note = "whether its PLL has locked cannot be read: SYNC_CLK must be sysclk / 4"
    #: Name of the chip, and the enable bits of its outputs in CSR.
    name = "ad9959"
    enable_bits: tuple[int, ...] = (0x10, 0x20, 0x40, 0x80)

    def __init__(
        self, device: DeviceConfig, channels: tuple[ChannelConfig, ...], transport: SpiTransport
    ) -> None:
        tuning = Tuning(device.sysclk, ftw_bits=32, pow_bits=14, asf_bits=10)
        super().__init__(device, channels, transport, self.name, tuning)
        self._fr1 = fr1(pll_settings(device.refclk, device.sysclk))
        # For each channel: its chip, and what enables it.
        self._places = tuple(
            (chip, self.enable_bits[output])
            for chip, output in zip(self._chip_of, self._output, strict=True)
        )

    @property
    def sync_note(self) -> str:
        """See :attr:`Device.sync_note`."""
        return (
            "the channels of a chip clear their accumulators in the same cycle; of several chips, "
            "each takes the shared I/O_UPDATE edge up on its own SYNC_CLK (sysclk / 4), so they "
            "may differ by one period of it"
        )

    # Writing

    def _tones(self, transaction: Transaction) -> list[Operation]:
        operations: list[Operation] = []
        for write in transaction:
            chip, outputs = self._places[write.channel]
            operations.append(Transfer(chip, tone_frame(outputs, write.words)))
        return operations

    def _everything(self, transaction: Transaction) -> list[Operation]:
        # A sync may have left CFR changed.
        return self._control([write.channel for write in transaction]) + self._tones(transaction)

    def _clearing(self, channels: Sequence[int], on: bool) -> list[Operation]:
        return self._control(channels, CFR_AUTOCLEAR if on else CFR_BASE)

    def _control(self, channels: Sequence[int], cfr: int = CFR_BASE) -> list[Operation]:
        """CFR of all ``channels`` of a chip at once."""
        return [
            Transfer(chip, select(self._outputs(chip, channels)) + frame(CFR, cfr))
            for chip in self._chips_of(channels)
        ]

    def _outputs(self, chip: int, channels: Sequence[int]) -> int:
        """What enables those of ``channels`` that are on ``chip``."""
        return sum(bits for at, bits in (self._places[c] for c in channels) if at == chip)

    # Starting

    def _quiet(self, chip: int, channels: Sequence[int]) -> list[Operation]:
        outputs = self._outputs(chip, channels)
        quiet = select(outputs) + frame(CFR, CFR_BASE) + tone_frame(outputs, SILENCE)
        if self._is_whole(chip, channels):
            # Also the outputs that no channel is connected to.
            outputs = sum(self.enable_bits)
            quiet = select(outputs) + frame(CFR, CFR_BASE) + tone_frame(outputs, SILENCE)
            quiet += frame(FR2, FR2_BASE)
        return [Transfer(chip, quiet)]

    def _is_quiet(self, chip: int, channels: Sequence[int]) -> list[Held]:
        whole = self._is_whole(chip, channels)
        held = [Held(channels[0], FR2, FR2_BASE)] if whole else []
        for channel in channels:
            held += self._channel_holds(channel, SILENCE)
        return held

    def _clock(self, chips: Sequence[int]) -> list[Operation]:
        operations: list[Operation] = [Transfer(chip, frame(FR1, self._fr1)) for chip in chips]
        return [*operations, UPDATE, Delay(LOCK_TIME)]

    def _has_clock(self, chip: int) -> list[Held]:
        return [Held(self._channels_of[chip][0], FR1, self._fr1)]

    def _in_step_shows(self, chip: int) -> list[Held]:
        # CSR reads what was written just before; twice, because the first may be read by chance.
        channel = self._channels_of[chip][0]
        return [Held(channel, CSR, csr(self._places[channel][1]))] * 2

    def _adopted(self, write: Write) -> list[Operation]:
        chip, _ = self._places[write.channel]
        settings = frame(FR1, self._fr1) + frame(FR2, FR2_BASE)
        return [Transfer(chip, settings), *self._everything([write])]

    # Silence

    def _silent(self, write: Write) -> list[Operation]:
        chip, outputs = self._places[write.channel]
        control = select(outputs) + frame(CFR, CFR_BASE)
        return [Transfer(chip, control + tone_frame(outputs, write.words))]

    def _is_silent(self, write: Write) -> list[Held]:
        acr = ACR_BASE | write.words.asf
        return [Held(write.channel, CFR, CFR_BASE), Held(write.channel, ACR, acr)]

    def _power_down(self, chip: int) -> list[Operation]:
        return [Transfer(chip, select(sum(self.enable_bits)) + frame(CFR, CFR_POWER_DOWN))]

    # Reading

    def _holds(self, transaction: Transaction) -> list[Held]:
        held = []
        seen = set()
        for write in transaction:
            chip, _ = self._places[write.channel]
            if chip not in seen:
                held += self._settings(write.channel)
                seen.add(chip)
            held += self._channel_holds(write.channel, write.words)
        return held

    def _settings(self, channel: int) -> list[Held]:
        """What all channels of a chip share."""
        return [Held(channel, FR1, self._fr1), Held(channel, FR2, FR2_BASE)]

    def _channel_holds(self, channel: int, words: Words) -> list[Held]:
        return [
            Held(channel, CFR, CFR_BASE),
            Held(channel, CFTW0, words.ftw),
            Held(channel, CPOW0, words.pow),
            Held(channel, ACR, ACR_BASE | words.asf),
        ]

    def _find(self, channel: int) -> Write | None:
        if self._differences([*self._settings(channel), Held(channel, CFR, CFR_BASE)]):
            return None
        acr = self._read(channel, ACR)
        words = Words(self._read(channel, CFTW0), self._read(channel, CPOW0), acr & ASF_MASK)
        if words == SILENCE or acr & ~ASF_MASK != ACR_BASE or words.pow >> 14:
            return None
        closed = self._closed(channel)
        return None if closed is None else Write(channel, words, closed)

    def _reading(self, channel: int, register: int) -> list[Operation]:
        chip, outputs = self._places[channel]
        return [Transfer(chip, reading(outputs, register))]

    def _name(self, held: Held) -> str:
        name = super()._name(held)
        return name if held.register <= FR2 else f"{name} of channel {held.channel}"


class AD9958(AD9959):
    """One board of AD9958: as :class:`AD9959`, with two channels for each chip."""

    name = "ad9958"
    enable_bits = (0x40, 0x80)
