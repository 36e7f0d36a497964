"""What the keys of a config file must be to each other."""

import pytest

from dds_link import config_rules
from dds_link.config import parse
from tests.config_texts import DEVICE, changed, channel, problem


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("io_reset = 'gpiochip0:17'", "device.pins.io_reset = 'gpiochip0:17': already used by "
         "device.pins.io_update; give each its own"),
        ("profile = ['gpiochip0:5', 'gpiochip0:6', 'gpiochip0:5']",
         "device.pins.profile[2] = 'gpiochip0:5': already used by device.pins.profile[0]"),
    ],
)  # fmt: skip
def test_no_line_is_used_twice(line: str, expected: str) -> None:
    assert problem(DEVICE + line).startswith(expected)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("chip_select = 'gpiochip0:17'", "chip_select = 'gpiochip0:17': already used by device.pi"),
        ("rf_switch = 'gpiochip0:17'", "rf_switch = 'gpiochip0:17': already used by device.pins"),
        ("max_frequency = 500e6", "max_frequency = 500000000.0: must be below half of device.sys"),
        ("safe_amplitude = 0.5\nmax_amplitude = 0.4", "safe_amplitude = 0.5: must not be above"),
    ],
)  # fmt: skip
def test_limits_and_lines_of_a_channel(line: str, expected: str) -> None:
    assert problem(channel(line)).startswith("channel[0]." + expected)


@pytest.mark.parametrize("line", ["name = 'ch1'", "chip_select = 1"])
def test_what_a_channel_has_by_default_is_taken(line: str) -> None:
    expected = f"channel 1 (by default).{line}: already used by channel[0]."
    assert problem(channel(line)).startswith(expected)


def test_indices() -> None:
    two = DEVICE + "[[channel]]\nindex = {}\n[[channel]]\nindex = {}"
    twice = "channel[1].index = 1: already used by channel[0].index; give each its own"
    assert problem(two.format(1, 1)) == twice
    assert problem(two.format(0, 2)) == (
        "channel[1].index = 2: must be below device.channels = 2; indices begin at 0"
    )
    assert problem(two.format(0, -1)).startswith("channel[1].index = -1: must be a whole number")


def test_one_mistake_is_one_problem() -> None:
    """What follows from a mistake is not reported besides."""
    assert problem(changed("channels = 2", "channels = 'two'") + "[[channel]]\nindex = 7")
    assert problem(changed("sysclk = 1e9", "sysclk = 'fast'") + "[[channel]]\nindex = 1\n"
                   "max_frequency = 100e6")  # fmt: skip
    assert problem(channel("chip_select = 'CE0'", "[[channel]]", "index = 1", "chip_select = 0"))
    assert problem(channel("name = 7", "[[channel]]", "index = 1", "name = 'ch0'"))


def test_keep_needs_readback() -> None:
    blind = changed("sysclk = 1e9", "sysclk = 1e9\nreadback = false")
    keep = "[[channel]]\nindex = 0\non_start = 'keep'"
    assert problem(blind + keep).startswith(
        "channel[0].on_start = 'keep': needs device.readback = true"
    )
    assert parse(DEVICE + keep, "lab.toml").channels[0].on_start == "keep"
    assert parse(blind + keep.replace("on_start", "on_stop"), "lab.toml")


def test_rules_of_a_type_are_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    text = changed('"ad9910"', '"my_box"').replace("sysclk = 1e9", "sysclk = 3e9")
    assert parse(text, "lab.toml").device.type == "my_box"
    monkeypatch.setitem(config_rules.RULES, "my_box", config_rules.RULES["ad9910"])
    assert problem(text).startswith("device.sysclk = 3000000000.0: the AD9910 runs at most")
