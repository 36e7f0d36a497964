"""Measurements beside their aims."""

from __future__ import annotations

import pytest

from benchmarks.rounds import Blocking, Measurement
from benchmarks.targets import TARGETS, Target, Verdict, judge
from benchmarks.throughput import Throughput


@pytest.mark.parametrize(
    ("at_least", "measured", "met"),
    [
        (False, 2.0, True),
        (False, 2.1, False),
        (True, 2.0, True),
        (True, 1.9, False),
        (False, None, None),
        (True, None, None),
    ],
)
def test_verdict(at_least: bool, measured: float | None, met: bool | None) -> None:
    assert Verdict(Target("name", "text", 2.0, at_least), measured).met is met


def timed(one: Measurement, times: list[float]) -> Measurement:
    one.samples.add(0, times)
    return one


def measured(loops: list[str]) -> dict[str, float | None]:
    """A run in which the floor is 2 s, with a p99 of 3 s."""
    found = [timed(Blocking("floor", "", list), [2.0, 2.0, 3.0])]
    found += [timed(Blocking(f"set_{loop}", "", list), [8.0, 8.0, 12.0]) for loop in loops]
    found += [
        timed(Blocking("set_crowded", "", list), [10.0]),
        timed(Throughput("pipelined", "", list, changes=1000, calls=1), [4000.0]),
        timed(Throughput("apply", "", list, changes=64, calls=1), [32.0]),
        timed(Blocking("import_stdlib", "", list), [2.0]),
        timed(Blocking("import_driver", "", list), [3.0]),
    ]
    return {verdict.target.name: verdict.measured for verdict in judge(found)}


def test_everything_is_counted_in_floors_or_as_a_ratio() -> None:
    assert measured(["asyncio", "uvloop"]) == {
        "set_uvloop_p50": 4.0,
        "set_uvloop_p99": 4.0,
        "set_asyncio_p50": 4.0,
        "set_asyncio_p99": 4.0,
        "crowded": 1.25,
        "pipelined": 0.5,
        "apply": 4.0,
        "import": 1.5,
    }


def test_without_uvloop_its_targets_are_open_and_the_others_are_not() -> None:
    found = measured(["asyncio"])
    assert {name for name, value in found.items() if value is None} == {
        "set_uvloop_p50",
        "set_uvloop_p99",
    }


def test_every_target_has_a_name_of_its_own() -> None:
    assert len({target.name for target in TARGETS}) == len(TARGETS)
