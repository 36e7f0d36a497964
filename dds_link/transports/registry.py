"""The transports by name. A module is imported only when its transport is chosen."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.errors import ConfigError
from dds_link.transports.base import SpiTransport

#: Makes a transport from a configuration: device, channels, the part of ``transport`` behind the
#: first colon, clock. It opens nothing; what it cannot use is a
#: :class:`~dds_link.errors.ConfigError`.
Factory = Callable[[DeviceConfig, tuple[ChannelConfig, ...], str, Clock], SpiTransport]

#: Name, as in ``transport = "name:address"``, and ``"module:factory"``. Simulation is not a name
#: here, so that no configuration can pass for hardware.
TRANSPORTS = {"spidev": "dds_link.transports.spidev:from_config"}


def load(name: str) -> Factory:
    """Import the factory of a transport.

    :raises ConfigError: if there is none of this name.
    """
    if name not in TRANSPORTS:
        known = ", ".join(sorted(TRANSPORTS))
        raise ConfigError([f"device.transport: there is no transport '{name}', only: {known}"])
    module, _, factory = TRANSPORTS[name].partition(":")
    return cast(Factory, getattr(import_module(module), factory))


def make_transport(
    device: DeviceConfig, channels: tuple[ChannelConfig, ...], clock: Clock
) -> SpiTransport:
    """Make the transport that a configuration names, not yet opened.

    :raises ConfigError: if it names none, or one that cannot be made.
    """
    name, _, address = device.transport.partition(":")
    return load(name)(device, channels, address, clock)
