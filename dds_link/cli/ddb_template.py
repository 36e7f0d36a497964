"""Entries for ARTIQ's device_db, for the controller that was asked."""

import json
import re
import shlex
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from dds_link.cli.tables import clean
from dds_link.driver_place import JSON_PORT

RPC_PORT = 3293
"""RPC port of a controller that was not told another one. Its JSON port does not tell it."""

# ARTIQ has these already: an alias would hide the core device from every experiment.
_TAKEN = {"core", "core_cache", "core_dma", "core_analyzer", "scheduler", "ccb"}


class Place(NamedTuple):
    """Where the controller is, seen from here."""

    host: str
    json_port: int
    rpc_port: int
    ssl: Optional[Sequence[str]] = None
    """Files with our certificate, our key and the controller's certificate."""


class Channel(NamedTuple):
    """What an entry needs of a channel."""

    name: str
    sysclk: float
    """Hz."""


def channels(description: Dict[str, Any]) -> List[Channel]:
    """The channels in a result of ``describe``."""
    return [
        Channel(str(channel["name"]), float(channel["sysclk"]))
        for channel in description["channels"]
    ]


def template(place: Place, identity: Dict[str, Any], found: Sequence[Channel], key: str) -> str:
    """The text of a file with ``device_db``.

    :param identity: the result of ``identify``.
    :param key: device_db key of the link; the keys of the others follow from it.
    """
    simulated = bool(identity.get("simulation"))
    lines = [
        "# device_db entries for the dds_link controller at {}, JSON port {}".format(
            place.host, place.json_port
        ),
        "# ({}{}). Copy them into the device_db that you have.".format(
            clean(str(identity.get("device"))), ", SIMULATION: no RF comes out" if simulated else ""
        ),
        *_notes(place, simulated),
        "device_db = {",
    ]
    for name, entry in _entries(place, simulated, found, key).items():
        lines += _written(name, entry)
    return "\n".join([*lines, "}", ""])


def _notes(place: Place, simulated: bool) -> List[str]:
    notes = []
    if not simulated:
        notes.append('# In "command": put the controller\'s own config file for lab.toml.')
    if place.ssl:
        notes.append('# In "command": put the controller\'s own key for controller.key.')
    return notes


def _entries(place: Place, simulated: bool, found: Sequence[Channel], key: str) -> Dict[str, Any]:
    controller = key + "_ctl"
    entries: Dict[str, Any] = {
        controller: _controller(place, simulated),
        key: _device("DDSLink", controller=controller),
    }
    prefix = key[: -len("_link")] if key.endswith("_link") else key
    for channel in found:
        name = "{}_{}".format(prefix, re.sub(r"\W", "_", channel.name))
        while name in entries:  # a-b and a_b
            name += "_"
        entries[name] = _device("DDSChannel", link=key, channel=channel.name, sysclk=channel.sysclk)
        if channel.name.isidentifier() and channel.name not in _TAKEN.union(entries):
            entries[channel.name] = name
    return entries


def _controller(place: Place, simulated: bool) -> Dict[str, Any]:
    # The curly brackets are artiq_ctlmgr's, which fills them in.
    command = ["aqctl_dds_link -p {port} --bind {bind}"]
    entry: Dict[str, Any] = {
        "type": "controller",
        "host": place.host,
        "port": place.rpc_port,
        "target_name": "dds_link",
        # artiq_ctlmgr's own back-off has no ceiling; 1.0 keeps it at 5 s.
        "retry_timer_backoff": 1.0,
    }
    if place.json_port != JSON_PORT:
        entry["json_port"] = place.json_port
        command.append("--json-port {json_port}")
    if place.ssl:
        cert, key, peer = place.ssl
        entry["simple_ssl_config"] = {"client_cert": cert, "client_key": key, "server_cert": peer}
        files = (_quoted(peer), "controller.key", _quoted(cert))
        command.append("--ssl {} {} {}".format(*files))
    command.append("--simulation" if simulated else "--config lab.toml")
    entry["command"] = " ".join(command)
    return entry


def _quoted(path: str) -> str:
    """A path in a ``command``, which artiq_ctlmgr formats, then splits as a shell would."""
    keep = "{ARTIQ_SSL_DIR}"
    return keep.join(
        shlex.quote(part).replace("{", "{{").replace("}", "}}") if part else ""
        for part in path.split(keep)
    )


def _device(kind: str, **arguments: Any) -> Dict[str, Any]:
    return {"type": "local", "module": "dds_link.driver", "class": kind, "arguments": arguments}


def _written(name: str, entry: Any) -> List[str]:
    """One entry, as it stands in a device_db: of strings, numbers and objects JSON is Python."""
    if not isinstance(entry, dict):
        return ["    {}: {},".format(_text(name), _text(entry))]
    items = ["        {}: {},".format(_text(key), _text(value)) for key, value in entry.items()]
    return ["    {}: {{".format(_text(name)), *items, "    },"]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
