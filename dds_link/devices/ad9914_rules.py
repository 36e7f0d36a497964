"""What a configuration must be so that an AD9914 or AD9915 can do it; found by the registry of
devices."""

from __future__ import annotations

from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device, require
from dds_link.devices.ad9914_clock import CHIPS, MAX_SPI_HZ, pll_settings
from dds_link.devices.spi_rules import check_spi_hz, check_update_line, check_words, one_chip_each

_SIMULATED = """\
[device]
type = "{}"
channels = 2
refclk = 2.5e9
sysclk = 2.5e9
transport = "spidev:0"
[device.pins]
io_update = "gpiochip0:17"
io_reset = "gpiochip0:22"
master_reset = "gpiochip0:27"
"""

SIMULATED_AD9914 = _SIMULATED.format("ad9914")
SIMULATED_AD9915 = _SIMULATED.format("ad9915")
"""The smallest config files, for a board of two."""


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """Apply the rules of this chip: its clocks, one channel to a chip, an I/O_UPDATE line."""
    require(device, problems, "refclk", "sysclk")
    chip = CHIPS[device["type"]]
    sysclk = device.get("sysclk")
    if sysclk is not None and "refclk" in device:
        try:
            pll_settings(chip, device["refclk"], sysclk)
        except ValueError as error:
            problems.add("device.sysclk", str(error), sysclk)
    check_spi_hz(device, problems, chip.name, MAX_SPI_HZ)
    one_chip_each(channels, problems)
    check_update_line(device, problems)
    if sysclk is not None:
        check_words(sysclk, channels, problems)
