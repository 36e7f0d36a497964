"""What a configuration must be so that an AD9910 can do it; found by the registry of devices."""

from __future__ import annotations

from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device, refuse_twice, require, require_transport
from dds_link.devices.ad9910_clock import MAX_SPI_HZ, pll_settings
from dds_link.tuning import Tuning

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
    require_transport(device, problems, "spi")
    sysclk = device.get("sysclk")
    if sysclk is not None and "refclk" in device:
        try:
            pll_settings(device["refclk"], sysclk)
        except ValueError as error:
            problems.add("device.sysclk", str(error), sysclk)
    spi_hz = device.get("spi_hz", 0.0)
    if not spi_hz <= MAX_SPI_HZ:
        problems.add("device.spi_hz", "the AD9910 takes at most 70e6 Hz", spi_hz)
    selects = ((c.path + ".chip_select", c.values.get("chip_select")) for c in channels)
    refuse_twice(selects, problems)
    on_hardware = str(device.get("transport")).startswith(("spidev:", "ftdi:"))
    if "io_update" not in device.get("pins", {}) and ("pins" in device or on_hardware):
        problems.missing("device.pins.io_update", 'io_update = "gpiochip0:17"')
    if sysclk is not None:
        for channel in channels:
            _check_words(sysclk, channel, problems)


def _check_words(sysclk: float, channel: Channel, problems: Problems) -> None:
    """A limit just below half the clock may have a word that is not."""
    for key in ("min_frequency", "max_frequency"):
        limit = channel.values.get(key)
        if limit is None or not limit < sysclk / 2:
            continue
        try:
            Tuning(sysclk).frequency_to_ftw(limit)
        except ValueError as error:
            problems.add(f"{channel.path}.{key}", str(error), limit)
