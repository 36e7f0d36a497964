"""``python -m benchmarks``: measure, and print a table or JSON."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import devices, exchanges, imports, report, throughput
from benchmarks.pinning import ALL_CORES, ONE_CORE, run_on
from benchmarks.rounds import measure
from benchmarks.servers import CannotRun
from benchmarks.targets import judge

ROUNDS = 100
QUICK_ROUNDS = 10
QUICK_CALLS = 0.4
"""Of the calls in a slice."""
IMPORTS = 20
"""Interpreters started for each import, about; three at least."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run it; exits 1 with one sentence if it cannot."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--quick", action="store_true", help="a few seconds, rough numbers")
    parser.add_argument("--rounds", type=int, help=f"turns of each measurement ({ROUNDS})")
    args = parser.parse_args(argv)
    rounds = args.rounds or (QUICK_ROUNDS if args.quick else ROUNDS)
    try:
        data = run(rounds, QUICK_CALLS if args.quick else 1.0)
    except CannotRun as error:
        sys.exit(f"benchmarks: {error}")
    print(json.dumps(data, indent=2) if args.json else report.as_text(data))


def run(rounds: int, calls: float) -> dict[str, Any]:
    """Start the servers, measure, stop them.

    :param rounds: turns of each measurement.
    :param calls: factor on the number of calls in a turn.
    :returns: see :func:`benchmarks.report.as_data`.
    """
    loops = ["asyncio"]
    if importlib.util.find_spec("uvloop"):
        loops.append("uvloop")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.callback(run_on, ALL_CORES)
        run_on(ONE_CORE)
        measurements, skipped = exchanges.build(stack, loops)
        run_on(ALL_CORES)
        measurements += throughput.build(stack, loops[-1], folder)
        measurements += devices.build(stack)
        measurements += imports.build(every=max(rounds // IMPORTS, 1))
        measure(measurements, rounds, calls)
    return report.as_data(measurements, skipped, judge(measurements))


if __name__ == "__main__":
    main()
