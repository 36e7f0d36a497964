"""Twins of attenuators: bits in, decibels out."""

import pytest

from dds_link.config import AttenuatorConfig, ChannelConfig, DeviceConfig
from dds_link.devices.base import Write
from dds_link.devices.registry import DEVICES, load
from dds_link.transports.twin import TwinTransport
from dds_link.twins.attenuators import AttenuatedBoard, HMC542BChain, with_attenuators
from dds_link.words import Words
from tests.twins.manual_clock import ManualClock


def test_they_wake_up_without_attenuation() -> None:
    chain = HMC542BChain(2)
    assert [chain.decibel(place) for place in (0, 1)] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("byte", "decibel"),
    [(0xFF, 0.0), (0xFB, 0.5), (0xF7, 1.0), (0xEF, 2.0), (0xDF, 4.0), (0xBF, 8.0), (0x7F, 16.0),
     (0x03, 31.5), (0x00, 31.5), (0xFC, 0.0)],
)  # fmt: skip
def test_the_six_highest_bits_attenuate_while_they_are_low(byte: int, decibel: float) -> None:
    chain = HMC542BChain(1)
    chain.transfer(bytes([byte]), 8)
    assert chain.decibel(0) == decibel


def test_the_first_byte_goes_furthest() -> None:
    chain = HMC542BChain(3)
    chain.transfer(b"\xfb\xf7\xef", 24)
    assert [chain.decibel(place) for place in range(3)] == [2.0, 1.0, 0.5]


def test_what_comes_out_was_there_before() -> None:
    chain = HMC542BChain(2)
    chain.transfer(b"\x12\x34", 16)
    assert chain.transfer(b"\x56\x78", 16) == b"\x12\x34"
    assert chain.transfer(b"\0\0\0", 24) == b"\x56\x78\0"


def test_a_transfer_that_is_cut_off_latches_what_there_is() -> None:
    chain = HMC542BChain(1)
    chain.transfer(b"\x03", 8)
    assert chain.transfer(b"\xff", 4) == b"\0"
    assert chain.latched == 0x3F
    chain.transfer(b"\0", 0)  # chip select without a clock
    assert chain.latched == 0x3F


BOARDS = ["ad9910", "ad9912", "ad9914", "ad9915", "ad9958", "ad9959"]


@pytest.mark.parametrize("name", BOARDS)
@pytest.mark.parametrize("readback", [False, True])
def test_the_board_of_every_spi_chip_may_have_them(name: str, readback: bool) -> None:
    """Through its driver; the first channel has none."""
    count, shared = {"ad9958": (2, 0), "ad9959": (4, 0)}.get(name, (2, 1))
    sysclk = {"ad9914": 2.5e9, "ad9915": 2.5e9, "ad9958": 500e6, "ad9959": 500e6}.get(name, 1e9)
    device = DeviceConfig(
        name, count, sysclk, sysclk, "twin:",
        attenuator=AttenuatorConfig("hmc542b", 7, (1,), readback),
    )  # fmt: skip
    channels = tuple(ChannelConfig(n, f"ch{n}", shared * n) for n in range(count))
    clock, entry = ManualClock(), DEVICES[name]
    board = load(entry.board)(device, channels, clock)
    driver = load(entry.driver)(device, channels, TwinTransport(board, clock))
    driver.open()
    driver.initialise(range(count))
    assert board.attenuation(0) is None
    assert board.attenuation(1) == 31.5
    full = Words(1 << 20, 0, driver.channels[0].tuning.max_asf)
    driver.write([Write(0, full, True), Write(1, full, True, 40)])
    assert board.attenuation(1) == 20.0
    loud, soft = board.tone(0), board.tone(1)
    assert soft.emits
    assert soft.words == loud.words == full
    assert soft.amplitude == pytest.approx(loud.amplitude / 10)
    assert driver.verify([Write(0, full, True), Write(1, full, True, 40)]) == []
    assert "io_update" in board.lines


def test_a_board_without_them_is_itself() -> None:
    device, board = DeviceConfig("ad9910", 1), object()
    assert with_attenuators(board, device, ()) is board  # type: ignore[arg-type]


def test_lines_go_to_the_chips() -> None:
    board = load(DEVICES["ad9910"].board)(
        DeviceConfig("ad9910", 1, 1e9, 1e9, attenuator=AttenuatorConfig("hmc542b", 7, (0,))),
        (ChannelConfig(0, "a", 0, rf_switch="a:1"),),
        ManualClock(),
    )
    assert isinstance(board, AttenuatedBoard)
    board.level("rf_switch0", True)
    assert board.is_high("rf_switch0")
    board.pulse("io_update")
    assert board.board.updates == 1
