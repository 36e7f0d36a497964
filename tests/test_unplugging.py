"""A box on the network that goes away after any byte of its answers, as a client sees it.

Each command is answered, with a code where it failed; when the box is back, so is the device.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from dds_link import config as configuration
from dds_link.assembly import Assembly
from dds_link.clock import RealClock
from dds_link.devices import novatech409b, registry
from dds_link.errors import DeviceFault, DeviceUnavailable
from dds_link.protocol import commands
from dds_link.service import life
from dds_link.service.events import Session
from dds_link.twins.base import TextBox
from tests.serving import PATIENCE, LoopThread

SET = commands.Set(0, frequency=80e6, amplitude=0.5)
#: Answers to the lines that this takes on a silent box (F, V, I p): OK three times.
ANSWERS = 3 * len("OK\r\n")


class Network(threading.Thread):
    """The twin behind a TCP port, and a cable that can be cut."""

    def __init__(self, box: TextBox) -> None:
        super().__init__(name="network", daemon=True)
        self._box = box
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.02)
        self.port: int = self._listener.getsockname()[1]
        self._stopped = threading.Event()
        #: Bytes of answers that still come through; None: all of them.
        self.left: int | None = None
        self.cut = threading.Event()
        #: Nobody is let in while this is not set.
        self.plugged = threading.Event()
        self.plugged.set()

    def run(self) -> None:
        with self._listener:
            while not self._stopped.is_set():
                try:
                    connection, _ = self._listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    if self.plugged.is_set():
                        self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(0.02)
        connection.sendall(self._box.connect())
        while not self._stopped.is_set():
            try:
                data = connection.recv(4096)
            except TimeoutError:
                continue
            if not data:
                return
            answer = self._box.receive(data)
            if self.left is not None:
                answer, over = answer[: self.left], len(answer) > self.left
                self.left -= len(answer)
                if over:
                    self.left = None
                    self.plugged.clear()
                    self.cut.set()
                    connection.sendall(answer)
                    return
            connection.sendall(answer)

    def stop(self) -> None:
        self._stopped.set()
        self.join(PATIENCE)


@pytest.fixture
def network() -> Iterator[Network]:
    entry = registry.find("novatech409b")
    config = configuration.parse(registry.load(entry.simulated), "box", registry.check)
    box = registry.load(entry.board)(config.device, config.channels, RealClock())
    network = Network(box)
    network.start()
    yield network
    network.stop()


async def ask(one: Assembly, command: Any) -> Any:
    ended = asyncio.get_running_loop().create_future()
    one.service.execute(command, Session(), lambda outcome, ticket: ended.set_result(outcome))
    return await asyncio.wait_for(ended, PATIENCE)


async def until_ready(one: Assembly) -> None:
    told = asyncio.Event()

    def hear(body: Any, seq: int) -> None:
        told.set()

    _, subscription = one.service.subscribe(commands.Subscribe(events=["device"]), hear)
    while await ask(one, commands.Ping()) != {"device": "ready"}:
        await asyncio.wait_for(told.wait(), PATIENCE)
        told.clear()
    one.service.unsubscribe(subscription)


def test_unplugged_after_any_byte(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(novatech409b, "QUIET", 0.02)
    monkeypatch.setattr(life, "FIRST_RETRY", 0.02)
    monkeypatch.setattr(life, "LONGEST_RETRY", 0.02)
    entry = registry.find("novatech409b")
    config = configuration.parse(registry.load(entry.simulated), "box", registry.check)
    config = configuration.with_transport(config, f"tcp:127.0.0.1:{network.port}")

    async def at_every_byte() -> None:
        one = Assembly(config, simulation=False)
        one.service.start()
        await until_ready(one)
        for cut in range(ANSWERS):
            network.left = cut
            answer = await ask(one, SET)
            assert isinstance(answer, (DeviceUnavailable, DeviceFault)), (cut, answer)
            assert network.cut.is_set()
            network.cut.clear()
            assert await ask(one, commands.Ping()) == {"device": "missing"}
            assert isinstance(await ask(one, SET), DeviceUnavailable)
            network.plugged.set()
            await until_ready(one)
            receipt = await ask(one, SET)
            assert receipt.words.ftw == 800_000_000, cut
            again = await ask(one, commands.Reset())
            assert len(again) == 4
        assert await one.stop()

    with LoopThread("asyncio") as loop:
        loop.run(at_every_byte())


def test_a_kill_while_the_box_is_gone_is_latched(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(novatech409b, "QUIET", 0.02)
    monkeypatch.setattr(life, "FIRST_RETRY", 0.02)
    entry = registry.find("novatech409b")
    config = configuration.parse(registry.load(entry.simulated), "box", registry.check)
    config = configuration.with_transport(config, f"tcp:127.0.0.1:{network.port}")

    async def killed() -> None:
        one = Assembly(config, simulation=False)
        one.service.start()
        await until_ready(one)
        await ask(one, SET)
        network.left = 3
        assert isinstance(await ask(one, commands.Kill()), DeviceFault)
        network.plugged.set()
        await until_ready(one)
        result = await ask(one, commands.Kill())
        assert result["readback"] == "ok"
        assert await one.stop()

    with LoopThread("asyncio") as loop:
        loop.run(killed())
