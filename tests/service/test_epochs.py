"""Epochs never repeat, and one loss of coherence is told once."""

from typing import Any

import pytest

from dds_link.service.epochs import Epochs
from dds_link.service.events import EventHub
from dds_link.service.plan import Board
from tests.devices.watched import configure
from tests.service.bench import Bench
from tests.service.manual_time import ManualTime


class Bookkeeping:
    """Epochs of two channels."""

    def __init__(self) -> None:
        self.time = ManualTime()
        device = Bench().device
        _, configs = configure(channels=2)
        self.channels = Board(device.channels[:2], configs, "lab.toml").channels
        self.hub = EventHub(self.time.unix, self.time.call_later)
        self.events: list[dict[str, Any]] = []
        self.hub.subscribe(lambda body, seq: self.events.append(body))
        self.epochs = Epochs(self.channels, self.hub, self.time)

    def now(self) -> list[int]:
        assert [channel.receipt.epoch for channel in self.channels] == [
            channel.epoch for channel in self.channels
        ]
        return [channel.epoch for channel in self.channels]


@pytest.fixture
def books() -> Bookkeeping:
    return Bookkeeping()


def test_they_start_from_unix_time_in_ms(books: Bookkeeping) -> None:
    assert books.now() == [int(books.time.unix() * 1000)] * 2


def test_they_go_up_even_where_time_stands_still(books: Bookkeeping) -> None:
    books.epochs.use()
    seen = [books.now()]
    for _ in range(3):
        books.epochs.renew(books.channels)
        seen.append(books.now())
    assert all(min(new) > max(old) for old, new in zip(seen, seen[1:], strict=False))


def test_only_those_that_lost_something_change(books: Bookkeeping) -> None:
    books.epochs.use()
    before = books.now()
    books.epochs.renew(books.channels[1:])
    books.epochs.renew([])
    assert books.now()[0] == before[0]
    assert books.now()[1] > before[1]


def test_an_epoch_that_nobody_could_use_stays(books: Bookkeeping) -> None:
    first = books.now()
    books.epochs.renew(books.channels)
    assert books.now() == first
    books.epochs.use()
    books.epochs.renew_all()
    lost = books.now()
    assert min(lost) > max(first)
    books.epochs.renew_all()
    books.epochs.renew(books.channels)
    assert books.now() == lost


def test_everybody_is_told(books: Bookkeeping) -> None:
    books.epochs.use()
    books.epochs.lose(books.channels[:1])
    books.epochs.lose([])
    books.hub.flush()
    (event,) = books.events
    assert event["event"] == "epoch"
    assert event["by"] is None
    assert event["channels"] == [books.channels[0].receipt]
