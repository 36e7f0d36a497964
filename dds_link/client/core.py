"""What both clients know and decide, without a socket: replies, epochs, and what a failure means.

A shell sends a frame (:mod:`.frames`), collects the reply with :class:`Lines`, and hands it to
:meth:`Core.result`. Whatever goes wrong on its connection it closes that connection, so that a late
reply can never answer the wrong request, and raises :meth:`Core.failure`.
"""

import logging
from dataclasses import dataclass
from operator import index
from typing import Any, Callable, Dict, List, Optional, Set, SupportsInt, Tuple, TypeVar

from ..errors import DDSLinkError, DDSStateLost, DDSUnavailable, client_error, plain_text
from ..model import Receipt
from . import frames
from .codec import DECODE_ERRORS, decode, decoder

T = TypeVar("T")

MAX_REPLY_BYTES = 4 << 20
"""Longest reply that is read: four times 1024 receipts (the most that ``apply`` gives) of 1 KiB."""

RECEIVES = 64
"""Most receives between two calls; a far end that has said more is connected to anew."""

_LOGGER = logging.getLogger("dds_link.client")
# With these a connection starts; the caller's own command was not sent yet.
_GREETINGS = ("hello", "identify", "subscribe")
_MALFORMED = (KeyError, TypeError, AttributeError)
_EVENT_START = b'{"event"'
# How controllers that have no such subscription answer it; the last, where a lab's own code does.
_NO_EVENTS = ("unknown_command", "bad_command", "unsupported", "internal")


class BadReply(Exception):
    """The bytes are no reply of a dds_link controller."""


class Expired(Exception):
    """The deadline of an exchange passed."""


class Unasked(Exception):
    """The line is an event, not the reply; it is dealt with."""


LINK_ERRORS = (BadReply, Expired, OSError, EOFError)
"""After these a connection is of no use."""


Step = Tuple[str, bytes, Callable[[Any], Any]]
"""A verb, its frame, and what turns its ``result`` into what the caller gets."""


class Lines:
    """Bytes in, lines out.

    :param limit: longest line, in bytes; the buffer holds at most that and one more chunk.
    """

    def __init__(self, limit: int = MAX_REPLY_BYTES) -> None:
        self._limit = limit
        #: What waits to be taken.
        self.buffer = bytearray()
        self._searched = 0

    def starts_with(self, text: bytes) -> bool:
        """Whether what waits starts so."""
        return self.buffer.startswith(text)

    def feed(self, data: bytes) -> None:
        """Append what came from the network."""
        self.buffer += data

    def pass_through(self, data: bytes) -> Optional[bytes]:
        """As :meth:`feed` and :meth:`pop`, without a copy in the usual case of one whole line."""
        if not self.buffer and 0 <= data.find(b"\n") == len(data) - 1 <= self._limit:
            return data
        self.feed(data)
        return self.pop()

    def pop(self) -> Optional[bytes]:
        """Take the next line with its newline; None if it is not complete yet.

        :raises BadReply: if it is longer than the limit.
        """
        end = self.buffer.find(b"\n", self._searched)
        self._searched = len(self.buffer) if end < 0 else end
        if self._searched > self._limit:
            raise BadReply("it is longer than {} bytes".format(self._limit))
        if end < 0:
            return None
        line = bytes(self.buffer[: end + 1])
        del self.buffer[: end + 1]
        self._searched = 0
        return line


@dataclass
class _ReceiptReply:
    """The usual reply to a ``set``."""

    status: str
    result: Receipt


@dataclass
class _ReceiptsReply:
    """The usual reply to an ``apply``."""

    status: str
    result: List[Receipt]


_decode_receipt = decoder(_ReceiptReply)
_decode_receipts = decoder(_ReceiptsReply)


@dataclass(frozen=True)
class Event:
    """Something that happened in the controller.

    The first event of a subscription is named ``snapshot`` and holds every channel; then come
    ``changed``, ``killed``, ``armed``, ``reset``, ``device`` and ``epoch``.
    """

    event: str
    seq: int
    """Counts up by one without a gap, from the snapshot's."""
    time: Optional[float]
    """Unix time in seconds; None for the snapshot."""
    by: Optional[Dict[str, Any]]
    """Who caused it: ``peer``, ``client``, ``rid``; None if nobody did."""
    channels: Tuple[Receipt, ...]
    """What the channels concerned hold now."""
    data: Dict[str, Any]
    """The JSON object as it came, with fields that this version does not know."""

    @classmethod
    def from_wire(cls, data: Dict[str, Any], event: Optional[str] = None) -> "Event":
        """Build an event from a decoded line.

        :param event: its name, for the snapshot, which has none of its own.
        :raises BadReply: if it is none.
        """
        try:
            channels = tuple([Receipt.from_wire(item) for item in data.get("channels") or ()])
            return cls(
                event or data["event"],
                data["seq"],
                data.get("time"),
                data.get("by"),
                channels,
                data,
            )
        except _MALFORMED as error:
            raise BadReply("it is not an event ({!r})".format(error)) from error


class Core:
    """Settings of a client, the epochs it knows, and how it reads replies.

    Not safe between threads; the shells lock.

    :param host: name or address of the controller.
    :param port: its JSON port.
    :param timeout: longest time for one exchange as a whole, seconds.
    :param connect_timeout: longest time for connecting, seconds.
    :param name: how this client is called in events and records; sent with ``hello``.
    :param rid: ARTIQ's run number; sent with ``hello``.
    :param on_state_lost: ``"raise"``, or ``"continue"`` to log a warning instead.
    :raises ValueError: for a setting that makes no sense.
    """

    def __init__(
        self,
        host: str,
        port: int,
        timeout: float,
        connect_timeout: float,
        name: Optional[str],
        rid: Optional[SupportsInt],
        on_state_lost: str,
    ) -> None:
        self._settings = (host, port, timeout, connect_timeout, name, rid, on_state_lost)
        self.host = str(host)
        self.port = index(port)
        self.timeout = float(timeout)
        self.connect_timeout = float(connect_timeout)
        if not 0 < self.port < 1 << 16:
            raise ValueError("port must be 1 ... 65535, not {}".format(port))
        for seconds in (self.timeout, self.connect_timeout):
            # A day: longer than any exchange, and poll() counts milliseconds in 32 bits.
            if not 0 < seconds <= 86400:
                raise ValueError(
                    "a timeout must be above 0 and at most 86400 s, not {}".format(seconds)
                )
        if on_state_lost not in ("raise", "continue"):
            raise ValueError(
                "on_state_lost must be 'raise' or 'continue', not {!r}".format(on_state_lost)
            )
        self.where = "{} port {}".format(self.host, self.port)
        self.identity: Dict[str, Any] = {}
        self.hello: Optional[bytes] = None
        if name is not None or rid is not None:
            self.hello = frames.hello_frame("dds_link" if name is None else name, rid)
        self._raise_lost = on_state_lost == "raise"
        self._epochs: Dict[int, int] = {}
        #: Channels whose state was lost since the last call; see :meth:`check_state`.
        self.lost: Set[int] = set()

    def sibling(self) -> "Core":
        """The same settings, for a connection beside this one; it knows no epochs yet."""
        core = Core(*self._settings)
        core.hello = self.hello
        return core

    # What is sent

    def opening(self) -> List[Step]:
        """What a connection for many calls starts with.

        It subscribes before it asks who is there: to a controller, a connection whose last request
        is ``subscribe`` may be one that only listens.
        """
        steps = self.greeting()
        steps.insert(-1, ("subscribe", frames.WATCH, self.watching))
        return steps

    def greeting(self) -> List[Step]:
        """What a connection for one call starts with."""
        return [*self.introduction(), ("identify", frames.IDENTIFY, self.identified)]

    def introduction(self) -> List[Step]:
        """What a connection that only listens starts with."""
        return [] if self.hello is None else [("hello", self.hello, self.anything)]

    # What comes back

    def decoded(self, line: bytes) -> Any:
        """The JSON value of one line.

        :raises BadReply: if it is none.
        """
        try:
            return decode(line)
        except DECODE_ERRORS as error:
            raise BadReply("it is not JSON ({})".format(error)) from error

    def result(self, line: bytes) -> Any:
        """The ``result`` of one reply.

        :raises DDSLinkError: what the controller answered instead.
        :raises Unasked: if it is an event; its epochs are noted.
        :raises BadReply: if it is neither.
        """
        reply = self.decoded(line)
        try:
            if reply["status"] == "success":
                return reply["result"]
            code, text = reply["code"], reply["error"]
            if reply["status"] == "error" and isinstance(code, str) and isinstance(text, str):
                raise _answered(code, text)
        except _MALFORMED as error:
            if self._is_event(reply):
                raise Unasked from None
            raise BadReply("it has no status, result or error") from error
        raise BadReply("its status or error is not what it should be")

    def reader(self, finish: Callable[[Any], T]) -> Callable[[bytes], T]:
        """What turns one reply into what ``finish`` makes of its result."""
        return lambda line: finish(self.result(line))

    def receipt_in(self, line: bytes) -> Receipt:
        """The receipt in one reply, as :meth:`receipt` of :meth:`result`; by a short cut where the
        codec has one, because scans wait for it."""
        try:
            reply = _decode_receipt(line)
        except DECODE_ERRORS:
            return self.receipt(self.result(line))
        if reply.status != "success":
            return self.receipt(self.result(line))
        receipt: Receipt = reply.result
        if self._epochs.get(receipt.channel) != receipt.epoch:
            self._compare({receipt.channel: receipt.epoch})
        return receipt

    def receipts_in(self, line: bytes) -> List[Receipt]:
        """The receipts in one reply, likewise."""
        try:
            reply = _decode_receipts(line)
        except DECODE_ERRORS:
            return self.receipts(self.result(line))
        if reply.status != "success":
            return self.receipts(self.result(line))
        return [self._noted(receipt) for receipt in reply.result]

    def overheard(self, lines: Lines) -> None:
        """Note the events among ``lines``, which came since the last call.

        Half an event may stay there: its end comes before the next reply.

        :raises BadReply: if anything else came. As for a few bytes that may become anything: to
            connect anew is always right, because that compares the epochs too.
        """
        for line in iter(lines.pop, None):
            if not self._is_event(self.decoded(line)):
                raise BadReply("nobody asked for it")
        if lines.buffer and not lines.starts_with(_EVENT_START):
            raise BadReply("nobody asked for it")

    def _is_event(self, message: Any) -> bool:
        """Whether a decoded line is an event. If so, the epochs in it are noted."""
        if not isinstance(message, dict) or "event" not in message:
            return False
        self.watching(message)
        return True

    def anything(self, result: Any) -> None:
        """A result that nobody needs."""

    def mapping(self, result: Any) -> Dict[str, Any]:
        """A result that is an object."""
        if not isinstance(result, dict):
            raise BadReply("its result is not an object")
        return result

    def receipt(self, result: Any) -> Receipt:
        """A result that is one receipt. Its epoch is compared with the one known."""
        try:
            return self._noted(Receipt.from_wire(result))
        except _MALFORMED as error:
            raise BadReply("it holds no receipt ({!r})".format(error)) from error

    def receipts(self, result: Any) -> List[Receipt]:
        """A result that is a list of receipts."""
        if not isinstance(result, list):
            raise BadReply("its result is not a list of receipts")
        return [self.receipt(item) for item in result]

    def renewed(self, result: Any) -> List[Receipt]:
        """As :meth:`receipts`, after our own ``sync`` or ``reset``: new epochs were asked for."""
        lost = set(self.lost)
        receipts = self.receipts(result)
        self.lost = lost
        return receipts

    def with_channels(self, result: Any) -> Dict[str, Any]:
        """A result that is an object with receipts under ``channels`` (``arm_rf``)."""
        answer = dict(self.mapping(result))
        answer["channels"] = self.receipts(answer.get("channels"))
        return answer

    def killed(self, result: Any) -> Dict[str, Any]:
        """As :meth:`with_channels`, after our own ``kill``: some devices lose their phases by it,
        which whoever kills has accepted."""
        lost = set(self.lost)
        answer = self.with_channels(result)
        self.lost = lost
        return answer

    def identified(self, result: Any) -> Dict[str, Any]:
        """The result of ``identify``. Epochs that differ from those known are a loss of state."""
        self.identity = self.mapping(result)
        epochs = self.identity.get("epochs")
        if not isinstance(epochs, list):
            raise BadReply("it has no epochs, so this is no dds_link controller")
        self._compare(dict(enumerate(epochs)))
        return self.identity

    def watching(self, result: Any) -> None:
        """An event, or the snapshot that comes first. Epochs are compared with those known."""
        receipts = self.mapping(result).get("channels") or ()
        try:
            self._compare({receipt["channel"]: receipt["epoch"] for receipt in receipts})
        except _MALFORMED as error:
            raise BadReply("it is not an event ({!r})".format(error)) from error

    def can_do_without(self, line: bytes, error: BaseException) -> bool:
        """Whether ``error`` is but an old controller's refusal to tell us of new epochs.

        Then they are noticed in the receipts of our own calls.

        :param line: what was asked.
        """
        if line is frames.WATCH and isinstance(error, DDSLinkError) and error.code in _NO_EVENTS:
            _LOGGER.debug("%s tells of no events: %s", self.where, error)
            return True
        return False

    # Epochs

    def _noted(self, receipt: Receipt) -> Receipt:
        """``receipt``, once its epoch has been compared with the one known."""
        if self._epochs.get(receipt.channel) != receipt.epoch:
            self._compare({receipt.channel: receipt.epoch})
        return receipt

    def _compare(self, epochs: Dict[int, int]) -> None:
        """Adopt ``epochs``, and note it if one differs from what was known.

        A channel that was not known yet cannot differ (the first connection, or a device that
        was missing then).
        """
        for channel, epoch in epochs.items():
            if self._epochs.setdefault(channel, epoch) != epoch:
                self._epochs[channel] = epoch
                self.lost.add(channel)

    def check_state(self) -> None:
        """Report a loss of state, once.

        :raises DDSStateLost: unless ``on_state_lost`` is ``"continue"``: then it is logged.
        """
        if not self.lost:
            return
        text = plain_text(
            "since the last call the controller at {} restarted, or a fault or somebody else "
            "reset or synchronised channel {}: settings and phases may be lost".format(
                self.where, ", ".join(map(str, sorted(self.lost)))
            )
        )
        self.lost.clear()
        if self._raise_lost:
            raise DDSStateLost(
                "state_lost: {}. Nothing was sent; set the channels again, then go on".format(text)
            )
        _LOGGER.warning("state_lost: %s", text)

    # Failures

    def unreachable(self, error: BaseException) -> DDSUnavailable:
        """The exception for a connection that could not be made."""
        reason = "no answer within {:g} s".format(self.connect_timeout)
        if not isinstance(error, Expired):
            reason = _reason(error)
        return _unavailable(
            "no_link",
            "cannot connect to {} ({}); nothing was sent. Start the controller there "
            "(aqctl_dds_link), or correct host and port".format(self.where, reason),
        )

    def failure(self, verb: str, error: BaseException) -> Optional[DDSUnavailable]:
        """The exception for what went wrong on a connection; None if ``error`` is no such thing.

        :param verb: what was asked.
        """
        if isinstance(error, Expired):
            code, what = "timeout", "did not answer {!r} within {:g} s".format(verb, self.timeout)
        elif isinstance(error, BadReply):
            code, what = "bad_reply", "did not answer {!r} as it should: {}".format(verb, error)
        elif isinstance(error, (OSError, EOFError)):
            code, what = "no_link", "was lost during {!r}: {}".format(verb, _reason(error))
        else:
            return None
        if verb in _GREETINGS:
            advice = "Nothing was changed. Is it a dds_link controller, and does it still run?"
        else:
            advice = "The command may have been applied: look with get(), or send it again"
        return _unavailable(code, "{} {}".format(self.where, what), advice)

    def ended(self, error: BaseException) -> Optional[DDSUnavailable]:
        """The exception for what ended a stream of events; None if ``error`` is no such thing."""
        if isinstance(error, BadReply):
            code, what = "bad_reply", str(error)
        elif isinstance(error, (OSError, EOFError)):
            code, what = "no_link", _reason(error)
        else:
            return None
        return _unavailable(
            code,
            "the events of {} ended: {}".format(self.where, what),
            "Call events() again: it starts with a snapshot",
        )


def _reason(error: BaseException) -> str:
    """Why a connection failed, in the operating system's words."""
    return getattr(error, "strerror", None) or str(error) or "it closed the connection"


def _unavailable(code: str, text: str, advice: str = "") -> DDSUnavailable:
    text = plain_text(text)
    return DDSUnavailable("{}: {}".format(code, "{}. {}".format(text, advice) if advice else text))


def _answered(code: str, text: str) -> DDSLinkError:
    """The exception for an error reply; one that leaves the outcome open says so."""
    error = client_error(code, text)
    if isinstance(error, DDSUnavailable) and "may have been applied" not in text:
        error = DDSUnavailable(str(error) + " (the command may have been applied)")
    return error
