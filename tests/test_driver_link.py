"""The connection of a DDSLink: when it is made, and what it says of itself."""

import logging
import threading
from typing import Any

import pytest

from dds_link.driver import DDSLink, DDSStateLost, DDSUnavailable
from dds_link.driver_link import channel_key

from .client.scripted_server import ScriptedServer
from .device_manager import DeviceManager, link_entry
from .fake_sipyco import rpc
from .running import running

__all__ = ["rpc"]  # a fixture

CONTROLLER = {
    "type": "controller",
    "host": "127.0.0.1",
    "port": 3293,
    "target_name": "dds_link",
    "command": "aqctl_dds_link -p {port} --bind {bind}",
}


def devices(**arguments: Any) -> DeviceManager:
    entry = link_entry(controller="dds_link_ctl", **arguments)
    return DeviceManager({"dds_link_ctl": CONTROLLER, "dds_link": entry})


def test_the_json_port_is_asked_for_once(rpc: Any) -> None:
    with running() as served, devices() as manager:
        fake = rpc(served.json_port)
        link = manager.get("dds_link")
        assert fake.calls == []
        link.set("cooling", 80e6)
        link.set("cooling", 81e6)
        link.close()
        link.set("cooling", 82e6)
        assert len(fake.calls) == 1


def test_a_controller_that_does_not_run_tells_how_to_start_it(rpc: Any) -> None:
    rpc(ConnectionRefusedError())
    with devices() as manager, pytest.raises(DDSUnavailable) as caught:
        manager.get("dds_link").set("cooling", 80e6)
    assert str(caught.value) == (
        "no_link: connection refused: nothing listens there (device_db 'dds_link', controller "
        "'dds_link_ctl' at 127.0.0.1 port 3293) "
        "Start it with: aqctl_dds_link -p 3293 --bind 127.0.0.1"
    )


def test_a_later_try_finds_the_controller(rpc: Any) -> None:
    with running() as served, devices() as manager:
        fake = rpc(ConnectionRefusedError())
        link = manager.get("dds_link")
        with pytest.raises(DDSUnavailable):
            link.ping()
        fake.answer = served.json_port
        assert link.ping()


def test_a_controller_that_went_away_tells_how_to_start_it(rpc: Any) -> None:
    with devices() as manager:
        link = manager.get("dds_link")
        with running() as served:
            fake = rpc(served.json_port)
            link.set("cooling", 80e6)
        with pytest.raises(DDSUnavailable, match="no_link: .*Start it with: aqctl_dds_link"):
            link.set("cooling", 81e6)
        fake.answer = ConnectionRefusedError()
        with pytest.raises(DDSUnavailable, match="no_link: .*Start it with: aqctl_dds_link"):
            link.set("cooling", 81e6)


def test_a_controller_that_comes_back_on_another_port_is_found_and_its_state_lost(
    rpc: Any,
) -> None:
    with running() as first, running() as second, devices() as manager:
        fake = rpc(first.json_port)
        link = manager.get("dds_link")
        link.set("cooling", 80e6)
        link._host._is_broken = True  # as after a loss of the link
        fake.answer = second.json_port
        with pytest.raises(DDSStateLost, match=f"JSON port {second.json_port}"):
            link.set("cooling", 81e6)
        assert second.tone(0).amplitude == 0.0
        link.set("cooling", 82e6)
        assert link.receipt("cooling").words.ftw == round(82e6 * 2**32 / 1e9)


def test_on_state_lost_continue_goes_on_there(rpc: Any, caplog: pytest.LogCaptureFixture) -> None:
    with running() as first, running() as second, devices(on_state_lost="continue") as manager:
        fake = rpc(first.json_port)
        link = manager.get("dds_link")
        link.set("cooling", 80e6)
        link._host._is_broken = True
        fake.answer = second.json_port
        link.set("cooling", 81e6)
        assert "state_lost: device_db 'dds_link'" in caplog.text


def test_a_controller_that_is_where_it_was_keeps_its_epochs(rpc: Any) -> None:
    with running() as served, devices() as manager:
        fake = rpc(served.json_port)
        link = manager.get("dds_link")
        link.set("cooling", 80e6)
        link._host._is_broken = True
        link.set("cooling", 81e6)
        assert len(fake.calls) == 2


def test_threads_share_one_connection(rpc: Any) -> None:
    with running() as served, devices() as manager:
        fake = rpc(served.json_port)
        link = manager.get("dds_link")
        threads = [threading.Thread(target=link.set, args=(channel, 80e6)) for channel in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20.0)
        assert [receipt.frequency is not None for receipt in link.get()] == [True] * 4
        assert len(fake.calls) == 1


@pytest.mark.parametrize(
    ("rid", "file", "hello"),
    [
        (7, "/lab/repository/scan.py", {"client": "scan.py", "rid": 7}),
        (None, "x" * 70, {"client": "x" * 64}),
        (7, None, {"client": "dds_link", "rid": 7}),
    ],
    ids=["both", "long name", "no file"],
)
def test_the_run_introduces_itself(rid: Any, file: Any, hello: dict[str, Any]) -> None:
    def play(peer: Any) -> None:
        peer.answer({"command_id": "hello", **hello}, {})
        peer.greet()
        peer.answer({"command_id": "ping"}, {"device": "ready"})
        peer.expect_close()

    with ScriptedServer(play) as server:
        entry = link_entry(host="127.0.0.1", port=server.port)
        with DeviceManager({"dds_link": entry}, rid, file) as manager:
            manager.get("dds_link").ping()


def test_hardware_is_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    def play(peer: Any) -> None:
        peer.greet(simulation=False)
        peer.answer({"command_id": "ping"}, {"device": "ready"})
        peer.expect_close()

    with ScriptedServer(play) as server, caplog.at_level(logging.WARNING):
        link = DDSLink(None, host="127.0.0.1", port=server.port)
        link.ping()
        link.close()
    assert caplog.text == ""


def test_only_whole_floats_are_indices() -> None:
    assert channel_key(2.0) == 2
    assert isinstance(channel_key(2.0), int)
    assert channel_key(2.5) == 2.5
    assert channel_key("cooling") == "cooling"
