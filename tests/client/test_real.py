"""Both clients against a real controller: what others do to its channels between two calls.

Each time the one who does it asks once more, so that the controller has told everybody by then.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from dds_link.client import AsyncClient, Client
from dds_link.errors import DDSStateLost, DDSUnavailable, TransportError

from ..running import running
from .test_aio import Blocking

KINDS = pytest.mark.parametrize("kind", [Client, AsyncClient])


@contextmanager
def ours(kind: Any, port: int) -> Iterator[Any]:
    """Our client, with blocking methods; it has set a channel."""
    loop = asyncio.new_event_loop()
    dds = kind(port=port)
    with dds if kind is Client else Blocking(dds, loop) as client:
        client.set("cooling", frequency=80e6, amplitude=0.5)
        yield client
    loop.close()


@contextmanager
def both(kind: Any) -> Iterator[Any]:
    """A controller, our client, and somebody else's."""
    with running() as controller, ours(kind, controller.json_port) as dds:
        with Client(port=controller.json_port, on_state_lost="continue") as other:
            yield controller, dds, other


@KINDS
def test_a_reset_by_another_is_reported_once_and_before_anything_is_sent(kind):
    with both(kind) as (controller, dds, other):
        other.reset()
        other.ping()
        with pytest.raises(DDSStateLost, match="channel 0, 1, 2, 3:"):
            dds.set("cooling", frequency=81e6, amplitude=0.5)
        assert controller.tone(0).amplitude == 0
        dds.set("cooling", frequency=81e6, amplitude=0.5)
        assert controller.tone(0).amplitude > 0


@KINDS
def test_a_sync_by_another_is_reported_once(kind):
    with both(kind) as (_, dds, other):
        other.sync(["cooling", "repump"])
        other.ping()
        with pytest.raises(DDSStateLost, match="channel 0, 1:"):
            dds.get()
        dds.get()


@KINDS
def test_a_fault_that_initialised_the_device_again_is_reported_once(kind):
    def break_twice(board: Any) -> None:
        """The next transfer fails, and the first one that shall put things right."""
        whole, left = board.transfer, [1, 2]

        def transfer(*frame: Any) -> Any:
            if left:
                left.pop()
                raise TransportError("stuck")
            return whole(*frame)

        board.transfer = transfer

    with both(kind) as (controller, dds, other):
        controller.look(break_twice)
        with pytest.raises(DDSUnavailable, match="device_fault"):
            other.set("repump", frequency=90e6)
        other.ping()
        with pytest.raises(DDSStateLost, match="channel 0, 1, 2, 3:"):
            dds.set("cooling", frequency=81e6)
        dds.set("cooling", frequency=81e6)


@KINDS
def test_a_fault_of_our_own_call_is_reported_by_the_next(kind):
    def break_bus(board: Any) -> None:
        def transfer(*frame: Any) -> Any:
            raise TransportError("cut")

        board.transfer = transfer

    with both(kind) as (controller, dds, other):
        controller.look(break_bus)
        with pytest.raises(DDSUnavailable, match="device_fault"):
            dds.set("cooling", frequency=81e6)
        other.ping()
        with pytest.raises(DDSStateLost):
            dds.set("cooling", frequency=81e6)


@KINDS
def test_our_own_reset_and_sync_are_no_loss(kind):
    with both(kind) as (_, dds, other):
        for verb in (dds.reset, dds.sync):
            verb()
            other.ping()
            dds.set("cooling", frequency=80e6, amplitude=0.5)
            dds.get()


@KINDS
def test_what_others_set_is_no_loss(kind):
    with both(kind) as (_, dds, other):
        other.set("cooling", frequency=90e6)
        other.kill()
        other.arm_rf()
        other.ping()
        assert dds.get("cooling").frequency == pytest.approx(90e6)


@KINDS
def test_a_restarted_controller_is_reported_once(kind):
    with ExitStack() as later:
        with running() as first:
            port = first.json_port
            dds = later.enter_context(ours(kind, port))
        with running(port=port) as second:
            with pytest.raises(DDSStateLost, match="channel 0, 1, 2, 3:"):
                dds.set("cooling", frequency=81e6, amplitude=0.5)
            assert second.tone(0).amplitude == 0
            dds.set("cooling", frequency=81e6, amplitude=0.5)


@KINDS
def test_a_client_that_is_gone_leaves_nothing_behind(kind):
    with both(kind) as (controller, dds, other):
        dds.close()
        for _ in range(3):  # turns of the controller's loop, in which it notices and closes
            other.ping()
        assert len(controller.controller._shell._open) == 1
