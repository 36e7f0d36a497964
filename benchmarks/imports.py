"""What importing costs, in fresh interpreters that see the standard library and this package only.

An experiment's worker process imports the driver anew for every run.
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks.rounds import Measurement
from benchmarks.servers import ROOT

CODE = """\
import sys, time
sys.path.insert(0, {root!r})
start = time.perf_counter()
import {modules}
print(time.perf_counter() - start)
"""


class ImportCost(Measurement):
    """The time of one ``import`` statement.

    :param modules: what is imported, comma-separated.
    """

    kind = "import"

    def __init__(self, name: str, modules: str, every: int) -> None:
        super().__init__(name, f"import {modules}", calls=1, every=every)
        self._code = CODE.format(root=str(ROOT), modules=modules)

    def run(self, calls: int) -> list[float]:
        """See :meth:`Measurement.run`."""
        return [self._import() for _ in range(calls)]

    def _import(self) -> float:
        command = [sys.executable, "-I", "-S", "-c", self._code]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def build(every: int) -> list[Measurement]:
    """The driver, and what every asyncio program that speaks JSON imports anyway.

    :param every: they take their turn in one of this many rounds.
    """
    found = [
        ImportCost("import_stdlib", "asyncio, json", every),
        ImportCost("import_driver", "dds_link.driver", every),
    ]
    for one in found:
        one.run(1)  # compiles to bytecode what is not compiled yet
    return list(found)
