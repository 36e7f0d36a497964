"""The rules, without any hardware: from a command and a state to targets, or a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from dds_link.config import ChannelConfig
from dds_link.devices.base import ChannelInfo
from dds_link.errors import BadCommand, NoSuchChannel, OutOfRange, RFKilled
from dds_link.protocol.commands import Change, Set
from dds_link.service.plan import Board
from dds_link.tuning import Tuning
from dds_link.words import Tone, Words

#: Two chips with other clocks and widths than an AD9910: nothing here may know them.
TUNINGS = [Tuning(1e9), Tuning(500e6, ftw_bits=48, pow_bits=14, asf_bits=10)]
CONFIGS = [
    ChannelConfig(0, "cooling", 0, min_frequency=60e6, max_frequency=120e6, max_amplitude=0.8),
    ChannelConfig(1, "repump", 1),
]


@pytest.fixture
def board() -> Board:
    infos = [ChannelInfo(n, f"chip:{n}", n, tuning) for n, tuning in enumerate(TUNINGS)]
    return Board(infos, CONFIGS, "lab.toml")


def test_a_channel_has_an_index_and_a_name(board: Board) -> None:
    assert board.find(1) is board.find("repump") is board.channels[1]
    for wrong in (2, -1, "1", "Repump", ""):
        with pytest.raises(NoSuchChannel, match="there are 0 ... 1: cooling repump"):
            board.find(wrong)


def test_a_name_that_is_no_name_is_not_told_at_length(board: Board) -> None:
    with pytest.raises(NoSuchChannel) as caught:
        board.find("x" * 10_000)
    assert len(caught.value.text) < 400


def test_select(board: Board) -> None:
    assert board.select(None) == board.channels
    assert board.select([]) == []
    assert board.select(["repump", 0]) == board.channels[::-1]
    with pytest.raises(BadCommand, match="'repump' stands twice"):
        board.select([1, 0, "repump"])
    with pytest.raises(NoSuchChannel):
        board.select([0, 5])


def test_a_plan_changes_nothing(board: Board) -> None:
    before = [channel.receipt for channel in board.channels]
    (target,) = board.plan([Set(0, frequency=80e6, amplitude=0.5, phase=0.25)])
    assert target.requested == Tone(343597384, 0x4000, 8192)
    assert target.write.words == Words(343597384, 0x4000, 8192)
    assert [channel.receipt for channel in board.channels] == before


def test_each_chip_has_its_own_words(board: Board) -> None:
    one, two = board.plan([Change(n, frequency=100e6, phase=0.5, amplitude=0.5) for n in (0, 1)])
    assert one.requested == Tone(0x1999999A, 0x8000, 8192)
    assert two.requested == Tone(round(2**48 / 5), 1 << 13, 512)


@pytest.mark.parametrize(
    ("channel", "fields", "text"),
    [
        (0, {"frequency": 59e6}, "frequency 59000000 Hz is outside 60000000 ... 120000000 Hz"),
        (0, {"ftw": 257698037}, "ftw 257698037 is outside 257698038 ... 515396076"),
        (0, {"amplitude": 0.9}, "amplitude 0.9 is outside 0 ... 0.8"),
        (0, {"asf": 13107}, "asf 13107 is outside 0 ... 13106"),
        (1, {"frequency": 250e6}, "frequency 250000000 Hz is outside 0 ... 249999999.999998 Hz"),
        (1, {"ftw": 1 << 47}, "ftw 140737488355328 is outside 0 ... 140737488355327"),
        (1, {"amplitude": 1.1}, "amplitude 1.1 is outside 0 ... 1"),
        (1, {"asf": 1024}, "asf 1024 is outside 0 ... 1023"),
        (1, {"pow": 1 << 14}, "pow 16384 is outside 0 ... 16383"),
    ],
)
def test_refusals_name_channel_value_and_bounds(
    board: Board, channel: int, fields: dict[str, Any], text: str
) -> None:
    name = CONFIGS[channel].name
    with pytest.raises(OutOfRange) as caught:
        board.plan([Change(channel, **fields)])
    assert caught.value.text.startswith(f"channel '{name}': {text}")


def test_one_refusal_refuses_all(board: Board) -> None:
    with pytest.raises(OutOfRange):
        board.plan([Change(1, frequency=1e6), Change(0, frequency=1e6)])


def test_a_quantity_or_its_word(board: Board) -> None:
    for fields in (
        {"frequency": 1e6, "ftw": 1},
        {"phase": 0.0, "pow": 0},
        {"amplitude": 0.0, "asf": 0},
    ):
        with pytest.raises(BadCommand, match="not both"):
            board.plan([Change(1, **fields)])  # type: ignore[arg-type]
    board.plan([Change(1, frequency=1e6, pow=1, asf=1)])


def test_while_killed_only_off_is_planned(board: Board) -> None:
    board.killed = True
    (target,) = board.plan([Change(0, enabled=False)])
    assert not target.enabled
    for fields in (
        {},
        {"enabled": True},
        {"enabled": False, "phase": 0.0},
        {"enabled": False, "ftw": 0},
        {"enabled": False, "pow": 0},
        {"amplitude": 0.0},
    ):
        with pytest.raises(RFKilled):
            board.plan([Change(0, enabled=False), Change(1, **fields)])  # type: ignore[arg-type]
