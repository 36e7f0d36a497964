"""A tiny run as a user starts it. What it measures is not judged here."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import pytest

from benchmarks import report
from benchmarks.servers import ROOT
from benchmarks.targets import TARGETS
from dds_link.devices.registry import DEVICES


@pytest.fixture(scope="module")
def data() -> Any:
    """The JSON of ``python -m benchmarks --quick --json`` with two rounds."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--rounds", "2", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_everything_is_measured_or_said_to_be_missing(data: Any) -> None:
    names = {one["name"] for one in data["measurements"]} | set(data["skipped"])
    devices = {f"device_{name}" for name in DEVICES}
    assert names - {"echo_uvloop", "set_uvloop"} == devices | {
        "floor", "echo_streams", "echo_asyncio", "set_asyncio", "set_crowded", "set_async",
        "send_data", "rpc", "pipelined", "apply", "import_stdlib", "import_driver",
    }  # fmt: skip


def test_every_measurement_has_its_numbers(data: Any) -> None:
    for one in data["measurements"]:
        assert one["calls"] >= 1
        assert 0 < one["p50"] <= one["p99"] < math.inf
        assert one["floors"] == pytest.approx(one["p50"] / data["floor"])
        assert len(one["spread"]) == 2
        assert one["p99_floors"] > 0
        if one["kind"] == "throughput":
            assert one["changes_per_floor"] == pytest.approx(
                one["changes_per_second"] * data["floor"]
            )
        if one["kind"] == "device":
            assert one["commands_per_second"] == pytest.approx(1 / one["p50"])
            assert 0 < one["wire_limit"] < math.inf


def test_every_target_has_its_verdict(data: Any) -> None:
    assert [one["name"] for one in data["targets"]] == [target.name for target in TARGETS]
    for one in data["targets"]:
        assert one["met"] in ((None,) if one["measured"] is None else (True, False))


def test_the_table_says_the_same(data: Any) -> None:
    table = report.as_text(data)
    for one in data["measurements"] + data["targets"]:
        assert one["text"] in table
        assert one.get("wire", "") in table
    for name, why in data["skipped"].items():
        assert f"{name}: {why}" in table


def test_a_target_that_could_not_be_measured_is_no_failure() -> None:
    target = {"text": "speed", "limit": 2, "at_least": True, "measured": None, "met": None}
    machine = {"python": "3", "platform": "x", "cores": 1, "pinned": False}
    empty = {"machine": machine, "measurements": [], "skipped": {}, "targets": [target]}
    assert "not installed" in report.as_text(empty)
