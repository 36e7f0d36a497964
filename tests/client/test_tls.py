"""Both clients over TLS with client certificates."""

import asyncio
import socket
import ssl
import threading
from pathlib import Path

import pytest

from dds_link.client import AsyncClient, Client
from dds_link.errors import DDSStateLost, DDSUnavailable

from .cases import COOLING, COOLING_RECEIPT, EPOCHS
from .conformance import CHANGED, PING, READY, SET, SNAPSHOT, SUBSCRIBE, pings, told
from .scripted_server import ScriptedServer, line, success
from .test_aio import Blocking

PEM = str(Path(__file__).with_name("loopback.pem"))


def context(
    purpose: ssl.Purpose, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> ssl.SSLContext:
    """Either end's context: shows the one certificate, and trusts it alone."""
    made = ssl.create_default_context(purpose, cafile=PEM)
    made.load_cert_chain(PEM)
    made.minimum_version = made.maximum_version = version
    made.verify_mode = ssl.CERT_REQUIRED
    return made


SERVER = ssl.Purpose.CLIENT_AUTH
CLIENT = ssl.Purpose.SERVER_AUTH


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def ends(request):
    """Contexts of server and client."""
    return context(SERVER, request.param), context(CLIENT, request.param)


def test_one_connection_serves_many_calls(ends):
    """The session tickets that TLS 1.3 sends unasked do not count as unasked bytes."""

    def play(peer):
        peer.greet()
        for _ in range(3):
            peer.answer(PING, READY)
        peer.answer(SET, COOLING)
        peer.expect_close()

    with ScriptedServer(play, tls=ends[0]) as server:
        with Client(port=server.port, ssl=ends[1]) as dds:
            for _ in range(3):
                assert dds.ping() == READY
            assert dds.set(0, frequency=80e6) == COOLING_RECEIPT


def test_large_requests_and_replies_in_pieces(ends):
    changes = [{"channel": "c{:031}".format(i)} for i in range(100000)]
    reply = success([COOLING] * 1000)

    def play(peer):
        peer.greet()
        peer.expect({"command_id": "apply", "changes": changes})
        peer.send(*(reply[i : i + 5000] for i in range(0, len(reply), 5000)))
        peer.expect_close()

    with ScriptedServer(play, tls=ends[0]) as server:
        with Client(port=server.port, ssl=ends[1]) as dds:
            assert dds.apply(changes) == [COOLING_RECEIPT] * 1000


@pytest.mark.parametrize("unasked", [b"", success(COOLING)], ids=["closed", "unasked bytes"])
def test_a_connection_that_died_or_spoke_while_idle_is_replaced_first(ends, unasked):
    def first(peer):
        peer.greet()
        peer.answer(PING, READY)
        peer.send(unasked)

    with ScriptedServer(first, pings, tls=ends[0]) as server:
        with Client(port=server.port, ssl=ends[1]) as dds:
            dds.ping()
            server.wait_end(0)
            assert dds.ping() == READY


def test_bytes_that_came_with_a_reply_count_as_unasked(ends):
    def first(peer):
        peer.greet()
        peer.expect(PING)
        peer.send(success(READY) + success(COOLING))
        peer.expect_close()

    with ScriptedServer(first, pings, tls=ends[0]) as server:
        with Client(port=server.port, ssl=ends[1]) as dds:
            assert dds.ping() == READY
            assert dds.ping() == READY


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_new_epochs_are_reported_once_and_before_anything_is_sent(ends, kind):
    told_so = threading.Event()

    def play(peer):
        peer.greet()
        peer.send(*[told("device", EPOCHS)] * 20, told(), told()[:20])
        told_so.set()
        peer.expect(PING)
        peer.send(told()[20:], success(READY))
        peer.expect_close()

    with ScriptedServer(play, tls=ends[0]) as server:
        loop = asyncio.new_event_loop()
        dds = kind(port=server.port, ssl=ends[1])
        if kind is AsyncClient:
            dds = Blocking(dds, loop)
        with dds:
            assert told_so.wait(10)
            with pytest.raises(DDSStateLost):
                dds.ping()
            assert dds.ping() == READY
        loop.close()


def test_a_connection_whose_encryption_broke_while_idle_is_replaced_first(ends):
    def first(peer):
        peer.greet()
        peer.answer(PING, READY)
        peer.send_unencrypted(b"GET / HTTP/1.1\r\n\r\n")

    with ScriptedServer(first, pings, tls=ends[0]) as server:
        with Client(port=server.port, ssl=ends[1]) as dds:
            dds.ping()
            server.wait_end(0)
            assert dds.ping() == READY


def test_events(ends):
    def play(peer):
        peer.answer(SUBSCRIBE, SNAPSHOT)
        peer.send(*[line({**CHANGED, "seq": seq}) for seq in range(42, 142)])
        peer.expect_close()

    with ScriptedServer(play, tls=ends[0]) as server:
        with Client(port=server.port, ssl=ends[1]).events() as events:
            assert [next(events).seq for _ in range(101)] == list(range(41, 142))


def test_a_server_that_is_not_trusted_gets_nothing(ends):
    strangers = ssl.create_default_context()

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def shake():
            sock, _ = listener.accept()
            with sock, pytest.raises(OSError):  # noqa: PT011  # SSLError or a reset
                ends[0].wrap_socket(sock, server_side=True).recv(1)

        thread = threading.Thread(target=shake)
        thread.start()
        with pytest.raises(DDSUnavailable) as unavailable:
            Client(port=listener.getsockname()[1], ssl=strangers).ping()
        thread.join()
    assert unavailable.value.code == "no_link"
    assert "certificate" in str(unavailable.value).lower()


def test_a_server_without_tls_is_not_spoken_to(ends):
    with ScriptedServer(lambda peer: peer.send(b"hello?\n")) as server:
        with pytest.raises(DDSUnavailable, match="no_link"):
            Client(port=server.port, ssl=ends[1]).ping()


def test_the_asyncio_client(ends):
    async def main(port):
        async with AsyncClient(port=port, ssl=ends[1]) as dds:
            return await dds.ping()

    with ScriptedServer(pings, tls=ends[0]) as server:
        assert asyncio.run(main(server.port)) == READY
