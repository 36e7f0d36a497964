"""A real controller in a process of its own, on ports that are free."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0
"""Seconds after which a test that waits for a process gives up."""

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}


class Listening(NamedTuple):
    """A controller that listens on loopback."""

    process: subprocess.Popen[str]
    json_port: int
    rpc_port: int | None
    """None without sipyco."""


@contextmanager
def deadline(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Kill ``process`` if the block takes too long: whoever reads from it sees the end then."""
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def python(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A Python process in the repository; it is gone after the block."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        text=True,
        **{"env": ENVIRONMENT, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )
    with deadline(process), process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


# A shell gives the processes of its background a SIGINT that is ignored.
_INTERRUPTIBLE = (
    "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


def interruptible(
    module: str, *arguments: str, **options: Any
) -> AbstractContextManager[subprocess.Popen[str]]:
    """A module as a process that SIGINT reaches, even where the tests run in the background."""
    return python("-c", _INTERRUPTIBLE, module, *arguments, **options)


@contextmanager
def controller(*arguments: str) -> Iterator[Listening]:
    """``aqctl_dds_link --simulation`` on free ports; ended by SIGTERM."""
    command = ("-m", "dds_link.aqctl_dds_link", "--simulation", "--json-port", "0", "-p", "0")
    # Its log goes where the test's own does: a pipe that nobody reads would fill.
    with python(*command, *arguments, stderr=None) as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        assert words[:1] == ["listening"], words
        ports = dict(word.split("=") for word in words[1:])
        rpc = ports.get("rpc")
        yield Listening(
            process,
            int(ports["json"].rpartition(":")[2]),
            None if rpc is None else int(rpc.rpartition(":")[2]),
        )
        process.terminate()
        process.wait(PATIENCE)
