"""SPI and digital outputs of an FTDI chip on USB: FT232H, FT2232H, FT4232H.

AD0 is SCLK, AD1 MOSI, AD2 MISO; AD3 to AD7 and AC0 to AC7 are chip selects or lines.

What such a chip cannot do: it cannot keep a level while it is opened, because that resets it
(:class:`~dds_link.transports.ftdi_usb.FtdiPort`). Pull-down resistors of 10 kOhm or less must hold
the lines meanwhile, against the chip's own pull-ups of about 75 kOhm.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device, attenuator_select, lines, selects
from dds_link.errors import ConfigError, TransportError, TransportLost
from dds_link.transports.base import SpiTransport, rf_switch
from dds_link.transports.ftdi_usb import MAX_HZ, MIN_HZ, FtdiPort
from dds_link.transports.wiring import all_selects, wiring

#: Longest frame, bytes: that of spidev, so that what works with one works with the other.
MAX_FRAME = 4096
#: Chip selects that have numbers: 0 is AD3.
SELECTS = 5

# AD0, AD1: SCLK and MOSI.
_SPI_OUTPUTS = 0x03
_SELECT_0 = 3
# Bytes out on the falling edge and in on the rising one, MSB first: mode 0 (AN_108).
_EXCHANGE_BYTES = 0x31
_SET_LOW, _SET_HIGH = 0x80, 0x82
# Fits the smallest buffer of these chips, so that writing need not wait for reading.
_PART = 512
# Commands of a pulse that set the line high: pyftdi measured 0.5 us for each on an FT2232H, which
# no data sheet states.
_PULSE = 8

_ADDRESS = re.compile(r"//[^/?#\s]*/[1-4]")
_PIN = re.compile(r"AD[3-7]|AC[0-7]")


class FtdiTransport(SpiTransport):
    """One port of an FTDI chip. Nothing is opened, and no library imported, before :meth:`open`.

    :param url: as pyftdi has it, ``"ftdi://ftdi:232h/1"``.
    :param selects: the pin of each chip's chip select: 3 is AD3, 8 is AC0.
    :param lines: pins of the lines by name.
    :param spi_hz: serial clock, Hz, at most; the chip takes the next lower one that it has, 30 MHz
        at most.
    :param readback: False: MISO is not wired, so that answers are zero.
    """

    def __init__(
        self,
        url: str,
        selects: Sequence[int],
        lines: Mapping[str, int],
        spi_hz: float = 20e6,
        readback: bool = True,
    ) -> None:
        super().__init__()
        self._url = url
        self._selects = tuple(selects)
        self._pins = dict(lines)
        self._spi_hz = spi_hz
        self._readback = readback
        self._outputs = _SPI_OUTPUTS | _bits(selects) | _bits(self._pins.values())
        self._levels = 0
        self._port: FtdiPort | None = None

    @property
    def lines(self) -> frozenset[str]:
        """Names of the lines that are wired."""
        return frozenset(self._pins)

    def open(self) -> None:
        """Take hold of the port. Every line is low from then on, every chip select high.

        :raises TransportLost: if it is not there, in use, not permitted or of the wrong kind.
        """
        self.close()
        self._levels = _bits(self._selects)
        self._port = FtdiPort(self._url, self._outputs, self._levels, self._spi_hz)

    def close(self) -> None:
        """Let go. Levels stay until the chip loses its power or is opened again. May be called
        twice."""
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def transfer(self, chip: int, data: bytes) -> bytes:
        """One SPI frame of at most 4096 bytes; returns as many bytes as went out."""
        self._opened()
        if not 0 <= chip < len(self._selects):
            raise TransportError(f"there is no chip {chip}")
        if len(data) > MAX_FRAME:
            raise TransportError(f"a frame of {len(data)} bytes is over {MAX_FRAME}")
        if not data:
            return b""
        pin = self._selects[chip]
        answer = b""
        commands = self._set(pin, False)
        for start in range(0, len(data), _PART):
            part = data[start : start + _PART]
            commands += struct.pack("<BH", _EXCHANGE_BYTES, len(part) - 1) + part
            if start + _PART >= len(data):
                commands += self._set(pin, True)
            answer += self._exchange(commands, len(part))
            commands = b""
        return answer if self._readback else bytes(len(data))

    def pulse(self, line: str) -> None:
        """One pulse on ``line``, low before and after it, some microseconds long."""
        pin = self._pin(line)
        self._write(self._set(pin, False) + _PULSE * self._set(pin, True) + self._set(pin, False))

    def level(self, line: str, high: bool) -> None:
        """Set ``line``."""
        self._write(self._set(self._pin(line), high))

    def is_high(self, line: str) -> bool:
        """Level that ``line`` was last set to; low since the port was opened."""
        return bool(self._levels >> self._pin(line) & 1)

    def delay(self, seconds: float) -> None:
        """Wait; raises :class:`~dds_link.errors.Preempted` as soon as ``interrupt`` is set."""
        self._opened()
        super().delay(seconds)

    def _opened(self) -> FtdiPort:
        if self._port is None:
            raise TransportLost("the FTDI chip is not open")
        return self._port

    def _pin(self, line: str) -> int:
        self._opened()
        if line not in self._pins:
            raise TransportError(f"line '{line}' is not wired")
        return self._pins[line]

    def _set(self, pin: int, high: bool) -> bytes:
        """Command that sets one pin and leaves the others of its byte as they are."""
        self._levels = self._levels & ~(1 << pin) | high << pin
        command, shift = (_SET_HIGH, 8) if pin >= 8 else (_SET_LOW, 0)
        return bytes((command, self._levels >> shift & 0xFF, self._outputs >> shift & 0xFF))

    def _write(self, commands: bytes) -> None:
        try:
            self._opened().write(commands)
        except TransportLost:
            self.close()
            raise

    def _exchange(self, commands: bytes, size: int) -> bytes:
        try:
            return self._opened().exchange(commands, size)
        except TransportLost:
            self.close()
            raise


def from_config(
    device: DeviceConfig, channels: tuple[ChannelConfig, ...], address: str, clock: Clock
) -> FtdiTransport:
    """Make the transport of ``transport = "ftdi://ftdi:232h/1"``.

    :param address: a URL as pyftdi has it, without ``ftdi:``.
    :param clock: not used: a real bus has real time.
    :raises ConfigError: with every problem found.
    """
    places = wiring(device, channels)
    selects = all_selects(device, channels)
    used = [*places.items(), *((f"chip_select of chip {n}", s) for n, s in enumerate(selects))]
    switched = [channel for channel in channels if rf_switch(channel.index) in places]
    policies = [(f"on_start of channel {channel.index}", channel.on_start) for channel in switched]
    if switched:
        policies.append(("device.on_reconnect", device.on_reconnect))
    problems = [
        f"{key} = {value!r}: {reason}"
        for key, value, reason in _problems(address, device.spi_hz, used, policies)
    ]
    if problems:
        raise ConfigError(problems)
    pins = {name: _parse_pin(place) for name, place in places.items()}
    return FtdiTransport(
        "ftdi:" + address, [_parse_pin(s) for s in selects], pins, device.spi_hz, device.readback
    )


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """The same rules for a config file."""
    address = device["transport"].partition(":")[2]
    places = lines(device, channels)
    used: list[tuple[str, int | str]] = [(path, place) for path, place in places if place]
    numbers = [*selects(channels), *attenuator_select(device)]
    used += [(path, number) for path, number in numbers if isinstance(number, int)]
    switched = [channel for channel in channels if "rf_switch" in channel.values]
    policies = [(f"{c.path}.on_start", c.values.get("on_start", "safe")) for c in switched]
    if switched:
        policies.append(("device.on_reconnect", device.get("on_reconnect", "safe")))
    for key, value, reason in _problems(address, device.get("spi_hz", MAX_HZ), used, policies):
        problems.add(key, reason, value)


def _problems(
    address: str,
    spi_hz: float,
    used: Iterable[tuple[str, int | str]],
    policies: Iterable[tuple[str, str]],
) -> Iterator[tuple[str, object, str]]:
    """What cannot be: key, value and reason.

    :param used: chip selects and lines, each with the key that names it.
    :param policies: keys of policies that concern RF switches, and what they hold.
    """
    if not _ADDRESS.fullmatch(address):
        reason = 'must be like "ftdi://ftdi:232h/1"; with several chips "ftdi://ftdi:232h:SERIAL/1"'
        yield "device.transport", f"ftdi:{address}", reason
    if not spi_hz >= MIN_HZ:
        yield "device.spi_hz", spi_hz, f"an FTDI chip clocks at {MIN_HZ:.0f} Hz or above"
    users: dict[int, tuple[str, int | str]] = {}
    for key, place in used:
        try:
            pin = _parse_pin(place)
        except ValueError as error:
            yield key, place, str(error)
            continue
        user, same = users.setdefault(pin, (key, place))
        if same != place:
            yield key, place, f"the pin is already used by {user} = {same!r}; give each its own"
    reason = (
        "an FTDI chip resets its pins when it is opened, so that the RF switch cannot be kept; "
        'write "safe"'
    )
    for key, policy in policies:
        if policy in ("keep", "leave"):
            yield key, policy, reason


def _parse_pin(place: int | str) -> int:
    if isinstance(place, int):
        if not 0 <= place < SELECTS:
            raise ValueError('must be 0 ... 4 (the pins AD3 ... AD7) or another pin, as in "AC0"')
        return _SELECT_0 + place
    if not _PIN.fullmatch(place):
        raise ValueError('must be a pin of the FTDI chip: "AD3" ... "AD7" or "AC0" ... "AC7"')
    return int(place[2]) + (8 if place[1] == "C" else 0)


def _bits(pins: Iterable[int]) -> int:
    return sum({1 << pin for pin in pins})
