"""What a configuration must be so that an AD9912 can do it; found by the registry of devices."""

from __future__ import annotations

from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device, require
from dds_link.devices.ad9912_clock import MAX_SPI_HZ, pll_settings
from dds_link.devices.spi_rules import check_spi_hz, check_update_line, check_words, one_chip_each

SIMULATED = """\
[device]
type = "ad9912"
channels = 2
refclk = 25e6
sysclk = 1e9
transport = "spidev:0"
[device.pins]
io_update = "gpiochip0:17"
master_reset = "gpiochip0:27"
"""
"""The smallest config file, for a board of two."""


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """Apply the rules of this chip: its clocks, its pins, one channel to a chip, no amplitude."""
    require(device, problems, "refclk", "sysclk")
    sysclk = device.get("sysclk")
    if sysclk is not None and "refclk" in device:
        try:
            pll_settings(device["refclk"], sysclk)
        except ValueError as error:
            problems.add("device.sysclk", str(error), sysclk)
    check_spi_hz(device, problems, "AD9912", MAX_SPI_HZ)
    one_chip_each(channels, problems)
    check_update_line(device, problems)
    for key in ("io_reset", "profile"):
        if key in device.get("pins", {}):
            reason = "the AD9912 has no such pin; leave it out"
            problems.add(f"device.pins.{key}", reason, device["pins"][key])
    for channel in channels:
        _check_amplitude(channel, problems)
    if sysclk is not None:
        check_words(sysclk, channels, problems, ftw_bits=48)


def _check_amplitude(channel: Channel, problems: Problems) -> None:
    """Full scale or nothing."""
    for key, allowed in (("max_amplitude", (1.0,)), ("safe_amplitude", (0.0, 1.0))):
        value = channel.values.get(key, allowed[0])
        if value not in allowed:
            reason = "the AD9912 cannot scale its amplitude; leave it out"
            problems.add(f"{channel.path}.{key}", reason, value)
