"""A board of AD9914 or AD9915, as a configuration describes it."""

import pytest

from dds_link.config import ChannelConfig, DeviceConfig, Pins
from dds_link.twins.ad9914 import make_board
from tests.twins.ad9914_frames import (
    CAL_BEGIN,
    CAL_END,
    CFR1,
    CFR2,
    CFR4,
    ON,
    PROFILES,
    frame,
)
from tests.twins.manual_clock import ManualClock

#: System clock in Hz, requested tone (Hz, turns, fraction), bytes: exact arithmetic, and words
#: equal to those of ARTIQ's AD9914 driver.
GOLDEN = [
    (3.5e9, 1e9, 0, 1, "0B 49 24 92 49 0C 0F FF 00 00"),
    (3e9, 250e6, 0.5, 0.5, "0B 15 55 55 55 0C 08 00 80 00"),
    (2.5e9, 100e6, 0.25, 0.8, "0B 0A 3D 70 A4 0C 0C CC 40 00"),
    (3.5e9, 1.4e9, 0.1, 0.25, "0B 66 66 66 66 0C 04 00 19 9A"),
]


def config(kind: str = "ad9914", clock: float = 2.5e9) -> DeviceConfig:
    pins = Pins(master_reset="gpiochip0:27", profile=("gpiochip0:5",))
    return DeviceConfig(kind, 2, clock, clock, "spidev:0", pins=pins)


CHANNELS = (
    ChannelConfig(index=0, name="cooling", chip_select=0, rf_switch="gpiochip0:19"),
    ChannelConfig(index=1, name="repump", chip_select=1),
)


@pytest.mark.parametrize(("sysclk", "frequency", "phase", "amplitude", "data"), GOLDEN)
def test_golden_single_tone(
    sysclk: float, frequency: float, phase: float, amplitude: float, data: str
) -> None:
    clock = ManualClock()
    board = make_board(config(clock=sysclk), CHANNELS, clock)

    def send(data: bytes) -> None:
        board.transfer(1, data, 8 * len(data))

    for register, value in ((CFR1, ON), (CFR2, PROFILES), (CFR4, CAL_BEGIN), (CFR4, CAL_END)):
        send(frame(register, value))
        board.pulse("io_update")
        clock.sleep(1e-3)
    send(bytes.fromhex(data))
    board.pulse("io_update")
    tone = board.tone(1)
    # Half a step of each word, and the last bits of a float.
    assert tone.frequency == pytest.approx(frequency, abs=sysclk / 2**33 * 1.000001)
    assert tone.phase == pytest.approx(phase, abs=0.5 / 65536)
    assert tone.amplitude == pytest.approx(amplitude, abs=0.5 / 4095)
    assert (tone.locked, tone.sysclk, tone.modelled) == (True, sysclk, True)
    assert not board.tone(0).emits


def test_it_has_the_lines_that_the_config_names() -> None:
    board = make_board(config(), CHANNELS, ManualClock())
    assert board.lines == {"io_update", "master_reset", "profile0", "rf_switch0"}
    assert len(board.chips) == 2
    board.level("profile0", True)
    assert board.is_high("profile0")


@pytest.mark.parametrize(("kind", "locked"), [("ad9914", True), ("ad9915", False)])
def test_the_type_says_how_fast_it_is(kind: str, locked: bool) -> None:
    board = make_board(config(kind, clock=3e9), CHANNELS, ManualClock())
    assert board.tone(1).locked is locked
