"""A board that notes what reaches it, and answers from a list."""

from collections.abc import Sequence
from typing import Any

LINES = frozenset(("io_update", "rf_switch0"))


class RecordingBoard:
    """Two chips and two lines; answers are given out in order, then zeros."""

    def __init__(self, answers: Sequence[bytes] = ()) -> None:
        self.seen: list[tuple[Any, ...]] = []
        self._answers = list(answers)

    @property
    def lines(self) -> "frozenset[str]":
        return LINES

    def transfer(self, chip: int, data: bytes, bits: int) -> bytes:
        if chip not in (0, 1):
            raise KeyError(chip)
        if bits == 8 * len(data):
            self.seen.append(("spi", chip, data))
        else:
            self.seen.append(("spi", chip, data, bits))
        return self._answers.pop(0) if self._answers else bytes(len(data))

    def pulse(self, line: str) -> None:
        self.level(line, True)
        self.level(line, False)

    def level(self, line: str, high: bool) -> None:
        if line not in LINES:
            raise KeyError(line)
        self.seen.append((line, high))
