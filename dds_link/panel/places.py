"""Where the controllers of a panel are: from ``-s`` and ``-p``, or from a device_db."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dds_link.driver_place import TLS, Address, ControllerPlace
from dds_link.errors import DDSLinkError

_JSON_PORT = re.compile(r"--json-port[ =]+([0-9]{1,5})\b")


class Place(NamedTuple):
    """One controller."""

    key: str
    """How the panel calls it; no two are called the same."""
    where: str
    """Its address, for people."""
    locate: Any
    """``locate(timeout)`` gives its :class:`~dds_link.driver_place.Address`; may block."""


class PlaceError(Exception):
    """No controller can be found so; the text is one sentence for the user."""


class _Fixed:
    """An address that is known."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def locate(self, timeout: float) -> Address:
        return self._address


class _Entries:
    """What :class:`ControllerPlace` wants of ARTIQ's device manager."""

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self._entries = entries

    def get_desc(self, key: str) -> Any:
        return self._entries[key]


def from_servers(servers: Iterable[str], port: int, tls: Any = None) -> list[Place]:
    """Controllers by address.

    :param servers: each ``HOST``, ``HOST:PORT`` or ``[ADDRESS]:PORT``.
    :param port: JSON port of those that say none.
    :raises PlaceError: for what is no address, or one that stands twice.
    """
    places = []
    for server in servers:
        host, its_port = _split(server, port)
        where = f"[{host}]:{its_port}" if ":" in host else f"{host}:{its_port}"
        places.append(Place(where, where, _Fixed(Address(host, its_port, tls)).locate))
    return _distinct(places)


def _split(server: str, port: int) -> tuple[str, int]:
    host, colon, digits = server.rpartition(":")
    if server.startswith("[") and server.endswith("]"):
        return server[1:-1], port
    if not colon or (":" in host and not host.startswith("[")):
        return server, port  # a name, or an IPv6 address without port
    if not digits.isascii() or not digits.isdigit() or not 0 < int(digits) < 1 << 16:
        raise PlaceError(f"-s {server!r:.80}: {digits!r:.20} is no port; write HOST:JSON_PORT")
    return host.strip("[]"), int(digits)


def from_device_db(path: str) -> list[Place]:
    """The controllers of dds_link in a device_db; other entries are left alone.

    The JSON port is what the entry says (``json_port``, or ``--json-port`` in its command), else
    the controller is asked at its RPC port.

    :param path: of ``device_db.py``. It is run, as ARTIQ does.
    :raises PlaceError: if it cannot be run, or has no such controller.
    """
    if not Path(path).is_file():
        raise PlaceError(f"--device-db {path}: there is no such file")
    try:
        entries = runpy.run_path(path).get("device_db")
    except Exception as error:
        raise PlaceError(f"--device-db {path}: {error!r:.200}") from error
    if not isinstance(entries, Mapping):
        raise PlaceError(f"--device-db {path}: it has no dict device_db")
    places = []
    for key, entry in entries.items():
        if isinstance(entry, Mapping) and _is_ours(entry):
            places.append(_place(entries, str(key), entry))
    if not places:
        raise PlaceError(f"--device-db {path}: it has no controller of dds_link")
    return _distinct(places)


def _is_ours(entry: Mapping[str, Any]) -> bool:
    if entry.get("type") != "controller" or "host" not in entry:
        return False
    command = str(entry.get("command", ""))
    return entry.get("target_name") == "dds_link" or "aqctl_dds_link" in command


def _place(entries: Mapping[str, Any], key: str, entry: Mapping[str, Any]) -> Place:
    host, told = str(entry["host"]), _JSON_PORT.search(str(entry.get("command", "")))
    port = entry.get("json_port") or (told and told.group(1))
    if not port:
        asked = ControllerPlace(_Entries(entries), key)
        return Place(key, f"{host}, RPC port {entry.get('port')}", asked.locate)
    files = entry.get("simple_ssl_config")
    try:
        tls = TLS(files).create_client_context() if files else None
    except DDSLinkError as error:
        raise PlaceError(f"controller {key!r}: {error}") from error
    return Place(key, f"{host}, port {port}", _Fixed(Address(host, int(port), tls)).locate)


def _distinct(places: list[Place]) -> list[Place]:
    keys = [place.key for place in places]
    for key in keys:
        if keys.count(key) > 1:
            raise PlaceError(f"controller {key} stands twice")
    return places
