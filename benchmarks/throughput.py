"""Many changes at once, on all cores: sets in flight on one connection, and ``apply``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from benchmarks import servers
from benchmarks.exchanges import FREQUENCIES, HOST, connect
from benchmarks.pinning import ALL_CORES
from benchmarks.rounds import Blocking
from dds_link.client import Client, frames

CHANNELS = 64
"""Of the board that ``apply`` changes as a whole."""
SETS = 1000
"""Sets in one call of the pipelined measurement..."""
IN_FLIGHT = 250
"""...of which at most so many have no reply yet. Half of it divides :data:`SETS`."""


def pipelined(stack: ExitStack, port: int) -> Callable[[], object]:
    """A call that makes :data:`SETS` sets, sending ahead of the replies."""
    sock = stack.enter_context(connect(port))
    sock.settimeout(None)
    lines = [
        frames.set_frame("cooling", frequency, 0.5, 0.25, None, None, None, None)
        for frequency in FREQUENCIES[:SETS]
    ]
    part = IN_FLIGHT // 2
    parts = {start: b"".join(lines[start : start + part]) for start in range(0, SETS, part)}

    def run() -> None:
        sent = replies = 0
        while replies < SETS:
            while sent < SETS and sent + part - replies <= IN_FLIGHT:
                sock.sendall(parts[sent])
                sent += part
            data = sock.recv(1 << 16)
            if not data or b'"error"' in data:
                raise servers.CannotRun(f"a pipelined set failed: {data!r:.200}")
            replies += data.count(b"\n")

    return run


def whole_board(stack: ExitStack, port: int) -> Callable[[], object]:
    """A call of :meth:`dds_link.client.Client.apply` that changes every channel."""
    client = stack.enter_context(Client(HOST, port))
    numbers = count()

    def run() -> None:
        first = 80e6 + next(numbers) % 1000
        client.apply(
            [
                {"channel": channel, "frequency": first + 1e4 * channel, "amplitude": 0.5}
                for channel in range(CHANNELS)
            ]
        )

    return run


class Throughput(Blocking):
    """A function that makes many changes.

    :param changes: in one call.
    """

    kind = "throughput"

    def __init__(
        self, name: str, text: str, call: Callable[[], object], changes: int, calls: int
    ) -> None:
        super().__init__(name, text, call, calls)
        self.changes = changes
        self.every = 2
        self.cores = ALL_CORES


def build(stack: ExitStack, loop: str, folder: Path) -> list[Throughput]:
    """Start the controllers (on the cores of this process) and connect to them.

    :param stack: what is to be closed at the end.
    :param loop: event loop of the controllers.
    :param folder: where the configuration of the board is written.
    """
    config = folder / "board.toml"
    servers.write_board(config, CHANNELS)
    small = stack.enter_context(servers.controller(loop))
    large = stack.enter_context(servers.controller(loop, "--config", str(config)))
    return [
        Throughput(
            "pipelined",
            f"pipelined sets, {IN_FLIGHT} in flight, {loop}",
            pipelined(stack, small.port("json")),
            SETS,
            calls=2,
        ),
        Throughput(
            "apply",
            f"Client.apply, {CHANNELS} changes, {loop}",
            whole_board(stack, large.port("json")),
            CHANNELS,
            calls=10,
        ),
    ]
