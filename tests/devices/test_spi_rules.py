"""What configurations of DDS chips on an SPI bus must be, whatever chip it is."""

from typing import Any

import pytest

from dds_link.config_keys import Problems
from dds_link.config_rules import Channel
from dds_link.devices import spi_rules


def found(rule: Any, *arguments: Any) -> list[str]:
    problems = Problems("lab.toml")
    rule(*arguments[:1], problems, *arguments[1:])
    return [text.partition(": ")[2] for text in problems.found]


def channels(*values: dict[str, Any]) -> list[Channel]:
    """Good channels with these values."""
    rest = [None] * (len(Channel._fields) - 2)
    return [Channel(f"channel[{n}]", each, *rest) for n, each in enumerate(values)]


@pytest.mark.parametrize("spi_hz", [{}, {"spi_hz": 70e6}])
def test_a_serial_clock_that_the_chip_takes(spi_hz: dict[str, float]) -> None:
    assert found(spi_rules.check_spi_hz, spi_hz, "AD9910", 70e6) == []


def test_a_serial_clock_that_is_too_fast() -> None:
    [text] = found(spi_rules.check_spi_hz, {"spi_hz": 71e6}, "AD9910", 70e6)
    assert text == "device.spi_hz = 71000000.0: the AD9910 takes at most 70e6 Hz"


def test_a_transport_that_is_no_spi_bus() -> None:
    [text] = found(spi_rules.check_spi_hz, {"transport": "tcp:10.0.0.5:26000"}, "AD9910", 70e6)
    assert text.startswith("device.transport = 'tcp:10.0.0.5:26000': this is a chip on an SPI bus")


def test_chips_of_one_channel_have_chip_selects_of_their_own() -> None:
    assert found(spi_rules.one_chip_each, channels({"chip_select": 0}, {"chip_select": 1})) == []
    [text] = found(spi_rules.one_chip_each, channels({"chip_select": 1}, {"chip_select": 1}))
    assert text.startswith("channel[1].chip_select = 1: already used by channel[0].chip_select")


@pytest.mark.parametrize(
    "device",
    [
        {"transport": "twin:"},
        {"transport": "spidev:0", "pins": {"io_update": "gpiochip0:17"}},
    ],
)
def test_an_update_line_that_is_there_or_not_needed(device: dict[str, Any]) -> None:
    assert found(spi_rules.check_update_line, device) == []


@pytest.mark.parametrize(
    "device",
    [
        {"transport": "spidev:0"},
        {"transport": "ftdi://ftdi:232h/1"},
        {"transport": "twin:", "pins": {"io_reset": "gpiochip0:22"}},
    ],
)
def test_an_update_line_that_is_missing(device: dict[str, Any]) -> None:
    [text] = found(spi_rules.check_update_line, device)
    assert text.startswith("device.pins.io_update: missing")


def test_the_word_of_a_limit_is_below_half_the_clock() -> None:
    limits = channels(
        {"min_frequency": 499999999.9},
        {"max_frequency": 499999999.8},
        {"max_frequency": 500e6},  # that is for the rules of all devices to say
    )
    problems = Problems("lab.toml")
    spi_rules.check_words(1e9, limits, problems)
    [text] = problems.found
    assert text.startswith(
        "lab.toml: channel[0].min_frequency = 499999999.9: frequency 499999999.9"
    )
    spi_rules.check_words(1e9, limits[:1], problems := Problems("lab.toml"), ftw_bits=48)
    assert problems.found == []
