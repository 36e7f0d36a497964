"""The transport that plays a script."""

import pytest

from dds_link.errors import Preempted, TransportError, TransportLost
from dds_link.transports.base import Delay, Exchange, Level, Pulse, Transfer
from dds_link.transports.scripted import (
    Answer,
    Discard,
    ScriptedStream,
    ScriptedTransport,
    ScriptMismatch,
    Step,
)
from tests.transports.conformance import MakeRig, Rig, Script, Seen, TransportConformance


class ScriptedRig(Rig):
    """Here the far end is the script, so what was seen is the part of it that was played."""

    def __init__(self, script: Script) -> None:
        self.transport: ScriptedTransport = ScriptedTransport(script)

    def seen(self) -> Seen:
        trace: Seen = []
        failed = [isinstance(answer, Exception) for _, answer in self.transport._script]
        for operation, fault in zip(self.transport._seen, failed):
            if fault or isinstance(operation, Delay):
                continue
            if isinstance(operation, Transfer):
                trace.append(("spi", operation.chip, operation.data))
            elif isinstance(operation, Pulse):
                trace += [(operation.line, True), (operation.line, False)]
            else:
                trace.append((operation.line, operation.high))
        return trace

    def fail(self, at: int, lost: bool) -> None:
        error = TransportLost("told to") if lost else TransportError("told to")
        script = self.transport._script
        script[at - 1] = (script[at - 1][0], error)

    def interrupt_during_delay(self) -> None:
        self.transport.interrupt.set()  # a delay takes no time: there is no "during"


class TestConformance(TransportConformance):
    @pytest.fixture
    def rig(self) -> MakeRig:
        return ScriptedRig


SCRIPT: list[tuple[Transfer | Pulse | Level | Delay, Answer]] = [
    (Transfer(0, b"\x0e\x3f\xff"), None),
    (Pulse("io_update"), None),
]


def test_a_stream() -> None:
    script: list[tuple[Step, Answer]] = [
        (Exchange(b"E d\r\n", parts=0), None),
        (Discard(0.2), b"E d\r\nOK\r\n"),
        (Exchange(b"F0 1.0\r\n"), b"OK\r\n"),
        (Delay(1.0), None),
        (Exchange(b"F0 2.0\r\n"), TransportError("no answer")),
    ]
    with ScriptedStream(script) as stream:
        with pytest.raises(TransportLost):
            stream.execute([Exchange(b"", parts=0)])
        stream.open()
        assert stream.execute([Exchange(b"E d\r\n", parts=0)]) == [b""]
        assert stream.discard(0.2) == b"E d\r\nOK\r\n"
        assert stream.execute([Exchange(b"F0 1.0\r\n"), Delay(1.0)]) == [b"OK\r\n"]
        with pytest.raises(TransportError, match="no answer"):
            stream.execute([Exchange(b"F0 2.0\r\n")])


def test_a_stream_that_says_something_else() -> None:
    stream = ScriptedStream([(Exchange(b"F0 1.0\r\n", timeout=2.0), None), (Discard(0.1), None)])
    stream.open()
    with pytest.raises(ScriptMismatch) as caught:
        stream.execute([Exchange(b"F0 2.0\r\n", timeout=2.0)])
    assert r"- send b'F0 1.0\r\n', expect 1 x b'\r\n' in 2.0 s" in str(caught.value)
    assert r"+ send b'F0 2.0\r\n', expect 1 x b'\r\n' in 2.0 s" in str(caught.value)
    with pytest.raises(ScriptMismatch, match=r"- discard until 0.1 s of silence"):
        stream.finish()


def opened(script: list[tuple[Transfer | Pulse | Level | Delay, Answer]]) -> ScriptedTransport:
    transport = ScriptedTransport(script)
    transport.open()
    return transport


def test_the_right_traffic_passes() -> None:
    with opened(SCRIPT) as transport:
        assert transport.execute([operation for operation, _ in SCRIPT]) == [bytes(3)]


def test_it_may_run_in_the_event_loop() -> None:
    assert ScriptedTransport.blocking is False


def test_wrong_traffic_fails_at_once_with_a_diff() -> None:
    transport = opened(SCRIPT)
    transport.transfer(0, b"\x0e\x3f\xff")
    with pytest.raises(ScriptMismatch) as caught:
        transport.level("rf_switch0", True)
    assert str(caught.value).splitlines() == [
        "not the traffic of the script:",
        "  transfer to chip 0: 0e 3f ff",
        "- pulse io_update",
        "+ rf_switch0 high",
    ]


def test_wrong_traffic_that_somebody_caught_still_fails() -> None:
    transport = opened(SCRIPT)
    with pytest.raises(ScriptMismatch):
        transport.transfer(1, b"\x0e\x3f\xff")
    with pytest.raises(ScriptMismatch, match="transfer to chip 1"):
        transport.finish()


def test_missing_traffic_fails_at_the_end() -> None:
    with pytest.raises(ScriptMismatch, match="- pulse io_update"), opened(SCRIPT) as transport:
        transport.transfer(0, b"\x0e\x3f\xff")


def test_left_over_traffic_fails() -> None:
    transport = opened(SCRIPT)
    transport.execute([operation for operation, _ in SCRIPT])
    with pytest.raises(ScriptMismatch, match="\\+ delay 1.0 s"):
        transport.delay(1.0)


def test_nothing_expected_nothing_came() -> None:
    opened([]).finish()


def test_an_error_in_the_test_is_not_hidden_by_the_script() -> None:
    with pytest.raises(ZeroDivisionError), opened(SCRIPT):
        raise ZeroDivisionError


def test_a_scripted_error_is_raised_and_counts_as_played() -> None:
    with opened([(Pulse("io_update"), TransportError("stuck"))]) as transport:
        with pytest.raises(TransportError, match="stuck"):
            transport.pulse("io_update")


def test_an_interrupted_delay_is_not_played() -> None:
    transport = opened([(Delay(1.0), None)])
    transport.interrupt.set()
    with pytest.raises(Preempted):
        transport.delay(1.0)
    transport.interrupt.clear()
    transport.delay(1.0)
    transport.finish()


def test_lines_can_be_more_than_the_script_uses() -> None:
    assert ScriptedTransport(SCRIPT, lines=["io_update", "io_reset"]).lines == {
        "io_update",
        "io_reset",
    }


@pytest.mark.parametrize("answer", [b"", b"\0\0", b"\0\0\0\0"])
def test_an_answer_that_does_not_fit_its_frame(answer: bytes) -> None:
    with pytest.raises(ValueError, match="transfer to chip 0: 0e 3f ff"):
        ScriptedTransport([(Transfer(0, b"\x0e\x3f\xff"), answer)])


def test_an_answer_to_something_that_has_none() -> None:
    with pytest.raises(ValueError, match="rf_switch0 low"):
        ScriptedTransport([(Level("rf_switch0", False), b"\0")])
