"""One slot of a Wieserlabs FlexDDS-NG rack: lines over TCP in, two tones out.

The first line of a connection must be the token. Each line is answered by one: ``OK``, or something
with ``error`` in it. ``dds reset`` acts at once, ``dcp`` lines go through a queue for each channel.
Without a token it is the USB box (FlexDDS-NG Dual) once that was told ``interactive off``; the
prompts and echoes of its interactive mode are not simulated.

Facts as in :mod:`dds_link.twins.flexdds_instructions`. Unconfirmed: the words of every error, and
of the answer to a wrong token; that an empty line is not answered; what ``reset`` answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.twins.ad9910_chip import Tone
from dds_link.twins.flexdds_dcp import Dcp
from dds_link.twins.flexdds_instructions import EVENTS, parse

__all__ = ["FlexDDS", "Tone", "make_board"]

CHANNELS = 2
MAX_LINE = 1024
"""Longest line, bytes; of a longer one the beginning is forgotten."""
VERSION = ('Version: "FlexDDS-NG, twin of dds_link"', "USER:")
#: Locked to the reference at its first clock input; the spelling is that of QMI's driver.
PLL_STATUS = (
    "LMK PLL status: rv=0",
    "  DLD (lock detect): PLL1: locked     PLL2: locked      BOTH: locked",
    "  Holdover . . . . : inact",
    "  DAC. . . . . . . : low",
    "  LOS (signal loss): CLKIN0: not lost     CLKIN1: not lost",
    "  CLKIN selected . : CLKIN0: *SELECT*     CLKIN1: (unsel)",
)

_LINE_END = re.compile(rb"[\r\n]")


class FlexDDS:
    """Two channels behind one connection. A :class:`~dds_link.twins.base.TextBox`.

    :param clock: its time.
    :param sysclk: clock of its AD9910, Hz.
    :param token: the line that opens a connection; empty: none is needed.
    :param automatic: True: as clients of the rack find it, an instruction needs neither ``dcp
        start`` nor a flush. False: both are needed, as the manual of the USB box has it.
    """

    def __init__(
        self, clock: Clock, sysclk: float = 1e9, token: str = "", automatic: bool = True
    ) -> None:
        self._token = token
        self.channels = tuple(Dcp(sysclk, clock, automatic) for _ in range(CHANNELS))
        self._commands: dict[str, Callable[[list[str]], str]] = {
            "dcp": self._dcp,
            "dds": self._dds,
            "set": self._set,
            "reset": self._reset,
            "version": lambda words: "\r\n".join(VERSION),
            "lmkpll": lambda words: "\r\n".join(PLL_STATUS),
            "interactive": self._interactive,
        }
        self.connect()

    # -- the connection ----------------------------------------------------------------------------

    def connect(self) -> bytes:
        """A client connects; the box waits for its token. A line that was cut off is forgotten."""
        self._line = b""
        self._known = not self._token
        self._says_ok = True
        return b""

    def receive(self, data: bytes) -> bytes:
        """Take bytes in any chunking; returns what the box sends back."""
        *lines, rest = _LINE_END.split(self._line + data)
        self._line = rest[-MAX_LINE:]
        return b"".join(self._answer(line[-MAX_LINE:]) for line in lines)

    def _answer(self, line: bytes) -> bytes:
        text = line.decode("ascii", "replace").strip()
        if not text:
            return b""
        if not self._known:
            self._known = text == self._token
            return b"Auth OK\r\n" if self._known else b"error: authentication failed\r\n"
        verb, *words = text.split()
        try:
            command = self._commands.get(verb.lower())
            if command is None:
                raise ValueError("unknown command")
            answer = command(words)
        except ValueError as error:
            return f"error: {error}\r\n".encode()
        if answer == "OK":
            return b"OK\r\n" if self._says_ok else b""
        return answer.encode() + b"\r\n"

    # -- the commands ------------------------------------------------------------------------------

    def _dcp(self, words: list[str]) -> str:
        channels, rest = self._addressed(words)
        if len(rest) != 1:
            raise ValueError("dcp [channel] instruction")
        text = rest[0]
        flushes = text.endswith("!")
        if text.lower() in ("start", "stop", "flush"):
            for channel in channels:
                getattr(channel, text.lower())()
            return "OK"
        instruction = parse(text.rstrip("!"))
        for channel in channels:
            channel.put(instruction)
        for channel in channels:
            if flushes:
                channel.flush()
        return "OK"

    def _dds(self, words: list[str]) -> str:
        channels, rest = self._addressed(words)
        if [word.lower() for word in rest] != ["reset"]:
            raise ValueError("dds [channel] reset")
        for channel in channels:
            channel.reset()
        return "DDS reset OK"

    def _addressed(self, words: list[str]) -> tuple[tuple[Dcp, ...], list[str]]:
        """The channels that a command is for, and the rest of it."""
        if words and words[0].isdigit():
            if not int(words[0]) < CHANNELS:
                raise ValueError("no such channel")
            return (self.channels[int(words[0])],), words[1:]
        return self.channels, words

    def _set(self, words: list[str]) -> str:
        name, _, value = "".join(words).lower().partition("=")
        if name != "resp_suppress_ok" or value not in ("0", "1"):
            raise ValueError("unknown setting")
        self._says_ok = value == "0"
        return "OK"

    def _reset(self, words: list[str]) -> str:
        for channel in self.channels:
            channel.reset()
        return "OK"

    def _interactive(self, words: list[str]) -> str:
        if words != ["off"]:
            raise ValueError("interactive off")
        return "Interactive off"

    # -- what it looks like from the outside -------------------------------------------------------

    def trigger(self, event: str) -> None:
        """Something happens at the inputs, for example ``"BNC_IN_A_RISING"``."""
        for channel in self.channels:
            channel.fire(EVENTS[event])

    def power_cycle(self) -> None:
        """Lose the power and get it back."""
        for channel in self.channels:
            channel.reset()
        self.connect()

    def tone(self, channel: int) -> Tone:
        """What ``channel`` puts out now."""
        self.channels[channel].run()
        return self.channels[channel].chip.tone()

    def accumulator(self, channel: int) -> int:
        """The phase accumulator of ``channel`` now: turns times 2^32."""
        self.channels[channel].run()
        return self.channels[channel].chip.accumulator()


def make_board(device: DeviceConfig, channels: tuple[ChannelConfig, ...], clock: Clock) -> FlexDDS:
    """The slot that a configuration describes, just powered up."""
    return FlexDDS(clock, device.sysclk, device.token)
