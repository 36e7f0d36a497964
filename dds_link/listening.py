"""Where a controller listens: addresses, ports, certificates, and who is there already."""

from __future__ import annotations

import errno
import json
import os
import socket
import ssl
from collections.abc import Sequence

LOOPBACK = ("127.0.0.1", "::1")
EVERYWHERE = ("0.0.0.0", "::")

# Addresses that this computer does not have (IPv6 switched off, say) are no reason to give up.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)

TRIES = 20
"""How often another free port is tried before giving up."""
BACKLOG = 128
"""Most connections that wait to be accepted."""
PROBE_TIMEOUT = 1.0
"""Seconds to wait for whoever holds a port to say who it is."""

# So that the place of a client whose computer was switched off is free again after 1.5 minutes.
_KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


def addresses(bind: Sequence[str], no_localhost: bool) -> list[str]:
    """Numeric addresses to listen on, without duplicates, as sipyco's arguments mean them.

    :param bind: names and addresses beside loopback; ``*`` means all.
    :param no_localhost: leave loopback out unless it is named.
    :raises OSError: if a name cannot be resolved.
    """
    if "*" in bind:
        return [address for address in EVERYWHERE if _is_here(address)]
    found = [] if no_localhost else [address for address in LOOPBACK if _is_here(address)]
    for name in bind:
        try:
            infos = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OSError(f"--bind {name}: {reason}") from None
        found += [str(info[4][0]) for info in infos]
    for everything in EVERYWHERE:  # nothing else of its kind can be bound beside it
        if everything in found:
            found = [a for a in found if a == everything or _family(a) != _family(everything)]
    return list(dict.fromkeys(found))


def is_loopback(address: str) -> bool:
    """True if only this computer can reach ``address``."""
    return address == "::1" or address.startswith("127.")


def _is_here(address: str) -> bool:
    try:
        _bound(address, 0).close()
    except OSError as error:
        if error.errno in _NOT_HERE:
            return False
        raise
    return True


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _bound(address: str, port: int) -> socket.socket:
    # Named, because asyncio sends small events at once (TCP_NODELAY) only where it reads "TCP".
    sock = socket.socket(_family(address), socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it would let two programs share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # connections inherit it
        for option, value in _KEEPALIVE:
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        sock.bind((address, port))
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"{error.strerror} ({address})") from None
    return sock


def bound_sockets(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Sockets that listen on one port of every host.

    :param port: 0 picks one that is free on all of them.
    :raises OSError: if the port cannot be had.
    """
    if not 0 <= port < 1 << 16:
        raise OSError(errno.EINVAL, f"a port is 0 ... 65535, not {port}")
    tries = TRIES
    while True:
        sockets: list[socket.socket] = []
        try:
            for host in hosts:
                number = sockets[0].getsockname()[1] if sockets else port
                sockets.append(_bound(host, number))
                sockets[-1].listen(BACKLOG)  # only now nobody else can have the port
            return sockets
        except OSError as error:
            for sock in sockets:
                sock.close()
            tries -= 1
            if port or error.errno != errno.EADDRINUSE or not tries:
                raise


def server_context(cert: str, key: str, peer: str) -> ssl.SSLContext:
    """TLS with client certificates, as sipyco's ``--ssl CERT KEY PEER``.

    :param cert: file with our certificate.
    :param key: file with our private key.
    :param peer: file with the certificates of the clients to trust.
    :raises OSError: if a file cannot be used; the text names it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_verify_locations(cafile=peer)
    except OSError as error:
        raise OSError(f"--ssl: cannot use {peer}: {error.strerror or error}") from None
    try:
        context.load_cert_chain(cert, key)
    except OSError as error:
        raise OSError(f"--ssl: cannot use {cert} with {key}: {error.strerror or error}") from None
    return context


def who_answers(host: str, port: int) -> str:
    """What answers on a port, in a few words; empty if it cannot be told."""
    for question, describe in ((b'{"command_id":"identify"}\n', _describe_json),
                               (b"ARTIQ pc_rpc\n", _describe_rpc)):  # fmt: skip
        try:
            with socket.create_connection((host, port), PROBE_TIMEOUT) as sock:
                sock.sendall(question)
                answer = sock.makefile("rb").readline(4096)
            return describe(json.loads(answer))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return ""


def _describe_json(answer: dict[str, dict[str, str]]) -> str:
    result = answer["result"]
    kind = "a simulation" if result["simulation"] else "hardware"
    return f"a dds_link controller, version {result['version']}, {result['device']}, {kind}"


def _describe_rpc(answer: dict[str, list[str]]) -> str:
    return f"an ARTIQ controller with the target {' '.join(answer['targets'])}"
