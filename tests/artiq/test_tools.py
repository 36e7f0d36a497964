"""The controller in ARTIQ's hands: rpctool, the controller manager, the master, TLS."""

import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dds_link.client import Client
from dds_link.driver import DDSUnavailable
from dds_link.model import Words
from dds_link.tuning import Tuning

from ..device_manager import DeviceManager
from .conftest import (
    DEADLINE,
    ENVIRONMENT,
    ROOT,
    ControllerProcess,
    example_for,
    run_tool,
    write_device_db,
)

TUNING = Tuning(1e9)
PEM = str(ROOT / "tests" / "client" / "loopback.pem")
CERTIFICATES = {"client_cert": PEM, "client_key": PEM, "server_cert": PEM}
VERBS = [
    "apply", "arm_rf", "describe", "get", "identify", "json_port", "kill", "ping", "reset", "set",
    "sync",
]  # fmt: skip


# sipyco_rpctool


def rpctool(controller: ControllerProcess, *arguments: Any) -> str:
    address = ("127.0.0.1", controller.rpc_port)
    return run_tool("sipyco.sipyco_rpctool", *address, *arguments)


def test_rpctool_lists_the_target(controller: ControllerProcess) -> None:
    lines = rpctool(controller, "list-targets").split()
    assert lines[-1] == "dds_link"


def test_rpctool_lists_every_verb_with_its_documentation(controller: ControllerProcess) -> None:
    said = rpctool(controller, "list-methods")
    for verb in VERBS:
        assert f"\n{verb}(" in said
    assert "fractions of full" in said


def test_rpctool_sets_a_tone(controller: ControllerProcess) -> None:
    said = rpctool(controller, "call", "set", "'cooling'", "80e6", "0.5")
    ftw = TUNING.frequency_to_ftw(80e6)
    assert f"'ftw': {ftw}" in said
    with controller.client() as client:
        assert client.get("cooling", verify=True).words == Words(ftw, 0, 8192)


def test_a_refusal_keeps_its_code_through_rpc(controller: ControllerProcess) -> None:
    from sipyco.pc_rpc import Client as RPCClient

    rpc = RPCClient("127.0.0.1", controller.rpc_port, "dds_link", timeout=DEADLINE)
    try:
        with pytest.raises(ValueError, match="^out_of_range: channel 'cooling'"):
            rpc.set("cooling", 600e6)
    finally:
        rpc.close_rpc()


# TLS


def test_one_ssl_config_is_good_for_both_ports() -> None:
    controller = ControllerProcess("--ssl", PEM, PEM, PEM)
    try:
        device_db = example_for(controller)
        device_db["dds_link_ctl"]["simple_ssl_config"] = CERTIFICATES
        with DeviceManager(device_db) as devices:
            assert devices.get("dds_link").ping()
            devices.get("dds_cooling").init()
        del device_db["dds_link_ctl"]["simple_ssl_config"]
        with DeviceManager(device_db) as devices:
            device_db["dds_link"]["arguments"]["timeout"] = 1.0
            with pytest.raises(DDSUnavailable):
                devices.get("dds_link").ping()
    finally:
        controller.stop()


# Something else answers


def test_another_controller_is_no_dds_link(tmp_path: Path) -> None:
    """A wrong port in the device_db."""
    script = (
        "import asyncio; from sipyco.pc_rpc import Server\n"
        "class Other:\n  def ping(self): return True\n"
        "async def main():\n"
        "  server = Server({'dds_link': Other()})\n"
        "  await server.start('127.0.0.1', 0)\n"
        "  print(server.server.sockets[0].getsockname()[1], flush=True)\n"
        "  await asyncio.sleep(100)\n"
        "asyncio.run(main())"
    )
    with Tool([sys.executable, "-c", script], tmp_path) as other:
        other.rpc_port = int(other.wait_for(""))
        with DeviceManager(example_for(other)) as devices:
            with pytest.raises(DDSUnavailable, match="bad_reply: .* is no dds_link controller"):
                devices.get("dds_link").ping()


# The master and the controller manager


class Tool:
    """A program that runs until told to stop, and what it says."""

    rpc_port = json_port = 0

    def __init__(self, command: list[str], folder: Path) -> None:
        self._process = subprocess.Popen(
            command,
            env=ENVIRONMENT,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._said: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def wait_for(self, text: str) -> str:
        """The next line with ``text``."""
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, f"it did not say {text!r}:\n" + "".join(self._said)
            self._said.append(line)
            if text in line:
                return line

    def stop(self) -> str:
        """Stop it as a terminal would; all that it said."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(DEADLINE)
        finally:
            if self._process.poll() is None:
                self._process.kill()
            self._reader.join()
            self._said += iter(self._lines.get, None)
            self._lines.put(None)
            assert self._process.stdout is not None
            self._process.stdout.close()
        return "".join(self._said)

    def __enter__(self) -> "Tool":
        return self

    def __exit__(self, *exception: Any) -> None:
        self.stop()


def free_ports(count: int) -> list[int]:
    """Ports that nobody has. ARTIQ's programs do not tell which they took, so they get numbers."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


class Lab:
    """A master and a controller manager with the example device_db.

    :param ping_timer: seconds between two pings of the manager. One that is told to stop during a
        ping takes that for a failed ping, starts the controller again, and hangs.
    """

    def __init__(self, folder: Path, ping_timer: float) -> None:
        self.rpc_port, notify, self.control, logs, broadcast, manage = free_ports(6)
        self.json_port = 0
        self._folder = folder
        path = write_device_db(folder, self._device_db(ping_timer))
        ports = ["--port-notify", notify, "--port-control", self.control]
        ports += ["--port-logging", logs, "--port-broadcast", broadcast]
        frontend = [sys.executable, "-m"]
        self.master = Tool(
            [*frontend, "artiq.frontend.artiq_master", *map(str, ports)]
            + ["--device-db", str(path), "-r", str(ROOT / "experiments"), "-v"],
            folder,
        )
        self.master.wait_for("is now ready")
        ports = ["--port-notify", notify, "--port-logging", logs, "--port-control", manage]
        self.manager = Tool(
            [*frontend, "artiq_comtools.artiq_ctlmgr", "-s", "127.0.0.1", "-v", "-v"]
            + [str(port) for port in ports],
            folder,
        )

    def _device_db(self, ping_timer: float) -> dict[str, Any]:
        """The example, on free ports, with our Python."""
        device_db = example_for(self)
        entry = device_db["dds_link_ctl"]
        ours = f"{sys.executable} -m dds_link.aqctl_dds_link --json-port 0"
        entry["command"] = entry["command"].replace("aqctl_dds_link", ours, 1)
        entry["ping_timer"] = ping_timer
        del device_db["dds_link_b_ctl"]
        return device_db

    def rpc(self, port: int, target: str) -> Any:
        from sipyco.pc_rpc import Client as RPCClient

        return RPCClient("127.0.0.1", port, target, timeout=DEADLINE)

    def client(self) -> Client:
        """A client of the controller's JSON port."""
        rpc = self.rpc(self.rpc_port, "dds_link")
        try:
            return Client("127.0.0.1", rpc.json_port())
        finally:
            rpc.close_rpc()

    def stop(self) -> None:
        said = self.manager.stop()
        self.master.stop()
        if "dds_link_ctl terminated" not in said:
            self.rpc(self.rpc_port, "dds_link").terminate()
            pytest.fail("the manager left its controller behind:\n" + said)


@pytest.fixture
def ping_timer() -> float:
    return 600.0  # never


@pytest.fixture
def lab(tmp_path: Path, ping_timer: float) -> Iterator[Lab]:
    made = Lab(tmp_path, ping_timer)
    made.manager.wait_for("Starting controller dds_link_ctl with command")
    made.manager.wait_for("listening rpc=")
    yield made
    made.stop()


@pytest.mark.parametrize("ping_timer", [2.0])
def test_the_manager_starts_pings_and_stops_the_controller(lab: Lab, ping_timer: float) -> None:
    manager = lab.manager
    for _ in range(2):  # A second ping: the first was answered with what the manager wants.
        manager.wait_for("pinging controller dds_link_ctl")
    time.sleep(ping_timer / 2)  # Let the ping end; the manager does not say when.
    said = manager.stop()
    assert "Controller dds_link_ctl terminated" in said
    assert "ping failed" not in said
    assert "did not exit on request" not in said
    with pytest.raises(ConnectionRefusedError):
        lab.rpc(lab.rpc_port, "dds_link")


def test_an_experiment_submitted_to_the_master_sets_its_tone(lab: Lab) -> None:
    with lab.client() as client, client.events() as events:
        client_tool = ("artiq.frontend.artiq_client", "-s", "127.0.0.1", "--port", lab.control)
        run_tool(*client_tool, "submit", "-R", "set_tone.py", "frequency=81e6")
        event = next(event for event in events if event.event == "changed")
        assert event.by is not None
        assert (event.by["client"], event.by["rid"]) == ("set_tone.py", 0)
        assert client.get("cooling", verify=True).words.ftw == TUNING.frequency_to_ftw(81e6)


def test_a_dashboard_finds_every_experiment_with_its_arguments(lab: Lab) -> None:
    experiments = lab.rpc(lab.control, "experiment_db")
    try:
        for path in sorted((ROOT / "experiments").glob("*.py")):
            found = experiments.examine(path.name)
            assert len(found) == 1
            for description in found.values():
                assert description["arginfo"]
    finally:
        experiments.close_rpc()
