"""A box on a network of which the cable can be cut, and that loses or delays bytes, at any byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from dds_link.twins.base import TextBox
from tests.serving import PATIENCE

#: How often it looks whether it shall stop, s.
POLL = 0.01


class Fault(Enum):
    """What may happen to bytes."""

    CUT = auto()
    """They do not come through, and the connection ends; nobody is let in until ``plug()``."""
    LOSE = auto()
    """What was sent with them does not come through; then all is well again."""
    HOLD = auto()
    """They come late: at ``release()``, with what came after them."""


class Network(threading.Thread):
    """The twin of a box behind a TCP port; one connection at a time.

    :param make_box: gives the twin, as it is when it is switched on.
    """

    def __init__(self, make_box: Callable[[], TextBox]) -> None:
        super().__init__(name="network", daemon=True)
        self._make_box = make_box
        self.box: Any = make_box()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(POLL)
        self.port: int = self._listener.getsockname()[1]
        self._stopped = threading.Event()
        self._plugged = threading.Event()
        self._plugged.set()
        # Set while nobody is connected.
        self._nobody = threading.Event()
        self._nobody.set()
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._to_box = False
        self._left = 0
        # What is late, and what of it may come now.
        self._held: bytes | None = None
        self._late = b""
        #: While True, nothing that it says comes through.
        self.mute = False
        #: Set when the fault has happened.
        self.fired = threading.Event()

    # What a test says

    def fail(self, fault: Fault, to_box: bool, at: int) -> None:
        """Let something happen, once.

        :param to_box: on the way there, or with answers.
        :param at: after so many more bytes.
        """
        with self._lock:
            self.fired.clear()
            self._fault, self._to_box, self._left = fault, to_box, at

    def disarm(self) -> None:
        """Let nothing happen any more."""
        with self._lock:
            self._fault = None

    def plug(self, power_cycle: bool = False) -> None:
        """Connect the cable again.

        :param power_cycle: the box was switched off and on meanwhile.
        """
        if power_cycle:
            self.box = self._make_box()
        self._plugged.set()

    def release(self) -> None:
        """Let come what is late."""
        with self._lock:
            self._late, self._held = self._held or b"", None

    def unplug(self) -> None:
        """Cut the cable now."""
        self._plugged.clear()
        assert self._nobody.wait(PATIENCE)

    def stop(self) -> None:
        self._stopped.set()
        self.join(PATIENCE)

    # The wires

    def run(self) -> None:
        with self._listener:
            while not self._stopped.is_set():
                try:
                    connection, _ = self._listener.accept()
                except TimeoutError:
                    continue
                self._nobody.clear()
                with connection:
                    connection.settimeout(POLL)
                    self._held, self._late = None, b""
                    try:
                        self._serve(connection)
                    except OSError:
                        pass  # the other side went away while we were sending
                self._nobody.set()

    def _serve(self, connection: socket.socket) -> None:
        self._send(connection, self.box.connect())
        while self._plugged.is_set() and not self._stopped.is_set():
            try:
                data = connection.recv(4096)
            except TimeoutError:
                self._send(connection, b"")
                continue
            if not data:
                return
            through = self._through(data, to_box=True)
            answer = self.box.receive(through)
            if self._plugged.is_set():
                answer = self._through(answer, to_box=False)
            self._send(connection, answer)

    def _through(self, data: bytes, to_box: bool) -> bytes:
        """What of ``data`` comes through now."""
        with self._lock:
            if self._held is not None and not to_box:
                self._held += data
                return b""
            if self._fault is None or self._to_box is not to_box:
                return data
            through, rest = data[: self._left], data[self._left :]
            self._left -= len(through)
            if rest:
                if self._fault is Fault.CUT:
                    self._plugged.clear()
                elif self._fault is Fault.HOLD:
                    self._held = rest
                self._fault = None
                self.fired.set()
            return through

    def _send(self, connection: socket.socket, answer: bytes) -> None:
        with self._lock:
            answer, self._late = self._late + answer, b""
        if answer and not self.mute:
            connection.sendall(answer)
