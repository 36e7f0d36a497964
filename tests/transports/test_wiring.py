"""From a configuration to the names of lines and chips."""

from dataclasses import replace

from dds_link.config import AttenuatorConfig, Pins
from dds_link.transports.wiring import all_selects, chip_selects, places, wiring
from tests.transports.configs import channel, device


def test_every_line_that_is_wired_and_no_other() -> None:
    channels = [channel(0, 0, "gpiochip0:19"), channel(1, 1), channel(2, 2, "gpiochip1:3")]
    assert wiring(device(), channels) == {
        "io_update": "gpiochip0:17",
        "io_reset": "gpiochip0:22",
        "master_reset": "gpiochip0:27",
        "profile0": "gpiochip0:5",
        "profile1": "gpiochip0:6",
        "profile2": "gpiochip0:13",
        "rf_switch0": "gpiochip0:19",
        "rf_switch2": "gpiochip1:3",
    }


def test_nothing_wired() -> None:
    assert wiring(device(pins=Pins()), [channel(0, 0)]) == {}


def test_a_chip_for_each_chip_select() -> None:
    assert chip_selects([channel(0, 1), channel(1, 0), channel(2, "gpiochip0:9")]) == (
        1,
        0,
        "gpiochip0:9",
    )


def test_channels_of_one_chip_share_its_chip_select() -> None:
    assert chip_selects([channel(0, 1), channel(1, 1), channel(2, 0), channel(3, 0)]) == (1, 0)


def test_the_attenuators_come_after_the_chips() -> None:
    channels = [channel(0, 1), channel(1, "gpiochip0:9")]
    assert all_selects(device(), channels) == (1, "gpiochip0:9")
    attenuator = AttenuatorConfig("hmc542b", 4, (0, 1))
    made = replace(device(), attenuator=attenuator)
    assert all_selects(made, channels) == (1, "gpiochip0:9", 4)


def test_where_each_channel_is() -> None:
    assert places([channel(0, 1), channel(1, 0), channel(2, 5)]) == ((0, 0), (1, 0), (2, 0))
    shared = [channel(0, "a:1"), channel(1, "a:1"), channel(2, "a:2"), channel(3, "a:1")]
    assert places(shared) == ((0, 0), (0, 1), (1, 0), (0, 2))
