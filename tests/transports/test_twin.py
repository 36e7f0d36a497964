"""The simulated bus."""

from collections.abc import Callable

import pytest

from dds_link.errors import Preempted, TransportError, TransportLost
from dds_link.transports.base import Pulse, Transfer
from dds_link.transports.twin import TwinTransport
from dds_link.twins.ad9910 import AD9910Board
from tests.transports.conformance import MakeRig, Rig, Script, Seen, TransportConformance
from tests.transports.faulty import FaultyTwin
from tests.transports.recording_board import RecordingBoard
from tests.twins.ad9910_frames import PROFILE0, frame, single_tone
from tests.twins.manual_clock import ManualClock


class HookedClock(ManualClock):
    """Calls something while somebody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self.hook: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.hook()


class TwinRig(Rig):
    def __init__(self, script: Script) -> None:
        self.board = RecordingBoard([answer for _, answer in script if answer is not None])
        self.clock = HookedClock()
        self.transport: FaultyTwin = FaultyTwin(self.board, self.clock)

    def seen(self) -> Seen:
        return self.board.seen

    def fail(self, at: int, lost: bool) -> None:
        self.transport.fail(at, error=TransportLost if lost else TransportError)

    def interrupt_during_delay(self) -> None:
        self.clock.hook = self.transport.interrupt.set


class TestConformance(TransportConformance):
    @pytest.fixture
    def rig(self) -> MakeRig:
        return TwinRig


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def board() -> RecordingBoard:
    return RecordingBoard()


@pytest.fixture
def transport(board: RecordingBoard, clock: ManualClock) -> TwinTransport:
    transport = TwinTransport(board, clock)
    transport.open()
    return transport


def test_it_may_run_in_the_event_loop(transport: TwinTransport) -> None:
    assert transport.blocking is False


def test_without_miso_answers_are_zero(clock: ManualClock) -> None:
    transport = TwinTransport(RecordingBoard([b"\x12\x34"]), clock, readback=False)
    transport.open()
    assert transport.transfer(0, b"\x83\0") == b"\0\0"


def test_what_is_not_there(transport: TwinTransport, board: RecordingBoard) -> None:
    with pytest.raises(TransportError, match="there is no chip 2"):
        transport.transfer(2, b"\0")
    with pytest.raises(TransportError, match="line 'io_reset' is not wired"):
        transport.pulse("io_reset")
    with pytest.raises(TransportError, match="line 'profile0' is not wired"):
        transport.level("profile0", True)
    assert board.seen == []


@pytest.mark.parametrize("seconds", [0.0, 1e-6, 0.01, 0.025, 1.0])
def test_a_delay_passes_on_the_clock(
    transport: TwinTransport, clock: ManualClock, seconds: float
) -> None:
    transport.delay(seconds)
    assert clock.time == pytest.approx(1000.0 + seconds, abs=1e-9)


def test_a_delay_is_cut_into_slices(board: RecordingBoard) -> None:
    clock = HookedClock()
    transport = TwinTransport(board, clock)
    transport.open()
    clock.hook = transport.interrupt.set
    with pytest.raises(Preempted):
        transport.delay(3600.0)
    assert clock.time < 1001.0


def test_levels_are_known() -> None:
    clock = ManualClock()
    transport = TwinTransport(AD9910Board(1, 1e9, clock), clock)
    transport.open()
    assert not transport.is_high("rf_switch0")
    transport.level("rf_switch0", True)
    assert transport.is_high("rf_switch0")
    with pytest.raises(TransportError, match="line 'rf_switch1' is not wired"):
        transport.is_high("rf_switch1")


def test_over_a_real_twin() -> None:
    clock = ManualClock()
    board = AD9910Board(2, 1e9, clock)
    transport = TwinTransport(board, clock)
    transport.open()
    transport.execute([Transfer(1, frame(PROFILE0, single_tone(7))), Pulse("io_update")])
    assert board.chips[1].tone().words.ftw == 7
