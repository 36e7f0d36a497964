"""A TCP server that plays a controller from scripts: one function per connection, in order.

A script talks to its :class:`Peer`. What it did not expect fails the test: a wrong request, a
request too many, a connection too many, a script that never got its connection.
"""

import json
import os
import socket
import threading
from collections.abc import Callable
from ssl import SSLContext
from types import TracebackType
from typing import Any

from .cases import EPOCHS, IDENTITY, WATCH, in_epochs

PATIENCE = 10.0
"""Seconds after which a script that waits gives up; reached only by a test that fails."""

Script = Callable[["Peer"], None]


def line(value: Any) -> bytes:
    """A value as the controller writes it."""
    return json.dumps(value).encode() + b"\n"


def success(result: Any) -> bytes:
    """The reply line for a result."""
    return line({"status": "success", "result": result})


def refusal(code: str, error: str) -> bytes:
    """The reply line for an error."""
    return line({"status": "error", "code": code, "error": error})


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE)
        self._sock = sock
        self._file = sock.makefile("rb")

    def receive(self) -> Any:
        """Read one frame."""
        received = self._file.readline()
        assert received, "expected a request, but the client closed the connection"
        return json.loads(received)

    def expect(self, request: dict[str, Any]) -> None:
        """Read one frame and compare it."""
        assert self.receive() == request

    def send(self, *chunks: bytes) -> None:
        """Send chunks, each in a segment of its own."""
        for chunk in chunks:
            self._sock.sendall(chunk)

    def flood(self, size: int) -> None:
        """Send blanks until the client hangs up, which it must do before it got this many."""
        blanks = b" " * 65536
        try:
            for _ in range(size // len(blanks)):
                self._sock.sendall(blanks)
        except (ConnectionResetError, BrokenPipeError):
            return
        raise AssertionError("the client read on")

    def send_until_stalled(self, data: bytes) -> bytes:
        """Send until the client has taken nothing for a while; the rest."""
        view = memoryview(data)
        self._sock.settimeout(0.2)
        try:
            while view:
                view = view[self._sock.send(view) :]
        except TimeoutError:
            pass
        self._sock.settimeout(PATIENCE)
        return bytes(view)

    def answer(self, request: dict[str, Any], result: Any) -> None:
        """Expect one request and answer it."""
        self.expect(request)
        self.send(success(result))

    def greet(self, epochs: list[int] = EPOCHS, **identity: Any) -> None:
        """Answer what every connection for calls starts with.

        :param identity: what differs from ``IDENTITY``.
        """
        snapshot = {"seq": 0, "killed": False, "device": "ready", "channels": in_epochs(epochs)}
        self.answer(WATCH, snapshot)
        self.answer({"command_id": "identify"}, {**IDENTITY, "epochs": epochs, **identity})

    def expect_close(self) -> None:
        """Wait until the client closes; whatever it still sends is too much."""
        try:
            assert self._file.readline() == b""
        except ConnectionResetError:
            pass

    def send_unencrypted(self, data: bytes) -> None:
        """Send past TLS."""
        os.write(self._sock.fileno(), data)

    def close(self) -> None:
        """Close."""
        self._file.close()
        self._sock.close()


class ScriptedServer:
    """Listens on a free port of the loopback from ``with`` on; its end tells what went wrong.

    :param tls: a context, for TLS.
    """

    def __init__(self, *scripts: Script, tls: SSLContext | None = None) -> None:
        self._scripts = scripts
        self._tls = tls
        self._failures: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self.ended = [threading.Event() for _ in scripts]
        """Set when the script is over and its connection closed."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def wait_end(self, number: int) -> None:
        """Wait until a script is over and its connection closed."""
        assert self.ended[number].wait(PATIENCE)

    def __enter__(self) -> "ScriptedServer":
        self._accepter = threading.Thread(target=self._accept)
        self._accepter.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        unused = [] if error else [n for n, end in enumerate(self.ended) if not end.wait(PATIENCE)]
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepter.join()
        self._listener.close()
        for thread in self._threads:
            thread.join()
        if error is None:
            for failure in self._failures:
                raise failure
            assert not unused, f"these scripts got no connection, or did not end: {unused}"

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return  # The end of the test.
            number = len(self._threads)
            if number == len(self._scripts):
                sock.close()
                self._failures.append(AssertionError("one connection too many"))
                return
            thread = threading.Thread(target=self._play, args=(number, sock))
            self._threads.append(thread)
            thread.start()

    def _play(self, number: int, sock: socket.socket) -> None:
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(sock)
            try:
                self._scripts[number](peer)
            finally:
                peer.close()
        except BaseException as failure:
            self._failures.append(failure)
        finally:
            sock.close()
            self.ended[number].set()
