"""The fault injector itself: a test that rests on it must be able to trust it."""

import pytest

from dds_link.errors import Preempted, TransportError, TransportLost
from dds_link.transports.base import Level, Operation, Pulse, Transfer
from tests.transports.faulty import FaultyTwin
from tests.transports.recording_board import RecordingBoard
from tests.twins.manual_clock import ManualClock

OPERATIONS: list[Operation] = [
    Transfer(0, b"\x01\x02"),
    Pulse("io_update"),
    Level("rf_switch0", True),
]
WHOLE: list[list[object]] = [
    [("spi", 0, b"\x01\x02")],
    [("io_update", True), ("io_update", False)],
    [("rf_switch0", True)],
]


@pytest.fixture
def transport() -> FaultyTwin:
    transport = FaultyTwin(RecordingBoard(), ManualClock())
    transport.open()
    return transport


def seen(transport: FaultyTwin) -> list[object]:
    assert isinstance(transport.board, RecordingBoard)
    return list(transport.board.seen)


def first(count: int) -> list[object]:
    return [entry for part in WHOLE[:count] for entry in part]


def test_without_a_fault(transport: FaultyTwin) -> None:
    transport.execute(OPERATIONS)
    transport.delay(1.0)
    assert seen(transport) == first(3)
    assert transport.operations == 4
    assert not transport.fired


@pytest.mark.parametrize("at", [1, 2, 3])
def test_before(transport: FaultyTwin, at: int) -> None:
    transport.fail(at)
    with pytest.raises(TransportError, match=f"operation {at}"):
        transport.execute(OPERATIONS)
    assert transport.fired
    assert seen(transport) == first(at - 1)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_after(transport: FaultyTwin, at: int) -> None:
    transport.fail(at, done=True)
    with pytest.raises(TransportError):
        transport.execute(OPERATIONS)
    assert seen(transport) == first(at)


@pytest.mark.parametrize(
    ("at", "bits", "expected"),
    [
        (1, 13, [("spi", 0, b"\x01\x02", 13)]),
        (1, 99, [("spi", 0, b"\x01\x02")]),
        (1, 0, []),
        (2, 1, first(2)),
        (2, 0, first(1)),
    ],
)
def test_in_the_middle(transport: FaultyTwin, at: int, bits: int, expected: list[object]) -> None:
    transport.fail(at, bits=bits)
    with pytest.raises(TransportError):
        transport.execute(OPERATIONS)
    assert seen(transport) == expected


def test_only_once_and_counted_from_now(transport: FaultyTwin) -> None:
    transport.execute(OPERATIONS)
    transport.fail(2)
    with pytest.raises(TransportError):
        transport.execute(OPERATIONS)
    transport.execute(OPERATIONS)


def test_disarmed(transport: FaultyTwin) -> None:
    transport.fail(1)
    transport.disarm()
    transport.execute(OPERATIONS)
    assert not transport.fired


def test_lost_until_it_is_there_and_opened(transport: FaultyTwin) -> None:
    transport.fail(1, error=TransportLost)
    transport.missing = True
    for _ in range(2):
        with pytest.raises(TransportLost):
            transport.execute(OPERATIONS)
    with pytest.raises(TransportLost, match="missing"):
        transport.open()
    transport.missing = False
    transport.open()
    transport.execute(OPERATIONS)
    assert seen(transport) == first(3)


def test_interrupted(transport: FaultyTwin) -> None:
    transport.interrupt_at(2)
    with pytest.raises(Preempted):
        transport.execute(OPERATIONS)
    assert seen(transport) == first(2)
