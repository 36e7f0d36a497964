"""The panel as a web server: its port, its guard, and what becomes of it when a controller goes."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from dds_link.client import Client
from dds_link.panel.app import BindError, open_port, warning
from tests.controller_process import PATIENCE, controller, python
from tests.panel.browser import Browser, panel


def get(url: str, method: str = "GET", path: str = "/", **headers: str) -> tuple[int, str]:
    place = urlsplit(url)
    assert place.hostname
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=PATIENCE)
    try:
        connection.request(method, path, headers=headers)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with panel("-s", "127.0.0.1:1") as url:
        yield url


def test_it_serves_its_page_with_what_is_known(url: str) -> None:
    status, page = get(url)
    assert status == 200
    assert "127.0.0.1:1" in page


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"Host": "evil.example"}),
        ("GET", {"Origin": "http://evil.example"}),
        ("POST", {}),
    ],
)
def test_it_refuses_who_is_not_its_own_page(url: str, method: str, headers: dict[str, str]) -> None:
    assert get(url, method, **headers)[0] == 403


UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip
SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"


def test_it_refuses_the_websocket_of_another_page(url: str) -> None:
    assert get(url, path=SOCKET, **UPGRADE, Origin="http://evil.example")[0] == 403
    assert get(url, path=SOCKET, **UPGRADE)[0] == 403
    assert get(url, path=SOCKET.replace("websocket", "polling"))[0] == 403


def test_a_taken_port_is_one_sentence() -> None:
    with open_port("127.0.0.1", 0) as taken:
        with pytest.raises(BindError, match="cannot be opened") as caught:
            open_port("127.0.0.1", taken.getsockname()[1])
    assert "--web-port" in str(caught.value)


def test_an_address_that_is_none() -> None:
    with pytest.raises(BindError, match="--bind"):
        open_port("256.256.256.256", 0)


def test_ipv6() -> None:
    try:
        sock = open_port("::1", 0)
    except BindError:
        pytest.skip("no IPv6 here")
    with sock:
        assert sock.family == socket.AF_INET6


@pytest.mark.parametrize("bind", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_nothing_is_to_be_said_of_loopback(bind: str) -> None:
    assert warning(bind) == ""


@pytest.mark.parametrize("bind", ["0.0.0.0", "::", "10.0.0.5", "lab-pc"])
def test_an_address_that_others_reach_gets_a_warning(bind: str) -> None:
    assert "everybody who reaches " + bind in warning(bind)


def test_the_warning_is_given() -> None:
    command = ("-m", "dds_link.aqcli_dds_link", "panel", "--web-port", "0", "--bind", "0.0.0.0")
    with python(*command) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("panel http://0.0.0.0:")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)
    assert "WARNING: everybody" in err
    assert "Traceback" not in err


OLD = ".group.old"


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), PATIENCE).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.02)  # between two looks at another program
    raise AssertionError("the controller did not start")


@pytest.mark.browser
def test_a_controller_that_is_killed_and_started_again(chromium: Browser) -> None:
    """Prints how long it takes; the targets live in benchmarks/."""
    with controller() as first, controller() as second:
        lost, other = f"127.0.0.1:{first.json_port}", f"127.0.0.1:{second.json_port}"
        for listening in (first, second):
            with Client("127.0.0.1", listening.json_port) as dds:
                dds.set(0, frequency=80e6, amplitude=0.5)
        with panel("-s", lost, "-s", other) as url:
            group = f'.group[data-link="{lost}"] '
            chromium.open(url)
            chromium.until(lambda: len(chromium.all(".badge.good")) == 2)
            begin = time.monotonic()
            first.process.send_signal(signal.SIGKILL)
            chromium.until(lambda: chromium.all(group.strip() + ".old"))
            print(f"killed to greyed: {(time.monotonic() - begin) * 1e3:.0f} ms")
            entry = chromium.one(group + '.card[data-channel="0"] .frequency input')
            assert entry.get_property("value") == "80.0000000 MHz"
            chromium.until(lambda: "s old" in chromium.text(group + ".old-age"))
            assert "No contact for" in chromium.text(group + ".banner.lost")
            assert len(chromium.all(OLD)) == 1

            from selenium.webdriver.common.keys import Keys

            entry.send_keys(Keys.CONTROL, "a")
            entry.send_keys("99 MHz", Keys.ENTER)
            chromium.until(lambda: "nothing was sent" in chromium.text(group + ".field .error"))
            with Client("127.0.0.1", second.json_port) as dds:
                dds.set(1, frequency=70e6)
            chromium.until(lambda: "70" in chromium.text(f'.group[data-link="{other}"]'))

            command = ("-m", "dds_link.aqctl_dds_link", "--simulation", "-p", "0",
                       "--json-port", str(first.json_port))  # fmt: skip
            with python(*command, stdout=subprocess.DEVNULL, stderr=None):
                wait_for_port(first.json_port)
                begin = time.monotonic()
                chromium.until(lambda: not chromium.all(OLD))
                print(f"listening to live: {(time.monotonic() - begin) * 1e3:.0f} ms")
                # What was typed was not kept for it.
                assert entry.get_property("value") == ""
                with Client("127.0.0.1", first.json_port) as dds:
                    assert dds.get(0).frequency is None


@pytest.mark.browser
def test_a_panel_that_goes_leaves_no_value_that_looks_new(chromium: Browser) -> None:
    with controller() as lab:
        with panel("-s", f"127.0.0.1:{lab.json_port}") as url:
            chromium.open(url)
            chromium.until(lambda: chromium.all(".badge.good"))
        chromium.until(lambda: chromium.all(OLD))
        assert "No contact with the panel" in chromium.text(".banner.lost")
        chromium.type(0, "frequency", "80 MHz")
        chromium.until(lambda: "nothing was sent" in chromium.text(".field .error"))
        assert chromium.value(0, "frequency") == ""
        chromium.one(".kill.all").click()
        chromium.until(lambda: "KILL FAILED" in chromium.text(".banner.alarm"))
