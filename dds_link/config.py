"""The configuration of one controller, frozen; read from a TOML file, or made for a simulation.

A file that cannot be used is refused with every problem at once, each naming file, key, value,
reason and what to write instead. Keys are checked in ``config_keys``, what they are to each other
in ``config_rules``. What a type of device or a transport asks for, and which there are, the one who
builds them knows: it hands in a rule.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from dds_link.config_keys import (
    ATTENUATOR,
    ATTENUATOR_REQUIRED,
    CHANNEL,
    CHANNEL_REQUIRED,
    DEVICE,
    DEVICE_REQUIRED,
    PINS,
    TOP,
    TOP_REQUIRED,
    Problems,
    read_table,
)
from dds_link.config_rules import Channel, Device, Rule, check, complete
from dds_link.errors import ConfigError

MAX_FILE = 1 << 20
"""Longest config file, in bytes."""

SIMULATED_NAMES = ("cooling", "repump", "shelving", "raman")
"""Names of the first channels of the simulated board."""

_toml: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")


@dataclass(frozen=True)
class Pins:
    """Lines of the board as ``"gpiochip0:17"``; None where a pin is not wired."""

    io_update: str | None = None
    io_reset: str | None = None
    master_reset: str | None = None
    profile: tuple[str, ...] = ()


@dataclass(frozen=True)
class AttenuatorConfig:
    """Table ``[device.attenuator]``: one chain of digital step attenuators on the SPI bus."""

    type: str
    chip_select: int | str
    chain: tuple[int, ...]
    """The channel behind each attenuator, the one next to MOSI first."""
    readback: bool = False
    """True: the end of the chain is wired to MISO."""


@dataclass(frozen=True)
class DeviceConfig:
    """Table ``[device]``."""

    type: str
    channels: int
    refclk: float = 0.0
    """Hz; 0: the device has a reference of its own."""
    sysclk: float = 0.0
    """Hz; 0: the file leaves it out, and so does the rule of the device."""
    transport: str = ""
    spi_hz: float = 20e6
    readback: bool = True
    pins: Pins = Pins()
    baud: int = 115200
    """Rate of a serial line, bits/s."""
    timeout: float = 1.0
    """Longest wait for an answer, s."""
    token: str = field(default="", repr=False)
    """What the device asks for before it talks to anybody. Never shown."""
    on_reconnect: str = "safe"
    """What becomes of the outputs when a device that was lost, or in a fault, is back: ``"safe"``,
    ``"restore"`` or ``"leave"`` (see :mod:`dds_link.service.outputs`)."""
    attenuator: AttenuatorConfig | None = None


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
    min_attenuation: float | None = None
    """dB; None: 0."""
    safe_attenuation: float | None = None
    """dB; None: the largest that there is."""
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


def load(path: str | os.PathLike[str], rule: Rule | None = None) -> Config:
    """Read a config file.

    :param rule: as in :func:`parse`.
    :raises ConfigError: with every problem, or the one that the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            text = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError([f"{os.fspath(path)}: cannot be read: {reason}"]) from None
    # Problems name the path as it was given; answers to clients only the file.
    return replace(parse(text, os.fspath(path), rule), source=Path(path).name)


def parse(text: bytes | str, source: str, rule: Rule | None = None) -> Config:
    """Read what a config file holds.

    :param source: name of the file, for messages.
    :param rule: of the device and its transport; applied before those that hold for all, also to
        what is good of a bad file. It may fill in what the file leaves out.
    :raises ConfigError: with every problem.
    """
    content = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    raw = _parse_toml(content, source)
    problems = Problems(source)
    top = read_table(raw, TOP, TOP_REQUIRED, "", problems)
    device = _read_device(top.get("device", {}), "device" in top, problems)
    channels = complete(device, _read_channels(top.get("channel", []), problems), problems)
    if rule is not None:
        rule(device, channels, problems)
    check(device, channels, problems)
    if problems.found:
        raise ConfigError(problems.found)
    pins = Pins(**device.pop("pins", {}))
    attenuator = device.pop("attenuator", None)
    attenuator = None if attenuator is None else AttenuatorConfig(**attenuator)
    return Config(
        DeviceConfig(**device, pins=pins, attenuator=attenuator),
        tuple(ChannelConfig(**channel.values) for channel in channels),
        source,
        hashlib.sha256(content).hexdigest(),
    )


def with_transport(config: Config, transport: str) -> Config:
    """The same configuration on another transport, as ``--device`` asks for.

    :raises ConfigError: if it is no ``NAME:ADDRESS``.
    """
    try:
        device = replace(config.device, transport=DEVICE["transport"](transport))
    except ValueError as error:
        raise ConfigError([f"--device {transport}: {error}"]) from None
    return replace(config, device=device)


def simulated_board(channels: int = 4) -> Config:
    """The board of ``--simulation``: AD9910 at 1 GSPS with both resets wired, without limits.

    :param channels: how many; beyond the first four they are called ``ch4``, ``ch5``...
    """
    lines = [
        "[device]",
        'type = "ad9910"',
        f"channels = {channels}",
        "refclk = 25e6",
        "sysclk = 1e9",
        'transport = "twin:"',
        "readback = true",
        "[device.pins]",
        'io_update = "gpiochip0:17"',
        'io_reset = "gpiochip0:22"',
        'master_reset = "gpiochip0:27"',
    ]
    for index, name in enumerate(SIMULATED_NAMES[:channels]):
        lines += ["[[channel]]", f"index = {index}", f'name = "{name}"']
    return parse("\n".join(lines), "simulated board")


def _parse_toml(content: bytes, source: str) -> dict[str, Any]:
    if len(content) > MAX_FILE:
        raise ConfigError([f"{source}: is longer than {MAX_FILE} bytes: no config file"])
    try:
        # An editor on Windows may begin the file with a byte order mark.
        found: dict[str, Any] = _toml.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is not UTF-8; save the file as UTF-8"
        raise ConfigError([f"{source}: {reason}"]) from None
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError([f"{source}: is not TOML: {reason}"]) from None
    return found


def _read_device(table: object, present: bool, problems: Problems) -> Device:
    required = DEVICE_REQUIRED if present else {}  # a missing table is one problem, not six
    device = read_table(table, DEVICE, required, "device", problems)
    if "pins" in device:
        device["pins"] = read_table(device["pins"], PINS, {}, "device.pins", problems)
    if "attenuator" in device:
        path, raw = "device.attenuator", device["attenuator"]
        found = read_table(raw, ATTENUATOR, ATTENUATOR_REQUIRED, path, problems)
        if isinstance(raw, dict) and "chain" not in raw and "channels" in device:
            found["chain"] = tuple(range(device["channels"]))
        device["attenuator"] = found
    return device


def _read_channels(tables: object, problems: Problems) -> list[Channel]:
    if not isinstance(tables, list):
        problems.add("channel", "must be a list of tables: write [[channel]], with two brackets")
        return []
    return [_read_channel(table, f"channel[{n}]", problems) for n, table in enumerate(tables)]


def _read_channel(table: object, path: str, problems: Problems) -> Channel:
    values = read_table(table, CHANNEL, CHANNEL_REQUIRED, path, problems)
    return Channel(path, values, given=table.keys() if isinstance(table, dict) else ())
