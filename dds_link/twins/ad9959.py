"""A board of AD9959 or AD9958 chips that share a bus and some pins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.transports.base import IO_UPDATE
from dds_link.transports.wiring import chip_selects, places, wiring
from dds_link.twins.ad9959_chip import AD9959, Tone
from dds_link.twins.attenuators import with_attenuators
from dds_link.twins.spi_board import ChipBoard

__all__ = ["AD9959", "AD9959Board", "Tone", "make_board"]

#: Outputs of each type of chip.
OUTPUTS = {"ad9959": 4, "ad9958": 2}


class AD9959Board(ChipBoard[AD9959]):
    """Chips with several outputs each.

    :param chips: in the order of their chip selects.
    :param outputs: for each channel its chip, and which output of that it is.
    :param clock: their time.
    :param lines: the lines that are wired.
    """

    def __init__(
        self,
        chips: Sequence[AD9959],
        outputs: Sequence[tuple[int, int]],
        clock: Clock,
        lines: Iterable[str],
    ) -> None:
        super().__init__(chips, clock, lines)
        self._outputs = tuple(outputs)

    def accumulator(self, channel: int) -> int:
        """The phase accumulator of ``channel``."""
        chip, output = self._outputs[channel]
        return self.chips[chip].accumulator(output)

    def _tone(self, channel: int) -> Tone:
        chip, output = self._outputs[channel]
        return self.chips[chip].tone(output)


def make_board(device: DeviceConfig, channels: tuple[ChannelConfig, ...], clock: Clock) -> Any:
    """The board that a configuration describes, just powered up. I/O_UPDATE is always wired."""
    count = OUTPUTS[device.type]
    chips = [AD9959(device.refclk, clock, count) for _ in chip_selects(channels)]
    lines = {IO_UPDATE, *wiring(device, channels)}
    board = AD9959Board(chips, places(channels), clock, lines)
    return with_attenuators(board, device, channels)
