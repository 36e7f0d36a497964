"""A board of AD9959 or AD9958: which channel is which output of which chip."""

from dds_link.config import ChannelConfig, DeviceConfig, Pins
from dds_link.twins.ad9959 import AD9959Board, make_board
from tests.twins.manual_clock import ManualClock

CHANNELS = tuple(
    ChannelConfig(n, f"ch{n}", select, rf_switch="gpiochip0:19" if n == 4 else None)
    for n, select in enumerate([7, 7, 7, 7, 3, 3, 3, 3])
)


def make(
    type_name: str = "ad9959", channels: "tuple[ChannelConfig, ...]" = CHANNELS
) -> AD9959Board:
    pins = Pins(io_reset="gpiochip0:22")
    device = DeviceConfig(type_name, len(channels), 500e6, 500e6, "spidev:0", pins=pins)
    return make_board(device, channels, ManualClock())


def send(board: AD9959Board, chip: int, data: str) -> None:
    frame = bytes.fromhex(data)
    board.transfer(chip, frame, 8 * len(frame))


def test_what_is_wired() -> None:
    board = make()
    assert board.lines == {"io_update", "io_reset", "rf_switch4"}
    assert len(board.chips) == 2
    assert board.chips[0].tone(3).sysclk == 500e6


def test_four_channels_of_each_chip() -> None:
    board = make()
    for chip in (0, 1):
        for output, csr in enumerate(("12", "22", "42", "82")):
            send(board, chip, f"00 {csr} 04 00 00 00 {4 * chip + output + 1:02X}")
    board.pulse("io_update")
    assert [board.tone(channel).words.ftw for channel in range(8)] == [*range(1, 9)]
    assert board.updates == 1
    assert (board.tone(4).emits, board.tone(5).emits) == (False, True)
    board.level("rf_switch4", True)
    assert board.tone(4).emits


def test_two_channels_of_an_ad9958() -> None:
    board = make("ad9958", CHANNELS[3:5] + CHANNELS[3:5])
    send(board, 1, "00 82 03 00 03 00 04 00 00 10 00")
    board.pulse("io_update")
    assert [board.tone(channel).words.ftw for channel in range(4)] == [0, 0, 0, 0x1000]
    board._clock.sleep(1e-6)
    assert [board.accumulator(channel) for channel in range(4)] == [0, 0, 0, 0x1000 * 500]
