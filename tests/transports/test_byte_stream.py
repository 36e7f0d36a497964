"""The parts of a stream that real far ends cannot show at will."""

import pytest

from dds_link.errors import TransportError
from dds_link.transports.byte_stream import LONGEST_DISCARD, ByteStream
from tests.twins.manual_clock import ManualClock


class Pieces(ByteStream):
    """Gives a piece every 0.3 s, for ever."""

    def __init__(self, piece: bytes, on_the_way: float = 0.0) -> None:
        self.clock = ManualClock()
        super().__init__(self.clock)
        self._piece = piece
        self._on_the_way = on_the_way

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _check_open(self) -> None:
        pass

    def _send(self, data: bytes) -> float:
        return self._on_the_way

    def _receive(self, seconds: float) -> bytes:
        self.clock.time += min(seconds, 0.3)
        return self._piece if seconds >= 0.3 else b""


def test_a_time_out_is_for_the_whole_answer() -> None:
    stream = Pieces(b"x")
    before = stream.clock.time
    with pytest.raises(TransportError, match=r"no whole answer in 1 s; it began with b'xxx'"):
        stream.exchange(b"", b"\n", 1, 1.0)
    assert stream.clock.time == pytest.approx(before + 1)


def test_a_time_out_begins_when_the_bytes_have_left() -> None:
    stream = Pieces(b"x", on_the_way=0.5)
    before = stream.clock.time
    with pytest.raises(TransportError):
        stream.exchange(b"long", b"\n", 1, 1.0)
    assert stream.clock.time == pytest.approx(before + 1.5)


def test_discard_ends_even_if_it_never_gets_quiet() -> None:
    stream = Pieces(b"x")
    before = stream.clock.time
    assert stream.discard(0.5) == b"xxx"
    assert stream.clock.time <= before + LONGEST_DISCARD + 1e-9


def test_an_end_that_comes_in_two_pieces_is_found_once() -> None:
    stream = Pieces(b"]]")
    assert stream.exchange(b"", b"]]]", 1, 1.0) == b"]]]"
    assert stream.exchange(b"", b"]]]", 1, 1.0) == b"]]]"
