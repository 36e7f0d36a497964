"""Bytes to frames. This file knows newlines and braces, not JSON.

A newline always ends a frame. A frame that begins with an object also ends at the brace that closes
it, because the old template's client sends one bare object and waits. Both rules hold for any
chunking: the frames depend on the bytes alone.
"""

from __future__ import annotations

import re

from dds_link.errors import FrameTooLong

MAX_FRAME_BYTES = 1 << 20
"""Longest frame. 1024 changes of an ``apply`` take about 0.15 MB; sipyco allows 4 MiB a line."""

_SPACE = b" \t\r\n"
_OPEN, _CLOSE, _QUOTE, _NEWLINE, _BACKSLASH = b'{}"\n\\'
_STRING = rb'"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"'
# Outside a string: a whole string is skipped in one step; a lone quote opens one that goes on.
_OUTSIDE = re.compile(_STRING + rb'|\{+|["}\n]')
_INSIDE = re.compile(rb'["\\\n]')


class FrameReader:
    """Cuts a stream into frames.

    :param max_bytes: longest frame, counted before its end has arrived.
    """

    def __init__(self, max_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_bytes = max_bytes
        #: False if nothing is left that could hold a frame.
        self.more = False
        self._buffer = b""
        self._start = 0  # of the frame that is being read
        self._position = 0  # up to which it has been scanned
        self._depth = 0  # of open braces at that position
        self._in_string = False
        self._line = 0  # where the line began that was taken last
        self._doubtful = 0  # end of a line that is no single frame

    def feed(self, data: bytes) -> None:
        """Take bytes as they came."""
        self.more = True
        if self._start < len(self._buffer):
            self._buffer = self._buffer[self._start :] + data
        else:
            self._buffer = data
        self._position -= self._start
        self._doubtful -= self._start
        self._start = 0

    @property
    def pending(self) -> bytes:
        """What has come of a frame whose end has not."""
        return self._buffer[self._start :].strip(_SPACE)

    def take_line(self) -> bytes:
        """Take the rest of the line, if that may be a frame: it has ended, and begins with an
        object. Nothing otherwise, or if it was put back.

        Who can read it as one object need not look for the brace that closes it.
        """
        buffer, start = self._buffer, self._start
        if self._position > start or self._doubtful > start or start == len(buffer):
            return b""
        newline = buffer.find(b"\n", start, start + self._max_bytes + 1)
        if newline < 0 or buffer[start] != _OPEN:
            return b""
        self._line = start
        self._start = self._position = newline + 1
        self.more = newline + 1 < len(buffer)
        return buffer[start:newline]

    def put_back(self) -> None:
        """The line that was taken last is no frame, as far as one knows: :meth:`next_frame` will
        tell."""
        self._doubtful = self._start
        self._start = self._position = self._line
        self.more = True

    def next_frame(self) -> bytes | None:
        """The next frame, without the white space around it, or None: more bytes are needed.

        :raises FrameTooLong: the stream cannot be read on.
        """
        if self._start == len(self._buffer):
            return None
        end = self._find_end()
        if (len(self._buffer) if end < 0 else end) - self._start > self._max_bytes:
            raise FrameTooLong(
                f"a frame is longer than {self._max_bytes} bytes; the connection is closed"
            )
        if end < 0:
            return None
        frame = self._buffer[self._start : end].strip(_SPACE)
        self._start = self._position = end
        return frame

    def _find_end(self) -> int:
        """Where the present frame ends, or -1. At its beginning, skips white space first."""
        buffer = self._buffer
        if self._position <= self._start:
            while self._start < len(buffer) and buffer[self._start] in _SPACE:
                self._start += 1
            self._position = self._start
            if self._start == len(buffer):
                return -1
        if buffer[self._start] != _OPEN:
            newline = buffer.find(b"\n", self._position)
            self._position = newline if newline >= 0 else len(buffer)
            return newline
        return self._scan()

    def _scan(self) -> int:
        """Follow braces and strings from where the last scan stopped."""
        buffer, position, depth = self._buffer, self._position, self._depth
        end = -1
        while end < 0:
            if self._in_string:
                position = self._skip_string(position)
                if self._in_string:
                    break
            for token in _OUTSIDE.finditer(buffer, position):
                position = token.end()
                byte = buffer[token.start()]
                if byte == _OPEN:
                    depth += position - token.start()
                elif byte == _CLOSE:
                    depth -= 1
                    if depth == 0:
                        end = position
                        break
                elif byte == _NEWLINE:
                    end = token.start()
                    break
                elif position - token.start() == 1:
                    self._in_string = True
                    break
            else:
                position = len(buffer)
                break
        self._position = position
        self._depth = 0 if end >= 0 else depth  # a frame that a newline ends leaves braces open
        return end

    def _skip_string(self, position: int) -> int:
        """Go to the end of the open string, if it has come; a newline ends it too."""
        buffer = self._buffer
        while token := _INSIDE.search(buffer, position):
            byte = buffer[token.start()]
            if byte != _BACKSLASH:
                self._in_string = False
                return token.start() if byte == _NEWLINE else token.end()
            if token.end() == len(buffer):
                return token.start()  # what it escapes has not come yet
            position = token.end() + (buffer[token.end()] != _NEWLINE)
        return len(buffer)
