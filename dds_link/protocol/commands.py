"""What a client can say: one frozen struct for each ``command_id``, fields as on the wire.

msgspec decodes and checks types; here is only what a type can say. Whether a channel exists or a
frequency is allowed is the service's to know. ``null`` means absent, everywhere.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

MAX_CHANGES = 1024
"""Most changes of one ``apply``: 16 boards of 64 channels, and 0.1 MB of JSON."""

NO_ID = Raw()
"""Stands for an absent ``id``."""

ChannelName = int | str
EventName = Literal["changed", "killed", "armed", "reset", "device", "epoch"]
Label = Annotated[str, Meta(max_length=64)]


class Change(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What shall change about one channel. A quantity or its word, not both; absent: leave it.

    Example: ``{"channel": "cooling", "frequency": 80e6, "amplitude": 0.5, "phase": 0.25}``
    """

    channel: ChannelName
    """Index or configured name."""
    frequency: float | None = None
    """Hz."""
    amplitude: float | None = None
    """Fraction of full scale, 0...1."""
    phase: float | None = None
    """Turns, of either sign."""
    enabled: bool | None = None
    ftw: int | None = None
    pow: int | None = None
    asf: int | None = None
    attenuation: float | None = None
    """dB, of the attenuator behind the channel."""


class Command(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="command_id"
):
    """Base of the commands. ``id`` is echoed as it came."""


class Ping(Command, frozen=True, tag="ping"):
    """Answered at once in every state."""

    id: Raw = NO_ID


class Hello(Command, frozen=True, tag="hello"):
    """Names this connection in events and records."""

    client: Label | None = None
    rid: int | Label | None = None
    id: Raw = NO_ID


class Identify(Command, frozen=True, tag="identify"):
    """Who answers here."""

    id: Raw = NO_ID


class Describe(Command, frozen=True, tag="describe"):
    """Channels, limits and capabilities."""

    id: Raw = NO_ID


class Set(Change, frozen=True, tag_field="command_id", tag="set"):
    """A change of one channel, carried out.

    Example: ``{"command_id": "set", "id": 7, "channel": 0, "frequency": 80e6}``
    """

    id: Raw = NO_ID


class Apply(Command, frozen=True, tag="apply"):
    """Changes of several channels, all or nothing, on one I/O update for each update group."""

    changes: Annotated[list[Change], Meta(max_length=MAX_CHANGES)]
    id: Raw = NO_ID


class Get(Command, frozen=True, tag="get"):
    """What one channel, or every channel, holds; with ``verify`` after reading the hardware."""

    channel: ChannelName | None = None
    verify: bool | None = None
    id: Raw = NO_ID


class Sync(Command, frozen=True, tag="sync"):
    """Clear the phase accumulators together."""

    channels: Annotated[list[ChannelName], Meta(max_length=MAX_CHANGES)] | None = None
    id: Raw = NO_ID


class Kill(Command, frozen=True, tag="kill"):
    """RF off, latched."""

    id: Raw = NO_ID


class ArmRF(Command, frozen=True, tag="arm_rf"):
    """Lift the latch of ``kill``."""

    id: Raw = NO_ID


class Reset(Command, frozen=True, tag="reset"):
    """Initialise the device again."""

    id: Raw = NO_ID


class Subscribe(Command, frozen=True, tag="subscribe"):
    """A snapshot, then events on this connection."""

    interval: float | None = None
    """Seconds for which changes of a channel are gathered into one event."""
    events: list[EventName] | None = None
    """Which events; absent: all."""
    id: Raw = NO_ID


AnyCommand = (
    Ping | Hello | Identify | Describe | Set | Apply | Get | Sync | Kill | ArmRF | Reset | Subscribe
)

COMMAND_IDS = tuple(command.__struct_config__.tag for command in AnyCommand.__args__)
"""Every ``command_id``, in the order of the table in the README."""
