"""A controller in a process of its own, a device_db that leads to it, and ARTIQ's tools."""

import copy
import importlib.util
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dds_link.client import Client

from ..test_device_db_example import DEVICE_DB

ROOT = Path(__file__).parent.parent.parent
DEADLINE = 60.0
"""Seconds for one run of a tool; reached only by a test that fails."""

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder; skip them where what they need is missing."""
    absent = [name for name in ("artiq", "sipyco") if importlib.util.find_spec(name) is None]
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.artiq)
            # ARTIQ's own, about NumPy.
            item.add_marker(pytest.mark.filterwarnings("ignore::DeprecationWarning"))
            if absent:
                item.add_marker(pytest.mark.skip(reason=f"needs {' and '.join(absent)}"))


class ControllerProcess:
    """``aqctl_dds_link --simulation`` on free ports.

    :param options: more of its arguments.
    """

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "dds_link.aqctl_dds_link", "--simulation"]
        command += ["-p", "0", "--json-port", "0", *options]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, env=ENVIRONMENT, text=True
        )
        assert self._process.stdout is not None
        # Ends by itself: the process says it listens, or exits.
        line = self._process.stdout.readline()
        ports = re.match(r"listening rpc=.*:(\d+) json=.*:(\d+)$", line)
        if ports is None:
            self.stop()
            pytest.fail(f"the controller said {line!r}")
        self.rpc_port, self.json_port = int(ports[1]), int(ports[2])

    def client(self) -> Client:
        """A client of its JSON port."""
        return Client("127.0.0.1", self.json_port)

    def stop(self) -> int:
        """Stop it; its exit status."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._process.communicate()


@pytest.fixture
def controller() -> Iterator[ControllerProcess]:
    running = ControllerProcess()
    yield running
    assert running.stop() == 0


def example_for(controller: Any) -> dict[str, Any]:
    """The example device_db, with its first controller on the ports of ``controller``."""
    device_db = copy.deepcopy(DEVICE_DB)
    device_db["dds_link_ctl"].update(host="127.0.0.1", port=controller.rpc_port)
    return device_db


def with_dummy_core(device_db: dict[str, Any]) -> dict[str, Any]:
    """The same with a core that compiles, and executes nothing."""
    device_db = dict(device_db, core=device_db["core_dummy"])
    for number, key in enumerate(("ttl_cooling", "ttl_raman")):
        device_db[key] = {
            "type": "local",
            "module": "artiq.coredevice.ttl",
            "class": "TTLOut",
            "arguments": {"channel": number},
        }
    return device_db


def write_device_db(folder: Path, device_db: dict[str, Any]) -> Path:
    """A ``device_db.py`` for ARTIQ's tools."""
    path = folder / "device_db.py"
    path.write_text(f"device_db = {device_db!r}\n", encoding="utf-8")
    return path


def run_tool(module: str, *arguments: Any, cwd: Any = None, status: int = 0) -> str:
    """Run one of ARTIQ's tools and return what it said."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        env=ENVIRONMENT,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
    )
    assert done.returncode == status, done.stdout
    return done.stdout


@pytest.fixture
def artiq_run(tmp_path: Path) -> Callable[..., str]:
    """Run an experiment with a device_db; what it printed."""

    def run(
        device_db: dict[str, Any],
        name: Any,
        hdf5: Path | None = None,
        status: int = 0,
        **arguments: Any,
    ) -> str:
        given = [f"{key}={value!r}" for key, value in arguments.items()]
        options = [] if hdf5 is None else ["--hdf5", hdf5]
        path = write_device_db(tmp_path, device_db)
        return run_tool(
            "artiq.frontend.artiq_run",
            "--device-db",
            path,
            *options,
            ROOT / "experiments" / name,
            *given,
            cwd=tmp_path,
            status=status,
        )

    return run
