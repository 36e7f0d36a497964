"""Twins in processes of their own, on real sockets and serial lines, that are killed and come back:
what a client of the controller sees."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from dds_link import config as configuration
from dds_link.client import Client
from dds_link.client.blocking import EventStream
from dds_link.devices import registry
from dds_link.errors import DDSRefused, DDSUnavailable
from dds_link.service import life
from tests.processes import Program
from tests.running import running

TONE = {"frequency": 80e6, "amplitude": 0.5, "phase": 0.25}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_RETRY", "LONGEST_RETRY"):
        monkeypatch.setattr(life, name, 0.05)


class Box:
    """A twin in a process, at a place that stays the same.

    :param link: name of its serial line; None: it is on the network.
    """

    def __init__(self, name: str, link: Path | None) -> None:
        self.name = name
        self._link = link
        self._where = ["--pty"]
        self.transport = f"serial:{link}"
        if link is None:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            self._where = ["--tcp", str(port)]
            self.transport = f"tcp:127.0.0.1:{port}"
        self._program: Program | None = None

    def switch_on(self) -> None:
        self._program = Program("-m", "dds_link.twins", self.name, *self._where)
        word, _, place = self._program.line().partition(" ")
        assert word == "listening"
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(place)

    def switch_off(self) -> None:
        """Without any farewell."""
        program, self._program = self._program, None
        if program is not None:
            program.signal(signal.SIGKILL)
            program.end()


BOXES = [
    ("novatech409b", "pty"),
    ("novatech409b", "tcp"),
    ("flexdds", "tcp"),
    ("moglabs_arf", "tcp"),
]


@pytest.fixture(params=BOXES, ids=" ".join)
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Box]:
    name, wire = request.param
    if wire == "pty":
        pytest.importorskip("serial", reason="pyserial (extra serial) is not installed")
    box = Box(name, tmp_path / "line" if wire == "pty" else None)
    yield box
    box.switch_off()


class Lab:
    """A controller of a box, and a client of it."""

    def __init__(self, dds: Client, events: EventStream) -> None:
        self.dds = dds
        self._events = iter(events)

    def until(self, device: str) -> None:
        """Wait until the device is told to be ``device``."""
        for event in self._events:
            if event.data.get("device") == device:
                return

    def refused(self) -> None:
        """A call fails, in time and with a code."""
        with pytest.raises((DDSUnavailable, DDSRefused)) as caught:
            self.dds.set(0, phase=0.5)
        assert caught.value.code in ("device_unavailable", "device_fault")


@contextmanager
def lab(box: Box, policy: str) -> Iterator[Lab]:
    text = registry.load(registry.find(box.name).simulated)
    config = configuration.parse(text, box.name, registry.check)
    device = replace(config.device, transport=box.transport, on_reconnect=policy)
    config = replace(config, device=device)
    with running(config, simulation=False) as served:
        with Client("127.0.0.1", served.json_port, on_state_lost="continue") as dds:
            with dds.events() as events:
                yield Lab(dds, events)


def test_a_box_that_is_killed_and_comes_back_is_programmed_again(box: Box) -> None:
    with lab(box, "restore") as one:
        one.until("missing")
        one.refused()
        box.switch_on()
        one.until("ready")
        before = one.dds.set(0, **TONE)
        box.switch_off()
        one.refused()
        one.until("missing")
        one.refused()
        box.switch_on()
        one.until("ready")
        after = one.dds.get(0)
        assert after.words == before.words
        assert after.epoch > before.epoch
        assert after.known
        if "readback" in one.dds.describe()["capabilities"]:
            assert one.dds.get(0, verify=True).verified
        assert one.dds.set(0, phase=0.5).epoch == after.epoch


def test_a_box_that_is_killed_and_comes_back_is_silent(box: Box) -> None:
    box.switch_on()
    with lab(box, "safe") as one:
        one.until("ready")
        before = one.dds.set(0, **TONE)
        box.switch_off()
        one.refused()
        one.until("missing")
        box.switch_on()
        one.until("ready")
        after = one.dds.get(0)
        assert after.frequency is None
        assert after.words.asf == 0
        assert after.epoch > before.epoch
        assert one.dds.set(0, **TONE).words == before.words
