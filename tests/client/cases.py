"""The wire, verb by verb: what a client call sends, what comes back, and what the caller gets.

Each row drives both clients, with the reply in one piece and byte by byte; the requests are also
what a controller has to understand.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from dds_link.model import Receipt, Words

EPOCH = 1795357200000
EPOCHS = [EPOCH, EPOCH + 1]
"""Of the controller's two channels."""

IDENTITY = {
    "package": "dds_link",
    "version": "0.1.0",
    "protocol": 1,
    "device": "ad9910",
    "simulation": True,
    "readback": True,
    "config_hash": "0badcafe",
    "uptime": 1.2,
    "epochs": EPOCHS,
}

COOLING = {
    "channel": 0,
    "name": "cooling",
    "frequency": 80000000.0745058,
    "amplitude": 0.50003,
    "phase": 0.25,
    "enabled": True,
    "words": {"ftw": 343597384, "pow": 16384, "asf": 8192},
    "epoch": EPOCH,
}
# Never given a frequency, state uncertain, and with a field of a later version.
REPUMP = {
    "channel": 1,
    "name": "repump",
    "frequency": None,
    "amplitude": 0.0,
    "phase": 0.0,
    "enabled": False,
    "words": {"ftw": 0, "pow": 0, "asf": 0},
    "epoch": EPOCH + 1,
    "known": False,
    "verified": True,
    "colour": "red",
}

COOLING_RECEIPT = Receipt(
    channel=0,
    name="cooling",
    frequency=80000000.0745058,
    amplitude=0.50003,
    phase=0.25,
    enabled=True,
    words=Words(ftw=343597384, pow=16384, asf=8192),
    epoch=EPOCH,
    known=True,
    verified=None,
)
REPUMP_RECEIPT = Receipt(
    channel=1,
    name="repump",
    frequency=None,
    amplitude=0.0,
    phase=0.0,
    enabled=False,
    words=Words(ftw=0, pow=0, asf=0),
    epoch=EPOCH + 1,
    known=False,
    verified=True,
)
RECEIPTS = [COOLING_RECEIPT, REPUMP_RECEIPT]

WATCH = {"command_id": "subscribe", "events": ["reset", "device", "epoch"]}
"""What a client subscribes to for itself."""


def in_epochs(epochs: list[int]) -> list[dict[str, Any]]:
    """The receipts of both channels in these epochs (of none, where there are none)."""
    return [{**receipt, "epoch": epoch} for receipt, epoch in zip([COOLING, REPUMP], epochs)]


DESCRIPTION = {"channels": [{"index": 0, "name": "cooling", "sysclk": 1e9}], "capabilities": []}


class Case(NamedTuple):
    """One exchange."""

    name: str
    call: Callable[[Any], Any]
    """Of a client."""
    request: dict[str, Any]
    result: Any
    """On the wire."""
    value: Any
    """What the call returns."""


CASES = [
    Case(
        "ping",
        lambda dds: dds.ping(),
        {"command_id": "ping"},
        {"device": "ready"},
        {"device": "ready"},
    ),
    Case(
        "hello",
        lambda dds: dds.hello("scan.py", rid=7),
        {"command_id": "hello", "client": "scan.py", "rid": 7},
        {},
        None,
    ),
    Case("identify", lambda dds: dds.identify(), {"command_id": "identify"}, IDENTITY, IDENTITY),
    Case(
        "describe", lambda dds: dds.describe(), {"command_id": "describe"}, DESCRIPTION, DESCRIPTION
    ),
    Case(
        "set a tone",
        lambda dds: dds.set("cooling", frequency=80e6, amplitude=0.5, phase=0.25),
        {
            "command_id": "set",
            "channel": "cooling",
            "frequency": 80e6,
            "amplitude": 0.5,
            "phase": 0.25,
        },
        COOLING,
        COOLING_RECEIPT,
    ),
    Case(
        "set words",
        lambda dds: dds.set(0, ftw=343597384, pow=16384, asf=8192, enabled=True),
        {
            "command_id": "set",
            "channel": 0,
            "ftw": 343597384,
            "pow": 16384,
            "asf": 8192,
            "enabled": True,
        },
        COOLING,
        COOLING_RECEIPT,
    ),
    Case(
        "set an attenuation",
        lambda dds: dds.set("cooling", attenuation=10.2),
        {"command_id": "set", "channel": "cooling", "attenuation": 10.2},
        {**COOLING, "attenuation": 10.0},
        replace(COOLING_RECEIPT, attenuation=10.0),
    ),
    Case(
        "set nothing",
        lambda dds: dds.set(1),
        {"command_id": "set", "channel": 1},
        REPUMP,
        REPUMP_RECEIPT,
    ),
    Case(
        "apply",
        lambda dds: dds.apply(
            [
                {"channel": 0, "frequency": 81e6, "phase": None},
                {"channel": "repump", "enabled": False},
            ]
        ),
        {
            "command_id": "apply",
            "changes": [{"channel": 0, "frequency": 81e6}, {"channel": "repump", "enabled": False}],
        },
        [COOLING, REPUMP],
        RECEIPTS,
    ),
    Case(
        "get one",
        lambda dds: dds.get("cooling"),
        {"command_id": "get", "channel": "cooling"},
        COOLING,
        COOLING_RECEIPT,
    ),
    Case("get all", lambda dds: dds.get(), {"command_id": "get"}, [COOLING, REPUMP], RECEIPTS),
    Case(
        "get and verify",
        lambda dds: dds.get(1, verify=True),
        {"command_id": "get", "channel": 1, "verify": True},
        REPUMP,
        REPUMP_RECEIPT,
    ),
    Case("sync all", lambda dds: dds.sync(), {"command_id": "sync"}, [COOLING, REPUMP], RECEIPTS),
    Case(
        "sync some",
        lambda dds: dds.sync(["cooling", 1]),
        {"command_id": "sync", "channels": ["cooling", 1]},
        [COOLING, REPUMP],
        RECEIPTS,
    ),
    Case(
        "kill",
        lambda dds: dds.kill(),
        {"command_id": "kill"},
        {"killed": True, "readback": "ok", "channels": [COOLING, REPUMP]},
        {"killed": True, "readback": "ok", "channels": RECEIPTS},
    ),
    Case(
        "arm_rf",
        lambda dds: dds.arm_rf(),
        {"command_id": "arm_rf"},
        {"killed": False, "channels": [COOLING, REPUMP]},
        {"killed": False, "channels": RECEIPTS},
    ),
    Case("reset", lambda dds: dds.reset(), {"command_id": "reset"}, [COOLING, REPUMP], RECEIPTS),
]
