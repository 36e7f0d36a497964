"""Driver of Analog Devices AD9910: 1 GSPS, one channel a chip, single tone from profile 0.

Every chip has its own chip select; the chips share I/O_UPDATE and, where wired, IO_RESET and
MASTER_RESET, so one pulse changes all of them together. Register facts: data sheet, "Register Map
and Bit Descriptions"; the order of initialisation and what follows a failed transfer are rules of
this project, because a chip latches whatever its buffers hold at the next I/O_UPDATE.
"""

from __future__ import annotations

from typing import FrozenSet, List, Optional, Sequence, Tuple

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices.ad9910_clock import pll_settings
from dds_link.devices.base import (
    ATTACH,
    READBACK,
    RF_SWITCH,
    SYNC,
    ChannelInfo,
    Device,
    Transaction,
)
from dds_link.errors import DeviceFault, TransportError, TransportLost
from dds_link.model import Words
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
from dds_link.tuning import Tuning

# Register addresses and widths in bytes (data sheet, table "Register Map").
CFR1, CFR2, CFR3, AUX_DAC, FTW, POW, ASF, MULTICHIP_SYNC, PROFILE_0 = (
    0x00, 0x01, 0x02, 0x03, 0x07, 0x08, 0x09, 0x0A, 0x0E)  # fmt: skip
WIDTHS = {CFR1: 4, CFR2: 4, CFR3: 4, AUX_DAC: 4, FTW: 4, POW: 2, ASF: 4, MULTICHIP_SYNC: 4,
          PROFILE_0: 8}  # fmt: skip
NAMES = {CFR1: "CFR1", CFR2: "CFR2", CFR3: "CFR3", AUX_DAC: "AUX_DAC", PROFILE_0: "PROFILE 0"}
READ = 0x80

#: SDIO input only (bit 1), so that the chip answers on SDO; everything else off.
CFR1_BASE = 0x00000002
#: Autoclear phase accumulator (bit 13): cleared at every I/O_UPDATE while it is set.
CFR1_AUTOCLEAR = CFR1_BASE | 1 << 13
#: Amplitude from the profile (24), read effective FTW (16), matched latency (7).
CFR2_BASE = 0x01010080
#: Reserved ones, input divider bypassed and out of reset.
CFR3_BASE = 0x0807C000
CFR3_PFD_RESET = 1 << 10
#: Reset value: 20 mA full scale.
AUX_DAC_BASE = 0x0000007F

#: Seconds for the PLL to lock. Its lock pin is not readable over SPI; ARTIQ waits as long if blind.
LOCK_TIME = 0.1
#: Seconds after MASTER_RESET until the chip takes commands.
WAKE_TIME = 1e-3


def frame(register: int, value: int) -> bytes:
    """The bytes that write ``value`` to ``register``: instruction, then the whole register."""
    return bytes((register,)) + value.to_bytes(WIDTHS[register], "big")


def profile(words: Words) -> int:
    """Single-tone profile: ASF in [61:48], POW in [47:32], FTW in [31:0]."""
    return words.asf << 48 | words.pow << 32 | words.ftw


class AD9910(Device):
    """One board of AD9910.

    :param device: clock and wiring.
    :param channels: one for each chip.
    :param transport: the bus.
    """

    def __init__(
        self, device: DeviceConfig, channels: Tuple[ChannelConfig, ...], transport: SpiTransport
    ) -> None:
        self._spi = transport
        self._readback = device.readback
        self._pll = pll_settings(device.refclk, device.sysclk)
        tuning = Tuning(device.sysclk, ftw_bits=32, pow_bits=16, asf_bits=14)
        self._channels = tuple(
            ChannelInfo(channel.index, f"ad9910:{channel.index}", 0, tuning) for channel in channels
        )
        self._switched = frozenset(c.index for c in channels if c.rf_switch is not None)

    @property
    def channels(self) -> Tuple[ChannelInfo, ...]:
        """See :attr:`Device.channels`."""
        return self._channels

    @property
    def capabilities(self) -> FrozenSet[str]:
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
        """See :meth:`Device.open`."""
        self._spi.open()

    def close(self) -> None:
        """See :meth:`Device.close`."""
        self._spi.close()

    # Writing

    def write(self, transaction: Transaction) -> None:
        """See :meth:`Device.write`. A switch that opens does so first, one that closes last."""
        switched = self._switched
        if not switched:
            operations: List[Operation] = [
                Transfer(write.channel, frame(PROFILE_0, profile(write.words)))
                for write in transaction
            ]
            operations.append(Pulse(IO_UPDATE))
        else:
            wired = [write for write in transaction if write.channel in switched]
            operations = [Level(rf_switch(w.channel), False) for w in wired if not w.switch]
            for write in transaction:
                operations.append(Transfer(write.channel, frame(PROFILE_0, profile(write.words))))
            operations.append(Pulse(IO_UPDATE))
            operations += [Level(rf_switch(w.channel), True) for w in wired if w.switch]
        self._spi.execute(operations)

    def restore(self, transaction: Transaction) -> None:
        """See :meth:`Device.restore`. A transfer that was cut off makes the next instruction byte
        data, so the serial ports are put back in step first; CFR1 is rewritten because a ``sync``
        may have left its buffer changed."""
        self._resynchronise([write.channel for write in transaction])
        self._spi.execute(
            [Transfer(write.channel, frame(CFR1, CFR1_BASE)) for write in transaction]
        )
        self.write(transaction)

    def _resynchronise(self, chips: Sequence[int]) -> None:
        if IO_RESET in self._spi.lines:
            self._spi.execute([Pulse(IO_RESET)])
            return
        if not self._readback:
            raise DeviceFault("after a failed transfer a chip may be out of step, and neither an "
                              "io_reset line nor readback is wired to put that right")  # fmt: skip
        for chip in chips:
            self._require(chip, {AUX_DAC: AUX_DAC_BASE})

    def sync(self, channels: Sequence[int]) -> None:
        """See :meth:`Device.sync`. Whether a chip clears at the edge that makes autoclear active or
        at the next one, all of them do at the same."""
        operations: List[Operation] = []
        for cfr1 in (CFR1_AUTOCLEAR, CFR1_BASE):
            operations += [Transfer(channel, frame(CFR1, cfr1)) for channel in channels]
            operations.append(Pulse(IO_UPDATE))
        self._spi.execute(operations)

    # Starting

    def initialise(self, channels: Sequence[int]) -> FrozenSet[int]:
        """See :meth:`Device.initialise`. The zero amplitude is latched before the PLL is touched, so
        that no tone at full level sweeps through the band while it locks."""
        everything = len(channels) == len(self._channels)
        operations: List[Operation] = [
            Level(rf_switch(channel), False) for channel in channels if channel in self._switched
        ]
        if everything and MASTER_RESET in self._spi.lines:
            operations += [Pulse(MASTER_RESET), Delay(WAKE_TIME)]
        if IO_RESET in self._spi.lines:
            operations.append(Pulse(IO_RESET))
        quiet = ((CFR1, CFR1_BASE), (CFR2, CFR2_BASE), (AUX_DAC, AUX_DAC_BASE), (FTW, 0), (POW, 0),
                 (ASF, 0), (MULTICHIP_SYNC, 0), (PROFILE_0, 0))  # fmt: skip
        for channel in channels:
            operations += [Transfer(channel, frame(*register)) for register in quiet]
        operations.append(Pulse(IO_UPDATE))
        self._spi.execute(operations)
        if self._readback:
            for channel in channels:
                self._require(channel, {AUX_DAC: AUX_DAC_BASE, CFR2: CFR2_BASE, PROFILE_0: 0})
        self._start_clock(channels)
        return frozenset(channels)

    def _start_clock(self, channels: Sequence[int]) -> None:
        final = self._cfr3
        steps = [final | CFR3_PFD_RESET, final] if self._pll.enabled else [final]
        operations: List[Operation] = []
        for value in steps:
            operations += [Transfer(channel, frame(CFR3, value)) for channel in channels]
            operations.append(Pulse(IO_UPDATE))
        if self._pll.enabled:
            operations.append(Delay(LOCK_TIME))
        self._spi.execute(operations)
        if self._readback:
            for channel in channels:
                self._require(channel, {CFR1: CFR1_BASE, CFR3: final})

    @property
    def _cfr3(self) -> int:
        n, vco, icp, enabled = self._pll
        return CFR3_BASE | vco << 24 | icp << 19 | enabled << 8 | n << 1

    def attach(self) -> List[Optional[Words]]:
        """See :meth:`Device.attach`. IO_RESET concerns the serial port only: the output goes on."""
        if IO_RESET in self._spi.lines:
            self._spi.execute([Pulse(IO_RESET)])
        return [self._find(info.index) for info in self._channels]

    def _find(self, chip: int) -> Optional[Words]:
        if self._differences(chip, self._settings):
            return None
        value = self._read(chip, PROFILE_0)
        return Words(value & 0xFFFFFFFF, value >> 32 & 0xFFFF, value >> 48 & 0x3FFF)

    # Silence

    def silence(self, transaction: Transaction) -> bool:
        """See :meth:`Device.silence`. Means: RF switches, zero amplitude; MASTER_RESET if those fail
        (a chip in reset has FTW 0 and needs :meth:`initialise`)."""
        failures = self._open_switches()
        if IO_RESET in self._spi.lines:
            failures += self._attempt([Pulse(IO_RESET)])
        for write in transaction:
            failures += self._attempt([
                Transfer(write.channel, frame(CFR1, CFR1_BASE)),
                Transfer(write.channel, frame(PROFILE_0, profile(write.words))),
            ])  # fmt: skip
        failures += self._attempt([Pulse(IO_UPDATE)])
        if self._readback and not failures:
            try:
                failures = self.verify(transaction)
            except TransportLost:
                raise
            except TransportError as error:
                failures = [str(error)]
        if failures:
            if MASTER_RESET in self._spi.lines:
                failures += self._attempt([Pulse(MASTER_RESET)]) or ["every chip was reset"]
            raise DeviceFault("; ".join(failures))
        return self._readback

    def _open_switches(self) -> List[str]:
        failures = []
        for channel in sorted(self._switched):
            failures += self._attempt([Level(rf_switch(channel), False)])
        return failures

    def _attempt(self, operations: List[Operation]) -> List[str]:
        """Carry out ``operations``; the failure, if any, as text."""
        try:
            self._spi.execute(operations)
        except TransportLost:
            raise
        except TransportError as error:
            return [str(error)]
        return []

    # Reading

    def verify(self, transaction: Transaction) -> List[str]:
        """See :meth:`Device.verify`."""
        found: List[str] = []
        for write in transaction:
            expected = {**self._settings, PROFILE_0: profile(write.words)}
            found += self._differences(write.channel, expected)
        return found

    @property
    def _settings(self) -> "dict[int, int]":
        return {CFR1: CFR1_BASE, CFR2: CFR2_BASE, CFR3: self._cfr3, AUX_DAC: AUX_DAC_BASE}

    def _require(self, chip: int, expected: "dict[int, int]") -> None:
        differences = self._differences(chip, expected)
        if differences:
            raise DeviceFault("; ".join(differences))

    def _differences(self, chip: int, expected: "dict[int, int]") -> List[str]:
        found = []
        for register, value in expected.items():
            answer = self._read(chip, register)
            if answer != value:
                digits = 2 * WIDTHS[register]
                found.append(
                    f"chip {chip}: {NAMES[register]} reads 0x{answer:0{digits}X} instead of "
                    f"0x{value:0{digits}X}{_hint(answer, WIDTHS[register])}"
                )
        return found

    def _read(self, chip: int, register: int) -> int:
        width = WIDTHS[register]
        answer = self._spi.execute([Transfer(chip, bytes((READ | register,)) + bytes(width))])[0]
        return int.from_bytes(answer[1:], "big")


def _hint(answer: int, width: int) -> str:
    """What all zeros or all ones usually mean."""
    if answer == 0:
        return " (all zero: no power, no chip select, or MISO not wired)"
    if answer == (1 << 8 * width) - 1:
        return " (all ones: MISO floats, or no power)"
    return ""


