"""Any commands, in any order, on hardware that fails now and then, against a simple model.

What must hold at any time: a receipt that says that it is known is what the twin holds and puts
out; nothing emits while killed; nothing ever emits outside its limits; epochs only go up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dds_link.errors import WireError
from dds_link.protocol.commands import Apply, ArmRF, Change, Get, Kill, Reset, Sync
from dds_link.tuning import Tuning
from dds_link.words import Words
from tests.devices.conformance import FAULTS, Fault
from tests.devices.watched import WIRINGS, configure
from tests.service.bench import Bench

TUNING = Tuning(1e9)
#: Limits of channel 0; channel 1 has none.
LIMITS: dict[str, Any] = {"min_frequency": 60e6, "max_frequency": 120e6, "max_amplitude": 0.8}
LOW, HIGH = TUNING.frequency_to_ftw(60e6), TUNING.frequency_to_ftw(120e6)
TOP = TUNING.amplitude_to_asf(0.8)

CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "frequency": st.sampled_from([0.0, 60e6, 80e6, 100e6, 120e6, 130e6, 600e6, -1.0]),
        "amplitude": st.sampled_from([0.0, 0.1, 0.8, 0.81, 1.0, 1.1]),
        "phase": st.sampled_from([0.0, 0.25, -0.25, 0.999999, 1e9]),
        "enabled": st.booleans(),
    },
)


@dataclass
class Model:
    """One channel, as a user thinks of it."""

    limited: bool
    frequency: int | None = None
    phase: int = 0
    amplitude: int = 0
    enabled: bool = True

    def changed(self, change: dict[str, Any]) -> Model | None:
        """The channel after a change; None if that is refused."""
        after = replace(self)
        if "frequency" in change:
            try:
                after.frequency = TUNING.frequency_to_ftw(change["frequency"])
            except ValueError:
                return None
            if self.limited and not LOW <= after.frequency <= HIGH:
                return None
        if "amplitude" in change:
            if not 0 <= change["amplitude"] <= (0.8 if self.limited else 1):
                return None
            after.amplitude = TUNING.amplitude_to_asf(change["amplitude"])
        if "phase" in change:
            after.phase = TUNING.turns_to_pow(change["phase"])
        after.enabled = change.get("enabled", after.enabled)
        return after

    def begin(self) -> None:
        """After an initialisation. Masks stay."""
        self.frequency, self.phase, self.amplitude = None, 0, 0


def asked_for(receipt: Any) -> tuple[int | None, int, int]:
    """The words that a receipt's quantities mean."""
    frequency = receipt.frequency
    return (
        None if frequency is None else TUNING.frequency_to_ftw(frequency),
        TUNING.turns_to_pow(receipt.phase),
        TUNING.amplitude_to_asf(receipt.amplitude),
    )


def words_of(words: Words) -> tuple[int, int, int]:
    return words.ftw, words.pow, words.asf


class Machine(RuleBasedStateMachine):
    """Two channels, one with limits."""

    executor = "in place"

    @initialize(wiring=st.sampled_from(sorted(WIRINGS)), switches=st.booleans(), keep=st.booleans())
    def start(self, wiring: str, switches: bool, keep: bool) -> None:
        on_start = "keep" if keep else "safe"
        device, channels = configure(wiring, switches=switches, on_start=on_start)
        config = (device, (replace(channels[0], **LIMITS), channels[1]))
        self.bench = Bench(self.executor, config).start()
        self.models = [Model(True), Model(False)]
        self.killed = False
        self.silenced = True  # the last kill was carried out
        self.armed_fault = False
        self.epochs = self.bench.epochs()
        self.listener = self.bench.subscribe()

    def teardown(self) -> None:
        if hasattr(self, "bench"):
            self.bench.executor.close()

    # What came of a command

    def ask(self, command: Any) -> Any:
        """Carry out a command; afterwards the model is what ``get`` says if it was a fault."""
        outcome = self.bench.ask(command)
        if isinstance(outcome, WireError) and outcome.code in (
            "device_fault",
            "device_unavailable",
        ):
            self.after_a_fault(outcome)
        return outcome

    def after_a_fault(self, error: WireError) -> None:
        """Either nothing changed, or it says that everything was initialised or is unknown."""
        if "put back" in error.text or "goes on trying" in error.text or "kill" in error.text:
            return
        if "initialised again" in error.text:
            for model in self.models:
                model.begin()
            return
        assert "does not hold" in error.text, error.text

    @property
    def ready(self) -> bool:
        return self.bench.state == "ready"

    # Rules

    @rule(channel=st.integers(0, 1), change=CHANGES)
    def set(self, channel: int, change: dict[str, Any]) -> None:
        self.apply_them([(channel, change)])

    @rule(one=CHANGES, two=CHANGES)
    def apply(self, one: dict[str, Any], two: dict[str, Any]) -> None:
        self.apply_them([(1, one), (0, two)])

    def apply_them(self, changes: list[tuple[int, dict[str, Any]]]) -> None:
        ready = self.ready
        outcome = self.ask(Apply([Change(channel, **change) for channel, change in changes]))
        after = [self.models[channel].changed(change) for channel, change in changes]
        only_off = all(change == {"enabled": False} for _, change in changes)
        if self.killed and not only_off:
            assert outcome.code in ("rf_killed", "out_of_range")
        elif None in after:
            assert outcome.code == "out_of_range"
        elif isinstance(outcome, WireError):
            assert outcome.code in ("device_fault", "device_unavailable")
            assert not ready or self.bench.transport.fired
        else:
            for (channel, _), model in zip(changes, after, strict=True):
                assert model is not None
                self.models[channel] = model

    @rule()
    def kill(self) -> None:
        outcome = self.ask(Kill())
        self.killed = True
        for model in self.models:
            model.enabled = False
        self.silenced = not isinstance(outcome, WireError)
        if not self.silenced:
            assert outcome.code == "device_fault"

    @rule()
    def arm(self) -> None:
        outcome = self.ask(ArmRF())
        assert outcome["killed"] is False
        self.killed = False

    @rule()
    def reset(self) -> None:
        outcome = self.ask(Reset())
        if self.killed:
            assert outcome.code == "rf_killed"
        elif not isinstance(outcome, WireError):
            for model in self.models:
                model.begin()

    @rule()
    def sync(self) -> None:
        outcome = self.ask(Sync())
        if self.killed:
            assert outcome.code == "rf_killed"

    @rule()
    def verify(self) -> None:
        outcome = self.ask(Get(verify=True))
        if isinstance(outcome, WireError):
            blind = not self.bench.config.device.readback
            assert blind or self.bench.transport.fired or not self.ready
            assert outcome.code == "unsupported" if blind else True

    @rule(fault=st.sampled_from(FAULTS), at=st.integers(1, 60))
    def fail(self, fault: Fault, at: int) -> None:
        self.bench.transport.fail(at, **fault.arguments)

    @rule(missing=st.booleans())
    def plug(self, missing: bool) -> None:
        self.bench.transport.missing = missing

    @precondition(lambda self: not self.ready)
    @rule()
    def wait(self) -> None:
        """Let time pass until it has been tried again: what was asked for stays, or is forgotten,
        or is what was found."""
        before = self.bench.get()
        self.bench.advance(10.0)
        self.silenced = self.silenced or (self.killed and self.ready)
        for model, receipt, old in zip(self.models, self.bench.get(), before, strict=True):
            now, then = asked_for(receipt), asked_for(old)
            assert now in (then, (None, 0, 0), words_of(self.bench.registers(receipt.channel)))
            model.frequency, model.phase, model.amplitude = now
            # An RF switch that was found open is a channel that is off.
            model.enabled = model.enabled and receipt.enabled

    # What must hold

    @invariant()
    def receipts_are_true(self) -> None:
        for receipt in self.bench.get():
            if receipt.known:
                out = self.bench.out(receipt.channel)
                assert receipt.words == self.bench.registers(receipt.channel)
                emits = receipt.words.asf > 0 and receipt.words.ftw > 0 and receipt.enabled
                assert out == (receipt.words if emits else None)
            assert receipt.known or not self.ready

    @invariant()
    def receipts_are_what_was_asked_for(self) -> None:
        for receipt, model in zip(self.bench.get(), self.models, strict=True):
            assert receipt.enabled is model.enabled
            assert asked_for(receipt) == (model.frequency, model.phase, model.amplitude)

    @invariant()
    def nothing_emits_while_killed(self) -> None:
        if self.killed and (self.silenced or self.ready):
            assert self.bench.board.outputs() == [None, None]

    @invariant()
    def what_is_off_does_not_emit(self) -> None:
        for receipt in self.bench.get():
            if self.ready and not receipt.enabled:
                assert self.bench.out(receipt.channel) is None

    @invariant()
    def nothing_ever_emitted_outside_its_limits(self) -> None:
        for limited, _ in self.bench.board.snapshots:
            assert limited is None or (LOW <= limited.ftw <= HIGH and limited.asf <= TOP)
        self.bench.board.forget()

    @invariant()
    def epochs_go_up(self) -> None:
        epochs = self.bench.epochs()
        assert all(new >= old for new, old in zip(epochs, self.epochs, strict=True))
        self.epochs = epochs

    @invariant()
    def events_are_without_a_gap(self) -> None:
        assert self.listener.seqs == list(range(1, len(self.listener.seqs) + 1))

    @invariant()
    def subscribers_know_what_get_says(self) -> None:
        known = {r.channel: r for r in self.listener.snapshot["channels"]}
        for event in self.listener.events:
            known.update((receipt.channel, receipt) for receipt in event["channels"])
        assert [known[n] for n in range(2)] == self.bench.get()


@pytest.mark.parametrize(("executor", "examples"), [("in place", 150), ("worker", 40)])
def test_anything_in_any_order(executor: str, examples: int) -> None:
    machine = type("ThisMachine", (Machine,), {"executor": executor})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
