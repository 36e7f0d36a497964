"""What configurations of DDS chips on an SPI bus must be, whatever chip it is."""

from __future__ import annotations

from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device, refuse_twice, require_transport
from dds_link.tuning import Tuning


def check_spi_hz(device: Device, problems: Problems, chip: str, highest: float) -> None:
    """The bus is one, and its clock is not too fast.

    :param chip: name of the chip, for the message.
    :param highest: Hz.
    """
    require_transport(device, problems, "spi")
    spi_hz = device.get("spi_hz", 0.0)
    if not spi_hz <= highest:
        reason = f"the {chip} takes at most {highest / 1e6:.0f}e6 Hz"
        problems.add("device.spi_hz", reason, spi_hz)


def one_chip_each(channels: list[Channel], problems: Problems) -> None:
    """For chips with one channel: no chip select twice."""
    selects = ((c.path + ".chip_select", c.values.get("chip_select")) for c in channels)
    refuse_twice(selects, problems)


def check_update_line(device: Device, problems: Problems) -> None:
    """Without an I/O_UPDATE line no chip ever changes. Only hardware needs a place for it."""
    on_hardware = str(device.get("transport")).startswith(("spidev:", "ftdi:"))
    if "io_update" not in device.get("pins", {}) and ("pins" in device or on_hardware):
        problems.missing("device.pins.io_update", 'io_update = "gpiochip0:17"')


def check_words(
    sysclk: float, channels: list[Channel], problems: Problems, ftw_bits: int = 32
) -> None:
    """A limit just below half the clock may have a word that is not."""
    for channel in channels:
        for key in ("min_frequency", "max_frequency"):
            limit = channel.values.get(key)
            if limit is None or not limit < sysclk / 2:
                continue
            try:
                Tuning(sysclk, ftw_bits).frequency_to_ftw(limit)
            except ValueError as error:
                problems.add(f"{channel.path}.{key}", str(error), limit)
