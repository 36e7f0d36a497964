"""A Linux computer with stand-ins for spidev and gpiod, and what is wired to it."""

from typing import Any

from dds_link.transports.gpio import Place
from dds_link.transports.spidev import SpidevTransport
from tests.transports import fake_gpiod, fake_spidev

CHIP = "/dev/gpiochip0"
IO_UPDATE, RF_SWITCH, SELECT_2 = Place(CHIP, 17), Place(CHIP, 19), Place(CHIP, 8)
LINES = {"io_update": IO_UPDATE, "rf_switch0": RF_SWITCH}


class LinuxBench:
    """Bus 0 with the devices 0, 1 and 2, and 64 GPIO lines."""

    def __init__(self) -> None:
        self.spi = fake_spidev.Kernel((0, 0), (0, 1), (0, 2))
        self.gpio = fake_gpiod.Kernel()
        #: Everything on the wires: ``("spi", device, bytes)`` and ``(name, level)``.
        self.trace: list[tuple[Any, ...]] = []
        self.answers: list[bytes] = []
        self.names: dict[tuple[str, int], str] = {place: name for name, place in LINES.items()}
        self.names[SELECT_2] = "select"
        self.spi.far_end = self._transfer
        self.gpio.far_end = self._set

    def _transfer(self, device: int, data: bytes) -> bytes:
        self.trace.append(("spi", device, data))
        return self.answers.pop(0) if self.answers else bytes(len(data))

    def _set(self, path: str, offset: int, high: bool) -> None:
        self.trace.append((self.names[path, offset], high))

    def line(self, place: Place) -> fake_gpiod.Line:
        return self.gpio.lines[place]

    def transport(self, **changes: Any) -> SpidevTransport:
        """A transport to chips on devices 0 and 1."""
        arguments: dict[str, Any] = {"bus": 0, "selects": [0, 1], "lines": LINES, **changes}
        return SpidevTransport(**arguments)

    @property
    def open_count(self) -> int:
        """Everything that is held now."""
        return self.spi.open_count + self.gpio.open_count
