"""On which cores this process, and every child that it starts, may run.

Client and server share one core for everything that is timed call by call. On two cores each
message wakes a sleeping core, which in a virtual machine costs up to five times the exchange itself
and changes from minute to minute.
"""

from __future__ import annotations

import os

CAN_PIN = hasattr(os, "sched_setaffinity")
"""False on Windows and macOS; there everything runs where the system puts it."""

ALL_CORES = frozenset(os.sched_getaffinity(0)) if CAN_PIN else frozenset(range(os.cpu_count() or 1))
# The first core often has the machine's interrupts to serve.
ONE_CORE = frozenset((max(ALL_CORES),))


def run_on(cores: frozenset[int]) -> None:
    """Let this process run on ``cores`` only; children inherit it."""
    if CAN_PIN:
        os.sched_setaffinity(0, cores)
