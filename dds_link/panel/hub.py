"""All controllers of one panel, and what a page asks of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from dds_link.errors import DDSLinkError
from dds_link.panel import digits
from dds_link.panel.link import Connection
from dds_link.panel.model import Counter, Link
from dds_link.panel.places import Place
from dds_link.panel.view import Patch, patch, resolution

STALE = 5.0
"""Seconds after which a page's command is refused: what was looked at then may have changed."""
MAX_STEPS = 1000
"""Steps of a digit in one command at most."""


class Hub:
    """What the pages look at.

    :param places: the controllers, in the order of the page.
    """

    def __init__(self, places: Iterable[Place]) -> None:
        self._counter = Counter(self._wake)
        self._waiting: set[asyncio.Future[None]] = set()
        self.connections = {
            place.key: Connection(place, Link(place.key, place.where, self._counter))
            for place in places
        }
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Connect to all."""
        self._tasks = [asyncio.create_task(c.run()) for c in self.connections.values()]

    async def stop(self) -> None:
        """Disconnect."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def version(self) -> int:
        """The number of the last change."""
        return self._counter.last

    async def changed(self, since: int, timeout: float) -> None:
        """Wait until something changed after ``since``, but no longer than ``timeout`` seconds."""
        if self.version > since:
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await asyncio.wait([waiting], timeout=timeout)
        finally:
            self._waiting.discard(waiting)

    def patch(self, since: int) -> Patch:
        """What is new since ``since``, and a stamp that commands of this page have to carry."""
        links = [connection.link for connection in self.connections.values()]
        now = time.monotonic()
        return {"beat": now, "links": patch(links, since, now)}

    def _wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def command(self, request: Any, browser: str) -> Patch:
        """Carry out what a page asks.

        :param request: ``{"verb", "link", "beat", ...}``; see the methods.
        :param browser: address of whoever asks, for the log.
        :return: ``{"error": text}``, or ``{"text": what the field is to hold, as a base}``.
        """
        try:
            connection = self.connections[request["link"]]
            verb = request["verb"]
            if verb == "kill":
                return await self._killed(connection, browser)
            if not 0 <= time.monotonic() - float(request["beat"]) <= STALE:
                return {"error": "too_late: the page had lost contact with the panel; not sent"}
            if verb == "arm":
                await connection.command(lambda client: client.arm_rf())
                return {}
            if verb == "enable":
                index, enabled = int(request["channel"]), bool(request["enabled"])
                await connection.command(lambda client: client.set(index, enabled=enabled))
                return {}
            if verb == "enter":
                return await self._entered(connection, request, str(request["text"]))
            if verb == "step":
                return await self._stepped(connection, request)
            return {"error": "the page asks for something unknown: reload it"}
        except DDSLinkError as error:
            connection.link.note(time.time(), "refused", str(error), f"panel ({browser})")
            return {"error": str(error)}
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            return {"error": str(error) or repr(error)}

    async def _killed(self, connection: Connection, browser: str) -> Patch:
        try:
            await connection.kill()
        except DDSLinkError as error:
            connection.link.note(time.time(), "kill failed", str(error), f"panel ({browser})")
            return {"error": f"{connection.link.key}: RF MAY STILL BE ON: {error}"}
        return {}

    async def _entered(self, connection: Connection, request: Any, text: str) -> Patch:
        name, index = str(request["field"]), int(request["channel"])
        if name not in digits.STYLES:
            return {"error": "the page asks for something unknown: reload it"}
        change: dict[str, Any] = {name: digits.value_of(name, text)}
        await connection.command(lambda client: client.set(index, **change))
        return {"text": text}

    async def _stepped(self, connection: Connection, request: Any) -> Patch:
        name, index, count = str(request["field"]), int(request["channel"]), int(request["count"])
        if not -MAX_STEPS <= count <= MAX_STEPS:
            raise ValueError(f"not more than {MAX_STEPS} steps at once")
        step = resolution(connection.link, index, name)
        text = digits.stepped(name, str(request["text"]), int(request["caret"]), count, step)
        return await self._entered(connection, request, text)
