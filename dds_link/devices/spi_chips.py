"""What the drivers of DDS chips on an SPI bus share.

Such a chip takes frames into buffers, and at the next I/O_UPDATE it latches whatever they hold,
also one that was meant for a neighbour: the chips of a board share that line and, where wired,
IO_RESET and MASTER_RESET. Hence the rule of these drivers: after an operation that failed there is
no I/O_UPDATE until every buffer that it may have touched is written again, or its chip reset; and
what was cut off is put back in step first, because the chip takes the next instruction byte for
data.

A driver of one chip family states its registers: it derives a class from :class:`SpiChips` and
gives the methods below that have no body, which make frames and cause no traffic.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from dds_link.attenuation import Attenuation
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices.attenuators import Attenuators
from dds_link.devices.base import (
    ATTACH,
    READBACK,
    RF_SWITCH,
    ChannelInfo,
    Device,
    Finding,
    Transaction,
    Write,
)
from dds_link.devices.spi_faults import fault
from dds_link.errors import DeviceFault, Preempted, TransportError, TransportLost
from dds_link.transports.base import (
    IO_RESET,
    IO_UPDATE,
    MASTER_RESET,
    Delay,
    Level,
    Operation,
    Pulse,
    SpiTransport,
    Transfer,
    rf_switch,
)
from dds_link.transports.wiring import PROFILES, places
from dds_link.tuning import Tuning

UPDATE = Pulse(IO_UPDATE)
"""What makes every chip take over its buffers."""


class Held(NamedTuple):
    """What a register shall read."""

    channel: int
    """The channel that it belongs to; any one of a chip if it belongs to the chip."""
    register: int
    value: int
    mask: int = -1
    """Bits that count."""


class SpiChips(Device):
    """One board of chips of the same kind, each with one or more channels.

    Channels with the same chip select are on one chip, whose number (see
    :func:`~dds_link.transports.wiring.chip_selects`) is what a
    :class:`~dds_link.transports.base.Transfer` names. Which output of the chip a channel is, says
    its place among the channels of the chip.

    :param device: clock and wiring.
    :param channels: all channels of the board.
    :param transport: the bus.
    :param name: of the chip family, for ``describe``.
    :param tuning: of every channel.
    """

    #: What all devices of this class can do, whatever their wiring.
    abilities: frozenset[str] = frozenset()
    #: Bytes of an answer before the content of the register.
    instruction_size = 1
    #: Bytes of each register that is read back, and its name in messages.
    widths: dict[int, int]
    names: dict[int, str]
    #: What cannot be read of the clock; for :meth:`probe`.
    clock_note = ""
    #: Seconds after MASTER_RESET until the chip takes commands.
    wake_time = 1e-3
    #: Whether :meth:`_power_down` takes an update to act.
    power_down_waits = False
    #: Whether every channel can be scaled; whether it can be switched off by words alone.
    has_amplitude = True
    has_off = True
    #: Whether the phase accumulators go on after :meth:`silence`.
    silence_keeps_phase = True

    def __init__(
        self,
        device: DeviceConfig,
        channels: tuple[ChannelConfig, ...],
        transport: SpiTransport,
        name: str,
        tuning: Tuning,
    ) -> None:
        self._spi = transport
        self._readback = device.readback
        # For each channel its chip, and which output of it; for each chip its channels.
        self._chip_of, self._output = zip(*places(channels), strict=True)
        self._channels_of = tuple(
            tuple(c.index for c in channels if self._chip_of[c.index] == chip)
            for chip in range(max(self._chip_of) + 1)
        )
        self._switched = frozenset(c.index for c in channels if c.rf_switch is not None)
        self._attenuators: Attenuators | None = None
        attenuation: dict[int, Attenuation] = {}
        if device.attenuator is not None:
            self._attenuators = Attenuators(device.attenuator, len(self._channels_of))
            attenuation = dict.fromkeys(device.attenuator.chain, self._attenuators.attenuation)
        self._channels = tuple(
            ChannelInfo(
                index,
                f"{name}:{chip}",
                0,
                tuning,
                has_amplitude=self.has_amplitude,
                has_off=self.has_off or index in self._switched,
                silence_keeps_phase=self.silence_keeps_phase,
                attenuation=attenuation.get(index),
            )
            for index, chip in enumerate(self._chip_of)
        )
        self._every = tuple(range(len(channels)))
        # Channels that are not initialised, or only half: nothing but initialise and silence helps.
        self._raw: set[int] = set(self._every)
        # Channels whose buffers may hold what no I/O_UPDATE must latch.
        self._unsettled: set[int] = set(self._every)
        # False once a transfer may have been cut off, until the serial ports are put right.
        self._in_step = True

    # What a driver gives: frames, and what registers shall read

    @abstractmethod
    def _tones(self, transaction: Transaction) -> list[Operation]:
        """Put the words of ``transaction`` into the buffers. Every ``set`` goes through here."""

    @abstractmethod
    def _everything(self, transaction: Transaction) -> list[Operation]:
        """Rewrite every buffer that :meth:`_tones` or :meth:`_clearing` may have touched."""

    @abstractmethod
    def _clearing(self, channels: Sequence[int], on: bool) -> list[Operation]:
        """Let the next update clear the phase accumulators of ``channels``, or no update."""

    @abstractmethod
    def _quiet(self, chip: int, channels: Sequence[int]) -> list[Operation]:
        """Every register of these channels that counts, at zero amplitude; if they are all of the
        chip, also its own, but for the clock."""

    @abstractmethod
    def _is_quiet(self, chip: int, channels: Sequence[int]) -> list[Held]:
        """What reads back after :meth:`_quiet` and an update."""

    @abstractmethod
    def _clock(self, chips: Sequence[int]) -> list[Operation]:
        """Set up the clocks of ``chips``, with updates, and wait until they have locked."""

    @abstractmethod
    def _has_clock(self, chip: int) -> list[Held]:
        """What reads back after :meth:`_clock`."""

    @abstractmethod
    def _in_step_shows(self, chip: int) -> list[Held]:
        """Registers that a chip reads so, once initialised, whatever its tones; if its serial port
        is out of step it cannot."""

    @abstractmethod
    def _silent(self, write: Write) -> list[Operation]:
        """Put zero amplitude into the buffers, also of a chip that has lost its settings."""

    @abstractmethod
    def _is_silent(self, write: Write) -> list[Held]:
        """What reads back after :meth:`_silent` and an update; no more than what lets RF out."""

    @abstractmethod
    def _power_down(self, chip: int) -> list[Operation]:
        """Stop all of a chip that can be stopped, if possible without an update."""

    @abstractmethod
    def _holds(self, transaction: Transaction) -> list[Held]:
        """What registers hold while the channels put out ``transaction``."""

    @abstractmethod
    def _find(self, channel: int) -> Write | None:
        """Read what a channel puts out (see :meth:`attach`), with :meth:`_read`,
        :meth:`_differences` and :meth:`_closed`."""

    def _adopted(self, write: Write) -> list[Operation]:
        """Rewrite every buffer that counts with what it was found to hold."""
        return self._everything([write])

    @abstractmethod
    def _reading(self, channel: int, register: int) -> list[Operation]:
        """Read a register; the last answer holds it."""

    # What it is

    @property
    def channels(self) -> tuple[ChannelInfo, ...]:
        """See :attr:`Device.channels`."""
        return self._channels

    @property
    def capabilities(self) -> frozenset[str]:
        """See :attr:`Device.capabilities`."""
        found = set(self.abilities)
        if self._readback:
            found |= {READBACK, ATTACH}
        if self._switched:
            found.add(RF_SWITCH)
        if self._attenuators is not None:
            found |= self._attenuators.capabilities
        return frozenset(found)

    def open(self) -> None:
        """See :meth:`Device.open`. Whoever drove the chips before may have been stopped half-way,
        so they are attached, initialised or silenced before anything else."""
        self._raw.update(self._every)
        self._unsettled.update(self._every)
        if self._attenuators is not None:
            self._attenuators.forget()
        self._spi.open()

    def close(self) -> None:
        """See :meth:`Device.close`."""
        self._spi.close()

    # Writing

    def write(self, transaction: Transaction) -> None:
        """See :meth:`Device.write`. A switch that opens does so first, one that closes last."""
        if self._unsettled or self._raw:
            self._refuse_half(())
        operations = self._tones(transaction)
        operations.append(UPDATE)
        if self._attenuators is not None:
            operations = self._attenuators.around(operations, transaction)
        if self._switched:
            operations = self._with_switches(operations, transaction)
        try:
            self._spi.execute(operations)
        except Exception as error:
            self._remember(error, [write.channel for write in transaction])
            raise

    def restore(self, transaction: Transaction) -> None:
        """See :meth:`Device.restore`.

        :raises DeviceFault: if a chip may be out of step and cannot be put right, or if channels
            that are not in ``transaction`` were touched, too.
        """
        channels = [write.channel for write in transaction]
        self._refuse_half(channels)
        self._resynchronise()
        operations = [*self._everything(transaction), UPDATE]
        if self._attenuators is not None:
            operations = self._attenuators.around(operations, transaction)
        self._execute(self._with_switches(operations, transaction), channels)
        self._unsettled.clear()

    def sync(self, channels: Sequence[int]) -> None:
        """See :meth:`Device.sync`. Whether a chip clears at the edge that makes clearing active or
        at the next one, all of them do at the same."""
        self._refuse_half(())
        operations = [*self._clearing(channels, True), UPDATE]
        operations += [*self._clearing(channels, False), UPDATE]
        self._execute(operations, channels)

    def _with_switches(
        self, operations: list[Operation], transaction: Transaction
    ) -> list[Operation]:
        wired = [write for write in transaction if write.channel in self._switched]
        opening = [Level(rf_switch(write.channel), False) for write in wired if not write.switch]
        closing = [Level(rf_switch(write.channel), True) for write in wired if write.switch]
        return [*opening, *operations, *closing]

    def _refuse_half(self, rewritten: Collection[int]) -> None:
        """No I/O_UPDATE while a chip holds half of something, unless it is ``rewritten``."""
        left = self._raw | self._unsettled.difference(rewritten)
        if left:
            chips = ", ".join(map(str, self._chips_of(left)))
            raise DeviceFault(f"chip {chips} may hold half of an earlier command: initialise it")

    def _chips_of(self, channels: Iterable[int]) -> list[int]:
        return sorted({self._chip_of[channel] for channel in channels})

    def _execute(
        self, operations: Sequence[Operation], channels: Collection[int] = ()
    ) -> list[bytes]:
        """Carry out ``operations``, whose transfers concern ``channels``, and remember what a
        failure may have left behind."""
        try:
            return self._spi.execute(operations)
        except Exception as error:
            self._remember(error, channels)
            raise

    def _remember(self, error: Exception, channels: Collection[int]) -> None:
        self._unsettled.update(channels)
        if self._attenuators is not None:
            self._attenuators.doubt()
        # Between two operations nothing is cut off.
        if channels and not isinstance(error, Preempted):
            self._in_step = False

    def _resynchronise(self) -> None:
        """Put the serial ports back in step: by IO_RESET, else see whether they are."""
        if IO_RESET in self._spi.lines:
            self._spi.execute([Pulse(IO_RESET)])
        elif not self._in_step:
            if not self._readback:
                raise DeviceFault(
                    "after a failed transfer a chip may be out of step, and neither io_reset nor "
                    "readback is wired to put that right: power-cycle the board, then restart"
                )
            touched = set(self._unsettled)
            for chip in self._chips_of(touched):
                # Out of step, it may take the question for data of any of its channels.
                self._unsettled.update(self._channels_of[chip])
                self._require(self._in_step_shows(chip))
            self._unsettled = touched
        self._in_step = True

    # Starting

    def initialise(self, channels: Sequence[int]) -> frozenset[int]:
        """See :meth:`Device.initialise`. Zero amplitude is latched before the clock is touched, so
        that no tone at full level sweeps through the band while the PLL locks. A chip of which
        some channels shall go on keeps its clock, and the others are made silent."""
        taken = sorted(self._raw.union(self._unsettled, channels))
        lines = self._spi.lines
        if not self._in_step and IO_RESET not in lines and MASTER_RESET in lines:
            taken = [*self._every]
        self._raw.update(taken)
        switched = [channel for channel in taken if channel in self._switched]
        self._execute([Level(rf_switch(channel), False) for channel in switched])
        if self._attenuators is not None:
            self._execute(self._attenuators.dim(taken))
            if self._attenuators.readback:
                self._read_attenuators(self._attenuators)
                self._accuse(self._attenuators.take_differences(taken))
        if len(taken) == len(self._every) and MASTER_RESET in lines:
            self._reset_chips()
            self._execute([Delay(self.wake_time)])
        self._resynchronise()
        by_chip = {
            chip: [channel for channel in taken if self._chip_of[channel] == chip]
            for chip in self._chips_of(taken)
        }
        quiet = [operation for each in by_chip.items() for operation in self._quiet(*each)]
        self._execute(quiet + self._update_to_profile_0(), taken)
        if self._readback:
            for each in by_chip.items():
                self._require(self._is_quiet(*each))
        self._start_clock([each[0] for each in by_chip.items() if self._is_whole(*each)])
        self._raw.difference_update(taken)
        self._unsettled.difference_update(taken)
        return frozenset(taken)

    def _is_whole(self, chip: int, channels: Sequence[int]) -> bool:
        return len(channels) == len(self._channels_of[chip])

    def _reset_chips(self) -> None:
        self._raw.update(self._every)
        self._execute([Pulse(MASTER_RESET)])
        self._in_step = True

    def _update_to_profile_0(self) -> list[Operation]:
        """An I/O_UPDATE, after which profile 0 is the one that counts, whoever chose another."""
        lines = self._spi.lines
        return [*(Level(line, False) for line in PROFILES if line in lines), UPDATE]

    def _start_clock(self, chips: Sequence[int]) -> None:
        if not chips:
            return
        channels = [channel for chip in chips for channel in self._channels_of[chip]]
        self._execute(self._clock(chips), channels)
        if self._readback:
            for chip in chips:
                self._require(self._has_clock(chip))

    def attach(self) -> list[Write | None]:
        """See :meth:`Device.attach`. IO_RESET concerns the serial port only: the output goes on.

        What is adopted is also written to its buffers again: the program before this one may have
        been stopped between a transfer and its I/O_UPDATE.
        """
        if IO_RESET in self._spi.lines:
            self._execute([Pulse(IO_RESET)])
            self._in_step = True
        found = [None if info.attenuation else self._find(info.index) for info in self._channels]
        for write in found:
            if write is not None:
                self._execute(self._adopted(write), [write.channel])
                self._raw.discard(write.channel)
                self._unsettled.discard(write.channel)
        return found

    def _closed(self, channel: int) -> bool | None:
        """Whether RF passes the switch of a channel; None if nobody can tell."""
        return self._spi.is_high(rf_switch(channel)) if channel in self._switched else True

    # Silence

    def silence(self, transaction: Transaction) -> bool:
        """See :meth:`Device.silence`. Means: RF switches, attenuators, and zero amplitude; if
        those fail twice MASTER_RESET or, without it, power-down. After that the chips need
        :meth:`initialise`.
        """
        if self._make_silent(transaction):
            failures = self._make_silent(transaction)
            if failures:
                raise DeviceFault("; ".join(failures + self._last_means()))
        self._unsettled.clear()
        return self._readback

    def _make_silent(self, transaction: Transaction) -> list[str]:
        """Go on past failures; they are returned as text.

        Only what lets RF out is read back: a chip whose clock is not set up yet is silent, too.
        """
        failures = []
        for channel in sorted(self._switched):
            failures += self._attempt(self._execute, [Level(rf_switch(channel), False)])
        if self._attenuators is not None:
            failures += self._attempt(self._execute, self._attenuators.dim(self._every))
        failures += self._attempt(self._resynchronise)
        # A chip that takes instructions for data must not latch what it made of them.
        if self._in_step:
            broken = set()
            for write in transaction:
                chip = self._chip_of[write.channel]
                if chip not in broken:  # it would take what comes now for the rest of that
                    found = self._attempt(self._execute, self._silent(write), [write.channel])
                    failures += found
                    broken.update([chip] if found else [])
            failures += self._attempt(self._execute, self._update_to_profile_0())
        if self._readback and not failures:
            for write in transaction:
                failures += self._attempt(self._require, self._is_silent(write))
        return failures

    def _last_means(self) -> list[str]:
        """Stop the chips; what came of it, as text."""
        self._raw.update(self._every)
        failures = []
        if MASTER_RESET in self._spi.lines:
            failures = self._attempt(self._reset_chips)
            if not failures:
                return ["every chip was reset"]
        for chip, channels in enumerate(self._channels_of):
            failures += self._attempt(self._execute, self._power_down(chip), channels)
        if self.power_down_waits and self._in_step and not failures:
            failures = self._attempt(self._execute, [UPDATE])
        return failures or ["every chip was told to power down"]

    def _attempt(self, step: Callable[..., object], *arguments: object) -> list[str]:
        """Take a step; its failure, if any, as text. Without hardware there is no going on."""
        try:
            step(*arguments)
        except (TransportLost, Preempted):
            raise
        except (TransportError, DeviceFault) as error:
            return [str(error)]
        return []

    # Reading

    def verify(self, transaction: Transaction) -> list[str]:
        """See :meth:`Device.verify`. Attenuators that are not as they should be are set again, as
        reading them is writing them."""
        found = self._differences(self._holds(transaction))
        if self._attenuators is not None and self._attenuators.readback:
            self._read_attenuators(self._attenuators)
            found += self._attenuators.take_differences(write.channel for write in transaction)
        return found

    def _read_attenuators(self, attenuators: Attenuators) -> None:
        [answer] = self._execute(attenuators.question())
        attenuators.compare(answer)

    def probe(self) -> list[Finding]:
        """See :meth:`Device.probe`. Registers are read, and serial ports put in step."""
        if not self._readback:
            text = "MISO is not wired (readback = false), so that the chips cannot be asked"
            return [Finding("chips", None, text)]
        found = []
        for chip in range(len(self._channels_of)):
            self._resynchronise()
            found.append(self._chip_found(chip))
            if found[-1].ok:
                found.append(self._clock_found(chip))
        if self._attenuators is not None:
            text = "cannot be asked: reading them is writing them"
            found.append(Finding("attenuators", None, text))
        return found

    def _chip_found(self, chip: int) -> Finding:
        what, read = f"chip {chip}", []
        for held in self._in_step_shows(chip):
            name, width = self.names[held.register], self.widths[held.register]
            operations = self._reading(held.channel, held.register)
            sent = [step.data for step in operations if isinstance(step, Transfer)][-1]
            answers = [self._execute(operations, [held.channel])[-1] for _ in range(2)]
            values = [int.from_bytes(each[self.instruction_size :], "big") for each in answers]
            if any(value & held.mask != held.value for value in values):
                text = comparison(name, width, values[0], held.value)
                return Finding(what, False, f"{text}: {fault(sent, answers, held.value, width)}")
            read.append(f"{name} reads 0x{values[0]:0{2 * width}X}")
        return Finding(what, True, f"{', '.join(dict.fromkeys(read))}, as it must")

    def _clock_found(self, chip: int) -> Finding:
        what = f"chip {chip} clock"
        differences = self._differences(self._has_clock(chip))
        if differences:
            text = "not set up as the config says; a controller does that when it starts"
            return Finding(what, None, f"{text} ({differences[0]})")
        note = f"; {self.clock_note}" if self.clock_note else ""
        return Finding(what, True, f"set up as the config says{note}")

    def _require(self, registers: Iterable[Held]) -> None:
        self._accuse(self._differences(registers))

    def _accuse(self, differences: list[str]) -> None:
        if differences:
            raise DeviceFault("; ".join(differences))

    def _differences(self, registers: Iterable[Held]) -> list[str]:
        found = []
        for held in registers:
            answer = self._read(held.channel, held.register)
            if answer & held.mask != held.value:
                found.append(self._difference(held, answer))
        return found

    def _difference(self, held: Held, answer: int) -> str:
        """``answer`` instead of what it shall be, and what all zeros or ones usually mean."""
        chip, width = self._chip_of[held.channel], self.widths[held.register]
        return f"chip {chip}: {difference(self._name(held), width, answer, held.value)}"

    def _name(self, held: Held) -> str:
        return self.names[held.register]

    def _read(self, channel: int, register: int) -> int:
        answer = self._execute(self._reading(channel, register), [channel])[-1]
        return int.from_bytes(answer[self.instruction_size :], "big")


def difference(name: str, width: int, answer: int, expected: int) -> str:
    """What a register reads instead of what it shall, and what that usually means.

    :param name: of the register.
    :param width: of the register, bytes.
    """
    hint = ""
    if answer == 0:
        hint = " (all zero: no power, no chip select, or MISO not wired)"
    elif answer == (1 << 8 * width) - 1:
        hint = " (all ones: MISO floats, or no power)"
    return f"{comparison(name, width, answer, expected)}{hint}"


def comparison(name: str, width: int, answer: int, expected: int) -> str:
    """What a register reads instead of what it shall; as :func:`difference`."""
    digits = 2 * width
    return f"{name} reads 0x{answer:0{digits}X} instead of 0x{expected:0{digits}X}"
