"""What a configuration must be so that an AD9959 or AD9958 can do it; found by the registry of
devices."""

from __future__ import annotations

from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device, refuse_twice, require, selects
from dds_link.devices.ad9959_clock import MAX_SPI_HZ, pll_settings
from dds_link.devices.spi_rules import check_spi_hz, check_update_line, check_words

OUTPUTS = {"ad9959": 4, "ad9958": 2}
"""Channels of each type of chip."""

_SIMULATED = """\
[device]
type = "{}"
channels = {}
refclk = 25e6
sysclk = 500e6
transport = "spidev:0"
[device.pins]
io_update = "gpiochip0:17"
io_reset = "gpiochip0:22"
master_reset = "gpiochip0:27"
"""

SIMULATED_AD9959 = _SIMULATED.format("ad9959", 4)
SIMULATED_AD9958 = _SIMULATED.format("ad9958", 2)
"""The smallest config files, for one chip."""


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """Apply the rules of this chip: its clocks, whole chips, an I/O_UPDATE line.

    The channels of a chip are neighbours; the first of them that names a chip select names it for
    all, and a chip without any has its own number.
    """
    require(device, problems, "refclk", "sysclk")
    sysclk = device.get("sysclk")
    if sysclk is not None and "refclk" in device:
        try:
            pll_settings(device["refclk"], sysclk)
        except ValueError as error:
            problems.add("device.sysclk", str(error), sysclk)
    chip = device["type"].upper()
    check_spi_hz(device, problems, chip, MAX_SPI_HZ)
    outputs = OUTPUTS[device["type"]]
    count = device.get("channels", outputs)
    if count % outputs:
        reason = f"must be a multiple of {outputs}: an {chip} has {outputs} channels"
        problems.add("device.channels", reason, count)
    elif len(channels) == count:
        for first in range(0, count, outputs):
            _share(channels[first : first + outputs], first // outputs, problems)
        refuse_twice((each for n in range(0, count, outputs)
                      for each in selects(channels[n : n + outputs])), problems)  # fmt: skip
    check_update_line(device, problems)
    if sysclk is not None:
        check_words(sysclk, channels, problems)


def _share(channels: list[Channel], chip: int, problems: Problems) -> None:
    """One chip select for the channels of one chip."""
    given = [channel for channel in channels if "chip_select" in channel.given]
    named = [channel for channel in given if "chip_select" in channel.values]
    if len(named) < len(given):
        return  # one of them is bad by itself
    select = named[0].values["chip_select"] if named else chip
    for channel in named:
        if channel.values["chip_select"] != select:
            problems.add(
                f"{channel.path}.chip_select",
                f"must be {select!r} as for {named[0].path}: they are channels of one chip",
                channel.values["chip_select"],
            )
            return
    for channel in channels:
        channel.values["chip_select"] = select
