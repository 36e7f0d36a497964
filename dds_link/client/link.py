"""One blocking TCP connection: a line out, a line in, before a deadline.

The socket does not block: a send usually succeeds at once, so that one exchange costs a send, a
poll and a receive. This file does not know what a line means.
"""

import select
import socket
from time import monotonic
from typing import TYPE_CHECKING, Any, Callable, Optional, Tuple, Type, TypeVar

from .core import RECEIVES, BadReply, Expired, Lines, Unasked

if TYPE_CHECKING:
    from ssl import SSLContext

T = TypeVar("T")

CHUNK = 1 << 16
"""Bytes per receive."""

# A peer that vanished without a word (power cut, pulled cable) is noticed after 10 + 3 * 5 s.
_KEEPALIVE = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
# Windows delivers Ctrl-C only between two waits.
_SLICE_MS = 1000


def waiter(sock: socket.socket, write: bool = False) -> Callable[[int], Any]:
    """A function that waits for ``sock`` up to some milliseconds, and tells whether it is ready.

    poll rather than select, which fails for a process with 1024 open files; Windows has select
    alone, there without that limit.
    """
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLOUT if write else select.POLLIN)
        return poll.poll

    def wait(ms: int) -> bool:
        ready = ([], [sock], [sock]) if write else ([sock], [], [])
        return any(select.select(*ready, ms / 1000))

    return wait


def tune(sock: socket.socket) -> None:
    """Send small frames at once, and notice a peer that vanished."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Link:
    """A connected socket.

    Every method but :meth:`close` raises ``OSError`` or ``EOFError`` when the link is lost.

    :param sock: is owned from now on.
    """

    # What the socket raises for "not now".
    _would_block: Tuple[Type[OSError], ...] = (BlockingIOError,)

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._lines = Lines()
        self._readable = waiter(sock)

    def is_idle(self) -> bool:
        """Whether the far end is there, as far as is known, and has sent nothing unasked."""
        return not (self._lines.buffer or self._readable(0))

    def gather(self) -> Lines:
        """Receive what is there, without waiting; everything that waits to be taken.

        :raises BadReply: if it does not end.
        """
        for _ in range(RECEIVES):
            if not self._readable(0):
                return self._lines
            try:
                data = self._sock.recv(CHUNK)
            except self._would_block:
                return self._lines
            if not data:
                raise EOFError
            self._lines.feed(data)
        raise BadReply("nobody asked for so much")

    def exchange(self, line: bytes, timeout: float, read: Callable[[bytes], T]) -> T:
        """Send a line, and return what ``read`` makes of the next one.

        :param timeout: for both together, seconds.
        :param read: raises :exc:`.Unasked` for a line that is not the reply; then the next is read.
        :raises Expired: after that time.
        :raises BadReply: if it is too long.
        """
        deadline = monotonic() + timeout
        try:
            sent = self._sock.send(line)
        except self._would_block:
            sent = 0
        if sent < len(line):
            self._send(line[sent:], deadline)
        while True:
            try:
                return read(self.read_line(deadline))
            except Unasked:
                pass

    def read_line(self, deadline: float) -> bytes:
        """Return the next line.

        :param deadline: ``time.monotonic()`` at which to give up, or infinity.
        :raises Expired: at the deadline.
        :raises BadReply: if it is too long.
        """
        lines = self._lines
        line = lines.pop() if lines.buffer else None
        while line is None:
            left = deadline - monotonic()
            if self._readable(_SLICE_MS if left > 1 else _milliseconds(left)):
                try:
                    data = self._sock.recv(CHUNK)
                except self._would_block:
                    continue  # a false alarm
                if not data:
                    raise EOFError
                line = lines.pass_through(data)
        return line

    def shut_down(self) -> None:
        """End the conversation: a thread that waits in :meth:`read_line` gets ``EOFError``."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # The far end was first.

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def _send(self, data: bytes, deadline: float) -> None:
        """Send what the socket had no room for."""
        writable = waiter(self._sock, write=True)
        while data:
            if writable(_milliseconds(deadline - monotonic())):
                try:
                    data = data[self._sock.send(data) :]
                except self._would_block:
                    pass


def _milliseconds(left: float) -> int:
    """For how long to wait now, with ``left`` seconds to go.

    :raises Expired: if that is none.
    """
    if left <= 0:
        raise Expired
    # One more than the floor: rounded down, the last millisecond would be spent spinning.
    return _SLICE_MS if left > 1 else int(left * 1000) + 1


def connect(host: str, port: int, timeout: float, context: "Optional[SSLContext]" = None) -> Link:
    """Connect to the first address of ``host`` that answers.

    :param timeout: for all addresses together, seconds. Looking up a name is not included: the
        operating system has no limit to set for that.
    :param context: for TLS.
    :raises OSError: the last address's reason.
    """
    deadline = monotonic() + timeout
    failed: OSError = OSError("the name has no address")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError("{!r} is not a host name".format(host)) from error
    for number, (family, kind, proto, _, address) in enumerate(found):
        # Each gets its share of what is left, so that a silent one does not starve the next.
        share = max(deadline - monotonic(), 0.001) / (len(found) - number)
        try:
            sock = socket.socket(family, kind, proto)
        except OSError as error:  # no IPv6 in this kernel
            failed = error
            continue
        try:
            sock.settimeout(share)
            sock.connect(address)
            tune(sock)
            if context is None:
                return Link(sock)
            from .tls import secure

            return secure(sock, context, host)
        except BaseException as error:
            sock.close()
            if not isinstance(error, OSError):
                raise
            failed = error
    raise failed
