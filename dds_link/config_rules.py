"""What the keys of a configuration must be to each other. Each key by itself: ``config_keys``.

Rules look only at keys that are good by themselves, so that one mistake is one problem.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from typing import Any, NamedTuple

from dds_link.attenuation import MODELS
from dds_link.config_keys import DEVICE_EXAMPLES, Problems

Device = dict[str, Any]
"""Good keys of ``[device]``; ``pins`` and ``attenuator`` are such dicts, too."""


class Channel(NamedTuple):
    """One channel, as far as it is good."""

    path: str
    """Where it stands in the file, for messages."""
    values: dict[str, Any]
    given: Collection[str] = ()
    """Every key that the file has, good or not."""


Rule = Callable[[Device, list[Channel], Problems], None]
"""A check of a whole configuration, which notes what is wrong with it, and may fill in what the
file leaves out."""


def complete(device: Device, channels: list[Channel], problems: Problems) -> list[Channel]:
    """Check the indices, and fill in what the file leaves out.

    :returns: the channels of the device in the order of their indices; those of the file as they
        are if their indices are not good.
    """
    indices = [channel.values.get("index") for channel in channels]
    count = device.get("channels")
    before = len(problems.found)
    refuse_twice(((c.path + ".index", c.values.get("index")) for c in channels), problems)
    for channel, index in zip(channels, indices, strict=True):
        if count is not None and index is not None and index >= count:
            reason = f"must be below device.channels = {count}; indices begin at 0"
            problems.add(f"{channel.path}.index", reason, index)
    if count is None or None in indices or len(problems.found) > before:
        return channels
    found = dict(zip(indices, channels, strict=True))
    return [
        _fill_in(found.get(index, Channel(f"channel {index} (by default)", {})), index)
        for index in range(count)
    ]


def _fill_in(channel: Channel, index: int) -> Channel:
    defaults = {"index": index, "name": f"ch{index}", "chip_select": index}
    rest = {key: value for key, value in defaults.items() if key not in channel.given}
    return channel._replace(values={**channel.values, **rest})


def require(device: Device, problems: Problems, *keys: str) -> None:
    """Note each of ``keys`` that ``[device]`` lacks, though this type of device needs it."""
    for key in keys:
        if key not in device:
            problems.missing(f"device.{key}", DEVICE_EXAMPLES.get(key, key))


def require_transport(device: Device, problems: Problems, kind: str) -> None:
    """Note a transport that is there, but not of the ``kind`` that this type of device is for.

    :param kind: ``"spi"`` or ``"stream"``.
    """
    transport = device.get("transport", "")
    if _KINDS.get(transport.partition(":")[0], kind) != kind:
        problems.add("device.transport", _KIND_REASONS[kind], transport)
    if kind == "stream" and "attenuator" in device:
        problems.add("device.attenuator", "this box has no SPI bus for it; remove it")


_KINDS = {"ftdi": "spi", "spidev": "spi", "serial": "stream", "tcp": "stream"}
_KIND_REASONS = {
    "spi": 'this is a chip on an SPI bus: write for example "spidev:0"',
    "stream": 'this box talks in text: write for example "serial:/dev/ttyUSB0" or '
    '"tcp:10.0.0.5:26000"',
}


def check(device: Device, channels: list[Channel], problems: Problems) -> None:
    """Apply every rule that holds whatever the device is."""
    refuse_twice(((c.path + ".name", c.values.get("name")) for c in channels), problems)
    for channel in channels:
        _check_limits(device, channel, problems)
        if channel.values.get("on_start") == "keep" and device.get("readback") is False:
            reason = 'needs device.readback = true, to read what the chip puts out; or write "safe"'
            problems.add(f"{channel.path}.on_start", reason, "keep")
    _check_leave(device, problems)
    _check_attenuators(device, channels, problems)
    refuse_twice(lines(device, channels), problems)


def _check_limits(device: Device, channel: Channel, problems: Problems) -> None:
    path, values = channel.path, channel.values
    sysclk = device.get("sysclk")
    low, high = values.get("min_frequency"), values.get("max_frequency")
    for key, limit in (("min_frequency", low), ("max_frequency", high)):
        if limit is not None and sysclk is not None and not limit < sysclk / 2:
            reason = f"must be below half of device.sysclk, {sysclk / 2:.12g} Hz"
            problems.add(f"{path}.{key}", reason, limit)
    if low is not None and high is not None and not low <= high:
        reason = f"must not be above max_frequency = {high!r}; swap them?"
        problems.add(f"{path}.min_frequency", reason, low)
    safe, most = values.get("safe_amplitude", 0.0), values.get("max_amplitude", 1.0)
    if not safe <= most:
        reason = f"must not be above max_amplitude = {most!r}"
        problems.add(f"{path}.safe_amplitude", reason, safe)


def _check_leave(device: Device, problems: Problems) -> None:
    """What is to be left as it is must be read."""
    reason = ""
    if device.get("readback") is False:
        reason = "needs device.readback = true, to read what the hardware puts out"
    elif "attenuator" in device:
        reason = "an attenuator cannot be read without being changed"
    if reason and device.get("on_reconnect") == "leave":
        problems.add("device.on_reconnect", f'{reason}; or write "restore" or "safe"', "leave")


def _check_attenuators(device: Device, channels: list[Channel], problems: Problems) -> None:
    table = device.get("attenuator", {})
    path, chain = "device.attenuator", table.get("chain", ())
    for index in chain:
        if index >= device.get("channels", index + 1):
            problems.add(f"{path}.chain", f"there is no channel {index}", list(chain))
    select = table.get("chip_select")
    for place, other in selects(channels):
        if isinstance(other, int) and other == select:
            problems.add(f"{path}.chip_select", f"already used by {place}; the attenuators need "
                         "their own", select)  # fmt: skip
    if table.get("readback") and device.get("readback") is False:
        reason = "needs device.readback = true: MISO is one wire for the whole bus"
        problems.add(f"{path}.readback", reason, True)
    if "type" in table:
        model = MODELS[table["type"]]
        if not device.get("spi_hz", 0.0) <= model.max_spi_hz:
            reason = f"its attenuators take at most {model.max_spi_hz / 1e6:.0f}e6 Hz"
            problems.add("device.spi_hz", reason, device["spi_hz"])
    whole = "attenuator" not in device or {"type", "chain"} <= table.keys()
    for channel in channels if whole else ():
        _check_attenuation(channel, table if channel.values.get("index") in chain else {}, problems)


def _check_attenuation(channel: Channel, table: Device, problems: Problems) -> None:
    """The limits of one channel.

    :param table: of its attenuator; empty: it has none.
    """
    path, values = channel.path, channel.values
    limits = {key: values.get(key) for key in ("min_attenuation", "safe_attenuation")}
    for key, limit in limits.items():
        reason = ""
        if limit is not None and not table:
            reason = "this channel has no attenuator: see [device.attenuator], or leave it out"
        elif limit is not None:
            most = MODELS[table["type"]].attenuation.max_db
            reason = "" if limit <= most else f"must be 0 ... {most:.15g} dB"
        if reason:
            problems.add(f"{path}.{key}", reason, limit)
            return
    low, safe = limits.values()
    if low is not None and safe is not None and not low <= safe:
        reason = f"must not be below min_attenuation = {low!r}"
        problems.add(f"{path}.safe_attenuation", reason, safe)
    if table and values.get("on_start") == "keep":
        reason = (
            "the attenuator cannot be read without being changed, so that the channel cannot be "
            'kept; write "safe"'
        )
        problems.add(f"{path}.on_start", reason, "keep")


def lines(device: Device, channels: Iterable[Channel]) -> Iterator[tuple[str, str | None]]:
    """Every line that something may use: its key in the file, and its place if it has one."""
    pins = device.get("pins", {})
    for key in ("io_update", "io_reset", "master_reset"):
        yield f"device.pins.{key}", pins.get(key)
    for number, line in enumerate(pins.get("profile", ())):
        yield f"device.pins.profile[{number}]", line
    channels = list(channels)
    for channel in channels:
        yield f"{channel.path}.rf_switch", channel.values.get("rf_switch")
    for path, select in [*selects(channels), *attenuator_select(device)]:
        yield path, select if isinstance(select, str) else None


def selects(channels: Iterable[Channel]) -> Iterator[tuple[str, int | str]]:
    """Every chip select, with the first key that names it: channels of one chip share theirs."""
    found: dict[int | str, str] = {}
    for channel in channels:
        if "chip_select" in channel.values:
            found.setdefault(channel.values["chip_select"], f"{channel.path}.chip_select")
    for select, path in found.items():
        yield path, select


def attenuator_select(device: Device) -> Iterator[tuple[str, int | str]]:
    """The chip select of the attenuators, with its key, if there are any."""
    table = device.get("attenuator", {})
    if "chip_select" in table:
        yield "device.attenuator.chip_select", table["chip_select"]


def refuse_twice(places: Iterable[tuple[str, Hashable]], problems: Problems) -> None:
    """Note each value, other than None, that an earlier place already has."""
    seen: dict[Hashable, str] = {}
    for path, value in places:
        if value is None:
            continue
        if value in seen:
            problems.add(path, f"already used by {seen[value]}; give each its own", value)
        seen.setdefault(value, path)
