"""The table of a Novatech 409B: settings of channels 0 and 1 that it steps through by itself."""

from __future__ import annotations

import math
from typing import NamedTuple

from dds_link.words import Words

#: Unit of a dwell, s.
TICK = 100e-6
#: Dwell that waits for a trigger, and dwell of the last entry.
TRIGGER, END = 0xFF, 0x00
LENGTH = 16384


class Entry(NamedTuple):
    """One entry."""

    ftw: int
    pow: int
    asf: int
    dwell: int
    """In units of 100 us, or :data:`TRIGGER`, or :data:`END`."""

    @property
    def words(self) -> Words:
        """Without the time."""
        return Words(self.ftw, self.pow, self.asf)

    def text(self) -> str:
        """As it was entered."""
        return f"{self.ftw:08x},{self.pow:04x},{self.asf:04x},{self.dwell:02x}"


_EMPTY = Entry(0, 0, 0, TRIGGER)


class Table:
    """Two columns that run together, at the times of channel 0."""

    def __init__(self) -> None:
        self._entries: dict[tuple[int, int], Entry] = {}
        self.running = False
        self._address = self._shown = 0
        self._stepped_at = 0.0

    def store(self, channel: int, address: int, entry: Entry) -> None:
        """Enter a setting."""
        self._entries[channel, address] = entry

    def entry(self, channel: int, address: int) -> Entry:
        """What was entered; nothing goes out of what was not."""
        return self._entries.get((channel, address), _EMPTY)

    def start(self, now: float) -> None:
        """Put out entry 0 and begin to step."""
        self.running = True
        self._address = self._shown = 0
        self._stepped_at = now

    def stop(self) -> None:
        """Back to single tones."""
        self.running = False

    def step(self, now: float, latched: bool) -> None:
        """Go to the next entry.

        :param latched: False: it goes out at :meth:`latch` only.
        """
        if self.running:
            self._run(now)
            self._advance()
            self._stepped_at = now if latched else math.inf
            self._shown = self._address if latched else self._shown

    def latch(self) -> None:
        """Put out the entry that was loaded."""
        self._shown = self._address

    def output(self, channel: int, now: float) -> Entry | None:
        """What the table puts out; None for a channel that it does not drive."""
        if not self.running or channel > 1:
            return None
        self._run(now)
        return self.entry(channel, self._shown)

    def _advance(self) -> None:
        at_end = self.entry(0, self._address).dwell == END
        self._address = 0 if at_end else (self._address + 1) % LENGTH

    def _dwell(self, address: int) -> float:
        ticks = self.entry(0, address).dwell
        return math.inf if ticks == TRIGGER else (ticks or 1) * TICK

    def _run(self, now: float) -> None:
        """Take the steps that are due."""
        while self._stepped_at + self._dwell(self._address) <= now:
            self._stepped_at += self._dwell(self._address)
            self._advance()
            self._shown = self._address
            if self._address == 0:  # leave whole rounds out
                # An infinite one is no round: there are none of it.
                round_time = min(self._round(), 1e18)
                self._stepped_at += int((now - self._stepped_at) / round_time) * round_time

    def _round(self) -> float:
        total = 0.0
        for address in range(LENGTH):
            total += self._dwell(address)
            if total == math.inf or self.entry(0, address).dwell == END:
                break
        return total
