"""What is known of controllers as the page gets it: texts and numbers, and only what is new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dds_link.panel.digits import ATTENUATION, STYLES, shown
from dds_link.panel.model import LIVE, Channel, Link
from dds_link.quantities import (
    AMPLITUDE,
    FREQUENCY,
    PHASE,
    format_decibel,
    format_degrees,
    format_frequency,
)

Patch = dict[str, Any]

_FIRST_LOG = 100  # entries that a page is sent when it opens


def patch(links: Iterable[Link], since: int, now: float) -> list[Patch]:
    """What changed after the change ``since``; 0 for all.

    :param now: of the panel's monotonic clock.
    :return: one object for each controller, in their order.
    """
    return [_link(link, since, now) for link in links]


def _link(link: Link, since: int, now: float) -> Patch:
    body: Patch = {"key": link.key}
    if link.head_version > since or not since:
        body["head"] = _head(link, now)
    whole = link.static_version > since or not since
    if whole:
        body["static"] = [_static(link, index) for index in sorted(link.channels)]
    body["channels"] = [
        channel_view(link, index)
        for index in sorted(link.channels)
        if whole or link.channels[index].version > since
    ]
    new = [entry for entry in link.log if entry.version > since]
    body["log"] = [
        {
            "n": entry.number,
            "time": entry.time,
            "event": entry.event,
            "what": entry.what,
            "by": entry.by,
            "count": entry.count,
        }
        for entry in new[-_FIRST_LOG:]
    ]
    return body


def _head(link: Link, now: float) -> Patch:
    identity = link.identity
    return {
        "where": link.where,
        "state": link.state,
        "live": link.state == LIVE,
        "reason": link.reason,
        "age": None if link.contact is None else max(0.0, now - link.contact),
        "device": str(identity.get("device", "")),
        "ready": link.device,
        "simulation": bool(identity.get("simulation")),
        "readback": bool(identity.get("readback", True)),
        "version": str(identity.get("version", "")),
        "protocol": identity.get("protocol"),
        "killed": link.killed,
        "rtt": None if link.rtt is None else round(link.rtt * 1e3, 2),
    }


def description(link: Link, index: int) -> Mapping[str, Any]:
    """What ``describe`` said of a channel; empty if it said nothing."""
    for channel in link.description.get("channels", ()):
        if channel["index"] == index:
            found: Mapping[str, Any] = channel
            return found
    return {}


def resolution(link: Link, index: int, name: str) -> float:
    """The step of a quantity, in what the wire has."""
    told = description(link, index).get("resolution", {}).get(name)
    if name == ATTENUATION and not told:
        told = _attenuator(link, index).get("step_db")
    return float(told) if told else STYLES[name].default_step


def _attenuator(link: Link, index: int) -> Mapping[str, Any]:
    found = description(link, index).get(ATTENUATION)
    return found if isinstance(found, Mapping) else {}


def _static(link: Link, index: int) -> Patch:
    told = description(link, index)
    receipt = link.channels[index].receipt
    return {
        "i": index,
        "name": str(receipt["name"]),
        "chip": str(told.get("chip", "")),
        "group": told.get("update_group"),
        "sysclk": format_frequency(told.get("sysclk")),
        "fields": [
            {"name": name, "limits": _limits(told, name)}
            for name in (FREQUENCY, AMPLITUDE, PHASE, ATTENUATION)
            if name in receipt
        ],
    }


def _limits(told: Mapping[str, Any], name: str) -> str:
    limits = told.get("limits", {})
    if name == FREQUENCY and "max_frequency" in limits:
        low = format_frequency(round(float(limits.get("min_frequency", 0)), 3))
        return f"{low} … {format_frequency(round(float(limits['max_frequency']), 3))}"
    if name == AMPLITUDE and "max_amplitude" in limits:
        return f"0 … {limits['max_amplitude']:.5g}"
    if name == ATTENUATION and "min_attenuation" in limits:
        return f"from {limits['min_attenuation']:g} dB"
    return ""


def channel_view(link: Link, index: int) -> Patch:
    """One channel, as its card shows it."""
    channel = link.channels[index]
    receipt = channel.receipt
    fields = [name for name in (FREQUENCY, AMPLITUDE, PHASE, ATTENUATION) if name in receipt]
    words = receipt["words"]
    return {
        "i": index,
        "state": rf_state(link, channel),
        "enabled": bool(receipt["enabled"]),
        "texts": {n: shown(n, receipt[n], resolution(link, index, n)) for n in fields},
        "also": {
            AMPLITUDE: format_decibel(receipt[AMPLITUDE]),
            PHASE: format_degrees(receipt[PHASE]),
        },
        "sort": receipt[FREQUENCY] or 0.0,
        "exact": format_frequency(receipt[FREQUENCY]),
        "words": [[name, int(words[name]), hex(words[name])] for name in ("ftw", "pow", "asf")],
        "epoch": receipt["epoch"],
        "by": channel.by,
        "time": channel.time,
    }


def rf_state(link: Link, channel: Channel) -> str:
    """``on``; ``off``; ``silent``: on, but without frequency or amplitude; ``unknown``: a failure
    left the hardware's state uncertain; ``killed``."""
    receipt = channel.receipt
    if not receipt.get("known", True):
        return "unknown"
    if link.killed:
        return "killed"
    if not receipt["enabled"]:
        return "off"
    return "on" if receipt["words"]["asf"] else "silent"
