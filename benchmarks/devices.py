"""Each device: sets a second through service, driver and twin, beside what its wires carry at most.

Everything is in this process and in place: no sockets, no other thread, and a simulated clock, on
which waiting takes no time. So the one number is what this package costs, the other what no package
could exceed on the transport of ``examples/<device>.toml``. The bytes of a set are counted where
the driver hands them to its transport.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle
from typing import Any

from benchmarks.rounds import Blocking
from benchmarks.servers import ROOT, CannotRun
from dds_link.assembly import Assembly, load_config
from dds_link.config import Config, DeviceConfig
from dds_link.devices.base import AMPLITUDE
from dds_link.devices.registry import DEVICES
from dds_link.protocol import commands
from dds_link.protocol.replies import ReceiptReply
from dds_link.service.events import Session
from dds_link.transports.base import Exchange, Operation, Transfer, Transport

ROUND_TRIP = 0.2e-3
"""Of a wired local network, s: nothing that a simulation could tell, so it is assumed."""
BITS_OF_A_CHARACTER = 10
"""On a serial line: with a start and a stop bit."""
COUNTED = 100
"""Sets whose bytes are counted; the frames of a text box are not all of one length."""
FREQUENCIES = 1000
"""Asked for in turn, from one end of what a channel may be given to the other."""


class Wire:
    """What has gone over the wires of a transport."""

    def __init__(self) -> None:
        self.bits = 0
        """Of SPI frames."""
        self.characters = 0
        """Of a stream, there and back: the answer is waited for."""
        self.round_trips = 0
        """Answers that were waited for."""

    @contextmanager
    def counts(self, transport: Transport) -> Iterator[None]:
        """Count what ``transport`` carries in the block."""
        execute = transport.execute

        def counted(operations: Sequence[Operation]) -> list[bytes]:
            answers = execute(operations)
            asked = [one for one in operations if isinstance(one, (Transfer, Exchange))]
            for operation, answer in zip(asked, answers, strict=True):
                self._add(operation, answer)
            return answers

        transport.execute = counted  # type: ignore[method-assign]
        try:
            yield
        finally:
            transport.execute = execute  # type: ignore[method-assign]

    def _add(self, operation: Transfer | Exchange, answer: bytes) -> None:
        if isinstance(operation, Transfer):
            self.bits += 8 * len(operation.data)
        else:
            self.characters += len(operation.data) + len(answer)
            self.round_trips += operation.parts > 0

    def limit(self, device: DeviceConfig, sets: int) -> tuple[float, str]:
        """What bounds a set on the transport of ``device``, if this were ``sets`` of them.

        The baud counts even for a USB port that looks like a serial line, and is faster.

        :returns: sets a second, and of what they are made.
        :raises CannotRun: if nothing was counted.
        """
        kind = device.transport.partition(":")[0]
        if kind == "serial":
            each, unit, rate = self.characters, "character", device.baud / BITS_OF_A_CHARACTER
            speed = f"at {device.baud} baud"
        elif kind == "tcp":
            each, unit, rate = self.round_trips, "round trip", 1 / ROUND_TRIP
            speed = f"of {ROUND_TRIP * 1e3:g} ms"
        else:
            each, unit, rate = self.bits, "bit", device.spi_hz
            speed = f"at {device.spi_hz / 1e6:g} MHz"
        if not each:
            raise CannotRun(f"not a {unit} went to the {device.type}")
        plural = "" if each == sets else "s"
        return rate * sets / each, f"{each / sets:.4g} {unit}{plural} {speed}"


class Simulated:
    """A device behind its service, in place.

    :param config: what to build.
    :param loop: an event loop, for timers; it need not run.
    :raises CannotRun: if its first channel takes no tone.
    """

    def __init__(self, config: Config, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._session = Session(peer="benchmark")
        self._outcome: Any = None
        self.assembly = loop.run_until_complete(self._started(config))
        limits = self._ask(commands.Describe())["channels"][0]["limits"]
        low, high = limits["min_frequency"], limits["max_frequency"]
        step = (high - low) / FREQUENCIES
        self._frequencies = cycle([low + step * (i + 0.5) for i in range(FREQUENCIES)])
        if AMPLITUDE in self.assembly.device.capabilities:
            self.set(amplitude=limits["max_amplitude"] / 2)
        self.set()

    async def _started(self, config: Config) -> Assembly:
        assembly = Assembly(config, simulation=True)
        assembly.service.start()
        return assembly

    def set(self, amplitude: float | None = None) -> None:
        """Give the first channel its next frequency.

        :raises CannotRun: if it is refused.
        """
        frequency = next(self._frequencies)
        outcome = self._ask(commands.Set(0, frequency=frequency, amplitude=amplitude))
        if not isinstance(outcome, ReceiptReply):
            raise CannotRun(f"a set of the {self.assembly.config.device.type} failed: {outcome!r}")

    def _ask(self, command: Any) -> Any:
        self._outcome = None
        self.assembly.service.execute(command, self._session, self._settle)
        return self._outcome

    def _settle(self, outcome: Any, ticket: Any) -> None:
        self._outcome = outcome

    def stop(self) -> None:
        """Let go of it."""
        self._loop.run_until_complete(self.assembly.stop())


class DeviceSets(Blocking):
    """Sets of one channel's frequency.

    :param simulated: the device.
    """

    kind = "device"

    def __init__(self, simulated: Simulated) -> None:
        device = simulated.assembly.config.device
        super().__init__(f"device_{device.type}", device.type, simulated.set)
        wire = Wire()
        with wire.counts(simulated.assembly.transport):
            for _ in range(COUNTED):
                simulated.set()
        self.wire_limit, self.wire = wire.limit(device, COUNTED)


def build(stack: ExitStack) -> list[DeviceSets]:
    """Every device of this package, as its file under ``examples/`` has it.

    :param stack: what is to be closed at the end.
    """
    loop = asyncio.new_event_loop()
    stack.callback(loop.close)
    found = []
    for name in sorted(DEVICES):
        config = load_config(ROOT / "examples" / f"{name}.toml", simulation=True)
        simulated = Simulated(config, loop)
        stack.callback(simulated.stop)
        found.append(DeviceSets(simulated))
    return found
