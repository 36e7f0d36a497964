"""The same connection over TLS. Imported only where it is used, because ssl is slow to import."""

import socket
from ssl import SSLContext, SSLSocket, SSLWantReadError, SSLWantWriteError
from typing import Any, Callable, Optional

from .link import CHUNK, Link


class TlsLink(Link):
    """A connected and authenticated TLS socket."""

    _sock: SSLSocket

    def is_idle(self) -> bool:
        """As :meth:`.Link.is_idle`; TLS's own messages (session tickets) do not count."""
        if self._lines or self._sock.pending():
            return False
        if not self._readable(0):
            return True
        try:
            return self._receive() is None
        except OSError:
            return False

    def _wait(self, ready: Callable[[int], Any], deadline: float) -> None:
        """Bytes that are decrypted already do not show in poll."""
        if not self._sock.pending():
            super()._wait(ready, deadline)

    def _send(self, data: bytes) -> int:
        try:
            return self._sock.send(data)
        except (SSLWantReadError, SSLWantWriteError):
            return 0

    def _receive(self) -> Optional[bytes]:
        try:
            return self._sock.recv(CHUNK)
        except (SSLWantReadError, SSLWantWriteError):
            return None


def secure(sock: socket.socket, context: SSLContext, host: str) -> TlsLink:
    """Shake hands on ``sock``, within its timeout.

    :param host: the name that the certificate must have, if the context checks names.
    :raises OSError: if the far end is not to be trusted.
    """
    return TlsLink(context.wrap_socket(sock, server_hostname=host))
