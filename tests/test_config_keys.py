"""Each key of a config file by itself: every bad value is one problem, with reason and advice."""

import pytest

from dds_link.config import Pins, parse
from tests.config_texts import DEVICE, changed, channel, problem, problems

DEVICE_KEYS = ["type", "channels", "refclk", "sysclk", "transport", "spi_hz", "readback", "baud",
               "timeout", "token", "on_reconnect"]  # fmt: skip
CHANNEL_KEYS = ["index", "name", "chip_select", "rf_switch", "min_frequency", "max_frequency",
                "max_amplitude", "safe_amplitude", "on_start", "on_stop"]  # fmt: skip


def test_missing_keys_of_the_device() -> None:
    assert problems("[device]") == [
        'device.type: missing; write for example type = "ad9910"',
        "device.channels: missing; write for example channels = 4",
        'device.transport: missing; write for example transport = "spidev:0"',
    ]
    assert problems('[device]\ntype = "ad9910"\nchannels = 4\ntransport = "spidev:0"') == [
        "device.refclk: missing; write for example refclk = 25e6 (Hz)",
        "device.sysclk: missing; write for example sysclk = 1e9 (Hz)",
        'device.pins.io_update: missing; write for example io_update = "gpiochip0:17"',
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DEVICE + "[chanel]", "chanel: unknown; did you mean channel?"),
        (DEVICE + "[sweeps]", "sweeps: unknown; remove it (known here: device channel)"),
        (channel("max_amplitud = 1"), "channel[0].max_amplitud: unknown; did you mean max_amp"),
        (channel("colour = 1"), "channel[0].colour: unknown; remove it (known here: index name"),
        (DEVICE + "ioupdate = 1", "device.pins.ioupdate: unknown; did you mean io_update?"),
        ("device = 3", "device = 3: must be a table: write [device]"),
        (DEVICE.replace("[device.pins]\nio_update", "pins"), "device.pins = 'gpiochip0:17': must"),
        (DEVICE + "[channel]\nindex = 0", "channel: must be a list of tables: write [[channel]]"),
        ("channel = [1]\n" + DEVICE, "channel[0] = 1: must be a table"),
        (DEVICE + "[[channel]]", "channel[0].index: missing; write for example index = 0"),
    ],
)
def test_tables_and_keys(text: str, expected: str) -> None:
    assert problem(text).startswith(expected)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('type = "ad9910"', "type = 9910", "device.type = 9910: must be text"),
        ('type = "ad9910"', 'type = ""', "device.type = '': must be text"),
        ("channels = 2", "channels = 0", "device.channels = 0: must be a whole number 1 ... 1024"),
        ("channels = 2", "channels = 2.0", "device.channels = 2.0: must be a whole number"),
        ("channels = 2", "channels = true", "device.channels = true: must be a whole number"),
        ("channels = 2", "channels = '2'", "device.channels = '2': must be a whole number"),
        ("refclk = 25e6", "refclk = 0", "device.refclk = 0: must be above 0 Hz"),
        ("refclk = 25e6", "refclk = '25MHz'", "device.refclk = '25MHz': must be a number"),
        ("refclk = 25e6", "refclk = nan", "device.refclk = nan: must be a finite number"),
        ("sysclk = 1e9", "sysclk = inf", "device.sysclk = inf: must be a finite number"),
        ("sysclk = 1e9", "sysclk = -1e9", "device.sysclk = -1000000000.0: must be above 0"),
        ("sysclk = 1e9", "spi_hz = 0\nsysclk = 1e9", "device.spi_hz = 0: must be above 0 Hz"),
        ("sysclk = 1e9", "readback = 1\nsysclk = 1e9", "device.readback = 1: must be true or"),
        ("sysclk = 1e9", "baud = 49\nsysclk = 1e9", "device.baud = 49: must be a whole number 50"),
        ("sysclk = 1e9", "timeout = 0\nsysclk = 1e9", "device.timeout = 0: must be 0.01 ... 60 s"),
        ("sysclk = 1e9", "timeout = 61\nsysclk = 1e9", "device.timeout = 61: must be 0.01 ... 60"),
        ("sysclk = 1e9", "token = ''\nsysclk = 1e9", "device.token: must be text in quotes, 1 ..."),
        ("sysclk = 1e9", "token = 'ä'\nsysclk = 1e9", "device.token: must be ASCII"),
        (
            "sysclk = 1e9",
            "on_reconnect = 'keep'\nsysclk = 1e9",
            'device.on_reconnect = \'keep\': must be "restore" or "safe" or "leave"',
        ),
        ('"spidev:0"', '"/dev/spidev0.0"', "device.transport = '/dev/spidev0.0': must be"),
        ('"spidev:0"', "0", 'device.transport = 0: must be "NAME:ADDRESS", as in "spidev:0"'),
        ('"gpiochip0:17"', '"GPIO17"', "device.pins.io_update = 'GPIO17': must be a line"),
        ('"gpiochip0:17"', '"gpiochip0:017"', "device.pins.io_update = 'gpiochip0:017': must"),
        ('"gpiochip0:17"', '"AD2"', "device.pins.io_update = 'AD2': must be a line"),
        ('"gpiochip0:17"', '"AC8"', "device.pins.io_update = 'AC8': must be a line"),
        ("io_update", "io_reset", "device.pins.io_update: missing; write for example io_update"),
    ],
)
def test_keys_of_the_device(old: str, new: str, expected: str) -> None:
    assert problem(changed(old, new)).startswith(expected)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("profile = 3", "device.pins.profile = 3: must be a list of three lines"),
        ("profile = ['gpiochip0:5']", "device.pins.profile = ['gpiochip0:5']: must be a list"),
        ("profile = [5, 6, 13]", "device.pins.profile = [5, 6, 13]: must be a line"),
    ],
)  # fmt: skip
def test_pins(line: str, expected: str) -> None:
    assert problem(DEVICE + line).startswith(expected)


def test_pins_of_an_ftdi_chip() -> None:
    text = changed('"gpiochip0:17"', '"AC0"') + "profile = ['AD5', 'AD6', 'AC7']"
    config = parse(text + "\n[[channel]]\nindex = 0\nchip_select = 'AD3'", "lab.toml")
    assert config.device.pins == Pins(io_update="AC0", profile=("AD5", "AD6", "AC7"))
    assert config.channels[0].chip_select == "AD3"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("name = ''", "name = '': must be text of 1 ... 32 characters"),
        (f"name = '{'x' * 33}'", f"name = '{'x' * 33}': must be text of 1 ... 32 characters"),
        ("name = 5", "name = 5: must be text"),
        ("name = '5'", "name = '5': must not be a number: numbers are indices"),
        ("name = '1e3'", "name = '1e3': must not be a number"),
        ("name = ' a'", "name = ' a': must not begin or end with a space"),
        ('name = "a\\u0007"', "name = 'a\\x07': must not begin or end with a space, nor hold"),
        ("chip_select = -1", "chip_select = -1: must be the number of a chip select"),
        ("chip_select = 0.0", "chip_select = 0.0: must be the number of a chip select"),
        ("chip_select = true", "chip_select = true: must be the number of a chip select"),
        ("chip_select = 'CE0'", "chip_select = 'CE0': must be the number of a chip select"),
        ("rf_switch = 19", "rf_switch = 19: must be a line"),
        ("min_frequency = -1", "min_frequency = -1: must be 0 Hz or above"),
        ("min_frequency = nan", "min_frequency = nan: must be a finite number"),
        (f"max_frequency = 1{'0' * 400}", "max_frequency = (a number of very many digits): must"),
        ("max_amplitude = 80", "max_amplitude = 80: must be 0 ... 1"),
        ("max_amplitude = -0.1", "max_amplitude = -0.1: must be 0 ... 1"),
        ("safe_amplitude = nan", "safe_amplitude = nan: must be a finite number"),
        ("on_start = 'off'", "on_start = 'off': must be \"safe\" or"),
        ("on_stop = true", "on_stop = true: must be \"safe\" or"),
        ("on_stop = ['safe', 'safe', 'safe', 'safe', 'safe', 'safe', 'safe', 'safe']",
         "on_stop = ['safe', 'safe', 'safe', 'safe', 'safe', 'safe', 'safe', ...: must be"),
    ],
)  # fmt: skip
def test_keys_of_a_channel(line: str, expected: str) -> None:
    assert problem(channel(line)).startswith("channel[0]." + expected)


@pytest.mark.parametrize("value", ["{a = 1}", "2026-01-01", "[[1]]", "nan", "-1"])
@pytest.mark.parametrize("key", [*DEVICE_KEYS, "pins"])
def test_values_of_any_type_are_refused_device(key: str, value: str) -> None:
    lines = [line for line in DEVICE.splitlines() if not line.startswith((key, "[device.p", "io_"))]
    found = problems("\n".join([*lines, f"{key} = {value}"]))
    assert any(line.startswith(f"device.{key}") for line in found)


@pytest.mark.parametrize("value", ["{a = 1}", "2026-01-01", "[[1]]", "nan", "-1"])
@pytest.mark.parametrize("key", CHANNEL_KEYS)
def test_values_of_any_type_are_refused_channel(key: str, value: str) -> None:
    index = "" if key == "index" else "index = 0"
    text = "\n".join([DEVICE, "[[channel]]", index, f"{key} = {value}"])
    assert problem(text).startswith(f"channel[0].{key} = ")
