"""``watch``: what is printed of events."""

from __future__ import annotations

import io
import json
import re
import signal
import sys
from typing import Any

import pytest

from dds_link.cli.watch import LIVE_INTERVAL, json_line, plain_lines, watch, who
from dds_link.client import Client, Event
from dds_link.errors import DDSUnavailable

from ..client.cases import COOLING, IDENTITY, REPUMP
from ..client.scripted_server import Peer, ScriptedServer, line, success

SNAPSHOT = {"seq": 4, "killed": False, "device": "ready", "channels": [COOLING, REPUMP]}
BY = {"peer": "10.0.0.5:50000", "client": "scan.py", "rid": 7}
CHANGED = {"event": "changed", "seq": 5, "time": 1795357201.5, "by": BY,
           "channels": [{**COOLING, "frequency": 81e6}]}  # fmt: skip
DEVICE = {"event": "device", "seq": 6, "time": 1795357202.0, "by": None, "device": "missing"}
KILLED = {"event": "killed", "seq": 7, "time": 1795357203.0, "by": BY, "channels": [COOLING]}
ARMED = {**KILLED, "event": "armed", "seq": 8}
CONTROL = re.compile("\x1b\\[[0-9;?]*[a-zA-Z]|\r")
HIDE_CURSOR = "\x1b[?25l"
SHOW_CURSOR = "\x1b[?25h"


class Terminal(io.StringIO):
    """Standard output that is a terminal."""

    def isatty(self) -> bool:
        return True


def watched(
    file: io.StringIO,
    *events: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    subscribe: dict[str, Any] | None = None,
    as_json: bool = False,
    interval: float | None = None,
) -> str:
    """What is printed until the controller closes the connection."""

    def verbs(peer: Peer) -> None:
        peer.greet()
        peer.expect_close()

    def events_then_end(peer: Peer) -> None:
        peer.expect({"command_id": "subscribe", **(subscribe or {})})
        peer.send(success(SNAPSHOT), *map(line, events))

    monkeypatch.setattr(sys, "stdout", file)
    monkeypatch.setenv("COLUMNS", "100")
    with ScriptedServer(verbs, events_then_end) as server:
        with Client("127.0.0.1", server.port) as client:
            with pytest.raises(DDSUnavailable, match="no_link: the events of .* ended"):
                watch(client, as_json, interval)
    return file.getvalue()


@pytest.mark.parametrize(("file", "as_json"), [(io.StringIO(), False), (Terminal(), True)])
def test_into_a_pipe_or_on_demand_go_json_lines(
    file: io.StringIO, as_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = watched(file, CHANGED, DEVICE, monkeypatch=monkeypatch, as_json=as_json)
    assert [json.loads(text) for text in out.splitlines()] == [
        {"event": "snapshot", **SNAPSHOT},
        CHANGED,
        DEVICE,
    ]


def test_an_interval_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    watched(io.StringIO(), monkeypatch=monkeypatch, subscribe={"interval": 2.5}, interval=2.5)


def live(*events: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The last picture of the live table."""
    subscribe = {"interval": LIVE_INTERVAL}
    out = watched(Terminal(), *events, monkeypatch=monkeypatch, subscribe=subscribe)
    assert out.count(HIDE_CURSOR) == out.count(SHOW_CURSOR) == 1
    assert out.endswith(SHOW_CURSOR)
    pictures = re.split("(?=device (?:ready|missing), )", CONTROL.sub("", out))
    return [text.rstrip() for text in pictures[-1].splitlines()]


def test_a_live_table_follows_the_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = live(CHANGED, monkeypatch=monkeypatch)
    assert lines[0] == "device ready, armed, SIMULATION: no RF comes out"
    assert lines[3].split()[:4] == ["0", "cooling", "81", "MHz"]
    assert lines[4].split() == ["1", "repump", "-", "0", "-inf", "dB", "0", "deg", "unknown"]
    assert lines[5].endswith(":01.500  changed  cooling  by scan.py, rid 7 (10.0.0.5:50000)")


def test_a_live_table_follows_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = live(DEVICE, KILLED, monkeypatch=monkeypatch)
    assert lines[-2].endswith("device  device missing")
    assert lines[-1].endswith("killed  cooling  by scan.py, rid 7 (10.0.0.5:50000)")
    assert lines[0] == "device missing, RF KILLED, SIMULATION: no RF comes out"
    lines = live(KILLED, ARMED, monkeypatch=monkeypatch)
    assert lines[0] == "device ready, armed, SIMULATION: no RF comes out"


def test_a_live_table_of_hardware_is_not_called_a_simulation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(IDENTITY, "simulation", False)
    assert live(monkeypatch=monkeypatch)[0] == "device ready, armed"


def test_a_live_table_lists_the_last_events_only(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = live(*[{**CHANGED, "seq": n} for n in range(5, 25)], monkeypatch=monkeypatch)
    assert sum("changed" in text for text in lines) == 6


def test_the_signal_handler_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    live(monkeypatch=monkeypatch)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_terminal_without_rich_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    out = watched(Terminal(), CHANGED, monkeypatch=monkeypatch).splitlines()
    assert [text.split()[:3] for text in out[:2]] == [
        ["snapshot", "cooling", "80.0000000745058"],
        ["snapshot", "repump", "-"],
    ]
    assert "changed  cooling  81 MHz  0.50003" in out[2]


def event(data: dict[str, Any]) -> Event:
    return Event.from_wire(data)


def test_an_attenuation_stands_behind_the_level() -> None:
    attenuated = {**CHANGED, "channels": [{**COOLING, "attenuation": 10.5}]}
    [text] = plain_lines(event(attenuated))
    assert "  -6.02 dB  10.5 dB  90 deg  on  by scan.py" in text


def test_an_event_without_channels_is_one_line() -> None:
    assert [text[12:] for text in plain_lines(event(DEVICE))] == ["  device  device missing"]


@pytest.mark.parametrize(
    ("by", "text"),
    [
        (None, ""),
        (BY, "by scan.py, rid 7 (10.0.0.5:50000)"),
        ({"peer": "10.0.0.5:50000", "client": None, "rid": None}, "by 10.0.0.5:50000"),
        ({"peer": "rpc", "client": None, "rid": 0}, "by rid 0 (rpc)"),
        ({"peer": "rpc", "client": "\x1b[2J", "rid": None}, "by \x1b[2J (rpc)"),
    ],
)
def test_who_did_it(by: dict[str, Any] | None, text: str) -> None:
    assert who(event({**CHANGED, "by": by})) == text


def test_a_name_of_a_client_does_nothing_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    evil = {**CHANGED, "by": {**BY, "client": "\x1b[2Jevil"}}
    assert "by ?[2Jevil" in live(evil, monkeypatch=monkeypatch)[-1]
    assert "\x1b" not in json_line(event(evil))
