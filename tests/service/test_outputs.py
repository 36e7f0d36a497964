"""What becomes of the outputs when a device that was lost, or in a fault, is back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dds_link.devices.ad9910 import AD9910
from dds_link.devices.base import Write
from dds_link.errors import DeviceFault, TransportError, TransportLost
from dds_link.protocol.commands import ArmRF, Kill, Reset, Set, Sync
from dds_link.words import Words
from tests.devices.watched import configure
from tests.service.bench import Bench, Listener
from tests.service.conftest import MakeBench

TONES = [Words(300_000_000 + n, 0x1000 * n, 4000 + n) for n in range(4)]
SILENT: list[Any] = [None] * 4


def board(policy: str, wiring: str = "everything", **every: Any) -> Any:
    device, channels = configure(wiring, channels=4, **every)
    return replace(device, on_reconnect=policy), channels


def lose(bench: Bench) -> None:
    """The transport is lost in a command that changes no frequency, and did not take place."""
    bench.transport.fail(1, error=TransportLost)
    assert bench.code(Set(0, phase=0.5)) == "device_unavailable"
    assert bench.state == "missing"


def lose_power(bench: Bench) -> None:
    for chip in bench.board.chips:
        chip.set_master_reset(True)
        chip.set_master_reset(False)
    bench.board.forget()


def come_back(bench: Bench) -> None:
    bench.transport.missing = False
    bench.advance(10.0)
    assert bench.state == "ready"
    assert all(receipt.known for receipt in bench.get())
    assert all(receipt.verified for receipt in bench.get(verify=True))


def told(listener: Listener) -> list[tuple[str, list[int]]]:
    """Names of the events, and the channels that each concerns."""
    return [
        (event["event"], [receipt.channel for receipt in event["channels"]])
        for event in listener.events
    ]


def allowed(bench: Bench, *others: Words | None) -> None:
    """No channel ever put out anything but its tone, nothing, or ``others``."""
    for tone, history in zip(TONES, bench.board.history, strict=True):
        assert set(history) <= {tone, None, *others}


# -- "safe" ----------------------------------------------------------------------------------------


def test_safe_is_silent_whatever_the_board_still_does(make_bench: MakeBench) -> None:
    bench = make_bench(board("safe", on_start="keep")).start().play(*TONES)
    before = bench.epochs()
    lose(bench)
    come_back(bench)
    assert bench.board.outputs() == SILENT
    assert [receipt.frequency for receipt in bench.get()] == SILENT
    assert min(bench.epochs()) > max(before)


def test_a_device_that_was_never_ready_starts_by_its_start_policy(make_bench: MakeBench) -> None:
    first = make_bench(board("safe", on_start="keep", on_stop="keep")).start().play(*TONES)
    first.stop()
    second = make_bench(board("safe", on_start="keep"), earlier=first)
    second.transport.missing = True
    second.start()
    assert second.state == "missing"
    come_back(second)
    assert second.board.outputs() == TONES


# -- "restore" -------------------------------------------------------------------------------------


def test_a_board_that_lost_its_power_puts_out_again_what_was_requested(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(board("restore")).start().play(*TONES)
    requested = bench.get()
    listener = bench.subscribe()
    lose(bench)
    lose_power(bench)
    come_back(bench)
    assert bench.board.outputs() == TONES
    allowed(bench)
    receipts = bench.get()
    for before, after in zip(requested, receipts, strict=True):
        assert after.epoch > before.epoch
        assert after.frequency == before.frequency
        assert after.words == before.words
    everything = [0, 1, 2, 3]
    assert told(listener) == [
        ("device", everything),  # missing
        ("device", everything),  # ready
        ("epoch", everything),
    ]
    assert listener.events[1]["reason"] == "every channel is as its restore policy says"
    assert listener.events[1]["channels"] == listener.events[2]["channels"] == receipts


def test_a_board_that_went_on_is_not_touched(make_bench: MakeBench) -> None:
    """Its epochs stay: it holds exactly what was programmed."""
    bench = make_bench(board("restore")).start().play(*TONES)
    before, updates = bench.epochs(), bench.board.updates
    listener = bench.subscribe()
    lose(bench)
    come_back(bench)
    assert bench.board.snapshots == [TONES]
    assert bench.board.updates == updates
    assert bench.epochs() == before
    assert listener.names == ["device", "device"]


def test_a_channel_that_never_had_a_frequency_loses_nothing(make_bench: MakeBench) -> None:
    bench = make_bench(board("restore")).start().play(*TONES[:3])
    before = bench.epochs()
    lose(bench)
    come_back(bench)
    assert bench.board.snapshots == [[*TONES[:3], None]]
    assert bench.epochs() == before
    assert bench.get(3).frequency is None


@pytest.mark.parametrize("policy", ["restore", "leave"])
def test_a_frequency_that_may_have_changed_costs_the_epoch(
    make_bench: MakeBench, policy: str
) -> None:
    """Even if the board turns out to be at the old one: it may have been at the new one between."""
    bench = make_bench(board(policy)).start().play(*TONES)
    before = bench.epochs()
    bench.transport.fail(1, error=TransportLost)
    assert bench.code(Set(2, ftw=77)) == "device_unavailable"
    come_back(bench)
    assert bench.board.snapshots == [TONES]
    assert [new > old for old, new in zip(before, bench.epochs(), strict=True)] == [
        False, False, True, False
    ]  # fmt: skip


@pytest.mark.parametrize("policy", ["restore", "leave"])
def test_a_change_that_was_put_back_before_the_loss_costs_the_epoch(
    make_bench: MakeBench, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(board(policy)).start().play(*TONES)
    before = bench.epochs()
    restore = bench.device.restore

    def restore_and_lose(transaction: Any) -> None:
        restore(transaction)
        raise TransportLost("unplugged")

    monkeypatch.setattr(bench.device, "restore", restore_and_lose)
    bench.transport.fail(2, done=True)  # the update
    assert bench.code(Set(1, ftw=77)) == "device_unavailable"
    come_back(bench)
    assert [history[-1] for history in bench.board.history] == TONES
    assert [new > old for old, new in zip(before, bench.epochs(), strict=True)] == [
        False, True, False, False
    ]  # fmt: skip


@pytest.mark.parametrize("policy", ["restore", "leave"])
def test_a_sync_that_was_lost_costs_the_epochs(make_bench: MakeBench, policy: str) -> None:
    bench = make_bench(board(policy)).start().play(*TONES)
    before = bench.epochs()
    bench.transport.fail(3, done=True, error=TransportLost)  # the update, which clears
    assert bench.code(Sync(channels=[0, 1])) == "device_unavailable"
    come_back(bench)
    after = bench.epochs()
    assert min(after[:2]) > max(before)


def test_a_write_that_took_place_before_the_loss_is_taken_back(make_bench: MakeBench) -> None:
    bench = make_bench(board("restore")).start().play(*TONES)
    bench.transport.fail(2, done=True, error=TransportLost)  # the update
    assert bench.code(Set(0, ftw=77)) == "device_unavailable"
    half_turn = Words(77, TONES[0].pow, TONES[0].asf)
    assert bench.out(0) == half_turn
    before = bench.epochs()
    come_back(bench)
    assert bench.board.outputs() == TONES
    allowed(bench, half_turn)
    assert bench.epochs()[1:] == before[1:]


def test_blind_everything_is_initialised_and_programmed_again(make_bench: MakeBench) -> None:
    bench = make_bench(board("restore", "blind")).start().play(*TONES)
    before = bench.epochs()
    lose(bench)
    assert min(bench.epochs()) > max(before)  # that is certain at once
    lost = bench.epochs()
    bench.advance(10.0)
    assert bench.board.outputs() == TONES
    allowed(bench)
    assert [history[1:] for history in bench.board.history] == [[None, tone] for tone in TONES]
    assert bench.epochs() == lost


def test_what_was_off_stays_off(make_bench: MakeBench) -> None:
    bench = make_bench(board("restore", switches=True)).start().play(*TONES)
    bench.set(1, enabled=False)
    bench.set(2, amplitude=0)
    lose(bench)
    lose_power(bench)
    come_back(bench)
    assert bench.board.outputs() == [TONES[0], None, None, TONES[3]]
    assert [bench.board.is_high(f"rf_switch{n}") for n in range(4)] == [True, False, True, True]
    assert all(history == [None] for history in bench.board.history[1:3])
    bench.set(1, enabled=True)
    assert bench.out(1) == TONES[1]


def test_a_phase_without_a_frequency_comes_back(make_bench: MakeBench) -> None:
    bench = make_bench(board("restore")).start()
    bench.set(0, phase=0.25)
    bench.transport.fail(1, error=TransportLost)
    bench.set(1, phase=0.5)
    come_back(bench)
    assert bench.get(0).phase == 0.25
    assert bench.board.outputs() == SILENT
    assert bench.set(0, frequency=80e6, amplitude=1).words == bench.out(0)


@pytest.mark.parametrize("at", range(1, 97))
@pytest.mark.parametrize("error", [TransportError, TransportLost])
def test_a_return_that_fails_anywhere_is_tried_again(at: int, error: type[TransportError]) -> None:
    """Nothing goes out meanwhile but what was requested."""
    bench = Bench(config=board("restore")).start().play(*TONES)
    lose(bench)
    lose_power(bench)
    before = max(bench.epochs())
    bench.transport.fail(at, bits=13, error=error)
    while bench.state != "ready":
        bench.advance(10.0)
    assert bench.board.outputs() == TONES
    allowed(bench)
    assert min(bench.epochs()) > before
    assert all(receipt.verified for receipt in bench.get(verify=True))


def test_the_failures_above_reach_to_the_end_of_a_return() -> None:
    bench = Bench(config=board("restore")).start().play(*TONES)
    lose(bench)
    lose_power(bench)
    before = bench.transport.operations
    bench.advance(10.0)
    assert bench.transport.operations - before < 97


# -- "restore" after a fault -----------------------------------------------------------------------


@pytest.fixture
def no_way_back(monkeypatch: pytest.MonkeyPatch) -> Callable[[Bench], None]:
    """Lets a device refuse to put back what was before."""

    def refuse(bench: Bench) -> None:
        def restore(transaction: Any) -> None:
            raise DeviceFault("cannot be put back")

        monkeypatch.setattr(bench.device, "restore", restore)

    return refuse


def test_a_fault_that_initialises_everything(
    make_bench: MakeBench, no_way_back: Callable[[Bench], None]
) -> None:
    bench = make_bench(board("restore")).start().play(*TONES)
    before = bench.epochs()
    no_way_back(bench)
    bench.transport.fail(1, bits=13)
    error = bench.set(0, ftw=77)
    assert error.code == "device_fault"
    assert "what was requested before is programmed again, in a new epoch" in error.text
    assert bench.state == "ready"
    assert bench.board.outputs() == TONES
    allowed(bench)
    assert min(bench.epochs()) > max(before)


@pytest.mark.parametrize("policy", ["safe", "leave"])
def test_after_such_a_fault_nothing_is_left_as_it_is(
    make_bench: MakeBench, no_way_back: Callable[[Bench], None], policy: str
) -> None:
    bench = make_bench(board(policy)).start().play(*TONES)
    no_way_back(bench)
    bench.transport.fail(1, bits=13)
    error = bench.set(0, ftw=77)
    assert "every channel is silent, in a new epoch, and has to be set again" in error.text
    assert bench.board.outputs() == SILENT


def test_what_cannot_be_programmed_again_is_a_fault_until_a_reset(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(board("restore")).start().play(*TONES)

    def write(transaction: Any) -> None:
        raise DeviceFault("above the limit of the box")

    monkeypatch.setattr(bench.device, "write", write)
    lose(bench)
    lose_power(bench)
    bench.advance(10.0)
    assert bench.state == "fault"
    assert "above the limit of the box" in bench.set(0, phase=0.0).text
    assert bench.code(Reset()) == "success"
    assert bench.board.outputs() == SILENT
    assert bench.state == "ready"


# -- resets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["restore", "leave"])
def test_after_a_reset_that_failed_nothing_comes_back(make_bench: MakeBench, policy: str) -> None:
    bench = make_bench(board(policy)).start().play(*TONES)
    bench.transport.missing = True
    bench.transport.fail(1, error=TransportLost)
    assert bench.code(Reset()) == "device_unavailable"
    come_back(bench)
    assert bench.board.outputs() == SILENT
    assert [receipt.frequency for receipt in bench.get()] == SILENT
    bench.play(*TONES)  # from then on the policy counts again
    lose(bench)
    come_back(bench)
    assert bench.board.outputs() == TONES


# -- "leave" ---------------------------------------------------------------------------------------


def test_what_somebody_else_set_is_adopted_in_a_new_epoch(make_bench: MakeBench) -> None:
    bench = make_bench(board("leave")).start().play(*TONES)
    before = bench.epochs()
    listener = bench.subscribe()
    lose(bench)
    other = Bench(config=board("leave", on_start="keep", on_stop="keep"), earlier=bench).start()
    other.set(1, ftw=99)
    other.stop()
    changed = Words(99, TONES[1].pow, TONES[1].asf)
    bench.board.forget()
    come_back(bench)
    assert bench.board.snapshots == [[TONES[0], changed, TONES[2], TONES[3]]]
    assert bench.get(1).words == changed
    assert bench.get(1).frequency == pytest.approx(99e9 / 2**32)
    assert [new > old for old, new in zip(before, bench.epochs(), strict=True)] == [
        False, True, False, False
    ]  # fmt: skip
    assert told(listener)[2:] == [("epoch", [1]), ("changed", [1])]


@pytest.mark.parametrize("policy", ["restore", "leave"])
def test_what_emits_though_it_was_switched_off_is_not_kept(
    make_bench: MakeBench, policy: str
) -> None:
    bench = make_bench(board(policy)).start().play(*TONES)
    bench.transport.missing = True
    lose(bench)
    bench.ask(Kill())  # cannot reach the board
    bench.ask(ArmRF())
    assert bench.board.outputs() == TONES
    come_back(bench)
    assert bench.board.outputs() == SILENT
    allowed(bench)
    assert not any(receipt.enabled for receipt in bench.get())


# -- kill ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("power", ["kept", "lost"])
@pytest.mark.parametrize("policy", ["restore", "leave"])
def test_what_is_killed_stays_silent_and_is_not_forgotten(
    make_bench: MakeBench, policy: str, power: str
) -> None:
    bench = make_bench(board(policy, switches=True)).start().play(*TONES)
    bench.ask(Kill())
    bench.board.forget()
    before = bench.epochs()
    bench.transport.fail(1, error=TransportLost)
    assert bench.code(Set(0, enabled=False)) == "device_unavailable"
    if power == "lost":
        lose_power(bench)
    come_back(bench)
    assert bench.board.snapshots == [SILENT]
    assert min(bench.epochs()) > max(before)
    assert bench.code(Set(0, enabled=True)) == "rf_killed"
    bench.ask(ArmRF())
    for channel in range(4):
        bench.set(channel, enabled=True)
    assert bench.board.outputs() == TONES


def test_what_is_killed_is_silenced_before_anything_else(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(board("leave")).start().play(*TONES)
    bench.transport.missing = True
    lose(bench)
    bench.ask(Kill())
    calls = []

    def note(name: str) -> None:
        method = getattr(bench.device, name)

        def noted(*arguments: Any) -> Any:
            calls.append(name)
            return method(*arguments)

        monkeypatch.setattr(bench.device, name, noted)

    for name in ("attach", "initialise", "silence", "write"):
        note(name)
    come_back(bench)
    assert calls == ["silence", "initialise", "write"]


def test_a_device_that_is_lost_again_before_it_is_silent(make_bench: MakeBench) -> None:
    bench = make_bench(board("restore")).start().play(*TONES)
    bench.transport.missing = True
    lose(bench)
    bench.ask(Kill())
    bench.transport.missing = False
    bench.transport.fail(1, error=TransportLost)
    bench.advance(10.0)
    come_back(bench)
    assert bench.board.outputs() == SILENT
    allowed(bench)


def test_what_cannot_be_silenced_is_initialised(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(board("restore")).start().play(*TONES)
    bench.transport.missing = True
    lose(bench)
    bench.ask(Kill())

    def silence(transaction: Any) -> bool:
        raise DeviceFault("it may still emit")

    monkeypatch.setattr(bench.device, "silence", silence)
    come_back(bench)
    assert bench.board.outputs() == SILENT


@pytest.mark.parametrize("executor", ["worker"])  # in place nothing can come between
@pytest.mark.parametrize("at", [1, 5, 20, 60, 92])
def test_a_kill_while_the_device_comes_back(make_bench: MakeBench, at: int) -> None:
    bench = make_bench(board("restore")).start().play(*TONES)
    lose(bench)
    lose_power(bench)
    bench.transport.gate(at)
    bench.time.advance(10.0)
    bench.held()
    kill = bench.send(Kill())
    bench.transport.let_go()
    bench.settle()
    assert kill.outcome["killed"]
    assert bench.board.outputs() == SILENT
    bench.until(lambda: bench.state == "ready")
    assert bench.board.outputs() == SILENT
    bench.ask(ArmRF())
    assert bench.set(2, enabled=True).words == TONES[2]


# -- phase and silence -----------------------------------------------------------------------------


@pytest.fixture
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chips whose phase accumulators begin anew when they are silenced."""
    monkeypatch.setattr(AD9910, "silence_keeps_phase", False)


def test_a_kill_that_keeps_the_phase_keeps_the_epochs(bench: Bench) -> None:
    bench.play(*TONES)
    before = bench.epochs()
    bench.ask(Kill())
    assert bench.epochs() == before


@pytest.mark.usefixtures("restless")
def test_a_kill_that_costs_the_phase_gives_new_epochs(make_bench: MakeBench) -> None:
    bench = make_bench().start().play(*TONES)
    before = bench.epochs()
    listener = bench.subscribe()
    answer = bench.ask(Kill())
    assert min(receipt.epoch for receipt in answer["channels"]) > max(before)
    assert bench.epochs() == [receipt.epoch for receipt in answer["channels"]]
    assert told(listener) == [("epoch", [0, 1, 2, 3]), ("killed", [0, 1, 2, 3])]
    for event in listener.events:
        assert event["channels"] == answer["channels"]


@pytest.mark.usefixtures("restless")
def test_a_kill_that_fails_may_have_cost_the_phase(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(board("leave")).start().play(*TONES)
    before = bench.epochs()

    def silence(transaction: Any) -> bool:
        raise DeviceFault("it may still emit")

    monkeypatch.setattr(bench.device, "silence", silence)
    assert bench.code(Kill()) == "device_fault"
    assert min(bench.epochs()) > max(before)


# -- a device that cannot tell ---------------------------------------------------------------------


def test_an_attach_that_fails_is_tried_again(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(board("leave")).start().play(*TONES)
    lose(bench)

    def attach() -> list[Write | None]:
        raise TransportError("noise")

    with monkeypatch.context() as patch:
        patch.setattr(bench.device, "attach", attach)
        bench.advance(10.0)
        assert bench.state == "fault"
    come_back(bench)
    assert bench.board.snapshots == [TONES]
