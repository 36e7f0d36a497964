"""A short life of every device, on its twin, written down byte for byte.

The files in ``traffic/`` are what each driver must send and its twin must answer, and what goes out
of the twin after each step; whoever changes a driver on purpose writes them again, by ``python -m
tests.devices.life``, and reads the difference with the data sheet in hand.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dds_link.config import Config, Pins, parse
from dds_link.devices.base import ATTACH, READBACK, SYNC, Device, Finding, Write
from dds_link.devices.registry import DEVICES, Entry, check, find, load
from dds_link.errors import DeviceFault, TransportError, Unsupported
from dds_link.transports.base import Delay, Exchange, Level, Pulse, SpiTransport, Transfer
from dds_link.transports.scripted import Discard, Step, describe
from dds_link.transports.stream_twin import StreamTwinTransport
from dds_link.transports.twin import TwinTransport
from dds_link.tuning import Tuning
from dds_link.twins.base import TextBox
from dds_link.words import Words
from tests.twins.manual_clock import ManualClock

FOLDER = Path(__file__).parent / "traffic"


class Notes(list[str]):
    """Lines of text.

    :param expected: what they must be, as far as anything is expected.
    """

    def __init__(self, expected: Sequence[str] = ()) -> None:
        super().__init__()
        self._expected = expected

    def append(self, line: str) -> None:
        """Take a line.

        :raises AssertionError: if it is not the one that is expected.
        """
        number = len(self)
        super().append(line)
        if self._expected:
            expected = [*self._expected[number : number + 1], "nothing more"][0]
            if line != expected:
                raise AssertionError(f"line {number + 1} is {line!r}, not {expected!r}")


class Notebook:
    """Writes down what goes over the wires, one line for each operation."""

    notes: Notes
    #: How many operations from now the first one fails, and how many do. Nothing of them gets
    #: through.
    fails, failures = 0, 0

    def note(self, step: Step, perform: Callable[[], Any]) -> Any:
        """Have an operation carried out, or fail."""
        self.fails -= 1
        if self.fails < 1 and self.failures:
            self.failures -= 1
            self.notes.append(f"  fails: {describe(step)}")
            raise TransportError("nothing gets through")
        answer = perform()
        shown = ""
        if isinstance(answer, bytes) and any(answer):
            shown = f" -> {answer.hex(' ') if isinstance(step, Transfer) else repr(answer)}"
        self.notes.append(f"  {describe(step)}{shown}")
        return answer


class NotedBus(Notebook, TwinTransport):
    """An SPI bus that ends in a twin."""

    execute = SpiTransport.execute  # operation by operation

    def transfer(self, chip: int, data: bytes) -> bytes:
        answer: bytes = self.note(Transfer(chip, data), lambda: self._transfer(chip, data))
        return answer

    def _transfer(self, chip: int, data: bytes) -> bytes:
        return TwinTransport.transfer(self, chip, data)

    def pulse(self, line: str) -> None:
        self.note(Pulse(line), lambda: TwinTransport.pulse(self, line))

    def level(self, line: str, high: bool) -> None:
        self.note(Level(line, high), lambda: TwinTransport.level(self, line, high))

    def delay(self, seconds: float) -> None:
        self.note(Delay(seconds), lambda: TwinTransport.delay(self, seconds))


class NotedStream(Notebook, StreamTwinTransport):
    """A stream of bytes that ends in a twin."""

    def exchange(self, data: bytes, end: bytes, parts: int, timeout: float) -> bytes:
        answer: bytes = self.note(
            Exchange(data, end, parts, timeout),
            lambda: StreamTwinTransport.exchange(self, data, end, parts, timeout),
        )
        return answer

    def discard(self, quiet: float) -> bytes:
        dropped: bytes = self.note(Discard(quiet), lambda: StreamTwinTransport.discard(self, quiet))
        return dropped

    def delay(self, seconds: float) -> None:
        self.note(Delay(seconds), lambda: StreamTwinTransport.delay(self, seconds))


class Life:
    """One driver after the other on a twin.

    :param entry: of the device.
    :param config: how it is wired.
    :param is_poor: True: without all that it could have.
    :param notes: where it is written down.
    """

    def __init__(self, entry: Entry, config: Config, is_poor: bool, notes: Notes) -> None:
        self.config = config
        self.is_poor = is_poor
        clock = ManualClock()
        self._driver = load(entry.driver)
        self.board = load(entry.board)(config.device, config.channels, clock)
        self.wires: Any
        if isinstance(self.board, TextBox):
            self.wires = NotedStream(self.board, clock)
        else:
            self.wires = NotedBus(self.board, clock, config.device.readback)
        self.wires.notes = notes
        self.device = self.another()
        self.every = [info.index for info in self.device.channels]

    def another(self) -> Device:
        """A driver, as after a restart."""
        device: Device = self._driver(self.config.device, self.config.channels, self.wires)
        return device

    def step(self, name: str, act: Callable[[], object]) -> None:
        """Do something; note what it is, the traffic, how it ends, and what goes out then."""
        notes = self.wires.notes
        notes.append(f"{name}:")
        try:
            result = act()
        except (TransportError, DeviceFault, Unsupported) as error:
            notes.append(f"  raises {type(error).__name__}: {error}")
        else:
            if result is not None:
                for each in _lines(result):
                    notes.append(f"  returns {each}")
        tones = [self.board.tone(channel) for channel in self.every]
        out = (f"{tone.frequency:.9g} Hz" if tone.emits else "-" for tone in tones)
        notes.append(f"  out: {', '.join(out)}")

    def live(self) -> None:
        """All of it."""
        device, every, wires = self.device, self.every, self.wires
        capabilities = device.capabilities
        first, second = self._writes(0), self._writes(1)
        last = every[-1]
        off = _off(second)
        self.step("open", device.open)
        self.step("probe", device.probe)
        self.step("initialise all", lambda: device.initialise(every))
        self.step("probe", device.probe)
        self.step("write all", lambda: device.write(first))
        if READBACK in capabilities:
            self.step("verify all", lambda: device.verify(first))
        self.step("write the last", lambda: device.write([second[last]]))
        self.step("write the last one off", lambda: device.write([off[last]]))
        self.step("write all", lambda: device.write(second))
        self.step("silence", lambda: device.silence(off))
        if READBACK in capabilities:
            self.step("verify all", lambda: device.verify(off))
        self.step("write all", lambda: device.write(first))
        wires.fails, wires.failures = 2, 1
        self.step("silence, once more after a failure", lambda: device.silence(off))
        self.step("write all", lambda: device.write(first))
        wires.fails, wires.failures = 2, len({info.chip for info in device.channels}) + 3
        self.step("silence by the last means", lambda: device.silence(off))
        wires.failures = 0
        self.step("initialise all", lambda: device.initialise(every))
        self.step("write all", lambda: device.write(first))
        for some in self._some():
            self.some(device, some)
        device.close()
        device = self.another()
        self.step("open again", device.open)
        if ATTACH in capabilities:
            self.step("attach", device.attach)
            self.step("write all", lambda: device.write(second))
        device.close()
        self.step("open again", device.open)
        self.step("silence before anything else", lambda: device.silence(off))

    def some(self, device: Device, channels: list[int]) -> None:
        """What can be done with some of the channels."""
        name = " and ".join(map(str, channels))
        writes = [self._writes(1)[channel] for channel in channels]
        if SYNC in device.capabilities:
            self.step(f"sync {name}", lambda: device.sync(channels))
        self.wires.interrupt.set()
        self.step(f"write {name}, something urgent comes", lambda: device.write(writes))
        self.wires.interrupt.clear()
        self.step(f"restore {name}", lambda: device.restore(writes))
        self.wires.fails, self.wires.failures = 1, 1
        self.step(f"write {name}, in vain", lambda: device.write(writes))
        self.step(f"restore {name}", lambda: device.restore(writes))
        self.wires.fails, self.wires.failures = 1, 1
        self.step(f"write {name}, in vain", lambda: device.write(writes))
        self.step(f"restore {name}, off", lambda: device.restore(_off(writes)))
        self.wires.fails, self.wires.failures = 1, 1
        self.step(f"write {name}, in vain", lambda: device.write(writes))
        self.step(f"initialise {name}", lambda: device.initialise(channels))
        self.step("write all", lambda: device.write(self._writes(0)))

    def _some(self) -> list[list[int]]:
        """One and more channels, neighbours; all of them on a board that cannot do all."""
        every = self.every
        if self.is_poor:
            return [every]
        found = [every[a:b] for a in every for b in range(a + 1, len(every) + 1)]
        return sorted(found, key=len)

    def _writes(self, number: int) -> list[Write]:
        return [
            Write(info.index, words(info.tuning, 2 * info.index + number), True)
            for info in self.device.channels
        ]


def _off(transaction: Sequence[Write]) -> list[Write]:
    return [Write(w.channel, Words(w.words.ftw, w.words.pow, 0), False) for w in transaction]


def words(tuning: Tuning, number: int) -> Words:
    """Some words, each of whose bytes counts."""
    ftw = tuning.max_ftw // 5 + number * (tuning.max_ftw // 97)
    pow_ = (0xB5A7 >> (16 - tuning.pow_bits)) ^ number
    return Words(ftw, pow_, max(tuning.max_asf * 3 // 8 - number, 1))


def _lines(result: Any) -> list[object]:
    if isinstance(result, frozenset):
        return [sorted(result)]
    if isinstance(result, list) and result and isinstance(result[0], Finding):
        return [f"{finding.what}: {finding.ok}" for finding in result]
    return [*result] if isinstance(result, list) else [result]


def configs(config: Config) -> Iterator[tuple[str, Config]]:
    """The wirings in which a device lives: all that its smallest config has; no pins but the one
    that it cannot be without; nothing to be read."""
    yield "as simulated", config
    pins = config.device.pins
    if pins != Pins(pins.io_update):
        bare = replace(config.device, pins=Pins(pins.io_update))
        yield "io_update only", replace(config, device=bare)
    if config.device.readback:
        yield "blind", replace(config, device=replace(config.device, readback=False))


def traffic(name: str, expected: Sequence[str] = ()) -> list[str]:
    """The life of a device in every wiring, line by line.

    :param expected: what it must be; it ends with the first line that is not.
    """
    entry = find(name)
    config = parse(load(entry.simulated), f"{name}.toml", check)
    notes = Notes(expected)
    for wiring, each in configs(config):
        notes.append(f"== {name}, {wiring}")
        Life(entry, each, each is not config, notes).live()
    return notes


def path(name: str) -> Path:
    """The file of a device."""
    return FOLDER / f"{name}.txt"


def main(names: Sequence[str]) -> None:
    """Write the files of ``names``, by default of all devices."""
    for name in names or sorted(DEVICES):
        text = "".join(f"{line}\n" for line in traffic(name))
        path(name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
