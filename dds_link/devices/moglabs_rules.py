"""What a config file must be so that a MOGLabs box can do it; found by the registry of devices."""

from __future__ import annotations

from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device, require_transport
from dds_link.devices.moglabs_protocol import BOXES, Box


def _simulated(name: str) -> str:
    return f"""\
[device]
type = "{name}"
channels = {BOXES[name].channels}
transport = "tcp:10.0.0.5:7802"
"""


SIMULATED_ARF = _simulated("moglabs_arf")
"""The smallest config file for an ARF."""
SIMULATED_XRF = _simulated("moglabs_xrf")
"""The smallest config file for an XRF."""
SIMULATED_QRF = _simulated("moglabs_qrf")
"""The smallest config file for a QRF."""


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """Fill in the clock and the range of frequencies; note what these boxes do not have."""
    box = BOXES[device["type"]]
    require_transport(device, problems, "stream")
    device.setdefault("sysclk", box.sysclk)
    if not box.quad and device["sysclk"] != box.sysclk:
        reason = f"the words of this box count {box.sysclk:.12g} Hz, whatever its reference"
        problems.add("device.sysclk", reason + "; leave it out", device["sysclk"])
    count = device.get("channels")
    if count is not None and count > box.channels:
        problems.add("device.channels", f"this box has {box.channels}", count)
    for key in ("refclk", "pins"):
        if key in device:
            problems.add(f"device.{key}", "is set at the box itself; leave it out")
    if box.quad and device.get("on_reconnect") == "leave":
        reason = "a QRF does not tell whether its signal is on, so that nothing can be adopted"
        problems.add("device.on_reconnect", f'{reason}; write "restore" or "safe"', "leave")
    for channel in channels:
        _check_channel(box, channel, problems)


def _check_channel(box: Box, channel: Channel, problems: Problems) -> None:
    values = channel.values
    for key, default in (
        ("min_frequency", box.min_frequency),
        ("max_frequency", box.max_frequency),
    ):
        if key not in channel.given:
            values.setdefault(key, default)
        limit = values.get(key, default)
        if not box.min_frequency <= limit <= box.max_frequency:
            reason = f"this box gives {box.min_frequency:.12g} ... {box.max_frequency:.12g} Hz"
            problems.add(f"{channel.path}.{key}", reason, limit)
    if "rf_switch" in values:
        reason = "the box switches its outputs itself; leave it out"
        problems.add(f"{channel.path}.rf_switch", reason, values["rf_switch"])
    if box.quad and values.get("on_start") == "keep":
        reason = "a QRF does not tell whether its signal is on, so that nothing can be kept"
        problems.add(f"{channel.path}.on_start", f'{reason}; write "safe"', "keep")
