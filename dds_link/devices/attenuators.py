"""A chain of digital step attenuators on the SPI bus of a board, one behind each channel.

They are daisy-chained shift registers of 8 bits with a chip select of their own: what was shifted
in acts, in all of them at once, when chip select goes high. So the whole chain is written each
time, from what this object knows. Reading is writing, too: what comes out was there before.

Facts: ARTIQ's driver of the Urukul board (``artiq/coredevice/urukul.py``: a byte for each channel,
that of the last channel first; 255 is no attenuation, 8 less is 1 dB more) and that board's logic
(``quartiq/urukul``, ``urukul.py``: the serial output of each drives the input of the next, SPI mode
0, LE rises when the chain is deselected). There the serial clock reaches the attenuators only while
they are selected; whether a HMC542B ignores it otherwise is unconfirmed, so that a board without
such a gate must be looked at before it is trusted. That the two lowest bits of a byte do not count
follows from the steps of 0.5 dB; the data sheet was not at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dds_link.attenuation import MODELS, Attenuation
from dds_link.config import AttenuatorConfig
from dds_link.devices.base import ATTENUATION, ATTENUATION_READBACK, Transaction
from dds_link.transports.base import Operation, Transfer


def chain_frame(steps: Sequence[int]) -> bytes:
    """What sets a chain: the byte of its last attenuator goes first, to be pushed furthest.

    :param steps: of each attenuator, the one next to MOSI first.
    """
    return bytes(0xFF - 4 * each for each in reversed(steps))


class Attenuators:
    """What the attenuators of one board hold, and the operations that change it. No I/O here.

    :param config: the chain.
    :param chip: the number of a transfer to it.
    """

    def __init__(self, config: AttenuatorConfig, chip: int) -> None:
        #: What each of them can do.
        self.attenuation: Attenuation = MODELS[config.type].attenuation
        #: True if they can be read.
        self.readback = config.readback
        self._chip = chip
        self._channels = config.chain
        self._place = {channel: place for place, channel in enumerate(config.chain)}
        # Of each channel what the chain held instead of what it should; see take_differences.
        self._differences: dict[int, str] = {}
        self.forget()

    @property
    def capabilities(self) -> frozenset[str]:
        """What a board with them can do, too."""
        return frozenset((ATTENUATION, *([ATTENUATION_READBACK] if self.readback else [])))

    def forget(self) -> None:
        """Nothing is known of the chain."""
        self._steps = [self.attenuation.max_steps] * len(self._channels)
        # Between what was and what shall be, no channel gets less than the larger of the two.
        self._highest = self._steps
        self._settled = False

    def doubt(self) -> None:
        """Something failed: the chain may hold what it held, what it should hold, or half of it."""
        self._settled = False

    def around(self, operations: list[Operation], transaction: Transaction) -> list[Operation]:
        """Put the attenuations of ``transaction`` around the ``operations`` that change its tones:
        attenuation rises before them and falls after them, so that no level goes out that is above
        both the old one and the new one.

        It is taken that they will be carried out; :meth:`doubt` if not.
        """
        wanted = list(self._steps)
        for write in transaction:
            if write.attenuation is not None:
                wanted[self._place[write.channel]] = write.attenuation
        if self._settled and wanted == self._steps:
            return operations
        held = self._steps if self._settled else self._highest
        highest = [max(pair) for pair in zip(held, wanted, strict=True)]
        before = [] if self._settled and highest == self._steps else [self._set(highest)]
        after = [] if highest == wanted else [self._set(wanted)]
        self._steps, self._highest, self._settled = wanted, highest, True
        self._differences.clear()
        return [*before, *operations, *after]

    def dim(self, channels: Iterable[int]) -> list[Operation]:
        """Set the largest attenuation of ``channels``, as far as they have any."""
        for channel in self._place.keys() & set(channels):
            self._steps[self._place[channel]] = self.attenuation.max_steps
        self._highest, self._settled = list(self._steps), True
        self._differences.clear()
        return [self._set(self._steps)]

    def question(self) -> list[Operation]:
        """What lets the chain show what it held; it holds what it should after that."""
        return [self._set(self._steps)]

    def compare(self, answer: bytes) -> None:
        """Note where the answer to :meth:`question` is not what the chain should have held."""
        for channel, got, expected in zip(
            reversed(self._channels), answer, chain_frame(self._steps), strict=True
        ):
            if got != expected:
                hint = "" if any(answer) else " (all zero: no power, no chip select, or not wired)"
                self._differences[channel] = (
                    f"attenuator of channel {channel} held 0x{got:02X} instead of "
                    f"0x{expected:02X}, and was set again{hint}"
                )

    def take_differences(self, channels: Iterable[int]) -> list[str]:
        """What was noted of ``channels``, once: as reading the chain puts it right, what belongs to
        other channels waits until they are asked for."""
        found = (self._differences.pop(channel, None) for channel in channels)
        return [text for text in found if text is not None]

    def _set(self, steps: Sequence[int]) -> Operation:
        return Transfer(self._chip, chain_frame(steps))
