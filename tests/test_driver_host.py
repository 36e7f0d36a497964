"""The host half of a channel: what it checks at first contact."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dds_link.driver import DDSChannel, DDSRefused, DDSUnavailable
from dds_link.tuning import Tuning

from .client.cases import COOLING
from .client.scripted_server import ScriptedServer
from .device_manager import DeviceManager, channel_entry, link_entry

DESCRIBE = {"command_id": "describe"}
PING = {"command_id": "ping"}
GET = {"command_id": "get", "channel": "cooling"}


def description(sysclk: float = 1e9, **bits: int) -> dict[str, Any]:
    """What a controller says of one channel."""
    tuning = Tuning(sysclk, **bits)
    resolution = {
        "frequency": tuning.ftw_to_frequency(1),
        "phase": tuning.pow_to_turns(1),
        "amplitude": tuning.asf_to_amplitude(1),
    }
    cooling = {
        "index": 0,
        "name": "cooling",
        "chip": "some chip",
        "sysclk": sysclk,
        "resolution": resolution,
    }
    return {"channels": [cooling, dict(cooling, index=1, name="repump")], "capabilities": []}


@contextmanager
def channel_at(port: int, channel: Any = "cooling") -> Iterator[DDSChannel]:
    link = link_entry(host="127.0.0.1", port=port)
    with DeviceManager({"dds_link": link, "dds_cooling": channel_entry(channel)}) as manager:
        yield manager.get("dds_cooling")


def refused(script: Callable[[Any], None], channel: Any = "cooling") -> DDSRefused:
    """The refusal that a channel ends in."""

    def play(peer: Any) -> None:
        peer.greet()
        script(peer)

    with ScriptedServer(play) as server, channel_at(server.port, channel) as device:
        with pytest.raises(DDSRefused) as caught:
            device.set(80e6)
    assert f"127.0.0.1 port {server.port}" in str(caught.value)
    assert "device_db 'dds_cooling'" in str(caught.value)
    return caught.value


def test_the_controller_is_asked_for_its_clock_once() -> None:
    def play(peer: Any) -> None:
        peer.greet()
        peer.answer(DESCRIBE, description())
        peer.answer(GET, COOLING)
        peer.answer(GET, COOLING)
        peer.expect_close()

    with ScriptedServer(play) as server, channel_at(server.port) as channel:
        channel.get()
        channel.get_mu()


def test_init_asks_again_and_wants_the_device_ready() -> None:
    def play(peer: Any) -> None:
        peer.greet()
        for state in ("ready", "missing"):
            peer.answer(DESCRIBE, description())
            peer.answer(PING, {"device": state})
        peer.answer(DESCRIBE, description())  # blind: no ping
        peer.expect_close()

    with ScriptedServer(play) as server, channel_at(server.port) as channel:
        channel.init()
        with pytest.raises(DDSUnavailable, match=r"device_unavailable: .*'dds_cooling'"):
            channel.init()
        channel.init(blind=True)


def test_another_clock_is_refused_with_both_values() -> None:
    error = refused(lambda peer: peer.answer(DESCRIBE, description(sysclk=500e6)))
    assert error.code == "bad_config"
    assert "1000000000 Hz in the device_db" in str(error)
    assert "500000000 Hz in the controller" in str(error)


@pytest.mark.parametrize("bits", [{"ftw_bits": 48}, {"pow_bits": 14}, {"asf_bits": 10}], ids=str)
def test_a_chip_with_other_words_takes_quantities_and_no_words(bits: dict[str, int]) -> None:
    def play(peer: Any) -> None:
        peer.greet()
        peer.answer(DESCRIBE, description(**bits))
        peer.answer(GET, COOLING)
        peer.expect_close()

    with ScriptedServer(play) as server, channel_at(server.port) as channel:
        for words in (lambda: channel.set_mu(1, 2, 3), channel.get_mu):
            with pytest.raises(DDSRefused, match="unsupported: .*chip some chip has others"):
                words()
        channel.get()


@pytest.mark.parametrize("channel", ["raman", 7])
def test_a_channel_that_is_not_there_is_refused_with_those_that_are(channel: Any) -> None:
    error = refused(lambda peer: peer.answer(DESCRIBE, description()), channel)
    assert error.code == "no_such_channel"
    assert "'cooling', 'repump'" in str(error)
