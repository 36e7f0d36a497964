"""The transports by name. A module is imported only when its transport is chosen."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple, cast

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device, Rule
from dds_link.errors import ConfigError
from dds_link.transports.base import Transport

#: Makes a transport from a configuration: device, channels, the part of ``transport`` behind the
#: first colon, clock. It opens nothing; what it cannot use is a
#: :class:`~dds_link.errors.ConfigError`.
Factory = Callable[[DeviceConfig, tuple[ChannelConfig, ...], str, Clock], Transport]


class Entry(NamedTuple):
    """One transport, each part as ``"module:function"``."""

    factory: str
    """A :data:`Factory`."""
    rule: str
    """Its check of a config file, a :data:`~dds_link.config_rules.Rule`."""


#: Name, as in ``transport = "name:address"``. Simulation is not a name here, so that no
#: configuration can pass for hardware.
TRANSPORTS = {
    "ftdi": Entry("dds_link.transports.ftdi:from_config", "dds_link.transports.ftdi:check"),
    "serial": Entry("dds_link.transports.serial:from_config", "dds_link.transports.serial:check"),
    "spidev": Entry("dds_link.transports.spidev:from_config", "dds_link.transports.spidev:check"),
    "tcp": Entry("dds_link.transports.tcp:from_config", "dds_link.transports.tcp:check"),
}


def load(name: str) -> Factory:
    """Import the factory of a transport.

    :raises ConfigError: if there is none of this name.
    """
    if name not in TRANSPORTS:
        raise ConfigError([f"device.transport: {_absent(name)}"])
    return cast(Factory, _load(TRANSPORTS[name].factory))


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """Apply the rule of the transport that a config file names; note it if there is none."""
    if "transport" not in device:
        return
    name = device["transport"].partition(":")[0]
    if name in TRANSPORTS:
        cast(Rule, _load(TRANSPORTS[name].rule))(device, channels, problems)
    else:
        problems.add("device.transport", _absent(name), device["transport"])


def _absent(name: str) -> str:
    return f"there is no transport '{name}', only: {', '.join(sorted(TRANSPORTS))}"


def _load(target: str) -> object:
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def make_transport(
    device: DeviceConfig, channels: tuple[ChannelConfig, ...], clock: Clock
) -> Transport:
    """Make the transport that a configuration names, not yet opened.

    :raises ConfigError: if it names none, or one that cannot be made.
    """
    name, _, address = device.transport.partition(":")
    return load(name)(device, channels, address, clock)
