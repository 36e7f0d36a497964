"""What an AD9910 asks of a config file besides the rules that hold for every device."""

import pytest

from dds_link.config import parse
from dds_link.devices.ad9910_rules import SIMULATED, check
from tests.config_texts import DEVICE, changed, channel, problem


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("sysclk = 1e9", "sysclk = 400e6", "device.sysclk = 400000000.0: with the PLL it must be"),
        ("sysclk = 1e9", "sysclk = 2e9", "device.sysclk = 2000000000.0: the AD9910 runs at most"),
        ("sysclk = 1e9", "spi_hz = 71e6\nsysclk = 1e9", "device.spi_hz = 71000000.0: the AD9910"),
        ('[device.pins]\nio_update = "gpiochip0:17"', "", "device.pins.io_update: missing; write"),
        ("io_update", "io_reset", "device.pins.io_update: missing; write for example io_update"),
        ("sysclk = 1e9", "", "device.sysclk: missing; write for example sysclk = 1e9 (Hz)"),
        ("refclk = 25e6", "", "device.refclk: missing; write for example refclk = 25e6 (Hz)"),
    ],
)
def test_clocks_and_wiring(old: str, new: str, expected: str) -> None:
    assert problem(changed(old, new)).startswith(expected)


def test_two_chips_do_not_share_a_chip_select() -> None:
    text = channel("chip_select = 1", "[[channel]]", "index = 1", "chip_select = 1")
    assert problem(text).startswith("channel[1].chip_select = 1: already used by channel[0].chip_s")
    line = 'chip_select = "gpiochip0:8"'
    text = channel(line, "[[channel]]", "index = 1", line)
    assert problem(text).startswith("channel[1].chip_select = 'gpiochip0:8': already used by")


def test_a_line_as_chip_select() -> None:
    config = parse(channel('chip_select = "gpiochip0:8"'), "lab.toml", check)
    assert [c.chip_select for c in config.channels] == ["gpiochip0:8", 1]


@pytest.mark.parametrize("key", ["min_frequency", "max_frequency"])
def test_the_word_of_a_limit_is_below_half_the_clock(key: str) -> None:
    assert problem(channel(f"{key} = 499999999.9")) == (
        f"channel[0].{key} = 499999999.9: frequency 499999999.9 Hz is outside 0 ... "
        "499999999.767169 Hz (below half of sysclk)"
    )
    assert parse(channel(f"{key} = 499999999.8"), "lab.toml", check)


def test_a_clock_that_is_no_number_is_one_problem() -> None:
    assert problem(changed("sysclk = 1e9", "sysclk = true")).startswith("device.sysclk = true: ")
    assert problem(changed("refclk = 25e6", "refclk = -1")).startswith("device.refclk = -1: ")


def test_the_smallest_config_file() -> None:
    config = parse(SIMULATED, "simulated", check)
    assert config.device.type == "ad9910"
    assert len(config.channels) == 4


def test_pins_are_for_spidev_to_ask_for() -> None:
    bare = DEVICE.partition("[device.pins]")[0].replace("spidev:0", "twin:")
    assert parse(bare, "lab.toml", check).device.pins.io_update is None
