"""What a configuration must be so that an AD9850 can do it; found by the registry of devices."""

from __future__ import annotations

from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device, require
from dds_link.devices.spi_rules import check_spi_hz, check_update_line, check_words, one_chip_each

#: Hz, at 5 V; 110e6 at 3.3 V.
MAX_SYSCLK = 125e6
#: Hz; unconfirmed, and no usual module sees more than 25e6.
MAX_SPI_HZ = 100e6

SIMULATED = """\
[device]
type = "ad9850"
channels = 2
refclk = 125e6
transport = "spidev:0"
[device.pins]
io_update = "gpiochip0:17"
master_reset = "gpiochip0:27"
"""
"""The smallest config file, for a board of two."""


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """Apply the rules of this chip: its clock, its pins, no readback, no amplitude."""
    require(device, problems, "refclk")
    if "refclk" in device:
        _check_clock(device, device["refclk"], problems)
        check_words(device["refclk"], channels, problems)
    device.setdefault("readback", False)
    if device["readback"]:
        problems.add("device.readback", "the AD9850 cannot be read; leave it out", True)
    check_spi_hz(device, problems, "AD9850", MAX_SPI_HZ)
    one_chip_each(channels, problems)
    check_update_line(device, problems)
    pins = device.get("pins", {})
    if "master_reset" not in pins:  # without RESET nobody knows what it is after power-up
        problems.missing("device.pins.master_reset", 'master_reset = "gpiochip0:27"')
    for key in ("io_reset", "profile"):
        if key in pins:
            reason = "the AD9850 has no such pin; leave it out"
            problems.add(f"device.pins.{key}", reason, pins[key])
    for channel in channels:
        _check_amplitude(channel, problems)


def _check_clock(device: Device, refclk: float, problems: Problems) -> None:
    sysclk = device.setdefault("sysclk", refclk)
    if sysclk != refclk:
        reason = f"the AD9850 has no PLL: write refclk, {refclk!r}, or leave it out"
        problems.add("device.sysclk", reason, sysclk)
    if not refclk <= MAX_SYSCLK:
        reason = f"the AD9850 takes at most {MAX_SYSCLK / 1e6:.0f}e6 Hz"
        problems.add("device.refclk", reason, refclk)


def _check_amplitude(channel: Channel, problems: Problems) -> None:
    """Full scale or nothing."""
    for key, allowed in (("max_amplitude", (1.0,)), ("safe_amplitude", (0.0, 1.0))):
        value = channel.values.get(key, 1.0)
        if value not in allowed:
            reason = "the AD9850 cannot scale its amplitude; leave it out"
            problems.add(f"{channel.path}.{key}", reason, value)
