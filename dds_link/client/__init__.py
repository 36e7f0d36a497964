"""Clients of a controller's JSON port. Standard library only; msgspec is used where present.

:class:`Client` blocks, :class:`AsyncClient` has the same verbs as coroutines, and :func:`send_data`
with its three callbacks is the interface of the old two-file template.
"""

from typing import TYPE_CHECKING, Any

from .blocking import Client, EventStream
from .core import Event
from .template import fail_connect, send_data, server_fail, server_success

if TYPE_CHECKING:
    from .aio import AsyncClient, AsyncEventStream

__all__ = [
    "AsyncClient",
    "AsyncEventStream",
    "Client",
    "Event",
    "EventStream",
    "fail_connect",
    "send_data",
    "server_fail",
    "server_success",
]


def __getattr__(name: str) -> Any:
    """Import the asyncio half when it is asked for: asyncio costs more than all else here."""
    if name in ("AsyncClient", "AsyncEventStream"):
        from . import aio

        return getattr(aio, name)
    raise AttributeError("module {!r} has no attribute {!r}".format(__name__, name))
