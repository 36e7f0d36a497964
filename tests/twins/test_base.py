"""Every board has what a simulated bus needs."""

import inspect

import pytest

from dds_link.twins.ad9910 import AD9910Board
from dds_link.twins.base import SpiBoard
from tests.transports.recording_board import RecordingBoard

BOARDS = [AD9910Board, RecordingBoard]


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", ["transfer", "level"])
def test_methods(board: type, name: str) -> None:
    expected = inspect.signature(getattr(SpiBoard, name)).parameters
    assert list(inspect.signature(getattr(board, name)).parameters) == list(expected)


@pytest.mark.parametrize("board", BOARDS)
def test_lines_is_a_property(board: type) -> None:
    assert isinstance(inspect.getattr_static(board, "lines"), property)
