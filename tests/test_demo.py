"""The demo: what it shows, and that nothing of it is left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from dds_link import demo
from dds_link.cli.tables import Screen
from dds_link.client import Client
from dds_link.errors import DDSRefused, DDSUnavailable

from .controller_process import PATIENCE, Listening, controller, interruptible, python

FREE_PORTS = ("--json-port", "0", "--port", "0")


@pytest.fixture(scope="module")
def board() -> Iterator[Listening]:
    """A simulated board."""
    with controller() as listening:
        yield listening


@pytest.fixture
def dds(board: Listening) -> Iterator[Client]:
    """A client of a board that was just reset."""
    with Client("127.0.0.1", board.json_port) as client:
        client.arm_rf()
        client.reset()
        client.apply([{"channel": channel, "enabled": True} for channel in range(4)])
        yield client


def demonstrating(*arguments: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """The demo as a process."""
    return interruptible("dds_link.demo", *FREE_PORTS, *arguments)


def serving(process: subprocess.Popen[str]) -> int:
    """Read until the demo serves; returns its JSON port."""
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"serving until Ctrl-C \(JSON 127\.0\.0\.1:([0-9]+)", line)
        if found:
            return int(found.group(1))
    raise AssertionError("the demo ended")


def child_of(process: subprocess.Popen[str]) -> int:
    """Process id of the demo's controller."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 1
    return int(children[0])


def wait_until_gone(pid: int) -> None:
    """Wait until a process has ended that is not our child."""
    end = time.monotonic() + PATIENCE
    while Path(f"/proc/{pid}/stat").exists():
        # Nobody may have waited for it, in a container without an init.
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return
        assert time.monotonic() < end, "the demo left its controller behind"
        time.sleep(0.01)


linux = pytest.mark.skipif(
    not Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").exists(),
    reason="looks for processes in Linux's /proc",
)


def test_once_it_plays_and_ends() -> None:
    with demonstrating("--once") as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert "SIMULATION: no RF comes out of anything." in out
    for words, _ in demo.SCRIPT:
        assert f"\n{words} " in out
    assert out.count("refused: ") == 2
    assert max(map(len, out.splitlines())) < 160
    assert len(out.splitlines()) <= 24


def test_it_shows_receipts_and_refusals(dds: Client, capsys: pytest.CaptureFixture[str]) -> None:
    receipts = demo.show(Screen(), dds)
    out = capsys.readouterr().out
    assert "80.0000000745058 MHz, 0.50003, 90 deg, on" in out
    assert "refused: out_of_range: channel 'repump': frequency 600000000 Hz is outside" in out
    assert "refused: rf_killed: " in out
    assert "4 channels read back: all as programmed" in out
    assert "RF off everywhere, latched; readback ok" in out
    assert [receipt.enabled for receipt in receipts] == [True, False, False, False]
    assert receipts == dds.get()


def test_a_command_that_should_have_been_refused_ends_it(dds: Client) -> None:
    with pytest.raises(demo.DemoError, match="'arm-rf' was carried out; it should have been"):
        demo.play(dds, "arm-rf", "rf_killed")


def test_another_refusal_than_expected_ends_it(dds: Client) -> None:
    with pytest.raises(DDSRefused, match="out_of_range"):
        demo.play(dds, "set repump 600MHz", "rf_killed")


def test_hardware_that_was_not_read_back_is_not_called_verified(dds: Client) -> None:
    with pytest.raises(demo.DemoError, match="did not read the hardware back"):
        demo.play(dds, "get", "")


def test_it_goes_on_serving_and_says_how_to_talk_to_it() -> None:
    with demonstrating() as process:
        port = serving(process)
        assert process.stdout is not None
        hints = [process.stdout.readline() for _ in range(4)]
        assert f" -p {port} watch\n" in hints[1]
        # What it tells to type works, whatever the path of this Python.
        command = hints[2].strip().split(" -p ")[0]
        words = hints[2].strip()[len(command) :].split()
        module = [sys.executable, "-m", "dds_link.aqcli_dds_link", *words, "--json"]
        with python(*module[1:]) as client:
            out, _ = client.communicate()
        assert '"name":"repump"' in out
        process.terminate()


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_its_controller(number: signal.Signals) -> None:
    with demonstrating() as process:
        serving(process)
        child = child_of(process)
        process.send_signal(number)
        out, err = process.communicate()
        wait_until_gone(child)
    assert (process.returncode, err) == (0, "")
    assert out.endswith("\nThe controller has ended.\n")


@linux
def test_nothing_is_left_even_when_it_is_killed() -> None:
    with demonstrating() as process:
        serving(process)
        child = child_of(process)
        process.kill()
        process.wait()
        wait_until_gone(child)


@linux
def test_a_controller_that_ends_ends_it() -> None:
    with demonstrating() as process:
        serving(process)
        os.kill(child_of(process), signal.SIGTERM)
        _, err = process.communicate()
    assert (process.returncode, err) == (1, "dds_link.demo: the controller ended\n")


def test_a_taken_port_is_said_in_one_sentence_by_the_controller(
    board: Listening, capfd: pytest.CaptureFixture[str]
) -> None:
    assert demo.main(["--once", "--json-port", str(board.json_port), "--port", "0"]) == 1
    *_, theirs, ours = capfd.readouterr().err.splitlines()
    assert theirs.startswith(f"aqctl_dds_link: JSON port {board.json_port} is taken: a dds_link ")
    assert ours.startswith("dds_link.demo: no controller (")


def test_an_answer_that_does_not_come_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise DDSUnavailable("timeout: no answer")

    monkeypatch.setattr(demo, "show", fail)
    assert demo.main(["--once", *FREE_PORTS]) == 1
    assert capfd.readouterr().err == "dds_link.demo: timeout: no answer\n"


def test_a_controller_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "STOP_DEADLINE", 0.0)
    controller_process = demo.Simulation(0, 0)
    controller_process.stop()
    assert controller_process.process.returncode is not None


def test_a_controller_that_does_not_start_in_time_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(demo, "START_DEADLINE", 0.0)
    with pytest.raises(demo.DemoError, match="no controller"):
        with demo.simulation(0, 0):
            raise AssertionError("it started")


# How to call the command line client


def test_the_command_is_its_name_where_that_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "aqcli_dds_link"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert demo.cli_command() == "aqcli_dds_link"


def test_the_command_is_the_script_of_this_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = tmp_path / ".venv" / "bin"
    scripts.mkdir(parents=True)
    (scripts / "aqcli_dds_link").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(sys, "executable", str(scripts / "python"))
    assert demo.cli_command() == str(scripts / "aqcli_dds_link")
    monkeypatch.chdir(tmp_path)
    assert demo.cli_command() == str(Path(".venv", "bin", "aqcli_dds_link"))


def test_the_command_is_the_module_where_nothing_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert demo.cli_command() == f"{tmp_path / 'python'} -m dds_link.aqcli_dds_link"


def test_the_default_ports_need_no_option(monkeypatch: pytest.MonkeyPatch) -> None:
    args = demo.get_argparser().parse_args([])
    assert (args.json_port, args.port, args.once) == (65432, 3293, False)
    monkeypatch.setattr(demo, "cli_command", lambda: "aqcli_dds_link")
    for port, line in ((65432, "  aqcli_dds_link watch"), (1024, "  aqcli_dds_link -p 1024 watch")):
        controller_process = demo.Simulation.__new__(demo.Simulation)
        controller_process.listening = {"json": f"127.0.0.1:{port}", "rpc": "127.0.0.1:3293"}
        assert line in demo.how_to_go_on(controller_process)
