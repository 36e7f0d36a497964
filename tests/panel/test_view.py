"""What the page gets: texts, and only what is new."""

from __future__ import annotations

from typing import Any

import pytest

from dds_link.panel.view import channel_view, patch, resolution
from tests.panel.test_model import connected, event, receipt

DESCRIBED = {
    "index": 0,
    "name": "ch0",
    "chip": "ad9910:0",
    "update_group": 0,
    "limits": {"min_frequency": 60e6, "max_frequency": 120e6, "max_amplitude": 0.8},
    "resolution": {"frequency": 1e9 / 2**32, "phase": 2**-16, "amplitude": 1 / 16383},
    "sysclk": 1e9,
}


def one(**more: Any) -> Any:
    link = connected(receipt(0, **more))
    link.description = {"channels": [DESCRIBED]}
    return link


def test_a_page_that_opens_gets_everything() -> None:
    link = one()
    link.identity = {"device": "ad9910", "simulation": True, "version": "0.1.0", "protocol": 1}
    link.heard(0.0004, 12.0)
    (body,) = patch([link], 0, 12.5)
    assert body["head"] == {
        "where": "lab:65432", "state": "live", "live": True, "reason": "", "age": 0.5,
        "device": "ad9910", "ready": "ready", "simulation": True, "readback": True,
        "version": "0.1.0", "protocol": 1, "killed": False, "rtt": 0.4,
    }  # fmt: skip
    assert body["static"] == [
        {
            "i": 0, "name": "ch0", "chip": "ad9910:0", "group": 0, "sysclk": "1 GHz",
            "fields": [
                {"name": "frequency", "limits": "60 MHz … 120 MHz"},
                {"name": "amplitude", "limits": "0 … 0.8"},
                {"name": "phase", "limits": ""},
            ],
        }
    ]  # fmt: skip
    assert [channel["i"] for channel in body["channels"]] == [0]
    assert [entry["what"] for entry in body["log"]] == ["connected"]


def test_a_controller_that_was_never_seen() -> None:
    from dds_link.panel.model import Link

    (body,) = patch([Link("lab", "lab:1")], 0, 5.0)
    assert body["head"]["age"] is None
    assert body["head"]["state"] == "connecting"
    assert (body["channels"], body["static"], body["log"]) == ([], [], [])


def test_later_only_what_changed() -> None:
    link = connected(receipt(0), receipt(1))
    seen = link.counter.last
    assert patch([link], seen, 11.0) == [{"key": "lab", "channels": [], "log": []}]
    link.take(event(1, receipt(1, phase=0.5)), 11.0)
    (body,) = patch([link], seen, 11.0)
    assert [channel["i"] for channel in body["channels"]] == [1]
    assert "static" not in body
    assert [entry["event"] for entry in body["log"]] == ["changed"]


def test_a_card() -> None:
    assert channel_view(one(frequency=80000000.0745058), 0) == {
        "i": 0,
        "state": "on",
        "enabled": True,
        "texts": {"frequency": "80.0000000 MHz", "amplitude": "0.50000", "phase": "0.00000 turn"},
        "also": {"amplitude": "-6.02 dB", "phase": "0 deg"},
        "sort": 80000000.0745058,
        "exact": "80.0000000745058 MHz",
        "words": [["ftw", 343597384, "0x147ae148"], ["pow", 0, "0x0"], ["asf", 8192, "0x2000"]],
        "epoch": 1,
        "by": "",
        "time": None,
    }


def test_a_channel_that_has_no_frequency_yet() -> None:
    card = channel_view(one(frequency=None), 0)
    assert (card["texts"]["frequency"], card["sort"], card["exact"]) == ("", 0.0, "-")


def test_an_attenuator_where_the_receipt_has_one() -> None:
    link = one(attenuation=12.5)
    assert channel_view(link, 0)["texts"]["attenuation"] == "12.5 dB"
    link.description = {"channels": [{**DESCRIBED, "limits": {"min_attenuation": 3}}]}
    (body,) = patch([link], 0, 0.0)
    assert body["static"][0]["fields"][3] == {"name": "attenuation", "limits": "from 3 dB"}
    link.description = {"channels": [{**DESCRIBED, "attenuation": {"step_db": 0.25}}]}
    assert resolution(link, 0, "attenuation") == 0.25


@pytest.mark.parametrize(
    ("more", "killed", "state"),
    [
        ({}, False, "on"),
        ({"enabled": False}, False, "off"),
        ({"words": {"ftw": 1, "pow": 0, "asf": 0}}, False, "silent"),
        ({"known": False}, False, "unknown"),
        ({"known": False}, True, "unknown"),
        ({"enabled": False}, True, "killed"),
    ],
)
def test_states(more: dict[str, Any], killed: bool, state: str) -> None:
    link = one(**more)
    link.killed = killed
    assert channel_view(link, 0)["state"] == state
