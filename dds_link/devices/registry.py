"""Names of devices, and where their driver and twin are; imported only when chosen.

Third parties add theirs by an entry point in the group ``dds_link.devices`` whose value names an
:class:`Entry`; the entry point's name is the ``type`` of the config file.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """One device."""

    driver: str
    """``"module:class"``, called with ``(device_config, channel_configs, transport)``."""
    board: str
    """``"module:function"``: makes its twin from ``(device_config, channel_configs, clock)``."""


DEVICES = {
    "ad9910": Entry("dds_link.devices.ad9910:AD9910", "dds_link.twins.ad9910:make_board"),
}

ENTRY_POINTS = "dds_link.devices"


def known_types() -> list[str]:
    """Every ``type`` that a config file may name here."""
    return sorted({*DEVICES, *(point.name for point in entry_points(group=ENTRY_POINTS))})


def find(type_name: str) -> Entry:
    """The entry of a ``type``.

    :raises LookupError: if there is none, listing those there are.
    """
    if type_name in DEVICES:
        return DEVICES[type_name]
    for point in entry_points(group=ENTRY_POINTS):
        if point.name == type_name:
            return Entry(*point.load())
    raise LookupError(f"no device type {type_name!r}; known: {' '.join(known_types())}")


def load(target: str) -> Any:
    """Import ``"module:name"``."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)
