"""A board of AD9910 chips that share a bus and some pins."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.transports.base import IO_RESET, IO_UPDATE, MASTER_RESET, rf_switch
from dds_link.transports.wiring import PROFILES, chip_selects, wiring
from dds_link.twins.ad9910_chip import AD9910, Tone
from dds_link.twins.attenuators import with_attenuators

__all__ = ["AD9910", "AD9910Board", "Tone", "make_board"]


class AD9910Board:
    """Chips with one I/O_UPDATE, one IO_RESET, one MASTER_RESET and one set of PROFILE pins.

    A :class:`~dds_link.twins.base.SpiBoard`. All lines start low; PROFILE pins that are not wired
    are tied low. An RF switch lets its channel through while its line is high.

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
        self._clock = clock
        self.chips = tuple(AD9910(refclk, clock, lock_time) for _ in range(chips))
        if lines is None:
            lines = (IO_UPDATE, IO_RESET, MASTER_RESET, *PROFILES, *map(rf_switch, range(chips)))
        self._high = dict.fromkeys(lines, False)
        self._lines = frozenset(self._high)
        self._by_number = dict(enumerate(self.chips))
        # Chips for which the next I/O_UPDATE may have something to do.
        self._waiting: set[AD9910] = set()
        #: How many rising edges there were on I/O_UPDATE.
        self.updates = 0
        #: Time of the last one, s.
        self.last_update: float | None = None

    @property
    def lines(self) -> frozenset[str]:
        """Names of the lines that are wired."""
        return self._lines

    def transfer(self, chip: int, data: bytes, bits: int) -> bytes:
        """Clock the first ``bits`` bits of ``data`` into ``chip`` while its chip select is low.

        :returns: what MISO carried, as many bytes as ``data`` has.
        :raises KeyError: if there is no such chip.
        """
        target = self._by_number[chip]
        answer = target.transfer(data, bits)
        if target.wants_update:
            self._waiting.add(target)
        return answer

    def level(self, line: str, high: bool) -> None:
        """Set a line; edges act.

        :raises KeyError: if it is not wired.
        """
        if self._high[line] is high:
            return
        self._high[line] = high
        if line == IO_UPDATE:
            if high:
                self._update()
        elif line == IO_RESET:
            for chip in self.chips:
                chip.set_io_reset(high)
        elif line == MASTER_RESET:
            for chip in self.chips:
                chip.set_master_reset(high)
        elif line in PROFILES:
            self._select_profile()

    def pulse(self, line: str) -> None:
        """Set a line high and low again.

        :raises KeyError: if it is not wired.
        """
        if line == IO_UPDATE and not self._high[line]:
            self._update()  # its falling edge does nothing
            return
        self.level(line, True)
        self.level(line, False)

    def is_high(self, line: str) -> bool:
        """The level of a line.

        :raises KeyError: if it is not wired.
        """
        return self._high[line]

    def tone(self, channel: int) -> Tone:
        """What ``channel`` puts out now, behind its RF switch."""
        tone = self.chips[channel].tone()
        if self._high.get(rf_switch(channel), True):
            return tone
        return dataclasses.replace(tone, amplitude=0.0)

    def _update(self) -> None:
        now = self._clock.now()
        self.updates += 1
        self.last_update = now
        waiting, self._waiting = self._waiting, set()
        for chip in waiting:
            chip.update(now)
            if chip.wants_update:
                self._waiting.add(chip)

    def _select_profile(self) -> None:
        now = self._clock.now()
        profile = sum(self._high.get(line, False) << bit for bit, line in enumerate(PROFILES))
        for chip in self.chips:
            chip.select_profile(profile, now)


def make_board(device: DeviceConfig, channels: tuple[ChannelConfig, ...], clock: Clock) -> Any:
    """The board that a configuration describes, just powered up. I/O_UPDATE is always wired."""
    lines = {IO_UPDATE, *wiring(device, channels)}
    board = AD9910Board(len(chip_selects(channels)), device.refclk, clock, lines)
    return with_attenuators(board, device, channels)
