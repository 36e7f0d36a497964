"""What a config file of a FlexDDS-NG may say."""

from pathlib import Path

import pytest

from dds_link.assembly import load_config
from dds_link.config import Config, parse
from dds_link.devices.flexdds_rules import SIMULATED, check
from dds_link.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "examples" / "flexdds.toml"


def read(text: str) -> Config:
    return parse(text, "lab.toml", check)


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return caught.value.problems


def test_the_smallest_file() -> None:
    device = read(SIMULATED).device
    assert (device.channels, device.sysclk, device.refclk) == (2, 1e9, 0.0)
    assert device.readback is False


def test_the_example_is_good() -> None:
    config = load_config(EXAMPLE, simulation=False)
    assert config.device.transport == "tcp:10.0.0.5:26000"
    assert [channel.name for channel in config.channels] == ["cooling", "repump"]


def changed(old: str, new: str) -> str:
    assert old in SIMULATED
    return SIMULATED.replace(old, new)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (changed("channels = 2", "channels = 3"), "device.channels = 3: a slot has 2; each slot"),
        (SIMULATED + "sysclk = 1.1e9", "device.sysclk = 1100000000.0: its AD9910 run at most at"),
        (SIMULATED + "readback = true", "device.readback = true: nothing can be read back"),
        (SIMULATED + "refclk = 10e6", "device.refclk: this box has nothing of that kind"),
        (SIMULATED + "spi_hz = 1e6", "device.spi_hz: this box has nothing of that kind"),
        (SIMULATED + "baud = 9600", "device.baud: this box has nothing of that kind"),
        (
            SIMULATED + 'attenuator = {type = "hmc542b", chain = [0], chip_select = 4}',
            "device.attenuator: this box has nothing of that kind",
        ),
        (SIMULATED + "[device.pins]", "device.pins: this box has nothing of that kind"),
        (
            SIMULATED + '[[channel]]\nindex = 0\nrf_switch = "gpiochip0:1"',
            "channel[0].rf_switch: this box has none",
        ),
        (
            SIMULATED + "[[channel]]\nindex = 1\nchip_select = 1",
            "channel[0].chip_select: this box has none",
        ),
        (
            SIMULATED + "[[channel]]\nindex = 1\nmax_frequency = 499999999.99",
            "channel[0].max_frequency = 499999999.99: frequency 499999999.99 Hz is outside",
        ),
        (
            SIMULATED + '[[channel]]\nindex = 0\non_start = "keep"',
            "channel[0].on_start = 'keep': needs device.readback = true",
        ),
        (changed('"tcp:', '"serial:'), "device.transport = 'serial:127.0.0.1:26000': a rack is"),
        (
            changed('token = "0123456789abcde0"\n', ""),
            'device.token: missing; write for example token = "..."',
        ),
        (
            changed("26000", "26005"),
            "device.token: port 26005 is slot 5, and the token must end with 5",
        ),
    ],
)
def test_each_problem(text: str, problem: str) -> None:
    (found,) = problems(text)
    assert found.startswith(f"lab.toml: {problem}")
    assert "0123456789abcde" not in found


@pytest.mark.parametrize("address", ["127.0.0.1:25999", "127.0.0.1:26006", "[::1]:40000"])
def test_behind_another_port_the_slot_is_not_known(address: str) -> None:
    read(changed("127.0.0.1:26000", address))


def test_a_missing_transport_is_one_problem() -> None:
    (found,) = problems(changed('transport = "tcp:127.0.0.1:26000"\n', ""))
    assert "device.transport: missing" in found
