"""Where a controller is: from the device_db and over RPC."""

import ssl
import sys
from pathlib import Path
from typing import Any

import pytest

from dds_link.driver_place import TLS, ControllerPlace, DirectPlace, device_key
from dds_link.errors import DDSRefused, DDSUnavailable

from .device_manager import DeviceManager
from .fake_sipyco import AUTO_TARGET, no_sipyco, rpc

__all__ = ["no_sipyco", "rpc"]  # fixtures

PEM = str(Path(__file__).with_name("client") / "loopback.pem")
ENTRY = {
    "type": "controller",
    "host": "::1",
    "port": 3293,
    "target_name": "dds_link",
    "command": "aqctl_dds_link -p {port} --bind {bind} --simulation",
}


def place(**changes: Any) -> ControllerPlace:
    return ControllerPlace(DeviceManager({"ctl": dict(ENTRY, **changes)}), "ctl")


def test_a_direct_place_is_what_it_was_told() -> None:
    direct = DirectPlace("lab-pc", 65432)
    assert direct.locate(1.0) == ("lab-pc", 65432, None)
    assert str(direct) == "lab-pc port 65432"
    assert direct.start_hint() == ""


# The JSON port


def test_the_controller_tells_its_json_port(rpc: Any) -> None:
    fake = rpc(50123)
    there = place()
    assert str(there) == "controller 'ctl' at ::1 port 3293"
    assert there.locate(1.5) == ("::1", 50123, None)
    assert fake.calls == [("::1", 3293, "dds_link", {"timeout": 1.5})]
    assert fake.opened == fake.closed == 1
    assert str(there) == "controller 'ctl' at ::1 JSON port 50123 (RPC port 3293)"


@pytest.mark.parametrize("changes", [{"target_name": None}, {}])
def test_without_a_target_sipyco_takes_the_only_one(rpc: Any, changes: dict[str, None]) -> None:
    fake = rpc(50123)
    entry = {key: value for key, value in ENTRY.items() if key != "target_name"}
    ControllerPlace(DeviceManager({"ctl": {**entry, **changes}}), "ctl").locate(1.0)
    assert fake.calls[0][2] is AUTO_TARGET


def test_an_alias_will_do(rpc: Any) -> None:
    rpc(50123)
    there = ControllerPlace(DeviceManager({"ctl": ENTRY, "alias": "ctl"}), "alias")
    assert there.locate(1.0).port == 50123


@pytest.mark.usefixtures("no_sipyco")
def test_without_sipyco_the_entry_tells_the_port_or_it_is_the_default() -> None:
    assert place(json_port=50124).locate(1.0) == ("::1", 50124, None)
    assert place().locate(1.0) == ("::1", 65432, None)


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (ConnectionRefusedError(), "no_link: connection refused"),
        (TimeoutError("timed out"), r"no_link: cannot connect \(timed out\)"),
        (OSError(), r"no_link: cannot connect \(OSError\)"),
        (EOFError("closed"), r"bad_reply: what answers there .* \(EOFError: closed\)"),
        (AttributeError(), "bad_reply: what answers there is no dds_link controller"),
        ("65432x", "bad_reply: .*ValueError"),
        (RuntimeError("{0}"), r"bad_reply: .*\(RuntimeError: \(0\)\)"),
    ],
    ids=repr,
)
def test_whatever_goes_wrong_over_rpc_is_one_exception(rpc: Any, failure: Any, text: str) -> None:
    fake = rpc(failure)
    with pytest.raises(DDSUnavailable, match=text):
        place().locate(1.0)
    assert fake.opened == fake.closed


# The device_db


def test_a_missing_entry_is_refused(rpc: Any) -> None:
    rpc(50123)
    there = ControllerPlace(DeviceManager({}), "ctl")
    with pytest.raises(DDSRefused, match="bad_config: the device_db has no entry 'ctl'"):
        there.locate(1.0)
    assert str(there) == "controller 'ctl'"
    assert there.start_hint() == ""


@pytest.mark.parametrize("entry", [{"type": "local"}, {"type": "controller", "host": "::1"}])
def test_an_entry_that_is_no_controller_is_refused(entry: Any) -> None:
    with pytest.raises(DDSRefused, match="bad_config: device_db entry 'ctl' is no controller"):
        ControllerPlace(DeviceManager({"ctl": entry}), "ctl").locate(1.0)


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (ENTRY["command"], "aqctl_dds_link -p 3293 --bind ::1 --simulation"),
        ("run {name} {host} {ARTIQ_SSL_DIR}", "run ctl ::1 /certs"),
        ("run {unknown}", "run {unknown}"),
    ],
)
def test_the_hint_is_the_command_as_the_manager_would_run_it(
    monkeypatch: pytest.MonkeyPatch, command: str, hint: str
) -> None:
    monkeypatch.setenv("ARTIQ_SSL_DIR", "/certs")
    assert place(command=command).start_hint() == f"Start it with: {hint}"


def test_without_a_command_there_is_no_hint() -> None:
    entry = {key: value for key, value in ENTRY.items() if key != "command"}
    assert ControllerPlace(DeviceManager({"ctl": entry}), "ctl").start_hint() == ""


# TLS


def test_tls_is_for_both_ports(rpc: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTIQ_SSL_DIR", str(Path(PEM).parent))
    files = dict.fromkeys(
        ("client_cert", "client_key", "server_cert"), "{ARTIQ_SSL_DIR}/loopback.pem"
    )
    fake = rpc(50123)
    address = place(simple_ssl_config=files).locate(1.0)
    for context in (address.tls, fake.calls[0][3]["ssl_config"].create_client_context()):
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert not context.check_hostname  # the one certificate is trusted wherever it runs
        assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"client_cert": PEM, "client_key": PEM},
        {"client_cert": PEM, "client_key": PEM, "server_cert": "/nowhere.pem"},
        {"client_cert": __file__, "client_key": __file__, "server_cert": PEM},
    ],
    ids=["none", "one missing", "no such file", "no certificate"],
)
def test_certificates_that_are_none_are_refused(files: dict[str, str]) -> None:
    with pytest.raises(DDSRefused, match="bad_config: simple_ssl_config"):
        TLS(files).create_client_context()


def test_certificates_are_refused_before_rpc_blames_the_controller(rpc: Any) -> None:
    fake = rpc(50123)

    def connect(*arguments: Any, ssl_config: Any, **keywords: Any) -> Any:
        ssl_config.create_client_context()
        return fake.client()

    sys.modules["sipyco.pc_rpc"].Client = connect  # type: ignore[attr-defined]
    with pytest.raises(DDSRefused, match="bad_config"):
        place(simple_ssl_config={"client_cert": PEM}).locate(1.0)


# One's own key


class Device:
    def __init__(self, dmgr: Any, one: int, other: int = 2) -> None:
        self.arguments = {"one": one, "other": other}


def key_of(device: Device, device_db: Any) -> str:
    return device_key(device, DeviceManager(device_db), device.arguments)


def entry_of(**arguments: Any) -> dict[str, Any]:
    return {"type": "local", "module": "any", "class": "Device", "arguments": arguments}


def test_a_device_finds_its_key_by_its_arguments() -> None:
    device_db = {
        "alias": "mine",
        "not_a_dict": 3,
        "other_class": dict(entry_of(one=1), **{"class": "Other"}),
        "other_arguments": entry_of(one=2),
        "not_its_arguments": entry_of(none=2),
        "without_arguments": {"type": "local", "class": "Device"},
        "mine": entry_of(one=1),
    }
    assert key_of(Device(None, 1), device_db) == "mine"
    assert key_of(Device(None, 1, other=2), device_db) == "mine"
    assert key_of(Device(None, 1, other=3), device_db) == ""


@pytest.mark.parametrize("dmgr", [None, object()])
def test_without_a_device_db_there_is_no_key(dmgr: Any) -> None:
    assert device_key(Device(None, 1), dmgr, {"one": 1, "other": 2}) == ""
