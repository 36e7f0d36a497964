"""``python -m dds_link.demo``: a controller in simulation, a few commands, and how to go on.

The controller is the real one, in a process of its own; only at the far end of its transport there
is a model of the chips. That process ends with the demo, however the demo ends.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dds_link.cli.ddb_template import RPC_PORT
from dds_link.cli.exchange import NAME as CLI
from dds_link.cli.tables import Column, Screen, receipt_row
from dds_link.cli.words import change, changes
from dds_link.client import Client
from dds_link.driver_place import JSON_PORT
from dds_link.errors import DDSLinkError, DDSRefused
from dds_link.model import Receipt

START_DEADLINE = 60.0
"""Seconds for the controller to say that it listens; a small computer takes long to import."""
STOP_DEADLINE = 15.0
"""Seconds for the controller to leave its outputs by the stop policy."""

SCRIPT = (
    ("set cooling 80MHz 50% 90deg", ""),
    ("set repump 81.5MHz -6dB", ""),
    ("apply 2 110MHz 30% , 3 205MHz 30%", ""),
    ("sync", ""),
    ("set repump 600MHz", "out_of_range"),
    ("get --verify", ""),
    ("kill", ""),
    ("set cooling on", "rf_killed"),
    ("arm-rf", ""),
    ("set cooling on", ""),
)
"""What is played, as for ``aqcli_dds_link``, and the code of the refusal that must come."""

# The controller's process ends when its standard input does, and that ends with this process, even
# when nothing here can run any more (SIGKILL).
_CONTROLLER = "from dds_link.demo import serve_until_end_of_input as serve; serve()"
# Beside Ctrl-C; Windows has no SIGHUP.
_STOP_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class DemoError(Exception):
    """The demo cannot go on; the text is one sentence for the user."""


def serve_until_end_of_input() -> None:
    """Be ``aqctl_dds_link``, with the arguments of this process, until standard input ends."""
    from dds_link.aqctl_dds_link import main

    def stop_at_end() -> None:
        # Not sys.stdin: a thread that waits there keeps the interpreter from ending.
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop_at_end, daemon=True).start()
    main(sys.argv[1:])


class Simulation:
    """A controller in simulation, in a process of its own.

    :param json_port: its JSON port, 0 for any.
    :param rpc_port: its RPC port, 0 for any.
    """

    def __init__(self, json_port: int, rpc_port: int) -> None:
        command = [sys.executable, "-c", _CONTROLLER, "--simulation", "--quiet"]
        command += ["--json-port", str(json_port), "--port", str(rpc_port)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for the demo alone, which then ends this.
        )
        # Both are pipes, which the types do not tell.
        self._stdin: Any = self.process.stdin
        self._stdout: Any = self.process.stdout
        self.listening: dict[str, str] = {}
        """``HOST:PORT`` of ``json`` and, where sipyco is installed, of ``rpc``."""

    def wait_ready(self) -> None:
        """Wait until it listens.

        :raises DemoError: if it does not; it has said why on stderr.
        """
        timer = threading.Timer(START_DEADLINE, self.process.kill)
        timer.start()
        try:
            line = self._stdout.readline()
        finally:
            timer.cancel()
        if not line.startswith("listening "):
            raise DemoError("no controller (--json-port 0 --port 0 takes ports that are free)")
        self.listening = dict(word.split("=", 1) for word in line.split()[1:])

    @property
    def json_port(self) -> int:
        """The JSON port in use."""
        return int(self.listening["json"].rpartition(":")[2])

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self._stdin.close()
        try:
            self.process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._stdout.close()


@contextmanager
def simulation(json_port: int, rpc_port: int) -> Iterator[Simulation]:
    """A controller that listens, for one block.

    :raises DemoError: if it cannot start.
    """
    controller = Simulation(json_port, rpc_port)
    try:
        controller.wait_ready()
        yield controller
    finally:
        controller.stop()


# The verbs of the script: each sends, and says in a few words what came back.


def _set(dds: Client, words: list[str]) -> str:
    receipt = dds.set(**change(words[0], words[1:]))
    frequency, amplitude, _, phase, state = receipt_row(receipt)[2:7]
    return f"{frequency}, {amplitude}, {phase}, {state}"


def _apply(dds: Client, words: list[str]) -> str:
    receipts = dds.apply(changes(words))
    return f"{len(receipts)} channels changed, all or nothing"


def _sync(dds: Client, words: list[str]) -> str:
    return f"{len(dds.sync())} channels start together; new epochs"


def _get(dds: Client, words: list[str]) -> str:
    receipts = dds.get(verify="--verify" in words)
    if not all(receipt.verified for receipt in receipts):
        raise DemoError("the controller did not read the hardware back")
    return f"{len(receipts)} channels read back: all as programmed"


def _kill(dds: Client, words: list[str]) -> str:
    readback = dds.kill()["readback"]
    return f"RF off everywhere, latched; readback {readback}"


def _arm_rf(dds: Client, words: list[str]) -> str:
    dds.arm_rf()
    return "armed; channels stay off until switched on"


_VERBS: dict[str, Callable[[Client, list[str]], str]] = {
    "set": _set,
    "apply": _apply,
    "sync": _sync,
    "get": _get,
    "kill": _kill,
    "arm-rf": _arm_rf,
}


def play(dds: Client, line: str, refusal: str) -> str:
    """Play one line of :data:`SCRIPT`; returns what came back, for people.

    :param refusal: the code of the refusal that must come; empty if none may.
    :raises DemoError: if something else comes.
    :raises DDSLinkError: if the controller does not answer.
    """
    verb, *words = line.split()
    try:
        answer = _VERBS[verb](dds, words)
    except DDSRefused as error:
        if error.code != refusal:
            raise
        return f"refused: {error}"
    if refusal:
        raise DemoError(f"{line!r} was carried out; it should have been refused")
    return answer


def show(screen: Screen, dds: Client) -> list[Receipt]:
    """Play :data:`SCRIPT` and print it; returns what the channels hold then."""
    screen.line("dds_link: the real controller, driving models of four AD9910 chips.", "bold")
    screen.line("SIMULATION: no RF comes out of anything.", "yellow")
    screen.line("")
    rows = [[line, play(dds, line, refusal)] for line, refusal in SCRIPT]
    screen.table((Column("command"), Column("answer")), rows)
    screen.line("")
    receipts = dds.get()
    screen.receipts(receipts)
    screen.line("")
    return receipts


def cli_command() -> str:
    """How to call ``aqcli_dds_link`` from here."""
    if shutil.which(CLI):
        return CLI
    beside = Path(sys.executable).with_name(CLI)
    if not beside.exists():
        return f"{sys.executable} -m dds_link.{CLI}"
    try:
        return str(beside.relative_to(Path.cwd()))
    except ValueError:
        return str(beside)


def how_to_go_on(controller: Simulation) -> list[str]:
    """What to tell whoever wants to talk to the controller."""
    rpc = controller.listening.get("rpc", "none, because sipyco is not installed")
    port = "" if controller.json_port == JSON_PORT else f" -p {controller.json_port}"
    command = cli_command() + port
    return [
        f"It goes on serving until Ctrl-C (JSON {controller.listening['json']}, RPC {rpc}).",
        "In another terminal:",
        f"  {command} watch",
        f"  {command} set repump 81MHz -3dB on",
        f"  {command} --help",
    ]


def get_argparser() -> argparse.ArgumentParser:
    """The arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m dds_link.demo",
        description="Start a controller in simulation, play a few commands, go on serving.",
    )
    parser.add_argument("--once", action="store_true", help="end after the commands")
    parser.add_argument(
        "--json-port",
        type=int,
        default=JSON_PORT,
        help="JSON port, 0 for any (default: %(default)d)",
    )
    parser.add_argument(
        "-p",
        "--port",
        type=int,
        default=RPC_PORT,
        help="RPC port, 0 for any (default: %(default)d)",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit status: 1 if something did not go as it should."""
    args = get_argparser().parse_args(argv)
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    try:
        with simulation(args.json_port, args.port) as controller:
            screen = Screen()
            with Client("127.0.0.1", controller.json_port, name="dds_link.demo") as dds:
                show(screen, dds)
            if args.once:
                return 0
            for line in how_to_go_on(controller):
                screen.line(line)
            sys.stdout.flush()
            controller.process.wait()
            raise DemoError("the controller ended")
    except KeyboardInterrupt:
        print("\nThe controller has ended.")
        return 0
    except (DemoError, DDSLinkError) as error:
        print(f"dds_link.demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
