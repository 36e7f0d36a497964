"""One running controller: its ports, its commands from end to end, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from dds_link import config as configuration
from dds_link import controller as controller_module
from dds_link.config import Config
from dds_link.controller import STOP_SIGNALS, Controller, PortTaken, claim, on_stop_signals
from tests.serving import PATIENCE, LoopThread, Peer, served

LOOPBACK = ["127.0.0.1"]


class Running:
    """A controller in a loop, and the task of its :meth:`Controller.run`."""

    def __init__(self, loop: LoopThread, config: Config) -> None:
        async def start() -> None:
            self.controller = Controller(config, simulation=True)
            self.port = await self.controller.listen_json(LOOPBACK, 0, None)
            self.controller.assembly.service.start()
            self.ended = asyncio.ensure_future(self.controller.run())

        self.loop = loop
        loop.run(start())

    def connect(self) -> Peer:
        return Peer(self.port)

    def amplitudes(self) -> list[float]:
        board = self.controller.assembly.board
        return self.loop.call(lambda: [board.tone(n).amplitude for n in range(len(board.chips))])

    def close(self) -> bool:
        async def close() -> bool:
            self.controller.request_stop()
            await self.ended
            return await self.controller.close()

        return bool(self.loop.run(close()))


@contextmanager
def running(loop: LoopThread, config: Config | None = None) -> Iterator[Running]:
    one = Running(loop, config or configuration.simulated_board())
    try:
        yield one
    finally:
        one.close()


def emit(amplitude: float) -> dict[str, Any]:
    tone = {"frequency": 80e6, "amplitude": amplitude}
    return {"command_id": "apply", "changes": [{"channel": n, **tone} for n in range(4)]}


# Commands from end to end


def test_every_command(loop: LoopThread) -> None:
    with running(loop) as one, one.connect() as peer:
        assert peer.ask({"command_id": "ping"}) == {"device": "ready"}
        hello = peer.ask({"command_id": "hello", "client": "scan.py", "rid": 7})
        assert (hello["client"], hello["rid"]) == ("scan.py", 7)
        identity = peer.ask({"command_id": "identify"})
        assert identity["package"] == "dds_link"
        assert identity["simulation"] is True
        assert [c["name"] for c in peer.ask({"command_id": "describe"})["channels"]] == (
            ["cooling", "repump", "shelving", "raman"]
        )
        receipt = peer.ask({"command_id": "set", "channel": "raman", "frequency": 80e6})
        assert receipt["channel"] == 3
        assert len(peer.ask(emit(0.5))) == 4
        assert one.amplitudes() == [pytest.approx(0.5, abs=1e-3)] * 4
        verified = peer.ask({"command_id": "get", "verify": True})
        assert [channel["verified"] for channel in verified] == [True] * 4
        before = identity["epochs"]
        synced = peer.ask({"command_id": "sync", "channels": [0, 1]})
        assert [channel["epoch"] > before[channel["channel"]] for channel in synced] == [True, True]
        assert peer.ask({"command_id": "kill"})["killed"] is True
        assert one.amplitudes() == [0.0] * 4
        assert peer.ask({"command_id": "arm_rf"})["killed"] is False
        assert one.amplitudes() == [0.0] * 4
        on = peer.ask({"command_id": "set", "channel": 0, "enabled": True})
        assert on["enabled"] is True
        assert one.amplitudes()[0] == pytest.approx(0.5, abs=1e-3)
        assert [r["frequency"] for r in peer.ask({"command_id": "reset"})] == [None] * 4
        assert peer.ask({"command_id": "subscribe"})["seq"] == 0


@pytest.mark.parametrize("quantity", ["frequency", "amplitude", "phase"])
def test_a_receipt_can_be_sent_back_and_gives_the_same_words(
    loop: LoopThread, quantity: str
) -> None:
    with running(loop) as one, one.connect() as peer:
        for value in (0.0, 1 / 3, 0.49999, 0.9999999, 1.0):
            number = value * 499e6 if quantity == "frequency" else value
            first = peer.ask({"command_id": "set", "channel": 0, quantity: number})
            tone = {name: first[name] for name in ("frequency", "amplitude", "phase")}
            again = peer.ask({"command_id": "set", "channel": 0, **tone})
            assert again == first


# The end


def with_policies(*policies: str, **fields: Any) -> Config:
    board = configuration.simulated_board()
    channels = tuple(
        replace(channel, on_stop=policy, **fields)
        for channel, policy in zip(board.channels, policies, strict=True)
    )
    return replace(board, channels=channels)


def test_stopping_leaves_every_output_by_its_policy(loop: LoopThread) -> None:
    config = with_policies("safe", "keep", "safe", "keep")
    with running(loop, config) as one, one.connect() as peer:
        peer.ask(emit(0.5))
        assert one.close() is True
        half = pytest.approx(0.5, abs=1e-3)
        assert one.amplitudes() == [0.0, half, 0.0, half]
        assert peer.rest() == b""
        with pytest.raises(ConnectionRefusedError):
            one.connect()


def test_safe_is_what_the_config_says(loop: LoopThread) -> None:
    config = with_policies("safe", "safe", "safe", "safe", safe_amplitude=0.25)
    with running(loop, config) as one, one.connect() as peer:
        peer.ask(emit(0.5))
        peer.ask({"command_id": "set", "channel": 3, "enabled": False})
        one.close()
        quarter = pytest.approx(0.25, abs=1e-3)
        assert one.amplitudes() == [quarter, quarter, quarter, 0.0]


def test_losing_every_client_changes_nothing(loop: LoopThread) -> None:
    with running(loop) as one:
        with one.connect() as peer:
            peer.ask(emit(0.5))
        with one.connect() as peer:
            assert peer.ask({"command_id": "get", "channel": 0})["amplitude"] == (
                pytest.approx(0.5, abs=1e-3)
            )
        assert one.amplitudes() == [pytest.approx(0.5, abs=1e-3)] * 4


def test_ports_can_be_closed_without_touching_the_outputs(
    loop: LoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a start that failed: the hardware may be another controller's."""

    async def give_up() -> list[float]:
        controller = Controller(configuration.simulated_board(), simulation=True)
        await controller.listen_json(LOOPBACK, 0, None)
        await controller.close_ports()
        return controller.assembly.board.updates

    assert loop.run(give_up()) == 0
    assert not caplog.records


def test_hardware_that_hangs_is_told_of(
    loop: LoopThread, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with running(loop) as one:

        async def hangs() -> bool:
            return False

        monkeypatch.setattr(one.controller.assembly, "stop", hangs)
        assert one.close() is False
        monkeypatch.undo()
    assert "RF MAY STILL BE ON" in caplog.text
    assert caplog.records[0].levelno == logging.CRITICAL


# Ports that are taken


def test_who_took_a_port_is_told(loop: LoopThread) -> None:
    with served(loop) as board:
        with pytest.raises(PortTaken, match=rf"JSON port {board.port} is taken: a dds_link "):
            claim("JSON", LOOPBACK, board.port)


def test_every_address_is_asked_who_is_there(
    loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(loop) as board:
        asked = []

        def who_answers(host: str, port: int) -> str:
            asked.append(host)
            return "somebody" if host == "127.0.0.1" else ""

        monkeypatch.setattr(controller_module, "who_answers", who_answers)
        with pytest.raises(PortTaken, match="taken: somebody answers there"):
            claim("RPC", ["127.0.0.2", "127.0.0.1"], board.port)
        assert asked == ["127.0.0.2", "127.0.0.1"]
        monkeypatch.setattr(controller_module, "who_answers", lambda host, port: "")
        with pytest.raises(PortTaken, match="taken: another program answers there"):
            claim("RPC", LOOPBACK, board.port)


def test_an_address_that_cannot_be_had_is_named() -> None:
    with pytest.raises(PortTaken, match=r"cannot listen for RPC on port 0: .*\(192\.0\.2\.1\)"):
        claim("RPC", ["192.0.2.1"], 0)


# RPC, played by a stand-in for sipyco


class FakeServer:
    """What a controller does with sipyco's ``Server``."""

    made: list[FakeServer] = []
    refuses = False

    def __init__(self, targets: dict[str, Any], **options: Any) -> None:
        self.targets, self.options = targets, options
        self.started: tuple[Any, ...] = ()
        self.stopped = False
        self.terminate = asyncio.Event()
        self.made.append(self)

    async def start(self, *arguments: Any) -> None:
        if self.refuses:
            raise OSError("no")
        self.started = arguments

    async def wait_terminate(self) -> None:
        await self.terminate.wait()

    async def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def sipyco(monkeypatch: pytest.MonkeyPatch) -> type[FakeServer]:
    package, pc_rpc, tools = (ModuleType(f"sipyco{end}") for end in ("", ".pc_rpc", ".tools"))
    pc_rpc.Server = FakeServer
    tools.SimpleSSLConfig = lambda *files: ("tls", *files)
    for module in (package, pc_rpc, tools):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(FakeServer, "made", [])
    return FakeServer


def test_rpc_terminate_ends_the_controller_by_the_stop_policy(
    loop: LoopThread, sipyco: type[FakeServer]
) -> None:
    async def life() -> tuple[Any, float]:
        controller = Controller(configuration.simulated_board(), simulation=True)
        port = await controller.listen_rpc(LOOPBACK, 0, None)
        await controller.listen_json(LOOPBACK, 0, None)
        controller.assembly.service.start()
        (server,) = sipyco.made
        assert server.started == (LOOPBACK, port)
        assert server.options == {"builtin_terminate": True, "allow_parallel": True}
        target = server.targets["dds_link"]()
        assert target is not server.targets["dds_link"]()  # one for each connection
        assert target.json_port() == controller.json_port
        await target.set(0, frequency=80e6, amplitude=0.5)
        server.terminate.set()
        await asyncio.wait_for(controller.run(), PATIENCE)
        assert await controller.close()
        return server, controller.assembly.board.tone(0).amplitude

    server, amplitude = loop.run(life())
    assert server.stopped
    assert amplitude == 0.0


def test_rpc_over_tls_gets_the_same_files(loop: LoopThread, sipyco: type[FakeServer]) -> None:
    async def life() -> None:
        controller = Controller(configuration.simulated_board(), simulation=True)
        port = await controller.listen_rpc(LOOPBACK, 0, ("cert", "key", "peer"))
        assert sipyco.made[0].started == (LOOPBACK, port, ("tls", "cert", "key", "peer"))
        await controller.close_ports()

    loop.run(life())


def test_an_rpc_port_that_could_not_be_opened_is_not_closed(
    loop: LoopThread, sipyco: type[FakeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sipyco, "refuses", True)

    async def life() -> None:
        controller = Controller(configuration.simulated_board(), simulation=True)
        with pytest.raises(OSError, match="no"):
            await controller.listen_rpc(LOOPBACK, 0, None)
        await controller.close_ports()

    loop.run(life())
    assert not sipyco.made[0].stopped


def test_without_sipyco_there_is_no_rpc(loop: LoopThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sipyco", None)
    monkeypatch.setitem(sys.modules, "sipyco.pc_rpc", None)

    async def life() -> None:
        controller = Controller(configuration.simulated_board(), simulation=True)
        with pytest.raises(ImportError):
            await controller.listen_rpc(LOOPBACK, 0, None)
        await controller.close_ports()

    loop.run(life())


# Signals (real ones end real controllers in test_aqctl_dds_link)


def test_the_signals_that_stop_a_controller() -> None:
    assert {"SIGTERM", "SIGINT"} <= {number.name for number in STOP_SIGNALS}


def test_where_a_loop_knows_no_signals_python_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    handlers: dict[int, Callable[..., Any]] = {}
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    loop = asyncio.new_event_loop()

    def refuse(number: int, stop: Callable[[], None]) -> None:
        raise NotImplementedError

    monkeypatch.setattr(loop, "add_signal_handler", refuse)
    on_stop_signals(loop, loop.stop)
    assert set(handlers) == set(STOP_SIGNALS)
    handlers[signal.SIGTERM](signal.SIGTERM, None)
    loop.run_forever()  # returns, because stop was called
    loop.close()
