"""DDSChannel: what code written for an Urukul's AD9910 finds."""

import math
from collections.abc import Iterator
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.driver import DDSChannel, DDSLink, DDSRefused
from dds_link.model import Words
from dds_link.tuning import Tuning

from .device_manager import DeviceManager, channel_entry, link_entry
from .running import running

TUNING = Tuning(1e9)
ACHIEVED = TUNING.ftw_to_frequency(TUNING.frequency_to_ftw(80e6))
HALF = TUNING.asf_to_amplitude(TUNING.amplitude_to_asf(0.5))
FTW = TUNING.frequency_to_ftw(80e6)


@pytest.fixture
def devices() -> Iterator[DeviceManager]:
    with running() as served:
        manager = DeviceManager(
            {
                "dds_link": link_entry(host="127.0.0.1", port=served.json_port),
                "dds_cooling": channel_entry("cooling"),
                "dds_repump": channel_entry(1),
            }
        )
        yield manager
        manager.close_devices()


@pytest.fixture
def link(devices: DeviceManager) -> DDSLink:
    device: DDSLink = devices.get("dds_link")
    return device


@pytest.fixture
def channel(devices: DeviceManager) -> DDSChannel:
    device: DDSChannel = devices.get("dds_cooling")
    return device


class Unconnected:
    """A device manager whose only link nobody uses."""

    def get(self, key: str) -> Any:
        return None


def converter(sysclk: float = 1e9) -> DDSChannel:
    """A channel to convert with; that needs no controller."""
    return DDSChannel(Unconnected(), "dds_link", "cooling", sysclk)


# set and get


def test_the_order_is_frequency_phase_amplitude(channel: DDSChannel) -> None:
    assert channel.set(80e6, 0.25, 0.5) == 0.25
    assert channel.get() == (ACHIEVED, 0.25, HALF)


def test_set_returns_the_phase_as_achieved(channel: DDSChannel, link: DDSLink) -> None:
    phase = channel.set(frequency=80e6, phase=-1e-5, amplitude=0.5)
    assert phase == 65535 / 65536
    assert type(phase) is float
    assert link.receipt("cooling").phase == phase


def test_an_omitted_value_is_kept(channel: DDSChannel) -> None:
    channel.set(80e6, 0.25, 0.5)
    assert channel.set(amplitude=1.0) == 0.25
    assert channel.get() == (ACHIEVED, 0.25, 1.0)


def test_get_of_a_channel_that_was_never_given_a_frequency(channel: DDSChannel) -> None:
    frequency, phase, amplitude = channel.get()
    assert math.isnan(frequency)
    assert (phase, amplitude) == (0.0, 0.0)
    assert channel.get_mu() == (0, 0, 0)


def test_channels_may_be_indices(devices: DeviceManager, link: DDSLink) -> None:
    devices.get("dds_repump").set(80e6, numpy.float64(0.25), numpy.float64(0.5))
    assert link.receipt("repump").frequency == ACHIEVED


# Words


def test_words_go_in_and_come_out(channel: DDSChannel) -> None:
    assert channel.set_mu(numpy.int32(FTW), numpy.int32(0x4000), numpy.int32(8192)) == 0x4000
    assert channel.get_mu() == (FTW, 0x4000, 8192)
    assert [type(word) for word in channel.get_mu()] == [int, int, int]


def test_an_omitted_word_is_kept(channel: DDSChannel) -> None:
    channel.set_mu(FTW, 0x4000, 8192)
    assert channel.set_mu(asf=100) == 0x4000
    assert channel.get_mu() == (FTW, 0x4000, 100)


@pytest.mark.parametrize(
    ("pow_", "wrapped"), [(-1, 0xFFFF), (0x10000, 0), (numpy.int32(-2), 0xFFFE)]
)
def test_the_phase_word_wraps(channel: DDSChannel, pow_: Any, wrapped: int) -> None:
    assert channel.set_mu(FTW, pow_) == wrapped


def test_an_ftw_of_half_the_clock_is_negative_in_a_kernel_and_refused(channel: DDSChannel) -> None:
    with pytest.raises(DDSRefused, match=r"out_of_range: ftw -2147483648 .*int32"):
        channel.set_mu(numpy.int32(-(2**31)))


@pytest.mark.parametrize("words", [{"ftw": 1.5}, {"pow_": 1.5}, {"asf": 1.5}], ids=str)
def test_a_word_is_an_integer(channel: DDSChannel, words: Any) -> None:
    with pytest.raises(DDSRefused, match="bad_command"):
        channel.set_mu(**words)


def test_what_get_mu_gives_can_be_set_again_even_when_off(
    channel: DDSChannel, link: DDSLink
) -> None:
    channel.set_mu(FTW, 0x4000, 8192)
    channel.sw.off()
    words = channel.get_mu()
    channel.set_mu(*words)
    channel.sw.on()
    assert link.receipt("cooling").words == Words(FTW, 0x4000, 8192)


# Refused, never ignored


@pytest.mark.parametrize("verb", ["set", "set_mu"])
@pytest.mark.parametrize(
    "option",
    [
        {"phase_mode": 0},
        {"phase_mode": 1},
        {"phase_mode": 2},
        {"ref_time_mu": 0},
        {"profile": 0},
        {"ram_destination": 0},
    ],
    ids=str,
)
def test_what_only_an_urukul_can_do_is_refused(
    channel: DDSChannel, link: DDSLink, verb: str, option: Any
) -> None:
    with pytest.raises(DDSRefused, match=r"unsupported: .*'dds_cooling', channel 'cooling'"):
        getattr(channel, verb)(1000, **option)
    assert link.receipt("cooling").frequency is None


@pytest.mark.parametrize("verb", ["get", "get_mu"])
def test_another_profile_cannot_be_read(channel: DDSChannel, verb: str) -> None:
    with pytest.raises(DDSRefused, match="unsupported: profile 0"):
        getattr(channel, verb)(profile=0)


def test_their_defaults_may_be_written_out(channel: DDSChannel) -> None:
    minus_one, seven = numpy.int32(-1), numpy.int32(7)
    assert channel.set(80e6, 0.25, 0.5, minus_one, numpy.int64(-1), seven, minus_one) == 0.25
    assert channel.get(seven) == (ACHIEVED, 0.25, HALF)


# Switch and init


def test_the_switch_keeps_the_amplitude(channel: DDSChannel, link: DDSLink) -> None:
    channel.set(80e6, 0.0, 0.5)
    channel.sw.off()
    assert not link.receipt("cooling").enabled
    assert channel.get() == (ACHIEVED, 0.0, HALF)
    channel.sw.on()
    assert link.receipt("cooling").enabled


def test_cfg_sw_is_the_same_switch(channel: DDSChannel, link: DDSLink) -> None:
    channel.cfg_sw(numpy.bool_(False))
    assert not link.receipt("cooling").enabled
    channel.cfg_sw(True)
    assert link.receipt("cooling").enabled


def test_init_checks_and_never_initialises(channel: DDSChannel, link: DDSLink) -> None:
    channel.set(80e6, 0.25, 0.5)
    before = link.receipt("cooling")
    channel.init()
    channel.init(blind=True)
    assert link.receipt("cooling") == before


def test_a_clock_that_is_none_is_refused() -> None:
    for sysclk in (0.0, -1.0, math.nan, "1 GHz"):
        with pytest.raises(DDSRefused, match="bad_config"):
            converter(sysclk)  # type: ignore[arg-type]


# Conversions

CLOCKS = st.sampled_from([1e9, 500e6, 999999999.7, 10e6 / 3])


@given(CLOCKS, st.floats(min_value=0.0, max_value=0.4999))
def test_frequency_words_are_those_of_tuning(sysclk: float, fraction: float) -> None:
    channel, tuning, frequency = converter(sysclk), Tuning(sysclk), fraction * sysclk
    ftw = tuning.frequency_to_ftw(frequency)
    assert channel.frequency_to_ftw(frequency) == ftw
    assert channel.ftw_to_frequency(numpy.int32(ftw)) == tuning.ftw_to_frequency(ftw)


@given(st.floats(min_value=-10.0, max_value=10.0))
def test_phase_words_are_those_of_tuning(turns: float) -> None:
    pow_ = TUNING.turns_to_pow(turns)
    assert converter().turns_to_pow(turns) == pow_
    assert converter().pow_to_turns(pow_) == TUNING.pow_to_turns(pow_)


@given(st.floats(min_value=0.0, max_value=1.0))
def test_amplitude_words_are_those_of_tuning(amplitude: float) -> None:
    asf = TUNING.amplitude_to_asf(amplitude)
    assert converter().amplitude_to_asf(amplitude) == asf
    assert converter().asf_to_amplitude(asf) == TUNING.asf_to_amplitude(asf)


def test_a_conversion_out_of_range_is_a_value_error_which_kernels_can_name() -> None:
    channel = converter()
    for convert, value in (
        (channel.frequency_to_ftw, 500e6),
        (channel.amplitude_to_asf, 1.0001),
        (channel.turns_to_pow, math.nan),
    ):
        with pytest.raises(ValueError, match="outside|finite"):
            convert(value)


# What the compiler needs


def test_instances_have_the_same_types_of_what_kernels_read() -> None:
    one, other = converter(1e9), DDSChannel(Unconnected(), "dds_link", 3, 500_000_000)
    for name in DDSChannel.kernel_invariants:
        assert type(getattr(one, name)) is type(getattr(other, name))
    assert set(vars(one)) == set(vars(other)) == DDSChannel.kernel_invariants | {"_host"}
