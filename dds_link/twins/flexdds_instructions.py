"""The instructions of a FlexDDS-NG's command processor (DCP), from the text of a ``dcp`` line.

Facts by way of public clients of the rack (rydyb/flexdds, PancakeFriday/wieserlabsdds,
drewrotunno/FlexDDS) and of the USB box (QuTech-Delft/QMI). Unconfirmed: that a value too wide for
its register is refused, and what combinations of pin actions one ``update`` takes.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Name: address of the AD9910 register, its bits. CFR3 is not there: the box sets up the clock.
SPI_REGISTERS = {
    "CFR1": (0x00, 32),
    "CFR2": (0x01, 32),
    "ADAC": (0x03, 32),
    "IOUR": (0x04, 32),
    "FTW": (0x07, 32),
    "POW": (0x08, 16),
    "ASF": (0x09, 32),
    "DRL": (0x0B, 64),
    "DRSS": (0x0C, 64),
    "DRR": (0x0D, 32),
    **{f"STP{number}": (0x0E + number, 64) for number in range(8)},
    "RAMB": (0x16, 32),
    "RAM32E": (0x17, 32),
    "RAM64C": (0x18, 64),
    "RAM64E": (0x19, 64),
}
_WIDTHS = dict(SPI_REGISTERS.values())

#: Registers of the DCP itself: pins, and analog modulation. Only the reset does anything here.
DCP_REGISTERS = {
    "CFG_BNC_A": 0x080,
    "CFG_BNC_B": 0x081,
    "CFG_BNC_C": 0x082,
    "CFG_UPDATE": 0x084,
    "CFG_OSK": 0x085,
    "CFG_DRCTL": 0x086,
    "CFG_DRHOLD": 0x087,
    "CFG_PROFILE": 0x088,
    "AM_S0": 0x100,
    "AM_S1": 0x101,
    "AM_O": 0x102,
    "AM_O0": 0x103,
    "AM_O1": 0x104,
    "AM_CFG": 0x105,
}

#: What a ``wait`` may wait for.
EVENTS = {
    "NONE": 0,
    "ALL_SPI_FIFOS_FLUSHED": 2,
    "BNC_IN_A_RISING": 3,
    "BNC_IN_A_FALLING": 4,
    "BNC_IN_A_LEVEL": 5,
    "BNC_IN_B_RISING": 6,
    "BNC_IN_B_FALLING": 7,
    "BNC_IN_B_LEVEL": 8,
    "BNC_IN_C_RISING": 9,
    "BNC_IN_C_FALLING": 10,
    "BNC_IN_C_LEVEL": 11,
    "BP_TRIG_A": 15,
    "BP_TRIG_B": 16,
    "SPI_FIFO_FLUSHED": 32,
    "DROVER": 35,
    "RAM_SWP_OVR": 36,
    "O_SPI_FIFO_FLUSHED": 48,
    "O_DROVER": 51,
    "O_RAM_SWP_OVR": 52,
}
MAX_WAIT = (1 << 24) - 1
"""Longest wait, in its units."""
_FINE, _COARSE = 8, 1024  # the units of a wait, ns

_NUMBER = re.compile(r"-?(0x_*[0-9a-f][0-9a-f_]*|0b_*[01][01_]*|[0-9]+)", re.IGNORECASE)
_ACTION = re.compile(r"u|[-+^][odhabc]|[-+]p|=[0-7]p", re.IGNORECASE)
_TIME = re.compile(r"([0-9]+)(h?)", re.IGNORECASE)


class Spi(NamedTuple):
    """Write a register of the AD9910."""

    address: int
    value: int
    waits: bool
    """False (``:c``): go on while the bits are still on their way."""


class Update(NamedTuple):
    """Act on pins of the AD9910, all at once: ``u``, ``+d``, ``=3p``..."""

    actions: tuple[str, ...]


class Wait(NamedTuple):
    """Go on after a time, or when something happens."""

    nanoseconds: int | None
    """None: for ever."""
    events: tuple[int, ...]
    every: bool
    """True: all events, not just one of them."""
    then: Update | None


class Register(NamedTuple):
    """Write a register of the DCP."""

    address: int
    value: int


Instruction = Spi | Update | Wait | Register


def parse(text: str) -> Instruction:
    """Read one instruction, for example ``spi:STP0=0x3FFF_0000_1999999A:w``.

    :raises ValueError: if it is none, with the reason.
    """
    kind, colon, rest = text.partition(":")
    kind = kind.lower()
    if not colon:
        raise ValueError("unknown dcp command")
    if kind == "spi":
        return _spi(rest)
    if kind == "update":
        return _update(rest)
    if kind == "wait":
        return _wait(rest)
    if kind == "wr":
        name, _, value = rest.partition("=")
        return Register(_address(name, DCP_REGISTERS), number(value) & 0xFFFFFFFF)
    raise ValueError("unknown dcp instruction")


def number(text: str) -> int:
    """A number in hex, binary or decimal; underscores mean nothing.

    :raises ValueError: if it is none.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError("bad number or name")
    digits = text.replace("_", "").lower()
    for prefix, base in (("0x", 16), ("0b", 2)):
        if prefix in digits:
            return int(digits.replace(prefix, ""), base)
    return int(digits)


def _address(name: str, known: dict[str, int]) -> int:
    if name.upper() in known:
        return known[name.upper()]
    address = number(name)
    if address not in known.values():
        raise ValueError("unknown name")
    return address


def _spi(text: str) -> Spi:
    assignment, _, how = text.partition(":")
    name, _, digits = assignment.partition("=")
    if how.lower() not in ("", "w", "c"):
        raise ValueError("a write ends in :w or :c")
    address = _address(name, {name: place for name, (place, _) in SPI_REGISTERS.items()})
    value = number(digits)
    if not 0 <= value < 1 << _WIDTHS[address]:
        raise ValueError("value too wide")
    return Spi(address, value, how.lower() != "c")


def _update(text: str) -> Update:
    actions = tuple(_ACTION.findall(text.lower()))
    if not actions or "".join(actions) != text.lower():
        raise ValueError("bad update")
    return Update(actions)


def _wait(text: str) -> Wait:
    time, _, rest = text.partition(":")
    happens, _, then = rest.partition(":")
    every = "&" in happens
    names = happens.split("&" if every else ",") if happens else []
    return Wait(
        _nanoseconds(time) if time else None,
        tuple(_address(name, EVENTS) for name in names),
        every,
        _update(then) if then else None,
    )


def _nanoseconds(text: str) -> int:
    found = _TIME.fullmatch(text)
    if not found or not int(found[1]) <= MAX_WAIT:
        raise ValueError("bad time")
    return int(found[1]) * (_FINE if found[2] else _COARSE)
