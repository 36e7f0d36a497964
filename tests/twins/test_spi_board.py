"""A board of any chips: which edge reaches whom."""

from dataclasses import dataclass

import pytest

from dds_link.transports.wiring import PROFILES
from dds_link.twins.spi_board import ChipBoard
from tests.twins.manual_clock import ManualClock

LINES = ["io_update", "io_reset", "master_reset", *PROFILES, "rf_switch0", "rf_switch1"]


@dataclass(frozen=True)
class Tone:
    amplitude: float


class Chip:
    """Notes what comes; a frame that begins with 1 wants an update, one with 2 two of them."""

    def __init__(self) -> None:
        self.seen: list[object] = []
        self.wanted = 0

    @property
    def wants_update(self) -> bool:
        return self.wanted > 0

    def transfer(self, data: bytes, bits: int) -> bytes:
        self.seen.append((data, bits))
        self.wanted = data[0]
        return data[::-1]

    def update(self, now: float) -> None:
        self.seen.append(("update", now))
        self.wanted -= 1

    def select_profile(self, profile: int, now: float) -> None:
        self.seen.append(("profile", profile, now))

    def set_io_reset(self, high: bool) -> None:
        self.seen.append(("io_reset", high))

    def set_master_reset(self, high: bool) -> None:
        self.seen.append(("master_reset", high))

    def tone(self) -> Tone:
        return Tone(0.5)


class Bench:
    def __init__(self, lines: "list[str]" = LINES) -> None:
        self.clock = ManualClock()
        self.chips = Chip(), Chip()
        self.board = ChipBoard(self.chips, self.clock, lines)


def test_a_frame_reaches_its_chip() -> None:
    bench = Bench()
    assert bench.board.transfer(1, b"\x00\x05", 13) == b"\x05\x00"
    assert (bench.chips[0].seen, bench.chips[1].seen) == ([], [(b"\x00\x05", 13)])


@pytest.mark.parametrize("chip", [-1, 2])
def test_a_chip_that_is_not_there(chip: int) -> None:
    with pytest.raises(KeyError):
        Bench().board.transfer(chip, b"\0", 8)


def test_only_who_wants_it_gets_an_update() -> None:
    bench = Bench()
    bench.board.transfer(1, b"\x01", 8)
    bench.board.pulse("io_update")
    bench.board.pulse("io_update")
    assert bench.chips[0].seen == []
    assert bench.chips[1].seen[1:] == [("update", 1000.0)]
    assert (bench.board.updates, bench.board.last_update) == (2, 1000.0)


def test_who_wants_two_gets_two() -> None:
    bench = Bench()
    bench.board.transfer(0, b"\x02", 8)
    for _ in range(3):
        bench.board.pulse("io_update")
    assert bench.chips[0].seen[1:] == [("update", 1000.0)] * 2


def test_who_wants_none_any_more_gets_none() -> None:
    bench = Bench()
    bench.board.transfer(0, b"\x01", 8)
    bench.chips[0].wanted = 0  # a reset
    bench.board.pulse("io_update")
    assert bench.chips[0].seen[1:] == []


def test_only_the_rising_edge_updates() -> None:
    bench = Bench()
    bench.board.transfer(0, b"\x03", 8)
    bench.board.level("io_update", True)
    bench.board.level("io_update", True)
    bench.board.pulse("io_update")  # it is high already: there is only a falling edge
    assert bench.board.updates == 1
    assert not bench.board.is_high("io_update")


@pytest.mark.parametrize("line", ["io_reset", "master_reset"])
def test_resets_reach_every_chip(line: str) -> None:
    bench = Bench()
    bench.board.pulse(line)
    for chip in bench.chips:
        assert chip.seen == [(line, True), (line, False)]


def test_profile_pins_are_a_number() -> None:
    bench = Bench(["profile0", "profile2"])
    bench.board.level("profile2", True)
    bench.board.level("profile0", True)
    assert bench.chips[1].seen == [("profile", 4, 1000.0), ("profile", 5, 1000.0)]


def test_an_rf_switch_lets_rf_through_while_it_is_high() -> None:
    bench = Bench()
    assert bench.board.tone(1) == Tone(0.0)
    bench.board.level("rf_switch1", True)
    assert bench.board.tone(1) == Tone(0.5)
    assert Bench(["io_update"]).board.tone(1) == Tone(0.5)  # no switch


def test_a_line_that_is_not_wired() -> None:
    board = Bench(["io_update"]).board
    assert board.lines == {"io_update"}
    for action in (board.pulse, board.is_high, lambda line: board.level(line, True)):
        with pytest.raises(KeyError):
            action("io_reset")
