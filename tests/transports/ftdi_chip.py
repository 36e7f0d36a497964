"""An FT232H as USB sees it, with its serial engine (MPSSE) and what is wired to its pins.

Facts: FTDI AN_108 "Command Processor for MPSSE" and the FT232H data sheet. It refuses commands that
dds_link has no use for, so that a wrong byte cannot pass for a rare command.
"""

import errno
import os
from collections.abc import Callable, Mapping
from typing import Any

RESET, MPSSE = 0x00, 0x02
SCLK, MOSI, MISO = 0x01, 0x02, 0x04
#: What it drives when it is no serial engine: the outputs of a serial port, all high.
SERIAL_PORT = 0x15
# Commands without arguments that change nothing here: clock / 5, loopback, 3 phases, adaptive off.
_SWITCHES = {0x8A: "fast", 0x8B: "slow", 0x85: None, 0x8D: None, 0x97: None}


def usb_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


class FtdiChip:
    """One port.

    :param names: pins (bit numbers) by name.
    :param selects: pins that select chips 0, 1...

    Chip selects are pulled up, everything else is pulled down.
    """

    def __init__(self, names: Mapping[str, int], selects: Mapping[int, int]) -> None:
        self.version = 0x0900
        self.plugged = True
        self.address = 5
        #: The process that has it; None: nobody.
        self.claimed_by: object = None
        self.serial_driver = True
        #: Errors of the next calls (0: none), by name: ``{"write": [0, errno.EIO]}``.
        self.errors: dict[str, list[int]] = {}
        #: The engine does not answer any more.
        self.mute = False
        #: The engine leaves the last bytes out.
        self.short = False
        #: It sends its answers byte by byte.
        self.dribble = False
        self.answer_to_nonsense = b"\xfa\xaa"
        self.clock = 0.0
        #: Everything on the wires: ``("spi", chip, bytes)`` and ``(name, level)``.
        self.trace: list[tuple[Any, ...]] = []
        #: What is at the other end of the SPI bus.
        self.far_end: Callable[[int, bytes], bytes] = lambda chip, data: bytes(len(data))
        #: What is at the other end of the lines.
        self.on_level: Callable[[str, bool], None] = lambda name, high: None
        self._names = {bit: name for name, bit in names.items()}
        self._selects = dict(selects)
        self._pulled_up = sum(1 << bit for bit in self._selects.values())
        self._frames: dict[int, bytes] = {}
        self._mode = RESET
        #: The pins that it drives.
        self.outputs = SERIAL_PORT
        self._levels = SERIAL_PORT
        self._commands = b""
        self._answers = b""
        self._slow = True
        #: For each pulse, how many commands had set its line high.
        self.widths: list[int] = []
        self._high_for = [0] * 16

    # What USB does

    def fail_if_told(self, call: str) -> None:
        """The next number in ``errors``, where 0 is none."""
        if not self.plugged:
            raise usb_error(errno.ENODEV)
        if self.errors.get(call):
            number = self.errors[call].pop(0)
            if number:
                raise usb_error(number)

    def set_mode(self, mode: int) -> None:
        """Enter a mode: the engine starts afresh, and no pin is driven before it says so."""
        assert mode in (RESET, MPSSE)
        self._mode = mode
        self._commands = self._answers = b""
        self._drive(*((SERIAL_PORT, SERIAL_PORT) if mode == RESET else (0, 0)))

    def purge(self) -> None:
        """Empty the buffers."""
        self._commands = self._answers = b""

    def write(self, data: bytes) -> None:
        """Take commands, in any chunking."""
        assert self._mode == MPSSE
        self._commands += data
        while self._commands:
            size = self._carry_out(self._commands)
            if not size:
                return
            self._commands = self._commands[size:]

    def read(self, size: int) -> bytes:
        """What the engine has answered, as far as it was told to send."""
        size = 1 if self.dribble else size
        found, self._answers = self._answers[:size], self._answers[size:]
        return found

    # What the engine does

    def _carry_out(self, commands: bytes) -> int:
        """The first of ``commands``; returns its length, or 0 if it is not whole yet."""
        code, rest = commands[0], commands[1:]
        if code in (0x80, 0x82):
            if len(rest) < 2:
                return 0
            shift = 8 if code == 0x82 else 0
            keep = 0xFF << 8 - shift
            self._drive(self.outputs & keep | rest[1] << shift,
                        self._levels & keep | rest[0] << shift)  # fmt: skip
            return 3
        if code == 0x31:
            size = int.from_bytes(rest[:2], "little") + 1
            if len(rest) < 2 + size:
                return 0
            self._clock(rest[2 : 2 + size])
            return 3 + size
        if code == 0x86:
            if len(rest) < 2:
                return 0
            base = 6e6 if self._slow else 30e6
            self.clock = base / (1 + int.from_bytes(rest[:2], "little"))
            return 3
        if code in _SWITCHES:
            self._slow = {"fast": False, "slow": True}.get(_SWITCHES[code] or "", self._slow)
        elif code == 0xAA:
            self._answer(self.answer_to_nonsense)
        else:
            assert code == 0x87, f"command 0x{code:02X}"  # 0x87: send at once
        return 1

    def _answer(self, data: bytes) -> None:
        if not self.mute:
            self._answers += data[:-1] if self.short else data

    def _clock(self, data: bytes) -> None:
        assert self.outputs & (SCLK | MOSI | MISO) == SCLK | MOSI
        assert not self._levels & SCLK, "not mode 0"
        chips = [chip for chip, bit in self._selects.items() if not self.levels >> bit & 1]
        assert len(chips) == 1, f"selected: {chips}"
        self._answer(self.far_end(chips[0], data))
        self._frames[chips[0]] = self._frames.get(chips[0], b"") + data

    # What the wires do

    @property
    def levels(self) -> int:
        """Levels of all pins."""
        return self._levels & self.outputs | self._pulled_up & ~self.outputs

    def _drive(self, outputs: int, levels: int) -> None:
        before = self.levels
        self.outputs, self._levels = outputs, levels
        after = self.levels
        for bit in range(16):
            high = bool(after >> bit & 1)
            if bool(before >> bit & 1) != high:
                self._edge(bit, high)
            self._high_for[bit] = self._high_for[bit] + 1 if high else 0

    def _edge(self, bit: int, high: bool) -> None:
        if bit in self._names:
            if not high:
                self.widths.append(self._high_for[bit])
            self.trace.append((self._names[bit], high))
            self.on_level(self._names[bit], high)
        for chip, select in self._selects.items():
            if bit == select and high and chip in self._frames:
                self.trace.append(("spi", chip, self._frames.pop(chip)))
