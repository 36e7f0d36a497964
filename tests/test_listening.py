"""Addresses, ports and certificates, and the names of those who were there first."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dds_link import listening
from dds_link.listening import addresses, bound_sockets, is_loopback, server_context, who_answers
from tests.serving import PATIENCE, LoopThread, served

PEM = str(Path(__file__).parent / "client" / "loopback.pem")


def has_ipv6() -> bool:
    try:
        bound_sockets(["::1"], 0)[0].close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this computer has no IPv6 loopback")


@contextmanager
def bound(hosts: list[str], port: int = 0) -> Iterator[list[socket.socket]]:
    sockets = bound_sockets(hosts, port)
    try:
        yield sockets
    finally:
        for sock in sockets:
            sock.close()


# Addresses


@pytest.fixture
def both_loopbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_is_here", lambda address: True)


@pytest.mark.usefixtures("both_loopbacks")
@pytest.mark.parametrize(
    ("bind", "no_localhost", "expected"),
    [
        ([], False, ["127.0.0.1", "::1"]),
        ([], True, []),
        (["127.0.0.1"], True, ["127.0.0.1"]),
        (["127.0.0.1", "::1", "127.0.0.1"], False, ["127.0.0.1", "::1"]),
        (["127.0.0.2"], False, ["127.0.0.1", "::1", "127.0.0.2"]),
        (["127.0.0.2", "127.0.0.2"], True, ["127.0.0.2"]),
        (["*"], False, ["0.0.0.0", "::"]),
        (["127.0.0.2", "*"], True, ["0.0.0.0", "::"]),
        # The wildcard of a kind takes the others of its kind with it: both cannot be bound.
        (["0.0.0.0"], False, ["::1", "0.0.0.0"]),
        (["::"], False, ["127.0.0.1", "::"]),
        (["0.0.0.0", "::", "127.0.0.2"], False, ["0.0.0.0", "::"]),
    ],
)
def test_addresses(bind: list[str], no_localhost: bool, expected: list[str]) -> None:
    assert addresses(bind, no_localhost) == expected


def test_names_are_resolved_and_duplicates_removed() -> None:
    found = addresses(["localhost"], no_localhost=False)
    assert found == addresses(["localhost", "127.0.0.1"], no_localhost=False)
    assert "127.0.0.1" in found


@pytest.mark.parametrize("name", ["no-such-host.invalid", "x" * 300, "\ud800"])
def test_a_name_that_cannot_be_resolved_is_named(name: str) -> None:
    with pytest.raises(OSError, match="--bind "):
        addresses([name], no_localhost=True)


def refuse(code: int) -> Callable[..., Any]:
    def refused(*arguments: Any) -> Any:
        raise OSError(code, "no")

    return refused


@pytest.mark.parametrize("code", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_addresses_that_this_computer_does_not_have_are_left_out(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(listening, "_bound", refuse(code))
    assert addresses([], no_localhost=False) == []
    assert addresses(["*"], no_localhost=False) == []


def test_any_other_trouble_with_an_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_bound", refuse(errno.EMFILE))
    with pytest.raises(OSError, match="no"):
        addresses([], no_localhost=False)


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("0.0.0.0", False), ("::", False),
     ("192.0.2.7", False), ("2001:db8::1", False)],
)  # fmt: skip
def test_loopback(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


# Ports


@needs_ipv6
def test_port_0_is_one_number_for_all_addresses() -> None:
    with bound(["127.0.0.1", "::1", "127.0.0.2"]) as sockets:
        ports = {sock.getsockname()[1] for sock in sockets}
        assert len(ports) == 1
        assert ports != {0}
        with bound(["127.0.0.3"], ports.pop()):
            pass


@needs_ipv6
def test_all_addresses_of_both_kinds_share_a_port() -> None:
    with bound(["0.0.0.0", "::"]) as (first, second):
        assert first.getsockname()[1] == second.getsockname()[1]


def test_a_free_port_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number that is free on the first address may be taken on the second."""
    really = listening._bound
    tried = []

    def unlucky(address: str, port: int) -> socket.socket:
        tried.append(address)
        if len(tried) == 2:
            raise OSError(errno.EADDRINUSE, "taken")
        return really(address, port)

    monkeypatch.setattr(listening, "_bound", unlucky)
    with bound(["127.0.0.1", "127.0.0.2"]) as sockets:
        assert len(sockets) == 2
    assert tried == ["127.0.0.1", "127.0.0.2"] * 2


def test_looking_for_a_free_port_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_bound", refuse(errno.EADDRINUSE))
    with pytest.raises(OSError, match="no"):
        bound_sockets(["127.0.0.1"], 0)


def test_a_taken_port_is_refused_at_once_and_its_address_named() -> None:
    with bound(["127.0.0.2"]) as sockets:
        port = sockets[0].getsockname()[1]
        with pytest.raises(OSError, match=r"\(127\.0\.0\.2\)") as caught:
            bound_sockets(["127.0.0.1", "127.0.0.2"], port)
        assert caught.value.errno == errno.EADDRINUSE
        with bound(["127.0.0.1"], port):  # given back
            pass


def test_an_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(OSError, match=r"\(192\.0\.2\.1\)"):
        bound_sockets(["192.0.2.1"], 0)


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_number_that_is_no_port(port: int) -> None:
    with pytest.raises(OSError, match=rf"a port is 0 \.\.\. 65535, not {port}") as caught:
        bound_sockets(["127.0.0.1"], port)
    assert caught.value.errno == errno.EINVAL


def test_no_address_is_no_socket() -> None:
    assert bound_sockets([], 0) == []


def test_dead_connections_are_noticed() -> None:
    with bound(["127.0.0.1"]) as (listener,):
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


def test_elsewhere_than_on_posix_a_port_is_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening.os, "name", "nt")
    monkeypatch.setattr(listening, "_KEEPALIVE", (("TCP_WHAT_WINDOWS_LACKS", 1),))
    with bound(["127.0.0.1"]) as (listener,):
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 0


# TLS


def test_certificates_of_clients_are_required() -> None:
    context = server_context(PEM, PEM, PEM)
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_tls_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    absent = str(tmp_path / "absent.pem")
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("garbage")
    for bad in (absent, str(garbage)):
        with pytest.raises(OSError, match=r"--ssl: cannot use .*(absent|garbage)\.pem"):
            server_context(PEM, PEM, bad)
        with pytest.raises(OSError, match=r"--ssl: cannot use .*(absent|garbage)\.pem"):
            server_context(bad, PEM, PEM)
        with pytest.raises(OSError, match=r"--ssl: cannot use .*(absent|garbage)\.pem"):
            server_context(PEM, bad, PEM)


# Who is there


@contextmanager
def answering(answer: bytes | None) -> Iterator[int]:
    """A port whose owner says ``answer`` to everything, or nothing."""
    with bound(["127.0.0.1"]) as (listener,):
        asked: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                asked.append(sock)
                if answer is not None:
                    sock.recv(4096)
                    sock.sendall(answer)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)
            for sock in asked:
                sock.close()


def test_a_controller_is_known_by_its_json_port(loop: LoopThread) -> None:
    with served(loop) as board:
        who = who_answers("127.0.0.1", board.port)
    assert who.startswith("a dds_link controller, version ")
    assert who.endswith(", ad9910, a simulation")


def test_hardware_is_said_to_be_hardware() -> None:
    reply = b'{"status":"success","result":{"version":"1","device":"ad9910","simulation":false}}\n'
    with answering(reply) as port:
        assert who_answers("127.0.0.1", port).endswith("ad9910, hardware")


def test_an_artiq_controller_is_known_by_its_targets() -> None:
    with answering(b'{"targets": ["lda"], "description": null}\n') as port:
        assert who_answers("127.0.0.1", port) == "an ARTIQ controller with the target lda"


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"[]\n", b'{"result":3}\n', b'{"result":{}}\n', b"\xff\n", b"\n",
     b"7\n", b'{"targets":3}\n'],
)  # fmt: skip
def test_another_program_is_nobody_we_know(answer: bytes) -> None:
    with answering(answer) as port:
        assert who_answers("127.0.0.1", port) == ""


def test_a_silent_program_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "PROBE_TIMEOUT", 0.01)
    with answering(None) as port:
        assert who_answers("127.0.0.1", port) == ""


def test_nobody_is_nobody() -> None:
    with bound(["127.0.0.1"]) as (sock,):
        port = sock.getsockname()[1]
    assert who_answers("127.0.0.1", port) == ""
