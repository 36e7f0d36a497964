"""From a configuration to a running service."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dds_link import assembly as assembly_module
from dds_link import config as configuration
from dds_link.assembly import Assembly, load_config, post
from dds_link.clock import Clock, RealClock, SimulatedClock
from dds_link.config import AttenuatorConfig, ChannelConfig, DeviceConfig
from dds_link.devices import registry
from dds_link.devices.ad9910 import AD9910
from dds_link.errors import ConfigError
from dds_link.protocol import commands
from dds_link.service.events import Session
from dds_link.service.executor import Worker
from dds_link.transports.base import Operation
from dds_link.transports.registry import TRANSPORTS
from dds_link.transports.stream_twin import StreamTwinTransport
from dds_link.transports.twin import TwinTransport
from dds_link.twins.ad9910 import make_board
from tests.config_texts import DEVICE
from tests.serving import PATIENCE, Gate, LoopThread, ready

KNOWN = ", ".join(sorted(TRANSPORTS))
SET = commands.Set(0, frequency=80e6, amplitude=0.5)


class Wires(TwinTransport):
    """Stands in for real wires: it blocks, as far as anybody can tell."""

    blocking = True

    def __init__(self) -> None:
        super().__init__(make_wired_board(), SimulatedClock())
        self.threads: set[str] = set()

    def execute(self, operations: Sequence[Operation]) -> list[bytes]:
        self.threads.add(threading.current_thread().name)
        return super().execute(operations)


def make_wired_board() -> Any:
    board = configuration.simulated_board()
    return make_board(board.device, board.channels, SimulatedClock())


async def ask(one: Assembly, command: Any) -> Any:
    ended = asyncio.get_running_loop().create_future()
    one.service.execute(command, Session(), lambda outcome, ticket: ended.set_result(outcome))
    return await asyncio.wait_for(ended, PATIENCE)


def test_simulation_ends_in_a_twin_and_runs_in_place(loop: LoopThread) -> None:
    async def life() -> None:
        one = Assembly(configuration.simulated_board(), simulation=True)
        assert isinstance(one.clock, SimulatedClock)
        await ready(one)
        threads = threading.active_count()
        await ask(one, SET)
        assert threading.active_count() == threads
        assert one.board.tone(0).amplitude == pytest.approx(0.5, abs=1e-3)
        assert await one.stop()
        assert one.board.tone(0).amplitude == 0.0

    loop.run(life())


def test_simulation_of_a_box_that_talks_in_text(loop: LoopThread) -> None:
    async def life() -> None:
        entry = registry.find("dds9m")
        text = registry.load(entry.simulated)
        one = Assembly(configuration.parse(text, "box", registry.check), simulation=True)
        assert isinstance(one.transport, StreamTwinTransport)
        await ready(one)
        await ask(one, SET)
        assert one.board.tone(0).words.ftw == 800_000_000
        assert await one.stop()
        assert not one.board.tone(0).emits

    loop.run(life())


def test_hardware_gets_the_transport_of_the_config_and_a_thread(
    loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    wires = Wires()
    made = []

    def make_transport(
        device: DeviceConfig, channels: tuple[ChannelConfig, ...], clock: Clock
    ) -> Wires:
        made.append((device.transport, clock))
        return wires

    monkeypatch.setattr(assembly_module.transports, "make_transport", make_transport)

    async def life() -> None:
        board = configuration.simulated_board()
        one = Assembly(configuration.with_transport(board, "spidev:0"), simulation=False)
        assert made == [("spidev:0", one.clock)]
        assert isinstance(one.clock, RealClock)
        assert one.board is None
        await ready(one)
        await ask(one, SET)
        assert wires.board.tone(0).amplitude == pytest.approx(0.5, abs=1e-3)
        assert wires.threads == {"dds_link device"}
        assert await one.stop()
        assert wires.board.tone(0).amplitude == 0.0

    loop.run(life())


def test_a_device_that_cannot_be_read_cannot_be_left_as_it_is(loop: LoopThread) -> None:
    """Also one of a third party, whose rules may have forgotten that."""

    async def life() -> None:
        config = configuration.simulated_board()
        device = replace(config.device, readback=False, on_reconnect="leave")
        with pytest.raises(ConfigError) as caught:
            Assembly(replace(config, device=device), simulation=True)
        assert caught.value.problems == [
            "simulated board: device.on_reconnect = 'leave': nothing can be adopted from this "
            'device, as wired; write "restore" or "safe"'
        ]

    loop.run(life())


class KnowsNoAttenuators(AD9910):
    """A driver of a third party."""

    def __init__(self, device: DeviceConfig, channels: Any, transport: Any) -> None:
        super().__init__(replace(device, attenuator=None), channels, transport)


def test_a_driver_that_knows_no_attenuators_does_not_ignore_them(
    loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = registry.DEVICES["ad9910"]._replace(driver=f"{__name__}:KnowsNoAttenuators")
    monkeypatch.setitem(registry.DEVICES, "box", entry)
    board = configuration.simulated_board()
    attenuator = AttenuatorConfig("hmc542b", 7, (1,))

    async def life() -> None:
        device = replace(board.device, type="box", attenuator=attenuator)
        with pytest.raises(ConfigError) as caught:
            Assembly(replace(board, device=device), simulation=True)
        assert caught.value.problems == [
            "simulated board: device.attenuator: the driver of box knows no attenuators; remove it"
        ]
        device = replace(board.device, attenuator=attenuator)
        one = Assembly(replace(board, device=device), simulation=True)
        await ready(one)
        assert one.board.attenuation(1) == 31.5
        await one.stop()

    loop.run(life())


def test_tests_may_choose_where_device_calls_run(loop: LoopThread) -> None:
    async def life() -> None:
        executor = Worker(loop.loop.call_soon_threadsafe)
        one = Assembly(configuration.simulated_board(), simulation=True, executor=executor)
        await ready(one)
        names: list[str] = []
        write = one.device.write

        def watched(transaction: Any) -> None:
            names.append(threading.current_thread().name)
            write(transaction)

        one.device.write = watched  # type: ignore[method-assign]
        await ask(one, SET)
        assert names == ["dds_link device"]
        assert await one.stop()

    loop.run(life())


def test_simulation_leaves_the_transport_of_the_config_alone(
    loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(assembly_module.transports, "make_transport")

    async def life() -> None:
        board = configuration.simulated_board()
        one = Assembly(configuration.with_transport(board, "spidev:0"), simulation=True)
        await ready(one)
        assert await one.stop()

    loop.run(life())


def test_uptime_counts_no_time_that_the_simulation_skipped(loop: LoopThread) -> None:
    async def life() -> None:
        began = time.monotonic()
        one = Assembly(configuration.simulated_board(), simulation=True)
        await ready(one)
        one.clock.sleep(3600)
        uptime = (await ask(one, commands.Identify()))["uptime"]
        assert 0 <= uptime <= time.monotonic() - began
        assert await one.stop()

    loop.run(life())


def test_a_transport_that_nobody_knows_is_refused_with_the_file(loop: LoopThread) -> None:
    async def life() -> None:
        board = replace(configuration.simulated_board(), source="lab.toml")
        with pytest.raises(ConfigError) as caught:
            Assembly(configuration.with_transport(board, "usb:3"), simulation=False)
        assert caught.value.problems == [
            f"lab.toml: device.transport: there is no transport 'usb', only: {KNOWN}"
        ]

    loop.run(life())


# Config files


def refused(path: Path, *arguments: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(path, *arguments)
    return caught.value.problems


def spoiled(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = DEVICE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "bad.toml"
    path.write_text(text)
    return path


USB = ('"spidev:0"', '"usb:3"')


def test_what_does_not_exist_is_told_with_all_other_problems(tmp_path: Path) -> None:
    path = spoiled(tmp_path, ('"ad9910"', '"ad9999"'), USB, ("channels", "bogus = 1\nchannels"))
    bogus, device, transport = refused(path, False)
    assert bogus.startswith(f"{path}: device.bogus: unknown")
    assert device == (
        f"{path}: device.type = 'ad9999': there is no such device, only: "
        + " ".join(registry.known_types())
    )
    assert transport == (
        f"{path}: device.transport = 'usb:3': there is no transport 'usb', only: {KNOWN}"
    )


def test_an_address_is_told_with_all_other_problems(tmp_path: Path) -> None:
    path = spoiled(tmp_path, ("spidev:0", "spidev:x"), ("25e6", "-1"))
    assert [problem.split(" = ")[0] for problem in refused(path, False)] == [
        f"{path}: device.refclk",
        f"{path}: device.transport",
    ]


def test_simulation_looks_at_no_transport(tmp_path: Path) -> None:
    assert load_config(spoiled(tmp_path, USB), True, "/dev/ttyUSB0").device.transport == "usb:3"


def test_a_transport_in_place_of_the_files_is_looked_at_instead(tmp_path: Path) -> None:
    path = spoiled(tmp_path, USB)
    assert load_config(path, False, "spidev:1").device.transport == "spidev:1"
    assert refused(path, False, "colour") == [
        f"{path} with --device colour: device.transport = 'colour': "
        f"there is no transport 'colour', only: {KNOWN}"
    ]


def test_a_transport_that_does_not_fit_the_device_is_refused(tmp_path: Path) -> None:
    path = spoiled(tmp_path)
    [problem] = refused(path, False, "serial:/dev/ttyUSB0")
    assert problem.startswith(f"{path}: device.transport = 'serial:/dev/ttyUSB0': this is a chip")


def test_a_missing_or_bad_key_is_one_problem(tmp_path: Path) -> None:
    path = spoiled(tmp_path, ('type = "ad9910"', "type = 3"), ('transport = "spidev:0"', ""))
    assert len(refused(path, False)) == 2


def test_a_type_of_a_third_party_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.DEVICES, "box", registry.Entry("", ""))
    path = spoiled(tmp_path, ('"ad9910"', '"box"'))
    assert load_config(path, False).device.type == "box"


def test_a_device_that_nobody_knows_is_refused(loop: LoopThread) -> None:
    async def life() -> None:
        board = configuration.simulated_board()
        config = replace(board, device=replace(board.device, type="ad9999"), source="lab.toml")
        with pytest.raises(ConfigError, match=r"lab\.toml: device\.type: there is .*ad9910"):
            Assembly(config, simulation=True)

    loop.run(life())


def test_hardware_that_hangs_is_not_waited_for(
    loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    wires = Wires()
    monkeypatch.setattr(assembly_module.transports, "make_transport", lambda *unused: wires)

    async def life() -> Gate:
        one = Assembly(configuration.simulated_board(), simulation=False)
        await ready(one)
        gate = Gate(one.device.write)
        one.device.write = gate  # type: ignore[method-assign]
        hanging = asyncio.ensure_future(ask(one, SET))
        assert await one.stop(deadline=0.01) is False
        gate.open()
        await hanging
        return gate

    loop.run(life())


def test_what_ends_after_the_loop_is_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    wires = Wires()
    monkeypatch.setattr(assembly_module.transports, "make_transport", lambda *unused: wires)
    with LoopThread("asyncio") as loop:
        one = loop.call(lambda: Assembly(configuration.simulated_board(), simulation=False))
    post(loop.loop, pytest.fail)
    one.service._executor.close()
