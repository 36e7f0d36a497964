"""The vocabulary: exactly what the README's table says."""

from __future__ import annotations

import msgspec
import pytest

from dds_link.protocol import commands
from dds_link.protocol.commands import COMMAND_IDS, AnyCommand, Change, Set

FIELDS = {
    "ping": [],
    "hello": ["client", "rid"],
    "identify": [],
    "describe": [],
    "set": [
        "channel",
        "frequency",
        "amplitude",
        "phase",
        "enabled",
        "ftw",
        "pow",
        "asf",
        "attenuation",
    ],
    "apply": ["changes"],
    "get": ["channel", "verify"],
    "sync": ["channels"],
    "kill": [],
    "arm_rf": [],
    "reset": [],
    "subscribe": ["interval", "events"],
}


def test_the_commands_are_those_of_the_table_in_its_order() -> None:
    assert COMMAND_IDS == tuple(FIELDS)


@pytest.mark.parametrize("command", AnyCommand.__args__, ids=lambda c: c.__struct_config__.tag)
def test_the_fields_of_a_command(command: type[msgspec.Struct]) -> None:
    config = command.__struct_config__
    assert list(command.__struct_fields__) == [*FIELDS[config.tag], "id"]
    assert config.tag_field == "command_id"
    assert config.forbid_unknown_fields
    assert config.frozen


def test_a_change_has_the_fields_of_set() -> None:
    assert list(Change.__struct_fields__) == FIELDS["set"]
    assert issubclass(Set, Change)


def test_only_the_channel_of_a_change_and_the_changes_of_apply_must_be_given() -> None:
    needed = {
        command.__struct_config__.tag: [
            field.name for field in msgspec.structs.fields(command) if field.required
        ]
        for command in AnyCommand.__args__
    }
    assert {tag: names for tag, names in needed.items() if names} == {
        "set": ["channel"],
        "apply": ["changes"],
    }


def test_an_apply_takes_1024_changes() -> None:
    changes = [{"channel": number} for number in range(1024)]
    apply = msgspec.convert({"command_id": "apply", "changes": changes}, AnyCommand)
    assert apply == commands.Apply([Change(number) for number in range(1024)])
