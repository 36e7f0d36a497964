"""A Novatech 409B or DDS9m, command-true: lines of text in, lines of text and four tones out.

The facts are those of public drivers (m-labs ``novatech409b``, labscript ``NovaTechDDS9M``, naqslab
``NovaTechDDS``; ``D0`` and ``TS`` from one of the University of Toronto) and of mirrors of the
manual. Modelled without a source, so unconfirmed:

- a carriage return is ignored, a line feed ends a line, 64 characters are too many for one;
- ``V`` above 1023 (which is known not to be refused) is full scale;
- ``QUE`` tells what goes out, not what waits for ``I p``; its last four fields never change;
- decimals of a frequency beyond the seventh are cut off;
- ``CLR`` and ``S`` act at the next reset; a factory-fresh box is at 0 Hz, full scale, echo on;
- a wrong ``I`` or ``E`` is an unknown command (``?0``); nothing answers ``?2`` or ``?5``;
- with ``M a`` every update clears all four phase accumulators;
- single tones come back with ``M 0`` as they were before ``M t``.

A baud rate is stored, but bytes come through at any; a phase accumulator does not follow each step
of a table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.twins.novatech409b_lines import (
    BAD_BYTE,
    BAD_CONSTANT,
    BAD_MODE,
    OK,
    TOO_LONG,
    UNKNOWN,
    Refused,
    amplitude_word,
    clock_byte,
    frequency_word,
    phase_word,
    table_address,
    table_entry,
)
from dds_link.twins.novatech409b_table import Entry, Table
from dds_link.words import Words

CHANNELS = 4
#: Internal reference, Hz: a fifteenth of 2^32 x 0.1 Hz.
REFERENCE = 2**32 / 10 / 15
#: Seconds after ``R`` in which the box hears nothing.
RESET_TIME = 1.0
#: Longest line without its end.
MAX_LINE = 64
_BAUDS = {"78": 9600, "3C": 19200, "1E": 38400, "14": 57600, "0A": 115200}
_WORD = 0xFFFFFFFF
# VCO ranges that the two upper bits of Kp stand for, Hz.
_VCO = {0x40: (100e6, 160e6), 0x80: (255e6, 500e6)}


@dataclass(frozen=True)
class Tone:
    """What goes out of one channel."""

    frequency: float
    """Hz."""
    amplitude: float
    """Fraction of full scale, 0...1, on the scale of the amplitude words (V / 1023)."""
    phase: float
    """Phase offset, turns."""
    locked: bool
    """Whether the core runs on the clock that ``C`` and ``Kp`` ask for."""
    words: Words

    @property
    def emits(self) -> bool:
        """Whether RF goes out; 0 Hz is a constant voltage."""
        return self.amplitude > 0 and self.frequency > 0


@dataclass
class Settings:
    """What ``S`` stores and a reset brings back."""

    words: list[Words] = field(default_factory=lambda: [Words(0, 0, 1023)] * CHANNELS)
    updating: str = "A"
    """``I``: automatic, manual, or by the edge of a pin."""
    clearing: bool = False
    """``M a``: every update clears the phase accumulators."""
    echo: bool = True
    external: bool = False
    kp: int = 0x8F
    baud: int = 19200

    def copy(self) -> Settings:
        """An independent copy."""
        return replace(self, words=list(self.words))


class Novatech:
    """One box; a :class:`~dds_link.twins.base.TextBox`.

    :param clock: its time.
    :param refclk: what is at its external clock input, Hz.
    """

    def __init__(self, clock: Clock, refclk: float = 0.0) -> None:
        self._clock = clock
        self._refclk = refclk
        #: What a reset brings back.
        self.eeprom = Settings()
        #: How many updates there were, and when the last one was, s.
        self.updates = 0
        self.last_update: float | None = None
        self._accumulators = [0] * CHANNELS
        self._counted = self._clock.now()
        self._start()

    def _start(self) -> None:
        self.settings = self.eeprom.copy()
        self.table = Table()
        self._active = list(self.settings.words)
        self._clearing = self.settings.clearing
        self._line = bytearray()
        self._deaf_until = -math.inf

    # The line

    def connect(self) -> bytes:
        """Nobody hears a serial line being opened."""
        return b""

    def receive(self, data: bytes) -> bytes:
        """Take bytes in any chunking; returns the answers to the lines that they complete."""
        answer = b""
        for byte in data:
            if self._clock.now() < self._deaf_until or byte == ord("\r"):
                continue
            if byte != ord("\n"):
                if len(self._line) <= MAX_LINE:
                    self._line.append(byte)
                continue
            line = self._line.decode("latin-1")
            self._line.clear()
            if self.settings.echo:
                answer += line.encode("latin-1") + b"\r\n"
            answer += self._answer(line)
        return answer

    def _answer(self, line: str) -> bytes:
        try:
            if len(line) > MAX_LINE:
                raise Refused(TOO_LONG)
            answer = self._command(line.strip().upper())
        except Refused as refused:
            answer = refused.code
        return answer.encode() + b"\r\n" if answer else b""

    def _command(self, line: str) -> str:
        """Carry out one line; returns the answer, without its end."""
        verb, _, rest = line.partition(" ")
        rest = rest.strip()
        if not line:
            return OK
        if line == "QUE":
            return self._report()
        if line == "R":
            self._start()
            self._deaf_until = self._clock.now() + RESET_TIME
            return ""
        if len(verb) == 2 and verb[0] in "FPV" and verb[1] in "0123":
            self._tone(verb[0], int(verb[1]), rest)
        elif verb in ("T0", "T1"):
            self._store(int(verb[1]), rest)
        elif verb in ("D0", "D1"):
            return self.table.entry(int(verb[1]), table_address(rest)).text()
        elif line in ("S", "CLR"):
            self.eeprom = self.settings.copy() if line == "S" else Settings()
        elif line == "TS":
            self.pulse_ts()
        else:
            self._set_up(verb, rest)
        return OK

    def _set_up(self, verb: str, rest: str) -> None:
        settings = self.settings
        if verb == "M":
            self._mode(rest)
        elif verb == "I" and rest in ("A", "M", "E"):
            settings.updating = rest
        elif (verb, rest) == ("I", "P"):
            self._update()
        elif verb == "E" and rest in ("D", "E"):
            settings.echo = rest == "E"
        elif verb == "C" and rest in ("E", "I"):
            self._settle()
            settings.external = rest == "E"
        elif verb == "KP":
            self._settle()
            settings.kp = clock_byte(rest)
        elif verb == "KB":
            if rest not in _BAUDS:
                raise Refused(BAD_CONSTANT)
            settings.baud = _BAUDS[rest]
        else:
            raise Refused(UNKNOWN)

    def _mode(self, mode: str) -> None:
        self._settle()
        if mode == "T":
            self.table.start(self._clock.now())
        elif mode == "0":
            self.table.stop()
        elif mode in ("A", "N"):
            self.settings.clearing = mode == "A"
            self._changed()
        else:
            raise Refused(BAD_MODE)

    def _tone(self, verb: str, channel: int, rest: str) -> None:
        words = self.settings.words[channel]
        if verb == "F":
            words = Words(frequency_word(rest), words.pow, words.asf)
        elif verb == "P":
            words = Words(words.ftw, phase_word(rest), words.asf)
        else:
            words = Words(words.ftw, words.pow, amplitude_word(rest))
        self.settings.words[channel] = words
        self._changed()

    def _store(self, channel: int, rest: str) -> None:
        address, _, values = rest.partition(" ")
        if not values:
            raise Refused(BAD_BYTE)
        self.table.store(channel, table_address(address), Entry(*table_entry(values.strip())))

    def _changed(self) -> None:
        if self.settings.updating == "A":
            self._update()

    # The pins

    def pulse_ts(self) -> None:
        """A falling edge on TS, as the command ``TS``: the next entry of the table."""
        self._settle()
        self.table.step(self._clock.now(), latched=self.settings.updating != "E")

    def pulse_ioud(self) -> None:
        """A rising edge on IOUD: with ``I e`` what waits goes out."""
        if self.settings.updating == "E":
            self._settle()
            self.table.latch()
            self._update()

    def power_cycle(self) -> None:
        """Lose the power and get it back."""
        self._settle()
        self._start()

    # What goes out

    @property
    def sysclk(self) -> float:
        """Clock of the core, Hz; 0 without a reference."""
        reference = self._refclk if self.settings.external else REFERENCE
        return reference * (self.settings.kp & 0x1F)

    @property
    def locked(self) -> bool:
        """Whether the core can run on that clock: without the PLL up to 500 MHz, else in the range
        that Kp names."""
        sysclk, kp = self.sysclk, self.settings.kp
        low, high = (1e6, 500e6) if kp & 0x1F == 1 else _VCO.get(kp & 0xC0, (math.inf, math.inf))
        return low <= sysclk <= high

    def tone(self, channel: int) -> Tone:
        """What goes out of ``channel`` now."""
        self._settle()
        words = self._words(channel)
        return Tone(
            words.ftw * self.sysclk / 2**32,
            words.asf / 1023,
            words.pow / 16384,
            self.locked,
            words,
        )

    def accumulator(self, channel: int) -> int:
        """The phase accumulator of ``channel``, 32 bits."""
        self._settle()
        return self._accumulators[channel]

    def _words(self, channel: int) -> Words:
        entry = self.table.output(channel, self._clock.now())
        return entry.words if entry is not None else self._active[channel]

    def _report(self) -> str:
        lines = [
            f"{w.ftw:08X} {w.pow:04X} {w.asf:04X} 0000 00000000 00000000 000301"
            for w in map(self._words, range(CHANNELS))
        ]
        # The second field looks like FR1 of an AD9959: range of the VCO and multiplier.
        kp = self.settings.kp
        lines.append(f"80 {kp & 0x80 | (kp & 0x1F) << 2:02X}0000 0000 0102 21")
        return "\r\n".join(lines)

    def _settle(self) -> None:
        """Bring the accumulators up to date, before anything changes."""
        now = self._clock.now()
        cycles = int(now * self.sysclk) - int(self._counted * self.sysclk)
        for channel in range(CHANNELS):
            step = self._words(channel).ftw * cycles
            self._accumulators[channel] = (self._accumulators[channel] + step) & _WORD
        self._counted = now

    def _update(self) -> None:
        """The chip takes over what it was given."""
        self._settle()
        self._active = list(self.settings.words)
        self._clearing = self.settings.clearing
        if self._clearing:
            self._accumulators = [0] * CHANNELS
        self.updates += 1
        self.last_update = self._clock.now()


def make_board(device: DeviceConfig, channels: tuple[ChannelConfig, ...], clock: Clock) -> Novatech:
    """The box that a configuration describes, just powered up."""
    return Novatech(clock, device.refclk)
