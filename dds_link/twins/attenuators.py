"""Twins of digital step attenuators HMC542B: a chain of shift registers beside a board of chips."""

from __future__ import annotations

import dataclasses
from typing import Any

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.transports.wiring import chip_selects
from dds_link.twins.base import SpiBoard


class HMC542BChain:
    """Chips of which each one's serial output is the next one's input, with one clock (which they
    see while they are selected) and one latch.

    They wake up without attenuation, which is the worst that they may do: what a HMC542B does
    depends on its pins.

    :param count: how many.
    """

    def __init__(self, count: int) -> None:
        self._mask = (1 << 8 * count) - 1
        #: The shift register as one number: the last chip has its highest byte.
        self.shifted = self._mask
        #: What acts.
        self.latched = self._mask

    def transfer(self, data: bytes, bits: int) -> bytes:
        """Clock in the first ``bits`` bits of ``data``, then deselect the chain, which latches what
        there is, also after a transfer that was cut off.

        :returns: what comes out at the end of the chain, as many bytes as ``data`` has.
        """
        answer, value = 0, int.from_bytes(data, "big")
        for place in range(8 * len(data) - 1, 8 * len(data) - 1 - bits, -1):
            pushed = self.shifted << 1 | value >> place & 1
            answer |= int(pushed > self._mask) << place
            self.shifted = pushed & self._mask
        if bits:  # without a clock edge nothing is latched
            self.latched = self.shifted
        return answer.to_bytes(len(data), "big")

    def decibel(self, place: int) -> float:
        """Attenuation of one chip: its six highest bits, while they are low, are 16 to 0.5 dB."""
        return (~self.latched >> (8 * place + 2) & 0x3F) / 2


class AttenuatedBoard:
    """A board with such a chain behind its outputs. A :class:`~dds_link.twins.base.SpiBoard`.

    :param board: without them.
    :param chip: number of the transfers that are for the chain.
    :param chain: the channel behind each attenuator, the one next to MOSI first.
    :param readback: True: the end of the chain is wired to MISO.
    """

    def __init__(self, board: Any, chip: int, chain: tuple[int, ...], readback: bool) -> None:
        #: The board itself, to be looked at.
        self.board = board
        self.attenuators = HMC542BChain(len(chain))
        self._chip = chip
        self._chain = chain
        self._readback = readback

    @property
    def lines(self) -> frozenset[str]:
        """Names of the lines that are wired."""
        lines: frozenset[str] = self.board.lines
        return lines

    def transfer(self, chip: int, data: bytes, bits: int) -> bytes:
        """See :meth:`SpiBoard.transfer`."""
        if chip == self._chip:
            answer = self.attenuators.transfer(data, bits)
            return answer if self._readback else bytes(len(data))
        answer = self.board.transfer(chip, data, bits)
        return bytes(answer)

    def pulse(self, line: str) -> None:
        """Set a line high and low again."""
        self.board.pulse(line)

    def level(self, line: str, high: bool) -> None:
        """Set a line; edges act."""
        self.board.level(line, high)

    def is_high(self, line: str) -> bool:
        """Level of a line."""
        high: bool = self.board.is_high(line)
        return high

    def attenuation(self, channel: int) -> float | None:
        """Attenuation of ``channel`` now, dB; None: there is no attenuator behind it."""
        if channel not in self._chain:
            return None
        return self.attenuators.decibel(self._chain.index(channel))

    def tone(self, channel: int) -> Any:
        """What ``channel`` puts out now, behind its RF switch and its attenuator."""
        tone = self.board.tone(channel)
        scale = 10 ** (-(self.attenuation(channel) or 0.0) / 20)
        return dataclasses.replace(tone, amplitude=tone.amplitude * scale)


def with_attenuators(
    board: SpiBoard, device: DeviceConfig, channels: tuple[ChannelConfig, ...]
) -> Any:
    """The board with the attenuators that a configuration describes; without any, itself."""
    config = device.attenuator
    if config is None:
        return board
    return AttenuatedBoard(board, len(chip_selects(channels)), config.chain, config.readback)
