"""From a configuration to the names of lines and chips that devices and transports share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.transports.base import IO_RESET, IO_UPDATE, MASTER_RESET, rf_switch

#: Lines that select one of eight profiles; the first is the lowest bit.
PROFILES = ("profile0", "profile1", "profile2")


def wiring(device: DeviceConfig, channels: Iterable[ChannelConfig]) -> dict[str, str]:
    """Find the lines that are wired.

    :returns: their names, each with its place in the configuration's words (``"gpiochip0:17"``).
    """
    pins = device.pins
    places = {
        IO_UPDATE: pins.io_update,
        IO_RESET: pins.io_reset,
        MASTER_RESET: pins.master_reset,
        **dict(zip(PROFILES, pins.profile, strict=False)),
        **{rf_switch(channel.index): channel.rf_switch for channel in channels},
    }
    return {name: place for name, place in places.items() if place is not None}


def chip_selects(channels: Iterable[ChannelConfig]) -> tuple[int | str, ...]:
    """Find the chips: one for each different chip select, in the order of the channels.

    A :class:`~dds_link.transports.base.Transfer` names a chip by its index in this tuple, which for
    a chip with a single channel is the index of the channel.
    """
    return tuple(dict.fromkeys(channel.chip_select for channel in channels))


def all_selects(device: DeviceConfig, channels: Iterable[ChannelConfig]) -> tuple[int | str, ...]:
    """Find what a :class:`~dds_link.transports.base.Transfer` may name, in the order of numbers:
    the chips, then the attenuators, if there are any."""
    selects = chip_selects(channels)
    return selects if device.attenuator is None else (*selects, device.attenuator.chip_select)


def places(channels: Sequence[ChannelConfig]) -> tuple[tuple[int, int], ...]:
    """Find where each channel is.

    :returns: for each channel the number of its chip (see :func:`chip_selects`), and which output
        of that chip it is: its place among the channels that share the chip select.
    """
    numbers = {select: chip for chip, select in enumerate(chip_selects(channels))}
    count = [0] * len(numbers)
    found = []
    for channel in channels:
        chip = numbers[channel.chip_select]
        found.append((chip, count[chip]))
        count[chip] += 1
    return tuple(found)
