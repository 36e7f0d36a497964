"""The ``TABLE`` commands of a MOGLabs box: stored and answered, not played.

What they do is the manual's. Assumed: the text of an entry, the layout of the binary form (the
manual gives its size only, 16 bytes an entry and 16 before them), and that a QRF answers the
setting of an entry with the entry (a public driver says: without ``OK``).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

from dds_link.twins.moglabs_channel import PARAMETERS, Channel, Entry, Table
from dds_link.twins.moglabs_values import (
    Model,
    Refused,
    asf,
    frequency_text,
    ftw,
    on_off,
    phase_text,
    pow_,
    power_text,
    switch,
    ticks,
    ticks_text,
    whole,
)

#: Most entries of a table.
MAX_ENTRIES = 8191
_SLOTS = 4
_FORM = struct.Struct("<IHHII")
_HEAD = struct.Struct("<I12x")

#: What the box answers: a line, or bytes as they are.
Answer = str | bytes
Command = Callable[["Tables", Sequence[str]], Answer]


class Upload(NamedTuple):
    """The bytes that follow a ``TABLE,UPLOAD``."""

    channel: int
    size: int


class Tables:
    """The tables of all channels, the slots for saved ones, and what is common.

    :param channels: the channels, the first of which is number 1.
    """

    def __init__(self, channels: Sequence[Channel]) -> None:
        self.channels = channels
        self.model: Model = channels[0].model
        self.slots: dict[int, list[Entry]] = {}
        self.switches: dict[str, str] = {}
        #: The binary table that is being sent now.
        self.upload: Upload | None = None

    def run(self, values: Sequence[str]) -> Answer:
        """Carry out a ``TABLE`` command without its first word."""
        name = values[0].upper() if values else ""
        command = (QUAD if self.model.quad else DUAL).get(name) or COMMANDS.get(name)
        if command is None:
            raise Refused(f"Invalid table command, {name}")
        return command(self, values[1:])

    def uploaded(self, data: bytes) -> str:
        """The bytes after a ``TABLE,UPLOAD`` have come."""
        upload, self.upload = self.upload, None
        if upload is None or len(data) % _FORM.size or not data:
            raise Refused("Invalid table size")
        if _HEAD.unpack_from(data)[0] != len(data) // _FORM.size - 1:
            raise Refused("Invalid table")
        self.table(upload.channel).entries = [
            Entry(ftw=f, asf=a, pow=p, ticks=t, flags=str(flags) if flags else "")
            for f, a, p, t, flags in _FORM.iter_unpack(data[_HEAD.size :])
        ]
        return "OK"

    def table(self, channel: int) -> Table:
        """The table of a channel, counted from 1."""
        return self.channels[channel - 1].table

    def number(self, values: Sequence[str]) -> int:
        """The channel that a command names, counted from 1.

        :raises Refused: if there is none.
        """
        if not values or not values[0].isdigit() or not 1 <= int(values[0]) <= len(self.channels):
            raise Refused(f"Invalid channel, {values[0] if values else ''}")
        return int(values[0])


def _entry(tables: Tables, channel: int, values: Sequence[str]) -> Entry:
    """The entry of ``freq,ampl,phase,duration[,flags]``; in advanced mode as it was sent."""
    if tables.channels[channel - 1].mode == "TPA":
        return Entry(0, 0, 0, 0, text=",".join(values))
    if len(values) < 4:
        raise Refused("Invalid number of arguments")
    model = tables.model
    flags = ",".join(values[4:]).upper()
    return Entry(
        ftw(model, values[0]),
        asf(model, values[1]),
        pow_(model, values[2]),
        ticks(model, values[3]),
        flags,
    )


def _text(model: Model, entry: Entry) -> str:
    if entry.text:
        return entry.text
    parts = [
        frequency_text(model, entry.ftw),
        power_text(model, entry.asf),
        phase_text(model, entry.pow),
        ticks_text(model, entry.ticks),
    ]
    return ", ".join(parts + ([entry.flags] if entry.flags else []))


def _place(tables: Tables, values: Sequence[str]) -> tuple[int, list[Entry], int]:
    """Channel, entries and index of an entry that is there."""
    channel = tables.number(values)
    entries = tables.table(channel).entries
    if len(values) < 2:
        raise Refused("Invalid number of arguments")
    return channel, entries, whole(values[1], 1, max(1, len(entries))) - 1


def _add(entries: list[Entry], index: int, entry: Entry) -> str:
    if len(entries) >= MAX_ENTRIES:
        raise Refused("Table is full")
    entries.insert(index, entry)
    return f"OK: {len(entries)} entries"


# -- entries --------------------------------------------------------------------------------------


def _clear(tables: Tables, values: Sequence[str]) -> str:
    table = tables.table(tables.number(values))
    table.entries = []
    table.state = "STOPPED"
    return "OK"


def _entries(tables: Tables, values: Sequence[str]) -> str:
    entries = tables.table(tables.number(values)).entries
    if len(values) < 2:
        return str(len(entries))
    count = whole(values[1], 0, MAX_ENTRIES)
    # More than were set is undefined, says the manual; here they are silent.
    entries += [Entry(0, 0, 0, 0) for _ in range(count - len(entries))]
    del entries[count:]
    return f"OK: {count} entries"


def _one(tables: Tables, values: Sequence[str]) -> str:
    channel = tables.number(values)
    entries = tables.table(channel).entries
    if len(values) <= 2:
        return _text(tables.model, _at(tables, values))
    index = whole(values[1], 1, MAX_ENTRIES)
    try:
        entry = _entry(tables, channel, values[2:])
    except Refused as refused:
        raise Refused(f"Invalid entry: {refused}") from None
    _entries(tables, [values[0], str(max(index, len(entries)))])
    entries[index - 1] = entry
    text = _text(tables.model, entry)
    return text if tables.model.quad else f"OK: {index}: {text}"


def _at(tables: Tables, values: Sequence[str]) -> Entry:
    _, entries, index = _place(tables, values)
    if not entries:
        raise Refused("Table is empty")
    return entries[index]


def _hex_entry(tables: Tables, values: Sequence[str]) -> str:
    entry = _at(tables, values)
    return f"0x{entry.ftw:08X}, 0x{entry.asf:04X}, 0x{entry.pow:04X}"


def _append(tables: Tables, values: Sequence[str]) -> str:
    channel = tables.number(values)
    entries = tables.table(channel).entries
    return _add(entries, len(entries), _entry(tables, channel, values[1:]))


def _insert(tables: Tables, values: Sequence[str]) -> str:
    channel, entries, index = _place(tables, values)
    return _add(entries, index, _entry(tables, channel, values[2:]))


def _delete(tables: Tables, values: Sequence[str]) -> str:
    _at(tables, values)
    _, entries, index = _place(tables, values)
    del entries[index]
    return f"OK: {len(entries)} entries"


def _ramp(tables: Tables, values: Sequence[str]) -> str:
    """``TABLE,RAMP,ch,param,start,stop,duration,count``: one parameter of repeated entries."""
    channel = tables.number(values)
    if len(values) != 6 or values[1].upper() not in PARAMETERS:
        raise Refused("Invalid argument")
    entries = tables.table(channel).entries
    column = PARAMETERS.index(values[1].upper())
    words = (ftw, asf, pow_)[column]
    start, stop = (words(tables.model, value) for value in values[2:4])
    count = whole(values[5], 1, MAX_ENTRIES - len(entries))
    last = entries[-1] if entries else Entry(0, 0, 0, 0)
    for step in range(count):
        tone = [last.ftw, last.asf, last.pow]
        tone[column] = start + (stop - start) * step // max(1, count - 1)
        entries.append(Entry(tone[0], tone[1], tone[2], ticks(tables.model, values[4])))
    return f"OK: {len(entries)} entries"


def _copy(tables: Tables, values: Sequence[str]) -> str:
    source, target = tables.number(values), tables.number(values[1:])
    tables.table(target).entries = list(tables.table(source).entries)
    return "OK"


def _save(tables: Tables, values: Sequence[str]) -> str:
    channel = tables.number(values)
    tables.slots[_slot(values)] = list(tables.table(channel).entries)
    return "OK"


def _load(tables: Tables, values: Sequence[str]) -> str:
    channel, slot = tables.number(values), _slot(values)
    if slot not in tables.slots:
        raise Refused(f"Slot {slot} is empty")
    tables.table(channel).entries = list(tables.slots[slot])
    return "OK"


def _slot(values: Sequence[str]) -> int:
    return whole(values[1] if len(values) > 1 else "", 1, _SLOTS)


def _dump(tables: Tables, values: Sequence[str]) -> bytes:
    entries = tables.table(tables.number(values)).entries
    data = _HEAD.pack(len(entries)) + b"".join(
        _FORM.pack(e.ftw, e.asf, e.pow, e.ticks, int(bool(e.flags))) for e in entries
    )
    return struct.pack("<I", len(data)) + data


def _upload(tables: Tables, values: Sequence[str]) -> str:
    """The bytes follow at once; the answer comes after them."""
    channel = tables.number(values)
    size = whole(values[1] if len(values) > 1 else "", 1, 16 * (MAX_ENTRIES + 1))
    tables.upload = Upload(channel, size)
    return ""


# -- running --------------------------------------------------------------------------------------


def _arm(tables: Tables, values: Sequence[str]) -> str:
    number = tables.number(values)
    channel = tables.channels[number - 1]
    if channel.mode not in ("TSB", "TPA"):
        raise Refused("Not in table mode")
    if not channel.table.entries:
        raise Refused("Table is empty")
    channel.switch("POW", True)
    channel.table.state = "READY"
    return f"OK: CH{number} armed"


def _start(tables: Tables, values: Sequence[str]) -> str:
    numbers = _several(tables, values)
    for number in numbers:
        _arm(tables, [str(number)])
        tables.channels[number - 1].switch("SIG", True)
        tables.table(number).state = "RUNNING"
    return "OK"


def _stop(tables: Tables, values: Sequence[str]) -> str:
    """The output stays on, as it was when the command came."""
    for number in _several(tables, values):
        tables.table(number).state = "STOPPED"
    return "OK"


def _several(tables: Tables, values: Sequence[str]) -> list[int]:
    """One channel; a QRF takes a list, and none means all."""
    if not tables.model.quad:
        return [tables.number(values)]
    if not values:
        return list(range(1, len(tables.channels) + 1))
    return [tables.number([value]) for value in values]


def _status(tables: Tables, values: Sequence[str]) -> str:
    return tables.table(tables.number(values)).state


def _per_channel(name: str) -> Command:
    """``TABLE,name,ch[,onoff]``"""

    def command(tables: Tables, values: Sequence[str]) -> str:
        switches = tables.table(tables.number(values)).switches
        if len(values) > 1:
            switches[name] = switch(values[1])
            if name == "RESTART" and switches[name]:
                switches["REARM"] = True
            return "OK"
        return on_off(switches.get(name, False)).lower()

    return command


def _common(name: str) -> Command:
    """``TABLE,name[,value...]`` for the whole box."""

    def command(tables: Tables, values: Sequence[str]) -> str:
        if not values:
            return tables.switches.get(name, "OFF")
        tables.switches[name] = ",".join(values).upper()
        return "OK"

    return command


def _edge(tables: Tables, values: Sequence[str]) -> str:
    table = tables.table(tables.number(values))
    if len(values) > 1:
        if values[1].upper() not in ("RISING", "FALLING"):
            raise Refused(f"Invalid value, {values[1]}")
        table.edge = values[1].upper()
        return "OK"
    return table.edge


def _name(tables: Tables, values: Sequence[str]) -> str:
    table = tables.table(tables.number(values))
    if len(values) > 1:
        table.name = values[1]
        return "OK"
    return table.name


COMMANDS: dict[str, Command] = {
    "CLEAR": _clear,
    "ENTRIES": _entries,
    "LENGTH": _entries,
    "ENTRY": _one,
    "HEXENTRY": _hex_entry,
    "APPEND": _append,
    "INSERT": _insert,
    "DELETE": _delete,
    "COPY": _copy,
    "SAVE": _save,
    "LOAD": _load,
    "DUMP": _dump,
    "UPLOAD": _upload,
    "ARM": _arm,
    "START": _start,
    "STOP": _stop,
    "STATUS": _status,
    "REARM": _per_channel("REARM"),
    "RESTART": _per_channel("RESTART"),
}
"""What every box knows."""

DUAL: dict[str, Command] = {
    "RAMP": _ramp,
    "SYNC": _common("SYNC"),
    "TRIGSYNC": _common("TRIGSYNC"),
    "NORESET": _per_channel("NORESET"),
    "XPARAM": _common("XPARAM"),
}
"""What an ARF or XRF knows besides."""

QUAD: dict[str, Command] = {
    "TIMESYNC": _common("TIMESYNC"),
    "EDGE": _edge,
    "NAME": _name,
}
"""What a QRF knows besides."""
