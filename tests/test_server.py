"""The template's server side: its users' scripts keep working."""

from __future__ import annotations

import asyncio
import json
import math
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dds_link import config as configuration
from dds_link import server
from dds_link.client import send_data
from dds_link.controller import PortTaken
from dds_link.errors import Busy, ConfigError
from tests.processes import ENVIRONMENT, Program
from tests.serving import PATIENCE, LoopThread, Peer

SET = {"command_id": "set", "channel": 0, "frequency": 80e6, "amplitude": 0.5}


class Printed:
    """Takes the place of ``print`` in the server."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.listening = threading.Event()

    def __call__(self, line: str, flush: bool = False) -> None:
        self.lines.append(line)
        if line.startswith("listening json="):
            self.listening.set()

    @property
    def port(self) -> int:
        return int(self.lines[-1].rpartition(":")[2]) if self.listening.is_set() else 0


class Running:
    """A server in a loop."""

    def __init__(self, loop: LoopThread, port: int, printed: Printed) -> None:
        self.loop, self.port, self.printed = loop, port, printed

    def connect(self) -> Peer:
        return Peer(self.port)

    def ask(self, data: Any) -> Any:
        """The reply to one object, over a connection of its own."""
        with self.connect() as peer:
            peer.send(data)
            return peer.receive()


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Printed:
    catcher = Printed()
    monkeypatch.setattr(server, "print", catcher, raising=False)
    return catcher


Start = Callable[..., Any]


@pytest.fixture
def start(loop: LoopThread, printed: Printed) -> Start:
    """Starts a server as ``start_server`` does, off the main thread; ends it after the block."""

    @contextmanager
    def started(
        interact: Any = None, config: Any = None, debug: bool = False, port: int = 0
    ) -> Iterator[Running]:
        async def begin() -> asyncio.Task[None]:
            serving = server._serve("127.0.0.1", port, debug, interact, config)
            return asyncio.ensure_future(serving)

        task = loop.run(begin())
        try:
            assert printed.listening.wait(PATIENCE)
            yield Running(loop, printed.port, printed)
        finally:
            loop.call(task.cancel)

            async def ended() -> None:
                await asyncio.wait([task])

            loop.run(ended())

    return started


# The DDS service


def test_without_a_config_it_simulates_and_says_so(start: Start) -> None:
    with start() as running:
        assert running.printed.lines[0].startswith("SIMULATION")
        assert running.ask({"command_id": "identify"})["result"]["simulation"] is True
        assert running.ask(SET)["result"]["words"]["ftw"] == 343597384
        assert running.ask({**SET, "frequency": 1e9})["code"] == "out_of_range"


@pytest.mark.parametrize("as_path", [False, True])
def test_with_a_config_it_drives_the_hardware_of_the_config(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_path: bool
) -> None:
    made = []

    class Noted(server.Assembly):
        def __init__(self, config: configuration.Config, simulation: bool) -> None:
            made.append((config.channels[0].name, simulation))
            super().__init__(config, True)  # there is no hardware in a test

    monkeypatch.setattr(server, "Assembly", Noted)
    text = """
        [device]
        type = "ad9910"
        channels = 1
        refclk = 25e6
        sysclk = 1e9
        transport = "spidev:0"
        [device.pins]
        io_update = "gpiochip0:17"
        io_reset = "gpiochip0:22"
        [[channel]]
        index = 0
        name = "lattice"
        chip_select = 0
        """
    path = tmp_path / "lab.toml"
    path.write_text(text)
    with start(config=str(path) if as_path else configuration.load(path)) as running:
        assert running.ask(SET)["result"]["name"] == "lattice"
        assert not [line for line in running.printed.lines if "SIMULATION" in line]
    assert made == [("lattice", False)]


@pytest.mark.parametrize("interact", [None, lambda data: None], ids=["dds", "lab"])
def test_a_config_that_cannot_be_used_is_raised_before_the_port_is_claimed(
    loop: LoopThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interact: Any
) -> None:
    monkeypatch.setattr(server, "claim", pytest.fail)
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        loop.run(server._serve("127.0.0.1", 0, False, interact, str(tmp_path / "absent.toml")))


@pytest.mark.parametrize("interact", [None, lambda data: None], ids=["dds", "lab"])
def test_a_port_that_is_taken_is_raised_and_no_hardware_touched(
    start: Start, interact: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start() as running, LoopThread("asyncio") as other:
        with monkeypatch.context() as patched:
            patched.setattr(server, "Assembly", pytest.fail)
            with pytest.raises(PortTaken, match="a dds_link controller"):
                other.run(server._serve("127.0.0.1", running.port, False, interact, None))


def test_its_end_is_that_of_a_controller(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    boards = []

    class Noted(server.Assembly):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            boards.append(self.board)

    monkeypatch.setattr(server, "Assembly", Noted)
    with start() as running:
        running.ask(SET)
        assert boards[0].tone(0).amplitude > 0
    assert boards[0].tone(0).amplitude == 0


# A lab's own interact


def test_a_dict_is_the_result(start: Start) -> None:
    with start(interact=lambda data: {"got": data}) as running:
        assert running.ask({"command_id": "anything", "x": [1, 2.0, "y", None, True]}) == {
            "status": "success",
            "result": {"got": {"command_id": "anything", "x": [1, 2.0, "y", None, True]}},
        }


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"x": 1},
        {"command_id": 3},
        {"a": {"b": [{"c": 1.0}]}},
        {"x": 10**30},
        {"id": None},
        {"id": {"run": 7}},
        {"id": [1, 2]},
        {"id": "x" * 63},
    ],
    ids=str,
)
def test_any_object_arrives_untouched(start: Start, data: dict[str, Any]) -> None:
    seen = []
    with start(interact=seen.append) as running:
        assert running.ask(data) == {"status": "success", "result": {}}
    assert seen == [data]
    assert json.dumps(seen[0]) == json.dumps(data)


def test_the_id_is_part_of_the_object_and_echoed(start: Start) -> None:
    with start(interact=lambda data: data) as running:
        assert running.ask({"x": 1, "id": 7}) == (
            {"status": "success", "id": 7, "result": {"x": 1, "id": 7}}
        )


@pytest.mark.parametrize(
    ("frame", "code"),
    [(b"junk\n", "bad_frame"), (b"[1]\n", "bad_frame"), (b'{"x":1,"x":2}\n', "bad_frame"),
     (b'{"x":NaN}\n', "bad_frame"), (b'{"x":1e400}\n', "out_of_range")],
)  # fmt: skip
def test_what_is_no_object_does_not_arrive(start: Start, frame: bytes, code: str) -> None:
    with start(interact=pytest.fail) as running:
        assert running.ask(frame)["code"] == code


def test_numpy_values_go_out_as_numbers(start: Start) -> None:
    answer = {
        "i": np.int64(1),
        "f": np.float64(0.5),
        "s": np.float32(0.25),
        "b": np.bool_(True),
        "a": np.arange(3),
        "m": np.eye(2),
    }
    with start(interact=lambda data: answer) as running:
        result = running.ask({})["result"]
    assert result.pop("m") == [[1, 0], [0, 1]]
    assert result == {"i": 1, "f": 0.5, "s": 0.25, "b": True, "a": [0, 1, 2]}


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise KeyError("no text")


def raising(error: BaseException) -> Callable[[Any], Any]:
    def interact(data: Any) -> Any:
        raise error

    return interact


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ValueError("no {such} shutter"), "internal", "ValueError: no (such) shutter"),
        (RuntimeError("x" * 1000), "internal", "RuntimeError: xxx"),
        (OSError("\udcff"), "internal", "OSError: ?"),
        (SystemExit(3), "internal", "SystemExit: 3"),
        (KeyboardInterrupt(), "internal", "KeyboardInterrupt"),
        (asyncio.CancelledError("the lab's own"), "internal", "asyncio.exceptions.CancelledError"),
        (Unspeakable(), "internal", "tests.test_server.Unspeakable: <"),
        (Busy("later"), "busy", "later"),
    ],
)
def test_an_exception_is_an_error_and_the_next_object_is_served(
    start: Start, error: BaseException, code: str, text: str
) -> None:
    calls = iter([raising(error), lambda data: {"fine": True}])
    with start(interact=lambda data: next(calls)(data)) as running:
        reply = running.ask({"id": 7})
        assert (reply["status"], reply["id"], reply["code"]) == ("error", 7, code)
        assert reply["error"].startswith(text)
        assert len(reply["error"]) < 400
        assert running.ask({})["result"] == {"fine": True}


@dataclass
class Position:
    x: float
    raw: Any = None


@pytest.mark.parametrize(
    "answer",
    [
        object(),
        {"x": object()},
        {(1, 2): 3},
        {"x": "\ud800"},
        math.nan,
        {"x": [1.0, {"y": -math.inf}]},
        {"x": np.float32("nan")},
        {"x": np.array([1.0, np.inf])},
        Position(math.nan),
        b"raw",
        {"x": [bytearray(b"raw")]},
        {"x": memoryview(b"raw")},
        Position(1.0, b"raw"),
    ],
)
def test_an_answer_that_json_lacks_is_an_error_that_says_so(start: Start, answer: Any) -> None:
    with start(interact=lambda data: answer) as running:
        reply = running.ask({})
    assert reply["code"] == "internal"
    assert "interact() returned what JSON does not have" in reply["error"]


def test_a_dataclass_is_an_object(start: Start) -> None:
    with start(interact=lambda data: Position(1.5, np.arange(2))) as running:
        assert running.ask({})["result"] == {"x": 1.5, "raw": [0, 1]}


def test_objects_come_one_at_a_time_on_one_thread(start: Start) -> None:
    """As in the template, so that a lab's interact may be as careless as it was."""
    inside = 0
    threads: set[int] = set()

    def interact(data: dict[str, int]) -> dict[str, int]:
        nonlocal inside
        inside += 1
        assert inside == 1
        threads.add(threading.get_ident())
        inside -= 1
        return data

    with start(interact=interact) as running:
        peers = [running.connect() for _ in range(4)]
        for peer in peers:
            peer.send(b"".join(b'{"n":%d}\n' % number for number in range(50)))
        for peer in peers:
            assert [peer.receive()["result"]["n"] for _ in range(50)] == list(range(50))
            peer.close()
    assert len(threads) == 1
    assert threads != {threading.main_thread().ident}


def test_the_default_can_be_called_from_ones_own(start: Start) -> None:
    def interact(data: dict[str, Any]) -> Any:
        if data["command_id"] == "shutter":
            return {"open": True}
        return server.interact(data)

    with start(interact=interact) as running:
        assert running.ask({"command_id": "shutter"})["result"] == {"open": True}
        assert not [line for line in running.printed.lines if "SIMULATION" in line]
        receipt = running.ask({**SET, "id": 7})
        assert receipt["id"] == 7
        assert receipt["result"]["words"]["ftw"] == 343597384
        assert [line for line in running.printed.lines if "SIMULATION" in line]
        assert running.ask({"command_id": "get", "channel": 0})["result"] == receipt["result"]
        assert running.ask({**SET, "frequency": 1e9})["code"] == "out_of_range"
        assert running.ask({"command_id": "x"})["code"] == "unknown_command"
        assert running.ask({"command_id": "subscribe"})["code"] == "unsupported"


def test_the_default_takes_numpy_numbers(start: Start) -> None:
    def interact(data: Any) -> Any:
        return server.interact({**SET, "channel": np.int32(0), "frequency": np.float64(80e6)})

    with start(interact=interact) as running:
        assert running.ask({})["result"]["words"]["ftw"] == 343597384


def test_the_default_works_only_within_a_server() -> None:
    with pytest.raises(RuntimeError, match="start_server"):
        server.interact({"command_id": "ping"})


def test_a_handler_that_hangs_does_not_keep_the_server_alive(start: Start) -> None:
    entered, release = threading.Event(), threading.Event()

    def interact(data: Any) -> None:
        entered.set()
        release.wait(PATIENCE)

    with start(interact=interact) as running, running.connect() as peer:
        peer.send({})
        assert entered.wait(PATIENCE)
    release.set()


# The template's client


def talk(running: Running, data: Any, **options: Any) -> list[Any]:
    """Which of the three functions the template's client calls, and with what."""
    calls: list[Any] = []
    send_data(
        data,
        "127.0.0.1",
        running.port,
        server_success=lambda response: calls.append(("success", response["result"])),
        server_fail=lambda response: calls.append(("fail", response["error"])),
        fail_connect=lambda: calls.append("no connection"),
        **options,
    )
    return calls


def test_the_templates_client_and_its_server(start: Start) -> None:
    with start(interact=lambda data: {"sum": data["a"] + data["b"]}) as running:
        assert talk(running, {"a": 1, "b": 2}) == [("success", {"sum": 3})]
        assert talk(running, {"a": 1}) == [("fail", "KeyError: 'b'")]


def test_the_templates_client_and_the_dds_service(start: Start) -> None:
    with start() as running:
        ((outcome, result),) = talk(running, SET)
        assert (outcome, result["words"]["asf"]) == ("success", 8192)
        ((outcome, text),) = talk(running, {**SET, "channel": "heating"})
        assert (outcome, "heating" in text) == ("fail", True)


def test_a_client_of_the_old_template_sends_no_newline(start: Start) -> None:
    with start(interact=lambda data: data) as running, running.connect() as peer:
        peer.send(json.dumps({"x": 1}).encode())
        assert peer.receive()["result"] == {"x": 1}


def test_debug_prints_both_directions(start: Start) -> None:
    with start(interact=lambda data: {"y": 2}, debug=True) as running:
        running.ask(b'{"x":1}\n')
        sent, answered = running.printed.lines[-2:]
    assert sent.startswith("127.0.0.1:")
    assert sent.endswith(' > {"x":1}')
    assert answered.endswith(' < {"status":"success","result":{"y":2}}')


def test_bytes_that_are_no_text_are_printed_nevertheless(start: Start) -> None:
    with start(debug=True) as running:
        assert running.ask(b"\xff\n")["code"] == "bad_frame"
        assert running.printed.lines[-2].endswith(" > \N{REPLACEMENT CHARACTER}")


# start_server itself, in a process of its own

TELL_THE_END = """
from dds_link.assembly import Assembly
stop = Assembly.stop
async def told(self, *arguments):
    ended = await stop(self, *arguments)
    print("amplitude at the end", self.board.tone(0).amplitude, flush=True)
    return ended
Assembly.stop = told
"""


def port_of(program: Program) -> int:
    while not (line := program.line()).startswith("listening json=127.0.0.1:"):
        assert line.startswith("SIMULATION")
    return int(line.rpartition(":")[2])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_by_the_stop_policy(number: int) -> None:
    code = TELL_THE_END + (
        "from dds_link.server import start_server\nstart_server(port=0)\nprint('returned')"
    )
    with Program("-c", code) as program:
        with Peer(port_of(program)) as peer:
            assert peer.ask(SET)["amplitude"] > 0.4
            program.signal(number)
            assert peer.rest() == b""
        status, out, err = program.end()
    assert (status, err) == (0, "")
    assert out == "amplitude at the end 0.0\nreturned\n"


def test_it_runs_off_the_main_thread() -> None:
    code = """
import threading
from dds_link.server import start_server
threading.Thread(target=start_server, kwargs={"port": 0}, daemon=True).start()
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("SIMULATION")
        port = int(process.stdout.readline().rpartition(":")[2])
        with Peer(port) as peer:
            assert peer.ask(SET)["channel"] == 0
        process.communicate("\n", timeout=PATIENCE)
    assert process.returncode == 0


def test_what_is_missing_is_named() -> None:
    code = "import sys; sys.modules['msgspec'] = None; import dds_link.server"
    with Program("-c", code) as program:
        status, _, err = program.end()
    assert status == 1
    assert err.strip().endswith("pip install 'dds_link[controller]'")
