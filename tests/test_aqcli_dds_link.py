"""The command line client, against a real controller in simulation."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dds_link import aqcli_dds_link
from dds_link.client import send_data

from .controller_process import Listening, controller, interruptible, python
from .device_manager import DeviceManager

PEM = str(Path(__file__).with_name("client") / "loopback.pem")
SIMULATION = "SIMULATION at 127.0.0.1 port {}: no RF comes out"


class Done(NamedTuple):
    """What a call left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Done]


@pytest.fixture(scope="module")
def board() -> Iterator[Listening]:
    """A simulated board, for all tests of this file."""
    with controller() as listening:
        yield listening


@pytest.fixture
def cli(board: Listening, capsys: pytest.CaptureFixture[str]) -> Cli:
    """``aqcli_dds_link`` for a board that was just reset: words in, status and texts out."""

    def call(words: str, *more: str) -> Done:
        try:
            status = aqcli_dds_link.main(["-p", str(board.json_port), *words.split(), *more])
        except SystemExit as exit_:  # argparse's way
            status = int(exit_.code or 0)
        return Done(status, *capsys.readouterr())

    call("arm-rf")
    call("reset")
    assert call("apply 0 on, 1 on, 2 on, 3 on").status == 0
    return call


def wire(board: Listening, command: dict[str, Any]) -> Any:
    """What the controller answers, byte for byte the same JSON."""
    answers: list[Any] = []
    send_data(command, port=board.json_port, server_success=answers.append)
    return answers[0]["result"]


# One channel


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("80MHz", {"frequency": 80000000.0745058}),
        ("frequency=80e6 50%", {"frequency": 80000000.0745058, "amplitude": 8192 / 16383}),
        ("80 MHz -20dB 90deg", {"amplitude": 1638 / 16383, "phase": 0.25}),
        ("-20dB", {"amplitude": 1638 / 16383, "frequency": None}),
        ("amplitude=-20dB phase=-0.25", {"amplitude": 1638 / 16383, "phase": 0.75}),
        ("80MHz off", {"enabled": False, "frequency": 80000000.0745058}),
        ("ftw=343597384 pow=0x4000 asf=8192", {"frequency": 80000000.0745058, "phase": 0.25}),
        ("", {"frequency": None, "amplitude": 0.0, "phase": 0.0, "enabled": True}),
    ],
)
def test_set(cli: Cli, words: str, expected: dict[str, Any]) -> None:
    receipt = cli("set --json cooling " + words).json
    assert {name: receipt[name] for name in expected} == expected


def test_set_prints_what_was_programmed(cli: Cli, board: Listening) -> None:
    done = cli("set cooling 80MHz 50% phase=90deg")
    first, _, row = done.out.splitlines()
    assert first == SIMULATION.format(board.json_port)
    assert row.split() == [
        "0", "cooling", "80.0000000745058", "MHz", "0.50003", "-6.02", "dB", "90", "deg", "on",
        "343597384", "16384", "8192", row.split()[-1],
    ]  # fmt: skip
    assert (done.status, done.err) == (0, "")


def test_what_is_not_said_stays(cli: Cli) -> None:
    cli("set cooling 80MHz 50% 90deg off")
    receipt = cli("set 0 on --json").json
    assert receipt["words"] == {"ftw": 343597384, "pow": 16384, "asf": 8192}


@pytest.mark.parametrize(
    "words",
    [
        "--json set cooling 80MHz -3dB",
        "set --json cooling -3dB 80MHz",
        "set cooling --json 80MHz -3dB",
        "set cooling 80MHz --json -3dB",
        "set cooling 80MHz -3dB --json",
    ],
)
def test_options_may_stand_anywhere(cli: Cli, words: str) -> None:
    assert cli(words).json["words"] == {"ftw": 343597384, "pow": 0, "asf": 11598}


# Several channels


def test_apply(cli: Cli) -> None:
    receipts = cli("apply --json cooling 80MHz on , raman 81MHz -3dB").json
    assert [(one["name"], one["words"]["ftw"], one["words"]["asf"]) for one in receipts] == [
        ("cooling", 343597384, 0),
        ("raman", 347892351, 11598),
    ]


def test_apply_is_all_or_nothing(cli: Cli, board: Listening) -> None:
    done = cli("apply cooling 80MHz, raman 600MHz")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("aqcli_dds_link: out_of_range: channel 'raman': ")
    assert wire(board, {"command_id": "get", "channel": 0})["frequency"] is None


CHANGES = [{"channel": 1, "frequency": 80e6}, {"channel": "raman", "enabled": False}]


def test_apply_from_a_file(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "tones.json"
    path.write_text(json.dumps(CHANGES), encoding="utf-8")
    receipts = cli("apply --json --file", str(path)).json
    assert [one["name"] for one in receipts] == ["repump", "raman"]


def test_apply_from_standard_input(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(CHANGES).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert [one["enabled"] for one in cli("apply --json -f -").json] == [True, False]


def test_sync_starts_phases_together(cli: Cli) -> None:
    before = {one["epoch"] for one in cli("get --json").json}
    done = cli("sync 0 raman")
    (epoch,) = {
        one["epoch"] for one in cli("get --json").json if one["name"] in ("cooling", "raman")
    }
    assert epoch not in before
    assert f"Phases start together from here; epoch {epoch}." in done.out
    assert len({one["epoch"] for one in cli("sync --json").json}) == 1


# Looking


def test_get_all(cli: Cli) -> None:
    cli("set raman 81MHz -3dB")
    lines = cli("get").out.splitlines()
    assert [line.split()[1] for line in lines[2:]] == ["cooling", "repump", "shelving", "raman"]
    assert "silent" in lines[2]
    assert "  on  " in lines[5]


@pytest.mark.parametrize("channel", ["2", "shelving"])
def test_get_one(cli: Cli, channel: str) -> None:
    assert cli("get --json", channel).json["name"] == "shelving"
    assert cli("get", channel).out.splitlines()[-1].split()[:2] == ["2", "shelving"]


def test_get_verify_reads_the_hardware_back(cli: Cli) -> None:
    cli("set raman 81MHz -3dB")
    assert all(receipt["verified"] for receipt in cli("get --verify --json").json)
    assert "Read back: the hardware holds what was programmed." in cli("get --verify").out


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("ping", {"command_id": "ping"}),
        ("describe", {"command_id": "describe"}),
        ("get", {"command_id": "get"}),
        ("get 1 --verify", {"command_id": "get", "channel": 1, "verify": True}),
    ],
)
def test_json_is_exactly_what_came(
    cli: Cli, board: Listening, words: str, command: dict[str, Any]
) -> None:
    assert cli("--json " + words).json == wire(board, command)


def test_identify(cli: Cli) -> None:
    found = dict(line.split(None, 1) for line in cli("identify").out.splitlines())
    assert found["package"] == "dds_link"
    assert found["simulation"] == "yes"
    assert len(found["epochs"].split()) == 4
    assert cli("identify --json").json["simulation"] is True


def test_ping(cli: Cli) -> None:
    assert cli("ping") == Done(0, "device  ready\n", "")


def test_describe(cli: Cli) -> None:
    lines = cli("describe").out.splitlines()
    assert lines[2].split()[:2] == ["0", "cooling"]
    assert "499.99999976716936 MHz  0.233 Hz    1  1 GHz" in lines[2]
    assert lines[-2].startswith("can: ")
    assert lines[-1].startswith("sync: ")


# RF off and on


def test_kill_and_arm(cli: Cli) -> None:
    cli("set cooling 80MHz 50%")
    killed = cli("kill")
    assert killed.status == 0
    assert "RF is off on every channel, and was read back as off." in killed.out
    refused = cli("set cooling on")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("aqcli_dds_link: rf_killed: ")
    armed = cli("arm-rf")
    assert "Armed. Channels are off until each is switched on" in armed.out
    assert cli("set cooling on --json").json["words"]["asf"] == 8192


def test_reset_is_refused_while_killed(cli: Cli) -> None:
    cli("kill")
    assert cli("reset").status == 1
    cli("arm-rf")
    assert "every setting and phase is gone" in cli("reset").out


# What goes wrong: one sentence on stderr, and a status


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        ("set cooling 600MHz", 1, "out_of_range: channel 'cooling': "),
        ("set nobody 80MHz", 1, "no_such_channel: no channel 'nobody'; "),
        ("set -1 on", 1, "no_such_channel: no channel -1; "),
        ("set cooling 80MHz ftw=1", 1, "bad_command: give frequency or its word ftw, not both"),
        ("sync 0 cooling", 1, "bad_command: channel 'cooling' stands twice"),
        ("watch --interval -1", 1, "out_of_range: interval -1 s is outside "),
        ("watch --interval nan", 1, "out_of_range: interval must be a finite number"),
        ("set cooling 80mhz", 2, "'80mhz': 'mhz' is no unit; "),
        ("set cooling 0.5", 2, "'0.5' could be a frequency, an amplitude or a phase"),
        ("apply", 2, "give either channels with their changes, or a file"),
        ("apply cooling on -f tones.json", 2, "give either channels with their changes, or a file"),
        ("apply -f nowhere/tones.json", 2, "nowhere/tones.json: No such file or directory"),
        ("--timeout 0 ping", 2, "a timeout must be above 0"),
        ("--ssl a b nowhere.pem ping", 2, "--ssl a b nowhere.pem: "),
    ],
)
def test_a_failure_is_one_sentence_and_a_status(
    cli: Cli, words: str, status: int, sentence: str
) -> None:
    done = cli(words)
    assert (done.status, done.out) == (status, "")
    assert done.err.startswith("aqcli_dds_link: " + sentence)
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "aqcli_dds_link: the following arguments are required: VERB; see: "),
        ("sett", "aqcli_dds_link: argument VERB: invalid choice: 'sett'"),
        ("set", "aqcli_dds_link set: the following arguments are required: CHANNEL"),
        ("get 1 2", "aqcli_dds_link: unrecognized arguments: 2; see: aqcli_dds_link --help"),
        ("set 0 80MHz --loud", "aqcli_dds_link: unrecognized arguments: --loud"),
        ("ping -p 0", "aqcli_dds_link ping: argument -p/--port: a port is 1 ... 65535, not 0"),
        ("ping -p many", "aqcli_dds_link ping: argument -p/--port: invalid"),
        ("--timeout soon ping", "aqcli_dds_link: argument --timeout: invalid float value"),
    ],
)
def test_a_line_that_means_nothing_has_status_2(cli: Cli, words: str, sentence: str) -> None:
    done = cli(words)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(sentence)
    assert done.err.count("\n") == 1


def test_nobody_there_has_status_3(cli: Cli) -> None:
    done = cli("get -p 1")
    assert (done.status, done.out) == (3, "")
    assert done.err.startswith("aqcli_dds_link: no_link: cannot connect to 127.0.0.1 port 1 (")


def test_an_interrupt_has_status_130(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(aqcli_dds_link, "run", interrupt)
    assert cli("get") == Done(130, "", "")


def test_standard_output_may_be_any_stream(
    board: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdout = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stdout)
    assert aqcli_dds_link.main(["ping", "-p", str(board.json_port)]) == 0
    assert stdout.getvalue() == "device  ready\n"


def test_help_names_every_verb_and_every_status(cli: Cli) -> None:
    text = cli("--help").out
    verbs = "ping identify describe set apply get sync kill arm-rf reset watch ddb-template"
    assert all(f"\n    {verb} " in text for verb in verbs.split())
    assert all(f"\n{status:3}  " in text for status in (0, 1, 2, 3, 130))
    assert "frequency: Hz kHz MHz GHz" in cli("set --help").out
    assert "a comma begins the next channel" in cli("apply --help").out


def test_the_module_can_be_run(board: Listening) -> None:
    command = ("-m", "dds_link.aqcli_dds_link", "get", "nobody", "-p", str(board.json_port))
    with python(*command) as process:
        out, err = process.communicate()
    assert (process.returncode, out) == (1, "")
    assert err.startswith("aqcli_dds_link: no_such_channel: ")


def test_a_reader_that_has_seen_enough_is_no_failure(board: Listening) -> None:
    command = ("-m", "dds_link.aqcli_dds_link", "get", "-p", str(board.json_port))
    read, write = os.pipe()
    os.close(read)
    with python(*command, stdout=write) as process:
        os.close(write)
        _, err = process.communicate()
    assert (process.returncode, err) == (0, "")


def test_a_name_that_the_terminal_cannot_show_is_no_failure(tmp_path: Path) -> None:
    config = tmp_path / "lab.toml"
    config.write_text(
        '[device]\ntype = "ad9910"\nchannels = 1\nrefclk = 25e6\nsysclk = 1e9\n'
        'transport = "twin:"\n[[channel]]\nindex = 0\nname = "größer"\n',
        encoding="utf-8",
    )
    with controller("--config", str(config)) as listening:
        command = ("-m", "dds_link.aqcli_dds_link", "get", "-p", str(listening.json_port))
        environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
        with python(*command, env=environment) as process:
            out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert "gr\\xf6\\xdfer" in out


# TLS


def test_with_certificates_it_speaks_tls(capsys: pytest.CaptureFixture[str]) -> None:
    with controller("--ssl", PEM, PEM, PEM) as listening:
        port = str(listening.json_port)
        assert aqcli_dds_link.main(["ping", "-p", port, "--ssl", PEM, PEM, PEM]) == 0
        assert capsys.readouterr().out == "device  ready\n"
        assert aqcli_dds_link.main(["ping", "-p", port, "--timeout", "20"]) == 3
        assert aqcli_dds_link.main(["ddb-template", "-p", port, "--ssl", PEM, PEM, PEM]) == 0
        assert '"simple_ssl_config"' in capsys.readouterr().out


# watch


def watching(port: int, **options: Any) -> AbstractContextManager[subprocess.Popen[str]]:
    """``aqcli_dds_link watch`` as a process."""
    return interruptible("dds_link.aqcli_dds_link", "watch", "-p", str(port), **options)


def event(process: subprocess.Popen[str]) -> Any:
    """The next JSON line."""
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


needs_signals = pytest.mark.skipif(
    os.name != "posix", reason="signals and terminals are POSIX's here"
)


@needs_signals
def test_watch_prints_json_lines_until_ctrl_c(cli: Cli, board: Listening) -> None:
    with watching(board.json_port) as process:
        snapshot = event(process)
        assert snapshot["event"] == "snapshot"
        assert snapshot["channels"] == wire(board, {"command_id": "get"})
        cli("set raman 81MHz")
        changed = event(process)
        assert changed["event"] == "changed"
        assert changed["by"]["client"] == "aqcli_dds_link"
        assert changed["channels"] == [wire(board, {"command_id": "get", "channel": "raman"})]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (0, "", "")


@needs_signals
def test_watch_ends_when_the_link_is_lost() -> None:
    with controller() as listening, watching(listening.json_port) as process:
        assert event(process)["event"] == "snapshot"
        listening.process.terminate()
        _, err = process.communicate()
    assert process.returncode == 3
    assert err.startswith("aqcli_dds_link: no_link: the events of 127.0.0.1 port ")


@needs_signals
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_watch_on_a_terminal_leaves_it_as_it_was(
    board: Listening, number: signal.Signals, status: int
) -> None:
    import pty

    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with watching(board.json_port, stdout=theirs, env=environment) as process:
        os.close(theirs)
        shown = read_until(ours, b"raman")
        assert b"SIMULATION: no RF comes out" in shown
        assert b"\x1b[?25l" in shown  # cursor off
        process.send_signal(number)
        assert b"\x1b[?25h" in read_until(ours, b"\x1b[?25h")
        process.wait()
    os.close(ours)
    assert process.returncode == status


def read_until(terminal: int, text: bytes) -> bytes:
    """What a process shows up to some text; at its end, everything."""
    shown = b""
    while text not in shown:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the process is gone
            break
    return shown


# device_db


def test_ddb_template_makes_devices_that_work(
    cli: Cli, board: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    names: dict[str, Any] = {}
    exec(cli(f"ddb-template --rpc-port {board.rpc_port or 3293}").out, names)
    with DeviceManager(names["device_db"]) as devices:
        assert devices.get("dds_link").set("cooling", 80e6, amplitude=0.5)[2] == 0.0
        raman = devices.get("raman")
        assert raman is devices.get("dds_raman")
        raman.init()  # compares its sysclk with the controller's
        assert raman.set(81e6, 0.25, 0.5) == 0.25
    assert wire(board, {"command_id": "get", "channel": "raman"})["words"]["ftw"] == 347892351
