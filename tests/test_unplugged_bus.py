"""An SPI bus that disappears at any call of the system, and comes back: spidev, and an FTDI chip.

Stand-ins for the libraries; everything above them is real, and AD9910 twins are at the far end.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dds_link import config as configuration
from dds_link.client import Client, Event
from dds_link.devices import registry
from dds_link.errors import DDSUnavailable
from dds_link.model import Receipt, Words
from dds_link.service import life
from dds_link.transports.gpio import Place
from dds_link.twins.ad9910 import AD9910Board
from tests.running import running
from tests.transports import fake_gpiod, fake_spidev
from tests.transports.ftdi_bench import FtdiBench
from tests.transports.linux_bench import CHIP, LinuxBench
from tests.twins.manual_clock import ManualClock

CONFIG = """
[device]
type = "ad9910"
channels = 2
refclk = 1e9
sysclk = 1e9
transport = "{transport}"
on_reconnect = "{policy}"
[device.pins]
io_update = "{pins[0]}"
io_reset = "{pins[1]}"
[[channel]]
index = 0
[[channel]]
index = 1
{switch}
"""
TONES = [{"frequency": 80e6, "amplitude": 0.5}, {"frequency": 90e6, "amplitude": 0.25}]
#: More errors than there are tries.
MANY = 10_000
LINES = ("io_update", "io_reset", "rf_switch1")


class Bus:
    """Two AD9910; an RF switch behind the second one."""

    transport = ""
    pins: tuple[str, ...] = ()
    #: Calls of the library that may fail.
    calls: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.board = AD9910Board(2, 1e9, ManualClock(), LINES)

    def fail(self, call: str, at: int) -> None:
        """The bus is gone from one of the next such calls on."""
        raise NotImplementedError

    @property
    def failed(self) -> bool:
        """Whether that call was reached."""
        raise NotImplementedError

    def plug(self) -> None:
        """It is there again; nothing fails any more."""
        raise NotImplementedError

    def emits(self) -> list[bool]:
        return [bool(self.board.tone(channel).emits) for channel in (0, 1)]

    def words(self, channel: int) -> Words:
        """What a chip holds."""
        words = self.board.tone(channel).words
        return Words(words.ftw, words.pow, words.asf)

    def lose_power(self) -> None:
        for chip in self.board.chips:
            chip.set_master_reset(True)
            chip.set_master_reset(False)


class Linux(Bus):
    transport = "spidev:0"
    pins = ("gpiochip0:17", "gpiochip0:22", "gpiochip0:19")
    calls = ("xfer2", "set")

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.bench = LinuxBench()
        monkeypatch.setitem(sys.modules, "spidev", fake_spidev.FakeSpidev(self.bench.spi))
        monkeypatch.setitem(sys.modules, "gpiod", fake_gpiod.FakeGpiod(self.bench.gpio))
        names = {Place(CHIP, int(pin[10:])): line for pin, line in zip(self.pins, LINES)}
        self.bench.spi.far_end = lambda chip, data: self.board.transfer(chip, data, 8 * len(data))
        self.bench.gpio.far_end = lambda path, offset, high: self.board.level(
            names[Place(path, offset)], high
        )
        self._devices = dict(self.bench.spi.settings)
        self._errors: dict[str, list[int]] = {}

    def fail(self, call: str, at: int) -> None:
        kernel = self.bench.spi if call == "xfer2" else self.bench.gpio
        self._errors = kernel.errors
        self._errors[call] = [0] * at + [errno.ENODEV]
        self._call = call
        self.bench.spi.settings.clear()  # it cannot be opened again

    @property
    def failed(self) -> bool:
        return not self._errors[self._call]

    def plug(self) -> None:
        self._errors.clear()
        self.bench.spi.settings.update(self._devices)


class Ftdi(Bus):
    transport = "ftdi://ftdi:232h/1"
    pins = ("AC0", "AC1", "AC2")
    calls = ("write", "read")

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.bench = FtdiBench()
        self.bench.use_stand_in(monkeypatch)
        self.chip = self.bench.chip
        self.chip._names = {8 + place: name for place, name in enumerate(LINES)}
        self.chip.far_end = lambda chip, data: self.board.transfer(chip, data, 8 * len(data))
        self.chip.on_level = self.board.level

    def fail(self, call: str, at: int) -> None:
        self._errors = [0] * at + [errno.ENODEV] * MANY
        self.chip.errors[call] = self._errors

    @property
    def failed(self) -> bool:
        return len(self._errors) < MANY

    def plug(self) -> None:
        """It is another device on USB then."""
        if self.failed:
            self.chip.claimed_by = None
            self.chip.address += 1
        self.chip.errors.clear()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_RETRY", "LONGEST_RETRY"):
        monkeypatch.setattr(life, name, 0.02)


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> Iterator[Linux]:
    bus = Linux(monkeypatch)
    yield bus
    bus.bench.spi.close()


@pytest.fixture
def ftdi(monkeypatch: pytest.MonkeyPatch) -> Ftdi:
    return Ftdi(monkeypatch)


@pytest.fixture(params=["linux", "ftdi"])
def bus(request: pytest.FixtureRequest) -> Bus:
    made: Bus = request.getfixturevalue(request.param)
    return made


class Lab:
    """A controller of a board, and a client of it."""

    def __init__(self, bus: Bus, dds: Client, events: Iterator[Event]) -> None:
        self.bus = bus
        self.dds = dds
        self._events = events

    def until(self, device: str) -> None:
        """Wait until the device is told to be ``device``."""
        for event in self._events:
            if event.data.get("device") == device:
                return

    def play(self) -> list[Receipt]:
        receipts = [self.dds.set(channel, **tone) for channel, tone in enumerate(TONES)]
        assert self.bus.emits() == [True, True]
        return receipts

    def code(self) -> str:
        """What comes of a command for both chips."""
        try:
            self.dds.apply([{"channel": channel, "phase": 0.5} for channel in (0, 1)])
        except DDSUnavailable as error:
            return str(error.code)
        return "success"


@contextmanager
def lab(bus: Bus, policy: str) -> Iterator[Lab]:
    switch = f'rf_switch = "{bus.pins[2]}"'
    text = CONFIG.format(transport=bus.transport, policy=policy, pins=bus.pins, switch=switch)
    config = configuration.parse(text, "lab.toml", registry.check)
    with running(config, simulation=False) as served:
        with Client("127.0.0.1", served.json_port, on_state_lost="continue") as dds:
            with dds.events() as events:
                one = Lab(bus, dds, iter(events))
                one.until("ready")
                yield one


@pytest.mark.parametrize("power_cycle", [False, True])
@pytest.mark.parametrize("policy", ["safe", "restore"])
def test_unplugged_at_any_call(bus: Bus, policy: str, power_cycle: bool) -> None:
    """Each command is answered with a code; when the bus is back, so are the chips."""
    with lab(bus, policy) as one:
        for call in bus.calls:
            at = 0
            while True:
                before = one.play()
                bus.fail(call, at)
                code = one.code()
                if not bus.failed:
                    assert code == "success"
                    bus.plug()
                    break
                assert code == "device_unavailable"
                assert one.code() == "device_unavailable"
                assert not any(receipt.known for receipt in one.dds.get())
                if power_cycle:
                    bus.lose_power()
                bus.plug()
                one.until("ready")
                receipts = one.dds.get(verify=True)
                again = policy == "restore"
                assert bus.emits() == [again, again]
                for channel, receipt in enumerate(receipts):
                    assert receipt.words == bus.words(channel)
                    assert (receipt.words == before[channel].words) is again
                    if power_cycle or not again:
                        assert receipt.epoch > before[channel].epoch
                at += 1
            assert at >= 2


def test_a_bus_that_goes_and_comes_disturbs_no_chip(linux: Linux) -> None:
    """Neither its lines: its outputs go on, in their epochs. (An FTDI chip resets its pins.)"""
    bus = linux
    with lab(bus, "leave") as one:
        before = one.play()
        updates = bus.board.updates
        bus.fail("xfer2", 0)
        assert one.code() == "device_unavailable"
        bus.plug()
        one.until("ready")
        assert bus.emits() == [True, True]
        assert bus.board.updates == updates
        assert one.dds.get() == before


def test_a_kill_reaches_a_bus_that_comes_back(bus: Bus) -> None:
    with lab(bus, "restore") as one:
        one.play()
        bus.fail(bus.calls[0], 0)
        assert one.code() == "device_unavailable"
        with pytest.raises(DDSUnavailable) as caught:
            one.dds.kill()
        assert caught.value.code == "device_fault"
        assert bus.emits()[0]
        bus.plug()
        one.until("ready")
        assert bus.emits() == [False, False]
        one.dds.arm_rf()
        receipts = [one.dds.set(channel, enabled=True) for channel in (0, 1)]
        assert bus.emits() == [True, True]
        assert [receipt.frequency for receipt in receipts] == pytest.approx([80e6, 90e6])
