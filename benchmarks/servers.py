"""Starting and stopping the far ends: the echo servers, and real controllers in simulation."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""Of the checkout. The children run what stands there, whatever else is installed."""

START_TIMEOUT = 30.0
"""Seconds until a child that is not ready is killed."""
STOP_TIMEOUT = 10.0
"""Seconds to wait for a child's end before it is killed."""

BOARD = """\
[device]
type = "ad9910"
channels = {channels}
refclk = 25e6
sysclk = 1e9
transport = "spidev:0"

[device.pins]
io_update = "gpiochip0:17"
io_reset = "gpiochip0:22"
master_reset = "gpiochip0:27"
"""
CHANNEL = """
[[channel]]
index = {index}
name = "channel{index}"
chip_select = {index}
"""


class CannotRun(Exception):
    """The benchmark cannot be run here; the text says why."""


class Server:
    """A child process that says where it listens. A context manager; it ends with the block.

    It may run on the cores that its parent may run on when it starts.

    :param module: run with ``python -m``.
    :param arguments: its arguments.
    """

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        self._name = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ports: dict[str, int] = {}

    def port(self, what: str) -> int:
        """The TCP port of ``echo``, ``json`` or ``rpc``; waits until the server is ready.

        :raises CannotRun: if it did not start.
        :raises KeyError: if it has no such port.
        """
        if not self._ports:
            words = self._first_line().split()
            if words[:1] != ["listening"]:
                raise CannotRun(f"{self._name} did not start; see above")
            addresses = (word.split("=", 1) for word in words[1:])
            self._ports = {name: int(where.rpartition(":")[2]) for name, where in addresses}
        return self._ports[what]

    def _first_line(self) -> str:
        """What the child prints first; empty if it ends or hangs instead."""
        timer = threading.Timer(START_TIMEOUT, self._process.kill)
        timer.start()
        try:
            return self._process.stdout.readline() if self._process.stdout else ""
        finally:
            timer.cancel()

    def __enter__(self) -> Server:
        """Itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def echo(kind: str, loop: str = "asyncio") -> Server:
    """An echo server; see :func:`benchmarks.echo.main`."""
    return Server("benchmarks.echo", [kind, loop])


def controller(loop: str, *more: str) -> Server:
    """A controller in simulation on free ports.

    :param loop: ``asyncio`` or ``uvloop``.
    :param more: further arguments.
    """
    # Quiet: that sipyco is missing is said in the report.
    ports = ["-p", "0", "--json-port", "0"]
    return Server("dds_link.aqctl_dds_link", ["-q", "--simulation", "--loop", loop, *ports, *more])


def write_board(path: Path, channels: int) -> None:
    """Write the configuration of one board with many channels."""
    tables = (CHANNEL.format(index=index) for index in range(channels))
    path.write_text(BOARD.format(channels=channels) + "".join(tables), encoding="utf-8")
