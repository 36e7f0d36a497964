"""Children that say where they listen, and end with the block."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from benchmarks import servers
from dds_link.config import load


@pytest.mark.parametrize("kind", ["blocking", "protocol", "streams"])
def test_an_echo_server_sends_back_what_came(kind: str) -> None:
    with servers.echo(kind) as server:
        with socket.create_connection(("127.0.0.1", server.port("echo")), timeout=20) as sock:
            sock.sendall(b"one line\n")
            assert sock.recv(100) == b"one line\n"


def test_a_server_that_does_not_start_is_reported() -> None:
    with servers.Server("json.tool", ["/nonexistent"]) as server:
        with pytest.raises(servers.CannotRun, match=r"json\.tool did not start"):
            server.port("echo")


def test_the_board_is_one_that_a_controller_takes(tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    servers.write_board(path, 64)
    config = load(path)
    assert [channel.name for channel in config.channels] == [f"channel{i}" for i in range(64)]
