"""Where controllers are: HOST:PORT, or a device_db."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from dds_link.driver_place import JSON_PORT
from dds_link.errors import DDSUnavailable
from dds_link.panel.places import PlaceError, from_device_db, from_servers

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("server", "host", "port"),
    [
        ("10.0.0.5", "10.0.0.5", 65432),
        ("lab-pc:65433", "lab-pc", 65433),
        ("::1", "::1", 65432),
        ("[::1]", "::1", 65432),
        ("[::1]:65433", "::1", 65433),
    ],
)
def test_a_server(server: str, host: str, port: int) -> None:
    (place,) = from_servers([server], 65432)
    assert place.locate(1.0)[:2] == (host, port)
    assert place.key == (f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


@pytest.mark.parametrize("server", ["lab:", "lab:0", "lab:65536", "lab:http", "[::1]:x"])
def test_a_server_that_is_none(server: str) -> None:
    with pytest.raises(PlaceError, match="is no port"):
        from_servers([server], 65432)


def test_one_server_twice() -> None:
    with pytest.raises(PlaceError, match=r"lab:65432 stands twice"):
        from_servers(["lab", "lab:65432"], 65432)


def device_db(tmp_path: Path, text: str) -> str:
    path = tmp_path / "device_db.py"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_controllers_of_a_device_db(tmp_path: Path) -> None:
    path = device_db(
        tmp_path,
        """
PORT = 65440
device_db = {
    "core": {"type": "local", "module": "m", "class": "C"},
    "alias": "core",
    "lda": {"type": "controller", "host": "h", "port": 1, "command": "aqctl_lda"},
    "a": {"type": "controller", "host": "::1", "port": 3293, "target_name": "dds_link",
          "command": f"aqctl_dds_link -p 3293 --json-port {PORT}"},
    "b": {"type": "controller", "host": "lab", "port": 3294, "json_port": 65441,
          "command": "ssh lab aqctl_dds_link"},
}
""",
    )
    places = from_device_db(path)
    assert [place.key for place in places] == ["a", "b"]
    assert [place.locate(1.0)[:2] for place in places] == [("::1", 65440), ("lab", 65441)]
    assert [place.where for place in places] == ["::1, port 65440", "lab, port 65441"]


def test_the_example_has_two_of_which_one_is_asked_for_its_port() -> None:
    first, second = from_device_db(str(ROOT / "device_db_example.py"))
    assert (first.key, first.where) == ("dds_link_ctl", "::1, RPC port 3293")
    with contextlib.suppress(DDSUnavailable):  # with sipyco it is asked, and nobody is there
        assert first.locate(1.0)[:2] == ("::1", JSON_PORT)
    assert second.locate(1.0)[:2] == ("::1", 65433)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("device_db = {}", "no controller of dds_link"),
        ("", "no dict device_db"),
        ("1 / 0", "ZeroDivisionError"),
        (
            "device_db = {'a': {'type': 'controller', 'target_name': 'dds_link', 'host': 'h',"
            " 'json_port': 1, 'simple_ssl_config': {'client_cert': 'none'}}}",
            "simple_ssl_config",
        ),
    ],
)
def test_a_device_db_of_no_use(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(PlaceError, match=says):
        from_device_db(device_db(tmp_path, text))


def test_a_device_db_that_is_not_there() -> None:
    with pytest.raises(PlaceError, match="no such file"):
        from_device_db("/nowhere/device_db.py")
