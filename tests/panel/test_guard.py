"""Nobody but the panel's own page gets through, and it is told to ask nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dds_link.panel.guard import Guard, host_of


def scope(kind: str = "http", method: str = "GET", path: str = "/", **headers: str) -> Any:
    found = {"host": "127.0.0.1:3296", **headers}
    return {"type": kind, "method": method, "path": path,
            "headers": [(k.encode(), v.encode()) for k, v in found.items()]}  # fmt: skip


def asked(scope: Any, *names: str) -> tuple[bool, list[Any]]:
    """Whether the application was reached, and what was sent."""
    reached: list[Any] = []
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"page"})

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Guard(app, names)(scope, receive, send))
    return bool(reached), sent


OWN = "http://127.0.0.1:3296"


@pytest.mark.parametrize(
    "request_",
    [
        scope(),
        scope(method="HEAD"),
        scope(origin=OWN),
        scope(host="localhost:3296"),
        scope(host="LOCALHOST:3296", origin="http://localhost:3296"),
        scope(host="[::1]:3296"),
        scope(host="10.0.0.5"),
        scope(host="lab-pc.example.:3296"),
        scope("websocket", origin=OWN, path="/_nicegui_ws/socket.io/"),
        {"type": "lifespan"},
    ],
)
def test_who_gets_through(request_: Any) -> None:
    assert asked(request_, "Lab-PC.example")[0]


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (scope(host="evil.example"), "no name of this panel"),
        (scope(host="127.0.0.1.evil.example:3296"), "no name of this panel"),
        (scope(host=""), "no name of this panel"),
        (scope(origin="http://evil.example"), "somebody else"),
        (scope(origin="http://127.0.0.1:8000"), "somebody else"),
        (scope(origin="null"), "somebody else"),
        (scope(origin="file://"), "somebody else"),
        (scope(method="POST", origin=OWN), "only reading"),
        (scope(method="PUT"), "only reading"),
        (scope(path="/_nicegui_ws/socket.io/"), "only a WebSocket"),
    ],
)
def test_who_does_not(request_: Any, says: str) -> None:
    reached, sent = asked(request_)
    assert not reached
    assert sent[0]["status"] == 403
    assert says in sent[1]["body"].decode()


@pytest.mark.parametrize(
    "request_",
    [
        scope("websocket"),
        scope("websocket", origin="http://evil.example"),
        scope("websocket", origin=OWN, host="evil.example:3296"),
    ],
)
def test_which_websocket_does_not(request_: Any) -> None:
    reached, sent = asked(request_)
    assert not reached
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_two_hosts_are_none() -> None:
    request = scope()
    request["headers"] *= 2
    assert not asked(request)[0]


def test_a_page_is_told_to_ask_nobody_else() -> None:
    _, sent = asked(scope())
    headers = dict(sent[0]["headers"])
    assert b"default-src 'self'" in headers[b"content-security-policy"]
    assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]


@pytest.mark.parametrize(
    ("header", "name"),
    [("[::1]:80", "::1"), ("[::1]", "::1"), ("a.b:1", "a.b"), ("A.b.", "a.b"), ("", "")],
)
def test_host_of(header: str, name: str) -> None:
    assert host_of(header) == name
