"""Who may talk to the panel: only pages that the panel itself served, under a name of its own.

A web page from anywhere can let the browser of a lab send requests to the lab's loopback, and a
name of anywhere can be made to point there (DNS rebinding). The browser tells where a request comes
from (``Origin``) and which name it was meant for (``Host``); both are checked on everything, before
anything else looks at it. An address in digits needs no name server, so it is always one of ours.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

SOCKET_PATH = "/_nicegui_ws/"
"""What the page changes goes through the WebSocket there, and through nothing else."""

# Scripts and styles stand in the page that NiceGUI makes, and its templates are compiled there.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


def host_of(header: str) -> str:
    """The name in a ``Host`` header, without the port, in small letters; empty if there is none."""
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Guard:
    """Stands in front of an application, and refuses what does not come from its own pages.

    :param app: what it protects.
    :param names: under which the panel may be asked for, beside ``localhost`` and any address.
    """

    def __init__(self, app: App, names: Iterable[str] = ()) -> None:
        # Called so for NiceGUI, which looks for its server along this chain.
        self.app = app
        self._names = {"localhost", *(name.strip().lower().rstrip(".") for name in names)}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request, or one WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        reason = self.refusal(scope)
        if reason:
            await _refuse(scope["type"], reason, receive, send)
        elif scope["type"] == "websocket":
            await self.app(scope, receive, send)
        else:
            await self.app(scope, receive, _with_headers(send))

    def refusal(self, scope: Message) -> str:
        """Why a request is refused, in one sentence; empty if it is not.

        :param scope: of ASGI, of type ``http`` or ``websocket``.
        """
        hosts, origins = _headers(scope, b"host"), _headers(scope, b"origin")
        if len(hosts) != 1 or len(origins) > 1:
            return "one Host is needed, and at most one Origin"
        name = host_of(hosts[0])
        if name not in self._names and not _is_address(name):
            return f"{name!r:.80} is no name of this panel; see: aqcli_dds_link panel --help"
        if origins:
            scheme, _, place = origins[0].strip().lower().partition("://")
            if scheme not in ("http", "https") or place != hosts[0].strip().lower():
                return "the request comes from a page of somebody else"
        if scope["type"] == "websocket":
            return "" if origins else "a WebSocket needs an Origin"
        if scope["method"] not in ("GET", "HEAD"):
            return "only reading is possible here"
        if scope["path"].startswith(SOCKET_PATH):
            return "only a WebSocket is possible here"
        return ""


def _headers(scope: Message, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


async def _refuse(kind: str, reason: str, receive: Receive, send: Send) -> None:
    if kind == "websocket":
        await receive()  # its connect
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
        return
    body = f"refused: {reason}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"),
               (b"content-length", str(len(body)).encode())]  # fmt: skip
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_HEADERS]
        await send(message)

    return sent
