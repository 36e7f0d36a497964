"""Hardware that fails, at every single operation of every command, in every manner.

What must hold, whatever happens: the right code; nothing hangs; nothing half-written ever goes out;
and the state that ``get`` tells is the one of the hardware, or is said to be unknown.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dds_link.errors import DeviceFault, InternalError, WireError
from dds_link.protocol.commands import Apply, ArmRF, Change, Get, Kill, Reset, Set, Sync
from dds_link.words import Words
from tests.devices.conformance import FAULTS, Fault
from tests.devices.watched import configure
from tests.service.bench import Bench
from tests.service.conftest import MakeBench

OLD = [Words(300_000_000 + n, 0x1000 * n, 4000 + n) for n in range(4)]
NEW = [Words(400_000_000 + n, 0x2000 + n, 9000 + n) for n in range(4)]
SILENT: list[Any] = [None] * 4

APPLY = Apply([Change(n, ftw=w.ftw, pow=w.pow, asf=w.asf) for n, w in enumerate(NEW)])
#: One of each kind, which is enough where each example is long.
FEW = [FAULTS[0], FAULTS[4], FAULTS[7], FAULTS[9]]


def count(make_bench: MakeBench, command: Any, config: Any = None) -> int:
    """How many operations ``command`` takes."""
    bench = make_bench(config).start().play(*OLD)
    before = bench.transport.operations
    bench.ask(command)
    return bench.transport.operations - before


def every_fault(
    make_bench: MakeBench, command: Any, faults: list[Fault] = FAULTS, config: Any = None
) -> Iterator[tuple[Bench, Fault]]:
    """A board that puts out :data:`OLD`, about to fail at one operation of ``command``."""
    operations = count(make_bench, command, config)
    assert operations > 0
    for fault in faults:
        for at in range(1, operations + 1):
            bench = make_bench(config).start().play(*OLD)
            bench.transport.fail(at, **fault.arguments)
            yield bench, fault
            bench.executor.close()


def assert_truth(bench: Bench) -> None:
    """Every receipt that says that it is known is what the twin holds."""
    for receipt in bench.get():
        if receipt.known:
            assert receipt.words == bench.registers(receipt.channel)
            emits = receipt.enabled and receipt.frequency is not None and receipt.words.asf > 0
            assert (bench.out(receipt.channel) is not None) is emits


def assert_works(bench: Bench) -> None:
    """The board does what it is told."""
    assert bench.state == "ready"
    for receipt in bench.ask(APPLY):
        assert receipt.known
        assert receipt.words == bench.registers(receipt.channel) == bench.out(receipt.channel)
    assert all(receipt.verified for receipt in bench.get(verify=True))


def comes_back(bench: Bench) -> None:
    """After a loss: nothing is known, everything in a new epoch; soon the board is back, silent."""
    assert bench.state == "missing"
    assert not any(receipt.known for receipt in bench.get())
    before = bench.epochs()
    for command in (Set(0, phase=0.5), APPLY, Sync(), Get(verify=True), Reset()):
        assert bench.code(command) == "device_unavailable"
    bench.advance(1.0)
    assert bench.state == "ready"
    assert bench.board.outputs() == SILENT
    assert bench.epochs() == before
    assert_truth(bench)


# -- apply ----------------------------------------------------------------------------------------


def test_apply_is_all_or_nothing(make_bench: MakeBench) -> None:
    for bench, fault in every_fault(make_bench, APPLY):
        before = bench.get()
        error = bench.ask(APPLY)
        lost = "lost" in fault.name
        assert error.code == ("device_unavailable" if lost else "device_fault")
        assert all(outputs in (OLD, NEW, SILENT) for outputs in bench.board.snapshots)
        if lost:
            comes_back(bench)
        else:
            assert "what was there before was put back, in a new epoch" in error.text
            assert bench.board.outputs() == OLD
            after = bench.get()
            assert [receipt.words for receipt in after] == OLD
            # The accumulators may have run at another speed for a moment.
            assert all(a.epoch > b.epoch for a, b in zip(after, before, strict=True))
        assert_works(bench)


def test_apply_that_leaves_frequencies_alone_costs_no_epoch(make_bench: MakeBench) -> None:
    command = Apply([Change(n, asf=100, pow=5) for n in range(4)])
    for bench, fault in every_fault(make_bench, command, FAULTS[:8]):
        before = bench.get()
        error = bench.ask(command)
        assert error.text.endswith("what was there before was put back"), fault
        assert bench.get() == before
        assert bench.board.outputs() == OLD


def test_a_failed_write_with_switches(make_bench: MakeBench) -> None:
    """Two go on, two go off: in between, no channel puts out what nobody asked for."""
    config = configure(channels=4, switches=True)
    command = Apply([Change(0, enabled=False), Change(1, enabled=False), Change(2, asf=1)])
    for bench, fault in every_fault(make_bench, command, config=config):
        bench.ask(command)
        for channel, history in enumerate(bench.board.history):
            assert set(history) <= {OLD[channel], Words(OLD[2].ftw, OLD[2].pow, 1), None}, fault
        if "lost" in fault.name:
            comes_back(bench)
        else:
            assert bench.board.outputs() == OLD
            assert_truth(bench)


# -- sync -----------------------------------------------------------------------------------------


def test_sync(make_bench: MakeBench) -> None:
    for bench, fault in every_fault(make_bench, Sync()):
        before, listener = bench.epochs(), bench.subscribe()
        error = bench.ask(Sync())
        lost = "lost" in fault.name
        assert error.code == ("device_unavailable" if lost else "device_fault")
        assert bench.board.snapshots == [OLD]
        assert min(bench.epochs()) > max(before)
        assert listener.names == (["device"] if lost else ["epoch"])
        if lost:
            comes_back(bench)
        else:
            assert bench.board.outputs() == OLD
            assert bench.get(verify=True)[0].verified  # autoclear is off
        assert_works(bench)


# -- get verify -----------------------------------------------------------------------------------


def test_verify(make_bench: MakeBench) -> None:
    for bench, fault in every_fault(make_bench, Get(1, verify=True)):
        error = bench.get(1, verify=True)
        lost = "lost" in fault.name
        assert error.code == ("device_unavailable" if lost else "device_fault")
        assert bench.board.snapshots == [OLD]
        if lost:
            comes_back(bench)
        assert_works(bench)


# -- kill -----------------------------------------------------------------------------------------


def test_kill(make_bench: MakeBench) -> None:
    for bench, fault in every_fault(make_bench, Kill(), FEW):
        outcome = bench.ask(Kill())
        if "lost" in fault.name:
            assert outcome.code == "device_fault"
            assert "kill is latched, but RF may still be on" in outcome.text
            assert bench.state == "missing"
            assert not any(receipt.known for receipt in bench.get())
        else:
            assert outcome["readback"] == "ok"
            assert bench.board.outputs() == SILENT
        for snapshot in bench.board.snapshots:
            assert all(out in (OLD[n], None) for n, out in enumerate(snapshot))
        assert bench.code(Set(0, frequency=1e6)) == "rf_killed"
        bench.advance(1.0)
        assert bench.state == "ready"
        assert bench.board.outputs() == SILENT
        assert bench.code(APPLY) == "rf_killed"
        assert_truth(bench)
        bench.ask(ArmRF())
        assert not any(receipt.enabled for receipt in bench.get())
        bench.ask(APPLY)
        assert bench.board.outputs() == SILENT  # not before they are enabled
        bench.apply(*({"channel": n, "enabled": True} for n in range(4)))
        assert bench.board.outputs() == NEW


def test_kill_that_cannot_be_verified_is_a_fault_and_goes_on_trying(make_bench: MakeBench) -> None:
    bench = make_bench().start().play(*OLD)
    listener = bench.subscribe()
    bench.transport._readback = False
    error = bench.ask(Kill())
    assert isinstance(error, DeviceFault)
    assert "kill is latched, but RF may still be on: chip 0: CFR1 reads 0x00000000" in error.text
    assert bench.board.outputs() == SILENT  # by MASTER_RESET
    assert listener.names == ["device", "killed"]
    assert bench.state == "fault"
    assert not any(receipt.known or receipt.enabled for receipt in bench.get())
    assert bench.code(Kill()) == "device_fault"
    assert bench.code(Set(0, enabled=False)) == "device_fault"
    bench.transport._readback = True
    bench.advance(10.0)
    assert bench.state == "ready"
    assert bench.ask(Kill())["readback"] == "ok"
    assert bench.code(Set(0, enabled=True)) == "rf_killed"


def test_arming_after_a_kill_that_failed_does_not_bring_the_rf_back(make_bench: MakeBench) -> None:
    """Even where tones are kept: what the kill could not stop must not be adopted."""
    bench = make_bench(configure("everything", channels=4, on_start="keep")).start().play(*OLD)
    bench.transport.fail(1, error=bench_lost())
    bench.transport.missing = True
    assert bench.code(Kill()) == "device_fault"
    assert bench.board.outputs() == OLD  # the bus is gone: nothing could be done
    assert bench.ask(ArmRF())["killed"] is False
    bench.transport.missing = False
    bench.advance(10.0)
    assert bench.state == "ready"
    assert bench.board.outputs() == SILENT
    assert not any(receipt.enabled for receipt in bench.get())


def bench_lost() -> Any:
    return FAULTS[8].arguments["error"]


# -- starting and resetting -----------------------------------------------------------------------


def test_start(make_bench: MakeBench) -> None:
    """Tones of an earlier run are on when the controller starts."""
    earlier = make_bench().start()
    before = earlier.transport.operations
    make_bench(earlier=earlier).start()
    probe = make_bench(earlier=earlier)
    probe.start()
    operations = probe.transport.operations
    assert before > 0
    for fault in FEW[1::2]:
        for at in range(1, operations + 1):
            earlier.ask(Reset())
            earlier.play(*OLD)
            bench = make_bench(earlier=earlier)
            bench.transport.fail(at, **fault.arguments)
            bench.start()
            assert bench.state == ("missing" if "lost" in fault.name else "fault")
            assert not any(receipt.known for receipt in bench.get())
            for snapshot in bench.board.snapshots:
                assert all(out in (OLD[n], None) for n, out in enumerate(snapshot))
            assert isinstance(bench.ask(APPLY), WireError)
            bench.advance(1.0)
            assert bench.board.outputs() == SILENT
            assert_works(bench)
            bench.executor.close()


def test_reset(make_bench: MakeBench) -> None:
    for bench, fault in every_fault(make_bench, Reset(), FEW[1::2]):
        before = bench.epochs()
        error = bench.ask(Reset())
        if "lost" in fault.name:
            assert error.code == "device_unavailable"
            comes_back(bench)
        else:
            assert error.code == "device_fault"
            assert "initialised again: every channel is silent" in error.text
            assert bench.board.outputs() == SILENT
        for snapshot in bench.board.snapshots:
            assert all(out in (OLD[n], None) for n, out in enumerate(snapshot))
        assert min(bench.epochs()) > max(before)
        assert_works(bench)


def test_reset_gets_out_of_a_fault(bench: Bench) -> None:
    bench.transport._readback = False
    assert bench.code(Reset()) == "device_fault"
    assert bench.state == "fault"
    for command in (Set(0, phase=0.5), Sync(), Get(verify=True)):
        assert "the controller goes on trying" in bench.ask(command).text
    bench.transport._readback = True
    assert [receipt.known for receipt in bench.ask(Reset())] == [True] * 4
    assert bench.state == "ready"
    assert not bench.time.waiting()
    assert_works(bench)
    bench.advance(100.0)  # nothing is opened behind one's back
    assert bench.board.outputs() == NEW


# -- what cannot be put back ----------------------------------------------------------------------


def test_what_cannot_be_put_back_is_initialised(make_bench: MakeBench) -> None:
    """Without IO_RESET a blind board cannot be put back in step; but it can be reset."""
    config = configure("blind, no io_reset", channels=4)
    for bench, fault in every_fault(make_bench, APPLY, FAULTS[:8], config=config):
        before, listener = bench.epochs(), bench.subscribe()
        error = bench.ask(APPLY)
        if error.text.endswith("in a new epoch"):
            assert bench.board.outputs() == OLD
            continue
        assert error.code == "device_fault"
        assert "initialised again: every channel is silent, in a new epoch" in error.text
        assert bench.board.outputs() == SILENT, fault
        assert all(outputs in (OLD, NEW, SILENT) for outputs in bench.board.snapshots)
        assert listener.names == ["epoch"]
        assert min(bench.epochs()) > max(before)
        receipts = bench.get()
        assert [receipt.frequency for receipt in receipts] == SILENT
        assert listener.events[0]["channels"] == receipts
        assert_truth(bench)
        assert bench.ask(APPLY)[0].words == NEW[0]


def test_what_cannot_be_put_right_at_all_is_unknown(make_bench: MakeBench) -> None:
    config = configure("blind, no resets", channels=4)
    for bench, fault in every_fault(make_bench, APPLY, FAULTS[:8], config=config):
        listener = bench.subscribe()
        error = bench.ask(APPLY)
        assert error.code == "device_fault"
        assert "the state of the outputs is unknown" in error.text
        assert bench.state == "fault"
        assert listener.names == ["device"]
        for _ in range(5):
            bench.advance(10.0)
            assert bench.state == "fault", fault
        assert not any(receipt.known for receipt in bench.get())
        assert all(outputs in (OLD, NEW, SILENT) for outputs in bench.board.snapshots)
        assert bench.code(Kill()) == "device_fault"


def test_masks_survive_what_makes_the_device_safe(make_bench: MakeBench) -> None:
    bench = make_bench(configure("blind, no io_reset", channels=4)).start().play(*OLD)
    bench.set(1, enabled=False)
    bench.transport.fail(2, bits=13)
    assert "initialised again" in bench.ask(APPLY).text
    assert [receipt.enabled for receipt in bench.get()] == [True, False, True, True]
    bench.ask(APPLY)
    assert bench.board.outputs() == [NEW[0], None, NEW[2], NEW[3]]


# -- bugs -----------------------------------------------------------------------------------------


def test_a_bug_in_a_driver_is_treated_as_a_failed_wire(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench.play(*OLD)
    transfer = bench.transport.transfer

    def broken(chip: int, data: bytes) -> bytes:
        if chip == 2:
            raise KeyError("oops {secret}")
        return transfer(chip, data)

    monkeypatch.setattr(bench.transport, "transfer", broken)
    error = bench.ask(APPLY)
    monkeypatch.undo()
    assert isinstance(error, InternalError)
    assert "secret" not in error.text
    assert "bug in a driver" in caplog.text
    assert "oops" in caplog.text
    assert all(outputs in (OLD, NEW, SILENT) for outputs in bench.board.snapshots)
    assert_truth(bench)
    if bench.state != "ready":
        bench.advance(10.0)
    assert_works(bench)


def test_a_bug_while_starting_does_not_stop_the_controller_from_trying(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench()

    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.transport, "open", broken)
    bench.start()
    assert bench.state == "fault"
    monkeypatch.undo()
    bench.advance(10.0)
    assert_works(bench)


def test_a_fault_that_a_write_tells_of_itself_is_put_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Boxes that answer may refuse a write, after they did a part of it."""
    bench.play(*OLD)

    def refused(transaction: Any) -> None:
        bench.device._execute([])  # type: ignore[attr-defined]
        raise DeviceFault("the box says no")

    monkeypatch.setattr(bench.device, "write", refused)
    error = bench.ask(APPLY)
    monkeypatch.undo()
    assert error.text == "the box says no; what was there before was put back, in a new epoch"
    assert_truth(bench)
    assert_works(bench)


def test_a_bug_in_a_command_is_no_detail_on_the_wire(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench.play(*OLD)

    def broken(changes: Any) -> Callable[..., Any]:
        raise RuntimeError("secret")

    monkeypatch.setattr(bench.service._board, "plan", broken)
    error = bench.ask(APPLY)
    monkeypatch.undo()
    assert isinstance(error, InternalError)
    assert error.text == "a bug in the controller; its log has the details"
    assert "secret" in caplog.text
    assert bench.board.snapshots == [OLD]
    assert_works(bench)
