"""A board of AD9914 or AD9915 chips that share a bus and some pins."""

from __future__ import annotations

from typing import Any

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.transports.base import IO_UPDATE
from dds_link.transports.wiring import chip_selects, wiring
from dds_link.twins.ad9914_chip import AD9914
from dds_link.twins.attenuators import with_attenuators
from dds_link.twins.spi_board import ChipBoard

#: Highest clock of the core by the type of a config file, Hz.
MAX_SYSCLK = {"ad9914": 3.5e9, "ad9915": 2.5e9}


def make_board(device: DeviceConfig, channels: tuple[ChannelConfig, ...], clock: Clock) -> Any:
    """The board that a configuration describes, just powered up. I/O_UPDATE is always wired."""
    lines = {IO_UPDATE, *wiring(device, channels)}
    fastest = MAX_SYSCLK[device.type]
    chips = [AD9914(device.refclk, clock, fastest) for _ in chip_selects(channels)]
    return with_attenuators(ChipBoard(chips, clock, lines), device, channels)
