"""A good config file, and ways to spoil it."""

import pytest

from dds_link.config import parse
from dds_link.devices.registry import check
from dds_link.errors import ConfigError

DEVICE = """
[device]
type = "ad9910"
channels = 2
refclk = 25e6
sysclk = 1e9
transport = "spidev:0"
[device.pins]
io_update = "gpiochip0:17"
"""


def problems(text: "str | bytes") -> "list[str]":
    """What is wrong with a config file of an AD9910, without the file's name."""
    with pytest.raises(ConfigError) as error:
        parse(text, "lab.toml", check)
    assert all(line.startswith("lab.toml: ") for line in error.value.problems)
    assert all("\n" not in line for line in error.value.problems)
    return [line[len("lab.toml: ") :] for line in error.value.problems]


def problem(text: "str | bytes") -> str:
    """The only thing that is wrong."""
    [only] = problems(text)
    return only


def changed(old: str, new: str) -> str:
    """The good device, with one line changed."""
    assert old in DEVICE
    return DEVICE.replace(old, new)


def channel(*lines: str) -> str:
    """The good device with a channel 0 of these keys."""
    return "\n".join([DEVICE, "[[channel]]", "index = 0", *lines])
