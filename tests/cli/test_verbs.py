"""What verbs say about answers that the simulated board does not give."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import pytest

from dds_link.cli.exchange import far_end
from dds_link.cli.verbs import VERBS, run
from dds_link.errors import DDSUnavailable

from ..client.cases import COOLING, IDENTITY, REPUMP
from ..client.scripted_server import Peer, ScriptedServer

HELLO = {"command_id": "hello", "client": "aqcli_dds_link"}
ON_HARDWARE = {**IDENTITY, "simulation": False}


def carried_out(
    name: str, result: Any, identity: dict[str, Any] | None = ON_HARDWARE, **arguments: Any
) -> int:
    """The status of a verb that is answered ``result``; no identity: it must not be asked for."""

    def play(peer: Peer) -> None:
        peer.answer(HELLO, {})
        if identity is not None:
            peer.answer({"command_id": "identify"}, identity)
        peer.answer({"command_id": VERBS[name].command_id}, result)
        peer.expect_close()

    defaults: dict[str, Any] = {"json": False, "channel": None, "words": [], "verify": False}
    with ScriptedServer(play) as server:
        far = far_end("127.0.0.1", server.port, 5.0, None)
        return run(name, Namespace(**{**defaults, **arguments}), far)


@pytest.mark.parametrize(
    ("device", "status"), [("ready", 0), ("starting", 3), ("missing", 3), ("fault", 3)]
)
@pytest.mark.parametrize("json", [False, True])
def test_the_status_of_ping_is_that_of_the_device(
    device: str, status: int, json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = None if json else ON_HARDWARE
    assert carried_out("ping", {"device": device}, identity, json=json) == status
    expected = '{{"device":"{}"}}\n' if json else "device  {}\n"
    assert capsys.readouterr().out == expected.format(device)


def test_a_simulation_is_called_one(capsys: pytest.CaptureFixture[str]) -> None:
    carried_out("get", [COOLING], {**IDENTITY, "simulation": True})
    assert capsys.readouterr().out.splitlines()[0].startswith("SIMULATION at 127.0.0.1 port ")
    carried_out("get", [COOLING])
    assert "SIMULATION" not in capsys.readouterr().out


def test_kill_waits_for_nothing_and_says_what_was_read_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = {"killed": True, "readback": "ok", "channels": [COOLING]}
    assert carried_out("kill", result, identity=None) == 0
    assert "RF is off on every channel, and was read back as off." in capsys.readouterr().out


def test_a_kill_that_cannot_be_observed_is_not_called_verified(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = {"killed": True, "readback": "unobservable", "channels": [COOLING]}
    assert carried_out("kill", result, identity=None) == 0
    out = capsys.readouterr().out
    assert "nothing can be read back to prove it" in out
    assert "read back as off" not in out


@pytest.mark.parametrize(
    ("receipts", "said"),
    [
        ([{**COOLING, "verified": True}, REPUMP], True),
        ([COOLING, {**COOLING, "verified": True}], False),
        ([], False),
    ],
)
def test_verified_is_said_of_all_or_of_none(
    receipts: list[Any], said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    carried_out("get", receipts)
    out = capsys.readouterr().out
    assert ("Read back: the hardware holds what was programmed." in out) is said


def test_an_uncertain_channel_is_shown_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    carried_out("get", [REPUMP])
    assert "unknown" in capsys.readouterr().out


def test_a_bad_description_is_a_bad_reply() -> None:
    with pytest.raises(DDSUnavailable, match="bad_reply"):
        carried_out("describe", {"channels": [{"name": "cooling"}], "capabilities": [], "sync": ""})


def test_json_is_what_came_with_fields_of_later_versions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    carried_out("get", [REPUMP], identity=None, json=True)
    assert '"colour":"red"' in capsys.readouterr().out


def test_describe_tells_the_attenuators(capsys: pytest.CaptureFixture[str]) -> None:
    channel = {
        "index": 0, "name": "cooling", "chip": "ad9910:0", "update_group": 0, "sysclk": 1e9,
        "limits": {"min_frequency": 0.0, "max_frequency": 120e6, "max_amplitude": 1.0,
                   "min_attenuation": 5.0, "max_attenuation": 31.5},
        "resolution": {"frequency": 0.2, "phase": 0.1, "amplitude": 0.1, "attenuation": 0.5},
    }  # fmt: skip
    result = {"channels": [channel], "capabilities": ["attenuation"], "sync": "no"}
    assert carried_out("describe", result) == 0
    out = capsys.readouterr().out
    assert "attenuation of cooling: 5 ... 31.5 dB, in steps of 0.5 dB" in out
