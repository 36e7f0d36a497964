"""The same connection over TLS. Imported only where it is used, because ssl is slow to import."""

import socket
from ssl import SSLContext, SSLSocket, SSLWantReadError, SSLWantWriteError

from .link import Link


class TlsLink(Link):
    """A connected and authenticated TLS socket.

    A receive (:data:`.CHUNK`) takes more than the longest TLS record (16 KiB), so that no
    decrypted bytes stay behind in the TLS layer, where poll would not see them.
    """

    _sock: SSLSocket
    _would_block = (SSLWantReadError, SSLWantWriteError)


def secure(sock: socket.socket, context: SSLContext, host: str) -> TlsLink:
    """Shake hands on ``sock``, within its timeout.

    :param host: the name that the certificate must have, if the context checks names.
    :raises OSError: if the far end is not to be trusted.
    """
    return TlsLink(context.wrap_socket(sock, server_hostname=host))
