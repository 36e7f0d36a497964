"""What an AD9959 or AD9958 asks of a config file besides the rules that hold for every device."""

import pytest

from dds_link.config import Config, parse
from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device
from dds_link.devices.ad9959_rules import SIMULATED_AD9958, SIMULATED_AD9959, check
from dds_link.errors import ConfigError


def read(text: str) -> Config:
    def rule(device: Device, channels: "list[Channel]", problems: Problems) -> None:
        check(device, channels, problems)

    return parse(text, "lab.toml", rule)


def problems(text: str) -> "list[str]":
    with pytest.raises(ConfigError) as caught:
        read(text)
    return [problem.removeprefix("lab.toml: ") for problem in caught.value.problems]


def changed(old: str, new: str, text: str = SIMULATED_AD9959) -> str:
    assert old in text
    return text.replace(old, new)


def channel(index: int, *lines: str) -> str:
    return "\n".join(["[[channel]]", f"index = {index}", *lines, ""])


EIGHT = changed("channels = 4", "channels = 8")


@pytest.mark.parametrize(("text", "count"), [(SIMULATED_AD9959, 4), (SIMULATED_AD9958, 2)])
def test_one_chip(text: str, count: int) -> None:
    assert [each.chip_select for each in read(text).channels] == count * [0]


def test_by_default_chips_are_counted() -> None:
    assert [each.chip_select for each in read(EIGHT).channels] == 4 * [0] + 4 * [1]
    six = changed("channels = 2", "channels = 6", SIMULATED_AD9958)
    assert [each.chip_select for each in read(six).channels] == [0, 0, 1, 1, 2, 2]


def test_one_channel_names_the_chip_select_of_its_chip() -> None:
    text = EIGHT + channel(1, "chip_select = 3") + channel(7, "chip_select = 'gpiochip0:8'")
    expected = 4 * [3] + 4 * ["gpiochip0:8"]
    assert [each.chip_select for each in read(text).channels] == expected
    again = text + channel(0, "chip_select = 3")
    assert [each.chip_select for each in read(again).channels] == expected


def test_channels_of_one_chip_do_not_differ() -> None:
    text = EIGHT + channel(4, "chip_select = 3") + channel(6, "chip_select = 2")
    assert problems(text) == [
        "channel[1].chip_select = 2: must be 3 as for channel[0]: they are channels of one chip"
    ]


@pytest.mark.parametrize("select", ["0", "'gpiochip0:8'"])
def test_two_chips_do_not_share_one(select: str) -> None:
    text = EIGHT + channel(0, f"chip_select = {select}") + channel(4, f"chip_select = {select}")
    assert problems(text) == [
        f"channel[1].chip_select = {select}: already used by channel[0].chip_select; "
        "give each its own"
    ]


def test_a_chip_select_that_another_pin_has() -> None:
    text = SIMULATED_AD9959 + channel(0, "chip_select = 'gpiochip0:17'")
    (problem,) = problems(text)
    assert problem.startswith("channel[0].chip_select = 'gpiochip0:17': already used by device.p")


def test_a_bad_chip_select_is_one_problem() -> None:
    (problem,) = problems(EIGHT + channel(1, "chip_select = -1"))
    assert problem.startswith("channel[0].chip_select = -1: must be the number")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            changed("channels = 4", "channels = 6"),
            "device.channels = 6: must be a multiple of 4: an AD9959 has 4",
        ),
        (
            changed("channels = 2", "channels = 3", SIMULATED_AD9958),
            "device.channels = 3: must be a multiple of 2: an AD9958 has 2 channels",
        ),
        (changed("500e6", "200e6"), "device.sysclk = 200000000.0: with the PLL it must be"),
        (changed("500e6", "1e9"), "device.sysclk = 1000000000.0: the chip runs at"),
        (
            changed("[device.pins]", "spi_hz = 201e6\n[device.pins]"),
            "device.spi_hz = 201000000.0: the AD9959 takes at most 200e6 Hz",
        ),
        (changed('io_update = "gpiochip0:17"', ""), "device.pins.io_update: missing"),
        (changed("refclk = 25e6", ""), "device.refclk: missing"),
        (changed("sysclk = 500e6", ""), "device.sysclk: missing"),
        (
            SIMULATED_AD9959 + channel(2, "max_frequency = 249999999.95"),
            "channel[0].max_frequency = 249999999.95: frequency 249999999.95 Hz is outside",
        ),
    ],
)
def test_what_it_cannot_do(text: str, expected: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(expected)


def test_bad_indices_are_told_once() -> None:
    (problem,) = problems(SIMULATED_AD9959 + channel(4))
    assert problem.startswith("channel[0].index = 4: must be below")
    (problem,) = problems(changed("channels = 4", "channels = 'four'"))
    assert problem.startswith("device.channels = 'four'")
