"""One running controller: the service with its JSON port and, where sipyco is, its RPC port."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import ssl as ssl_module
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from dds_link import rpc
from dds_link.assembly import Assembly
from dds_link.config import Config
from dds_link.json_shell import JsonShell, ServiceHandler
from dds_link.listening import bound_sockets, who_answers

logger = logging.getLogger(__name__)

STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
)


class PortTaken(Exception):
    """A port cannot be had; the text names who has it."""


class Controller:
    """Service and ports. Make it in a running event loop.

    :param config: what to build.
    :param simulation: True puts a twin at the far end.
    """

    def __init__(self, config: Config, simulation: bool) -> None:
        self.assembly = Assembly(config, simulation)
        self.json_port = 0
        self._stop_requested = asyncio.Event()
        self._shell = JsonShell(partial(ServiceHandler, self.assembly.service))
        self._rpc: Any = None

    async def listen_json(
        self, hosts: Sequence[str], port: int, ssl: ssl_module.SSLContext | None
    ) -> int:
        """Open the JSON port; returns its number.

        :raises PortTaken: if it cannot be had.
        """
        self.json_port = await self._shell.listen(claim("JSON", hosts, port), ssl)
        return self.json_port

    async def listen_rpc(
        self, hosts: Sequence[str], port: int, ssl_files: Sequence[str] | None
    ) -> int:
        """Open the RPC port; returns its number.

        :raises PortTaken: if it cannot be had.
        :raises ImportError: if sipyco is not installed.
        """
        from sipyco.pc_rpc import Server

        sockets = claim("RPC", hosts, port)
        number: int = sockets[0].getsockname()[1]
        for sock in sockets:  # sipyco takes addresses, not sockets
            sock.close()
        target = partial(rpc.RPCTarget, self.assembly.service, lambda: self.json_port)
        server = Server({rpc.TARGET: target}, builtin_terminate=True, allow_parallel=True)
        if ssl_files:
            from sipyco.tools import SimpleSSLConfig  # since sipyco 1.10

            await server.start(list(hosts), number, SimpleSSLConfig(*ssl_files))
        else:
            await server.start(list(hosts), number)
        self._rpc = server
        return number

    async def run(self) -> None:
        """Serve until a stop signal, :meth:`request_stop` or the RPC ``terminate``."""
        tasks = [asyncio.ensure_future(self._stop_requested.wait())]
        if self._rpc is not None:
            tasks.append(asyncio.ensure_future(self._rpc.wait_terminate()))
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()

    def request_stop(self) -> None:
        """Let :meth:`run` return."""
        self._stop_requested.set()

    async def close(self) -> bool:
        """Leave the outputs by the stop policy, then end every connection.

        :returns: False if the hardware did not answer in time.
        """
        self._shell.close_listeners()
        ended = await self.assembly.stop()
        if not ended:
            logger.critical("the hardware did not answer in time; RF MAY STILL BE ON")
        await self.close_ports()
        return ended

    async def close_ports(self) -> None:
        """End every connection. The outputs stay as they are: without a start they are not ours.
        May be called twice."""
        await self._shell.close()
        server, self._rpc = self._rpc, None
        if server is not None:
            await server.stop()


def claim(what: str, hosts: Sequence[str], port: int) -> Any:
    """Sockets on ``port`` of every host, or :class:`PortTaken`."""
    try:
        return bound_sockets(hosts, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise PortTaken(f"cannot listen for {what} on port {port}: {error.strerror}") from None
        known = filter(None, (who_answers(host, port) for host in hosts))
        who = next(known, "another program")
        raise PortTaken(f"{what} port {port} is taken: {who} answers there") from None


def on_stop_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Call ``stop`` in the loop on SIGTERM, SIGINT and SIGHUP. Main thread only."""
    for number in STOP_SIGNALS:
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
