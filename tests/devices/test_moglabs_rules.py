"""What MOGLabs boxes ask of a config file."""

from __future__ import annotations

import pytest

from dds_link.config import Config, parse
from dds_link.devices import moglabs_rules as rules
from dds_link.errors import ConfigError

ATTENUATOR = 'attenuator = {type = "hmc542b", chain = [0], chip_select = 4}'


def read(kind: str, *lines: str, device: str = "", channels: int = 2) -> Config:
    """A config file with these keys of channel 0."""
    text = f"""[device]
type = "moglabs_{kind}"
channels = {channels}
transport = "tcp:10.0.0.5:7802"
{device}
[[channel]]
index = 0
"""
    return parse(text + "\n".join(lines), "lab.toml", rules.check)


def problem(kind: str, *lines: str, device: str = "", channels: int = 2) -> str:
    """The only thing that is wrong."""
    with pytest.raises(ConfigError) as error:
        read(kind, *lines, device=device, channels=channels)
    [only] = error.value.problems
    return only


@pytest.mark.parametrize(
    ("kind", "sysclk", "low", "high"),
    [("arf", 1e9, 20e6, 400e6), ("xrf", 1e9, 20e6, 400e6), ("qrf", 500e6, 5e6, 200e6)],
)
def test_what_is_filled_in(kind: str, sysclk: float, low: float, high: float) -> None:
    config = read(kind)
    assert config.device.sysclk == sysclk
    assert config.channels[0].min_frequency == low
    assert config.channels[0].max_frequency == high


def test_limits_of_a_channel_are_kept() -> None:
    config = read("xrf", "min_frequency = 70e6", "max_frequency = 90e6")
    assert (config.channels[0].min_frequency, config.channels[0].max_frequency) == (70e6, 90e6)
    assert config.channels[1].max_frequency == 400e6


@pytest.mark.parametrize(
    ("kind", "line", "expected"),
    [
        ("xrf", "min_frequency = 10e6", "channel[0].min_frequency = 10000000.0: this box gives 2"),
        ("xrf", "max_frequency = 401e6", "channel[0].max_frequency = 401000000.0: this box gives"),
        ("xrf", 'rf_switch = "gpiochip0:1"', "channel[0].rf_switch = 'gpiochip0:1': the box swit"),
        ("qrf", 'on_start = "keep"', "channel[0].on_start = 'keep': a QRF does not tell whether"),
    ],
)
def test_channels(kind: str, line: str, expected: str) -> None:
    assert problem(kind, line).startswith("lab.toml: " + expected)


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("sysclk = 2e9", "device.sysclk = 2000000000.0: the words of this box count 1000000000"),
        ("refclk = 20e6", "device.refclk: is set at the box itself; leave it out"),
        ("pins = {}", "device.pins: is set at the box itself; leave it out"),
    ],
)
def test_what_the_box_has_itself(device: str, expected: str) -> None:
    assert problem("xrf", device=device).startswith("lab.toml: " + expected)


@pytest.mark.parametrize("transport", ["spidev:0", "ftdi://ftdi:232h/1"])
def test_no_box_sits_on_an_spi_bus(transport: str) -> None:
    text = rules.SIMULATED_XRF.replace("tcp:10.0.0.5:7802", transport)
    with pytest.raises(ConfigError) as error:
        parse(text, "lab.toml", rules.check)
    [only] = error.value.problems
    assert only.startswith(f"lab.toml: device.transport = '{transport}': this box talks in text")


def test_no_attenuator_hangs_on_a_box() -> None:
    assert problem("xrf", device=ATTENUATOR).startswith("lab.toml: device.attenuator: this box has")


def test_a_qrf_is_not_left_as_it_is() -> None:
    assert read("xrf", device="on_reconnect = 'leave'").device.on_reconnect == "leave"
    assert problem("qrf", device="on_reconnect = 'leave'").startswith(
        "lab.toml: device.on_reconnect = 'leave': a QRF does not tell whether its signal is on"
    )


def test_the_clock_of_a_qrf_may_be_another() -> None:
    """The driver compares it with the box."""
    assert read("qrf", device="sysclk = 1e9").device.sysclk == 1e9


@pytest.mark.parametrize(("kind", "channels"), [("arf", 3), ("xrf", 3), ("qrf", 5)])
def test_how_many_channels_there_are(kind: str, channels: int) -> None:
    assert problem(kind, channels=channels).startswith("lab.toml: device.channels = ")


def test_a_limit_that_is_no_number_is_one_problem() -> None:
    assert problem("xrf", "max_frequency = true").startswith("lab.toml: channel[0].max_frequency")


@pytest.mark.parametrize(
    ("text", "kind", "channels"),
    [
        (rules.SIMULATED_ARF, "moglabs_arf", 2),
        (rules.SIMULATED_XRF, "moglabs_xrf", 2),
        (rules.SIMULATED_QRF, "moglabs_qrf", 4),
    ],
)
def test_the_smallest_config_files(text: str, kind: str, channels: int) -> None:
    config = parse(text, "simulated", rules.check)
    assert (config.device.type, len(config.channels)) == (kind, channels)
