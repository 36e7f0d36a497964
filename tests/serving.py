"""Event loops in threads, what is served in them, and the raw end of a connection to it."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from dds_link import config as configuration
from dds_link.aqctl_dds_link import new_event_loop
from dds_link.assembly import Assembly
from dds_link.json_shell import JsonShell, ServiceHandler
from dds_link.listening import bound_sockets
from dds_link.protocol.commands import Subscribe
from dds_link.service.executor import Worker

PATIENCE = 20.0
"""Seconds after which whatever waits gives up; reached only by a test that fails."""


class LoopThread:
    """An event loop in a thread of its own, from ``with`` on.

    :param kind: ``asyncio`` or ``uvloop``.
    """

    def __init__(self, kind: str) -> None:
        self.loop = new_event_loop(kind)
        self.unseen: list[dict[str, Any]] = []
        """What reached the loop's exception handler."""
        self.loop.set_exception_handler(lambda _, context: self.unseen.append(context))
        self._thread = threading.Thread(target=self.loop.run_forever, name="test loop")

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in the loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function in the loop and wait for its result."""

        async def called() -> Any:
            return function(*arguments)

        return self.run(called())

    def __enter__(self) -> LoopThread:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        left = self.call(lambda: len(asyncio.all_tasks()) - 1)  # without the one that counts
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()
        assert not self.unseen
        assert not left, f"{left} tasks are left in the loop"


class Peer:
    """The client's end of a connection, with a time-out on everything.

    :param receive_buffer: bytes of the kernel's buffer, for clients that do not read.
    """

    def __init__(self, port: int, host: str = "127.0.0.1", receive_buffer: int = 0) -> None:
        self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(PATIENCE)
        try:
            self.sock.connect((host, port))
        except OSError:
            self.sock.close()
            raise
        self._file = self.sock.makefile("rb")

    def send(self, data: bytes | dict[str, Any]) -> None:
        """Send bytes, or one frame."""
        self.sock.sendall(data if isinstance(data, bytes) else json.dumps(data).encode() + b"\n")

    def receive(self) -> dict[str, Any]:
        """The next line."""
        line = self._file.readline()
        assert line.endswith(b"\n"), f"expected a line, got {line!r} and the end"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, data: bytes | dict[str, Any]) -> Any:
        """The result of one request."""
        self.send(data)
        answer = self.receive()
        assert answer["status"] == "success", answer
        return answer["result"]

    def refusal(self, data: bytes | dict[str, Any]) -> str:
        """The code of the error that a request gets."""
        self.send(data)
        answer = self.receive()
        assert answer["status"] == "error", answer
        return str(answer["code"])

    def finish(self) -> None:
        """Send no more."""
        self.sock.shutdown(socket.SHUT_WR)

    def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        return self._file.read()

    def close(self) -> None:
        """Close."""
        self._file.close()
        self.sock.close()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Gate:
    """Holds a function up, in whatever thread it runs, until it is opened.

    :param function: what to hold up.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._entered = threading.Semaphore(0)
        self._open = threading.Event()

    def __call__(self, *arguments: Any) -> Any:
        self._entered.release()
        assert self._open.wait(PATIENCE)
        return self._function(*arguments)

    def wait(self) -> None:
        """Until somebody stands before it."""
        assert self._entered.acquire(timeout=PATIENCE)

    def open(self) -> None:
        """Let everybody pass, now and later."""
        self._open.set()


class Served:
    """A service behind a JSON port of the loopback."""

    def __init__(self, loop: LoopThread, assembly: Assembly, shell: JsonShell, port: int) -> None:
        self.loop = loop
        self.assembly = assembly
        self.shell = shell
        self.port = port

    def connect(self, receive_buffer: int = 0) -> Peer:
        """A new client."""
        return Peer(self.port, receive_buffer=receive_buffer)

    def look(self) -> list[tuple[float, float]]:
        """Frequency and amplitude of every output of the twin."""
        board = self.assembly.board

        def tones() -> list[tuple[float, float]]:
            found = [board.tone(channel) for channel in range(len(board.chips))]
            return [(tone.frequency, tone.amplitude) for tone in found]

        seen: list[tuple[float, float]] = self.loop.call(tones)
        return seen

    def hold(self, method: str) -> Gate:
        """Hold up a method of the device. Only where it runs in a thread."""
        gate = Gate(getattr(self.assembly.device, method))
        setattr(self.assembly.device, method, gate)
        return gate


async def ready(assembly: Assembly) -> None:
    """Start a service, and wait until its device is ready."""
    told = asyncio.Event()
    command = Subscribe(events=["device"])
    _, subscription = assembly.service.subscribe(command, lambda body, seq: told.set())
    assembly.service.start()
    await asyncio.wait_for(told.wait(), PATIENCE)
    assembly.service.unsubscribe(subscription)


@contextmanager
def served(
    loop: LoopThread, config: configuration.Config | None = None, threaded: bool = False, **tls: Any
) -> Iterator[Served]:
    """The simulated board, or what ``config`` says, on a free port.

    :param threaded: device calls run in a thread, as for real hardware.
    """

    async def start() -> tuple[Assembly, JsonShell, int]:
        executor = Worker(loop.loop.call_soon_threadsafe) if threaded else None
        assembly = Assembly(config or configuration.simulated_board(), True, executor)
        shell = JsonShell(partial(ServiceHandler, assembly.service))
        port = await shell.listen(bound_sockets(["127.0.0.1"], 0), **tls)
        await ready(assembly)
        return assembly, shell, port

    assembly, shell, port = loop.run(start())
    try:
        yield Served(loop, assembly, shell, port)
    finally:
        loop.run(assembly.stop())
        loop.run(shell.close())
