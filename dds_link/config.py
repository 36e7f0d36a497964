"""The configuration of one controller, frozen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pins:
    """Lines of the board as ``"gpiochip0:17"``; None where a pin is not wired."""

    io_update: str | None = None
    io_reset: str | None = None
    master_reset: str | None = None
    profile: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeviceConfig:
    """Table ``[device]``."""

    type: str
    channels: int
    refclk: float
    sysclk: float
    transport: str
    spi_hz: float = 20e6
    readback: bool = True
    pins: Pins = Pins()


@dataclass(frozen=True)
class ChannelConfig:
    """One table ``[[channel]]``, every key filled in."""

    index: int
    name: str
    chip_select: int | str
    rf_switch: str | None = None
    min_frequency: float | None = None
    max_frequency: float | None = None
    max_amplitude: float = 1.0
    safe_amplitude: float = 0.0
    on_start: str = "safe"
    on_stop: str = "safe"


@dataclass(frozen=True)
class Config:
    """Everything that a config file says."""

    device: DeviceConfig
    channels: tuple[ChannelConfig, ...]
    """One for each channel of the device, in the order of their indices."""
    source: str
    """File name, for messages."""
    hash: str
    """SHA-256 of the file's bytes, in hex."""
