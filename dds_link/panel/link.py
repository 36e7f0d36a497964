"""The connections to one controller: its events, a ping now and then, and commands.

Whatever ends a connection makes the link lost at once; then it is tried again, for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

from dds_link.client.aio import AsyncClient, AsyncEventStream
from dds_link.errors import DDSLinkError, DDSStateLost, DDSUnavailable
from dds_link.panel.model import LIVE, Gap, Link
from dds_link.panel.places import Place

NAME = "panel"
"""How events name the panel."""

INTERVAL = 0.02
"""Seconds for which the controller gathers the changes of a channel: the eye sees no more, and a
fast scan costs the controller no more than this many events."""

PING_INTERVAL = 0.5
TIMEOUT = 2.0
"""Seconds for any answer. A controller that is silent for so long is lost."""
BACK_OFF = (0.1, 0.2, 0.4, 0.8)
"""Seconds before the next attempt; the last one counts from then on."""


class Connection:
    """Keeps a :class:`~dds_link.panel.model.Link` true, and sends commands.

    :param place: the controller.
    :param link: what is known of it; nobody else changes it.
    """

    def __init__(self, place: Place, link: Link) -> None:
        self._place = place
        self.link = link
        self._client: AsyncClient | None = None

    async def run(self) -> None:
        """Until cancelled."""
        attempt = 0
        while True:
            try:
                await self._session()
            except (DDSLinkError, Gap) as error:
                attempt = 0 if self.link.state == LIVE else attempt + 1
                # What follows the first sentence is advice for programs.
                self.link.lost(str(error).partition(". ")[0], time.time())
            except Exception as error:
                # Something answers there, but not as a controller does.
                attempt = len(BACK_OFF)
                self.link.lost(f"bad_reply: {error!r:.200}", time.time())
            await asyncio.sleep(BACK_OFF[min(attempt, len(BACK_OFF) - 1)])

    async def command(self, change: Callable[[AsyncClient], Awaitable[Any]]) -> None:
        """Send something now, or not at all.

        :raises DDSLinkError: what the controller answered, or that there is no link.
        """
        client = self._client
        if client is None or self.link.state != LIVE:
            raise DDSUnavailable(
                f"no_link: no contact with {self._place.where}; nothing was sent, and nothing will"
            )
        try:
            await change(client)
        except DDSStateLost:
            # Others may synchronise or reset: the page shows what is now. But a controller that
            # restarted is another matter: what was typed was meant for the one before.
            if client is not self._client:
                raise
            await change(client)

    async def kill(self) -> None:
        """RF off; tried even where there seems to be no link.

        :raises DDSLinkError: if it cannot be said that it is off.
        """
        if self._client is not None:
            await self._client.kill()
            return
        client = await self._new_client()
        try:
            await client.kill()
        finally:
            await client.close()

    async def _new_client(self) -> AsyncClient:
        address = await asyncio.to_thread(self._place.locate, TIMEOUT)
        return AsyncClient(address.host, address.port, TIMEOUT, TIMEOUT, name=NAME, ssl=address.tls)

    async def _session(self) -> None:
        """From connecting to the loss of the link.

        :raises DDSLinkError: always, in the end.
        """
        client = await self._new_client()
        pings: asyncio.Task[None] | None = None
        try:
            async with client, client.events(INTERVAL) as events:
                description = await client.describe()
                snapshot = await events.__anext__()
                self.link.connected(
                    client.identity, description, snapshot.data, time.monotonic(), time.time()
                )
                self._client = client
                pings = asyncio.create_task(self._ping(client, events))
                async for event in events:
                    self.link.take({"event": event.event, **event.data}, time.monotonic())
            # Closed by the pings: they know why.
            await pings
        finally:
            self._client = None
            if pings is not None:
                pings.cancel()
                with contextlib.suppress(asyncio.CancelledError, DDSLinkError):
                    await pings

    async def _ping(self, client: AsyncClient, events: AsyncEventStream) -> None:
        """Ask whether it is still there; ends the events if not.

        :raises DDSLinkError: always, in the end.
        """
        try:
            while True:
                begin = time.monotonic()
                try:
                    await client.ping()
                except DDSStateLost:
                    continue  # The events tell what happened.
                now = time.monotonic()
                self.link.heard(now - begin, now)
                await asyncio.sleep(PING_INTERVAL)
        finally:
            await events.close()
