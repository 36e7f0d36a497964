"""The panel as a web server: the page behind its guard, and nothing else."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import ui

from dds_link.panel.guard import Guard
from dds_link.panel.hub import Hub
from dds_link.panel.page import add_page
from dds_link.panel.places import Place

WEB_PORT = 3296
"""Of the web page; beside ARTIQ's own ports."""

_ICON = Path(__file__).with_name("web") / "icon.svg"


class BindError(Exception):
    """The web port cannot be opened; the text is one sentence for the user."""


def application(places: Iterable[Place], names: Sequence[str]) -> Guard:
    """The whole application; connects to the controllers when it starts.

    :param places: the controllers.
    :param names: under which the page may be asked for.
    """
    hub = Hub(places)

    @contextlib.asynccontextmanager
    async def connected(_: FastAPI) -> AsyncIterator[None]:
        hub.start()
        try:
            yield
        finally:
            await hub.stop()

    app = FastAPI(lifespan=connected, docs_url=None, redoc_url=None, openapi_url=None)
    add_page(hub)
    nicegui_app.config.socket_io_js_transports = ["websocket"]
    ui.run_with(
        app,
        title="dds_link",
        favicon=_ICON,
        dark=None,
        tailwind=False,
        binding_refresh_interval=None,
        # After a pause the page is loaded anew, instead of being told what was in between.
        message_history_length=0,
        cache_control_directives="no-cache",
        show_welcome_message=False,
    )
    return Guard(app, names)


def open_port(bind: str, port: int) -> socket.socket:
    """Open the web port.

    :param bind: address or name.
    :param port: 0 for a free one.
    :raises BindError: if that is not possible.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(bind, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise BindError(f"--bind {bind}: {error}") from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise BindError(
            f"web port {port} of {bind} cannot be opened ({error.strerror}); "
            "another panel? choose one with --web-port"
        ) from error
    return sock


def warning(bind: str) -> str:
    """What to say about an address that others can reach; empty for loopback."""
    if bind == "localhost":
        return ""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(bind).is_loopback:
            return ""
    return (
        f"WARNING: everybody who reaches {bind} over the network can set channels and kill the RF: "
        "the panel asks for no password"
    )


class _Server(uvicorn.Server):
    """Says that it is ready once it is, and takes signals.

    :param ready: what it says.
    """

    def __init__(self, config: uvicorn.Config, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets=sockets)
        print(self._ready, flush=True)


def serve(places: Sequence[Place], bind: str, port: int, names: Sequence[str]) -> None:
    """Serve the panel until SIGINT or SIGTERM; either ends in a ``KeyboardInterrupt``.

    :param bind: address to listen on.
    :param port: of the page; 0 for a free one.
    :param names: further names of this computer under which the page may be asked for.
    :raises BindError: if the port cannot be opened.
    """
    sock = open_port(bind, port)
    found = sock.getsockname()
    if warning(bind):
        print(warning(bind), file=sys.stderr, flush=True)
    own = [socket.gethostname(), socket.getfqdn(), *names]
    host = f"[{found[0]}]" if ":" in found[0] else found[0]
    config = uvicorn.Config(
        application(places, own), log_level="warning", ws="websockets-sansio", access_log=False
    )
    server = _Server(config, f"panel http://{host}:{found[1]}/")
    # The server lets go of the controllers first, and then raises the signal again.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server.run(sockets=[sock])
