"""What every device is asked for, and the smallest device that there can be."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dds_link.devices.base import ChannelInfo, Device, Finding, Transaction, Write
from dds_link.tuning import Tuning
from dds_link.words import Words


class Memory(Device):
    """A box of two channels that can do nothing but remember."""

    def __init__(self) -> None:
        self.words = [Words(0, 0, 0)] * 2

    @property
    def channels(self) -> tuple[ChannelInfo, ...]:
        return tuple(ChannelInfo(n, "memory", 0, Tuning(1e9)) for n in range(2))

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset()

    @property
    def sync_note(self) -> str:
        return "not at all"

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def attach(self) -> list[Write | None]:
        return [None, None]

    def initialise(self, channels: Sequence[int]) -> frozenset[int]:
        self.write([Write(channel, Words(0, 0, 0), False) for channel in channels])
        return frozenset(channels)

    def write(self, transaction: Transaction) -> None:
        for write in transaction:
            self.words[write.channel] = write.words

    def restore(self, transaction: Transaction) -> None:
        self.write(transaction)

    def sync(self, channels: Sequence[int]) -> None:
        raise NotImplementedError

    def silence(self, transaction: Transaction) -> bool:
        self.write(transaction)
        return False

    def verify(self, transaction: Transaction) -> list[str]:
        return []


def test_a_device_must_do_everything() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Device()  # type: ignore[abstract]
    assert Memory().channels[1].index == 1


def test_writes_are_values() -> None:
    assert Write(0, Words(1, 2, 3), True) == Write(0, Words(1, 2, 3), True)
    assert Write(0, Words(1, 2, 3), True) != Write(0, Words(1, 2, 3), False)
    with pytest.raises(AttributeError):
        Write(0, Words(1, 2, 3), True).channel = 1  # type: ignore[misc]


def test_a_device_need_not_have_a_probe() -> None:
    text = "this type of device has nothing to ask"
    assert Memory().probe() == [Finding("device", None, text)]
