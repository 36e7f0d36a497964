"""A board of chips that share a bus and some pins, whatever chips they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from dds_link.clock import Clock
from dds_link.transports.base import IO_RESET, IO_UPDATE, MASTER_RESET, rf_switch
from dds_link.transports.wiring import PROFILES


class Chip(Protocol):
    """What a board needs of a chip."""

    wants_update: bool
    """The next I/O_UPDATE has something to do here."""

    def transfer(self, data: bytes, bits: int) -> bytes:
        """Clock in the first ``bits`` bits of ``data`` with chip select low.

        :returns: what the host reads meanwhile, as many bytes as ``data`` has.
        """

    def update(self, now: float) -> None:
        """A rising edge on I/O_UPDATE, for a chip that wants one; ``now`` is its time, s."""

    def select_profile(self, profile: int, now: float) -> None:
        """A new number on the PROFILE pins."""

    def set_io_reset(self, high: bool) -> None:
        """The level of the pin that resets the serial port."""

    def set_master_reset(self, high: bool) -> None:
        """The level of MASTER_RESET."""


ChipT = TypeVar("ChipT", bound=Chip)


class ChipBoard(Generic[ChipT]):
    """Chips with one I/O_UPDATE, one IO_RESET, one MASTER_RESET and one set of PROFILE pins.

    A :class:`~dds_link.twins.base.SpiBoard`. All lines start low; PROFILE pins that are not wired
    are tied low. An RF switch lets its channel through while its line is high. For chips with
    several channels a class derived from this one has :meth:`_tone`.

    :param chips: in the order of their chip selects.
    :param clock: their time.
    :param lines: the lines that are wired.
    """

    def __init__(self, chips: Sequence[ChipT], clock: Clock, lines: Iterable[str]) -> None:
        self._clock = clock
        self.chips = tuple(chips)
        self._by_number = dict(enumerate(self.chips))
        self._high = dict.fromkeys(lines, False)
        self._lines = frozenset(self._high)
        # Chips for which the next I/O_UPDATE may have something to do.
        self._waiting: set[ChipT] = set()
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

    def tone(self, channel: int) -> Any:
        """What ``channel`` puts out now, behind its RF switch: the dataclass of its chip."""
        tone = self._tone(channel)
        if self._high.get(rf_switch(channel), True):
            return tone
        return dataclasses.replace(tone, amplitude=0.0)

    def _tone(self, channel: int) -> Any:
        """What ``channel`` puts out before its switch; here each chip has one channel."""
        return self.chips[channel].tone()  # type: ignore[attr-defined]

    def _update(self) -> None:
        now = self._clock.now()
        self.updates += 1
        self.last_update = now
        waiting, self._waiting = self._waiting, set()
        for chip in waiting:
            if chip.wants_update:
                chip.update(now)
                if chip.wants_update:
                    self._waiting.add(chip)

    def _select_profile(self) -> None:
        now = self._clock.now()
        profile = sum(self._high.get(line, False) << bit for bit, line in enumerate(PROFILES))
        for chip in self.chips:
            chip.select_profile(profile, now)
