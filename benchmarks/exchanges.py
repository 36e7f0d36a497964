"""One exchange at a time, client and server on one core: what a scan waits for at every point.

Every ``set`` asks for another frequency than the one before.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import cycle
from time import perf_counter
from typing import Any

from benchmarks import servers
from benchmarks.rounds import Blocking, Measurement
from benchmarks.servers import Server
from dds_link.client import AsyncClient, Client, frames, send_data

HOST = "127.0.0.1"
IDLE_CONNECTIONS = 200
FREQUENCIES = [80e6 + 1e3 * step for step in range(1000)]
MESSAGE = frames.set_frame("cooling", 80e6, 0.5, 0.25, None, None, None, None)


def connect(port: int) -> socket.socket:
    """A blocking connection to ``port`` of this computer."""
    sock = socket.create_connection((HOST, port), timeout=10.0)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def bare(stack: ExitStack, port: int, message: bytes = MESSAGE) -> Callable[[], object]:
    """A call that sends ``message`` to an echo server and waits until it is back."""
    sock = stack.enter_context(connect(port))
    sock.settimeout(None)  # with a time-out each call would poll first

    def exchange() -> None:
        sock.sendall(message)
        received = 0
        while received < len(message):
            data = sock.recv(1 << 16)
            if not data:
                raise servers.CannotRun("an echo server ended")
            received += len(data)

    return exchange


def blocking(stack: ExitStack, port: int) -> Callable[[], object]:
    """A call of :meth:`dds_link.client.Client.set`."""
    client = stack.enter_context(Client(HOST, port))
    frequencies = cycle(FREQUENCIES)
    return lambda: client.set("cooling", frequency=next(frequencies), amplitude=0.5, phase=0.25)


def template(port: int) -> Callable[[], object]:
    """A call of :func:`dds_link.client.send_data`: connect, exchange, disconnect."""
    frequencies = cycle(FREQUENCIES)

    def fail(*response: Any) -> None:
        raise servers.CannotRun(f"send_data failed: {response}")

    def exchange() -> None:
        request = {"command_id": "set", "channel": "cooling", "frequency": next(frequencies),
                   "amplitude": 0.5, "phase": 0.25}  # fmt: skip
        send_data(request, HOST, port, server_success=len, server_fail=fail, fail_connect=fail)

    return exchange


def rpc(stack: ExitStack, server: Server) -> Callable[[], object]:
    """A call of ``set`` by sipyco's blocking client.

    :raises ImportError: without sipyco.
    """
    from sipyco.pc_rpc import Client as RPCClient

    client = RPCClient(HOST, server.port("rpc"), "dds_link")
    stack.callback(client.close_rpc)
    frequencies = cycle(FREQUENCIES)
    return lambda: client.set("cooling", frequency=next(frequencies), amplitude=0.5, phase=0.25)


def hold_idle(stack: ExitStack, port: int, count: int = IDLE_CONNECTIONS) -> None:
    """Connect ``count`` clients that ask for nothing; like all clients, they hear of new epochs."""
    for _ in range(count):
        stack.enter_context(Client(HOST, port))


class AsyncMeasurement(Measurement):
    """:meth:`dds_link.client.AsyncClient.set`, in an event loop that runs meanwhile."""

    def __init__(self, name: str, text: str, stack: ExitStack, port: int) -> None:
        super().__init__(name, text)
        self._loop = asyncio.new_event_loop()
        stack.callback(self._loop.close)
        self._client = AsyncClient(HOST, port)
        self._frequencies = cycle(FREQUENCIES)
        self._loop.run_until_complete(self._client.connect())
        stack.callback(lambda: self._loop.run_until_complete(self._client.close()))

    def run(self, calls: int) -> list[float]:
        """See :meth:`Measurement.run`."""
        return self._loop.run_until_complete(self._run(calls))

    async def _run(self, calls: int) -> list[float]:
        times = []
        for _ in range(calls):
            start = perf_counter()
            await self._client.set(
                "cooling", frequency=next(self._frequencies), amplitude=0.5, phase=0.25
            )
            times.append(perf_counter() - start)
        return times


def build(stack: ExitStack, loops: Sequence[str]) -> tuple[list[Measurement], dict[str, str]]:
    """Start the servers (on the cores of this process) and connect to them.

    :param stack: what is to be closed at the end.
    :param loops: the event loops to compare; the fastest, for what is measured on one only, last.
    :returns: the measurements, the floor first, and why others are left out, by name.
    """
    best = loops[-1]
    start = stack.enter_context
    floor, streams = start(servers.echo("blocking")), start(servers.echo("streams"))
    protocols = {loop: start(servers.echo("protocol", loop)) for loop in loops}
    controllers = {loop: start(servers.controller(loop)) for loop in loops}
    crowded = start(servers.controller(best))

    found: list[Measurement] = [
        Blocking("floor", "bare blocking TCP echo", bare(stack, floor.port("echo"))),
        Blocking("echo_streams", "echo by asyncio's streams", bare(stack, streams.port("echo"))),
    ]
    for loop in loops:
        call = bare(stack, protocols[loop].port("echo"))
        found.append(Blocking(f"echo_{loop}", f"echo by a protocol under {loop}", call))
    for loop in loops:
        call = blocking(stack, controllers[loop].port("json"))
        found.append(Blocking(f"set_{loop}", f"Client.set, controller under {loop}", call))

    hold_idle(stack, crowded.port("json"))
    call = blocking(stack, crowded.port("json"))
    text = f"Client.set, {IDLE_CONNECTIONS} idle connections, {best}"
    found.append(Blocking("set_crowded", text, call))

    port = controllers[best].port("json")
    found.append(AsyncMeasurement("set_async", f"AsyncClient.set, {best}", stack, port))
    call = template(port)
    found.append(Blocking("send_data", f"send_data (connects each time), {best}", call, 10))
    skipped = {}
    try:
        call = rpc(stack, controllers[best])
        found.append(Blocking("rpc", f"sipyco RPC set, {best}", call))
    except ImportError:
        skipped["rpc"] = "sipyco is not installed"
    return found, skipped
