"""Config files: what they mean, and how a bad one is refused."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.assembly import load_config
from dds_link.config import (
    MAX_FILE,
    AttenuatorConfig,
    ChannelConfig,
    Config,
    DeviceConfig,
    Pins,
    load,
    parse,
    simulated_board,
    with_transport,
)
from dds_link.errors import ConfigError
from tests.config_texts import DEVICE, changed, channel, problem, problems

EXAMPLES = Path(__file__).parent.parent / "examples"


# Good ones


def test_every_key_is_read() -> None:
    text = """
    [device]
    type = "ad9910"
    channels = 1
    refclk = 20e6
    sysclk = 800_000_000
    transport = "ftdi://ftdi:232h/1"
    spi_hz = 10e6
    readback = false
    baud = 9600
    timeout = 0.5
    token = "open sesame"
    on_reconnect = "restore"
    [device.pins]
    io_update = "gpiochip0:17"
    master_reset = "gpiochip0:27"
    io_reset = "gpiochip0:22"
    profile = ["gpiochip0:5", "gpiochip0:6", "gpiochip0:13"]
    [[channel]]
    index = 0
    name = "cooling"
    chip_select = "gpiochip1:8"
    rf_switch = "gpiochip0:19"
    min_frequency = 60e6
    max_frequency = 120e6
    max_amplitude = 0.8
    safe_amplitude = 0.1
    min_attenuation = 3
    safe_attenuation = 20.5
    on_start = "safe"
    on_stop = "keep"
    [device.attenuator]
    type = "hmc542b"
    chip_select = "gpiochip1:9"
    chain = [0]
    readback = false
    """
    assert parse(text, "lab.toml") == Config(
        DeviceConfig(
            type="ad9910",
            channels=1,
            refclk=20e6,
            sysclk=800e6,
            transport="ftdi://ftdi:232h/1",
            spi_hz=10e6,
            readback=False,
            pins=Pins(
                io_update="gpiochip0:17",
                io_reset="gpiochip0:22",
                master_reset="gpiochip0:27",
                profile=("gpiochip0:5", "gpiochip0:6", "gpiochip0:13"),
            ),
            baud=9600,
            timeout=0.5,
            token="open sesame",
            on_reconnect="restore",
            attenuator=AttenuatorConfig("hmc542b", "gpiochip1:9", (0,)),
        ),
        (
            ChannelConfig(
                index=0,
                name="cooling",
                chip_select="gpiochip1:8",
                rf_switch="gpiochip0:19",
                min_frequency=60e6,
                max_frequency=120e6,
                max_amplitude=0.8,
                safe_amplitude=0.1,
                min_attenuation=3.0,
                safe_attenuation=20.5,
                on_start="safe",
                on_stop="keep",
            ),
        ),
        source="lab.toml",
        hash=hashlib.sha256(text.encode()).hexdigest(),
    )


def test_channels_that_are_left_out_have_defaults() -> None:
    config = parse(DEVICE + "[[channel]]\nindex = 1\nname = 'repump'", "lab.toml")
    assert config.channels == (
        ChannelConfig(index=0, name="ch0", chip_select=0),
        ChannelConfig(index=1, name="repump", chip_select=1),
    )
    assert config.device.spi_hz == 20e6
    assert config.device.readback is True
    assert (config.device.timeout, config.device.on_reconnect) == (1.0, "safe")


def test_channels_are_in_the_order_of_their_indices() -> None:
    text = DEVICE + "[[channel]]\nindex = 1\nname = 'b'\n[[channel]]\nindex = 0\nname = 'a'"
    assert [c.name for c in parse(text, "lab.toml").channels] == ["a", "b"]


def test_numbers_are_floats_however_they_are_written() -> None:
    config = parse(channel("min_frequency = 0", "max_amplitude = 1"), "lab.toml")
    assert isinstance(config.channels[0].min_frequency, float)
    assert isinstance(config.channels[0].max_amplitude, float)


def test_an_empty_profile_is_none() -> None:
    assert parse(DEVICE + "profile = []", "lab.toml").device.pins.profile == ()


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter() -> None:
    text = b"\xef\xbb\xbf" + DEVICE.replace("\n", "\r\n").encode()
    assert parse(text, "lab.toml").device == parse(DEVICE, "lab.toml").device


def test_a_device_of_another_type_has_only_the_general_rules() -> None:
    text = changed('"ad9910"', '"my_box"').replace("sysclk = 1e9", "sysclk = 3e9")
    text += "[[channel]]\nindex = 0\nchip_select = 0\n[[channel]]\nindex = 1\nchip_select = 0"
    assert parse(text, "lab.toml").device.sysclk == 3e9


def test_a_token_is_never_shown() -> None:
    bare = changed("channels = 2", "channels = 2\ntoken = 'open\\nsesame'").replace("'", '"')
    assert "sesame" not in problem(bare)
    good = parse(changed("channels = 2", "channels = 2\ntoken = 'sesame'"), "lab.toml")
    assert good.device.token == "sesame"
    assert "sesame" not in repr(good)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_the_examples_are_good(path: Path) -> None:
    config = load_config(path, simulation=False)
    assert config.source == path.name
    assert config.hash == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(config.channels) == config.device.channels


# The simulated board


def test_the_simulated_board() -> None:
    config = simulated_board()
    pins = Pins("gpiochip0:17", io_reset="gpiochip0:22", master_reset="gpiochip0:27")
    assert config.device == DeviceConfig(
        type="ad9910", channels=4, refclk=25e6, sysclk=1e9, transport="twin:", pins=pins
    )
    assert [c.name for c in config.channels] == ["cooling", "repump", "shelving", "raman"]
    assert all(c.min_frequency is None and c.max_frequency is None for c in config.channels)
    assert config == simulated_board()


@pytest.mark.parametrize("count", [1, 4, 5, 64])
def test_a_simulated_board_of_any_size(count: int) -> None:
    names = [c.name for c in simulated_board(count).channels]
    assert len(names) == count
    assert names[4:] == [f"ch{index}" for index in range(4, count)]


@pytest.mark.parametrize("count", [0, -1, 1025])
def test_a_simulated_board_of_no_size(count: int) -> None:
    with pytest.raises(ConfigError, match="device.channels"):
        simulated_board(count)


def test_another_transport() -> None:
    config = with_transport(simulated_board(), "spidev:1")
    assert config.device.transport == "spidev:1"
    assert with_transport(config, "twin:") == simulated_board()
    with pytest.raises(ConfigError, match='--device /dev/spidev0.0: must be "NAME:ADDRESS"'):
        with_transport(config, "/dev/spidev0.0")


# Files


def test_load_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(DEVICE)
    assert load(path).source == load(str(path)).source == "lab.toml"
    path.write_text("[device]\nchannels = 0")
    with pytest.raises(ConfigError) as error:
        load(path)
    assert error.value.problems[0].startswith(f"{path}: device.channels = 0: ")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    with pytest.raises(ConfigError) as error:
        load(path)
    assert error.value.problems == [f"{path}: cannot be read: No such file or directory"]
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read: embedded null"):
        load("lab\0.toml")


def test_a_file_that_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / "long.toml"
    path.write_bytes(b"#" * (MAX_FILE + 1))
    with pytest.raises(ConfigError, match="is longer than 1048576 bytes"):
        load(path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff\xfe[\x00", "byte 0 is not UTF-8; save the file as UTF-8"),
        ("name = '\ud800'", "byte 8 is not UTF-8; save the file as UTF-8"),
        ("[device", "is not TOML: Expected ']' at the end of a table declaration"),
        ("a = 1\na = 2", "is not TOML: Cannot overwrite a value"),
        ("a = " + "[" * 100000, "is not TOML: "),
        ("a = " + "1" * 5000, "is not TOML: "),
    ],
)
def test_what_is_not_toml_is_one_problem(text: "str | bytes", reason: str) -> None:
    assert problem(text).startswith(reason)


# Problems, each with file, key, value, reason and what to do


def test_all_problems_are_listed_at_once() -> None:
    text = """
    [device]
    type = "ad9910"
    channels = 2
    refclk = 25e6
    sysclk = 990e6
    transport = "spidev:0"
    spi_hz = 100e6
    redback = true
    [device.pins]
    io_update = 17
    [[channel]]
    index = 0
    name = "cooling"
    min_frequency = 120e6
    max_frequency = 60e6
    max_amplitude = 1.3
    [[channel]]
    index = 1
    name = "cooling"
    rf_switch = "gpiochip0:5"
    safe_amplitude = true
    """
    assert problems(text) == [
        "device.redback: unknown; did you mean readback?",
        'device.pins.io_update = 17: must be a line of gpiod, "CHIP:OFFSET", as in "gpiochip0:17", '
        'or a pin of an FTDI chip, as in "AC0"',
        "channel[0].max_amplitude = 1.3: must be 0 ... 1, a fraction of full scale (no dB, no per "
        "cent)",
        "channel[1].safe_amplitude = true: must be a number, without quotes or unit, as in 25e6",
        "device.sysclk = 990000000.0: it must be refclk (25000000 Hz) or refclk times a whole "
        "number 12...127",
        "device.spi_hz = 100000000.0: the AD9910 takes at most 70e6 Hz",
        "channel[1].name = 'cooling': already used by channel[0].name; give each its own",
        "channel[0].min_frequency = 120000000.0: must not be above max_frequency = 60000000.0; "
        "swap them?",
    ]


def test_an_empty_file() -> None:
    assert problem("") == "device: missing; write for example [device]"


@given(st.binary() | st.text())
def test_whatever_it_is_it_is_a_config_error(text: "str | bytes") -> None:
    with pytest.raises(ConfigError):
        parse(text, "lab.toml")
