"""What a configuration must be so that a Novatech 409B or DDS9m can do it."""

from __future__ import annotations

from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device, require_transport
from dds_link.devices.novatech409b_text import BAUDS, MAX_FTW, OUTPUTS, SYSCLK, clock_byte
from dds_link.tuning import Tuning

SIMULATED = """\
[device]
type = "novatech409b"
channels = 4
transport = "serial:/dev/ttyUSB0"
"""
"""The smallest config file."""

SIMULATED_DDS9M = SIMULATED.replace("novatech409b", "dds9m")
"""The same for a DDS9m."""


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """Apply the rules of this box: its line, its outputs, its clock, its largest frequency."""
    require_transport(device, problems, "stream")
    baud = device.setdefault("baud", 19200)
    if baud not in BAUDS:
        problems.add("device.baud", f"must be one of {', '.join(map(str, BAUDS))}", baud)
    count = device.get("channels", OUTPUTS)
    if count > OUTPUTS:
        problems.add("device.channels", f"the box has {OUTPUTS}", count)
    _refuse_lines(device, channels, problems)
    if _check_clock(device, problems):
        for channel in channels:
            _check_limits(device["sysclk"], channel, problems)


def _refuse_lines(device: Device, channels: list[Channel], problems: Problems) -> None:
    if "pins" in device:
        problems.add("device.pins", "this box has no pins that a controller could drive; remove it")
    for channel in channels:
        if "rf_switch" in channel.values:
            reason = "there is no line for it on this box; remove it"
            problems.add(f"{channel.path}.rf_switch", reason, channel.values["rf_switch"])


def _check_clock(device: Device, problems: Problems) -> bool:
    """True if the clock is good."""
    if "refclk" in device:
        if "sysclk" not in device:
            problems.missing("device.sysclk", "sysclk = 150e6 (Hz, refclk x 1 or x 4...20)")
            return False
        try:
            clock_byte(device["refclk"], device["sysclk"])
        except ValueError as error:
            problems.add("device.sysclk", str(error), device["sysclk"])
            return False
    elif device.setdefault("sysclk", SYSCLK) != SYSCLK:
        reason = f"on the internal reference it is {SYSCLK:.15g} Hz; leave it out, or give refclk"
        problems.add("device.sysclk", reason, device["sysclk"])
        return False
    return True


def _check_limits(sysclk: float, channel: Channel, problems: Problems) -> None:
    tuning = Tuning(sysclk)
    most = tuning.ftw_to_frequency(MAX_FTW)
    channel.values.setdefault("max_frequency", most)
    for key in ("min_frequency", "max_frequency"):
        limit = channel.values.get(key, 0.0)
        if limit >= sysclk / 2:
            continue  # told anyway
        if limit > most and tuning.frequency_to_ftw(min(limit, 1.01 * most)) > MAX_FTW:
            problems.add(f"{channel.path}.{key}", f"the box takes at most {most:.10g} Hz", limit)
