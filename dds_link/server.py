"""The template's server side: ``start_server`` and ``interact``, as the two-file template had them.

A lab that runs its own ``interact`` keeps running it; without one, the DDS service answers.
"""

from __future__ import annotations

import asyncio
import json
import threading
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from dds_link.aqctl_dds_link import new_event_loop

try:
    import msgspec

    from dds_link import config as configuration
    from dds_link.assembly import Assembly, load_config, post
    from dds_link.controller import claim, on_stop_signals
    from dds_link.errors import InternalError, Unsupported, WireError
    from dds_link.json_shell import Deliver, JsonShell, Reply, ServiceHandler
    from dds_link.protocol.codec import Request, command_of, decode_object
    from dds_link.protocol.commands import Subscribe
    from dds_link.protocol.connection import Connection
    from dds_link.service.events import Session
    from dds_link.service.executor import Executor, Outcome, Worker
    from dds_link.service.service import Service
except ImportError as missing:
    raise ImportError(
        f"{missing}; the server needs more than the client: pip install 'dds_link[controller]'"
    ) from missing

Interact = Callable[[Any], Any]

PATIENCE = 60.0
"""Longest time that :func:`interact` waits for the DDS service, in seconds."""


class _Host:
    """The DDS service of one ``start_server``, made when it is first asked for.

    :raises ConfigError: if the config cannot be used.
    """

    def __init__(self, config: Any) -> None:
        self._simulation = config is None
        if config is None:
            config = configuration.simulated_board()
        elif not isinstance(config, configuration.Config):
            config = load_config(config, simulation=False)
        self._config = config
        self._loop = asyncio.get_running_loop()
        self._assembly: Assembly | None = None
        self._started = False

    def service(self) -> Service:
        """The running service. In the loop's thread only."""
        service = self.make().service
        if not self._started:
            self._started = True
            service.start()
        return service

    def make(self) -> Assembly:
        """The service, with the hardware untouched until it is started."""
        if self._assembly is None:
            if self._simulation:
                print("SIMULATION: no config was given, so the outputs are models, not hardware")
            self._assembly = Assembly(self._config, self._simulation)
        return self._assembly

    def handler(self, peer: str, deliver: Deliver) -> ServiceHandler:
        """What carries out the requests of one connection."""
        return ServiceHandler(self.make().service, peer, deliver)

    async def execute(self, data: Any) -> Any:
        """Carry out one object as a command."""
        command = command_of(data)
        if type(command) is Subscribe:
            raise Unsupported("events need a connection of their own to the DDS service")
        ended = self._loop.create_future()
        self.service().execute(
            command, Session(peer="interact"), lambda outcome, ticket: ended.set_result(outcome)
        )
        outcome = await ended
        if isinstance(outcome, WireError):
            raise outcome
        return msgspec.to_builtins(outcome)

    def execute_from_thread(self, data: Any) -> Any:
        """The same, from the worker thread of a lab's ``interact``."""
        ended = asyncio.run_coroutine_threadsafe(self.execute(data), self._loop)
        return ended.result(PATIENCE)

    async def stop(self) -> None:
        """Leave the outputs by the stop policy, if the service was ever started."""
        if self._assembly is not None and self._started:
            await self._assembly.stop()


_running = threading.local()


def interact(data: Any) -> Any:
    """Carry out one command with the DDS service of the running server.

    The default of :func:`start_server`. A lab's own ``interact`` may call it for what it does not
    handle itself::

        def my_interact(data):
            if data["command_id"] == "shutter":
                return {"open": move_shutter(data["open"])}
            return dds_link.server.interact(data)

    :param data: an object with ``command_id``, as on the wire.
    :returns: the result, as a dict or list.
    :raises WireError: if the command is refused.
    :raises RuntimeError: outside a server's ``interact``.
    """
    host = getattr(_running, "host", None)
    if host is None:
        raise RuntimeError("interact() works only inside a function given to start_server()")
    return host.execute_from_thread(data)


class _InteractHandler:
    """Gives every object to a lab's ``interact``, one at a time on one thread."""

    listening = False

    def __init__(self, host: _Host, function: Interact, worker: Executor, *unused: Any) -> None:
        self._host = host
        self._function = function
        self._worker = worker

    def handle(self, request: Request, reply: Reply) -> None:
        """See :meth:`dds_link.json_shell.Handler.handle`."""

        def ended(outcome: Outcome) -> None:
            error = outcome.error
            reply(outcome.value if error is None else _refusal(error), request)

        if isinstance(request.command, WireError):
            reply(request.command, request)
            return
        self._worker.start(partial(self._run, request.command), ended)

    def close(self) -> None:
        """Nothing is kept for a connection."""

    def _run(self, data: Any) -> Any:
        """In the worker thread: the result, encoded."""
        _running.host = self._host
        answer = self._function(data)
        try:
            text = json.dumps(
                {} if answer is None else answer,
                allow_nan=False,
                default=_plain,
                ensure_ascii=False,
                separators=(",", ":"),
            )
            return msgspec.Raw(text.encode())
        except (TypeError, ValueError, RecursionError) as error:
            raise InternalError(
                f"interact() returned what JSON does not have, such as NaN or bytes: {error}"
            ) from None


def _refusal(error: BaseException) -> WireError:
    """What to answer to an exception of the lab's own code: its text is what helps."""
    if isinstance(error, WireError):
        return error
    return InternalError("".join(traceback.format_exception_only(type(error), error)))


_BYTES = (bytes, bytearray, memoryview)


def _plain(value: Any) -> Any:
    """numpy's scalars and arrays, and dataclasses and the like, as what JSON has."""
    if isinstance(value, _BYTES):
        raise TypeError(f"it holds {type(value).__name__}")
    if hasattr(value, "tolist"):
        return value.tolist()
    return msgspec.to_builtins(value, builtin_types=_BYTES, enc_hook=_plain)


def start_server(
    host: str = "127.0.0.1",
    port: int = 65432,
    debug: bool = False,
    *,
    interact: Interact | None = None,
    config: Any = None,
) -> None:
    """Serve for ever; on the main thread until Ctrl-C or SIGTERM.

    :param host: address to listen on.
    :param port: TCP port.
    :param debug: print what goes over the wire.
    :param interact: called with every object that comes, one at a time, in place of the DDS
        service. A returned dict is the result, None an empty one, an exception an ``internal``
        error.
    :param config: path of a config file (or a :class:`~dds_link.config.Config`) of the hardware;
        None is a simulation.
    :raises ConfigError: if the config cannot be used.
    :raises PortTaken: if the port cannot be had.
    """
    loop = new_event_loop()
    try:
        loop.run_until_complete(_serve(host, port, debug, interact, config))
    finally:
        loop.close()


async def _serve(host: str, port: int, debug: bool, function: Interact | None, config: Any) -> None:
    dds = _Host(config)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    if threading.current_thread() is threading.main_thread():
        on_stop_signals(loop, stopped.set)
    worker = None
    trace = _print_trace if debug else None
    if function is None:
        shell = JsonShell(dds.handler, Connection, trace)
    else:
        worker = Worker(partial(post, loop))
        handler = partial(_InteractHandler, dds, function, worker)
        shell = JsonShell(handler, partial(Connection, decode_object), trace)
    try:
        port = await shell.listen(claim("JSON", [host], port))
        if function is None:
            dds.service()
        print(f"listening json={host}:{port}", flush=True)
        await stopped.wait()
    finally:
        await shell.close()
        await dds.stop()
        if worker is not None:
            worker.close()


def _print_trace(peer: str, direction: str, data: bytes) -> None:
    print(f"{peer} {direction} {data.decode('utf-8', 'replace').rstrip()}", flush=True)
