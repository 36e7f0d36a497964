"""Bytes to frames: newlines and braces, whatever the chunks."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.errors import FrameTooLong
from dds_link.protocol.framing import MAX_FRAME_BYTES, FrameReader
from tests.protocol.reference import split

PING = b'{"command_id":"ping"}'


def read(chunks: Iterable[bytes], max_bytes: int = MAX_FRAME_BYTES) -> tuple[list[bytes], bytes]:
    """The frames in ``chunks``, and what is left."""
    reader = FrameReader(max_bytes)
    frames = []
    for chunk in chunks:
        reader.feed(chunk)
        while (frame := reader.next_frame()) is not None:
            frames.append(frame)
    return frames, reader.pending


def one_by_one(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


@pytest.mark.parametrize(
    ("data", "frames", "rest"),
    [
        (b"", [], b""),
        (b"\n\r\n \t\n", [], b""),
        (PING + b"\n", [PING], b""),
        (PING + b"\r\n", [PING], b""),
        (PING, [PING], b""),
        (b"  " + PING + b"  \n", [PING], b""),
        (PING + PING, [PING, PING], b""),
        (PING + b" " + PING + b"\n" + PING, [PING, PING, PING], b""),
        (PING + b"\n\n" + PING + b"\n", [PING, PING], b""),
        (PING + b" x\n" + PING, [PING, b"x", PING], b""),
        (b'{"a":{"b":{}}}{"c":1}', [b'{"a":{"b":{}}}', b'{"c":1}'], b""),
        (b'{"a":"}"}', [b'{"a":"}"}'], b""),
        (b'{"a":"\\"}"}', [b'{"a":"\\"}"}'], b""),
        (b'{"a":"\\\\"}x', [b'{"a":"\\\\"}'], b"x"),
        # A newline ends a frame even within an object, a string, an escape.
        (b'{"a":\n1}\n', [b'{"a":', b"1}"], b""),
        (b'{"a":"x\ny"}\n', [b'{"a":"x', b'y"}'], b""),
        (b'{"a":"\\\n' + PING, [b'{"a":"\\', PING], b""),
        (b'{"a":{\n' + PING, [b'{"a":{', PING], b""),
        (b"[1]{}\n", [b"[1]{}"], b""),
        (b"}\n{}", [b"}", b"{}"], b""),
        (b'{"a":', [], b'{"a":'),
        (b'{"a":"\\', [], b'{"a":"\\'),
        (b"[1, ", [], b"[1,"),
    ],
)
def test_frames(data: bytes, frames: list[bytes], rest: bytes) -> None:
    assert read([data]) == (frames, rest)
    assert read(one_by_one(data)) == (frames, rest)
    assert split(data, MAX_FRAME_BYTES) == (frames, rest, False)


PIECES = [
    b"{",
    b"}",
    b'"',
    b"\\",
    b"\n",
    b"\r\n",
    b" ",
    b"a",
    b"[",
    b'{"a":"',
    b"{}",
    PING,
    b"\xff",
]
STREAM = st.lists(st.sampled_from(PIECES), max_size=16).map(b"".join)
SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=8)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """``data`` in chunks of these sizes, over and over."""
    chunks = []
    while data:
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(data[:size])
        data = data[size:]
    return chunks


@given(STREAM, SIZES)
def test_frames_depend_on_the_bytes_not_on_the_chunks(data: bytes, sizes: list[int]) -> None:
    frames, rest, _ = split(data, MAX_FRAME_BYTES)
    assert read(cut(data, sizes)) == (frames, rest)
    assert read([data]) == (frames, rest)


@given(STREAM, SIZES, st.integers(1, 12))
def test_the_cap_does_not_depend_on_the_chunks_either(
    data: bytes, sizes: list[int], cap: int
) -> None:
    frames, _, too_long = split(data, cap)
    for chunks in ([data], cut(data, sizes), one_by_one(data)):
        reader = FrameReader(cap)
        got = []
        try:
            for chunk in chunks:
                reader.feed(chunk)
                while (frame := reader.next_frame()) is not None:
                    got.append(frame)
        except FrameTooLong:
            assert too_long
        else:
            assert not too_long
        assert got == frames


def padded(length: int) -> bytes:
    """An object of ``length`` bytes."""
    return b'{"a":"%b"}' % (b"x" * (length - 8))


@pytest.mark.parametrize(
    ("frame", "end"),
    [
        (padded(100), b""),
        (padded(100), b"\n"),
        (padded(100), b"\r\n"),
        (b"{" + b"x" * 99, b"\n"),
        (b'{"' + b"x" * 98, b"\n"),
        (b"x" * 100, b"\n"),
    ],
    ids=["object", "object, newline", "object, CR LF", "half", "half, in a string", "word"],
)
def test_a_frame_of_exactly_the_cap_is_read_and_one_byte_more_is_not(
    frame: bytes, end: bytes
) -> None:
    for chunks in ([frame + end], one_by_one(frame + end)):
        assert read(chunks, 100)[0] == [frame]
        with pytest.raises(FrameTooLong, match="longer than 99 bytes"):
            read(chunks, 99)


def test_the_cap_is_one_mebibyte() -> None:
    assert read([padded(1 << 20)])[0] == [padded(1 << 20)]
    with pytest.raises(FrameTooLong):
        read([padded((1 << 20) + 1)])


def test_the_cap_holds_before_the_end_has_come() -> None:
    reader = FrameReader(100)
    reader.feed(b"x" * 100)
    assert reader.next_frame() is None
    reader.feed(b"x")
    with pytest.raises(FrameTooLong):
        reader.next_frame()


def test_white_space_between_frames_is_not_kept() -> None:
    reader = FrameReader(100)
    for _ in range(1000):
        reader.feed(b" \n" * 100)
        assert reader.next_frame() is None
    reader.feed(PING)
    assert reader.next_frame() == PING
