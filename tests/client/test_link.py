"""One connection by itself: what a socket may do that a scripted server does not."""

import socket
import ssl
import time

import pytest

from dds_link.client.core import RECEIVES, BadReply, Expired
from dds_link.client.link import Link, connect, tune
from dds_link.client.tls import TlsLink


class Sulking:
    """A socket that is never ready, although poll said so."""

    def __init__(self, sock, error):
        self._sock = sock
        self._error = error

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def send(self, data):
        raise self._error

    def recv(self, size):
        raise self._error


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Link, BlockingIOError()),
        (TlsLink, ssl.SSLWantReadError()),
        (TlsLink, ssl.SSLWantWriteError()),
    ],
)
def test_false_alarms_are_waited_out_until_the_deadline(pair, kind, error):
    ours, theirs = pair
    link = kind(Sulking(ours, error))
    with pytest.raises(Expired):
        link.exchange(b"never sent\n", 0.02, bytes)
    theirs.sendall(b"never received")
    with pytest.raises(Expired):
        link.read_line(time.monotonic() + 0.02)
    assert not link.gather().buffer


def test_the_deadline_of_a_line_may_be_never(pair):
    ours, theirs = pair
    link = Link(ours)
    theirs.sendall(b"first\nsecond\n")
    assert link.read_line(float("inf")) == b"first\n"
    assert link.read_line(0.0) == b"second\n"
    with pytest.raises(Expired):
        link.read_line(0.0)


def test_gathering_takes_what_is_there_and_waits_for_nothing(pair):
    ours, theirs = pair
    link = Link(ours)
    assert link.gather().pop() is None
    theirs.sendall(b"first\nsecond\nhalf")
    lines = link.gather()
    assert [lines.pop(), lines.pop(), lines.pop()] == [b"first\n", b"second\n", None]
    assert not link.is_idle()
    theirs.sendall(b" a line\n")
    assert link.read_line(float("inf")) == b"half a line\n"
    assert link.is_idle()
    theirs.close()
    with pytest.raises(EOFError):
        link.gather()


def test_gathering_ends_where_the_far_end_does_not(pair):
    class Endless(Sulking):
        received = 0

        def recv(self, size):
            self.received += 1
            return b"{}\n"

    ours, theirs = pair
    sock = Endless(ours, None)
    theirs.sendall(b"so that it is readable")
    with pytest.raises(BadReply, match="so much"):
        Link(sock).gather()
    assert sock.received == RECEIVES


def test_shutting_down_after_the_far_end_is_fine():
    link = Link(socket.socket())
    link.shut_down()
    link.close()


def test_a_system_without_these_options_keeps_its_own(monkeypatch):
    monkeypatch.delattr(socket, "TCP_KEEPIDLE", raising=False)
    with socket.socket() as sock:
        tune(sock)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_a_name_without_addresses(monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: [])
    with pytest.raises(OSError, match="no address"):
        connect("nowhere.invalid", 1, 1.0)
