"""What stands at the other end of a stream in tests: it answers each line as it was told to.

The same behaviour in memory (:class:`ScriptedBox`), behind a TCP port and behind a pseudo-terminal
(:class:`Network`, :class:`Pty`; a thread each).
"""

from __future__ import annotations

import os
import select
import socket
import threading
import tty
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum, auto
from pathlib import Path

from dds_link.errors import TransportLost

#: Longest wait for anything in these tests, s.
PATIENCE = 30.0


class Act(Enum):
    """What the far end may do besides sending bytes."""

    UNPLUG = auto()
    """Go away."""
    FLOOD = auto()
    """Send for ever."""


#: An answer: its pieces in order. An event is waited for.
Answer = list["bytes | Act | threading.Event"]


class Answers:
    """The answers to the lines that come, in order; to further lines there is none."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self._answers: deque[Answer] = deque()
        self._line = b""

    def add(self, *answers: Answer) -> None:
        self._answers.extend(answers)

    def forget(self) -> None:
        """A new connection: half a line is gone."""
        self._line = b""

    def to(self, data: bytes) -> Iterator[bytes | Act | threading.Event]:
        for byte in data:
            self._line += bytes((byte,))
            if byte == ord("\n"):
                self.lines.append(self._line)
                self._line = b""
                yield from self._answers.popleft() if self._answers else []


class ScriptedBox:
    """In memory: a twin."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._left: deque[bytes | Act | threading.Event] = deque()

    def connect(self) -> bytes:
        self._left.clear()
        return b""

    def receive(self, data: bytes) -> bytes:
        self._left.extend(self._answers.to(data))
        sent = b""
        while self._left:
            piece = self._left[0]
            if isinstance(piece, threading.Event) and not piece.is_set():
                break
            if piece is Act.UNPLUG:
                if sent:
                    break
                self._left.clear()
                raise TransportLost("unplugged")
            if piece is Act.FLOOD:
                return sent + bytes(1000)
            self._left.popleft()
            if isinstance(piece, bytes):
                sent += piece
                break  # the rest comes later
        return sent


class _Thread:
    """A far end of its own thread."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def _serve(
        self, handle: int, receive: Callable[[int], bytes], send: Callable[[bytes], object]
    ) -> bool:
        """Answer until it shall stop or the other side is gone; True if unplugged."""
        while not self._stopped.is_set():
            if not select.select([handle], [], [], 0.02)[0]:
                continue
            data = receive(4096)
            if not data:
                return False
            for piece in self._answers.to(data):
                if isinstance(piece, bytes):
                    send(piece)
                elif isinstance(piece, threading.Event):
                    assert piece.wait(PATIENCE)
                elif piece is Act.UNPLUG:
                    return True
                else:
                    while not self._stopped.is_set():
                        if select.select([], [handle], [], 0.02)[1]:
                            send(bytes(512))
        return False


class Network(_Thread):
    """A box behind a TCP port of this machine."""

    def __init__(self, answers: Answers, family: int = socket.AF_INET) -> None:
        super().__init__(answers)
        host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.bind((host, 0))
        self._listener.listen()
        self._listener.settimeout(0.02)
        self.port: int = self._listener.getsockname()[1]
        self._thread.start()

    def _run(self) -> None:
        with self._listener:
            while not self._stopped.is_set():
                try:
                    connection, _ = self._listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(PATIENCE)
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    try:
                        self._serve(connection.fileno(), connection.recv, connection.sendall)
                    except OSError:
                        pass  # the other side went away while we were sending
                    self._answers.forget()


class Pty(_Thread):
    """A box on a serial line: a pseudo-terminal, whose name stays the same through re-plugging."""

    def __init__(self, answers: Answers, path: Path) -> None:
        super().__init__(answers)
        self.path = path
        self._ready = threading.Event()
        self._plug()
        self._thread.start()

    def _plug(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._slave))

    def _run(self) -> None:
        while not self._stopped.is_set():
            unplugged = self._serve(
                self._master,
                lambda size: os.read(self._master, size),
                lambda data: os.write(self._master, data),
            )
            if unplugged:
                old = self._master, self._slave
                self._plug()  # first, so that it can be opened again at once
                for end in old:
                    os.close(end)
                self._answers.forget()
        os.close(self._master)
        os.close(self._slave)
        self.path.unlink()
