"""The client for asyncio, and its stream of events."""

import asyncio
from typing import (
    TYPE_CHECKING,
    Any,
    AsyncIterator,
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    SupportsFloat,
    SupportsInt,
    TypeVar,
    Union,
    overload,
)

from ..errors import DDSLinkError
from ..model import Receipt
from . import frames
from .core import LINK_ERRORS, RECEIVES, BadReply, Core, Event, Expired, Lines, Step, Unasked
from .frames import Channel
from .link import CHUNK, tune, waiter

if TYPE_CHECKING:
    from ssl import SSLContext

T = TypeVar("T")

HIGH_WATER = 1 << 16
"""Bytes of unread events above which no more are read from the socket."""


class Wire(asyncio.Protocol):
    """One connection: a line out, a line in. Has one reader at a time."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._loop = asyncio.get_running_loop()
        self._lost: Optional[BaseException] = None
        self._waiter: Optional[asyncio.Future[None]] = None
        self._gone = self._loop.create_future()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = transport
        # asyncio allocates as much for each receive: 256 KiB may take longer than all the rest.
        if hasattr(transport, "max_size"):
            self._transport.max_size = CHUNK
        sock = transport.get_extra_info("socket")
        tune(sock)
        self._readable = waiter(sock)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._lines.feed(data)
        if len(self._lines.buffer) > HIGH_WATER and self._waiter is None:
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Optional[BaseException]) -> None:
        """Called by the event loop, once."""
        self._lose(exc or EOFError())
        self._gone.set_result(None)

    def is_idle(self) -> bool:
        """Whether the far end is there, as far as is known, and has sent nothing unasked.

        The socket itself is asked too: the event loop may not have looked at it since.
        """
        return self._lost is None and not self._lines.buffer and not self._readable(0)

    async def gather(self) -> Lines:
        """Let the event loop receive what is there; everything that waits to be taken.

        The loop reads a socket in the turn after it saw it readable: two silent turns are the end.

        :raises BadReply: if it does not end.
        :raises OSError, EOFError: if the link is lost.
        """
        silent = 0
        for _ in range(RECEIVES):
            if self._lost is not None:
                raise self._lost
            if silent == 2:
                return self._lines
            waiting = len(self._lines.buffer)
            self._transport.resume_reading()
            await asyncio.sleep(0)
            silent = 0 if self._readable(0) or len(self._lines.buffer) != waiting else silent + 1
        raise BadReply("nobody asked for so much")

    async def exchange(self, line: bytes, timeout: float, read: Callable[[bytes], T]) -> T:
        """Send a line, and return what ``read`` makes of the next one.

        :param timeout: for both together, seconds.
        :param read: raises :exc:`.Unasked` for a line that is not the reply; then the next is read.
        :raises Expired: after that time.
        :raises BadReply: if it is too long.
        :raises OSError, EOFError: if the link is lost.
        """
        alarm = self._loop.call_later(timeout, self._lose, Expired())
        try:
            self._transport.write(line)
            while True:
                try:
                    return read(await self.read_line())
                except Unasked:
                    pass
        finally:
            alarm.cancel()

    async def read_line(self) -> bytes:
        """Return the next line. Raises as :meth:`exchange`, but never ``Expired``."""
        line = self._lines.pop()
        while line is None:
            if self._lost is not None:
                raise self._lost
            self._transport.resume_reading()
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
            line = self._lines.pop()
        return line

    def abort(self) -> None:
        """Close at once; whoever reads gets ``EOFError``."""
        self._lose(EOFError())
        self._transport.abort()

    async def close(self) -> None:
        """Close, and return when the socket is closed."""
        self.abort()
        await asyncio.shield(self._gone)

    def _lose(self, error: BaseException) -> None:
        if self._lost is None:
            self._lost = error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


async def open_wire(core: Core, ssl: "Optional[SSLContext]", steps: List[Step]) -> Wire:
    """Connect, and go through the first exchanges.

    :raises DDSUnavailable: if that fails.
    :raises DDSRefused: if the controller refuses one of ``steps``.
    """
    loop = asyncio.get_running_loop()
    connecting = loop.create_connection(Wire, core.host, core.port, ssl=ssl)
    try:
        _, wire = await asyncio.wait_for(connecting, core.connect_timeout)
    except asyncio.TimeoutError as error:
        raise core.unreachable(Expired()) from error
    except (OSError, UnicodeError) as error:
        raise core.unreachable(error) from error
    for verb, line, finish in steps:
        try:
            finish(await wire.exchange(line, core.timeout, core.result))
        except BaseException as error:
            if core.can_do_without(line, error):
                continue
            wire.abort()
            failure = core.failure(verb, error)
            if failure is None:
                raise
            raise failure from error
    return wire


class AsyncClient:
    """The verbs of :class:`.Client` as coroutines; same arguments, results, rules and exceptions.

    Safe to share between tasks (one lock). A task that is cancelled in the middle of a call closes
    the connection, because a late reply must not answer another request; its command may have been
    applied.

    :param host: see :class:`.Client`, as for all others.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 65432,
        timeout: float = 5.0,
        connect_timeout: float = 2.0,
        name: Optional[str] = None,
        rid: Optional[SupportsInt] = None,
        on_state_lost: str = "raise",
        ssl: "Optional[SSLContext]" = None,
    ) -> None:
        self._core = Core(host, port, timeout, connect_timeout, name, rid, on_state_lost)
        self._ssl = ssl
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._lock: Any = None
        self._wire: Optional[Wire] = None

    # The connection

    @property
    def identity(self) -> Dict[str, Any]:
        """What ``identify`` said last (it is asked at every connection); empty before the first."""
        return self._core.identity

    async def connect(self) -> None:
        """Connect now, unless connected."""
        async with self._locked():
            await self._ready()
            self._core.check_state()

    async def close(self) -> None:
        """Close the connection. A later call connects again."""
        async with self._locked():
            wire, self._wire = self._wire, None
            if wire is not None:
                await wire.close()

    async def __aenter__(self) -> "AsyncClient":
        """Connect."""
        await self.connect()
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Close."""
        await self.close()

    # The verbs

    async def ping(self) -> Dict[str, Any]:
        """See :meth:`.Client.ping`."""
        return await self._call("ping", frames.PING, self._core.mapping)

    async def hello(self, name: str, rid: Optional[SupportsInt] = None) -> None:
        """See :meth:`.Client.hello`."""
        line = frames.hello_frame(name, rid)
        await self._call("hello", line, self._core.anything)
        self._core.hello = line

    async def identify(self) -> Dict[str, Any]:
        """See :meth:`.Client.identify`."""
        return await self._call("identify", frames.IDENTIFY, self._core.identified)

    async def describe(self) -> Dict[str, Any]:
        """See :meth:`.Client.describe`."""
        return await self._call("describe", frames.DESCRIBE, self._core.mapping)

    async def set(
        self,
        channel: Channel,
        *,
        frequency: Optional[SupportsFloat] = None,
        amplitude: Optional[SupportsFloat] = None,
        phase: Optional[SupportsFloat] = None,
        enabled: Optional[bool] = None,
        ftw: Optional[SupportsInt] = None,
        pow: Optional[SupportsInt] = None,
        asf: Optional[SupportsInt] = None,
        attenuation: Optional[SupportsFloat] = None,
    ) -> Receipt:
        """See :meth:`.Client.set`."""
        line = frames.set_frame(
            channel, frequency, amplitude, phase, enabled, ftw, pow, asf, attenuation
        )
        return await self._request("set", line, self._core.receipt_in)

    async def apply(self, changes: Iterable[Mapping[str, Any]]) -> List[Receipt]:
        """See :meth:`.Client.apply`."""
        return await self._request("apply", frames.apply_frame(changes), self._core.receipts_in)

    @overload
    async def get(self, channel: Channel, verify: bool = ...) -> Receipt: ...

    @overload
    async def get(self, channel: None = ..., verify: bool = ...) -> List[Receipt]: ...

    async def get(
        self, channel: Optional[Channel] = None, verify: bool = False
    ) -> Union[Receipt, List[Receipt]]:
        """See :meth:`.Client.get`."""
        finish: Callable[[Any], Any] = (
            self._core.receipts if channel is None else self._core.receipt
        )
        result: Union[Receipt, List[Receipt]] = await self._call(
            "get", frames.get_frame(channel, verify), finish
        )
        return result

    async def sync(self, channels: Optional[Iterable[Channel]] = None) -> List[Receipt]:
        """See :meth:`.Client.sync`."""
        return await self._call("sync", frames.sync_frame(channels), self._core.renewed)

    async def kill(self) -> Dict[str, Any]:
        """See :meth:`.Client.kill`."""
        if self._locked().locked():
            return await self._kill_apart()
        async with self._locked():
            wire = await self._ready()
            read = self._core.reader(self._core.killed)
            return await self._exchange(wire, "kill", frames.KILL, read)

    async def arm_rf(self) -> Dict[str, Any]:
        """See :meth:`.Client.arm_rf`."""
        return await self._call("arm_rf", frames.ARM_RF, self._core.with_channels)

    async def reset(self) -> List[Receipt]:
        """See :meth:`.Client.reset`."""
        return await self._call("reset", frames.RESET, self._core.renewed)

    def events(self, interval: Optional[SupportsFloat] = None) -> "AsyncEventStream":
        """As :meth:`.Client.events`, for ``async for``.

        **Not subscribed yet on return**, unlike :meth:`.Client.events`, as this is no coroutine: it
        subscribes at ``async with``, at :meth:`AsyncEventStream.open` or at the first iteration.
        Events before that are missed; the ``snapshot`` that comes first tells what they led to. Use
        ``async with`` to miss nothing that your own commands cause::

            async with dds.events() as events:
                await dds.set("cooling", amplitude=0.5)  # is among the events
                async for event in events: ...

        :return: an iterator; not yet subscribed.
        """
        return AsyncEventStream(self._core, self._ssl, frames.subscribe_frame(interval))

    # Inside

    def _locked(self) -> Any:
        """The lock. It and the connection belong to one event loop; in another both start anew."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._lock, self._wire = loop, asyncio.Lock(), None
        return self._lock

    async def _call(self, verb: str, line: bytes, finish: Callable[[Any], T]) -> T:
        return await self._request(verb, line, self._core.reader(finish))

    async def _request(self, verb: str, line: bytes, read: Callable[[bytes], T]) -> T:
        async with self._locked():
            wire = await self._ready()
            self._core.check_state()
            return await self._exchange(wire, verb, line, read)

    async def _ready(self) -> Wire:
        """A connection that is alive and introduced; the events that came on it are noted."""
        wire = self._wire
        if wire is not None:
            try:
                if not wire.is_idle():
                    self._core.overheard(await wire.gather())
                return wire
            except BaseException as error:
                self._drop(wire)
                if not isinstance(error, LINK_ERRORS):
                    raise
        self._wire = await open_wire(self._core, self._ssl, self._core.opening())
        return self._wire

    async def _exchange(self, wire: Wire, verb: str, line: bytes, read: Callable[[bytes], T]) -> T:
        try:
            return await wire.exchange(line, self._core.timeout, read)
        except DDSLinkError:
            raise  # The controller's answer: the connection is in order.
        except BaseException as error:
            self._drop(wire)
            failure = self._core.failure(verb, error)
            if failure is None:
                raise
            raise failure from error

    async def _kill_apart(self) -> Dict[str, Any]:
        answers: List[Dict[str, Any]] = []
        core = self._core.sibling()
        kill = ("kill", frames.KILL, lambda result: answers.append(core.killed(result)))
        wire = await open_wire(core, self._ssl, [*core.introduction(), kill])
        await wire.close()
        return answers[0]

    def _drop(self, wire: Wire) -> None:
        self._wire = None
        wire.abort()


class AsyncEventStream:
    """As :class:`.EventStream`, for ``async for`` and ``async with``. Has one reader at a time.

    **Subscribes at** ``async with``, :meth:`open` **or the first iteration, not when it is made**:
    events before that are missed.
    """

    def __init__(self, core: Core, ssl: "Optional[SSLContext]", subscribe: bytes) -> None:
        self._core = core
        self._ssl = ssl
        self._subscribe = subscribe
        self._wire: Optional[Wire] = None
        self._first: List[Event] = []
        self._closed = False

    def _snapshot(self, result: Any) -> None:
        self._first.append(Event.from_wire(self._core.mapping(result), "snapshot"))

    async def open(self) -> None:
        """Subscribe now, unless subscribed; nothing that happens after the return is missed."""
        if self._wire is None and not self._closed:
            steps = [*self._core.introduction(), ("subscribe", self._subscribe, self._snapshot)]
            self._wire = await open_wire(self._core, self._ssl, steps)
            if self._closed:  # meanwhile, by another task
                await self._wire.close()

    async def close(self) -> None:
        """End the subscription; a task that waits for an event leaves its loop."""
        self._closed = True
        if self._wire is not None:
            await self._wire.close()

    def __aiter__(self) -> "AsyncIterator[Event]":
        """Itself."""
        return self

    async def __anext__(self) -> Event:
        """Wait for the next event.

        :raises StopAsyncIteration: after :meth:`close`.
        :raises DDSUnavailable: when the link is lost; the stream is closed then.
        """
        await self.open()
        if self._wire is None or self._closed:
            raise StopAsyncIteration
        if self._first:
            return self._first.pop()
        try:
            return Event.from_wire(
                self._core.mapping(self._core.decoded(await self._wire.read_line()))
            )
        except Exception as error:
            if self._closed and isinstance(error, (OSError, EOFError)):
                raise StopAsyncIteration from None
            failure = self._core.ended(error)
            if failure is None:
                raise
            await self.close()
            raise failure from error

    async def __aenter__(self) -> "AsyncEventStream":
        """Subscribe."""
        await self.open()
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Close."""
        await self.close()
