"""What comes out of one channel of a MOGLabs box."""

import pytest

from dds_link.twins.moglabs_channel import Channel
from dds_link.twins.moglabs_values import MODELS, Refused
from dds_link.words import Words
from tests.twins.manual_clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def channel(clock: ManualClock) -> Channel:
    return Channel(MODELS["moglabs_xrf"], clock)


def test_a_new_channel_is_silent_in_basic_mode(channel: Channel) -> None:
    tone = channel.tone()
    assert channel.mode == "NSB"
    assert not tone.emits
    assert not tone.amplified
    assert tone.modelled


def test_a_tone(channel: Channel) -> None:
    channel.set_frequency(0x40000000)
    channel.pow, channel.asf = 0x8000, 0x3FFF
    channel.switch("SIG", True)
    tone = channel.tone()
    assert (tone.frequency, tone.phase, tone.amplitude) == (250e6, 0.5, 1.0)
    assert tone.words == Words(0x40000000, 0x8000, 0x3FFF)
    assert tone.emits


def test_zero_amplitude_is_off(channel: Channel) -> None:
    channel.switch("ALL", True)
    channel.asf = 0
    assert not channel.tone().emits


def test_an_amplifier_takes_two_seconds(channel: Channel, clock: ManualClock) -> None:
    channel.switch("ALL", True)
    clock.sleep(1.5)
    channel.switch("POW", True)  # is on already: the time does not begin anew
    assert not channel.tone().amplified
    clock.sleep(0.5)
    assert channel.tone().amplified
    channel.switch("POW", False)
    assert not channel.tone().amplified
    assert channel.tone().emits, "30 dB less is not nothing"


def test_signal_and_amplifier_are_two_switches(channel: Channel) -> None:
    channel.switch("POW", True)
    assert (channel.signal, channel.amplifier) == (False, True)
    channel.switch("SIG", True)
    channel.switch("POW", False)
    assert (channel.signal, channel.amplifier) == (True, False)
    with pytest.raises(Refused):
        channel.switch("RF", True)


def test_a_change_of_mode_switches_off(channel: Channel) -> None:
    for mode in ("NSB", "TSB"):
        channel.switch("ALL", True)
        channel.table.state = "RUNNING"
        channel.set_mode(mode)
        assert (channel.signal, channel.amplifier) == (False, False)
        assert channel.table.state == "STOPPED"


def test_in_other_modes_nobody_knows_what_comes_out(channel: Channel) -> None:
    channel.set_mode("NSA")
    channel.asf = 0
    channel.switch("SIG", True)
    assert channel.tone().emits
    assert not channel.tone().modelled


@pytest.mark.parametrize("what", ["pid", "ramp", "autopow", "modulation"])
def test_what_is_not_simulated_is_told(channel: Channel, what: str) -> None:
    channel.pid = "AMPL" if what == "pid" else ""
    channel.ramp = what == "ramp"
    channel.autopow = what == "autopow"
    channel.modulated["FREQ"] = what == "modulation"
    assert not channel.tone().modelled


def test_a_limit_takes_the_power_down(channel: Channel) -> None:
    channel.asf = 0x1000
    channel.set_limit(0x1800)
    assert channel.asf == 0x1000
    channel.set_limit(0x0800)
    assert channel.asf == 0x0800


def test_the_accumulator_counts_the_clock(channel: Channel, clock: ManualClock) -> None:
    channel.reset_phase()
    channel.set_frequency(3)
    clock.sleep(1e-6)
    assert channel.accumulator() == 3000
    channel.set_frequency(1)
    clock.sleep(1e-6)
    assert channel.accumulator() == 4000
    channel.reset_phase()
    assert channel.accumulator() == 0
