"""Transports by name."""

import subprocess
import sys

import pytest

from dds_link.clock import RealClock
from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device
from dds_link.errors import ConfigError
from dds_link.transports.registry import TRANSPORTS, check, load, make_transport
from dds_link.transports.spidev import SpidevTransport
from tests.transports.configs import channel, device

KNOWN = ", ".join(sorted(TRANSPORTS))


@pytest.mark.parametrize("name", sorted(TRANSPORTS))
def test_every_name_can_be_loaded(name: str) -> None:
    assert callable(load(name))


def test_the_part_behind_the_first_colon_is_the_address() -> None:
    transport = make_transport(device("spidev:3.1"), (channel(0, 0),), RealClock())
    assert isinstance(transport, SpidevTransport)
    assert (transport._bus, transport._bare_device) == (3, 1)


@pytest.mark.parametrize("name", ["usb", "", "twin"])
def test_an_unknown_name(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_transport(device(f"{name}:0"), (channel(0, 0),), RealClock())
    assert caught.value.problems == [
        f"device.transport: there is no transport '{name}', only: {KNOWN}"
    ]


def found(device: Device, *chip_selects: object) -> list[str]:
    problems = Problems("lab.toml")
    channels = [Channel("channel", {"chip_select": select}) for select in chip_selects]
    check(device, [*channels, Channel("channel", {})], problems)
    return problems.found


def test_a_good_transport_or_none_is_no_problem_of_a_file() -> None:
    assert found({"transport": "spidev:0.1"}, 0, "gpiochip0:8") == []
    assert found({"transport": "spidev:0"}, 0, 1) == []
    assert found({}) == []


@pytest.mark.parametrize(
    ("transport", "reason"),
    [("usb:3", f"there is no transport 'usb', only: {KNOWN}"),
     ("spidev:x", '"spidev:x" is not like "spidev:0"'),
     ("spidev:3", "chip_select 0 is a chip's own, so that another spidev device must clock the "
      'chips whose chip_select is a line: "spidev:3.DEVICE"')],
)  # fmt: skip
def test_a_problem_of_a_file(transport: str, reason: str) -> None:
    assert found({"transport": transport}, 0, "gpiochip0:8") == [
        f"lab.toml: device.transport = '{transport}': {reason}"
    ]


def test_the_pins_of_another_transport_are_refused() -> None:
    assert found({"transport": "spidev:0", "pins": {"io_update": "AC0"}}, "AC1") == [
        'lab.toml: device.pins.io_update = \'AC0\': "AC0" is not a line like "gpiochip0:17"',
        'lab.toml: channel.chip_select = \'AC1\': "AC1" is not a line like "gpiochip0:17"',
    ]
    assert len(found({"transport": "ftdi:///1", "pins": {"io_update": "gpiochip0:17"}})) == 1


def test_nothing_is_imported_before_it_is_chosen() -> None:
    code = (
        "import sys; import dds_link.transports.registry; "
        "names = ('spidev', 'gpiod', 'ftdi', 'ftdi_usb', 'serial', 'tcp'); "
        "print([m for m in sys.modules if m.endswith(names)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
