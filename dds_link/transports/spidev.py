"""The SPI bus of a Linux computer through ``spidev``, with GPIO lines through ``gpiod`` (v2).

``/dev/spidevB.D`` can be opened twice, a GPIO line cannot. An advisory lock on each device keeps a
second controller off the bus as well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device, attenuator_select, lines, selects
from dds_link.errors import ConfigError, TransportError, TransportLost
from dds_link.transports.base import SpiTransport, rf_switch
from dds_link.transports.gpio import GpioLines, Place, parse_place
from dds_link.transports.linux import failure, unusable
from dds_link.transports.system import library
from dds_link.transports.wiring import PROFILES, all_selects, wiring

#: Longest frame, bytes: the buffer of the kernel's spidev, unless somebody changed it.
MAX_FRAME = 4096


class SpidevTransport(SpiTransport):
    """One SPI bus with GPIO lines. Nothing is opened, and no library imported, before :meth:`open`.

    :param bus: number of the SPI bus.
    :param selects: for each chip, the number of its spidev device on that bus, or a GPIO line.
    :param lines: GPIO lines by name.
    :param keep: names of lines whose level must survive :meth:`open`; the others become low.
    :param keep_later: the same for when it has been open before.
    :param spi_hz: serial clock, Hz, at most; the hardware takes the next lower one that it has.
    :param readback: False: MISO is not wired, so that answers are zero.
    :param bare_device: number of the spidev device that clocks the chips whose chip select is a
        GPIO line; its own chip select stays high.
    """

    def __init__(
        self,
        bus: int,
        selects: Sequence[int | Place],
        lines: Mapping[str, Place],
        keep: Collection[str] = (),
        keep_later: Collection[str] = (),
        spi_hz: float = 20e6,
        readback: bool = True,
        bare_device: int = 0,
    ) -> None:
        super().__init__()
        self._bus = bus
        self._spi_hz = int(spi_hz)
        self._readback = readback
        self._bare_device = bare_device
        self._lines = frozenset(lines)
        # For each chip: its spidev device, and the name of its chip select if that is a line.
        self._chips: list[tuple[int, str | None]] = []
        places = dict(lines)
        by_line = set()
        for chip, select in enumerate(selects):
            if isinstance(select, int):
                self._chips.append((select, None))
            else:
                name = f"chip_select{chip}"
                self._chips.append((bare_device, name))
                places[name] = select
                by_line.add(name)
        self._any_by_line = bool(by_line)
        self._gpio = GpioLines(places, keep, by_line)
        self._keep_later = frozenset(keep_later)
        self._devices: dict[int, Any] = {}
        self._is_open = False

    @property
    def lines(self) -> frozenset[str]:
        """Names of the lines that are wired."""
        return self._lines

    def open(self) -> None:
        """Take hold of bus and lines. Lines to keep do not change, the others become low.

        :raises TransportLost: if something is missing, in use or not permitted.
        """
        self.close()
        try:
            spidev, fcntl = library("spidev", "spidev", "spi"), import_module("fcntl")
            for number in sorted({device for device, _ in self._chips}):
                try:
                    self._open_device(spidev, fcntl, number)
                except OSError as error:
                    raise unusable(f"/dev/spidev{self._bus}.{number}", error) from error
            self._gpio.open()
        except BaseException:
            self.close()
            raise
        self._is_open = True
        self._gpio.keep = self._keep_later

    def close(self) -> None:
        """Let go. Whether lines keep their level is the kernel's choice. May be called twice."""
        self._is_open = False
        self._gpio.close()
        devices, self._devices = self._devices, {}
        for device in devices.values():
            with suppress(OSError):  # nothing can be done about a device that will not close
                device.close()

    def _open_device(self, spidev: Any, fcntl: Any, number: int) -> None:
        device = self._devices[number] = spidev.SpiDev()
        device.open(self._bus, number)
        fcntl.flock(device.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The kernel remembers what the last program set, so nothing is taken for granted.
        device.mode = 0
        wanted = {"cshigh": False, "lsbfirst": False, "threewire": False, "loop": False}
        wanted["no_cs"] = self._any_by_line and number == self._bare_device
        for flag, value in wanted.items():
            # Not every controller knows every flag: write only what has to change.
            if getattr(device, flag) != value:
                setattr(device, flag, value)
        device.bits_per_word = 8
        device.max_speed_hz = self._spi_hz

    def transfer(self, chip: int, data: bytes) -> bytes:
        """One SPI frame of at most 4096 bytes; returns as many bytes as went out."""
        self._check_open()
        if not 0 <= chip < len(self._chips):
            raise TransportError(f"there is no chip {chip}")
        if len(data) > MAX_FRAME:
            raise TransportError(f"a frame of {len(data)} bytes is over spidev's {MAX_FRAME}")
        if not data:
            return b""
        number, line = self._chips[chip]
        try:
            if line is None:
                answer = self._devices[number].xfer2(list(data))
            else:
                answer = self._transfer_by_line(line, list(data))
        except OSError as error:
            raise self._failed(f"SPI transfer to chip {chip}", error) from error
        return bytes(answer) if self._readback else bytes(len(data))

    def _transfer_by_line(self, line: str, data: list[int]) -> Any:
        try:
            self._gpio.set(line, True)
            return self._devices[self._bare_device].xfer2(data)
        finally:
            self._gpio.set(line, False)

    def pulse(self, line: str) -> None:
        """One pulse on ``line``."""
        self._check_line(line)
        try:
            if line in self._gpio.active:  # after a pulse that failed: there would be no edge
                self._gpio.set(line, False)
            self._gpio.set(line, True)
            self._gpio.set(line, False)
        except OSError as error:
            raise self._failed(f"pulse on {line}", error) from error

    def level(self, line: str, high: bool) -> None:
        """Set ``line``."""
        self._check_line(line)
        try:
            self._gpio.set(line, high)
        except OSError as error:
            raise self._failed(f"setting {line}", error) from error

    def is_high(self, line: str) -> bool:
        """Level that ``line`` was last set to, or had when the lines to keep were opened."""
        self._check_line(line)
        return line in self._gpio.active

    def delay(self, seconds: float) -> None:
        """Wait; raises :class:`~dds_link.errors.Preempted` as soon as ``interrupt`` is set."""
        self._check_open()
        super().delay(seconds)

    def _check_open(self) -> None:
        if not self._is_open:
            raise TransportLost("the SPI bus is not open")

    def _check_line(self, line: str) -> None:
        self._check_open()
        if line not in self._lines:
            raise TransportError(f"line '{line}' is not wired")

    def _failed(self, what: str, error: OSError) -> TransportError:
        translated = failure(what, error)
        if isinstance(translated, TransportLost):
            self.close()
        return translated


def from_config(
    device: DeviceConfig, channels: tuple[ChannelConfig, ...], address: str, clock: Clock
) -> SpidevTransport:
    """Make the transport of ``transport = "spidev:BUS"``.

    With ``on_start = "keep"`` the RF switch of the channel, and the PROFILE pins, keep their levels
    when the bus is opened. With ``"safe"`` they are low from then on: RF off, profile 0. When it is
    opened again, ``on_reconnect`` decides that for all of them.

    :param address: ``"BUS"``, or ``"BUS.DEVICE"`` to name the spidev device that clocks the chips
        whose chip select is a GPIO line (0 otherwise).
    :param clock: not used: a real bus has real time.
    :raises ConfigError: with every problem found.
    """
    problems: list[str] = []
    selects = tuple(
        select if isinstance(select, int) else _parse_line(select, "chip_select", problems)
        for select in all_selects(device, channels)
    )
    lines = {
        name: _parse_line(text, name, problems) for name, text in wiring(device, channels).items()
    }
    bus = bare_device = 0
    try:
        bus, bare_device = _parse_address(address, selects)
    except ValueError as error:
        problems.append(f"device.transport: {error}")
    if problems:
        raise ConfigError(problems)
    keep = {rf_switch(channel.index) for channel in channels if channel.on_start == "keep"}
    if keep:
        keep.update(PROFILES)
    keep_later: set[str] = set()
    if device.on_reconnect != "safe":
        keep_later.update((rf_switch(channel.index) for channel in channels), PROFILES)
    return SpidevTransport(
        bus, selects, lines, keep, keep_later, device.spi_hz, device.readback, bare_device
    )


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """The same rules for a config file."""
    for path, line in lines(device, channels):
        try:
            parse_place(line or "gpiochip0:0")
        except ValueError as error:
            problems.add(path, str(error), line)
    address = device["transport"].partition(":")[2]
    try:
        used = [*selects(channels), *attenuator_select(device)]
        _parse_address(address, [select for _, select in used])
    except ValueError as error:
        problems.add("device.transport", str(error), device["transport"])


def _parse_address(address: str, selects: Collection[object]) -> tuple[int, int]:
    """Bus and bare device; the chips of ``selects`` must not need the bare device."""
    bus, dot, bare_device = address.partition(".")
    if not (bus.isdecimal() and (bare_device.isdecimal() or not dot)):
        raise ValueError(f'"spidev:{address}" is not like "spidev:0"')
    number = int(bare_device or 0)
    if number in selects and any(isinstance(select, (str, Place)) for select in selects):
        raise ValueError(
            f"chip_select {number} is a chip's own, so that another spidev device must clock the "
            f'chips whose chip_select is a line: "spidev:{int(bus)}.DEVICE"'
        )
    return int(bus), number


def _parse_line(text: str, key: str, problems: list[str]) -> Place:
    try:
        return parse_place(text)
    except ValueError as error:
        problems.append(f"{key}: {error}")
        return Place("", 0)
