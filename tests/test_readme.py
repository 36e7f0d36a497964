"""What the README says is so: its examples are run, its commands are the ones that CI runs."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dds_link import config as configuration
from tests.running import DEADLINE, Running, running

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LAB = b"""
[device]
type = "ad9910"
channels = 4
refclk = 25e6
sysclk = 1e9
transport = "spidev:0"
[device.pins]
io_update = "gpiochip0:17"
[[channel]]
index = 0
name = "cooling"
min_frequency = 60e6
max_frequency = 120e6
"""


def blocks(language: str) -> list[str]:
    """The README's code blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def lab() -> Any:
    with running(configuration.parse(LAB, "lab.toml")) as controller:
        yield controller


def exchange(port: int, line: str) -> Any:
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as sock:
        sock.sendall(line.encode() + b"\n")
        return json.loads(sock.makefile("rb").readline())


def agrees(said: Any, is_so: Any) -> bool:
    """Equal, floats to the digits that the README prints, epochs not at all."""
    if isinstance(said, dict):
        return said.keys() == is_so.keys() and all(
            key == "epoch" or agrees(value, is_so[key]) for key, value in said.items()
        )
    return bool(said == (pytest.approx(is_so, rel=1e-5) if isinstance(said, float) else is_so))


def test_the_first_two_blocks_are_one_command_line_each() -> None:
    first, second = re.findall(r"^```\w*\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[:2]
    assert first.count("\n") == second.count("\n") == 1
    assert "dds_link.demo" in first
    assert "pytest" in second


@pytest.mark.parametrize("example", blocks("json"))
def test_wire_examples(lab: Running, example: str) -> None:
    request, reply = example.splitlines()
    assert agrees(json.loads(reply), exchange(lab.json_port, request))


def test_device_db_block_is_in_the_example_device_db() -> None:
    said: dict[str, Any] = {}
    full: dict[str, Any] = {}
    exec(next(b for b in blocks("python") if b.startswith("device_db")), said)
    exec((ROOT / "device_db_example.py").read_text(encoding="utf-8"), full)
    for name, entry in said["device_db"].items():
        assert full["device_db"][name] == entry


def test_client_block(lab: Running, capsys: pytest.CaptureFixture[str]) -> None:
    block = next(b for b in blocks("python") if "as dds:" in b)
    exec(block.replace("65432", str(lab.json_port)), {})
    assert "80000000.0745058" in capsys.readouterr().out
    assert all(lab.tone(channel).amplitude == 0 for channel in range(4))


def test_template_blocks() -> None:
    """The server's block, which serves for ever, answers what the client's block sends."""
    server = next(b for b in blocks("python") if "import start_server" in b)
    client = next(b for b in blocks("python") if "import send_data" in b)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])  # free a moment ago: the template takes no 0
    answers: list[Any] = []
    call = client.replace("debug=True", f"port={port}, server_success=note")
    process = subprocess.Popen(
        [sys.executable, "-c", server.replace("65432", port)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            said = [process.stdout.readline(), process.stdout.readline()]
            exec(call, {"note": answers.append})
        finally:
            process.terminate()
    assert "SIMULATION" in said[0]
    assert said[1] == f"listening json=127.0.0.1:{port}\n"
    assert answers[0]["result"]["words"]["ftw"] == 343597384


def test_documents_it_names_exist() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
