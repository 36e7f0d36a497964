"""Entries for a device_db."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from dds_link.aqctl_dds_link import get_argparser
from dds_link.cli.ddb_template import Channel, Place, channels, template

HERE = Place("::1", 65432, 3293)
SIMULATED = {"device": "ad9910", "simulation": True}
HARDWARE = {"device": "ad9910", "simulation": False}
COOLING = Channel("cooling", 1e9)


def device_db(*args: Any) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(template(*args), names)
    found: dict[str, Any] = names["device_db"]
    return found


def command(entry: dict[str, Any]) -> Any:
    """A controller's arguments, as ``artiq_ctlmgr`` makes them, parsed by the controller."""
    text = entry["command"].format(
        name="dds_link_ctl", bind=entry["host"], ARTIQ_SSL_DIR="/ssl", **entry
    )
    words = shlex.split(text)
    assert words[0] == "aqctl_dds_link"
    return get_argparser().parse_args(words[1:])


def test_entries_have_the_shape_of_the_readme() -> None:
    assert device_db(HERE, SIMULATED, [COOLING], "dds_link") == {
        "dds_link_ctl": {
            "type": "controller",
            "host": "::1",
            "port": 3293,
            "target_name": "dds_link",
            "retry_timer_backoff": 1.0,
            "command": "aqctl_dds_link -p {port} --bind {bind} --simulation",
        },
        "dds_link": {
            "type": "local",
            "module": "dds_link.driver",
            "class": "DDSLink",
            "arguments": {"controller": "dds_link_ctl"},
        },
        "dds_cooling": {
            "type": "local",
            "module": "dds_link.driver",
            "class": "DDSChannel",
            "arguments": {"link": "dds_link", "channel": "cooling", "sysclk": 1e9},
        },
        "cooling": "dds_cooling",
    }


def test_each_channel_has_its_own_clock() -> None:
    entries = device_db(HERE, SIMULATED, [COOLING, Channel("raman", 9.6e8)], "dds_link")
    assert entries["dds_cooling"]["arguments"]["sysclk"] == 1e9
    assert entries["dds_raman"]["arguments"]["sysclk"] == 9.6e8


def test_another_key_names_a_second_board() -> None:
    entries = device_db(HERE, SIMULATED, [COOLING], "dds_b")
    assert list(entries) == ["dds_b_ctl", "dds_b", "dds_b_cooling", "cooling"]
    assert entries["dds_b_cooling"]["arguments"]["link"] == "dds_b"


def test_the_command_starts_the_controller_where_it_is() -> None:
    entry = device_db(Place("10.0.0.5", 65433, 3294), SIMULATED, [], "dds_link")["dds_link_ctl"]
    args = command(entry)
    assert (args.port, args.json_port, args.bind) == (3294, 65433, ["10.0.0.5"])
    assert args.simulation
    assert entry["json_port"] == 65433  # for a driver that cannot ask by RPC


def test_hardware_needs_a_config_file_that_only_the_user_knows() -> None:
    text = template(HERE, HARDWARE, [], "dds_link")
    assert "put the controller's own config file for lab.toml" in text
    assert "SIMULATION" not in text
    args = command(device_db(HERE, HARDWARE, [], "dds_link")["dds_link_ctl"])
    assert args.config == "lab.toml"
    assert not args.simulation


def test_tls_goes_into_both_ends() -> None:
    files = ["{ARTIQ_SSL_DIR}/my cert.pem", "client.key", "{ARTIQ_SSL_DIR}/server.pem"]
    place = Place("10.0.0.5", 65432, 3293, files)
    entry = device_db(place, HARDWARE, [], "dds_link")["dds_link_ctl"]
    assert entry["simple_ssl_config"] == {
        "client_cert": files[0],
        "client_key": files[1],
        "server_cert": files[2],
    }
    assert command(entry).ssl == ["/ssl/server.pem", "controller.key", "/ssl/my cert.pem"]
    text = template(place, HARDWARE, [], "dds_link")
    assert "put the controller's own key for controller.key" in text


def test_braces_in_a_path_are_not_taken_for_fields() -> None:
    place = Place("10.0.0.5", 65432, 3293, ["{a}.pem", "b.key", "c.pem"])
    entry = device_db(place, HARDWARE, [], "dds_link")["dds_link_ctl"]
    assert command(entry).ssl[2] == "{a}.pem"


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (["a-b", "a b"], ["dds_a_b", "dds_a_b_"]),  # no alias: neither is an attribute
        (["core"], ["dds_core"]),  # an alias would hide the core device
        (["scheduler"], ["dds_scheduler"]),
        (["dds_link"], ["dds_dds_link"]),
        (["link"], ["dds_link_", "link"]),
        (["dds_x", "x"], ["dds_dds_x", "dds_x", "dds_x_", "x"]),
    ],
)
def test_keys_are_attributes_and_hide_nothing(names: list[str], keys: list[str]) -> None:
    entries = device_db(HERE, SIMULATED, [Channel(name, 1e9) for name in names], "dds_link")
    assert list(entries) == ["dds_link_ctl", "dds_link", *keys]
    made = [entry.get("arguments", {}) for entry in entries.values() if isinstance(entry, dict)]
    assert [one["channel"] for one in made if "channel" in one] == names


def test_a_name_cannot_end_a_string_nor_a_comment() -> None:
    evil = '"]}\nimport os #\\'
    entries = device_db(HERE, {"device": "x\nimport os"}, [Channel(evil, 1e9)], "dds_link")
    assert any(entry["arguments"].get("channel") == evil for entry in list(entries.values())[1:])


def test_channels_come_from_a_description() -> None:
    described = {"channels": [{"index": 0, "name": "cooling", "sysclk": 1000000000}]}
    assert channels(described) == [COOLING]


def test_every_line_fits_an_editor() -> None:
    lines = template(HERE, HARDWARE, [COOLING], "dds_link").splitlines()
    assert max(map(len, lines)) < 100
