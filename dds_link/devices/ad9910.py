"""Driver of Analog Devices AD9910: 1 GSPS, one channel a chip, single tone from profile 0.

Every chip has its own chip select; the chips share I/O_UPDATE and, where wired, IO_RESET and
MASTER_RESET, so one pulse changes all of them together. A chip latches whatever its buffers hold at
the next I/O_UPDATE, also one that was meant for a neighbour. Hence the rule of this driver: after
an operation that failed there is no I/O_UPDATE until every buffer that it may have touched is
written again, or its chip reset; and what was cut off is put back in step first, because the chip
takes the next instruction byte for data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

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
    POW,
    PROFILE_0,
    cfr3,
    difference,
    frame,
    profile,
    reading,
    tone_frame,
    words_of,
)
from dds_link.devices.base import (
    ATTACH,
    READBACK,
    RF_SWITCH,
    SYNC,
    ChannelInfo,
    Device,
    Transaction,
    Write,
)
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
from dds_link.transports.wiring import PROFILES
from dds_link.tuning import Tuning
from dds_link.words import SILENCE

#: Seconds for the PLL to lock. Its lock pin is not readable over SPI; ARTIQ waits as long if blind.
LOCK_TIME = 0.1
#: Seconds after MASTER_RESET until the chip takes commands.
WAKE_TIME = 1e-3

_UPDATE = Pulse(IO_UPDATE)


class AD9910(Device):
    """One board of AD9910.

    :param device: clock and wiring.
    :param channels: one for each chip.
    :param transport: the bus.
    """

    def __init__(
        self, device: DeviceConfig, channels: tuple[ChannelConfig, ...], transport: SpiTransport
    ) -> None:
        self._spi = transport
        self._readback = device.readback
        pll = pll_settings(device.refclk, device.sysclk)
        self._pll_enabled = pll.enabled
        self._settings = {
            CFR1: CFR1_BASE,
            CFR2: CFR2_BASE,
            CFR3: cfr3(pll),
            AUX_DAC: AUX_DAC_BASE,
        }
        tuning = Tuning(device.sysclk, ftw_bits=32, pow_bits=16, asf_bits=14)
        self._channels = tuple(
            ChannelInfo(channel.index, f"ad9910:{channel.index}", 0, tuning) for channel in channels
        )
        self._chips = [channel.index for channel in channels]
        self._switched = frozenset(c.index for c in channels if c.rf_switch is not None)
        # Chips that are not initialised, or only half: nothing but initialise and silence helps.
        self._raw: set[int] = set(self._chips)
        # Chips whose buffers may hold what no I/O_UPDATE must latch.
        self._unsettled: set[int] = set(self._chips)
        # False once a transfer may have been cut off, until the serial ports are put right.
        self._in_step = True

    @property
    def channels(self) -> tuple[ChannelInfo, ...]:
        """See :attr:`Device.channels`."""
        return self._channels

    @property
    def capabilities(self) -> frozenset[str]:
        """See :attr:`Device.capabilities`."""
        found = {SYNC}
        if self._readback:
            found |= {READBACK, ATTACH}
        if self._switched:
            found.add(RF_SWITCH)
        return frozenset(found)

    @property
    def sync_note(self) -> str:
        """See :attr:`Device.sync_note`."""
        return (
            "the chips clear their accumulators on one shared I/O_UPDATE edge; each takes it up on "
            "its own SYNC_CLK (sysclk / 4), so chips may differ by one period of it"
        )

    def open(self) -> None:
        """See :meth:`Device.open`. Whoever drove the chips before may have been stopped half-way,
        so they are attached, initialised or silenced before anything else."""
        self._raw.update(self._chips)
        self._unsettled.update(self._chips)
        self._spi.open()

    def close(self) -> None:
        """See :meth:`Device.close`."""
        self._spi.close()

    # Writing

    def write(self, transaction: Transaction) -> None:
        """See :meth:`Device.write`. A switch that opens does so first, one that closes last."""
        if self._unsettled or self._raw:
            self._refuse_half(())
        self._execute(self._tones(transaction))

    def restore(self, transaction: Transaction) -> None:
        """See :meth:`Device.restore`. CFR1 is rewritten, too: a ``sync`` may have left it changed.

        :raises DeviceFault: if a chip may be out of step and cannot be put right, or if chips that
            are not in ``transaction`` were touched, too.
        """
        self._refuse_half([write.channel for write in transaction])
        self._resynchronise()
        operations: list[Operation] = [
            Transfer(write.channel, frame(CFR1, CFR1_BASE)) for write in transaction
        ]
        self._execute(operations + self._tones(transaction))
        self._unsettled.clear()

    def sync(self, channels: Sequence[int]) -> None:
        """See :meth:`Device.sync`. Whether a chip clears at the edge that makes autoclear active or
        at the next one, all of them do at the same."""
        self._refuse_half(())
        operations: list[Operation] = []
        for cfr1 in (CFR1_AUTOCLEAR, CFR1_BASE):
            operations += [Transfer(channel, frame(CFR1, cfr1)) for channel in channels]
            operations.append(Pulse(IO_UPDATE))
        self._execute(operations)

    def _tones(self, transaction: Transaction) -> list[Operation]:
        tones: list[Operation] = [
            Transfer(write.channel, tone_frame(write.words)) for write in transaction
        ]
        tones.append(_UPDATE)
        switched = self._switched
        if not switched:
            return tones
        wired = [write for write in transaction if write.channel in switched]
        opening = [Level(rf_switch(write.channel), False) for write in wired if not write.switch]
        closing = [Level(rf_switch(write.channel), True) for write in wired if write.switch]
        return [*opening, *tones, *closing]

    def _refuse_half(self, rewritten: Collection[int]) -> None:
        """No I/O_UPDATE while a chip holds half of something, unless it is ``rewritten``."""
        left = self._raw | self._unsettled.difference(rewritten)
        if left:
            chips = ", ".join(map(str, sorted(left)))
            raise DeviceFault(f"chip {chips} may hold half of an earlier command: initialise it")

    def _execute(self, operations: Sequence[Operation]) -> list[bytes]:
        """Carry out ``operations`` and remember what a failure may have left behind."""
        try:
            return self._spi.execute(operations)
        except Exception as error:
            chips = {op.chip for op in operations if isinstance(op, Transfer)}
            self._unsettled |= chips
            # Between two operations nothing is cut off.
            if chips and not isinstance(error, Preempted):
                self._in_step = False
            raise

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
            for chip in sorted(self._unsettled):
                self._require(chip, {AUX_DAC: AUX_DAC_BASE})
        self._in_step = True

    # Starting

    def initialise(self, channels: Sequence[int]) -> frozenset[int]:
        """See :meth:`Device.initialise`. Zero amplitude is latched before the PLL is touched, so
        that no tone at full level sweeps through the band while it locks."""
        chips = sorted(self._raw.union(self._unsettled, channels))
        lines = self._spi.lines
        if not self._in_step and IO_RESET not in lines and MASTER_RESET in lines:
            chips = self._chips
        self._raw.update(chips)
        self._execute([Level(rf_switch(chip), False) for chip in chips if chip in self._switched])
        if len(chips) == len(self._chips) and MASTER_RESET in lines:
            self._reset_chips()
            self._execute([Delay(WAKE_TIME)])
        self._resynchronise()
        self._execute(self._quiet(chips))
        if self._readback:
            for chip in chips:
                zero = {AUX_DAC: AUX_DAC_BASE, CFR2: CFR2_BASE, PROFILE_0: 0, FTW: 0}
                self._require(chip, zero)
        self._start_clock(chips)
        self._raw.difference_update(chips)
        self._unsettled.difference_update(chips)
        return frozenset(chips)

    def _reset_chips(self) -> None:
        self._raw.update(self._chips)
        self._execute([Pulse(MASTER_RESET)])
        self._in_step = True

    def _quiet(self, chips: Sequence[int]) -> list[Operation]:
        quiet = ((CFR1, CFR1_BASE), (CFR2, CFR2_BASE), (AUX_DAC, AUX_DAC_BASE), (FTW, 0), (POW, 0),
                 (ASF, 0), (MULTICHIP_SYNC, 0), (PROFILE_0, 0))  # fmt: skip
        operations: list[Operation] = [
            Transfer(chip, frame(*register)) for chip in chips for register in quiet
        ]
        return operations + self._update_to_profile_0()

    def _update_to_profile_0(self) -> list[Operation]:
        """An I/O_UPDATE, after which profile 0 is the one that counts, whoever chose another."""
        lines = self._spi.lines
        return [*(Level(line, False) for line in PROFILES if line in lines), Pulse(IO_UPDATE)]

    def _start_clock(self, chips: Sequence[int]) -> None:
        final = self._settings[CFR3]
        steps = [final | CFR3_PFD_RESET, final] if self._pll_enabled else [final]
        operations: list[Operation] = []
        for value in steps:
            operations += [Transfer(chip, frame(CFR3, value)) for chip in chips]
            operations.append(Pulse(IO_UPDATE))
        if self._pll_enabled:
            operations.append(Delay(LOCK_TIME))
        self._execute(operations)
        if self._readback:
            for chip in chips:
                self._require(chip, {CFR1: CFR1_BASE, CFR3: final})

    def attach(self) -> list[Write | None]:
        """See :meth:`Device.attach`. IO_RESET concerns the serial port only: the output goes on.

        What is adopted is also written to its buffer again: the program before this one may have
        been stopped between a transfer and its I/O_UPDATE.
        """
        if IO_RESET in self._spi.lines:
            self._execute([Pulse(IO_RESET)])
            self._in_step = True
        found = [self._find(chip) for chip in self._chips]
        for write in found:
            if write is not None:
                self._execute([
                    Transfer(write.channel, frame(CFR1, CFR1_BASE)),
                    Transfer(write.channel, frame(PROFILE_0, profile(write.words))),
                ])  # fmt: skip
                self._raw.discard(write.channel)
                self._unsettled.discard(write.channel)
        return found

    def _find(self, chip: int) -> Write | None:
        """What a chip puts out; None unless it runs as this driver leaves one that was given a
        tone, and its RF switch is known."""
        if self._differences(chip, self._settings):
            return None
        value = self._read(chip, PROFILE_0)
        words = words_of(value)
        # Another profile may be selected.
        if words == SILENCE or value != profile(words) or self._read(chip, FTW) != words.ftw:
            return None
        closed = self._spi.is_high(rf_switch(chip)) if chip in self._switched else True
        return None if closed is None else Write(chip, words, closed)

    # Silence

    def silence(self, transaction: Transaction) -> bool:
        """See :meth:`Device.silence`. Means: RF switches, and zero amplitude taken from profile 0;
        if those fail twice MASTER_RESET or, without it, power-down, which needs no I/O_UPDATE.
        After that the chips need :meth:`initialise`.
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
        for chip in sorted(self._switched):
            failures += self._attempt(self._execute, [Level(rf_switch(chip), False)])
        failures += self._attempt(self._resynchronise)
        # A chip that takes instructions for data must not latch what it made of them.
        if self._in_step:
            for write in transaction:
                failures += self._attempt(self._execute, [
                    Transfer(write.channel, frame(CFR1, CFR1_BASE)),
                    Transfer(write.channel, frame(CFR2, CFR2_BASE)),
                    Transfer(write.channel, frame(PROFILE_0, profile(write.words))),
                ])  # fmt: skip
            failures += self._attempt(self._execute, self._update_to_profile_0())
        if self._readback and not failures:
            for write in transaction:
                off = {CFR1: CFR1_BASE, CFR2: CFR2_BASE, PROFILE_0: profile(write.words),
                       FTW: write.words.ftw}  # fmt: skip
                failures += self._attempt(self._require, write.channel, off)
        return failures

    def _last_means(self) -> list[str]:
        """Stop the chips; what came of it, as text."""
        self._raw.update(self._chips)
        failures = []
        if MASTER_RESET in self._spi.lines:
            failures = self._attempt(self._reset_chips)
            if not failures:
                return ["every chip was reset"]
        for chip in self._chips:
            power_down: list[Operation] = [Transfer(chip, frame(CFR1, CFR1_POWER_DOWN))]
            failures += self._attempt(self._execute, power_down)
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
        """See :meth:`Device.verify`."""
        found: list[str] = []
        for write in transaction:
            words = write.words
            expected = {**self._settings, PROFILE_0: profile(words), FTW: words.ftw}
            found += self._differences(write.channel, expected)
        return found

    def _require(self, chip: int, expected: dict[int, int]) -> None:
        differences = self._differences(chip, expected)
        if differences:
            raise DeviceFault("; ".join(differences))

    def _differences(self, chip: int, expected: dict[int, int]) -> list[str]:
        found = []
        for register, value in expected.items():
            answer = self._read(chip, register)
            if answer != value:
                found.append(f"chip {chip}: {difference(register, answer, value)}")
        return found

    def _read(self, chip: int, register: int) -> int:
        answer = self._execute([Transfer(chip, reading(register))])[0]
        return int.from_bytes(answer[1:], "big")
