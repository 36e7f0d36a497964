"""Boxes on the network that go away, lose bytes or answer late, as a client sees it.

Whatever the byte, each call is answered in time, with a code where it failed; when the box is back,
so is the device, and its outputs are what the policy says.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from dds_link import config as configuration
from dds_link.client import Client
from dds_link.client.blocking import EventStream
from dds_link.clock import RealClock
from dds_link.devices import flexdds, moglabs_link, novatech409b, registry
from dds_link.errors import DDSLinkError
from dds_link.model import Receipt
from dds_link.service import life
from tests.faulty_network import Fault, Network
from tests.running import Running, running

BOXES = ["novatech409b", "flexdds", "moglabs_xrf"]
#: These can be read back.
READABLE = ["novatech409b", "moglabs_xrf"]
TONE = {"frequency": 80e6, "amplitude": 0.5, "phase": 0.25}
OTHER = {"frequency": 81e6, "amplitude": 0.25, "phase": 0.5}
#: What is answered while a box is away, or has answered wrongly.
CODES = ("device_unavailable", "device_fault")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (novatech409b, flexdds, moglabs_link):
        monkeypatch.setattr(module, "QUIET", 0.02)
    for name in ("FIRST_RETRY", "LONGEST_RETRY"):
        monkeypatch.setattr(life, name, 0.02)


def words(of: Any) -> tuple[int, int, int]:
    return of.words.ftw, of.words.pow, of.words.asf


class Lab:
    """One box on a network, its controller, and a client of that."""

    def __init__(self, network: Network, served: Running, dds: Client, events: EventStream) -> None:
        self.network = network
        self.served = served
        self.dds = dds
        self._events = iter(events)

    def until(self, device: str) -> None:
        """Wait until the device is told to be ``device``."""
        for event in self._events:
            if event.data.get("device") == device:
                return

    def code(self, call: Callable[[], object]) -> str:
        """Make a call; ``"success"``, or the code of its error."""
        try:
            call()
        except DDSLinkError as error:
            return str(error.code)
        return "success"

    def refused(self, call: Callable[[], object]) -> str:
        """Make a call that must fail; returns its code."""
        code = self.code(call)
        assert code in CODES
        return code

    def play(self) -> list[Receipt]:
        """Let both channels emit."""
        receipts = [self.dds.set(channel, **TONE) for channel in (0, 1)]
        self.agrees(0)
        assert self.emits() == [True, True]
        return receipts

    def emits(self) -> list[bool]:
        return [bool(self.network.box.tone(channel).emits) for channel in (0, 1)]

    def agrees(self, channel: int = 0) -> Receipt:
        """The box puts out what the controller says; returns the receipt."""
        receipt = self.dds.get(channel)
        assert isinstance(receipt, Receipt)
        tone = self.network.box.tone(channel)
        assert receipt.known
        emits = receipt.enabled and receipt.frequency is not None and receipt.words.asf > 0
        assert bool(tone.emits) is emits
        if emits:
            assert words(tone) == words(receipt)
        return receipt

    def epochs(self) -> list[int]:
        return list(self.dds.identify()["epochs"][:2])


@contextmanager
def lab(name: str, policy: str = "safe", timeout: float = 2.0) -> Iterator[Lab]:
    entry = registry.find(name)
    config = configuration.parse(registry.load(entry.simulated), name, registry.check)
    network = Network(
        lambda: registry.load(entry.board)(config.device, config.channels, RealClock())
    )
    device = replace(
        config.device,
        transport=f"tcp:127.0.0.1:{network.port}",
        timeout=timeout,
        on_reconnect=policy,
    )
    network.start()
    try:
        with running(replace(config, device=device), simulation=False) as served:
            with Client("127.0.0.1", served.json_port, on_state_lost="continue") as dds:
                with dds.events() as events:
                    made = Lab(network, served, dds, events)
                    made.until("ready")
                    yield made
            network.disarm()
            network.plug()
    finally:
        network.stop()


# -- at any byte -----------------------------------------------------------------------------------


def at_every_byte(one: Lab, fault: Fault, to_box: bool, step: int = 1) -> Iterator[int]:
    """Let a ``set`` fail at its bytes in turn, until it is over before that."""
    at = 0
    while True:
        one.network.fail(fault, to_box, at)
        code = one.code(lambda: one.dds.set(0, **TONE))
        if not one.network.fired.is_set():
            assert code == "success"
            one.network.disarm()
            return
        assert code in ("success", *CODES)
        yield at
        at += step


@pytest.mark.parametrize("to_box", [True, False], ids=["to the box", "from the box"])
@pytest.mark.parametrize("name", BOXES)
def test_unplugged_after_any_byte(name: str, to_box: bool) -> None:
    cuts = 0
    with lab(name) as one:
        for _ in at_every_byte(one, Fault.CUT, to_box):
            cuts += 1
            one.until("missing")
            lost = one.epochs()
            assert one.refused(lambda: one.dds.set(0, **TONE)) == "device_unavailable"
            one.network.plug()
            one.until("ready")
            assert one.emits() == [False, False]
            assert one.epochs() == lost
            one.agrees()
        one.agrees()
        assert one.emits() == [True, False]
    assert cuts > 5


@pytest.mark.parametrize("fault", [Fault.LOSE, Fault.HOLD], ids=["cut short", "late"])
@pytest.mark.parametrize("name", BOXES)
def test_answers_that_are_cut_short_or_late(name: str, fault: Fault) -> None:
    """The outcome is known afterwards, whatever it is, and late bytes answer nothing else."""
    step = 7 if name == "moglabs_xrf" else 1  # it says much
    with lab(name, timeout=0.1) as one:
        for _ in at_every_byte(one, fault, False, step):
            one.network.release()
            if one.dds.ping() != {"device": "ready"}:
                one.until("ready")
            one.agrees()
            after = one.dds.set(0, **OTHER)
            assert after.frequency == pytest.approx(OTHER["frequency"], abs=1)
            assert one.agrees() == after


@pytest.mark.parametrize("name", BOXES)
def test_a_box_that_says_nothing_any_more(name: str) -> None:
    """Whoever asks is answered in time, also while it is tried again."""
    with lab(name, timeout=0.2) as one:
        before = one.play()
        one.network.mute = True
        for channel in (0, 1, 0, 1):
            one.refused(functools.partial(one.dds.set, channel, **OTHER))
        assert one.dds.ping()["device"] in ("missing", "fault")
        assert not any(receipt.known for receipt in one.dds.get())
        one.network.mute = False
        one.until("ready")
        assert one.emits() == [False, False]
        assert min(one.epochs()) > max(receipt.epoch for receipt in before)
        one.play()


# -- what it puts out when it is back --------------------------------------------------------------


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("policy", ["restore", "leave"])
def test_a_box_that_went_on_goes_on(name: str, policy: str) -> None:
    """In its epochs: whatever it puts out was read back."""
    with lab(name, policy) as one:
        before = one.play()
        one.network.unplug()
        one.refused(lambda: one.dds.set(0, phase=0.5))
        assert one.emits() == [True, True]
        one.network.plug()
        one.until("ready")
        assert one.emits() == [True, True]
        assert [one.agrees(channel) for channel in (0, 1)] == before
        assert one.epochs() == [receipt.epoch for receipt in before]


@pytest.mark.parametrize("name", BOXES)
def test_a_box_that_was_switched_off_is_programmed_again(name: str) -> None:
    with lab(name, "restore") as one:
        before = one.play()
        one.dds.set(1, enabled=False)
        one.network.unplug()
        one.refused(lambda: one.dds.set(0, phase=0.5))
        one.network.plug(power_cycle=True)
        assert one.emits() == [False, False]
        one.until("ready")
        assert one.emits() == [True, False]
        after = [one.agrees(channel) for channel in (0, 1)]
        assert after[0].words == before[0].words
        assert after[1].frequency == before[1].frequency
        assert all(new.epoch > old.epoch for old, new in zip(before, after))
        assert one.dds.set(1, enabled=True).words == before[1].words
        one.agrees(1)


@pytest.mark.parametrize("name", READABLE)
def test_there_is_nothing_to_leave_in_a_box_that_was_switched_off(name: str) -> None:
    with lab(name, "leave") as one:
        before = one.play()
        one.network.unplug()
        one.refused(lambda: one.dds.set(0, phase=0.5))
        one.network.plug(power_cycle=True)
        one.until("ready")
        assert one.emits() == [False, False]
        assert one.agrees().frequency is None
        assert min(one.epochs()) > max(receipt.epoch for receipt in before)


@pytest.mark.parametrize("power_cycle", [False, True])
@pytest.mark.parametrize("policy", ["safe", "restore"])
@pytest.mark.parametrize("name", BOXES)
def test_what_is_killed_while_it_is_away_stays_silent(
    name: str, policy: str, power_cycle: bool
) -> None:
    with lab(name, policy) as one:
        before = one.play()
        one.network.unplug()
        assert one.refused(one.dds.kill) == "device_fault"
        one.network.plug(power_cycle)
        one.until("ready")
        assert one.emits() == [False, False]
        assert one.code(lambda: one.dds.set(0, enabled=True)) == "rf_killed"
        assert one.dds.kill()["killed"]
        one.dds.arm_rf()
        assert one.emits() == [False, False]
        receipt = one.dds.set(0, enabled=True)
        assert one.emits() == [policy == "restore", False]
        if policy == "restore":
            assert receipt.words == before[0].words
        one.agrees()
