"""A real controller in this process: its own loop in a thread, real sockets, the twin in reach."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dds_link import config as configuration
from dds_link.controller import Controller

DEADLINE = 20.0


class Running:
    """A controller that serves."""

    def __init__(self, controller: Controller, loop: asyncio.AbstractEventLoop) -> None:
        self.controller = controller
        self.loop = loop
        self.json_port = controller.json_port

    def look(self, at: Callable[[Any], Any]) -> Any:
        """``at(board)`` in the controller's thread, where the twin lives."""

        async def seen() -> Any:
            return at(self.controller.assembly.board)

        return asyncio.run_coroutine_threadsafe(seen(), self.loop).result(DEADLINE)

    def tone(self, channel: int) -> Any:
        """What the twin of ``channel`` puts out."""
        return self.look(lambda board: board.tone(channel))


@contextmanager
def running(
    config: configuration.Config | None = None, port: int = 0, simulation: bool = True
) -> Iterator[Running]:
    """Serve ``config`` (default: the simulated board) on a port of loopback (0: a free one)."""
    started: list[Running] = []
    ready = threading.Event()

    async def serve() -> None:
        controller = Controller(config or configuration.simulated_board(), simulation)
        await controller.listen_json(["127.0.0.1"], port, None)
        controller.assembly.service.start()
        started.append(Running(controller, asyncio.get_running_loop()))
        ready.set()
        await controller.run()
        await controller.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    if not ready.wait(DEADLINE):
        raise RuntimeError("the controller did not start")
    try:
        yield started[0]
    finally:
        started[0].loop.call_soon_threadsafe(started[0].controller.request_stop)
        thread.join(DEADLINE)
