"""Attenuation, from the command to the twin: three channels with an attenuator, one without."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import to_builtins

from dds_link.config import AttenuatorConfig
from dds_link.errors import DeviceFault, OutOfRange, TransportLost, Unsupported, WireError
from dds_link.protocol.commands import Apply, ArmRF, Change, Describe, Get, Kill, Reset, Set
from dds_link.words import Words
from tests.devices.conformance import FAULTS
from tests.devices.watched import configure
from tests.service.bench import Answer, Bench
from tests.service.conftest import MakeBench

CHAIN = (2, 0, 1)
LOUDEST = [5.0, None, None, None]
"""Least attenuation of each channel."""
TONES = [Words(300_000_000 + n, 0x1000 * n, 4000 + n) for n in range(4)]


def config(wiring: str = "everything", readback: bool = False, **every: Any) -> Any:
    """A board of four."""
    device, channels = configure(wiring, 4, **every)
    device = replace(device, attenuator=AttenuatorConfig("hmc542b", 9, CHAIN, readback))
    limited = zip(channels, LOUDEST, strict=True)
    return device, tuple(replace(channel, min_attenuation=least) for channel, least in limited)


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    """A board that was just started."""
    return make_bench(config()).start()


def told(bench: Bench) -> list[Any]:
    """The attenuations in the receipts."""
    return [receipt.attenuation for receipt in bench.get()]


def test_it_starts_with_the_largest_attenuation(bench: Bench) -> None:
    assert told(bench) == [31.5, 31.5, 31.5, None]
    assert bench.attenuations() == [31.5, 31.5, 31.5, None]


def test_one_channel_is_set_and_its_neighbours_stay(bench: Bench) -> None:
    receipt = bench.set("repump", frequency=80e6, amplitude=0.5, attenuation=12.5)
    assert receipt.attenuation == 12.5
    assert bench.attenuations() == [31.5, 12.5, 31.5, None]
    bench.set("cooling", attenuation=20.0)
    bench.set("repump", frequency=81e6)
    bench.set("repump", ftw=1000)
    assert bench.attenuations() == [20.0, 12.5, 31.5, None] == told(bench)


def test_a_receipt_tells_it_only_of_a_channel_that_has_one(bench: Bench) -> None:
    assert to_builtins(bench.get("cooling"))["attenuation"] == 31.5
    assert "attenuation" not in to_builtins(bench.get("raman"))


@pytest.mark.parametrize(
    ("decibel", "achieved"), [(10.0, 10.0), (10.2, 10.0), (10.25, 10.5), (4.75, 5.0), (31.74, 31.5)]
)
def test_the_nearest_step_and_a_tie_to_the_larger(
    bench: Bench, decibel: float, achieved: float
) -> None:
    receipt = bench.set("cooling", attenuation=decibel)
    assert receipt.attenuation == achieved
    assert bench.set("cooling", attenuation=receipt.attenuation) == receipt
    assert bench.attenuations()[0] == achieved


@pytest.mark.parametrize("decibel", [4.7, 0.0, -10.0, 31.75, 1e300, float("nan")])
def test_beyond_the_limits_nothing_happens(bench: Bench, decibel: float) -> None:
    before = bench.get()
    refusal = bench.set("cooling", frequency=80e6, attenuation=decibel)
    assert isinstance(refusal, OutOfRange)
    assert refusal.text.startswith(f"channel 'cooling': attenuation {decibel:.15g} dB is outside ")
    assert refusal.text.endswith("5 ... 31.5 dB (lab.toml)")
    assert bench.get() == before


def test_a_limit_binds_its_own_channel_only(bench: Bench) -> None:
    assert bench.set("repump", attenuation=0.0).attenuation == 0.0


def test_where_there_is_none_it_is_unsupported(bench: Bench) -> None:
    refusal = bench.set("raman", attenuation=10.0)
    assert isinstance(refusal, Unsupported)
    assert refusal.text == "channel 'raman' has no attenuator"


def test_apply_is_all_or_nothing(bench: Bench) -> None:
    before = bench.get()
    for bad in ({"channel": 0, "attenuation": 1.0}, {"channel": 3, "attenuation": 10.0}):
        assert isinstance(bench.apply({"channel": 1, "attenuation": 3.0}, bad), WireError)
    assert bench.get() == before
    receipts = bench.apply({"channel": 0, "attenuation": 7.0}, {"channel": 1, "attenuation": 8.0})
    assert [receipt.attenuation for receipt in receipts] == [7.0, 8.0]
    assert bench.attenuations() == [7.0, 8.0, 31.5, None]


def test_off_and_on_again_keep_it(bench: Bench) -> None:
    bench.set(0, frequency=80e6, amplitude=1.0, attenuation=10.0)
    assert bench.set(0, enabled=False).attenuation == 10.0
    assert bench.set(0, enabled=True).attenuation == 10.0
    assert bench.attenuations()[0] == 10.0


def test_kill_sets_the_largest_and_keeps_what_was_asked_for(bench: Bench) -> None:
    bench.set(0, frequency=80e6, amplitude=1.0, attenuation=10.0)
    killed = bench.ask(Kill())
    assert bench.attenuations() == [31.5, 31.5, 31.5, None]
    assert killed["channels"][0].attenuation == 10.0
    assert bench.code(Set(0, attenuation=20.0)) == "rf_killed"
    bench.ask(ArmRF())
    assert bench.attenuations()[0] == 31.5
    assert bench.set(0, enabled=True).attenuation == 10.0
    assert bench.attenuations()[0] == 10.0


def test_reset_starts_anew(bench: Bench) -> None:
    bench.set(0, frequency=80e6, attenuation=10.0)
    bench.ask(Reset())
    assert told(bench) == bench.attenuations() == [31.5, 31.5, 31.5, None]


def test_what_is_safe_is_asked_for_at_the_start_and_set_at_the_end(make_bench: MakeBench) -> None:
    device, channels = config(safe_amplitude=0.25)
    channels = (replace(channels[0], safe_attenuation=20.0), *channels[1:])
    bench = make_bench((device, channels)).start()
    assert told(bench) == [20.0, 31.5, 31.5, None]
    assert bench.attenuations() == [31.5, 31.5, 31.5, None]  # until something is programmed
    for channel in range(3):
        bench.set(channel, frequency=80e6, amplitude=1.0, attenuation=10.0)
    bench.set(1, enabled=False)
    bench.stop()
    assert bench.attenuations() == [20.0, 31.5, 31.5, None]
    assert bench.out(0) is not None


def test_a_killed_channel_stays_behind_the_largest_at_the_end(make_bench: MakeBench) -> None:
    device, channels = config()
    channels = tuple(replace(c, safe_attenuation=20.0) if c.index in CHAIN else c for c in channels)
    bench = make_bench((device, channels)).start()
    bench.set(0, frequency=80e6, amplitude=1.0, attenuation=10.0)
    bench.ask(Kill())
    bench.stop()
    assert bench.attenuations() == [31.5, 31.5, 31.5, None]


def test_describe_tells_range_and_step(bench: Bench) -> None:
    answer = Answer()
    bench.service.execute(Describe(), bench.session, answer)
    described = answer.outcome
    first, last = described["channels"][0], described["channels"][3]
    assert (first["limits"]["min_attenuation"], first["limits"]["max_attenuation"]) == (5.0, 31.5)
    assert first["resolution"]["attenuation"] == 0.5
    assert "attenuation" in described["capabilities"]
    assert "attenuation_readback" not in described["capabilities"]
    assert not [key for key in (*last["limits"], *last["resolution"]) if "attenuation" in key]


def test_an_event_tells_it(bench: Bench) -> None:
    listener = bench.subscribe()
    bench.set(0, attenuation=10.0)
    [event] = listener.events
    assert event["channels"][0].attenuation == 10.0


# -- what fails -----------------------------------------------------------------------------------

APPLY = Apply([Change(0, frequency=90e6, amplitude=1.0, attenuation=25.0),
               Change(1, frequency=91e6, amplitude=0.9, attenuation=2.0)])  # fmt: skip
OLD = [10.0, 20.0, 31.5, None]


def playing(make_bench: MakeBench) -> Bench:
    bench = make_bench(config()).start().play(*TONES)
    bench.apply({"channel": 0, "attenuation": OLD[0]}, {"channel": 1, "attenuation": OLD[1]})
    return bench


def test_a_command_that_fails_anywhere_leaves_all_as_it_was(make_bench: MakeBench) -> None:
    bench = playing(make_bench)
    before = bench.transport.operations
    bench.ask(APPLY)
    operations = bench.transport.operations - before
    assert operations == 5  # attenuation, two tones, update, attenuation
    bench.executor.close()
    for fault in FAULTS[:-3]:
        for at in range(1, operations + 1):
            bench = playing(make_bench)
            old = bench.get()
            bench.transport.fail(at, **fault.arguments)
            assert bench.code(APPLY) == "device_fault"
            new = bench.get()
            assert [replace_epoch(receipt) for receipt in new] == [replace_epoch(r) for r in old]
            assert bench.attenuations() == OLD
            assert [bench.out(n) for n in range(4)] == TONES
            bench.executor.close()


def replace_epoch(receipt: Any) -> Any:
    return {**to_builtins(receipt), "epoch": 0}


def test_when_the_device_is_back_it_starts_behind_the_largest(make_bench: MakeBench) -> None:
    bench = playing(make_bench)
    bench.transport.fail(1, **FAULTS[-1].arguments)
    assert bench.code(Set(0, frequency=80e6)) == "device_unavailable"
    bench.advance(1.0)
    assert bench.state == "ready"
    assert bench.attenuations() == [31.5, 31.5, 31.5, None]
    assert told(bench) == [31.5, 31.5, 31.5, None]


def test_or_as_it_was_requested_where_the_policy_says_so(make_bench: MakeBench) -> None:
    device, channels = config()
    bench = make_bench((replace(device, on_reconnect="restore"), channels)).start().play(*TONES)
    bench.set(0, attenuation=10.0)
    bench.transport.fail(1, **FAULTS[-1].arguments)
    assert bench.code(Set(0, frequency=80e6)) == "device_unavailable"
    bench.advance(1.0)
    assert bench.attenuations() == [10.0, 31.5, 31.5, None] == told(bench)
    assert [bench.out(n) for n in range(4)] == TONES


def test_verify_compares_what_can_be_read(make_bench: MakeBench) -> None:
    bench = make_bench(config(readback=True)).start()
    assert "attenuation_readback" in bench.device.capabilities
    bench.set(0, frequency=80e6, attenuation=10.0)
    assert bench.get(verify=True)[0].verified
    bench.far_end.attenuators.transfer(b"\xff\xff\xff", 24)
    error = bench.ask(Get(verify=True))
    assert isinstance(error, DeviceFault)
    assert "attenuator of channel 0 held 0xFF instead of 0xAF, and was set again" in error.text
    assert [receipt.known for receipt in bench.get()] == [False, False, False, True]
    assert all(receipt.verified for receipt in bench.get(verify=True))
    assert [receipt.known for receipt in bench.get()] == [True] * 4


@pytest.mark.parametrize("frequency", [None, 80e6])
def test_what_was_asked_for_is_set_again_in_a_board_that_is_back(
    make_bench: MakeBench, frequency: float | None
) -> None:
    device, channels = config()
    bench = make_bench((replace(device, on_reconnect="restore"), channels)).start()
    before = bench.set(0, frequency=frequency, attenuation=12.5)
    bench.transport.fail(1, error=TransportLost)
    assert bench.code(Set(1, phase=0.5)) == "device_unavailable"
    bench.advance(10.0)
    assert bench.state == "ready"
    after = bench.get(0)
    assert after.epoch > before.epoch  # an attenuator cannot be read without being changed
    assert (after.attenuation, after.frequency) == (12.5, frequency and before.frequency)
    assert bench.attenuations() == [12.5, 31.5, 31.5, None] == told(bench)
