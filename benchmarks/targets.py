"""What was measured beside what it should be. Nothing here fails: a target not met is reported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.rounds import Measurement
from benchmarks.throughput import Throughput


class Target(NamedTuple):
    """One aim."""

    name: str
    text: str
    limit: float
    at_least: bool = False
    """True if more is better."""


class Verdict(NamedTuple):
    """One aim and what came of it."""

    target: Target
    measured: float | None
    """None if it could not be measured here."""

    @property
    def met(self) -> bool | None:
        """Whether the aim was reached; None if it could not be measured here."""
        if self.measured is None:
            return None
        if self.target.at_least:
            return self.measured >= self.target.limit
        return self.measured <= self.target.limit


TARGETS = (
    Target("set_uvloop_p50", "Client.set under uvloop, p50 in floors", 4.5),
    Target("set_uvloop_p99", "Client.set under uvloop, p99 in the floor's p99", 5.0),
    Target("set_asyncio_p50", "Client.set under asyncio, p50 in floors", 9.0),
    Target("set_asyncio_p99", "Client.set under asyncio, p99 in the floor's p99", 5.0),
    Target("crowded", "Client.set p50 with idle connections, to that without", 1.2),
    Target("pipelined", "pipelined sets in one floor", 0.8, at_least=True),
    Target("apply", "changes of one apply in one floor", 1.5, at_least=True),
    Target("import", "import of dds_link.driver, to that of asyncio and json", 2.0),
)


def judge(measurements: Sequence[Measurement]) -> list[Verdict]:
    """Compare the measurements with :data:`TARGETS`."""
    found = {one.name: one for one in measurements}
    floor = found["floor"].samples
    measured: dict[str, float] = {}
    for loop in ("asyncio", "uvloop"):
        if f"set_{loop}" in found:
            samples = found[f"set_{loop}"].samples
            measured[f"set_{loop}_p50"] = samples.p50 / floor.p50
            measured[f"set_{loop}_p99"] = samples.p99 / floor.p99
            # The idle connections are on the fastest loop, which comes last.
            measured["crowded"] = found["set_crowded"].samples.p50 / samples.p50
    for one in measurements:
        if isinstance(one, Throughput):
            measured[one.name] = one.changes * floor.p50 / one.samples.p50
    driver, stdlib = found["import_driver"].samples, found["import_stdlib"].samples
    measured["import"] = driver.p50 / stdlib.p50
    return [Verdict(target, measured.get(target.name)) for target in TARGETS]
