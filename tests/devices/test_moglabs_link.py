"""The conversation with a MOGLabs box: in step, out of step and back."""

import pytest

from dds_link.devices.moglabs_link import Link
from dds_link.errors import DeviceFault, Preempted, TransportError, TransportLost
from dds_link.twins.moglabs import MODELS, MoglabsBox
from tests.devices.moglabs_bench import IDENTITY, FaultyStream
from tests.twins.manual_clock import ManualClock


class Bench:
    """A link that is in step with an XRF."""

    def __init__(self, kind: str = "xrf") -> None:
        self.box = MoglabsBox(MODELS["moglabs_" + kind], ManualClock())
        self.stream = FaultyStream(self.box)
        self.stream.open()
        self.link = Link(self.stream, 1.0)
        self.link.resynchronise()
        self.box.commands.clear()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def assert_in_step(bench: Bench) -> None:
    """It gets back in step, and the next answer belongs to the next question."""
    bench.link.resynchronise()
    assert bench.link.query("FREQ,1") == "80.00000009 MHz (0x147AE148)"
    assert bench.link.mode(1) == "NSB"


def test_it_knows_who_is_there(bench: Bench) -> None:
    assert bench.link.identity == IDENTITY["xrf"]
    bench.link.resynchronise()
    assert bench.box.commands == [], "in step there is nothing to ask"
    bench.link.begin()
    assert bench.link.identity == ""


def test_commands(bench: Bench) -> None:
    bench.link.command("POW,1,0x0010", 0x10)
    with pytest.raises(DeviceFault, match="^'POW,1,0x3FFF' was answered by 'ERR: Power 36"):
        bench.link.command("POW,1,0x3FFF", 0x3FFF)
    with pytest.raises(DeviceFault, match="'JUMP' was answered by 'Command not defined'"):
        bench.link.command("JUMP")
    bench.box.commands.clear()
    assert_in_step(bench)
    assert bench.box.commands == ["FREQ,1", "MODE,2"], "a refusal is an answer like any other"


def test_queries(bench: Bench) -> None:
    assert bench.link.word(0, "FREQ") == 0x147AE148
    assert bench.link.mode(0) == "NSB"
    assert bench.link.switches(0) == {"SIG": False, "POW": False}
    with pytest.raises(DeviceFault, match="'FREQ,3' was answered by 'ERR: Invalid channel, 3'"):
        bench.link.query("FREQ,3")


@pytest.mark.parametrize("answer", [b"FISH\r\n", b"\r\n", b"\xff\xfe\r\n", b"OK: (0x0001)\r\n"])
def test_an_answer_that_does_not_fit_may_belong_to_something_else(
    bench: Bench, answer: bytes
) -> None:
    for ask in (
        lambda: bench.link.command("POW,1,0x0010", 0x10),
        lambda: bench.link.word(0, "PHASE") if b"0x" not in answer else bench.link.mode(0),
        lambda: bench.link.mode(0),
        lambda: bench.link.switches(0),
    ):
        bench.stream.answer(1, answer)
        with pytest.raises(DeviceFault):
            ask()
        bench.box.commands.clear()
        bench.link.resynchronise()
        assert bench.box.commands == ["?", "INFO"]


@pytest.mark.parametrize("late", [False, True])
def test_an_answer_after_the_time_out(bench: Bench, late: bool) -> None:
    """It comes before late bytes are dropped, or after that."""
    bench.stream.fail(1, done=True, late=late)
    with pytest.raises(TransportError):
        bench.link.ask("FREQ,1")
    assert_in_step(bench)


def test_a_late_answer_that_looks_like_the_right_one(bench: Bench) -> None:
    bench.stream.fail(1, done=True, late=True)
    with pytest.raises(TransportError):
        bench.link.ask("INFO")
    assert_in_step(bench)


@pytest.mark.parametrize("sent", range(len("POW,1,0x0010\r\n")))
def test_half_a_command_is_never_carried_out(bench: Bench, sent: int) -> None:
    bench.link.command("POW,1,0x0100")
    bench.stream.fail(1, bits=sent)
    with pytest.raises(TransportError):
        bench.link.ask("POW,1,0x0010")
    bench.link.resynchronise()
    assert bench.box.channels[0].asf == 0x100
    assert_in_step(bench)


def test_a_box_that_does_not_answer_nonsense(bench: Bench) -> None:
    bench.link.begin()
    bench.stream.answer(2, b"")
    assert_in_step(bench)


def test_a_box_that_does_not_answer_is_lost(bench: Bench) -> None:
    bench.link.begin()
    bench.stream.answer(3, b"")
    with pytest.raises(TransportLost, match="^the box does not answer: no whole answer in 1 s$"):
        bench.link.resynchronise()


@pytest.mark.parametrize("at", [2, 3])
def test_a_connection_that_breaks_is_lost(bench: Bench, at: int) -> None:
    bench.link.begin()
    bench.stream.fail(at, error=TransportLost)
    with pytest.raises(TransportLost, match="fault injected"):
        bench.link.resynchronise()


@pytest.mark.parametrize("at", [1, 2])
def test_something_urgent_may_come(bench: Bench, at: int) -> None:
    bench.link.begin()
    bench.stream.interrupt_at(at)
    with pytest.raises(Preempted):
        bench.link.resynchronise()
    bench.stream.interrupt.clear()
    assert_in_step(bench)


def test_another_box_at_the_same_place_is_not_taken_for_this_one(bench: Bench) -> None:
    bench.stream.board = Bench("qrf").box
    bench.stream.fail(1)
    with pytest.raises(TransportError):
        bench.link.ask("FREQ,1")
    with pytest.raises(DeviceFault, match="INFO was answered by 'QRF .*: the box is out of step"):
        bench.link.resynchronise()


def test_an_interruption_between_two_lines_leaves_them_in_step(bench: Bench) -> None:
    bench.stream.interrupt.set()
    with pytest.raises(Preempted):
        bench.link.ask("FREQ,1")
    bench.stream.interrupt.clear()
    bench.link.resynchronise()
    assert bench.box.commands == []
