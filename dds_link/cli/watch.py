"""``watch``: what happens in the controller, as it happens.

On a terminal with rich a table that follows it; on one without, a line for each change; into a file
or a pipe, JSON lines.
"""

import json
import signal
import sys
from collections import deque
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Deque, Dict, Iterable, Iterator, List, NoReturn, Optional

from dds_link.cli.tables import Screen, clean, receipt_table
from dds_link.client import Client, Event
from dds_link.model import Receipt

if TYPE_CHECKING:
    from rich.console import RenderableType

LIVE_INTERVAL = 0.1
"""Seconds for which the live table lets the controller gather the changes of a channel."""
REMEMBERED = 6
"""Events listed under the live table."""

_TERMINATED = 128 + signal.SIGTERM
_STARTED = "snapshot"


def watch(client: Client, as_json: bool, interval: Optional[float]) -> None:
    """Print events until Ctrl-C.

    :param as_json: JSON lines on a terminal, too.
    :param interval: at most one change per channel in this many seconds; None: the default of
        what is printed.
    :raises DDSUnavailable: when the link is lost, or cannot be made.
    :raises DDSRefused: for an interval that the controller does not have.
    """
    screen = Screen()
    live = screen.console is not None and not as_json
    if live and interval is None:
        interval = LIVE_INTERVAL
    with suppress(KeyboardInterrupt), client.events(interval) as events:
        if as_json or not screen.is_terminal:
            for event in events:
                print(json_line(event), flush=True)
        elif live:
            with _cleaned_up_on_sigterm():
                _follow(screen, events, View(client.identity))
        else:
            for event in events:
                for line in plain_lines(event):
                    screen.line(line)


def json_line(event: Event) -> str:
    """An event as it came over the wire; the first one is called ``snapshot``."""
    return json.dumps({"event": event.event, **event.data}, separators=(",", ":"))


def plain_lines(event: Event) -> List[str]:
    """An event for people: a line for each channel, or one if it concerns none."""
    head = [_clock(event), event.event]
    tail = who(event)
    _, table = receipt_table(event.channels)
    rows = [row[1:-4] for row in table] or [_more(event)]  # without index, words and epoch
    return ["  ".join([*head, *row, tail]).rstrip() for row in rows]


def who(event: Event) -> str:
    """Who caused it, ``"by scan.py, rid 7 (10.0.0.5:50000)"``; empty if nobody did."""
    if not event.by:
        return ""
    names = [str(event.by["client"])] if event.by.get("client") else []
    if event.by.get("rid") is not None:
        names.append("rid {}".format(event.by["rid"]))
    peer = str(event.by.get("peer"))
    return "by {} ({})".format(", ".join(names), peer) if names else "by {}".format(peer)


def _more(event: Event) -> List[str]:
    """What an event says beside its channels."""
    known = ("event", "seq", "time", "by", "channels")
    return ["{} {}".format(*item) for item in event.data.items() if item[0] not in known]


def _clock(event: Event) -> str:
    if event.time is None:
        return " " * 12
    return datetime.fromtimestamp(event.time).strftime("%H:%M:%S.%f")[:-3]


class View:
    """What the live table shows, from the events so far.

    :param identity: the result of ``identify``.
    """

    def __init__(self, identity: Dict[str, Any]) -> None:
        self._simulated = bool(identity.get("simulation"))
        self._receipts: Dict[int, Receipt] = {}
        self._killed = False
        self._device = ""
        self._log: Deque[str] = deque(maxlen=REMEMBERED)

    def take(self, event: Event) -> None:
        """Take an event in."""
        for receipt in event.channels:
            self._receipts[receipt.channel] = receipt
        self._device = str(event.data.get("device") or self._device)
        if event.event == _STARTED:
            self._killed = bool(event.data.get("killed"))
            return
        if event.event in ("killed", "armed"):
            self._killed = event.event == "killed"
        names = [receipt.name for receipt in event.channels] or _more(event)
        self._log.append(
            "  ".join([_clock(event), event.event, " ".join(names), who(event)]).rstrip()
        )

    def status(self) -> str:
        """One line on the whole device."""
        parts = ["device {}".format(self._device), "RF KILLED" if self._killed else "armed"]
        if self._simulated:
            parts.append("SIMULATION: no RF comes out")
        return ", ".join(parts)

    def renderable(self, screen: Screen) -> "RenderableType":
        """All of it, as rich prints it."""
        from rich.console import Group
        from rich.text import Text

        table = receipt_table([receipt for _, receipt in sorted(self._receipts.items())])
        return Group(
            Text(clean(self.status()), style="bold red" if self._killed else "bold"),
            screen.renderable(*table),
            *[
                Text(clean(line), style="dim", no_wrap=True, overflow="ellipsis")
                for line in self._log
            ],
        )


def _follow(screen: Screen, events: Iterable[Event], view: View) -> None:
    from rich.live import Live

    with Live(console=screen.console, auto_refresh=False) as live:
        for event in events:
            view.take(event)
            live.update(view.renderable(screen), refresh=True)


@contextmanager
def _cleaned_up_on_sigterm() -> Iterator[None]:
    """Leave through the ``finally`` of everything: a live table has hidden the cursor."""

    def leave(*_: object) -> NoReturn:
        sys.exit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
