"""A board of AD9910 chips that share a bus and some pins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.transports.base import IO_RESET, IO_UPDATE, MASTER_RESET, rf_switch
from dds_link.transports.wiring import PROFILES, chip_selects, wiring
from dds_link.twins.ad9910_chip import AD9910, Tone
from dds_link.twins.attenuators import with_attenuators
from dds_link.twins.spi_board import ChipBoard

__all__ = ["AD9910", "AD9910Board", "Tone", "make_board"]


class AD9910Board(ChipBoard[AD9910]):
    """A board of AD9910.

    :param chips: how many chips (and channels) there are.
    :param refclk: reference clock at their pins, Hz.
    :param clock: their time.
    :param lines: the lines that are wired; None: all of them.
    :param lock_time: what a PLL takes to lock, s.
    """

    def __init__(
        self,
        chips: int,
        refclk: float,
        clock: Clock,
        lines: Iterable[str] | None = None,
        lock_time: float = 1e-3,
    ) -> None:
        if lines is None:
            lines = (IO_UPDATE, IO_RESET, MASTER_RESET, *PROFILES, *map(rf_switch, range(chips)))
        super().__init__([AD9910(refclk, clock, lock_time) for _ in range(chips)], clock, lines)


def make_board(device: DeviceConfig, channels: tuple[ChannelConfig, ...], clock: Clock) -> Any:
    """The board that a configuration describes, just powered up. I/O_UPDATE is always wired."""
    lines = {IO_UPDATE, *wiring(device, channels)}
    board = AD9910Board(len(chip_selects(channels)), device.refclk, clock, lines)
    return with_attenuators(board, device, channels)
