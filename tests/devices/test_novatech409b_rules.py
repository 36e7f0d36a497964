"""What a Novatech 409B or DDS9m asks of a config file, and what it fills in."""

import pytest

from dds_link.config import parse
from dds_link.devices.novatech409b_rules import SIMULATED, SIMULATED_DDS9M, check
from dds_link.devices.novatech409b_text import SYSCLK
from dds_link.errors import ConfigError


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, "lab.toml", check)
    return [line.removeprefix("lab.toml: ") for line in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "kind"), [(SIMULATED, "novatech409b"), (SIMULATED_DDS9M, "dds9m")]
)
def test_the_smallest_config_file(text: str, kind: str) -> None:
    config = parse(text, "simulated", check)
    assert (config.device.type, config.device.baud) == (kind, 19200)
    assert (config.device.sysclk, config.device.refclk) == (SYSCLK, 0.0)
    assert [channel.max_frequency for channel in config.channels] == [
        pytest.approx(171127603.1)
    ] * 4


def test_an_external_clock() -> None:
    config = parse(SIMULATED + "refclk = 10e6\nsysclk = 150e6\nbaud = 115200", "", check)
    assert (config.device.sysclk, config.device.baud) == (150e6, 115200)
    assert config.channels[0].max_frequency == pytest.approx(0x65FFFFFF * 150e6 / 2**32)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("baud = 4800", "device.baud = 4800: must be one of 9600, 19200, 38400, 57600, 115200"),
        ("refclk = 10e6", "device.sysclk: missing; write for example sysclk = 150e6 (Hz, refclk"),
        ("refclk = 10e6\nsysclk = 155e6", "device.sysclk = 155000000.0: it must be refclk (100000"),
        ("sysclk = 400e6", "device.sysclk = 400000000.0: on the internal reference it is 4294967"),
        ("[device.pins]\nio_update = 'gpiochip0:17'", "device.pins: this box has no pins"),
        ("[[channel]]\nindex = 1\nrf_switch = 'gpiochip0:5'", "channel[0].rf_switch = 'gpiochip0:"),
        ("[[channel]]\nindex = 1\nmax_frequency = 172e6", "channel[0].max_frequency = 172000000.0: "
         "the box takes at most 171127603.1 Hz"),
        ("[[channel]]\nindex = 1\nmax_frequency = 215e6", "channel[0].max_frequency = 215000000.0: "
         "must be below half of device.sysclk"),
        ("[[channel]]\nindex = 1\nmin_frequency = 172e6\nmax_frequency = 170e6",
         "channel[0].min_frequency = 172000000.0: the box takes at most"),
    ],
)  # fmt: skip
def test_problems(line: str, expected: str) -> None:
    assert problems(SIMULATED + line)[0].startswith(expected)


def test_a_limit_whose_word_is_the_largest_is_allowed() -> None:
    text = SIMULATED + "[[channel]]\nindex = 0\nmax_frequency = 171127603.14"
    assert parse(text, "", check).channels[0].max_frequency == 171127603.14


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("channels = 4", "channels = 5", "device.channels = 5: the box has 4"),
        ("serial:/dev/ttyUSB0", "spidev:0", "device.transport = 'spidev:0': this box talks in tex"),
    ],
)
def test_outputs_and_line(old: str, new: str, expected: str) -> None:
    [problem] = problems(SIMULATED.replace(old, new))
    assert problem.startswith(expected)


def test_what_is_wrong_already_is_told_once() -> None:
    assert len(problems(SIMULATED + "refclk = 10e6\nsysclk = 'fast'")) == 1
    assert len(problems(SIMULATED + "baud = 'fast'")) == 1
    assert len(problems(SIMULATED.replace("channels = 4", "channels = 0"))) == 1
