"""Kill and stop while other commands are half-way, at every single operation of them.

On hardware that takes its time, so on the worker only: in place nothing can come in between.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dds_link.protocol.commands import Apply, ArmRF, Change, Get, Kill, Reset, Set, Sync
from dds_link.words import Words
from tests.devices.conformance import FAULTS, Fault
from tests.devices.watched import configure
from tests.service.bench import Bench
from tests.service.conftest import MakeBench
from tests.service.test_service_faults import (
    APPLY,
    NEW,
    OLD,
    SILENT,
    assert_truth,
    assert_works,
    count,
)


@pytest.fixture
def executor() -> str:
    return "worker"


def held(
    make_bench: MakeBench, command: Any, config: Any = None, operations: int = 0
) -> Iterator[tuple[Bench, Any, int]]:
    """A board that puts out :data:`OLD`, with ``command`` held in each of its operations."""
    for at in range(1, (operations or count(make_bench, command, config)) + 1):
        bench = make_bench(config).start().play(*OLD)
        bench.transport.gate(at)
        answer = bench.send(command)
        bench.held()
        yield bench, answer, at
        bench.executor.close()


def let_go(bench: Bench) -> None:
    bench.transport.let_go()
    bench.settle()


# -- kill -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [APPLY, Sync(), Get(verify=True), Reset()], ids=["apply", "sync", "verify", "reset"]
)
def test_kill_waits_for_one_transfer_at_most(make_bench: MakeBench, command: Any) -> None:
    last = count(make_bench, command)
    for bench, passed, at in held(make_bench, command):
        before = bench.epochs_now()
        kill = bench.send(Kill())
        operations = bench.transport.operations
        silence_began: list[int] = []
        silence = bench.device.silence

        def noted(transaction: Any, bench: Bench = bench, silence: Any = silence) -> bool:
            silence_began.append(bench.transport.operations)  # noqa: B023
            return bool(silence(transaction))

        bench.device.silence = noted  # type: ignore[method-assign]
        let_go(bench)
        assert silence_began[0] <= operations + 1
        assert kill.outcome["readback"] == "ok"
        assert bench.board.outputs() == SILENT
        # What only reads is done again.
        told = "success" if at == last or isinstance(command, Get) else "rf_killed"
        assert passed.code == told
        assert all(
            out in (OLD[n], NEW[n], None)
            for snapshot in bench.board.snapshots
            for n, out in enumerate(snapshot)
        )
        assert bench.code(Set(0, enabled=True)) == "rf_killed"
        assert_truth(bench)
        if passed.code == "rf_killed" and not isinstance(command, Get):
            assert min(bench.epochs()) > max(before)
        bench.ask(ArmRF())
        bench.advance(10.0)  # an initialisation that was stopped is done again
        assert bench.board.outputs() == SILENT
        bench.apply(*({"channel": n, "enabled": True} for n in range(4)))
        assert_works(bench)


def test_kill_while_a_failed_write_is_put_back(make_bench: MakeBench) -> None:
    for at in range(3, 13):
        bench = make_bench().start().play(*OLD)
        bench.transport.fail(2, bits=13)
        bench.transport.gate(at)
        passed = bench.send(APPLY)
        bench.held()
        kill = bench.send(Kill())
        let_go(bench)
        assert kill.outcome["readback"] == "ok"
        assert passed.code in ("rf_killed", "device_fault")
        assert bench.board.outputs() == SILENT
        assert all(outputs in (OLD, SILENT) for outputs in bench.board.snapshots)
        assert bench.state == "ready"
        assert_truth(bench)
        assert all(receipt.verified for receipt in bench.get(verify=True))


@pytest.mark.parametrize("at", [1, 2, 3, 10, 20, 34, 35, 36])
def test_kill_while_the_device_is_made_safe(make_bench: MakeBench, at: int) -> None:
    """A board that was stopped half-way through an initialisation is not called ready."""
    bench = make_bench(configure("no io_reset", channels=4)).start().play(*OLD)
    bench.transport._readback = False  # so that it cannot be put back
    bench.transport.fail(2, bits=13)
    bench.transport.gate(3 + at)
    passed = bench.send(APPLY)
    bench.held()
    bench.transport._readback = True
    kill = bench.send(Kill())
    let_go(bench)
    assert passed.code == "rf_killed"
    assert kill.code == "success"
    assert bench.state == "fault"
    assert not any(receipt.known for receipt in bench.get())
    assert bench.board.outputs() == SILENT
    assert bench.code(APPLY) == "rf_killed"
    bench.ask(ArmRF())
    assert bench.code(APPLY) == "device_fault"
    bench.advance(10.0)
    assert bench.board.outputs() == SILENT
    bench.apply(*({"channel": n, "enabled": True} for n in range(4)))
    assert_works(bench)


def test_kill_while_starting(make_bench: MakeBench) -> None:
    """Whatever an earlier program left on; and once it has started, it is silent and killed."""
    earlier = make_bench().start()
    first = make_bench(earlier=earlier).start()
    for at in range(1, first.transport.operations + 1, 3):
        earlier.ask(Reset())
        earlier.play(*OLD)
        bench = make_bench(earlier=earlier)
        bench.transport.gate(at)
        bench.service.start()
        bench.held()
        kill = bench.send(Kill())
        let_go(bench)
        assert kill.outcome["readback"] == "ok"
        assert bench.board.outputs() == SILENT
        bench.until(lambda bench=bench: bench.state != "starting")  # type: ignore[misc]
        assert bench.state == "ready"
        assert bench.board.outputs() == SILENT
        assert all(
            out in (OLD[n], None)
            for snapshot in bench.board.snapshots
            for n, out in enumerate(snapshot)
        )
        assert bench.code(APPLY) == "rf_killed"
        bench.executor.close()


def test_what_was_adopted_is_not_known_after_a_kill_that_failed(make_bench: MakeBench) -> None:
    device, channels = configure(channels=4, on_start="keep", on_stop="keep")
    earlier = make_bench((device, channels)).start().play(*OLD)
    earlier.stop()
    config = device, (*channels[:3], replace(channels[3], on_start="safe"))
    bench = make_bench(config, earlier=earlier)
    listener = bench.subscribe()
    bench.transport.gate(40)  # three channels are adopted, the fourth is being initialised
    bench.service.start()
    bench.held()
    assert [receipt.known for receipt in bench.receipts_now()] == [True, True, True, False]
    bench.transport._readback = False
    kill = bench.send(Kill())
    let_go(bench)
    assert kill.code == "device_fault"
    assert listener.names[0] == "killed"
    assert not any(receipt.known for receipt in listener.events[0]["channels"])


def test_while_a_reset_runs_nothing_is_called_known(make_bench: MakeBench) -> None:
    bench = make_bench().start().play(*OLD)
    bench.transport.gate(50)
    bench.send(Reset())
    bench.held()
    assert not any(receipt.known for receipt in bench.receipts_now())
    let_go(bench)
    assert all(receipt.known for receipt in bench.receipts_now())


def test_a_kill_before_the_bus_is_open_is_latched_and_says_so(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.transport.missing = True
    error = bench.ask(Kill())
    assert error.code == "device_fault"
    assert "kill is latched" in error.text
    bench.start()
    assert bench.state == "missing"
    bench.transport.missing = False
    bench.advance(10.0)
    assert bench.state == "ready"
    assert bench.code(APPLY) == "rf_killed"


def test_what_waits_behind_a_kill_is_refused(make_bench: MakeBench) -> None:
    bench = make_bench().start().play(*OLD)
    bench.transport.gate(1)
    first = bench.send(Set(0, phase=0.5))
    bench.held()
    waiting = [bench.send(Set(n, enabled=True)) for n in range(4)]
    kill = bench.send(Kill())
    later = bench.send(Set(0, enabled=True))
    let_go(bench)
    assert kill.code == "success"
    assert first.code in ("success", "rf_killed")
    assert [answer.code for answer in [*waiting, later]] == ["rf_killed"] * 5
    assert bench.board.outputs() == SILENT


def test_an_arm_rf_that_was_sent_before_a_kill_does_not_lift_it(make_bench: MakeBench) -> None:
    bench = make_bench().start().play(*OLD)
    bench.ask(Kill())
    bench.transport.gate(1)
    bench.send(Get(verify=True))
    bench.held()
    armed = bench.send(ArmRF())
    on = bench.send(Set(0, enabled=True))
    again = bench.send(Kill())
    let_go(bench)
    assert again.code == "success"
    assert armed.code == "rf_killed"
    assert "look, then send it again" in armed.outcome.text
    assert on.code == "rf_killed"
    assert bench.board.outputs() == SILENT
    assert bench.code(ArmRF()) == "success"


def test_an_arm_rf_behind_a_kill_keeps_its_place(make_bench: MakeBench) -> None:
    bench = make_bench().start().play(*OLD)
    bench.transport.gate(1)
    first = bench.send(APPLY)
    bench.held()
    waiting = bench.send(APPLY)
    kill, armed = bench.send(Kill()), bench.send(ArmRF())
    later = bench.send(APPLY)
    let_go(bench)
    assert [answer.code for answer in (first, waiting, kill, armed, later)] == [
        "rf_killed", "rf_killed", "success", "success", "success"
    ]  # fmt: skip
    assert bench.board.outputs() == SILENT  # nothing is enabled


def test_two_kills_at_once(make_bench: MakeBench) -> None:
    bench = make_bench().start().play(*OLD)
    bench.transport.gate(3)
    bench.send(APPLY)
    bench.held()
    kills = [bench.send(Kill()) for _ in range(3)]
    let_go(bench)
    assert [kill.code for kill in kills] == ["success"] * 3
    assert bench.board.outputs() == SILENT


def silences(bench: Bench) -> list[int]:
    """Notes at which operation each silence begins, from now on."""
    began: list[int] = []
    silence = bench.device.silence

    def noted(transaction: Any) -> bool:
        began.append(bench.transport.operations)
        return bool(silence(transaction))

    bench.device.silence = noted  # type: ignore[method-assign]
    return began


def test_kills_that_wait_share_one_silence(make_bench: MakeBench) -> None:
    bench = make_bench().start().play(*OLD)
    listener, began = bench.subscribe(), silences(bench)
    bench.transport.gate(1)
    kills = [bench.send(Kill())]
    bench.held()
    kills += [bench.send(Kill()) for _ in range(1000)]
    bench.transport.let_go()
    bench.stop()  # behind all of them, but two silences away
    assert [kill.outcome["readback"] for kill in kills] == ["ok"] * 1001
    assert len(began) <= 3  # the last one by the stop
    assert listener.names == ["killed"] * 1001


def test_kills_that_share_a_silence_that_fails_are_told(make_bench: MakeBench) -> None:
    bench = make_bench().start().play(*OLD)
    began = silences(bench)
    bench.transport.gate(1)
    bench.send(Get(verify=True))
    bench.held()
    bench.transport._readback = False
    kills = [bench.send(Kill()) for _ in range(3)]
    let_go(bench)
    assert [kill.code for kill in kills] == ["device_fault"] * 3
    assert len(began) == 1
    bench.transport._readback = True
    assert bench.code(Kill()) == "success"  # one that comes later has a silence of its own
    assert len(began) == 2


def test_a_read_that_a_kill_passed_tells_what_the_kill_left(make_bench: MakeBench) -> None:
    bench = make_bench().start().play(*OLD)
    bench.transport.gate(1)
    read = bench.send(Get(verify=True))
    bench.held()
    bench.send(Kill())
    let_go(bench)
    assert [receipt.words.asf for receipt in read.outcome] == [0] * 4
    assert all(receipt.verified and not receipt.enabled for receipt in read.outcome)


def test_epoch_events_of_commands_that_were_passed(make_bench: MakeBench) -> None:
    bench = make_bench().start().play(*OLD)
    listener = bench.subscribe()
    bench.transport.gate(2)
    bench.send(Sync())
    bench.held()
    bench.send(Kill())
    let_go(bench)
    assert listener.names == ["killed", "epoch"]
    assert [receipt.epoch for receipt in listener.events[1]["channels"]] == bench.epochs()


# -- stop -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [APPLY, Sync(), Get(verify=True), Reset()], ids=["apply", "sync", "verify", "reset"]
)
def test_stop_passes_and_leaves_every_channel_safe(
    make_bench: MakeBench, command: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for bench, passed, _ in held(make_bench, command):
        later = bench.send(Set(0, amplitude=1))
        bench.transport.let_go()
        bench.stop()
        assert bench.board.outputs() == SILENT
        assert passed.code in ("success", "device_unavailable")
        assert later.code == "device_unavailable"
        assert bench.code(APPLY) == "device_unavailable"
        assert not bench.time.waiting()
        # Only a board that was half-way through its initialisation needs a second attempt.
        assert isinstance(command, Reset) or "stopping" not in caplog.text


@pytest.mark.parametrize("command", [APPLY, Sync()], ids=["apply", "sync"])
def test_stop_keeps_what_shall_be_kept(make_bench: MakeBench, command: Any) -> None:
    """All of the new tones or all of the old ones, no register half-written, and what was kept can
    be adopted by the next controller without a glitch."""
    config = configure(channels=4, on_stop="keep", on_start="keep")
    for bench, passed, _ in held(make_bench, command, config):
        bench.transport.let_go()
        bench.stop()
        expected = NEW if passed.code == "success" and command is APPLY else OLD
        assert bench.board.outputs() == expected
        after = make_bench(config, earlier=bench)
        bench.board.forget()
        after.start()
        assert [receipt.words for receipt in after.get()] == expected
        after.set(3, phase=0.125)
        assert bench.board.history == [
            *([tone] for tone in expected[:3]),
            [expected[3], Words(expected[3].ftw, 0x2000, expected[3].asf)],
        ]
        after.executor.close()


def test_stop_while_a_failed_write_is_put_back(make_bench: MakeBench) -> None:
    for at in range(3, 13):
        bench = make_bench().start().play(*OLD)
        bench.transport.fail(2, bits=13)
        bench.transport.gate(at)
        bench.send(APPLY)
        bench.held()
        bench.transport.let_go()
        bench.stop()
        assert bench.board.outputs() == SILENT
        assert all(outputs in (OLD, SILENT) for outputs in bench.board.snapshots)


def test_stop_while_starting_ends_the_start(make_bench: MakeBench) -> None:
    earlier = make_bench().start()
    for at in (1, 5, 30):
        bench = make_bench(earlier=earlier)
        bench.transport.gate(at)
        bench.service.start()
        bench.held()
        waiting = bench.send(Set(0, amplitude=1))
        bench.transport.let_go()
        bench.stop()
        assert bench.board.outputs() == SILENT
        assert waiting.code == "device_unavailable"
        assert not bench.time.waiting()


def test_a_kill_before_a_stop_is_carried_out(make_bench: MakeBench) -> None:
    bench = make_bench(configure(channels=4, on_stop="keep")).start().play(*OLD)
    bench.transport.gate(2)
    bench.send(APPLY)
    bench.held()
    kill = bench.send(Kill())
    bench.transport.let_go()
    bench.stop()
    assert kill.code == "success"
    assert bench.board.outputs() == SILENT


def test_apply_of_one_that_ends_before_the_kill_is_a_success(make_bench: MakeBench) -> None:
    """A kill does not change what happened before it."""
    bench = make_bench().start().play(*OLD)
    bench.transport.gate(2)  # the update
    answer = bench.send(Apply([Change(0, ftw=NEW[0].ftw)]))
    bench.held()
    kill = bench.send(Kill())
    let_go(bench)
    assert answer.outcome.__class__ is list
    assert answer.outcome[0].words.ftw == NEW[0].ftw
    assert kill.outcome["channels"][0].words == Words(NEW[0].ftw, OLD[0].pow, 0)
    assert bench.registers(0) == Words(NEW[0].ftw, OLD[0].pow, 0)


# -- anything at once -----------------------------------------------------------------------------

COMMANDS = {
    "off": Set(0, enabled=False),
    "on": Set(0, enabled=True),
    "apply": APPLY,
    "sync": Sync(),
    "verify": Get(verify=True),
    "reset": Reset(),
    "kill": Kill(),
    "arm": ArmRF(),
}


@settings(max_examples=100, deadline=None)
@given(
    first=st.sampled_from(["apply", "sync", "verify", "reset", "on"]),
    names=st.lists(st.sampled_from(sorted(COMMANDS)), max_size=6),
    gate=st.integers(1, 12),
    fault=st.sampled_from(FAULTS),
    at=st.integers(1, 120),
)
def test_many_commands_at_once_on_slow_hardware(
    first: str, names: list[str], gate: int, fault: Fault, at: int
) -> None:
    """Everything is answered, once. Whether RF is killed is what the last kill or arm_rf said, in
    the order in which they were sent; and what is said to be known is so."""
    bench = Bench("worker").start().play(*OLD)
    try:
        bench.transport.fail(at, **fault.arguments)
        bench.transport.gate(gate)
        began = bench.send(COMMANDS[first])
        bench.until(lambda: bench.transport.reached or bool(began.outcomes))
        answers = {number: bench.send(COMMANDS[name]) for number, name in enumerate(names)}
        let_go(bench)
        last = max((n for n, name in enumerate(names) if name in ("kill", "arm")), default=None)
        killed = last is not None and names[last] == "kill"
        refused = bench.code(Set(0)) == "rf_killed"
        assert refused is killed
        if killed and answers[last].code == "success":  # type: ignore[index]
            assert bench.board.outputs() == SILENT
        if "kill" in names:
            assert not any(receipt.enabled for receipt in bench.get()) or "arm" in names
        assert_truth(bench)
        assert all(
            out in (OLD[n], NEW[n], None)
            for snapshot in bench.board.snapshots
            for n, out in enumerate(snapshot)
        )
    finally:
        bench.executor.close()
