"""The command processor (DCP) of one channel of a FlexDDS-NG: a queue, and an AD9910 behind it.

A line that was answered ``OK`` is in the queue, no more: it acts when its turn comes, and never if
something before it waits for a trigger that does not come.

Assumed, because no public source says: an SPI transfer takes no time, but one with ``:c`` has not
ended when the next instruction begins; the PROFILE pins are low after a reset; how long the queue
is. DRCTL, DRHOLD and OSK pins, BNC outputs and analog modulation are not simulated.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from dds_link.clock import Clock
from dds_link.twins import ad9910_core as core
from dds_link.twins.ad9910_chip import AD9910
from dds_link.twins.flexdds_instructions import (
    EVENTS,
    SPI_REGISTERS,
    Instruction,
    Register,
    Spi,
    Update,
    Wait,
)

MAX_QUEUE = 4096
"""Most instructions that wait."""

#: What the box writes when it resets a DDS (the clock goes in undivided, past the PLL).
CFR1_AT_RESET, CFR2_AT_RESET, CFR3_AT_RESET = 0x00410002, 0x004008C0, 0x0E3FC018
#: Bits that a client cannot change; they stay as they are at reset.
FIXED_BITS = {core.CFR1: 0x000000FF, core.CFR2: 0x00C00E20}
_AT_RESET = {core.CFR1: CFR1_AT_RESET, core.CFR2: CFR2_AT_RESET}

_RAM_BEGIN, _RAM_32_END = SPI_REGISTERS["RAMB"][0], SPI_REGISTERS["RAM32E"][0]
_FLUSHED = frozenset(
    EVENTS[name] for name in ("ALL_SPI_FIFOS_FLUSHED", "SPI_FIFO_FLUSHED", "O_SPI_FIFO_FLUSHED")
)


class Dcp:
    """One channel, just powered up.

    :param sysclk: the clock that the box gives to its AD9910, Hz.
    :param clock: its time.
    :param automatic: False: it runs only once it was started, and takes instructions over only when
        they are flushed.
    """

    def __init__(self, sysclk: float, clock: Clock, automatic: bool) -> None:
        self._clock = clock
        self._automatic = automatic
        self.chip = AD9910(sysclk, clock)
        #: Rising edges on I/O_UPDATE so far.
        self.updates = 0
        self.reset()

    def reset(self) -> None:
        """Reset the DDS and forget every instruction, at once."""
        self._input: list[Instruction] = []
        self._queue: deque[Instruction] = deque()
        self._transfers: list[Spi] = []
        self._wait: Wait | None = None
        self._seen: set[int] = set()
        self._time = self._clock.now()  # of the instruction under way, s
        self._profile = 0
        self.running = self._automatic
        #: Registers of the DCP by address, as they were written.
        self.registers: dict[int, int] = {}
        chip = self.chip
        chip.set_master_reset(True)
        chip.set_master_reset(False)
        chip.select_profile(0, self._time)
        chip.write(core.CFR1, CFR1_AT_RESET)
        chip.write(core.CFR2, CFR2_AT_RESET)
        chip.write(core.CFR3, CFR3_AT_RESET)
        chip.update(self._time)

    # -- what the host says ------------------------------------------------------------------------

    def put(self, instruction: Instruction) -> None:
        """Take an instruction.

        :raises ValueError: if the queue is full.
        """
        if not len(self._input) + len(self._queue) < MAX_QUEUE:
            raise ValueError("queue full")
        self._input.append(instruction)
        if self._automatic:
            self.flush()

    def flush(self) -> None:
        """What was taken goes to the queue."""
        self.run()
        if not self._queue and self._wait is None:
            self._time = self._clock.now()
        self._queue.extend(self._input)
        self._input.clear()
        self.run()

    def start(self) -> None:
        """Run, and flush."""
        if not self.running:
            self.running = True
            self._time = self._clock.now()
        self.flush()

    def stop(self) -> None:
        """Begin no further instruction."""
        self.run()
        self.running = False

    def fire(self, event: int) -> None:
        """Something happens that an instruction may wait for."""
        self.run()
        if self._wait is not None and event in self._wait.events:
            self._seen.add(event)
            self.run(event_at=self._clock.now())

    # -- what it does ------------------------------------------------------------------------------

    def run(self, event_at: float | None = None) -> None:
        """Carry out what is due by now.

        :param event_at: time of the event that was last seen, s.
        """
        while self.running:
            if self._wait is not None:
                end = self._end_of_wait(self._wait, event_at)
                if end is None:
                    return
                then, self._wait, self._time = self._wait.then, None, end
                if then is not None:
                    self._act(then.actions)
            elif self._queue:
                self._begin(self._queue.popleft())
            else:
                self._finish_transfers()
                return

    def _begin(self, instruction: Instruction) -> None:
        if isinstance(instruction, Spi):
            self._transfers.append(instruction)
            if instruction.waits:
                self._finish_transfers()
        elif isinstance(instruction, Update):
            self._act(instruction.actions)
            self._finish_transfers()
        elif isinstance(instruction, Register):
            self.registers[instruction.address] = instruction.value
        else:
            self._finish_transfers()
            self._wait = instruction
            self._seen = set(_FLUSHED.intersection(instruction.events))

    def _end_of_wait(self, wait: Wait, event_at: float | None) -> float | None:
        """When ``wait`` ended, s; None: not yet."""
        happened = [event in self._seen for event in wait.events]
        if happened and (all(happened) if wait.every else any(happened)):
            return self._time if event_at is None else event_at
        if wait.nanoseconds is None:
            return None
        end = self._time + wait.nanoseconds * 1e-9
        return end if end <= self._clock.now() else None

    def _finish_transfers(self) -> None:
        """The serial port of the chip has taken in all that was sent to it."""
        for address, value, _ in self._transfers:
            if address < core.RAM:
                fixed = FIXED_BITS.get(address, 0)
                self.chip.write(address, value & ~fixed | _AT_RESET.get(address, 0) & fixed)
            elif address == _RAM_BEGIN:
                self.chip.rewind()
            else:
                words = [value] if address == _RAM_32_END else [value >> 32, value & 0xFFFFFFFF]
                for word in words:
                    self.chip.write(core.RAM, word)
        self._transfers.clear()

    def _act(self, actions: Sequence[str]) -> None:
        for action in actions:
            if action == "u":
                self.updates += 1
                self.chip.update(self._time)
            elif action.endswith("p"):
                step = {"+p": self._profile + 1, "-p": self._profile - 1}
                self._profile = step[action] & 7 if action in step else int(action[1])
                self.chip.select_profile(self._profile, self._time)
