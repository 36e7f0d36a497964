"""What a set is made of is counted on its way to the wires, and bounds how many there can be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.devices import COUNTED, FREQUENCIES, DeviceSets, Simulated, Wire, build
from benchmarks.servers import ROOT, CannotRun
from dds_link.assembly import load_config
from dds_link.config import Config, DeviceConfig
from dds_link.devices.registry import DEVICES
from dds_link.protocol import commands
from dds_link.service.events import Session
from dds_link.transports.base import Delay, Exchange, Pulse, Transfer

SPI = DeviceConfig("ad9910", 1, transport="spidev:0", spi_hz=20e6)
SERIAL = DeviceConfig("novatech409b", 4, transport="serial:/dev/ttyUSB0", baud=19200)
TCP = DeviceConfig("flexdds", 2, transport="tcp:10.0.0.5:26000")
BITS = {"ad9910": 72, "ad9912": 80, "ad9914": 80, "ad9915": 80, "ad9958": 112, "ad9959": 112}
"""Of the frames that set one tone: instruction and registers, by the data sheets."""


def example(name: str) -> Config:
    return load_config(ROOT / "examples" / f"{name}.toml", simulation=True)


@pytest.fixture
def simulated() -> Iterator[Callable[[str], Simulated]]:
    """Makes the device of an example."""
    with ExitStack() as stack:
        loop = asyncio.new_event_loop()
        stack.callback(loop.close)

        def make(name: str) -> Simulated:
            one = Simulated(example(name), loop)
            stack.callback(one.stop)
            return one

        yield make


class Answering:
    """A transport that answers what it is told to."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)

    def execute(self, operations: Any) -> list[bytes]:
        return self._answers


def counted(transport: Any, *operations: Any) -> Wire:
    wire = Wire()
    with wire.counts(transport):
        transport.execute(operations)
    transport.execute(operations)  # not counted any more
    return wire


def test_every_bit_of_a_frame_counts_and_edges_do_not() -> None:
    transport = Answering(bytes(9), bytes(5))
    wire = counted(transport, Transfer(0, bytes(9)), Transfer(1, bytes(5)), Pulse("io_update"))
    assert (wire.bits, wire.characters, wire.round_trips) == (8 * 14, 0, 0)


def test_a_stream_counts_there_and_back_and_waits_for_answers() -> None:
    transport = Answering(b"OK\r\n", b"")
    wire = counted(transport, Exchange(b"F0 80\n"), Delay(1.0), Exchange(b"I p\n", parts=0))
    assert (wire.bits, wire.characters, wire.round_trips) == (0, 6 + 4 + 4, 1)


@pytest.mark.parametrize(
    ("device", "limit", "text"),
    [
        (SPI, 20e6 / 72, "72 bits at 20 MHz"),
        (replace(SPI, transport="ftdi:"), 20e6 / 72, "72 bits at 20 MHz"),
        (SERIAL, 1920 / 24.5, "24.5 characters at 19200 baud"),
        (TCP, 5000.0, "1 round trip of 0.2 ms"),
    ],
)
def test_the_transport_says_what_bounds_a_set(
    device: DeviceConfig, limit: float, text: str
) -> None:
    wire = Wire()
    wire.bits, wire.characters, wire.round_trips = 720, 245, 10
    sets_per_second, made_of = wire.limit(device, 10)
    assert sets_per_second == pytest.approx(limit)
    assert made_of == text


@pytest.mark.parametrize("device", [SPI, SERIAL, TCP], ids=lambda device: device.type)
def test_a_device_that_is_sent_nothing_is_no_result(device: DeviceConfig) -> None:
    with pytest.raises(CannotRun, match=f"went to the {device.type}"):
        Wire().limit(device, 10)


@pytest.mark.parametrize("name", DEVICES)
def test_every_set_moves_the_tone_of_the_twin(
    simulated: Callable[[str], Simulated], name: str
) -> None:
    one = simulated(name)
    board = one.assembly.board
    seen = set()
    for _ in range(10):
        one.set()
        assert board.tone(0).emits
        seen.add(board.tone(0).frequency)
    assert len(seen) == 10


@pytest.mark.parametrize("name", BITS)
def test_a_set_of_a_chip_is_as_long_as_its_registers(
    simulated: Callable[[str], Simulated], name: str
) -> None:
    one = simulated(name)
    wire = Wire()
    with wire.counts(one.assembly.transport):
        for _ in range(FREQUENCIES):  # of whatever value
            one.set()
    assert wire.bits == FREQUENCIES * BITS[name]
    assert (wire.characters, wire.round_trips) == (0, 0)


def test_a_set_that_is_refused_is_no_result(simulated: Callable[[str], Simulated]) -> None:
    one = simulated("ad9910")
    one.assembly.service.execute(commands.Kill(), Session(), lambda outcome, ticket: None)
    with pytest.raises(CannotRun, match="a set of the ad9910 failed"):
        one.set()


def test_a_measurement_counts_before_it_is_timed(simulated: Callable[[str], Simulated]) -> None:
    one = simulated("novatech409b")
    sent: list[int] = []
    execute = one.assembly.transport.execute

    def spy(operations: Any) -> list[bytes]:
        sent.extend(len(operation.data) for operation in operations)
        answers: list[bytes] = execute(operations)
        sent.extend(map(len, answers))
        return answers

    one.assembly.transport.execute = spy
    sets = DeviceSets(one)
    assert sets.wire_limit == pytest.approx(1920 / (sum(sent) / COUNTED))
    assert len(sets.run(7)) == 7


def test_every_device_has_its_row() -> None:
    with ExitStack() as stack:
        assert [one.name for one in build(stack)] == [f"device_{name}" for name in sorted(DEVICES)]
