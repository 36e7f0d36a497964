"""The example device_db: complete, consistent, and made of things that exist."""

import importlib
import importlib.util
import inspect
import shlex
from pathlib import Path
from typing import Any

import pytest

from dds_link.aqctl_dds_link import JSON_PORT, get_argparser
from dds_link.config import simulated_board

PATH = Path(__file__).parent.parent / "device_db_example.py"


def load() -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("device_db_example", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    device_db: dict[str, Any] = module.device_db
    return device_db


DEVICE_DB = load()
LOCAL = {
    key: entry
    for key, entry in DEVICE_DB.items()
    if isinstance(entry, dict) and entry["type"] == "local"
}
OURS = {key: entry for key, entry in LOCAL.items() if entry["module"].startswith("dds_link")}
CONTROLLERS = {
    key: entry
    for key, entry in DEVICE_DB.items()
    if isinstance(entry, dict) and entry["type"] == "controller"
}


def arguments_of(key: str) -> Any:
    """A controller's command line, as ``artiq_ctlmgr`` makes it, parsed by the controller."""
    entry = CONTROLLERS[key]
    words = shlex.split(entry["command"].format(name=key, bind=entry["host"], **entry))
    assert words[0] == "aqctl_dds_link"
    return get_argparser().parse_args(words[1:])


@pytest.mark.parametrize("key", CONTROLLERS)
def test_a_controller_listens_where_its_entry_says(key: str) -> None:
    arguments = arguments_of(key)
    assert arguments.port == CONTROLLERS[key]["port"]
    assert CONTROLLERS[key]["host"] in arguments.bind
    assert arguments.simulation


def test_no_two_controllers_share_a_port() -> None:
    ports = [entry["port"] for entry in CONTROLLERS.values()]
    ports += [arguments_of(key).json_port for key in CONTROLLERS]
    assert JSON_PORT in ports
    assert len(set(ports)) == len(ports) == 4


@pytest.mark.parametrize("key", OURS)
def test_our_devices_take_the_arguments_that_they_are_given(key: str) -> None:
    entry = OURS[key]
    device_class = getattr(importlib.import_module(entry["module"]), entry["class"])
    inspect.signature(device_class).bind(None, **entry["arguments"])


@pytest.mark.artiq
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("key", sorted(LOCAL.keys() - OURS.keys()))
def test_artiqs_devices_take_the_arguments_that_they_are_given(key: str) -> None:
    pytest.importorskip("artiq.sim", reason="needs ARTIQ")
    entry = LOCAL[key]
    device_class = getattr(importlib.import_module(entry["module"]), entry["class"])
    inspect.signature(device_class).bind(None, **entry["arguments"])


def test_what_a_device_refers_to_is_there() -> None:
    for entry in OURS.values():
        arguments = entry["arguments"]
        if entry["class"] == "DDSLink":
            assert arguments["controller"] in CONTROLLERS
        if entry["class"] == "DDSChannel":
            assert DEVICE_DB[arguments["link"]]["class"] == "DDSLink"


def test_every_alias_is_of_a_device() -> None:
    aliases = {key: entry for key, entry in DEVICE_DB.items() if isinstance(entry, str)}
    assert aliases == {"cooling": "dds_cooling"}


def test_the_channels_are_those_of_the_simulated_board() -> None:
    board = simulated_board()
    channels = [
        entry["arguments"]["channel"]
        for entry in OURS.values()
        if entry["arguments"].get("link") == "dds_link"
    ]
    assert channels == [channel.name for channel in board.channels]
    for entry in OURS.values():
        assert entry["arguments"].get("sysclk", board.device.sysclk) == board.device.sysclk
