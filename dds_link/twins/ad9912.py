"""A board of AD9912 chips that share a bus and some pins."""

from __future__ import annotations

from typing import Any

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.transports.base import IO_UPDATE
from dds_link.transports.wiring import chip_selects, wiring
from dds_link.twins.ad9912_chip import AD9912, Tone
from dds_link.twins.attenuators import with_attenuators
from dds_link.twins.spi_board import ChipBoard

__all__ = ["AD9912", "Tone", "make_board"]


def make_board(device: DeviceConfig, channels: tuple[ChannelConfig, ...], clock: Clock) -> Any:
    """The board that a configuration describes, just powered up. I/O_UPDATE is always wired.

    The pins S1 to S4 of each chip are tied so that it wakes up at 0 Hz, on the clock that the
    configuration asks for.
    """
    straps = 8 if device.sysclk == device.refclk else 0
    chips = [AD9912(device.refclk, clock, straps=straps) for _ in chip_selects(channels)]
    board = ChipBoard(chips, clock, {IO_UPDATE, *wiring(device, channels)})
    return with_attenuators(board, device, channels)
