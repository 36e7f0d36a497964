"""Served attenuators: ``examples/ad9910_attenuators.toml``, from every side down to the twin."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest

from dds_link import aqcli_dds_link
from dds_link import config as configuration
from dds_link.client import Client
from dds_link.devices.registry import check
from dds_link.driver import KEEP, DDSChannel, DDSLink, DDSRefused
from dds_link.rpc import RPCTarget
from tests.controller_process import ROOT
from tests.device_manager import DeviceManager, channel_entry, link_entry
from tests.running import Running, running
from tests.serving import LoopThread, Peer
from tests.serving import served as served_on

EXAMPLE = configuration.load(ROOT / "examples" / "ad9910_attenuators.toml", check)
Cli = Callable[[str], "tuple[int, str]"]


@pytest.fixture
def served() -> Iterator[Running]:
    with running(EXAMPLE) as controller:
        yield controller


@pytest.fixture
def dds(served: Running) -> Iterator[Client]:
    with Client("127.0.0.1", served.json_port) as client:
        yield client


@pytest.fixture
def devices(served: Running) -> Iterator[DeviceManager]:
    entries = {
        "dds_link": link_entry(host="127.0.0.1", port=served.json_port),
        "dds_cooling": channel_entry("cooling"),
        "dds_raman": channel_entry("raman"),
    }
    with DeviceManager(entries) as manager:
        yield manager


def attenuations(served: Running) -> list[Any]:
    """What the twins do, dB."""
    return list(served.look(lambda board: [board.attenuation(n) for n in range(4)]))


# Client and wire


def test_less_power_comes_out(served: Running, dds: Client) -> None:
    dds.set("cooling", frequency=80e6, amplitude=1.0, attenuation=10.0)
    loud = served.tone(0).amplitude
    receipt = dds.set("cooling", attenuation=30.0)
    assert (receipt.attenuation, receipt.amplitude) == (30.0, 1.0)
    assert served.tone(0).amplitude == pytest.approx(loud / 10)
    assert attenuations(served) == [30.0, 31.5, 31.5, 31.5]


def test_every_receipt_can_be_sent_back(dds: Client) -> None:
    for decibel in (10.0, 10.2, 20.25, 31.74):
        receipt = dds.set("cooling", attenuation=decibel)
        assert dds.set("cooling", attenuation=receipt.attenuation) == receipt
    assert [receipt.attenuation for receipt in dds.get()] == [31.5, 20.0, 31.5, 31.5]


def test_on_the_wire(served: Running) -> None:
    with Peer(served.json_port) as peer:
        peer.send(b'{"command_id":"set","channel":"raman","attenuation":3.3}\n')
        peer.finish()
        line = peer.rest()
    assert line.endswith(b',"attenuation":3.5}}\n')
    assert len(line) < 1024


@pytest.mark.parametrize("decibel", [9.7, 31.8, -1.0])
def test_beyond_its_limits_it_is_refused(served: Running, dds: Client, decibel: float) -> None:
    with pytest.raises(DDSRefused, match=r"out_of_range: .* 10 \.\.\. 31\.5 dB \(ad9910_att"):
        dds.set("cooling", attenuation=decibel)
    assert attenuations(served) == [31.5] * 4


def test_describe(dds: Client) -> None:
    described = dds.describe()
    assert "attenuation" in described["capabilities"]
    first = described["channels"][0]
    assert first["limits"]["min_attenuation"] == 10.0
    assert first["limits"]["max_attenuation"] == 31.5
    assert first["resolution"]["attenuation"] == 0.5


def test_kill_is_behind_all_of_them(served: Running, dds: Client) -> None:
    dds.apply([{"channel": n, "attenuation": 20.0} for n in range(4)])
    assert attenuations(served) == [20.0] * 4
    dds.kill()
    assert attenuations(served) == [31.5] * 4


def test_the_controller_leaves_them_safe() -> None:
    with running(EXAMPLE) as served:
        with Client("127.0.0.1", served.json_port) as dds:
            dds.apply([{"channel": n, "attenuation": 12.0} for n in range(4)])
        board = served.controller.assembly.board
    assert [board.attenuation(n) for n in range(4)] == [31.5, 20.0, 31.5, 31.5]


# Driver


def test_a_channel_has_the_methods_of_artiq(served: Running, devices: DeviceManager) -> None:
    cooling: DDSChannel = devices.get("dds_cooling")
    assert cooling.set_att(20.0) is None
    assert cooling.get_att() == 20.0
    for value in (numpy.float64(20.5), numpy.int32(21), 22):
        cooling.set_att(value)
    achieved = cooling.get_att()
    assert achieved == 22.0
    assert type(achieved) is float  # a kernel takes nothing else
    assert attenuations(served)[0] == 22.0


def test_a_channel_refuses_what_the_controller_refuses(devices: DeviceManager) -> None:
    with pytest.raises(DDSRefused, match="out_of_range"):
        devices.get("dds_cooling").set_att(0.0)
    with pytest.raises(DDSRefused, match="out_of_range"):
        devices.get("dds_cooling").set_att(float("nan"))


def test_without_an_attenuator_a_channel_says_so() -> None:
    with running() as plain:
        entries = {
            "dds_link": link_entry(host="127.0.0.1", port=plain.json_port),
            "dds_raman": channel_entry("raman"),
        }
        with DeviceManager(entries) as manager:
            raman = manager.get("dds_raman")
            with pytest.raises(DDSRefused, match="unsupported: there is no attenuator behind this"):
                raman.get_att()
            with pytest.raises(DDSRefused, match="unsupported: channel 'raman' has no attenuator"):
                raman.set_att(10.0)


def test_the_verbs_of_a_link(served: Running, devices: DeviceManager) -> None:
    link: DDSLink = devices.get("dds_link")
    link.set("cooling", 80e6, attenuation=15.0)
    link.set_many(["cooling", "repump", 2], attenuations=[KEEP, 16.0, 17.0])
    assert attenuations(served) == [15.0, 16.0, 17.0, 31.5]
    [receipt] = link.apply([{"channel": "raman", "attenuation": 0.0}])
    assert receipt.attenuation == 0.0


# RPC and command line


def test_rpc(loop: LoopThread) -> None:
    with served_on(loop, config=EXAMPLE) as board:
        rpc = RPCTarget(board.assembly.service, lambda: board.port)
        receipt = loop.run(rpc.set("raman", attenuation=numpy.float64(7.0)))
        assert receipt["attenuation"] == 7.0
        for decibel in (7.0, float("nan")):
            with pytest.raises(ValueError, match="out_of_range: "):
                loop.run(rpc.set("cooling", attenuation=decibel))


@pytest.fixture
def cli(served: Running, capsys: pytest.CaptureFixture[str]) -> Cli:
    def call(words: str) -> tuple[int, str]:
        status = aqcli_dds_link.main(["-p", str(served.json_port), *words.split()])
        return status, capsys.readouterr().out

    return call


def test_command_line(served: Running, cli: Cli) -> None:
    status, out = cli("set raman 80MHz attenuation=12.5dB")
    assert status == 0
    assert "attenuation" in out
    assert "12.5 dB" in out
    assert attenuations(served)[3] == 12.5
    status, out = cli("set --json raman attenuation=13 dB")
    assert json.loads(out)["attenuation"] == 13.0
    assert "repump: 6 ... 31.5 dB" in cli("describe")[1]
    assert cli("set cooling attenuation=3dB")[0] == 1
