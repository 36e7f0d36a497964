"""What a page asks for is done now, or refused; what it is told is what is so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dds_link.driver_place import Address
from dds_link.panel.hub import Hub
from dds_link.panel.places import Place
from tests.running import DEADLINE, Running, running


def hub_of(*ports: int) -> Hub:
    return Hub(
        Place(f"lab{i}", f"lab{i}:1", lambda timeout, port=port: Address("127.0.0.1", port, None))
        for i, port in enumerate(ports)
    )


def played(scene: Callable[[Hub, Running], Awaitable[None]]) -> None:
    """Run a scene with a hub that is connected."""

    async def play() -> None:
        hub = hub_of(board.json_port)
        hub.start()
        try:
            await until(hub, lambda: hub.patch(0)["links"][0]["head"]["live"])
            await scene(hub, board)
        finally:
            await hub.stop()

    with running() as board:
        asyncio.run(play())


async def until(hub: Hub, seen: Callable[[], Any]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not seen():
            await hub.changed(hub.version, 0.2)


def card(hub: Hub, index: int = 0) -> Any:
    return hub.patch(0)["links"][0]["channels"][index]


async def asked(hub: Hub, verb: str, **more: Any) -> Any:
    request = {"verb": verb, "link": "lab0", "channel": 0, "beat": time.monotonic(), **more}
    return await hub.command(request, "10.0.0.9")


def test_a_value_that_is_entered() -> None:
    async def scene(hub: Hub, board: Running) -> None:
        assert await asked(hub, "enter", field="frequency", text="80.5 MHz") == {"text": "80.5 MHz"}
        await until(hub, lambda: card(hub)["texts"]["frequency"] == "80.5000000 MHz")

    played(scene)


def test_a_digit_that_is_stepped() -> None:
    async def scene(hub: Hub, board: Running) -> None:
        step = {"field": "frequency", "text": "80.0000000 MHz", "caret": 1, "count": 2}
        assert await asked(hub, "step", **step) == {"text": "82.0000000 MHz"}
        await until(hub, lambda: card(hub)["texts"]["frequency"] == "82.0000000 MHz")
        assert "1000" in (await asked(hub, "step", **{**step, "count": 1001}))["error"]

    played(scene)


def test_kill_arm_and_enable() -> None:
    async def scene(hub: Hub, board: Running) -> None:
        assert await asked(hub, "kill", beat=None) == {}
        await until(hub, lambda: card(hub)["state"] == "killed")
        reply = await asked(hub, "enable", enabled=True)
        assert reply["error"].startswith("rf_killed: ")
        assert hub.connections["lab0"].link.log[-1].by == "panel (10.0.0.9)"
        assert await asked(hub, "arm") == {}
        assert await asked(hub, "enable", enabled=True) == {}
        await until(hub, lambda: card(hub)["enabled"])

    played(scene)


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"verb": "enter", "field": "frequency", "text": "81"}, "'81' has no unit: 81 MHz?"),
        ({"verb": "enter", "field": "colour", "text": "81"}, "unknown"),
        ({"verb": "enter", "field": "amplitude", "text": "1.5"}, "out_of_range"),
        ({"verb": "sing"}, "unknown"),
        ({"verb": "arm", "link": "elsewhere"}, "elsewhere"),
        ({"verb": "arm", "beat": "soon"}, "soon"),
        ({"verb": "arm", "beat": 0.0}, "too_late"),
        ({"verb": "arm", "beat": float("nan")}, "too_late"),
        ({"verb": "enable"}, "enabled"),
    ],
)
def test_what_is_refused(request_: dict[str, Any], says: str) -> None:
    async def scene(hub: Hub, board: Running) -> None:
        before = card(hub)
        assert says in (await asked(hub, **request_))["error"]
        assert card(hub) == before

    played(scene)


def test_no_object_is_no_request() -> None:
    async def scene() -> None:
        assert "error" in await hub_of().command(["kill"], "")

    asyncio.run(scene())


def test_without_a_link_everything_is_refused_and_kill_says_so_loudly() -> None:
    async def scene() -> None:
        hub = hub_of(1)  # nobody listens there
        assert "nothing was sent" in (await asked(hub, "arm"))["error"]
        assert "RF MAY STILL BE ON" in (await asked(hub, "kill"))["error"]
        assert [e.event for e in hub.connections["lab0"].link.log] == ["refused", "kill failed"]

    asyncio.run(scene())


def test_one_that_is_lost_stops_nobody() -> None:
    async def scene() -> None:
        hub = hub_of(1, board.json_port)
        hub.start()
        try:
            await until(hub, lambda: hub.connections["lab1"].link.channels)
            lost, live = hub.patch(0)["links"]
            assert (lost["head"]["live"], live["head"]["live"]) == (False, True)
        finally:
            await hub.stop()

    with running() as board:
        asyncio.run(scene())


def test_waiting_has_an_end() -> None:
    async def scene() -> None:
        hub = hub_of()
        await hub.changed(0, 0.001)
        await hub.changed(-1, DEADLINE)  # something is new: no wait at all
        assert hub.patch(0)["links"] == []
        assert not hub._waiting

    asyncio.run(scene())
