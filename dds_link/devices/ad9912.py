"""Driver of Analog Devices AD9912: 1 GSPS, 48-bit frequency, one channel a chip.

The chip cannot scale its amplitude, and this driver never uses the DAC current for that. It has no
off of its own either: a channel can be switched off if an RF switch is wired. Still, nothing must
come out before the first tone and after :meth:`AD9912.silence`. For that the driver powers the
fundamental of the DDS down, a bit that the data sheet has for tuning the spur cancellation; and to
be silent, the whole chip as well. Such a chip is powered up, on a clock that has locked, before the
fundamental comes back, so that no wrong tone goes out; its phase has no past then.

There is no IO_RESET pin, but any serial port can be put in step by frames (``ABORT``). MASTER_RESET
is the pin RESET: at its end, as at power-up, the chip puts out what its pins S1 to S3 say, so tie
them low, for 0 Hz. Clearing the accumulators of several chips together is not offered: no public
source says that their DDS resets take place on one I/O_UPDATE.

How chips with buffers are driven, also past failures, is told in
:mod:`dds_link.devices.spi_chips`.
"""

from __future__ import annotations

from collections.abc import Sequence

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices.ad9912_clock import pll_settings
from dds_link.devices.ad9912_registers import (
    ABORT,
    CURRENT,
    CURRENT_BASE,
    DDS,
    DDS_DARK,
    DDS_LIT,
    N_DIVIDER,
    NAMES,
    PART_ID,
    PART_ID_BASE,
    PART_ID_MASK,
    PLL,
    POWER,
    POWER_ALL_DOWN,
    POWER_BASE,
    POWER_PLL_DOWN,
    READ_BUFFER,
    SERIAL,
    SERIAL_BASE,
    SPUR_A,
    SPUR_B,
    TONE,
    UPDATE_REGISTER,
    WIDTHS,
    frame,
    pll_parameters,
    reading,
    tone,
    tone_frame,
)
from dds_link.devices.base import OFF, Transaction, Write
from dds_link.devices.spi_chips import UPDATE, Held, SpiChips
from dds_link.errors import DeviceFault
from dds_link.transports.base import MASTER_RESET, Delay, Operation, SpiTransport, Transfer
from dds_link.tuning import Tuning
from dds_link.words import SILENCE, Words

#: Seconds for the PLL to lock, and for a chip to wake up. No register tells; ARTIQ waits 1 ms.
LOCK_TIME = 10e-3
#: Words of 48, 14 and 1 bits: POW of a chip that holds another one is not this driver's.
_POW_LIMIT = 1 << 14


class AD9912(SpiChips):
    """One board of AD9912.

    :param device: clock and wiring.
    :param channels: one for each chip.
    :param transport: the bus.
    """

    instruction_size = 2
    widths = WIDTHS
    names = NAMES
    has_amplitude = False
    has_off = False
    silence_keeps_phase = False
    clock_note = "whether its PLL has locked cannot be read: compare a tone with a counter"

    def __init__(
        self, device: DeviceConfig, channels: tuple[ChannelConfig, ...], transport: SpiTransport
    ) -> None:
        tuning = Tuning(device.sysclk, ftw_bits=48, pow_bits=14, asf_bits=1)
        super().__init__(device, channels, transport, "ad9912", tuning)
        pll = pll_settings(device.refclk, device.sysclk)
        self._settings = {
            SERIAL: SERIAL_BASE,
            READ_BUFFER: 0,
            POWER: POWER_BASE if pll.enabled else POWER_BASE | POWER_PLL_DOWN,
            CURRENT: CURRENT_BASE,
            SPUR_A: 0,
            SPUR_B: 0,
        }
        self._pll = {N_DIVIDER: pll.n, PLL: pll_parameters(pll)} if pll.enabled else {}
        # Channels whose fundamental may be off, and whose chip may be powered down as a whole.
        self._dark = set(self._every)
        self._asleep: set[int] = set()

    @property
    def capabilities(self) -> frozenset[str]:
        """See :attr:`Device.capabilities`."""
        found = super().capabilities
        return found | {OFF} if len(self._switched) == len(self._every) else found

    @property
    def sync_note(self) -> str:
        """See :attr:`Device.sync_note`."""
        return "not possible: nothing is known to clear the accumulators of several AD9912 together"

    # Writing

    def write(self, transaction: Transaction) -> None:
        """See :meth:`Device.write`. A chip that was powered down is powered up first."""
        if self._asleep:
            self._wake(self._lit(transaction) & self._asleep)
        super().write(transaction)
        self._settle(transaction)

    def restore(self, transaction: Transaction) -> None:
        """See :meth:`Device.restore`. What was powered down is so again."""
        asleep = self._lit(transaction) & self._asleep
        if asleep:
            chips = ", ".join(map(str, sorted(asleep)))
            raise DeviceFault(f"chip {chips} may be powered down: initialise it")
        super().restore(transaction)
        self._settle(transaction)

    def _lit(self, transaction: Transaction) -> set[int]:
        return {write.channel for write in transaction if write.words.asf}

    def _settle(self, transaction: Transaction) -> None:
        """``transaction`` took place."""
        for write in transaction:
            if self._dds(write) == DDS_LIT:
                self._dark.discard(write.channel)
            else:
                self._dark.add(write.channel)

    def _wake(self, channels: set[int]) -> None:
        if not channels:
            return
        self._refuse_half(())
        operations = [_transfer(channel, POWER, self._settings[POWER]) for channel in channels]
        self._execute([*operations, UPDATE, Delay(LOCK_TIME)], channels)
        if self._readback:
            for channel in channels:
                self._require(self._in_step_shows(channel) + self._has_clock(channel))
        self._asleep -= channels

    def _dds(self, write: Write) -> int:
        """Register DDS for a channel that shall be as ``write`` says. Behind an RF switch that is
        open the fundamental goes on, so that the phase does, too."""
        if write.words.asf:
            return DDS_LIT
        if write.channel in self._switched and write.channel not in self._dark:
            return DDS_LIT
        return DDS_DARK

    def _tones(self, transaction: Transaction) -> list[Operation]:
        operations: list[Operation] = []
        for write in transaction:
            channel = write.channel
            operations.append(Transfer(channel, tone_frame(write.words)))
            if channel in self._dark or not write.words.asf:
                operations.append(_transfer(channel, DDS, self._dds(write)))
        return operations

    def _everything(self, transaction: Transaction) -> list[Operation]:
        return [
            operation
            for write in transaction
            for operation in self._frames(
                write.channel, self._dds(write), write.words, write.channel in self._asleep
            )
        ]

    def _frames(
        self, channel: int, dds: int, words: Words, asleep: bool = False
    ) -> list[Operation]:
        """All registers but those of the PLL."""
        settings = {**self._settings, DDS: dds}
        if asleep:
            settings[POWER] |= POWER_ALL_DOWN
        operations = [_transfer(channel, *register) for register in settings.items()]
        return [*operations, Transfer(channel, tone_frame(words))]

    def _clearing(self, channels: Sequence[int], on: bool) -> list[Operation]:
        raise DeviceFault(self.sync_note)

    def _resynchronise(self) -> None:
        """Put the serial ports back in step, whatever was cut off."""
        chips = self._chips_of(self._unsettled)
        self._spi.execute([transfer for chip in chips for transfer in _aborts(chip)])
        self._in_step = True

    # Starting

    def initialise(self, channels: Sequence[int]) -> frozenset[int]:
        """See :meth:`Device.initialise`."""
        if not self._in_step:
            self._resynchronise()  # here that needs no reset of all chips
        taken = super().initialise(channels)
        self._dark |= taken
        self._asleep -= taken
        return taken

    def _quiet(self, chip: int, channels: Sequence[int]) -> list[Operation]:
        return self._frames(chip, DDS_DARK, SILENCE)

    def _is_quiet(self, chip: int, channels: Sequence[int]) -> list[Held]:
        quiet = {**self._settings, DDS: DDS_DARK, TONE: 0}
        return self._in_step_shows(chip) + _held(chip, quiet)

    def _clock(self, chips: Sequence[int]) -> list[Operation]:
        operations: list[Operation] = []
        for register in self._pll.items():
            operations += [_transfer(chip, *register) for chip in chips]
            operations.append(UPDATE)
        return [*operations, Delay(LOCK_TIME)]

    def _has_clock(self, chip: int) -> list[Held]:
        return _held(chip, {POWER: self._settings[POWER], **self._pll})

    def _in_step_shows(self, chip: int) -> list[Held]:
        return [Held(chip, PART_ID, PART_ID_BASE, PART_ID_MASK)]

    def attach(self) -> list[Write | None]:
        """See :meth:`Device.attach`. The program before this one may have been cut off."""
        self._resynchronise()
        found = super().attach()
        adopted = [write for write in found if write is not None]
        self._asleep.difference_update(write.channel for write in adopted)
        self._settle(adopted)
        return found

    # Silence

    def _make_silent(self, transaction: Transaction) -> list[str]:
        """First the fundamental, then, once that is off, the whole chip."""
        channels = {write.channel for write in transaction}
        self._dark |= channels
        failures = super()._make_silent(transaction)
        if failures:
            return failures
        self._asleep |= channels
        power_down = self._settings[POWER] | POWER_ALL_DOWN
        operations = [_transfer(channel, POWER, power_down) for channel in sorted(channels)]
        failures = self._attempt(self._execute, [*operations, UPDATE], channels)
        if self._readback and not failures:
            for channel in sorted(channels):
                failures += self._attempt(self._require, _held(channel, {POWER: power_down}))
        return failures

    def _last_means(self) -> list[str]:
        """Power the chips down. A reset comes after that only, if it fails: its end lets out what
        the pins S1 to S3 say."""
        self._raw.update(self._every)
        failures = []
        for chip in range(len(self._channels_of)):
            failures += self._attempt(self._execute, self._power_down(chip), [chip])
        if not failures:
            return ["every chip was told to power down"]
        if MASTER_RESET in self._spi.lines:
            failures += self._attempt(self._reset_chips) or ["every chip was reset"]
        return failures

    def _silent(self, write: Write) -> list[Operation]:
        return self._frames(write.channel, DDS_DARK, write.words)

    def _is_silent(self, write: Write) -> list[Held]:
        return _held(write.channel, {SERIAL: SERIAL_BASE, DDS: DDS_DARK, SPUR_A: 0, SPUR_B: 0})

    def _power_down(self, chip: int) -> list[Operation]:
        """By the chip's own update, because the pin may be what fails."""
        power_down = self._settings[POWER] | POWER_ALL_DOWN
        operations = [_transfer(chip, DDS, DDS_DARK), _transfer(chip, UPDATE_REGISTER, 1)]
        operations += [_transfer(chip, POWER, power_down), _transfer(chip, UPDATE_REGISTER, 1)]
        return [*_aborts(chip), *operations]

    # Reading

    def _holds(self, transaction: Transaction) -> list[Held]:
        held = []
        for write in transaction:
            channel = write.channel
            held += self._in_step_shows(channel)
            if channel in self._asleep and not write.words.asf:
                # Its words may have to wait until it is powered up, which writes them again.
                power_down = self._settings[POWER] | POWER_ALL_DOWN
                held += _held(channel, {POWER: power_down, DDS: DDS_DARK})
                continue
            running = {**self._settings, **self._pll, DDS: self._dds(write)}
            held += _held(channel, {**running, TONE: tone(write.words)})
        return held

    def _find(self, channel: int) -> Write | None:
        running = {**self._settings, **self._pll, DDS: DDS_LIT}
        if self._differences(self._in_step_shows(channel) + _held(channel, running)):
            return None
        value = self._read(channel, TONE)
        words = Words(value & (1 << 48) - 1, value >> 48, 1)
        closed = self._closed(channel)
        if closed is None or not words.ftw or not words.pow < _POW_LIMIT:
            return None
        return Write(channel, words, closed)

    def _reading(self, channel: int, register: int) -> list[Operation]:
        return [Transfer(channel, reading(register))]


def _aborts(chip: int) -> list[Operation]:
    return [Transfer(chip, ABORT)] * 3


def _transfer(chip: int, register: int, value: int) -> Operation:
    return Transfer(chip, frame(register, value))


def _held(channel: int, registers: dict[int, int]) -> list[Held]:
    return [Held(channel, register, value) for register, value in registers.items()]
