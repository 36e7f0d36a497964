"""What the keys of a config file must be to each other."""

import pytest

from dds_link.config import AttenuatorConfig, parse
from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device, require, require_transport
from dds_link.errors import ConfigError
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


def test_what_is_left_as_it_is_must_be_read() -> None:
    leave = changed("sysclk = 1e9", "sysclk = 1e9\non_reconnect = 'leave'")
    assert parse(leave, "lab.toml").device.on_reconnect == "leave"
    blind = leave.replace("on_reconnect", "readback = false\non_reconnect")
    assert problem(blind).startswith(
        "device.on_reconnect = 'leave': needs device.readback = true, to read what the hardware"
    )
    for policy in ("restore", "safe"):
        assert parse(blind.replace("leave", policy), "lab.toml").device.on_reconnect == policy


def box(device: Device, channels: list[Channel], problems: Problems) -> None:
    """The rule of a box with a clock of its own."""
    device.setdefault("sysclk", 400e6)
    for one in channels:
        one.values.setdefault("max_frequency", 150e6)
    require(device, problems, "refclk", "baud")


BOX = '[device]\ntype = "box"\nchannels = 1\ntransport = "serial:/dev/ttyUSB0"\n'


@pytest.mark.parametrize(
    ("transport", "wrong_for"),
    [("spidev:0", "stream"), ("ftdi:x", "stream"), ("serial:x", "spi"), ("tcp:x:1", "spi")],
)
def test_a_transport_of_the_other_kind(transport: str, wrong_for: str) -> None:
    for kind in ("spi", "stream"):
        problems = Problems("lab.toml")
        require_transport({"transport": transport}, problems, kind)
        assert len(problems.found) == (kind == wrong_for)
        if problems.found:
            assert problems.found[0].startswith(f"lab.toml: device.transport = '{transport}': this")


def test_a_transport_that_nobody_knows_is_told_by_others() -> None:
    problems = Problems("lab.toml")
    require_transport({"transport": "usb:3"}, problems, "spi")
    require_transport({}, problems, "stream")
    assert problems.found == []


def test_a_rule_fills_in_what_the_file_leaves_out() -> None:
    config = parse(BOX + "baud = 19200\nrefclk = 10e6", "lab.toml", box)
    assert config.device.sysclk == 400e6
    assert config.channels[0].max_frequency == 150e6
    assert parse(BOX + "baud = 50\nrefclk = 1\nsysclk = 5e8", "", box).device.sysclk == 5e8


def test_what_a_rule_fills_in_is_checked_with_the_rest() -> None:
    with pytest.raises(ConfigError) as caught:
        parse(BOX + "baud = 50\nrefclk = 1\n[[channel]]\nindex = 0\nmin_frequency = 200e6", "", box)
    assert [line.split(" = ")[0] for line in caught.value.problems] == [
        ": channel[0].min_frequency",  # not below half of the clock
        ": channel[0].min_frequency",  # above the maximum
    ]


def test_a_rule_notes_what_is_missing_but_not_what_is_wrong_already() -> None:
    with pytest.raises(ConfigError) as caught:
        parse(BOX + "baud = 3", "lab.toml", box)
    assert caught.value.problems == [
        "lab.toml: device.baud = 3: must be a whole number 50 ... 4000000",
        "lab.toml: device.refclk: missing; write for example refclk = 25e6 (Hz)",
    ]


# Attenuators

ATTENUATOR = DEVICE + "[device.attenuator]\ntype = 'hmc542b'\nchip_select = 2\n"


def attenuated(*lines: str) -> str:
    """The good device with attenuators, and a channel 0 of these keys."""
    return "\n".join([ATTENUATOR, "[[channel]]", "index = 0", *lines])


@pytest.mark.parametrize("line", ["min_attenuation = 10", "safe_attenuation = 31.5",
                                  "min_attenuation = 10\nsafe_attenuation = 10",
                                  "on_stop = 'keep'"])  # fmt: skip
def test_limits_of_an_attenuator(line: str) -> None:
    parse(attenuated(line), "lab.toml")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("min_attenuation = 32", "min_attenuation = 32.0: must be 0 ... 31.5 dB"),
        ("min_attenuation = -3", "min_attenuation = -3: must be 0 dB or above: an attenuation has"),
        ("safe_attenuation = 32", "safe_attenuation = 32.0: must be 0 ... 31.5 dB"),
        ("min_attenuation = 10\nsafe_attenuation = 9.5",
         "safe_attenuation = 9.5: must not be below min_attenuation = 10.0"),
        ("on_start = 'keep'", "on_start = 'keep': the attenuator cannot be read without being"),
    ],
)  # fmt: skip
def test_what_an_attenuator_cannot(line: str, expected: str) -> None:
    assert problem(attenuated(line)).startswith("channel[0]." + expected)


def test_attenuators_are_not_left_as_they_are() -> None:
    text = attenuated().replace("sysclk = 1e9", "sysclk = 1e9\non_reconnect = 'leave'")
    assert problem(text).startswith(
        "device.on_reconnect = 'leave': an attenuator cannot be read without being changed; or"
    )


@pytest.mark.parametrize("chain", ["", "chain = [1]\n"])
def test_limits_of_an_attenuator_that_is_not_there(chain: str) -> None:
    text = ATTENUATOR + chain if chain else DEVICE
    text += "[[channel]]\nindex = 0\nmin_attenuation = 10\non_start = 'keep'"
    assert problem(text).startswith("channel[0].min_attenuation = 10.0: this channel has no att")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("chip_select = 2", "chip_select = 1",
         "device.attenuator.chip_select = 1: already used by channel 1 (by default).chip_select"),
        ("chip_select = 2", "chip_select = 'gpiochip0:17'",
         "device.attenuator.chip_select = 'gpiochip0:17': already used by device.pins.io_update"),
        ("chip_select = 2", "", "device.attenuator.chip_select: missing; write for example chip"),
        ("'hmc542b'", "'pe4302'", 'device.attenuator.type = \'pe4302\': must be "hmc542b"'),
        ("chip_select = 2", "chip_select = 2\nchain = [1, 2]",
         "device.attenuator.chain = [1, 2]: there is no channel 2"),
        ("chip_select = 2", "chip_select = 2\nchain = [0, 0]",
         "device.attenuator.chain = [0, 0]: must be a list of channel indices, none twice"),
        ("chip_select = 2", "chip_select = 2\nchain = []", "device.attenuator.chain = []: must be"),
        ("chip_select = 2", "chip_select = 2\nchain = 2", "device.attenuator.chain = 2: must be a"),
        ("chip_select = 2", "chip_select = 2\nchain = [-1]", "device.attenuator.chain = [-1]: mus"),
        ('"spidev:0"\n', '"spidev:0"\nspi_hz = 40e6\n',
         "device.spi_hz = 40000000.0: its attenuators take at most 30e6 Hz"),
        ('"spidev:0"\n', '"spidev:0"\nreadback = false\n', ""),
        ("chip_select = 2", "chip_select = 2\nreadback = true", ""),
        ("chip_select = 2", "chip_select = 2\nLE = 3", "device.attenuator.LE: unknown; remove it"),
        ("[device.attenuator]", "[[device.attenuator]]", "device.attenuator = [{'type': 'hmc542b'"),
    ],
)  # fmt: skip
def test_the_attenuators_of_a_board(old: str, new: str, expected: str) -> None:
    assert old in ATTENUATOR
    text = ATTENUATOR.replace(old, new)
    if expected:
        assert problem(text).startswith(expected)
    else:
        parse(text, "lab.toml")


def test_the_end_of_the_chain_is_read_over_the_same_wire() -> None:
    text = ATTENUATOR.replace('"spidev:0"\n', '"spidev:0"\nreadback = false\n')
    assert problem(text + "readback = true").startswith(
        "device.attenuator.readback = true: needs device.readback = true"
    )


def test_one_mistake_in_the_attenuators_is_one_problem() -> None:
    limit = "[[channel]]\nindex = 0\nmin_attenuation = 99"
    assert problem(ATTENUATOR.replace("hmc542b", "hmc") + limit).startswith("device.attenuator.typ")
    assert problem(ATTENUATOR + "chain = 0\n" + limit).startswith("device.attenuator.chain")


def test_every_channel_has_an_attenuator_unless_the_chain_says_otherwise() -> None:
    made = parse(ATTENUATOR, "lab.toml").device.attenuator
    assert made == AttenuatorConfig("hmc542b", 2, (0, 1), readback=False)
    made = parse(ATTENUATOR + "chain = [1]\nreadback = true", "lab.toml").device.attenuator
    assert made == AttenuatorConfig("hmc542b", 2, (1,), readback=True)
    assert parse(DEVICE, "lab.toml").device.attenuator is None


def test_a_box_has_no_attenuators_of_ours() -> None:
    found = Problems("lab.toml")
    require_transport({"transport": "tcp:x:1", "attenuator": {}}, found, "stream")
    assert found.found == ["lab.toml: device.attenuator: this box has no SPI bus for it; remove it"]
