"""What several tests of transports start from."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import cast

import pytest

from tests.transports import fake_gpiod, fake_spidev
from tests.transports.linux_bench import LinuxBench


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[LinuxBench]:
    bench = LinuxBench()
    spidev, gpiod = fake_spidev.FakeSpidev(bench.spi), fake_gpiod.FakeGpiod(bench.gpio)
    monkeypatch.setitem(sys.modules, "spidev", cast(ModuleType, spidev))
    monkeypatch.setitem(sys.modules, "gpiod", cast(ModuleType, gpiod))
    yield bench
    bench.spi.close()
