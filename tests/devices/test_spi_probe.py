"""What a probe tells of chips on an SPI bus, with good wires and with broken ones; it never changes
what goes out."""

from collections.abc import Callable

import pytest

from dds_link.devices.ad9910 import AD9910
from dds_link.devices.base import Finding, Write
from dds_link.errors import TransportError
from dds_link.transports.base import SpiTransport
from dds_link.transports.twin import TwinTransport
from dds_link.twins.base import SpiBoard
from dds_link.words import Words
from tests.devices.watched import WatchedBoard, configure
from tests.transports.faulty import FaultyTwin
from tests.twins.manual_clock import ManualClock

WORDS = Words(0x1999999A, 0x4000, 0x2000)
Wire = Callable[[bytes, bytes], bytes]


class BrokenMiso(TwinTransport):
    """Wires on which answers are spoilt."""

    execute = SpiTransport.execute  # operation by operation

    def __init__(self, board: SpiBoard, clock: ManualClock) -> None:
        super().__init__(board, clock)
        self.wire: Wire = lambda sent, answer: answer

    def transfer(self, chip: int, data: bytes) -> bytes:
        answer = super().transfer(chip, data)
        return self.wire(data, answer) if chip == 1 else answer


class Bench:
    """Two chips, of which the first one puts out a tone; the wires of the other may be broken."""

    def __init__(self, wiring: str = "everything", started: bool = True) -> None:
        self.config = configure(wiring)
        self.board = WatchedBoard(*self.config, ManualClock())
        self.wires = BrokenMiso(self.board, ManualClock())
        self.driver = AD9910(*self.config, self.wires)
        if started:
            self.driver.open()
            self.driver.initialise((0, 1))
            self.driver.write([Write(0, WORDS, True)])
            self.driver.close()

    def probe(self) -> list[Finding]:
        """A probe by another program; nothing that goes out may change."""
        self.board.forget()
        updates = self.board.updates
        registers = [chip._active[:] for chip in self.board.chips]
        driver = AD9910(*self.config, self.wires)
        driver.open()
        found = driver.probe()
        driver.close()
        assert len(self.board.snapshots) == 1
        assert self.board.updates == updates
        assert [chip._active for chip in self.board.chips] == registers
        return found


def shifted(bits: int, fill: int) -> Wire:
    def wire(sent: bytes, answer: bytes) -> bytes:
        size = 8 * len(answer)
        value = int.from_bytes(answer, "big")
        value = value >> bits | (fill << size - bits) if bits > 0 else value << -bits
        return (value & (1 << size) - 1).to_bytes(len(answer), "big")

    return wire


def test_all_is_well() -> None:
    bench = Bench()
    found = bench.probe()
    assert not any(chip.wants_update for chip in bench.board.chips)
    assert [(each.what, each.ok) for each in found] == [
        ("chip 0", True),
        ("chip 0 clock", True),
        ("chip 1", True),
        ("chip 1 clock", True),
    ]
    assert found[0].text == "AUX_DAC reads 0x0000007F, as it must"
    assert found[1].text.startswith("set up as the config says; whether its PLL has locked cannot")


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (lambda sent, answer: bytes(len(answer)), "0x00000000 instead of 0x0000007F: all zero: "),
        (
            lambda sent, answer: b"\xff" * len(answer),
            "0xFFFFFFFF instead of 0x0000007F: all ones: ",
        ),
        (lambda sent, answer: sent, "that is what was sent: MISO is connected to MOSI"),
        (lambda sent, answer: bytes(0xFF ^ byte for byte in answer), "every bit is inverted"),
        (shifted(1, 0), "0x0000003F instead of 0x0000007F: bits are 1 late: "),
        (shifted(1, 1), "bits are 1 late: "),
        (shifted(-1, 0), "0x000000FE instead of 0x0000007F: bits are 1 early: "),
        (lambda sent, answer: b"\0\0\x19\x82\x10"[: len(sent)], "it is another chip"),
    ],
)
def test_broken_wires(wire: Wire, text: str) -> None:
    bench = Bench()
    bench.wires.wire = wire
    found = bench.probe()
    assert [(each.what, each.ok) for each in found] == [
        ("chip 0", True),
        ("chip 0 clock", True),
        ("chip 1", False),
    ]
    assert found[-1].text.startswith("AUX_DAC reads 0x")
    assert text in found[-1].text


def test_a_loose_wire() -> None:
    bench = Bench()
    turns = iter(range(100))
    bench.wires.wire = lambda sent, answer: answer if next(turns) % 2 else bytes(len(answer))
    assert "each time it reads something else" in bench.probe()[-1].text


def test_a_chip_that_nobody_has_started() -> None:
    found = Bench(started=False).probe()
    assert [each.ok for each in found] == [False, False]
    assert "start the controller once" in found[0].text


def test_a_chip_that_is_set_up_otherwise() -> None:
    bench = Bench()
    bench.config = configure()
    device, channels = bench.config
    bench.config = (type(device)(**{**vars(device), "sysclk": 900e6}), channels)
    clock = bench.probe()[1]
    assert (clock.what, clock.ok) == ("chip 0 clock", None)
    assert clock.text.startswith(
        "not set up as the config says; a controller does that when it starts (chip 0: CFR3 reads"
    )


@pytest.mark.parametrize("wiring", ["no io_reset", "everything"])
def test_a_serial_port_out_of_step(wiring: str) -> None:
    bench = Bench(wiring)
    bench.board.transfer(0, b"\x8e\0", 13)
    found = bench.probe()
    assert found[0].ok is (wiring == "everything")


def test_blind() -> None:
    assert Bench("blind").probe() == [
        Finding("chips", None, "MISO is not wired (readback = false), so that the chips cannot be "
                "asked")
    ]  # fmt: skip


def test_a_transport_that_fails() -> None:
    config = configure()
    wires = FaultyTwin(WatchedBoard(*config, ManualClock()), ManualClock())
    driver = AD9910(*config, wires)
    driver.open()
    wires.fail(at=2)
    with pytest.raises(TransportError):
        driver.probe()
