"""What the one-exchange verbs send, and what they print."""

import json
import sys
from argparse import Namespace
from datetime import timedelta
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

from dds_link.cli import ddb_template
from dds_link.cli.exchange import FarEnd, ask
from dds_link.cli.tables import Column, Screen
from dds_link.cli.words import UsageError, change, changes, changes_from_json, channel_key
from dds_link.client import frames
from dds_link.client.core import Core
from dds_link.quantities import format_amplitude, format_attenuation, format_frequency

OK = 0
UNAVAILABLE = 3
"""Exit status: no controller, no answer, no device; the command may have been applied."""

_PAIRS = (Column(""), Column(""))
_DESCRIBE = (
    Column("#", right=True),
    Column("channel"),
    Column("chip", wide=True),
    Column("group", right=True),
    Column("from", right=True),
    Column("to", right=True),
    Column("step", right=True),
    Column("max", right=True),
    Column("clock", right=True),
)


class Verb(NamedTuple):
    """One word of the command line that is one exchange."""

    command_id: str
    line: Callable[[Namespace], bytes]
    """The request."""
    read: Callable[[Core], Callable[[Any], Any]]
    """What makes the value of the result."""
    show: Callable[[Screen, Any], None]
    status: Callable[[Any], int] = lambda value: OK
    """Exit status, from the value."""


def run(name: str, args: Namespace, far: FarEnd) -> int:
    """Ask, and print the answer; returns the exit status.

    :raises UsageError: if the arguments mean nothing.
    :raises DDSLinkError: what the controller answered instead, or that it did not.
    """
    verb = VERBS[name]
    # A kill waits for nothing, and --json prints nothing that a greeting would tell.
    greet = not args.json and verb.command_id != "kill"
    answer = ask(far, verb.command_id, verb.line(args), verb.read(far.core), greet)
    if args.json:
        print(json.dumps(answer.result, separators=(",", ":")))
    else:
        screen = Screen()
        if far.core.identity.get("simulation") and name not in ("identify", "ping"):
            screen.line("SIMULATION at {}: no RF comes out".format(far.core.where), "yellow")
        verb.show(screen, answer.value)
    return verb.status(answer.value)


def run_ddb_template(args: Namespace, far: FarEnd) -> int:
    """Print device_db entries for the controller; returns the exit status.

    :raises DDSLinkError: if it does not answer.
    """
    channels = ask(far, "describe", frames.DESCRIBE, ddb_template.channels).value
    place = ddb_template.Place(far.core.host, far.core.port, args.rpc_port, args.ssl)
    print(ddb_template.template(place, far.core.identity, channels, args.key), end="")
    return OK


# Requests


def _apply_line(args: Namespace) -> bytes:
    if bool(args.words) == bool(args.file):
        raise UsageError("give either channels with their changes, or a file; see: apply --help")
    if not args.file:
        return frames.apply_frame(changes(args.words))
    if args.file == "-":
        return frames.apply_frame(changes_from_json(sys.stdin.buffer, "standard input"))
    try:
        with open(args.file, "rb") as file:
            return frames.apply_frame(changes_from_json(file, args.file))
    except OSError as error:
        raise UsageError("{}: {}".format(args.file, error.strerror)) from None


def _set_line(args: Namespace) -> bytes:
    return frames.frame("set", **frames.change(change(args.channel, args.words)))


def _get_line(args: Namespace) -> bytes:
    channel = None if args.channel is None else channel_key(args.channel)
    return frames.get_frame(channel, args.verify)


def _sync_line(args: Namespace) -> bytes:
    return frames.sync_frame([channel_key(word) for word in args.words] or None)


# Readings


def _mapping(core: Core) -> Callable[[Any], Any]:
    return core.mapping


def _one(core: Core) -> Callable[[Any], Any]:
    return lambda result: [core.receipt(result)]


def _many(core: Core) -> Callable[[Any], Any]:
    return core.receipts


def _one_or_many(core: Core) -> Callable[[Any], Any]:
    return lambda result: core.receipts(result if isinstance(result, list) else [result])


def _with_channels(core: Core) -> Callable[[Any], Any]:
    return core.with_channels


# What is shown


def _show_pairs(screen: Screen, value: Dict[str, Any]) -> None:
    screen.table(_PAIRS, [[name, _plain(name, item)] for name, item in value.items()])


def _plain(name: str, item: Any) -> str:
    if name == "uptime":
        return str(timedelta(seconds=int(item)))
    if isinstance(item, list):
        return " ".join(map(str, item))
    return {True: "yes", False: "no"}[item] if isinstance(item, bool) else str(item)


def _show_receipts(screen: Screen, receipts: List[Any]) -> None:
    screen.receipts(receipts)
    if receipts and all(receipt.verified for receipt in receipts):
        screen.line("Read back: the hardware holds what was programmed.", "green")


def _show_sync(screen: Screen, receipts: List[Any]) -> None:
    screen.receipts(receipts)
    epochs = sorted({receipt.epoch for receipt in receipts})
    screen.line("Phases start together from here; epoch {}.".format(", ".join(map(str, epochs))))


def _show_reset(screen: Screen, receipts: List[Any]) -> None:
    screen.receipts(receipts)
    screen.line("The device was initialised again: every setting and phase is gone.")


def _show_kill(screen: Screen, value: Dict[str, Any]) -> None:
    screen.receipts(value["channels"])
    if value.get("readback") == "ok":
        screen.line("RF is off on every channel, and was read back as off.", "bold")
    else:
        screen.line("RF was switched off on every channel; nothing can be read back to prove it.")
    screen.line("It stays off until: aqcli_dds_link arm-rf")


def _show_armed(screen: Screen, value: Dict[str, Any]) -> None:
    screen.receipts(value["channels"])
    screen.line("Armed. Channels are off until each is switched on: aqcli_dds_link set CHANNEL on")


def _show_describe(screen: Screen, value: Tuple[List[List[str]], List[str]]) -> None:
    rows, notes = value
    screen.table(_DESCRIBE, rows)
    for note in notes:
        screen.line(note)


def _described(core: Core) -> Callable[[Any], Any]:
    def read(result: Dict[str, Any]) -> Tuple[List[List[str]], List[str]]:
        notes = [
            "can: {}".format(" ".join(result["capabilities"])),
            "sync: {}".format(result["sync"]),
        ]
        notes += [_attenuation(c) for c in result["channels"] if "max_attenuation" in c["limits"]]
        return [_describe_row(channel) for channel in result["channels"]], notes

    return read


def _describe_row(channel: Dict[str, Any]) -> List[str]:
    limits = channel["limits"]
    return [
        str(channel["index"]),
        channel["name"],
        channel["chip"],
        str(channel["update_group"]),
        format_frequency(limits["min_frequency"]),
        format_frequency(limits["max_frequency"]),
        "{:.3g} Hz".format(channel["resolution"]["frequency"]),
        format_amplitude(limits["max_amplitude"]),
        format_frequency(channel["sysclk"]),
    ]


def _attenuation(channel: Dict[str, Any]) -> str:
    low, high = (channel["limits"][name + "_attenuation"] for name in ("min", "max"))
    return "attenuation of {}: {:g} ... {}, in steps of {}".format(
        channel["name"],
        low,
        format_attenuation(high),
        format_attenuation(channel["resolution"]["attenuation"]),
    )


def _ping_status(value: Dict[str, Any]) -> int:
    return OK if value.get("device") == "ready" else UNAVAILABLE


VERBS: Dict[str, Verb] = {
    "ping": Verb("ping", lambda args: frames.PING, _mapping, _show_pairs, _ping_status),
    "identify": Verb("identify", lambda args: frames.IDENTIFY, _mapping, _show_pairs),
    "describe": Verb("describe", lambda args: frames.DESCRIBE, _described, _show_describe),
    "set": Verb("set", _set_line, _one, _show_receipts),
    "apply": Verb("apply", _apply_line, _many, _show_receipts),
    "get": Verb("get", _get_line, _one_or_many, _show_receipts),
    "sync": Verb("sync", _sync_line, _many, _show_sync),
    "kill": Verb("kill", lambda args: frames.KILL, _with_channels, _show_kill),
    "arm-rf": Verb("arm_rf", lambda args: frames.ARM_RF, _with_channels, _show_armed),
    "reset": Verb("reset", lambda args: frames.RESET, _many, _show_reset),
}
"""The verbs that are one exchange each."""
