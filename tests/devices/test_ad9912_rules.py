"""What an AD9912 asks of a config file besides the rules that hold for every device."""

import pytest

from dds_link.config import parse
from dds_link.devices.ad9912_rules import SIMULATED, check
from tests.config_texts import problem, problems


def changed(old: str, new: str) -> str:
    """The smallest config file, with one line changed."""
    assert old in SIMULATED
    return SIMULATED.replace(old, new)


def channel(*lines: str) -> str:
    """The same with a channel 0 of these keys."""
    return "\n".join([SIMULATED, "[[channel]]", "index = 0", *lines])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("sysclk = 1e9", "sysclk = 850e6", "device.sysclk = 850000000.0: with the PLL it must be"),
        ("sysclk = 1e9", "sysclk = 975e6", "device.sysclk = 975000000.0: it must be refclk (25000"),
        ("sysclk = 1e9", "sysclk = 2e9", "device.sysclk = 2000000000.0: the AD9912 runs at most"),
        ("sysclk = 1e9", "spi_hz = 51e6\nsysclk = 1e9", "device.spi_hz = 51000000.0: the AD9912"),
        ("io_update", 'io_reset = "gpiochip0:5"\nio_update', "device.pins.io_reset = 'gpio"),
        ('io_update = "gpiochip0:17"', "", "device.pins.io_update: missing; write"),
        ("sysclk = 1e9", "", "device.sysclk: missing; write for example sysclk = 1e9 (Hz)"),
        ("refclk = 25e6", "", "device.refclk: missing; write for example refclk = 25e6 (Hz)"),
    ],
)  # fmt: skip
def test_clocks_and_wiring(old: str, new: str, expected: str) -> None:
    assert problem(changed(old, new)).startswith(expected)


def test_pins_that_the_chip_does_not_have() -> None:
    lines = 'profile = ["gpiochip0:5", "gpiochip0:6", "gpiochip0:13"]\nio_update'
    assert problem(changed("io_update", lines)) == (
        "device.pins.profile = ('gpiochip0:5', 'gpiochip0:6', 'gpiochip0:13'): "
        "the AD9912 has no such pin; leave it out"
    )


def test_there_is_no_amplitude_to_limit() -> None:
    text = channel("max_amplitude = 0.5", "safe_amplitude = 0.25")
    assert problems(text) == [
        "channel[0].max_amplitude = 0.5: the AD9912 cannot scale its amplitude; leave it out",
        "channel[0].safe_amplitude = 0.25: the AD9912 cannot scale its amplitude; leave it out",
    ]
    for good in ("safe_amplitude = 0", "safe_amplitude = 1.0", "max_amplitude = 1"):
        assert parse(channel(good), "lab.toml", check)


def test_two_chips_do_not_share_a_chip_select() -> None:
    text = channel("chip_select = 1", "[[channel]]", "index = 1", "chip_select = 1")
    assert problem(text).startswith("channel[1].chip_select = 1: already used by channel[0].chip_s")


@pytest.mark.parametrize("key", ["min_frequency", "max_frequency"])
def test_the_word_of_a_limit_is_below_half_the_clock(key: str) -> None:
    """Which has 48 bits, so that it comes closer than that of other chips."""
    assert parse(channel(f"{key} = 499999999.999997"), "lab.toml", check)
    assert problem(channel(f"{key} = 499999999.999999")).startswith(f"channel[0].{key} = 4999")


def test_the_smallest_config_file() -> None:
    config = parse(SIMULATED, "simulated", check)
    assert config.device.type == "ad9912"
    assert len(config.channels) == 2
