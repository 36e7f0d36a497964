"""What was found, as JSON for programs and as tables for people."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.devices import DeviceSets
from benchmarks.pinning import CAN_PIN
from benchmarks.rounds import Measurement
from benchmarks.targets import Verdict
from benchmarks.throughput import Throughput


def as_data(
    measurements: Sequence[Measurement], skipped: Mapping[str, str], verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    """Everything, as values that JSON has. Times are in seconds."""
    floor = measurements[0].samples
    return {
        "machine": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "cores": os.cpu_count(),
            "pinned": CAN_PIN,
        },
        "floor": floor.p50,
        "measurements": [_describe(one, measurements[0]) for one in measurements],
        "skipped": dict(skipped),
        "targets": [
            {
                "name": verdict.target.name,
                "text": verdict.target.text,
                "measured": verdict.measured,
                "limit": verdict.target.limit,
                "at_least": verdict.target.at_least,
                "met": verdict.met,
            }
            for verdict in verdicts
        ],
    }


def _describe(one: Measurement, floor: Measurement) -> dict[str, Any]:
    samples = one.samples
    data: dict[str, Any] = {
        "name": one.name,
        "text": one.text,
        "kind": one.kind,
        "calls": len(samples.times),
        "p50": samples.p50,
        "p99": samples.p99,
        "floors": samples.p50 / floor.samples.p50,
        "spread": list(samples.spread(floor.samples)),
        "p99_floors": samples.p99 / floor.samples.p99,
    }
    if isinstance(one, Throughput):
        data["changes_per_second"] = one.changes / samples.p50
        data["changes_per_floor"] = one.changes * floor.samples.p50 / samples.p50
    if isinstance(one, DeviceSets):
        data["commands_per_second"] = 1 / samples.p50
        data["wire_limit"] = one.wire_limit
        data["wire"] = one.wire
    return data


def as_text(data: Mapping[str, Any]) -> str:
    """The same as tables."""
    machine = data["machine"]
    found = data["measurements"]
    where = "client and server on one core" if machine["pinned"] else "cores as the system likes"
    lines = [
        "Python {python}, {platform}, {cores} cores".format(**machine),
        "",
        f"{f'one exchange, {where}':48}{'p50':>9}{'p99':>9}{'p50':>9}{'quartiles':>17}{'p99':>8}",
        f"{'':48}{'us':>9}{'us':>9}{'floors':>9}{'round by round':>17}{'floors':>8}",
        *[_exchange_line(one) for one in found if one["kind"] == "exchange"],
        *[f"({name}: {why})" for name, why in data["skipped"].items()],
        "",
        f"{'many changes at once, all cores':48}{'us each':>9}{'per s':>9}{'per floor':>11}",
        *[_throughput_line(one) for one in found if one["kind"] == "throughput"],
        "",
        f"{'sets in place, without a network':34}{'through driver':>14}{'wire limit':>12}",
        f"{'':34}{'and twin, /s':>14}{'/s':>12}  one set is at least",
        *[_device_line(one) for one in found if one["kind"] == "device"],
        "",
        f"{'import in a fresh interpreter':48}{'ms':>9}",
        *[f"{one['text']:48}{one['p50'] * 1e3:9.1f}" for one in found if one["kind"] == "import"],
        "",
        f"{'target':57}{'limit':>9}{'measured':>9}",
        *[_verdict_line(verdict) for verdict in data["targets"]],
    ]
    return "\n".join(lines)


def _exchange_line(one: Mapping[str, Any]) -> str:
    quartiles = "{:.2f} ... {:.2f}".format(*one["spread"])
    return (
        f"{one['text']:48}{one['p50'] * 1e6:9.1f}{one['p99'] * 1e6:9.1f}{one['floors']:9.2f}"
        f"{quartiles:>17}{one['p99_floors']:8.2f}"
    )


def _throughput_line(one: Mapping[str, Any]) -> str:
    each, rate = 1e6 / one["changes_per_second"], one["changes_per_second"]
    return f"{one['text']:48}{each:9.1f}{rate:9.0f}{one['changes_per_floor']:11.2f}"


def _device_line(one: Mapping[str, Any]) -> str:
    rate, limit = one["commands_per_second"], one["wire_limit"]
    return f"{one['text']:34}{rate:14.0f}{limit:12.0f}  {one['wire']}"


def _verdict_line(verdict: Mapping[str, Any]) -> str:
    limit = f"{'>=' if verdict['at_least'] else '<='} {verdict['limit']:g}"
    if verdict["met"] is None:
        return f"{verdict['text']:57}{limit:>9}{'-':>9}  not installed"
    outcome = "met" if verdict["met"] else "NOT MET"
    return f"{verdict['text']:57}{limit:>9}{verdict['measured']:9.2f}  {outcome}"
