"""The blocking client, and its stream of events."""

import threading
import weakref
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    MutableSet,
    NoReturn,
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
from .core import LINK_ERRORS, Core, Event, Step
from .frames import Channel
from .link import Link, connect

if TYPE_CHECKING:
    from ssl import SSLContext

T = TypeVar("T")


class Client:
    """A blocking client of one controller. Safe to share between threads (one lock).

    It connects at first use, or at :meth:`connect`, or at the start of a ``with`` block, and again
    when the connection was lost meanwhile. Closing it or losing the connection changes no RF. A
    request whose bytes may have left is never sent again.

    Every verb raises :exc:`.DDSRefused` (nothing changed), :exc:`.DDSUnavailable` (it may have been
    applied) or :exc:`.DDSStateLost` (settings and phases may be lost since the last call; raised
    once, before anything is sent). Any other exception is a bug. Beside the controller's codes
    there are ``no_link``, ``timeout``, ``bad_reply`` and ``state_lost``.

    :param host: name or address of the controller.
    :param port: its JSON port, 1...65535.
    :param timeout: longest time for one exchange as a whole, seconds.
    :param connect_timeout: longest time for connecting, seconds (looking up a name not included).
    :param name: how this client is called in events and records.
    :param rid: ARTIQ's run number, likewise.
    :param on_state_lost: ``"raise"``, or ``"continue"``: log a warning (logger ``dds_link.client``)
        instead of raising :exc:`.DDSStateLost`.
    :param ssl: a context for TLS, with the client's certificate.
    :raises ValueError: for a setting that makes no sense.
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
        self._lock = threading.Lock()
        self._link: Optional[Link] = None
        self._streams: MutableSet[EventStream] = weakref.WeakSet()

    # The connection

    @property
    def identity(self) -> Dict[str, Any]:
        """What ``identify`` said last (it is asked at every connection); empty before the first."""
        return self._core.identity

    def connect(self) -> None:
        """Connect now, unless connected."""
        with self._lock:
            self._ready()
            self._core.check_state()

    def close(self) -> None:
        """Close the connection and end all event streams. A later call connects again."""
        with self._lock:
            self._drop()
        for stream in list(self._streams):
            stream.close()

    def __enter__(self) -> "Client":
        """Connect."""
        self.connect()
        return self

    def __exit__(self, *exception: object) -> None:
        """Close."""
        self.close()

    # The verbs

    def ping(self) -> Dict[str, Any]:
        """Ask for a sign of life.

        :return: ``{"device": "ready"}``, or ``"starting"``, ``"missing"``, ``"fault"``.
        """
        return self._call("ping", frames.PING, self._core.mapping)

    def hello(self, name: str, rid: Optional[SupportsInt] = None) -> None:
        """Name this connection, and every later one, in events and records.

        :param rid: ARTIQ's run number.
        """
        line = frames.hello_frame(name, rid)
        self._call("hello", line, self._core.anything)
        self._core.hello = line

    def identify(self) -> Dict[str, Any]:
        """Ask who is there: protocol, device, simulation or not, readback or not, epochs."""
        return self._call("identify", frames.IDENTIFY, self._core.identified)

    def describe(self) -> Dict[str, Any]:
        """Ask for channels with limits, resolution and clock, and for the device's capabilities."""
        return self._call("describe", frames.DESCRIBE, self._core.mapping)

    def set(
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
        """Change one channel; what is not given stays. Words may stand in for their quantity.

        :param channel: index or name.
        :param frequency: Hz.
        :param amplitude: fraction of full scale, 0...1.
        :param phase: offset in turns; wraps.
        :param enabled: RF on or off; off keeps the amplitude for on.
        :param ftw: frequency tuning word.
        :param pow: phase offset word.
        :param asf: amplitude scale factor.
        :param attenuation: dB, of the attenuator behind the channel, if there is one.
        :return: what was really programmed.
        """
        line = frames.set_frame(
            channel, frequency, amplitude, phase, enabled, ftw, pow, asf, attenuation
        )
        return self._request("set", line, self._core.receipt_in)

    def apply(self, changes: Iterable[Mapping[str, Any]]) -> List[Receipt]:
        """Change several channels on one update: all or nothing.

        :param changes: dicts with the arguments of :meth:`set`, a channel at most once.
        """
        return self._request("apply", frames.apply_frame(changes), self._core.receipts_in)

    @overload
    def get(self, channel: Channel, verify: bool = ...) -> Receipt: ...

    @overload
    def get(self, channel: None = ..., verify: bool = ...) -> List[Receipt]: ...

    def get(
        self, channel: Optional[Channel] = None, verify: bool = False
    ) -> Union[Receipt, List[Receipt]]:
        """Ask what one channel holds, or all of them.

        :param verify: read the hardware back and compare.
        """
        finish: Callable[[Any], Any] = (
            self._core.receipts if channel is None else self._core.receipt
        )
        result: Union[Receipt, List[Receipt]] = self._call(
            "get", frames.get_frame(channel, verify), finish
        )
        return result

    def sync(self, channels: Optional[Iterable[Channel]] = None) -> List[Receipt]:
        """Clear the phase accumulators of some channels, or all, together. Gives new epochs."""
        return self._call("sync", frames.sync_frame(channels), self._core.renewed)

    def kill(self) -> Dict[str, Any]:
        """RF off on every channel, latched until :meth:`arm_rf`.

        Never held up: neither by a loss of state, which the next call reports, nor by a call in
        another thread (it takes a connection of its own then).

        :return: ``killed``, ``readback`` (``"ok"`` or ``"unobservable"``), ``channels`` (receipts).
        """
        if not self._lock.acquire(blocking=False):
            return self._kill_apart()
        try:
            link = self._ready()
            try:
                return link.exchange(
                    frames.KILL, self._core.timeout, self._core.reader(self._core.killed)
                )
            except DDSLinkError:
                raise
            except BaseException as error:
                self._give_up("kill", error)
        finally:
            self._lock.release()

    def arm_rf(self) -> Dict[str, Any]:
        """Lift the latch of :meth:`kill`. Channels stay off until they are enabled one by one.

        :return: ``killed`` (False), ``channels`` (receipts).
        """
        return self._call("arm_rf", frames.ARM_RF, self._core.with_channels)

    def reset(self) -> List[Receipt]:
        """Initialise the device again. Gives new epochs; refused while killed."""
        return self._call("reset", frames.RESET, self._core.renewed)

    def events(self, interval: Optional[SupportsFloat] = None) -> "EventStream":
        """Subscribe, on a connection of its own; nothing that happens after the return is missed.

        :param interval: at most one event per channel in this many seconds.
        :return: an iterator; the first event is named ``snapshot`` and holds every channel.
        """
        stream = EventStream(self._core, self._ssl, frames.subscribe_frame(interval))
        self._streams.add(stream)
        return stream

    # Inside; with the lock held

    def _call(self, verb: str, line: bytes, finish: Callable[[Any], T]) -> T:
        return self._request(verb, line, self._core.reader(finish))

    def _request(self, verb: str, line: bytes, read: Callable[[bytes], T]) -> T:
        with self._lock:
            link = self._link
            if link is None or not link.is_idle():
                link = self._ready()
            core = self._core
            if core.lost:
                core.check_state()
            try:
                return link.exchange(line, core.timeout, read)
            except DDSLinkError:
                raise  # The controller's answer: the connection is in order.
            except BaseException as error:
                self._give_up(verb, error)

    def _ready(self) -> Link:
        """A connection that is alive and introduced; the events that came on it are noted."""
        if self._link is not None:
            try:
                self._core.overheard(self._link.gather())
                return self._link
            except BaseException as error:
                self._drop()
                if not isinstance(error, LINK_ERRORS):
                    raise
        self._link = open_link(self._core, self._ssl, self._core.opening())
        return self._link

    def _give_up(self, verb: str, error: BaseException) -> NoReturn:
        """Raise what ``error`` means; after it the connection is of no use."""
        self._drop()
        failure = self._core.failure(verb, error)
        if failure is None:
            raise error
        raise failure from error

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _kill_apart(self) -> Dict[str, Any]:
        answers: List[Dict[str, Any]] = []
        core = self._core.sibling()
        kill = ("kill", frames.KILL, lambda result: answers.append(core.killed(result)))
        open_link(core, self._ssl, [*core.introduction(), kill]).close()
        return answers[0]


def open_link(core: Core, ssl: "Optional[SSLContext]", steps: List[Step]) -> Link:
    """Connect, and go through the first exchanges.

    :raises DDSUnavailable: if that fails.
    :raises DDSRefused: if the controller refuses one of ``steps``.
    """
    try:
        link = connect(core.host, core.port, core.connect_timeout, ssl)
    except OSError as error:
        raise core.unreachable(error) from error
    for verb, line, finish in steps:
        try:
            finish(link.exchange(line, core.timeout, core.result))
        except BaseException as error:
            if core.can_do_without(line, error):
                continue
            link.close()
            failure = core.failure(verb, error)
            if failure is None:
                raise
            raise failure from error
    return link


class EventStream:
    """An iterator of events. Closable from another thread; a context manager.

    Iterating raises :exc:`.DDSUnavailable` when the link is lost; subscribe again for a new
    snapshot then.
    """

    def __init__(self, core: Core, ssl: "Optional[SSLContext]", subscribe: bytes) -> None:
        self._core = core
        self._closed = False
        self._first: List[Event] = []
        # Re-entrant: a signal handler may close the stream that the main thread waits on.
        self._lock = threading.RLock()
        steps = [*core.introduction(), ("subscribe", subscribe, self._snapshot)]
        self._link = open_link(core, ssl, steps)

    def _snapshot(self, result: Any) -> None:
        self._first.append(Event.from_wire(self._core.mapping(result), "snapshot"))

    def close(self) -> None:
        """End the subscription; a thread that waits for an event gets ``StopIteration``."""
        if not self._closed:
            self._closed = True
            self._link.shut_down()
            with self._lock:
                self._link.close()

    def __iter__(self) -> "Iterator[Event]":
        """Itself."""
        return self

    def __next__(self) -> Event:
        """Wait for the next event.

        :raises StopIteration: after :meth:`close`.
        :raises DDSUnavailable: when the link is lost; the stream is closed then.
        """
        with self._lock:
            if self._closed:
                raise StopIteration
            if self._first:
                return self._first.pop()
            try:
                line = self._link.read_line(float("inf"))
                return Event.from_wire(self._core.mapping(self._core.decoded(line)))
            except BaseException as error:
                if self._closed and isinstance(error, (OSError, EOFError)):
                    raise StopIteration from None
                failure = self._core.ended(error)
                if failure is None:
                    raise
                self.close()
                raise failure from error

    def __enter__(self) -> "EventStream":
        """Itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close."""
        self.close()

    def __del__(self) -> None:
        """An iterator that was dropped, say by ``break``, ends its subscription."""
        if hasattr(self, "_link"):
            self.close()
