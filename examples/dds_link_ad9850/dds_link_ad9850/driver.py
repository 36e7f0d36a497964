"""Driver of Analog Devices AD9850: 125 MSPS, 32-bit frequency, one channel a chip, write-only.

FQ_UD is the line ``io_update``, RESET is ``master_reset``, W_CLK and D7 are SCLK and MOSI.

After RESET the chip takes bytes from its pins D7...D0. Tied as the data sheet says (D0 and D1 high,
D2 low), the next W_CLK and FQ_UD make it serial. A bus has eight edges or more; then every word of
the frame comes from the tied pins, so that until the next frame the chip may put out 3/255 of its
clock. (Unconfirmed, and taken as the worst case.) Hence each start is two quiet frames: the first
makes the chip serial, the second silent. An RF switch hides what is between.

Whole frames may follow each other before FQ_UD: the last one counts. What the chip makes of the
rest of one that was cut off, no public source says; so only RESET helps then, which the base class
knows because neither io_reset nor readback is there. All that is general about chips with buffers,
also what comes after failures, is in :mod:`dds_link.devices.spi_chips`.
"""

from __future__ import annotations

from collections.abc import Sequence

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices.base import OFF, Transaction, Write
from dds_link.devices.spi_chips import UPDATE, Held, SpiChips
from dds_link.errors import DeviceFault
from dds_link.transports.base import Operation, SpiTransport, Transfer
from dds_link.tuning import Tuning
from dds_link_ad9850.frames import QUIET, frame


class AD9850(SpiChips):
    """One board of AD9850.

    :param device: clock and wiring.
    :param channels: one for each chip.
    :param transport: the bus.
    """

    has_amplitude = False
    has_off = False
    silence_keeps_phase = False

    def __init__(
        self, device: DeviceConfig, channels: tuple[ChannelConfig, ...], transport: SpiTransport
    ) -> None:
        tuning = Tuning(device.sysclk, ftw_bits=32, pow_bits=5, asf_bits=1)
        super().__init__(device, channels, transport, "ad9850", tuning)
        # Channels whose chip is powered down, and stays so until a tone shall go out.
        self._down = set(self._every)

    @property
    def capabilities(self) -> frozenset[str]:
        """See :attr:`Device.capabilities`."""
        found = super().capabilities
        return found | {OFF} if len(self._switched) == len(self._every) else found

    @property
    def sync_note(self) -> str:
        """See :attr:`Device.sync_note`."""
        return "not possible: only RESET clears an accumulator, and takes the tone with it"

    # Writing

    def write(self, transaction: Transaction) -> None:
        """See :meth:`Device.write`."""
        super().write(transaction)
        self._settle(transaction)

    def restore(self, transaction: Transaction) -> None:
        """See :meth:`Device.restore`."""
        super().restore(transaction)
        self._settle(transaction)

    def _settle(self, transaction: Transaction) -> None:
        """``transaction`` took place."""
        for write in transaction:
            if self._is_down(write):
                self._down.add(write.channel)
            else:
                self._down.discard(write.channel)

    def _is_down(self, write: Write) -> bool:
        """Whether ``write`` means power-down. Behind an open switch a tone goes on."""
        if write.words.asf:
            return False
        return write.channel in self._down or write.channel not in self._switched

    def _tones(self, transaction: Transaction) -> list[Operation]:
        return [
            Transfer(write.channel, frame(write.words, self._is_down(write)))
            for write in transaction
        ]

    def _everything(self, transaction: Transaction) -> list[Operation]:
        return self._tones(transaction)

    def _clearing(self, channels: Sequence[int], on: bool) -> list[Operation]:
        raise DeviceFault(self.sync_note)

    # Starting

    def initialise(self, channels: Sequence[int]) -> frozenset[int]:
        """See :meth:`Device.initialise`."""
        taken = super().initialise(channels)
        self._down |= taken
        return taken

    def _quiet(self, chip: int, channels: Sequence[int]) -> list[Operation]:
        return [Transfer(chip, QUIET)]

    def _clock(self, chips: Sequence[int]) -> list[Operation]:
        """There is no PLL; this is what comes second: the frame that serial chips obey."""
        return [*(Transfer(chip, QUIET) for chip in chips), UPDATE]

    # Silence

    def _make_silent(self, transaction: Transaction) -> list[str]:
        """Twice: a chip that had lost its power is made serial by the first frame only."""
        self._down.update(self._every)
        return super()._make_silent(transaction) or super()._make_silent(transaction)

    def _silent(self, write: Write) -> list[Operation]:
        return [Transfer(write.channel, frame(write.words, down=True))]

    def _power_down(self, chip: int) -> list[Operation]:
        """Only tried when RESET has failed."""
        return [Transfer(chip, QUIET), UPDATE]

    # Reading: there is nothing to read

    def _is_quiet(self, chip: int, channels: Sequence[int]) -> list[Held]:
        return []

    def _has_clock(self, chip: int) -> list[Held]:
        return []

    def _in_step_shows(self, chip: int) -> list[Held]:
        return []

    def _is_silent(self, write: Write) -> list[Held]:
        return []

    def _holds(self, transaction: Transaction) -> list[Held]:
        return []

    def _find(self, channel: int) -> Write | None:
        return None

    def _reading(self, channel: int, register: int) -> list[Operation]:
        raise DeviceFault("the AD9850 cannot be read")
