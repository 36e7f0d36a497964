"""The simulated stream."""

import pytest

from dds_link.errors import Preempted, TransportLost
from dds_link.transports.stream_twin import StreamTwinTransport
from tests.transports.far_end import Answers, ScriptedBox
from tests.transports.stream_conformance import Rig, StreamConformance
from tests.twins.manual_clock import ManualClock


class Pluggable(StreamTwinTransport):
    """A box that goes away takes the transport with it."""

    def _send(self, data: bytes) -> float:
        try:
            return super()._send(data)
        except TransportLost:
            self.close()
            raise

    def _receive(self, seconds: float) -> bytes:
        try:
            return super()._receive(seconds)
        except TransportLost:
            self.close()
            raise


class TwinRig(Rig):
    def __init__(self) -> None:
        self.answers = Answers()
        self.clock = ManualClock()
        self.transport = Pluggable(ScriptedBox(self.answers), self.clock)


class TestConformance(StreamConformance):
    @pytest.fixture
    def rig(self) -> TwinRig:
        return TwinRig()


class Greeting:
    """A box that speaks first, and answers 3 s after it was asked."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._due: float | None = None

    def connect(self) -> bytes:
        return b"hello\n"

    def receive(self, data: bytes) -> bytes:
        if data:
            self._due = self._clock.now() + 3
        if self._due is None or self._clock.now() < self._due:
            return b""
        self._due = None
        return b"done\n"


def test_what_a_box_says_by_itself_comes_first() -> None:
    transport = StreamTwinTransport(Greeting(ManualClock()), ManualClock())
    transport.open()
    assert transport.exchange(b"", b"\n", 1, 1.0) == b"hello\n"
    assert not transport.blocking


def test_waiting_for_a_slow_box_moves_its_clock() -> None:
    clock = ManualClock()
    transport = StreamTwinTransport(Greeting(clock), clock)
    transport.open()
    transport.discard(0.1)
    assert transport.exchange(b"go\n", b"\n", 1, 3.5) == b"done\n"


def test_a_delay_moves_its_clock_unless_something_is_urgent() -> None:
    rig = TwinRig()
    rig.transport.open()
    before = rig.clock.time
    rig.transport.delay(5.0)
    assert rig.clock.time == pytest.approx(before + 5)
    rig.transport.interrupt.set()
    with pytest.raises(Preempted):
        rig.transport.delay(5.0)
