"""Opening, losing, finding again, keeping, leaving."""

import logging
from dataclasses import replace
from typing import Any

import pytest

from dds_link.devices.base import Write
from dds_link.errors import TransportError, TransportLost
from dds_link.protocol.commands import ArmRF, Get, Kill, Reset, Set
from dds_link.service.life import FIRST_RETRY, LONGEST_RETRY
from dds_link.words import Words
from tests.devices.watched import configure
from tests.service.bench import Bench
from tests.service.conftest import MakeBench

TONES = [Words(300_000_000 + n, 0x1000 * n, 4000 + n) for n in range(4)]
SILENT: list[Any] = [None] * 4


def kept(switches: bool = False, on_reconnect: str = "leave", **more: Any) -> Any:
    every = {"on_start": "keep", "on_stop": "keep", **more}
    device, channels = configure(channels=4, switches=switches, **every)
    return replace(device, on_reconnect=on_reconnect), channels


def mixed(**keys: list[Any]) -> Any:
    """Four channels, each with its own value of some keys."""
    device, channels = configure(channels=4)
    return device, tuple(
        replace(channel, **{key: values[channel.index] for key, values in keys.items()})
        for channel in channels
    )


# -- opening --------------------------------------------------------------------------------------


def test_a_device_that_is_there_is_ready_and_silent(make_bench: MakeBench) -> None:
    bench = make_bench()
    assert bench.state == "starting"
    assert not any(receipt.known for receipt in bench.get())
    for command in (Set(0, frequency=1e6), Reset(), Get(verify=True)):
        assert bench.code(command) == "device_unavailable"
    bench.start()
    assert bench.state == "ready"
    assert bench.board.outputs() == SILENT
    assert all(receipt.known and receipt.enabled for receipt in bench.get())
    assert not bench.time.waiting()


def test_a_missing_device_is_looked_for_again_and_again(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.transport.missing = True
    listener = bench.subscribe()
    bench.start()
    assert bench.state == "missing"
    assert "the simulated hardware is missing" in bench.set(0, frequency=1e6).text
    waits = []
    for _ in range(9):
        due = bench.time.next_due()
        waits.append(due - bench.time.now())
        bench.advance(waits[-1])
        assert bench.state == "missing"
    assert waits[:6] == pytest.approx([0.5, 1.0, 2.0, 4.0, 8.0, 10.0])
    assert (waits[0], max(waits)) == (FIRST_RETRY, LONGEST_RETRY)
    assert len(bench.time.waiting()) == 1
    epochs = bench.epochs()
    bench.transport.missing = False
    bench.advance(LONGEST_RETRY)
    assert bench.state == "ready"
    assert not bench.time.waiting()
    assert bench.set(0, frequency=80e6, amplitude=1).words == bench.out(0)
    assert bench.epochs() == epochs  # nothing was lost that anybody had
    events = [(event["event"], event.get("device")) for event in listener.events]
    assert events == [("device", "missing"), ("device", "ready"), ("changed", None)]
    assert listener.events[0]["by"] is None
    assert "missing" in listener.events[0]["reason"]
    assert all(not receipt.known for receipt in listener.events[0]["channels"])
    assert all(receipt.known for receipt in listener.events[1]["channels"])


def test_after_it_was_found_the_retries_begin_anew(bench: Bench) -> None:
    for _ in range(3):
        bench.transport.fail(1, error=TransportLost)
        assert bench.code(Set(0, phase=0.5)) == "device_unavailable"
        assert bench.time.next_due() - bench.time.now() == FIRST_RETRY
        bench.advance(FIRST_RETRY)
        assert bench.state == "ready"


def test_a_device_lost_in_a_command(bench: Bench) -> None:
    bench.play(*TONES)
    listener, before = bench.subscribe(), bench.epochs()
    bench.transport.missing = True
    bench.transport.fail(1, error=TransportLost)
    error = bench.set(0, phase=0.5)
    assert error.code == "device_unavailable"
    assert "the state of the outputs is unknown, the controller goes on trying" in error.text
    assert bench.state == "missing"
    receipts = bench.get()
    assert not any(receipt.known for receipt in receipts)
    assert [receipt.words for receipt in receipts] == TONES  # the last that was known
    lost = bench.epochs()
    assert min(lost) > max(before)
    for _ in range(5):
        bench.advance(10.0)
    assert bench.epochs() == lost  # it is not lost again and again
    assert [event["device"] for event in listener.events] == ["missing"] * 2  # two reasons
    assert listener.events[0]["channels"] == listener.events[1]["channels"] == receipts
    bench.transport.missing = False
    bench.advance(10.0)
    assert bench.state == "ready"
    assert bench.board.outputs() == SILENT
    assert bench.epochs() == lost  # one loss is told once: nothing could be set in between
    assert [receipt.frequency for receipt in bench.get()] == SILENT
    assert listener.names == ["device", "device", "device", "changed"]
    assert listener.events[2]["device"] == "ready"
    assert listener.events[2]["channels"] == listener.events[3]["channels"] == bench.get()


def test_each_loss_is_told_once_and_a_reset_too(bench: Bench) -> None:
    seen = [bench.epochs()]
    for _ in range(2):
        bench.transport.fail(1, error=TransportLost)
        bench.set(0, phase=0.5)
        seen.append(bench.epochs())
        bench.advance(FIRST_RETRY)
        assert bench.state == "ready"
        assert bench.epochs() == seen[-1]
    bench.ask(Reset())
    seen.append(bench.epochs())
    assert all(min(b) > max(a) for a, b in zip(seen, seen[1:], strict=False))


def test_a_device_that_does_not_answer_is_in_a_fault(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.transport._readback = False
    bench.start()
    assert bench.state == "fault"
    error = bench.set(0, frequency=1e6)
    assert error.code == "device_fault"
    assert "MISO not wired" in error.text
    assert "the controller goes on trying" in error.text
    bench.transport._readback = True
    bench.advance(FIRST_RETRY)
    assert bench.state == "ready"


def test_the_reason_of_a_fault_may_change(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.transport._readback = False
    listener = bench.subscribe()
    bench.start()
    bench.transport.missing = True
    bench.advance(FIRST_RETRY)
    assert bench.state == "missing"
    assert [event["device"] for event in listener.events] == ["fault", "missing"]


def test_a_retry_that_is_due_behind_a_reset_opens_nothing_again(bench: Bench) -> None:
    bench.play(*TONES)
    bench.transport._readback = False
    assert bench.code(Reset()) == "device_fault"
    bench.transport._readback = True
    due = bench.time.next_due()
    reset = bench.send(Reset())
    bench.time.advance(due - bench.time.now())  # while the reset runs, or just after
    bench.settle()
    assert reset.code == "success"
    bench.set(0, frequency=80e6, amplitude=1)
    before = bench.transport.operations
    bench.advance(100.0)
    assert bench.transport.operations == before
    assert bench.out(0) is not None


def test_kill_while_missing_is_latched_until_it_is_found(bench: Bench) -> None:
    bench.play(*TONES)
    bench.transport.missing = True
    bench.transport.fail(1, error=TransportLost)
    bench.set(0, phase=0.5)
    error = bench.ask(Kill())
    assert error.code == "device_fault"
    assert "kill is latched, but RF may still be on" in error.text
    assert bench.board.outputs() == TONES
    assert not any(receipt.enabled or receipt.known for receipt in bench.get())
    bench.transport.missing = False
    bench.advance(10.0)
    assert bench.state == "ready"
    assert bench.board.outputs() == SILENT
    assert not any(receipt.enabled for receipt in bench.get())
    assert bench.code(Set(0, enabled=True)) == "rf_killed"


def test_masks_survive_a_loss(bench: Bench) -> None:
    bench.play(*TONES)
    bench.set(1, enabled=False)
    bench.ask(Kill())
    bench.ask(ArmRF())
    bench.set(3, enabled=True)
    bench.transport.fail(1, error=TransportLost)
    bench.set(0, phase=0.5)
    bench.advance(10.0)
    assert [receipt.enabled for receipt in bench.get()] == [False, False, False, True]


# -- on_start = "keep" ----------------------------------------------------------------------------


def test_tones_that_are_kept_go_on_without_a_glitch(make_bench: MakeBench) -> None:
    reference = make_bench(kept()).start().play(*TONES)
    first = make_bench(kept()).start().play(*TONES)
    first.stop()
    assert first.board.outputs() == TONES
    updates = first.board.updates
    second = make_bench(kept(), earlier=first).start()
    assert second.state == "ready"
    assert second.board.updates == updates
    for receipt, words in zip(second.get(), TONES, strict=True):
        assert receipt.words == words
        assert receipt.known
        assert receipt.enabled
        tuning = second.device.channels[receipt.channel].tuning
        assert receipt.frequency == tuning.ftw_to_frequency(words.ftw)
        assert receipt.amplitude == tuning.asf_to_amplitude(words.asf)
    for bench in (second, reference):
        bench.set(3, phase=0.25)
        bench.time.sleep(1e-3)
    assert second.board.history[:3] == [[words] for words in TONES[:3]]
    assert [chip.accumulator() for chip in second.board.chips] == [
        chip.accumulator() for chip in reference.board.chips
    ]


def test_there_is_nothing_to_keep_at_the_first_start(
    make_bench: MakeBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make_bench(kept()).start()
    assert bench.state == "ready"
    assert bench.board.outputs() == SILENT
    assert "channel 'cooling': nothing that could be kept" in caplog.text
    assert bench.set(0, frequency=80e6, amplitude=1).words == bench.out(0)


def test_some_are_kept_and_some_are_not(make_bench: MakeBench) -> None:
    first = make_bench(kept()).start().play(*TONES)
    first.stop()
    config = mixed(on_start=["keep", "safe", "keep", "safe"])
    second = make_bench(config, earlier=first).start()
    assert second.board.history == [[TONES[0]], [TONES[1], None], [TONES[2]], [TONES[3], None]]
    receipts = second.get()
    assert [receipt.words.asf for receipt in receipts] == [4000, 0, 4002, 0]
    assert [receipt.frequency is None for receipt in receipts] == [False, True, False, True]
    assert all(receipt.verified for receipt in second.get(verify=True))


def test_a_tone_outside_the_limits_is_not_kept(
    make_bench: MakeBench, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody tightened the limits between two runs: they bind what goes out."""
    first = make_bench(kept()).start().play(*TONES)
    first.stop()
    step = 1e9 / 2**32
    config = mixed(
        on_start=["keep"] * 4,
        max_amplitude=[3999 / 16383, 1.0, 1.0, 4003 / 16383],
        min_frequency=[None, 300_000_002 * step, None, 300_000_003 * step],
        max_frequency=[None, None, 300_000_001 * step, 300_000_003 * step],
    )
    second = make_bench(config, earlier=first).start()
    assert second.board.outputs() == [None, None, None, TONES[3]]
    assert [receipt.frequency is None for receipt in second.get()] == [True, True, True, False]
    assert caplog.text.count("is not allowed now") == 3


def test_a_channel_that_was_off_is_kept_off(make_bench: MakeBench) -> None:
    first = make_bench(kept()).start().play(*TONES)
    first.set(1, enabled=False)
    first.stop()
    second = make_bench(kept(), earlier=first).start()
    assert second.board.outputs() == [TONES[0], None, TONES[2], TONES[3]]
    assert second.get(1).words == Words(TONES[1].ftw, TONES[1].pow, 0)
    second.set(1, enabled=True)
    assert second.out(1) is None  # its amplitude is not known any more
    assert second.set(1, amplitude=0.5).words == second.out(1)


def test_the_level_of_a_switch_is_kept_and_told(make_bench: MakeBench) -> None:
    first = make_bench(kept(switches=True)).start().play(*TONES)
    first.set(1, enabled=False)
    first.stop()
    second = make_bench(kept(switches=True), earlier=first).start()
    assert [receipt.enabled for receipt in second.get()] == [True, False, True, True]
    assert second.board.outputs() == [TONES[0], None, TONES[2], TONES[3]]
    assert [second.board.is_high(f"rf_switch{n}") for n in range(4)] == [True, False, True, True]


def test_a_switch_that_is_open_stays_open(make_bench: MakeBench) -> None:
    """After a kill of which only the switch worked, the chip still makes its tone."""
    first = make_bench(kept(switches=True)).start().play(*TONES)
    first.board.level("rf_switch2", False)
    first.stop()
    second = make_bench(kept(switches=True), earlier=first).start()
    receipt = second.get(2)
    assert not receipt.enabled
    assert receipt.words == TONES[2] == second.registers(2)
    assert second.out(2) is None
    second.set(2, phase=0.5)
    assert second.out(2) is None
    assert second.set(2, enabled=True).words == second.out(2)


def test_a_switch_of_unknown_level_is_not_called_known(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the channel starts as "safe" would."""
    first = make_bench(kept(switches=True)).start().play(*TONES)
    first.stop()
    second = make_bench(kept(switches=True), earlier=first)
    monkeypatch.setattr(second.transport, "is_high", lambda line: None)
    second.start()
    assert second.board.outputs() == SILENT
    assert [receipt.frequency for receipt in second.get()] == SILENT


def test_blind_nothing_can_be_kept(make_bench: MakeBench) -> None:
    first = make_bench(kept()).start().play(*TONES)
    first.stop()
    device, channels = configure("blind", channels=4, on_start="keep")
    second = make_bench((device, channels), earlier=first).start()
    assert second.state == "ready"
    assert second.board.outputs() == SILENT
    assert [receipt.frequency for receipt in second.get()] == SILENT


def test_what_is_kept_through_a_loss_goes_on_in_its_epoch(make_bench: MakeBench) -> None:
    bench = make_bench(kept()).start().play(*TONES)
    off = bench.set(1, enabled=False)
    bench.board.forget()
    before = bench.epochs()
    bench.transport.fail(1, error=TransportLost)
    bench.set(0, phase=0.5)
    bench.advance(10.0)
    assert bench.state == "ready"
    assert bench.board.snapshots == [[TONES[0], None, TONES[2], TONES[3]]]
    assert [receipt.words for receipt in bench.get()] == [TONES[0], off.words, TONES[2], TONES[3]]
    assert bench.get(1).amplitude == off.amplitude  # what was asked for is not forgotten
    assert not bench.get(1).enabled
    assert bench.epochs() == before


def test_a_write_that_took_place_before_the_loss_is_found(make_bench: MakeBench) -> None:
    bench = make_bench(kept()).start().play(*TONES)
    bench.transport.fail(2, done=True, error=TransportLost)  # the update
    assert bench.code(Set(0, ftw=77)) == "device_unavailable"
    bench.advance(10.0)
    assert bench.get(0).words == Words(77, TONES[0].pow, TONES[0].asf) == bench.out(0)
    assert bench.get(0).frequency == pytest.approx(77e9 / 2**32)


def test_a_board_that_lost_its_power_meanwhile_is_initialised(make_bench: MakeBench) -> None:
    bench = make_bench(kept()).start().play(*TONES)
    before = bench.epochs()
    bench.transport.fail(1, error=TransportLost)
    bench.set(0, phase=0.5)
    for chip in bench.board.chips:
        chip.set_master_reset(True)
        chip.set_master_reset(False)
    bench.board.forget()
    bench.advance(10.0)
    assert bench.state == "ready"
    assert bench.board.snapshots == [SILENT]
    assert min(bench.epochs()) > max(before)
    assert [receipt.frequency for receipt in bench.get()] == SILENT


def test_kept_and_killed_is_killed(make_bench: MakeBench) -> None:
    bench = make_bench(kept()).start().play(*TONES)
    bench.ask(Kill())
    bench.transport.fail(1, error=TransportLost)
    bench.set(0, enabled=False)
    bench.advance(10.0)
    assert bench.state == "ready"
    assert bench.board.outputs() == SILENT
    bench.ask(ArmRF())
    bench.set(0, enabled=True)
    assert bench.out(0) == TONES[0]  # adopted with what was asked for


def test_a_kill_of_which_only_the_switches_worked_is_finished_later(make_bench: MakeBench) -> None:
    bench = make_bench(kept(switches=True)).start().play(*TONES)
    bench.transport.fail(5, error=TransportLost)  # after the switches
    assert bench.code(Kill()) == "device_fault"
    assert [bench.registers(n) for n in range(4)] == TONES
    bench.advance(10.0)
    assert bench.state == "ready"
    assert [bench.registers(n).asf for n in range(4)] == [0] * 4
    assert [receipt.words.asf for receipt in bench.get()] == [0] * 4


def test_an_exception_while_adopting_is_a_fault(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(kept())

    def attach() -> list[Write | None]:
        raise TransportError("attach fails")

    monkeypatch.setattr(bench.device, "attach", attach)
    bench.start()
    assert bench.state == "fault"
    monkeypatch.undo()
    bench.advance(10.0)
    assert bench.state == "ready"


# -- on_stop --------------------------------------------------------------------------------------


def test_stop_safe_is_off(make_bench: MakeBench) -> None:
    bench = make_bench(configure(channels=4, switches=True)).start().play(*TONES)
    bench.stop()
    assert bench.board.outputs() == SILENT
    assert [bench.registers(n).asf for n in range(4)] == [0] * 4
    assert not any(bench.board.is_high(f"rf_switch{n}") for n in range(4))
    assert [history[1:] for history in bench.board.history] == [[None]] * 4


def test_stop_safe_with_an_amplitude(make_bench: MakeBench) -> None:
    """The safe amplitude is for channels that emit: a channel that is off is not switched on."""
    config = mixed(safe_amplitude=[0.1, 0.1, 0.1, 0.0])
    bench = make_bench(config).start().play(*TONES)
    bench.set(1, enabled=False)
    bench.set(2, amplitude=0)
    bench.stop()
    assert bench.board.outputs() == [
        Words(TONES[0].ftw, TONES[0].pow, 1638), None, None, None
    ]  # fmt: skip
    never_set = make_bench(configure(safe_amplitude=0.1)).start()
    never_set.stop()
    assert never_set.board.outputs() == [None, None]


def test_stop_killed_is_off_whatever_safe_means(make_bench: MakeBench) -> None:
    bench = make_bench(configure(channels=4, safe_amplitude=0.1)).start().play(*TONES)
    bench.ask(Kill())
    bench.ask(ArmRF())
    bench.stop()
    assert bench.board.outputs() == SILENT


def test_stop_keep_changes_nothing(make_bench: MakeBench) -> None:
    bench = make_bench(configure(channels=4, on_stop="keep")).start().play(*TONES)
    before = bench.transport.operations
    bench.stop()
    assert bench.board.outputs() == TONES
    assert bench.transport.operations == before


def test_stop_some_of_each(make_bench: MakeBench) -> None:
    config = mixed(on_stop=["keep", "safe", "safe", "keep"])
    bench = make_bench(config).start().play(*TONES)
    bench.stop()
    assert bench.board.snapshots == [TONES, [TONES[0], None, None, TONES[3]]]


@pytest.mark.parametrize("at", range(1, 6))
def test_a_stop_that_fails_is_tried_again(
    make_bench: MakeBench, at: int, caplog: pytest.LogCaptureFixture
) -> None:
    config = mixed(on_stop=["keep", "safe", "safe", "safe"])
    bench = make_bench(config).start().play(*TONES)
    bench.transport.fail(at, bits=13)
    bench.stop()
    assert bench.transport.fired is (at < 5)
    assert bench.board.snapshots == [TONES, [TONES[0], None, None, None]]
    assert caplog.text.count("stopping: fault injected") == (at < 5)
    assert "RF MAY STILL BE ON" not in caplog.text


def test_a_stop_that_cannot_even_be_restored_is_silent(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = mixed(on_stop=["keep", "safe", "safe", "safe"])
    bench = make_bench(config).start().play(*TONES)

    def fails(transaction: Any) -> None:
        raise TransportError("no")

    monkeypatch.setattr(bench.device, "write", fails)
    monkeypatch.setattr(bench.device, "restore", fails)
    bench.stop()
    assert bench.board.outputs() == SILENT
    assert "RF MAY STILL BE ON" not in caplog.text


def test_a_stop_that_fails_altogether_says_so(
    make_bench: MakeBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make_bench().start().play(*TONES)
    bench.transport.fail(1, error=TransportLost)
    bench.stop()
    (message,) = [r for r in caplog.records if r.levelno == logging.CRITICAL]
    assert message.getMessage() == "stopping while the device is ready: RF MAY STILL BE ON"


def test_stop_while_missing_says_so(
    make_bench: MakeBench, caplog: pytest.LogCaptureFixture
) -> None:
    for on_stop in ("safe", "keep"):
        caplog.clear()
        bench = make_bench(configure(on_stop=on_stop))
        bench.transport.missing = True
        bench.start()
        bench.stop()
        assert not bench.time.waiting()
        assert ("RF MAY STILL BE ON" in caplog.text) is (on_stop == "safe")


def test_stop_in_a_fault_makes_everything_silent(make_bench: MakeBench) -> None:
    config = mixed(on_stop=["keep", "safe", "safe", "safe"])
    bench = make_bench(config).start().play(*TONES)
    bench.transport._readback = False
    assert bench.code(Reset()) == "device_fault"
    assert bench.state == "fault"
    bench.transport._readback = True
    bench.stop()
    assert bench.board.outputs() == SILENT
    assert not bench.time.waiting()


def test_after_the_stop_nothing_is_done(bench: Bench) -> None:
    bench.play(*TONES)
    bench.stop()
    before = bench.transport.operations
    for command in (Set(0, amplitude=1), Kill(), Reset(), Get()):
        error = bench.ask(command)
        assert error.code == "device_unavailable"
        assert "stopping" in error.text
    bench.stop()  # a second time is harmless
    bench.time.advance(1000.0)
    assert bench.transport.operations == before


def test_a_stop_before_the_start_touches_nothing(
    make_bench: MakeBench, caplog: pytest.LogCaptureFixture
) -> None:
    """A controller that cannot have its ports never had the hardware either."""
    bench = make_bench()
    bench.stop()
    bench.service.start()
    assert bench.state == "starting"
    assert bench.transport.operations == 0
    assert not caplog.records
