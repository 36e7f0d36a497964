"""Programs in processes of their own, with a time-out on everything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.serving import PATIENCE

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


class Program:
    """A Python program that runs until it is told to stop.

    :param arguments: what stands behind ``python``.
    :param stderr: what becomes of its stderr; None: it is read at the end.
    """

    def __init__(self, *arguments: str, stderr: int | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if stderr is None else stderr,
            text=True,
            env=ENVIRONMENT,
        )
        # Whatever hangs is killed, so that reading from it comes to an end.
        self._watchdog = threading.Timer(PATIENCE, self._process.kill)
        self._watchdog.start()

    def line(self) -> str:
        """The next line of its stdout; empty at its end."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def end(self) -> tuple[int, str, str]:
        """Wait for its end: status, the rest of stdout, stderr."""
        out, err = self._process.communicate()
        self._watchdog.cancel()
        self._watchdog.join()
        return self._process.returncode, out, err or ""

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process.returncode is None:
            self.signal(signal.SIGTERM)
            self.end()
