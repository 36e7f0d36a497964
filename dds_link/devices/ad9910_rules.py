"""What a configuration must be so that an AD9910 can do it; found by the registry of devices."""

from __future__ import annotations

from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device, require
from dds_link.devices.ad9910_clock import MAX_SPI_HZ, pll_settings
from dds_link.devices.spi_rules import check_spi_hz, check_update_line, check_words, one_chip_each

SIMULATED = """\
[device]
type = "ad9910"
channels = 4
refclk = 25e6
sysclk = 1e9
transport = "spidev:0"
[device.pins]
io_update = "gpiochip0:17"
io_reset = "gpiochip0:22"
master_reset = "gpiochip0:27"
"""
"""The smallest config file for a board of four."""


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """Apply the rules of this chip: its clocks, one channel to a chip, an I/O_UPDATE line."""
    require(device, problems, "refclk", "sysclk")
    sysclk = device.get("sysclk")
    if sysclk is not None and "refclk" in device:
        try:
            pll_settings(device["refclk"], sysclk)
        except ValueError as error:
            problems.add("device.sysclk", str(error), sysclk)
    check_spi_hz(device, problems, "AD9910", MAX_SPI_HZ)
    one_chip_each(channels, problems)
    check_update_line(device, problems)
    if sysclk is not None:
        check_words(sysclk, channels, problems)
