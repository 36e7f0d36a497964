"""What each command does, over twins, on both executors."""

from dataclasses import replace
from typing import Any

import pytest

from dds_link.errors import BadCommand, NoSuchChannel, OutOfRange, Unsupported, WireError
from dds_link.protocol.commands import (
    Apply,
    ArmRF,
    Change,
    Describe,
    Get,
    Hello,
    Identify,
    Kill,
    Ping,
    Reset,
    Set,
    Subscribe,
    Sync,
)
from dds_link.words import SILENCE, Words
from tests.devices.watched import configure
from tests.service.bench import Bench
from tests.service.conftest import MakeBench

MHZ_80 = 0x147AE148


def limited(**limits: Any) -> Any:
    """A board of which channel 0 has limits."""
    device, channels = configure(channels=2)
    return device, (replace(channels[0], **limits), channels[1])


# -- set ------------------------------------------------------------------------------------------


def test_set_says_what_was_programmed(bench: Bench) -> None:
    receipt = bench.set("cooling", frequency=80e6, amplitude=0.5, phase=0.25)
    assert (receipt.channel, receipt.name) == (0, "cooling")
    assert receipt.frequency == pytest.approx(80e6, abs=0.12)
    assert receipt.amplitude == 8192 / 16383
    assert receipt.phase == 0.25
    assert receipt.enabled
    assert receipt.known
    assert receipt.words == Words(MHZ_80, 0x4000, 8192) == bench.out(0)


def test_a_field_that_is_absent_is_left(bench: Bench) -> None:
    bench.set(0, frequency=80e6, amplitude=0.5, phase=0.25)
    bench.set(0, phase=0.5)
    assert bench.out(0) == Words(MHZ_80, 0x8000, 8192)
    bench.set(0, amplitude=1)
    assert bench.out(0) == Words(MHZ_80, 0x8000, 16383)
    bench.set(0, frequency=81e6)
    assert bench.out(0) == Words(0x14BC6A7F, 0x8000, 16383)


def test_words_in_place_of_quantities(bench: Bench) -> None:
    receipt = bench.set(3, ftw=MHZ_80, pow=0x4000, asf=8192)
    assert receipt.words == Words(MHZ_80, 0x4000, 8192) == bench.out(3)
    assert bench.set(3, ftw=MHZ_80, phase=0.5, asf=1).words == Words(MHZ_80, 0x8000, 1)


@pytest.mark.parametrize(
    "fields", [{"frequency": 1e6, "ftw": 1}, {"phase": 0.1, "pow": 1}, {"amplitude": 1, "asf": 1}]
)
def test_a_quantity_and_its_word_are_refused_together(bench: Bench, fields: dict[str, Any]) -> None:
    assert isinstance(bench.set(0, **fields), BadCommand)
    assert bench.out(0) is None


@pytest.mark.parametrize("key", [4, -1, "colling", ""])
def test_no_such_channel(bench: Bench, key: Any) -> None:
    error = bench.set(key, frequency=1e6)
    assert isinstance(error, NoSuchChannel)
    assert "cooling repump shelving raman" in error.text


def test_nothing_at_all_may_be_set(bench: Bench) -> None:
    bench.set(0, frequency=80e6, amplitude=0.5)
    assert bench.set(0).words == bench.out(0)


# -- enabled --------------------------------------------------------------------------------------


def test_off_keeps_the_amplitude_for_on(bench: Bench) -> None:
    bench.set(0, frequency=80e6, amplitude=0.5)
    receipt = bench.set(0, enabled=False)
    assert (receipt.enabled, receipt.amplitude) == (False, 8192 / 16383)
    assert receipt.words == Words(MHZ_80, 0, 0)
    assert bench.out(0) is None
    assert bench.set(0, enabled=True).words == Words(MHZ_80, 0, 8192) == bench.out(0)


def test_set_without_enabled_never_changes_it(bench: Bench) -> None:
    bench.set(0, enabled=False)
    receipt = bench.set(0, frequency=80e6, amplitude=0.5, phase=0.1)
    assert not receipt.enabled
    assert receipt.words.asf == 0
    assert bench.out(0) is None


def test_a_channel_without_a_frequency_does_not_emit(bench: Bench) -> None:
    receipt = bench.set(0, amplitude=1, phase=0.5, enabled=True)
    assert receipt.frequency is None
    assert receipt.words.asf == 0
    assert bench.registers(0) == Words(0, 0x8000, 0)
    bench.set(0, frequency=80e6)
    assert bench.out(0) == Words(MHZ_80, 0x8000, 16383)


def test_the_switch_is_closed_only_while_rf_shall_go_out(make_bench: MakeBench) -> None:
    bench = make_bench(configure(switches=True)).start()
    closed: list[bool] = []
    for fields in ({"amplitude": 1.0}, {"frequency": 80e6}, {"enabled": False}, {"enabled": True}):
        bench.set(0, **fields)
        closed.append(bench.board.is_high("rf_switch0"))
    assert closed == [False, True, False, True]


# -- limits ---------------------------------------------------------------------------------------

LIMITS = {"min_frequency": 60e6, "max_frequency": 120e6, "max_amplitude": 0.8}


@pytest.mark.parametrize(
    "fields",
    [
        {"frequency": 60e6},
        {"frequency": 120e6},
        {"amplitude": 0.8},
        {"frequency": 60e6 - 0.05},  # rounds to the word of 60 MHz
        {"ftw": 257698038},
        {"ftw": 515396076},
        {"asf": 13106},
        {"asf": 0},
        {"amplitude": 0},
    ],
)
def test_a_limits_own_nearest_word_is_allowed(make_bench: MakeBench, fields: Any) -> None:
    bench = make_bench(limited(**LIMITS)).start()
    bench.set(0, frequency=100e6, amplitude=0.1)
    assert bench.set(0, **fields).words == bench.registers(0)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"frequency": 59.9e6}, "frequency 59900000 Hz is outside 60000000 ... 120000000 Hz"),
        ({"frequency": 600e6}, "frequency 600000000 Hz is outside 60000000 ... 120000000 Hz"),
        ({"frequency": 60e6 - 0.2}, "frequency 59999999.8 Hz is outside"),
        ({"frequency": -1.0}, "frequency -1 Hz is outside"),
        ({"frequency": 0.0}, "frequency 0 Hz is outside"),
        ({"frequency": float("inf")}, "frequency inf Hz is outside"),
        ({"frequency": float("nan")}, "frequency nan Hz is outside"),
        ({"ftw": 257698037}, "ftw 257698037 is outside"),
        ({"ftw": 515396077}, "ftw 515396077 is outside"),
        ({"ftw": -1}, "ftw -1 is outside"),
        ({"ftw": 1 << 64}, "ftw 18446744073709551616 is outside"),
        ({"amplitude": 0.80005}, "amplitude 0.80005 is outside 0 ... 0.8"),
        ({"amplitude": -1e-9}, "amplitude -1e-09 is outside 0 ... 0.8"),
        ({"amplitude": float("nan")}, "amplitude nan is outside"),
        ({"asf": 13107}, "asf 13107 is outside"),
        ({"asf": -1}, "asf -1 is outside"),
        ({"phase": float("nan")}, "phase"),
        ({"phase": float("inf")}, "phase"),
        ({"pow": 65536}, "pow 65536 is outside 0 ... 65535"),
        ({"pow": -1}, "pow -1 is outside 0 ... 65535"),
    ],
)
def test_outside_the_limits_nothing_changes(make_bench: MakeBench, fields: Any, text: str) -> None:
    bench = make_bench(limited(**LIMITS)).start()
    before = bench.set(0, frequency=100e6, amplitude=0.1)
    error = bench.set(0, **fields)
    assert isinstance(error, OutOfRange)
    assert error.text.startswith("channel 'cooling': ")
    assert text in error.text
    assert "phase" in text or "pow" in text or "(lab.toml)" in error.text
    assert bench.get(0) == before
    assert bench.out(0) == before.words


def test_limits_are_those_of_each_channel(make_bench: MakeBench) -> None:
    bench = make_bench(limited(**LIMITS)).start()
    assert bench.set(1, frequency=400e6, amplitude=1).words == bench.out(1)


def test_without_limits_the_chip_sets_them(bench: Bench) -> None:
    assert bench.set(0, frequency=0.0, amplitude=1).words == Words(0, 0, 16383)
    assert bench.set(0, frequency=499999999.8).words.ftw == 0x7FFFFFFF
    for frequency in (499999999.9, 500e6, 1e12):
        assert isinstance(bench.set(0, frequency=frequency), OutOfRange)
    assert isinstance(bench.set(0, ftw=1 << 31), OutOfRange)
    assert isinstance(bench.set(0, asf=16384), OutOfRange)


# -- apply ----------------------------------------------------------------------------------------


def test_apply_is_one_update(bench: Bench) -> None:
    before = bench.board.updates
    receipts = bench.apply(
        {"channel": 2, "frequency": 80e6, "amplitude": 0.5},
        {"channel": "cooling", "frequency": 81e6, "amplitude": 1},
        {"channel": 1, "enabled": False},
    )
    assert [receipt.channel for receipt in receipts] == [2, 0, 1]
    assert bench.board.updates == before + 1
    assert bench.out(2) == receipts[0].words
    assert bench.out(0) == receipts[1].words
    assert not bench.get(1).enabled


def test_apply_nothing(bench: Bench) -> None:
    before = bench.board.updates
    assert bench.apply() == []
    assert bench.board.updates == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"channel": 1, "frequency": 600e6},
        {"channel": 9, "frequency": 1e6},
        {"channel": 1, "frequency": 1e6, "ftw": 1},
        {"channel": 0, "amplitude": 0.1},  # twice
        {"channel": "cooling", "amplitude": 0.1},  # twice, by another name
    ],
)
def test_apply_all_or_nothing(bench: Bench, wrong: dict[str, Any]) -> None:
    before, updates = bench.get(), bench.board.updates
    good = {"channel": 0, "frequency": 80e6, "amplitude": 1}
    for changes in ([good, wrong], [wrong, good]):
        assert isinstance(bench.apply(*changes), WireError)
    assert bench.get() == before
    assert bench.board.updates == updates


# -- get ------------------------------------------------------------------------------------------


def test_get_one_or_all(bench: Bench) -> None:
    receipt = bench.set(1, frequency=80e6)
    assert bench.get(1) == bench.get("repump") == receipt
    assert [each.channel for each in bench.get()] == [0, 1, 2, 3]
    assert isinstance(bench.get("nobody"), NoSuchChannel)


def test_verify_reads_the_hardware(bench: Bench) -> None:
    receipt = bench.set(1, frequency=80e6, amplitude=0.5)
    assert not receipt.verified
    verified = bench.get(1, verify=True)
    assert verified.verified
    assert verified.words == receipt.words
    assert all(each.verified for each in bench.get(verify=True))
    assert not bench.get(1).verified


def test_verify_finds_a_register_that_changed(bench: Bench) -> None:
    bench.set(1, frequency=80e6, amplitude=0.5)
    listener = bench.subscribe()
    bench.board.chips[1]._active[0x0E] ^= 1 << 60
    for _ in range(2):
        error = bench.get(1, verify=True)
        assert error.code == "device_fault"
        assert "chip 1: PROFILE 0 reads 0x3000" in error.text
    assert not bench.get(1).known
    assert [receipt.known for receipt in bench.get()] == [True, False, True, True]
    # Setting the channel rewrites this register, but who knows of the others?
    assert not bench.set(1, amplitude=0.5).known
    assert bench.get(1, verify=True).known
    assert bench.get(1).known
    assert listener.names == ["changed", "changed", "changed"]
    assert [event["channels"][0].known for event in listener.events] == [False, False, True]


def test_verify_goes_through_all_channels(bench: Bench) -> None:
    for chip in (1, 3):
        bench.board.chips[chip]._active[0x01] = 0x00400820
    error = bench.get(verify=True)
    assert "chip 1: CFR2 reads 0x00400820 instead of 0x01010080" in error.text
    assert "chip 3" in error.text
    assert [receipt.known for receipt in bench.get()] == [True, False, True, False]


def test_blind_there_is_nothing_to_verify(make_bench: MakeBench) -> None:
    bench = make_bench(configure("blind")).start()
    error = bench.get(verify=True)
    assert isinstance(error, Unsupported)
    assert "unobservable" in error.text
    assert bench.get(0).known


# -- sync -----------------------------------------------------------------------------------------


def test_sync_is_one_clearing_and_a_new_epoch(bench: Bench) -> None:
    for channel in range(4):
        bench.set(channel, frequency=80e6, amplitude=0.5)
        bench.time.sleep(1.23e-3)
    before = bench.epochs()
    receipts = bench.ask(Sync())
    bench.time.sleep(1e-3)
    assert len({chip.accumulator() for chip in bench.board.chips}) == 1
    assert [receipt.epoch for receipt in receipts] == bench.epochs()
    assert len(set(bench.epochs())) == 1
    assert min(bench.epochs()) > max(before)


def test_sync_of_some(bench: Bench) -> None:
    before = bench.epochs()
    receipts = bench.ask(Sync(channels=["raman", 0]))
    assert [receipt.channel for receipt in receipts] == [3, 0]
    after = bench.epochs()
    assert [a > b for a, b in zip(after, before, strict=True)] == [True, False, False, True]


def test_sync_of_none_or_wrong_ones(bench: Bench) -> None:
    before, listener = bench.epochs(), bench.subscribe()
    assert bench.ask(Sync(channels=[])) == []
    assert bench.code(Sync(channels=[0, "cooling"])) == "bad_command"
    assert bench.code(Sync(channels=[7])) == "no_such_channel"
    assert bench.epochs() == before
    assert listener.events == []


def test_a_device_that_cannot_sync(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = make_bench().start()
    monkeypatch.setattr(type(bench.device), "capabilities", frozenset())
    assert bench.code(Sync()) == "unsupported"


# -- kill, arm_rf, reset --------------------------------------------------------------------------


def emitting(bench: Bench) -> Bench:
    for channel in range(len(bench.config.channels)):
        bench.set(channel, frequency=80e6 + channel * 1e6, amplitude=0.5)
    return bench


def test_kill(bench: Bench) -> None:
    emitting(bench)
    result = bench.ask(Kill())
    assert (result["killed"], result["readback"]) == (True, "ok")
    assert bench.board.outputs() == [None] * 4
    for receipt in result["channels"]:
        assert not receipt.enabled
        assert receipt.words.asf == 0
        assert receipt.amplitude == 8192 / 16383  # what was asked for is kept
        assert receipt.words == bench.registers(receipt.channel)
    assert bench.get() == result["channels"]


def test_kill_opens_the_switches(make_bench: MakeBench) -> None:
    bench = emitting(make_bench(configure(switches=True)).start())
    bench.ask(Kill())
    assert not bench.board.is_high("rf_switch0")
    assert not bench.board.is_high("rf_switch1")


def test_kill_is_off_whatever_safe_means(make_bench: MakeBench) -> None:
    bench = emitting(make_bench(configure(safe_amplitude=0.3)).start())
    bench.ask(Kill())
    assert bench.board.outputs() == [None, None]


def test_kill_blind_says_that_nobody_saw_it(make_bench: MakeBench) -> None:
    bench = emitting(make_bench(configure("blind")).start())
    assert bench.ask(Kill())["readback"] == "unobservable"
    assert bench.board.outputs() == [None, None]


@pytest.mark.parametrize(
    "command",
    [
        Set(0, frequency=1e6),
        Set(0, amplitude=0.1),
        Set(0, phase=0.1),
        Set(0, enabled=True),
        Set(0, enabled=False, amplitude=1.0),
        Set(0, ftw=1),
        Set(0),
        Apply([Change(0, enabled=False), Change(1, frequency=1e6)]),
        Sync(),
        Sync(channels=[]),
        Reset(),
    ],
    ids=lambda command: type(command).__name__,
)
def test_while_killed_nothing_that_could_emit_is_done(bench: Bench, command: Any) -> None:
    emitting(bench)
    bench.ask(Kill())
    before = bench.get()
    assert bench.code(command) == "rf_killed"
    assert bench.get() == before
    assert bench.board.outputs() == [None] * 4


@pytest.mark.parametrize(
    "command",
    [
        Set(0, enabled=False),
        Apply([Change(0, enabled=False), Change(1, enabled=False)]),
        Apply([]),
        Get(),
        Get(verify=True),
        Kill(),
        Ping(),
        Identify(),
        Describe(),
        Hello(),
        ArmRF(),
    ],
    ids=lambda command: type(command).__name__,
)
def test_while_killed_the_rest_is_done(bench: Bench, command: Any) -> None:
    emitting(bench)
    bench.ask(Kill())
    assert bench.code(command) == "success"
    assert bench.board.outputs() == [None] * 4


def test_a_wrong_name_comes_before_the_latch(bench: Bench) -> None:
    bench.ask(Kill())
    assert bench.code(Set(9, frequency=1e6)) == "no_such_channel"


def test_after_arm_rf_channels_stay_off_until_enabled_one_by_one(bench: Bench) -> None:
    emitting(bench)
    bench.ask(Kill())
    result = bench.ask(ArmRF())
    assert result["killed"] is False
    assert [receipt.enabled for receipt in result["channels"]] == [False] * 4
    assert bench.board.outputs() == [None] * 4
    bench.set(1, frequency=90e6)
    bench.ask(Sync())
    assert bench.board.outputs() == [None] * 4
    bench.set(1, enabled=True)
    assert [out is not None for out in bench.board.outputs()] == [False, True, False, False]


def test_a_reset_after_arm_rf_enables_nothing(bench: Bench) -> None:
    emitting(bench)
    bench.ask(Kill())
    bench.ask(ArmRF())
    assert [receipt.enabled for receipt in bench.ask(Reset())] == [False] * 4
    emitting(bench)
    assert bench.board.outputs() == [None] * 4


def test_arm_rf_without_a_kill_changes_nothing(bench: Bench) -> None:
    emitting(bench)
    before = bench.get()
    assert bench.ask(ArmRF())["channels"] == before
    assert None not in bench.board.outputs()


def test_reset_starts_over_in_a_new_epoch(bench: Bench) -> None:
    emitting(bench)
    before = bench.epochs()
    receipts = bench.ask(Reset())
    assert [receipt.frequency for receipt in receipts] == [None] * 4
    assert [receipt.words for receipt in receipts] == [SILENCE] * 4
    assert [receipt.enabled for receipt in receipts] == [True] * 4
    assert bench.board.outputs() == [None] * 4
    assert min(bench.epochs()) > max(before)
    assert all(each.verified for each in bench.get(verify=True))


def test_reset_takes_the_safe_amplitude(make_bench: MakeBench) -> None:
    bench = emitting(make_bench(configure(safe_amplitude=0.3)).start())
    bench.ask(Reset())
    assert bench.board.outputs() == [None, None]
    assert bench.set(0, frequency=80e6).words.asf == round(0.3 * 16383)


# -- epochs ---------------------------------------------------------------------------------------


def test_epochs_are_unix_time_in_ms(bench: Bench) -> None:
    assert bench.epochs() == [1_800_001_000_000] * 4


def test_epochs_stay_while_coherence_does(bench: Bench) -> None:
    before = bench.epochs()
    emitting(bench)
    bench.set(0, enabled=False)
    bench.set(0, frequency=1e6, enabled=True)
    bench.apply({"channel": 0, "phase": 0.5}, {"channel": 1, "amplitude": 0.1})
    bench.get(verify=True)
    bench.ask(Kill())
    bench.ask(ArmRF())
    assert bench.epochs() == before


def test_epochs_never_repeat_however_fast_they_change(bench: Bench) -> None:
    seen = [bench.epochs()[0]]
    for _ in range(20):
        bench.ask(Sync())
        seen.append(bench.epochs()[0])
    assert seen == sorted(set(seen))
    bench.time.sleep(10.0)
    bench.ask(Sync())
    assert bench.epochs()[0] == round(bench.time.unix() * 1000)


def test_epochs_do_not_repeat_after_a_restart(make_bench: MakeBench) -> None:
    first = make_bench().start()
    before = [receipt.epoch for receipt in first.ask(Sync())]
    first.stop()
    first.time.sleep(1.0)
    second = make_bench(earlier=first).start()
    assert min(second.epochs()) > max(before)


# -- answered at once -----------------------------------------------------------------------------


def test_ping_in_every_state(make_bench: MakeBench) -> None:
    bench = make_bench()
    assert bench.state == "starting"
    assert bench.start().state == "ready"


def test_hello_names_the_session(bench: Bench) -> None:
    listener = bench.subscribe()
    assert bench.ask(Hello(client="scan.py", rid=7)).client == "scan.py"
    bench.set(0, frequency=1e6)
    by = listener.events[0]["by"]
    assert (by.peer, by.client, by.rid) == ("here", "scan.py", 7)
    bench.ask(Hello())
    assert (by.client, by.rid) == ("scan.py", 7)


def test_identify(make_bench: MakeBench) -> None:
    bench = make_bench().start()
    bench.time.sleep(12.5)
    found = bench.ask(Identify())
    assert found["package"] == "dds_link"
    assert found["device"] == "ad9910"
    assert (found["simulation"], found["readback"]) == (True, True)
    assert found["config_hash"] == "0" * 64
    assert found["uptime"] >= 12.5
    assert found["epochs"] == bench.epochs()
    blind = make_bench(configure("blind")).start()
    assert blind.ask(Identify())["readback"] is False


def test_describe(make_bench: MakeBench) -> None:
    bench = make_bench(limited(**LIMITS)).start()
    found = bench.ask(Describe())
    assert found["capabilities"] == ["amplitude", "attach", "off", "readback", "sync"]
    assert "SYNC_CLK" in found["sync"]
    first, second = found["channels"]
    assert (first["index"], first["name"], first["chip"]) == (0, "cooling", "ad9910:0")
    assert first["update_group"] == second["update_group"]
    assert first["sysclk"] == 1e9
    assert first["resolution"]["frequency"] == 1e9 / 2**32
    assert first["resolution"]["phase"] == 1 / 65536
    assert first["resolution"]["amplitude"] == 1 / 16383
    assert second["limits"]["min_frequency"] == 0
    assert second["limits"]["max_frequency"] == pytest.approx(500e6 - 0.233, abs=1e-3)
    assert second["limits"]["max_amplitude"] == 1


def test_the_limits_of_describe_may_be_set(make_bench: MakeBench) -> None:
    bench = make_bench(limited(**LIMITS)).start()
    for channel in bench.ask(Describe())["channels"]:
        limits = channel["limits"]
        for fields in (
            {"frequency": limits["min_frequency"]},
            {"frequency": limits["max_frequency"]},
            {"amplitude": limits["max_amplitude"]},
        ):
            assert bench.code(Set(channel["index"], **fields)) == "success"


def test_an_error_that_is_given_is_answered(bench: Bench) -> None:
    error = BadCommand("missing field")
    assert bench.ask(error) is error


# -- subscribe ------------------------------------------------------------------------------------


def test_a_subscription_begins_with_a_snapshot(bench: Bench) -> None:
    bench.set(0, frequency=80e6)
    listener = bench.subscribe()
    assert listener.snapshot["seq"] == 0
    assert listener.snapshot["killed"] is False
    assert listener.snapshot["device"] == "ready"
    assert listener.snapshot["channels"] == bench.get()
    bench.ask(Kill())
    assert bench.subscribe().snapshot["killed"] is True


@pytest.mark.parametrize("interval", [-1.0, 3600.1, float("nan"), float("inf")])
def test_an_interval_that_is_none(bench: Bench, interval: float) -> None:
    error, subscription = bench.service.subscribe(
        Subscribe(interval=interval), lambda body, seq: None
    )
    assert isinstance(error, OutOfRange)
    assert subscription is None


def test_every_change_is_told_after_its_reply(bench: Bench) -> None:
    order: list[str] = []
    listener = bench.subscribe()
    deliver = listener._deliver

    def delivered(body: Any, seq: int) -> None:
        order.append(body["event"])
        deliver(body, seq)

    listener.subscription._deliver = delivered
    commands: list[Any] = [Set(0, frequency=80e6), Sync(), Kill(), ArmRF(), Reset()]
    for command in commands:
        bench.service.execute(command, bench.session, lambda outcome, ticket: order.append("reply"))
        bench.get()
    assert order == ["reply", "changed", "reply", "epoch", "reply", "killed", "reply", "armed",
                     "reply", "reset"]  # fmt: skip
    assert listener.seqs == [1, 2, 3, 4, 5]


def test_events_tell_everything(bench: Bench) -> None:
    listener = bench.subscribe()
    receipts = bench.apply({"channel": 2, "frequency": 80e6}, {"channel": 0, "phase": 0.5})
    (event,) = listener.events
    assert event["event"] == "changed"
    assert event["channels"] == receipts
    assert event["time"] == bench.time.unix()
    assert (event["by"].peer, event["by"].client, event["by"].rid) == ("here", "test", 1)


def test_what_is_refused_is_no_event(bench: Bench) -> None:
    listener = bench.subscribe()
    bench.set(0, frequency=600e6)
    bench.set(9, frequency=1e6)
    bench.apply()
    bench.get(verify=True)
    assert listener.events == []


def test_after_unsubscribing_nothing_is_told(bench: Bench) -> None:
    listener = bench.subscribe()
    for _ in range(2):
        bench.service.unsubscribe(listener.subscription)
    bench.set(0, frequency=1e6)
    assert listener.events == []


def test_changes_are_gathered(bench: Bench) -> None:
    every, gathered = bench.subscribe(), bench.subscribe(interval=0.5)
    bench.set(0, frequency=80e6)
    bench.set(1, frequency=81e6)
    last = bench.set(0, frequency=82e6)
    assert gathered.events == []
    bench.advance(0.5)
    (event,) = gathered.events
    assert event["channels"] == [last, bench.get(1)]
    assert every.seqs == [1, 2, 3]
    assert gathered.seqs == [1]
    bench.advance(10)
    assert gathered.seqs == [1]


def test_anything_else_comes_after_the_changes_before_it(bench: Bench) -> None:
    gathered = bench.subscribe(interval=0.5)
    bench.set(0, frequency=80e6)
    bench.ask(Kill())
    assert gathered.names == ["changed", "killed"]
    assert gathered.seqs == [1, 2]
    bench.advance(1.0)
    assert gathered.seqs == [1, 2]


def test_many_commands_at_once_are_answered_in_order(bench: Bench) -> None:
    answers = [bench.send(Set(0, ftw=number)) for number in range(1, 50)]
    bench.settle()
    assert [answer.outcome.words.ftw for answer in answers] == list(range(1, 50))
    assert bench.registers(0).ftw == 49
