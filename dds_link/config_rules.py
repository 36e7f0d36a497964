"""What the keys of a configuration must be to each other. Each key by itself: ``config_keys``.

Rules look only at keys that are good by themselves, so that one mistake is one problem.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from typing import Any, NamedTuple

from dds_link.config_keys import DEVICE_EXAMPLES, Problems

Device = dict[str, Any]
"""Good keys of ``[device]``; ``pins`` is such a dict, too."""


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
    for path, select in selects(channels):
        yield path, select if isinstance(select, str) else None


def selects(channels: Iterable[Channel]) -> Iterator[tuple[str, int | str]]:
    """Every chip select, with the first key that names it: channels of one chip share theirs."""
    found: dict[int | str, str] = {}
    for channel in channels:
        if "chip_select" in channel.values:
            found.setdefault(channel.values["chip_select"], f"{channel.path}.chip_select")
    for select, path in found.items():
        yield path, select


def refuse_twice(places: Iterable[tuple[str, Hashable]], problems: Problems) -> None:
    """Note each value, other than None, that an earlier place already has."""
    seen: dict[Hashable, str] = {}
    for path, value in places:
        if value is None:
            continue
        if value in seen:
            problems.add(path, f"already used by {seen[value]}; give each its own", value)
        seen.setdefault(value, path)
