"""The page: one element that NiceGUI puts into the browser, and what goes back and forth."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from nicegui import Client, background_tasks, ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from dds_link.panel.hub import Hub

BEAT = 1.0
"""Seconds after which a page is told that nothing is new; it greys its values after three."""
PACE = 0.02
"""Seconds between two messages to a page at least."""
PATIENCE = 5.0
"""Seconds in which a page has to take a message in; then it is told everything anew."""

_STYLE = Path(__file__).with_name("web") / "panel.css"


class Board(Element, component="web/board.js", esm={"dds-link-panel": "web"}):
    """The cards of all channels. What changes is sent once the page has taken in what was before,
    so that a slow browser skips steps instead of falling behind.

    :param hub: what it shows.
    """

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self._seen = hub.version
        self.props["first"] = hub.patch(0)
        self.on("command", self._command)

    async def feed(self, page: Client) -> None:
        """Tell the page what is new, until it is gone."""
        await page.connected()
        while not page.is_deleted:
            await self._hub.changed(self._seen, BEAT)
            since, self._seen = self._seen, self._hub.version
            try:
                await self.run_method("take", self._hub.patch(since), timeout=PATIENCE)
            except TimeoutError:
                self._seen = 0
            await asyncio.sleep(PACE)

    async def _command(self, event: GenericEventArguments) -> None:
        request: Any = event.args
        browser = self.client.ip or ""
        reply = await self._hub.command(request, browser)
        number = request.get("number") if isinstance(request, dict) else None
        self.run_method("done", {"number": number, **reply})


def add_page(hub: Hub) -> None:
    """Serve the page at ``/``."""

    @ui.page("/", title="dds_link")
    def panel() -> None:
        ui.context.client.content.classes(remove="nicegui-content")
        ui.add_css(_STYLE)
        board = Board(hub)
        background_tasks.create(board.feed(ui.context.client), name="panel page")
