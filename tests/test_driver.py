"""DDSLink: the verbs of an experiment, against a real controller in simulation."""

import logging
import math
from collections.abc import Iterator
from dataclasses import astuple
from typing import Any

import numpy
import pytest

from dds_link import driver
from dds_link.client import Client
from dds_link.driver import KEEP, DDSLink, DDSRefused, DDSStateLost, DDSUnavailable
from dds_link.model import Receipt
from dds_link.tuning import Tuning

from .client.scripted_server import ScriptedServer
from .device_manager import DeviceManager, link_entry
from .running import Running, running

TUNING = Tuning(1e9)
ACHIEVED = TUNING.ftw_to_frequency(TUNING.frequency_to_ftw(80e6))
REPUMP_WORDS = (
    TUNING.frequency_to_ftw(90e6),
    TUNING.turns_to_pow(0.5),
    TUNING.amplitude_to_asf(0.25),
)
HALF = TUNING.asf_to_amplitude(TUNING.amplitude_to_asf(0.5))


@pytest.fixture
def controller() -> Iterator[Running]:
    with running() as served:
        yield served


def make_link(port: int, **arguments: Any) -> DDSLink:
    entry = link_entry(host="127.0.0.1", port=port, **arguments)
    device: DDSLink = DeviceManager({"dds_link": entry}).get("dds_link")
    return device


@pytest.fixture
def link(controller: Running) -> Iterator[DDSLink]:
    device = make_link(controller.json_port)
    yield device
    device.close()


# set


def test_set_returns_what_was_achieved(link: DDSLink) -> None:
    assert link.set("cooling", 80e6, amplitude=0.5, phase=0.25) == (ACHIEVED, HALF, 0.25)


def test_set_returns_plain_floats_because_a_kernel_takes_nothing_else(link: DDSLink) -> None:
    achieved = link.set("cooling", 80_000_000, amplitude=1, phase=0)
    assert [type(value) for value in achieved] == [float, float, float]


def test_what_set_is_not_given_stays(link: DDSLink) -> None:
    link.set("cooling", 80e6, amplitude=0.5, phase=0.25)
    assert link.set("cooling", phase=0.75) == (ACHIEVED, HALF, 0.75)
    assert link.set("cooling") == (ACHIEVED, HALF, 0.75)


def test_a_channel_that_was_never_given_a_frequency_has_nan(link: DDSLink) -> None:
    frequency, amplitude, phase = link.set("cooling", amplitude=0.5)
    assert math.isnan(frequency)
    assert (amplitude, phase) == (HALF, 0.0)


def test_enabled_switches_and_keeps_the_amplitude(link: DDSLink) -> None:
    link.set("cooling", 80e6, amplitude=0.5, enabled=False)
    off = link.receipt("cooling")
    assert (off.enabled, off.amplitude, off.words.asf) == (False, HALF, 0)
    link.set("cooling", enabled=numpy.bool_(True))
    assert link.receipt("cooling").words.asf == TUNING.amplitude_to_asf(0.5)


@pytest.mark.parametrize(
    "channel",
    [1, 1.0, numpy.int32(1), numpy.int64(1), numpy.float64(1), "repump", numpy.str_("repump")],
    ids=lambda value: type(value).__name__,
)
def test_a_channel_is_whatever_a_kernel_or_a_dashboard_makes_of_it(
    link: DDSLink, channel: Any
) -> None:
    link.set(channel, numpy.float64(80e6), amplitude=numpy.float32(0.5), phase=numpy.int32(0))
    link.set_many([channel], phases=[0.25])
    link.apply([{"channel": channel, "enabled": True}])
    link.sync([channel])
    receipt = link.receipt(channel)
    assert (receipt.name, receipt.frequency, receipt.phase) == ("repump", ACHIEVED, 0.25)
    assert link.get(channel, verify=True).verified  # type: ignore[union-attr]


@pytest.mark.parametrize("channel", [1.5, True, None, float("nan"), b"repump"])
def test_what_is_no_channel_is_refused(link: DDSLink, channel: Any) -> None:
    with pytest.raises(DDSRefused, match="bad_command"):
        link.set(channel, 80e6)


# set_many


def test_set_many_sets_columns(link: DDSLink) -> None:
    link.set_many(["cooling", "repump"], [80e6, 90e6], [0.5, 0.25], [0.0, 0.5])
    cooling, repump = link.get()[:2]  # type: ignore[index]
    assert (cooling.frequency, cooling.amplitude, cooling.phase) == (ACHIEVED, HALF, 0.0)
    assert astuple(repump.words) == REPUMP_WORDS


def test_set_many_returns_nothing_because_a_kernel_expects_nothing(link: DDSLink) -> None:
    assert link.set_many([0], [80e6]) is None  # type: ignore[func-returns-value]


def test_nan_keeps_one_value(link: DDSLink) -> None:
    link.set("cooling", 80e6, amplitude=0.5, phase=0.25)
    link.set_many([0, 1], [KEEP, 90e6], numpy.array([math.nan, 0.1]), [0.75, float("nan")])
    cooling, repump = link.get()[:2]  # type: ignore[index]
    assert (cooling.frequency, cooling.amplitude, cooling.phase) == (ACHIEVED, HALF, 0.75)
    assert repump.phase == 0.0


@pytest.mark.parametrize("nothing", [None, [], (), numpy.array([])], ids=repr)
def test_an_absent_or_empty_column_keeps_all(link: DDSLink, nothing: Any) -> None:
    link.set("cooling", 80e6, amplitude=0.5, phase=0.25)
    link.set_many(["cooling"], nothing, nothing, nothing)
    assert link.set("cooling") == (ACHIEVED, HALF, 0.25)


def test_no_channels_are_no_change(link: DDSLink) -> None:
    before = link.get()
    link.set_many([], [], [], [])
    assert link.get() == before


def test_columns_of_another_length_are_refused(link: DDSLink) -> None:
    with pytest.raises(DDSRefused, match="bad_command: 2 channels, but 1 values of amplitude"):
        link.set_many([0, 1], [80e6, 90e6], [0.5])
    assert link.receipt(0).frequency is None


def test_set_many_is_all_or_nothing(link: DDSLink) -> None:
    with pytest.raises(DDSRefused, match="out_of_range"):
        link.set_many([0, 1], [80e6, 600e6])
    assert link.receipt(0).frequency is None


# The other verbs


def test_apply_returns_receipts(link: DDSLink) -> None:
    receipts = link.apply(
        [{"channel": "raman", "frequency": 80e6}, {"channel": 0, "enabled": False}]
    )
    assert [type(receipt) for receipt in receipts] == [Receipt, Receipt]
    assert [receipt.name for receipt in receipts] == ["raman", "cooling"]


def test_a_change_without_a_channel_is_refused(link: DDSLink) -> None:
    with pytest.raises(DDSRefused, match="bad_command: .*needs a channel"):
        link.apply([{"frequency": 80e6}])


def test_get_reads_back(link: DDSLink) -> None:
    link.set("cooling", 80e6, amplitude=0.5)
    receipts = link.get(verify=True)
    assert [receipt.verified for receipt in receipts] == [True] * 4  # type: ignore[union-attr]


def test_kill_is_latched_and_leaves_channels_off(link: DDSLink) -> None:
    link.set("cooling", 80e6, amplitude=0.5)
    assert link.kill() is None  # type: ignore[func-returns-value]
    with pytest.raises(DDSRefused, match="rf_killed"):
        link.set("cooling", enabled=True)
    assert link.arm_rf() is None  # type: ignore[func-returns-value]
    assert not link.receipt("cooling").enabled
    link.set("cooling", enabled=True)
    assert link.receipt("cooling").words.asf == TUNING.amplitude_to_asf(0.5)


@pytest.mark.parametrize("verb", ["sync", "reset"])
def test_new_epochs_of_our_own_are_no_loss(link: DDSLink, verb: str) -> None:
    before = link.receipt("cooling").epoch
    assert getattr(link, verb)() is None
    assert link.receipt("cooling").epoch != before


def test_ping_tells_whether_the_device_is_ready(link: DDSLink) -> None:
    assert link.ping() is True


@pytest.mark.parametrize("state", ["starting", "missing", "fault"])
def test_ping_is_false_while_the_device_is_not_ready(state: str) -> None:
    def play(peer: Any) -> None:
        peer.greet()
        peer.answer({"command_id": "ping"}, {"device": state})
        peer.expect_close()

    with ScriptedServer(play) as server:
        link = make_link(server.port)
        assert link.ping() is False
        link.close()


def test_identify_and_describe(link: DDSLink) -> None:
    assert link.identify()["simulation"] is True
    names = [channel["name"] for channel in link.describe()["channels"]]
    assert names == ["cooling", "repump", "shelving", "raman"]


# Errors and connection


def test_every_error_names_key_host_and_port(link: DDSLink, controller: Running) -> None:
    place = f"device_db 'dds_link', 127.0.0.1 port {controller.json_port}"
    assert link.where() == place
    with pytest.raises(DDSRefused, match=place) as caught:
        link.set("cooling", 600e6)
    assert caught.value.code == "out_of_range"
    assert "600000000" in str(caught.value)


def test_nobody_listens() -> None:
    with ScriptedServer() as server:
        port = server.port
    link = make_link(port)
    with pytest.raises(DDSUnavailable, match=f"no_link: .*'dds_link', 127.0.0.1 port {port}"):
        link.set("cooling", 80e6)


def test_nothing_connects_before_the_first_use() -> None:
    with ScriptedServer() as server:
        make_link(server.port).close()


def test_a_loss_of_state_is_raised_once_and_nothing_sent(
    link: DDSLink, controller: Running
) -> None:
    link.set("cooling", 80e6)
    with Client("127.0.0.1", controller.json_port) as somebody_else:
        somebody_else.sync(["cooling"])
        somebody_else.ping()  # after its answer everybody was told of the new epoch
    with pytest.raises(DDSStateLost, match="'dds_link'"):
        link.set("cooling", 90e6)
    assert link.set("cooling") == (ACHIEVED, 0.0, 0.0)


def test_on_state_lost_continue_goes_on(
    controller: Running, caplog: pytest.LogCaptureFixture
) -> None:
    link = make_link(controller.json_port, on_state_lost="continue")
    link.set("cooling", 80e6)
    with Client("127.0.0.1", controller.json_port) as somebody_else:
        somebody_else.sync(["cooling"])
        somebody_else.ping()
    assert link.set("cooling") == (ACHIEVED, 0.0, 0.0)
    assert "state_lost" in caplog.text
    link.close()


def test_a_simulation_is_warned_of_once(link: DDSLink, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "dds_link.driver"):
        link.set("cooling", 80e6)
        link.close()
        link.set("cooling", 81e6)
    warnings = [record.message for record in caplog.records if "SIMULATION" in record.message]
    assert len(warnings) == 1
    assert "device_db 'dds_link'" in warnings[0]


def test_closing_changes_no_rf_and_the_next_call_connects_again(link: DDSLink) -> None:
    link.set("cooling", 80e6, amplitude=0.5)
    link.close()
    link.close()
    assert link.set("cooling") == (ACHIEVED, HALF, 0.0)


@pytest.mark.parametrize(
    "arguments", [{}, {"controller": "dds_link_ctl", "host": "127.0.0.1"}], ids=["none", "both"]
)
def test_a_link_has_either_a_controller_or_a_host(arguments: dict[str, Any]) -> None:
    with pytest.raises(DDSRefused, match="bad_config"):
        DDSLink(None, **arguments)


@pytest.mark.parametrize(
    "arguments",
    [{"port": 0}, {"port": "65432"}, {"timeout": 0.0}, {"on_state_lost": "ignore"}],
    ids=str,
)
def test_a_setting_that_makes_no_sense_is_refused_at_first_use(arguments: dict[str, Any]) -> None:
    link = DDSLink(None, host="127.0.0.1", **arguments)
    with pytest.raises(DDSRefused, match=r"bad_config: .*a DDSLink, 127\.0\.0\.1 port"):
        link.ping()


def test_everything_that_an_experiment_needs_is_exported() -> None:
    for name in driver.__all__:
        assert hasattr(driver, name)
