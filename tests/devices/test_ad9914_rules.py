"""What AD9914 and AD9915 ask of a config file besides the rules that hold for every device."""

import pytest

from dds_link.config import parse
from dds_link.devices.ad9914_rules import SIMULATED_AD9914, SIMULATED_AD9915, check
from dds_link.errors import ConfigError


def problem(text: str) -> str:
    """The only thing that is wrong."""
    with pytest.raises(ConfigError) as error:
        parse(text, "lab.toml", check)
    [only] = error.value.problems
    return only.partition(": ")[2]


@pytest.mark.parametrize("text", [SIMULATED_AD9914, SIMULATED_AD9915])
def test_the_smallest_config_file(text: str) -> None:
    config = parse(text, "simulated", check)
    assert config.device.type in text
    assert len(config.channels) == 2


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "sysclk = 2.5e9",
            "sysclk = 4e9",
            "device.sysclk = 4000000000.0: the AD9914 runs at 500e6",
        ),
        (
            "refclk = 2.5e9",
            "refclk = 30e6",
            "device.sysclk = 2500000000.0: it must be refclk (3000",
        ),
        ("refclk = 2.5e9\n", "", "device.refclk: missing"),
        ("sysclk = 2.5e9\n", "", "device.sysclk: missing"),
        (
            "transport",
            "spi_hz = 81e6\ntransport",
            "device.spi_hz = 81000000.0: the AD9914 takes at",
        ),
        ('io_update = "gpiochip0:17"', "", "device.pins.io_update: missing"),
        (
            "master_reset",
            "[[channel]]\nindex = 0\nmax_frequency = 1249999999.9\n#",
            "channel[0].max_frequency = 1249999999.9: frequency 1249999999.9 Hz is outside 0 ... ",
        ),
        (
            "master_reset",
            "[[channel]]\nindex = 0\nchip_select = 1\n[[channel]]\nindex = 1\nchip_select = 1\n#",
            "channel[1].chip_select = 1: already used by channel[0].chip_select",
        ),
    ],
)
def test_what_it_cannot_do(old: str, new: str, expected: str) -> None:
    assert old in SIMULATED_AD9914
    assert problem(SIMULATED_AD9914.replace(old, new)).startswith(expected)


def test_the_ad9915_is_slower() -> None:
    assert problem(SIMULATED_AD9915.replace("2.5e9", "3e9")).startswith(
        "device.sysclk = 3000000000.0: the AD9915 runs at 500e6...2500e6 Hz"
    )
    assert parse(SIMULATED_AD9914.replace("2.5e9", "3e9"), "lab.toml", check)
