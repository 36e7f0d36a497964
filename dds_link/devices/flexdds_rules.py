"""What a configuration must be so that a FlexDDS-NG can do it; found by the registry of devices."""

from __future__ import annotations

import re

from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device
from dds_link.devices.flexdds_lines import CHANNELS
from dds_link.devices.spi_rules import check_words

SIMULATED = """\
[device]
type = "flexdds"
channels = 2
transport = "tcp:127.0.0.1:26000"
token = "0123456789abcde0"
"""
"""The smallest config file for one slot."""

SYSCLK = 1e9
"""What the box makes of its reference, Hz."""
FIRST_PORT, SLOTS = 26000, 6
"""Slot n of a rack listens on port 26000 + n."""

_ABSENT = ("refclk", "spi_hz", "pins", "baud", "attenuator")
_PORT = re.compile(r"tcp:.*:([0-9]{1,5})")


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """Apply the rules of this box: one slot, reached by TCP, that asks for a token."""
    device.setdefault("sysclk", SYSCLK)
    device.setdefault("readback", False)
    if device.get("channels", len(CHANNELS)) != len(CHANNELS):
        reason = f"a slot has {len(CHANNELS)}; each slot of a rack is a controller of its own"
        problems.add("device.channels", reason, device["channels"])
    if not device["sysclk"] <= SYSCLK:
        problems.add("device.sysclk", "its AD9910 run at most at 1e9 Hz", device["sysclk"])
    if device["readback"]:
        problems.add("device.readback", "nothing can be read back; leave it out", True)
    for key in _ABSENT:
        if key in device:
            problems.add(f"device.{key}", "this box has nothing of that kind; remove it")
    for channel in channels:
        for key in ("chip_select", "rf_switch"):
            if key in channel.given:
                problems.add(f"{channel.path}.{key}", "this box has none; remove it")
    check_words(device["sysclk"], channels, problems)
    _check_link(device, problems)


def _check_link(device: Device, problems: Problems) -> None:
    transport = device.get("transport")
    if transport is None:
        return
    if not transport.startswith("tcp:"):
        reason = 'a rack is reached by TCP: write "tcp:HOST:PORT", the port 26000 plus the slot'
        problems.add("device.transport", reason, transport)
    elif "token" not in device:
        problems.missing("device.token", 'token = "..." (16 characters, from its manual)')
    else:
        _check_slot(transport, device["token"], problems)


def _check_slot(transport: str, token: str, problems: Problems) -> None:
    """Behind a port of its own, the last character of the token is the number of the slot."""
    found = _PORT.fullmatch(transport)
    slot = int(found[1]) - FIRST_PORT if found else -1
    if 0 <= slot < SLOTS and not token.endswith(str(slot)):
        problems.add("device.token", f"port {FIRST_PORT + slot} is slot {slot}, and the token must "
                                     f"end with {slot}")  # fmt: skip
