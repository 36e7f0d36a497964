"""One request to a scripted controller."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dds_link.cli.exchange import Answer, ask, far_end
from dds_link.cli.words import UsageError
from dds_link.client import frames
from dds_link.errors import DDSRefused, DDSUnavailable

from ..client.cases import IDENTITY
from ..client.scripted_server import Peer, ScriptedServer, refusal

PEM = str(Path(__file__).parent.parent / "client" / "loopback.pem")
HELLO = {"command_id": "hello", "client": "aqcli_dds_link"}
PING = {"command_id": "ping"}
READY = {"device": "ready"}


def exchange(
    server: ScriptedServer, read: Callable[[Any], Any] = dict, greet: bool = True, **options: Any
) -> Answer:
    far = far_end(
        **{"host": "127.0.0.1", "port": server.port, "timeout": 5.0, "ssl": None, **options}
    )
    return ask(far, "ping", frames.PING, read, greet)


def greeted(peer: Peer) -> None:
    peer.answer(HELLO, {})
    peer.answer({"command_id": "identify"}, IDENTITY)


def answers_ping(peer: Peer) -> None:
    greeted(peer)
    peer.answer(PING, READY)
    peer.expect_close()


def refuses_ping(peer: Peer) -> None:
    greeted(peer)
    peer.expect(PING)
    peer.send(refusal("busy", "the queue is full"))
    peer.expect_close()


def test_it_says_who_it_is_asks_who_is_there_then_asks() -> None:
    with ScriptedServer(answers_ping) as server:
        assert exchange(server) == Answer(READY, READY)


def test_what_is_urgent_asks_nothing_first() -> None:
    def play(peer: Peer) -> None:
        peer.answer(HELLO, {})
        peer.answer(PING, READY)
        peer.expect_close()

    with ScriptedServer(play) as server:
        assert exchange(server, greet=False).result == READY


def test_the_result_is_kept_beside_what_was_made_of_it() -> None:
    with ScriptedServer(answers_ping) as server:
        answer = exchange(server, read=lambda result: result["device"])
        assert answer == Answer(result=READY, value="ready")


def test_a_refusal_is_raised() -> None:
    with ScriptedServer(refuses_ping) as server, pytest.raises(DDSRefused, match="busy: the queue"):
        exchange(server)


@pytest.mark.parametrize(
    "read",
    [lambda result: result["channels"], lambda result: result[0], lambda result: result.missing,
     lambda result: int(result["device"]), lambda result: result + 1],
)  # fmt: skip
def test_a_result_that_cannot_be_read_is_a_bad_reply(read: Callable[[Any], Any]) -> None:
    with ScriptedServer(answers_ping) as server, pytest.raises(DDSUnavailable) as caught:
        exchange(server, read=read)
    assert caught.value.code == "bad_reply"


def test_nobody_there() -> None:
    with ScriptedServer() as server:
        pass
    with pytest.raises(DDSUnavailable, match="no_link: cannot connect to 127.0.0.1"):
        exchange(server)


@pytest.mark.parametrize("options", [{"port": 0}, {"timeout": 0.0}, {"timeout": float("nan")}])
def test_a_setting_that_makes_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="must be"):
        far_end(**{"host": "127.0.0.1", "port": 1, "timeout": 5.0, "ssl": None, **options})


def test_with_certificates_it_speaks_tls() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(PEM)
    context.load_cert_chain(PEM)
    with ScriptedServer(answers_ping, tls=context) as server:
        assert exchange(server, ssl=[PEM, PEM, PEM]).result == READY


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_certificate_that_cannot_be_used(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "peer.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match="--ssl .*peer.pem: "):
        far_end("127.0.0.1", 1, 5.0, [PEM, PEM, str(path)])
