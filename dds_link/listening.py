"""Where a controller listens: addresses, ports, certificates, and who is there already."""

from __future__ import annotations

import errno
import json
import socket
import ssl
from typing import Sequence

LOOPBACK = ("127.0.0.1", "::1")
EVERYWHERE = ("0.0.0.0", "::")

# Addresses that this computer does not have (IPv6 switched off, say) are no reason to give up.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)

TRIES = 20
"""How often another free port is tried before giving up."""
PROBE_TIMEOUT = 1.0
"""Seconds to wait for whoever holds a port to say who it is."""


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
        for info in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM):
            found.append(str(info[4][0]))
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


def _bound(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    return sock


def bound_sockets(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Sockets bound on every host to one port.

    :param port: 0 picks one that is free on all of them.
    :raises OSError: if the port cannot be had.
    """
    for attempt in range(TRIES):
        sockets: list[socket.socket] = []
        try:
            for host in hosts:
                number = sockets[0].getsockname()[1] if sockets else port
                sockets.append(_bound(host, number))
            return sockets
        except OSError as error:
            for sock in sockets:
                sock.close()
            if port or error.errno != errno.EADDRINUSE or attempt == TRIES - 1:
                raise
    return []


def server_context(cert: str, key: str, peer: str) -> ssl.SSLContext:
    """TLS with client certificates, as sipyco's ``--ssl CERT KEY PEER``.

    :param cert: file with our certificate.
    :param key: file with our private key.
    :param peer: file with the certificates of the clients to trust.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cafile=peer)
    context.load_cert_chain(cert, key)
    return context


def who_answers(host: str, port: int) -> str:
    """What answers on a port that is taken, in a few words."""
    for question, describe in ((b'{"command_id":"identify"}\n', _describe_json),
                               (b"ARTIQ pc_rpc\n", _describe_rpc)):  # fmt: skip
        try:
            with socket.create_connection((host, port), PROBE_TIMEOUT) as sock:
                sock.sendall(question)
                answer = sock.makefile("rb").readline(4096)
            return describe(json.loads(answer))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return "another program"


def _describe_json(answer: dict[str, dict[str, str]]) -> str:
    result = answer["result"]
    kind = "a simulation" if result["simulation"] else "hardware"
    return f"a dds_link controller, version {result['version']}, {result['device']}, {kind}"


def _describe_rpc(answer: dict[str, list[str]]) -> str:
    return f"an ARTIQ controller with the target {' '.join(answer['targets'])}"
