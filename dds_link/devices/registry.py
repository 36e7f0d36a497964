"""Names of devices, and where their parts are; imported only when chosen.

Third parties add theirs by an entry point in the group ``dds_link.devices`` whose value names an
:class:`Entry`, or a tuple like it; the entry point's name is the ``type`` of the config file.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, NamedTuple

from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device


class Entry(NamedTuple):
    """One device."""

    driver: str
    """``"module:class"``, called with ``(device_config, channel_configs, transport)``."""
    board: str
    """``"module:function"``: makes its twin from ``(device_config, channel_configs, clock)``."""
    rules: str = ""
    """``"module:function"``: a :data:`~dds_link.config_rules.Rule` that fills in what a config file
    leaves out and notes what this device cannot do; empty: there is none."""
    simulated: str = ""
    """``"module:name"``: text of the smallest config file that makes one; empty: there is none."""


DEVICES = {
    "ad9910": Entry(
        "dds_link.devices.ad9910:AD9910",
        "dds_link.twins.ad9910:make_board",
        "dds_link.devices.ad9910_rules:check",
        "dds_link.devices.ad9910_rules:SIMULATED",
    ),
    "ad9912": Entry(
        "dds_link.devices.ad9912:AD9912",
        "dds_link.twins.ad9912:make_board",
        "dds_link.devices.ad9912_rules:check",
        "dds_link.devices.ad9912_rules:SIMULATED",
    ),
    "ad9914": Entry(
        "dds_link.devices.ad9914:AD9914",
        "dds_link.twins.ad9914:make_board",
        "dds_link.devices.ad9914_rules:check",
        "dds_link.devices.ad9914_rules:SIMULATED_AD9914",
    ),
    "ad9915": Entry(
        "dds_link.devices.ad9914:AD9914",
        "dds_link.twins.ad9914:make_board",
        "dds_link.devices.ad9914_rules:check",
        "dds_link.devices.ad9914_rules:SIMULATED_AD9915",
    ),
    "ad9958": Entry(
        "dds_link.devices.ad9959:AD9958",
        "dds_link.twins.ad9959:make_board",
        "dds_link.devices.ad9959_rules:check",
        "dds_link.devices.ad9959_rules:SIMULATED_AD9958",
    ),
    "ad9959": Entry(
        "dds_link.devices.ad9959:AD9959",
        "dds_link.twins.ad9959:make_board",
        "dds_link.devices.ad9959_rules:check",
        "dds_link.devices.ad9959_rules:SIMULATED_AD9959",
    ),
    "dds9m": Entry(
        "dds_link.devices.novatech409b:Novatech409B",
        "dds_link.twins.novatech409b:make_board",
        "dds_link.devices.novatech409b_rules:check",
        "dds_link.devices.novatech409b_rules:SIMULATED_DDS9M",
    ),
    "flexdds": Entry(
        "dds_link.devices.flexdds:FlexDDS",
        "dds_link.twins.flexdds:make_board",
        "dds_link.devices.flexdds_rules:check",
        "dds_link.devices.flexdds_rules:SIMULATED",
    ),
    "moglabs_arf": Entry(
        "dds_link.devices.moglabs:MOGLabs",
        "dds_link.twins.moglabs:make_board",
        "dds_link.devices.moglabs_rules:check",
        "dds_link.devices.moglabs_rules:SIMULATED_ARF",
    ),
    "moglabs_qrf": Entry(
        "dds_link.devices.moglabs:MOGLabs",
        "dds_link.twins.moglabs:make_board",
        "dds_link.devices.moglabs_rules:check",
        "dds_link.devices.moglabs_rules:SIMULATED_QRF",
    ),
    "moglabs_xrf": Entry(
        "dds_link.devices.moglabs:MOGLabs",
        "dds_link.twins.moglabs:make_board",
        "dds_link.devices.moglabs_rules:check",
        "dds_link.devices.moglabs_rules:SIMULATED_XRF",
    ),
    "novatech409b": Entry(
        "dds_link.devices.novatech409b:Novatech409B",
        "dds_link.twins.novatech409b:make_board",
        "dds_link.devices.novatech409b_rules:check",
        "dds_link.devices.novatech409b_rules:SIMULATED",
    ),
}

ENTRY_POINTS = "dds_link.devices"


def known_types() -> list[str]:
    """Every ``type`` that a config file may name here."""
    return sorted({*DEVICES, *(point.name for point in entry_points(group=ENTRY_POINTS))})


def find(type_name: str) -> Entry:
    """The entry of a ``type``.

    :raises LookupError: if there is none, listing those there are; or if its package is broken.
    """
    if type_name in DEVICES:
        return DEVICES[type_name]
    for point in entry_points(group=ENTRY_POINTS):
        if point.name == type_name:
            try:
                return Entry(*point.load())
            except Exception as error:  # whatever the code of a third party may raise
                reason = f"its entry point {point.value} does not load: {error}"
                raise LookupError(reason) from error
    raise LookupError(f"there is no such device, only: {' '.join(known_types())}")


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """Apply the rule of the type that a config file names; note it if there is none."""
    if "type" not in device:
        return
    try:
        entry = find(device["type"])
        rule = load(entry.rules) if entry.rules else None
    except (LookupError, ImportError, AttributeError) as error:
        problems.add("device.type", str(error), device["type"])
        return
    if rule is not None:
        rule(device, channels, problems)


def load(target: str) -> Any:
    """Import ``"module:name"``."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)
