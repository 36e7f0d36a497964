"""``aqcli_dds_link panel``: which controllers, where, and what is said if that cannot be."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import pytest

from dds_link import aqcli_dds_link
from dds_link.panel import app
from tests.controller_process import PATIENCE, interruptible


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []
    monkeypatch.setattr(app, "serve", lambda *arguments: calls.append(arguments))
    return calls


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        ("panel", ["127.0.0.1:65432"]),
        ("-s lab panel", ["lab:65432"]),
        ("panel -s lab -p 7", ["lab:7"]),
        ("panel -s a -s b:9 -s [::1]:8 -p 7", ["a:7", "b:9", "[::1]:8"]),
        ("panel --device-db device_db_example.py", ["dds_link_ctl", "dds_link_b_ctl"]),
    ],
)
def test_which_controllers(served: list[Any], arguments: str, keys: list[str]) -> None:
    assert aqcli_dds_link.main(arguments.split()) == 0
    ((places, bind, port, names),) = served
    assert [place.key for place in places] == keys
    assert (bind, port, names) == ("127.0.0.1", 3296, [])


def test_where_the_page_is(served: list[Any]) -> None:
    command = "panel --bind 0.0.0.0 --web-port 80 --host-name dds.lab --host-name dds"
    assert aqcli_dds_link.main(command.split()) == 0
    assert served[0][1:] == ("0.0.0.0", 80, ["dds.lab", "dds"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("panel -s lab:x", "is no port"),
        ("panel -s a -s a", "stands twice"),
        ("panel --device-db nowhere.py", "no such file"),
        ("panel --device-db device_db_example.py -s lab", "either -s or --device-db"),
        ("panel --ssl no no no", "--ssl"),
    ],
)
def test_what_cannot_be(
    served: list[Any], capsys: pytest.CaptureFixture[str], arguments: str, says: str
) -> None:
    assert aqcli_dds_link.main(arguments.split()) == aqcli_dds_link.USAGE
    assert says in capsys.readouterr().err
    assert not served


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with app.open_port("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        assert aqcli_dds_link.main(["panel", "--web-port", port]) == aqcli_dds_link.USAGE
    assert "cannot be opened" in capsys.readouterr().err


def test_without_nicegui() -> None:
    code = "import sys; sys.modules['nicegui'] = None; from dds_link import aqcli_dds_link as c; "
    done = subprocess.run(
        [sys.executable, "-c", code + "sys.exit(c.main(['panel']))"],
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == aqcli_dds_link.USAGE
    assert "pip install 'dds_link[panel]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_it() -> None:
    with interruptible("dds_link.aqcli_dds_link", "panel", "--web-port", "0") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("panel http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
