"""What every stream of bytes must do, whatever is behind it.

A test of a transport derives a class from :class:`StreamConformance` and has a fixture ``rig``.
"""

import threading

import pytest

from dds_link.errors import Preempted, TransportError, TransportLost
from dds_link.transports.base import MAX_ANSWER, Delay, Exchange, StreamTransport, Transfer
from tests.transports.far_end import PATIENCE, Act, Answer, Answers

#: A time-out that is waited for.
SHORT = 0.05
ANSWER = b"00989680 2000 01F5\r\nOK\r\n"


class Rig:
    """A transport and its far end."""

    transport: StreamTransport
    answers: Answers

    def exchange(
        self,
        data: bytes = b"QUE\r\n",
        end: bytes = b"\r\n",
        parts: int = 2,
        timeout: float = PATIENCE,
    ) -> bytes:
        [answer] = self.transport.execute([Exchange(data, end, parts, timeout)])
        return answer


class StreamConformance:
    """The suite."""

    @pytest.fixture
    def opened(self, rig: Rig) -> Rig:
        rig.transport.open()
        return rig

    # -- answers ----------------------------------------------------------------------------------

    def test_a_line_and_its_answer(self, opened: Rig) -> None:
        opened.answers.add([ANSWER])
        assert opened.exchange() == ANSWER
        assert opened.answers.lines == [b"QUE\r\n"]

    def test_several_exchanges_are_done_in_order(self, opened: Rig) -> None:
        opened.answers.add([b"1\n"], [b"2\n"], [b"3\n"])
        sent = [b"a\n", b"b\n", b"c\n"]
        operations = [Exchange(line, b"\n", 1, PATIENCE) for line in sent]
        assert opened.transport.execute(operations) == [b"1\n", b"2\n", b"3\n"]
        assert opened.answers.lines == sent

    def test_an_answer_may_come_in_any_pieces(self, opened: Rig) -> None:
        for cut in range(1, len(ANSWER)):
            opened.answers.add([ANSWER[:cut], ANSWER[cut:]])
            assert opened.exchange() == ANSWER
        opened.answers.add([bytes((byte,)) for byte in ANSWER])
        assert opened.exchange() == ANSWER

    def test_what_comes_beyond_an_answer_stays(self, opened: Rig) -> None:
        opened.answers.add([b"one\r\ntwo\r\nthr", b"ee\r\n"])
        assert opened.exchange(parts=1) == b"one\r\n"
        assert opened.exchange(b"", parts=1) == b"two\r\n"
        assert opened.exchange(b"", parts=1) == b"three\r\n"

    def test_any_end_of_a_part(self, opened: Rig) -> None:
        opened.answers.add([b"a]b]"], [b"]]]end"])
        assert opened.exchange(end=b"]", parts=2) == b"a]b]"
        assert opened.exchange(end=b"]end", parts=1) == b"]]]end"

    def test_no_answer_is_expected(self, opened: Rig) -> None:
        opened.answers.add([], [b"OK\r\n"])
        assert opened.exchange(b"R\r\n", parts=0) == b""
        assert opened.exchange(parts=1) == b"OK\r\n"
        assert opened.answers.lines == [b"R\r\n", b"QUE\r\n"]

    def test_other_operations_are_refused(self, opened: Rig) -> None:
        with pytest.raises(TransportError, match="a stream of bytes cannot"):
            opened.transport.execute([Transfer(0, b"\0")])

    # -- answers that are not what they should be -------------------------------------------------

    @pytest.mark.parametrize("cut", range(len(ANSWER)))
    def test_an_answer_cut_short_anywhere(self, opened: Rig, cut: int) -> None:
        opened.answers.add([ANSWER[:cut]], [b"OK\r\n"])
        with pytest.raises(TransportError, match="no whole answer in 0.05 s") as caught:
            opened.exchange(timeout=SHORT)
        assert type(caught.value) is TransportError
        # What came of it is not taken for the next answer.
        assert opened.exchange(parts=1) == b"OK\r\n"

    def test_an_answer_that_comes_late(self, opened: Rig) -> None:
        late = threading.Event()
        opened.answers.add([late, b"late\r\n"], [b"OK\r\n"])
        with pytest.raises(TransportError):
            opened.exchange(parts=1, timeout=SHORT)
        late.set()
        dropped = b""
        while not dropped:
            dropped = opened.transport.discard(SHORT)
        assert dropped == b"late\r\n"
        assert opened.exchange(parts=1) == b"OK\r\n"

    def test_an_answer_without_an_end(self, opened: Rig) -> None:
        opened.answers.add([bytes(MAX_ANSWER), b"x"])
        with pytest.raises(TransportError, match=f"more than {MAX_ANSWER} bytes came") as caught:
            opened.exchange()
        assert len(str(caught.value)) < 300

    def test_an_answer_that_never_stops(self, opened: Rig) -> None:
        opened.answers.add([Act.FLOOD])
        with pytest.raises(TransportError, match=f"more than {MAX_ANSWER} bytes came"):
            opened.exchange()
        assert 0 < len(opened.transport.discard(SHORT)) <= MAX_ANSWER

    def test_nothing_to_discard(self, opened: Rig) -> None:
        assert opened.transport.discard(SHORT) == b""

    def test_discard_takes_what_is_left_of_an_answer_too(self, opened: Rig) -> None:
        opened.answers.add([b"one\r\ntwo\r\n"])
        assert opened.exchange(parts=1) == b"one\r\n"
        assert opened.transport.discard(SHORT) == b"two\r\n"

    # -- losing it --------------------------------------------------------------------------------

    @pytest.mark.parametrize("cut", range(len(ANSWER)))
    def test_unplugged_after_any_byte(self, opened: Rig, cut: int) -> None:
        opened.answers.add([ANSWER[:cut], Act.UNPLUG])
        with pytest.raises(TransportLost):
            opened.exchange()
        with pytest.raises(TransportLost):
            opened.exchange()
        with pytest.raises(TransportLost):
            opened.transport.discard(SHORT)
        opened.transport.open()
        opened.answers.add([b"OK\r\n"])
        assert opened.exchange(parts=1) == b"OK\r\n"

    def test_before_opening_it_is_lost(self, rig: Rig) -> None:
        for operation in (Exchange(b"QUE\r\n"), Delay(0)):
            with pytest.raises(TransportLost):
                rig.transport.execute([operation])
        with pytest.raises(TransportLost):
            rig.transport.discard(SHORT)
        assert rig.answers.lines == []

    def test_after_closing_it_is_lost(self, opened: Rig) -> None:
        opened.transport.close()
        opened.transport.close()
        with pytest.raises(TransportLost):
            opened.exchange()

    def test_opened_again_it_works_and_what_came_before_is_gone(self, opened: Rig) -> None:
        opened.answers.add([b"one\r\ntwo\r\n"])
        assert opened.exchange(parts=1) == b"one\r\n"
        opened.transport.open()
        answer: Answer = [b"OK\r\n"]
        opened.answers.add(answer)
        assert opened.exchange(parts=1) == b"OK\r\n"

    # -- something urgent -------------------------------------------------------------------------

    def test_something_urgent_stops_it_between_two_exchanges(self, opened: Rig) -> None:
        class Urgent(list[Exchange]):
            def __iter__(self):  # type: ignore[no-untyped-def]
                yield Exchange(b"a\n", b"\n", 1, PATIENCE)
                opened.transport.interrupt.set()
                yield Exchange(b"b\n", b"\n", 1, PATIENCE)

        opened.answers.add([b"1\n"], [b"2\n"])
        with pytest.raises(Preempted):
            opened.transport.execute(Urgent())
        opened.transport.interrupt.clear()
        assert opened.exchange(b"c\n", b"\n", 1) == b"2\n"
        assert opened.answers.lines == [b"a\n", b"c\n"]

    def test_something_urgent_stops_a_delay(self, opened: Rig) -> None:
        opened.transport.delay(0)
        opened.transport.interrupt.set()
        with pytest.raises(Preempted):
            opened.transport.delay(3600.0)
