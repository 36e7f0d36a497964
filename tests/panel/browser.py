"""The panel in a process of its own, and a real browser that shows it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.controller_process import python

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--window-size=1600,1000",
)  # fmt: skip
PATIENCE = 20.0
"""Seconds in which the page has to show something; reached only by a test that fails."""


@contextlib.contextmanager
def panel(*arguments: str) -> Iterator[str]:
    """A panel for the controllers in ``arguments``; gives its URL."""
    command = ("-m", "dds_link.aqcli_dds_link", "panel", "--web-port", "0", *arguments)
    with python(*command, stderr=None) as process:
        assert process.stdout is not None
        word, url = process.stdout.readline().split()
        assert word == "panel"
        yield url
        process.terminate()
        process.wait(PATIENCE)


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A browser with an empty profile; skips where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.webdriver.chrome.service import Service

    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium with its chromedriver is installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        chrome = webdriver.Chrome(options, Service(driver, log_output=os.devnull))
        try:
            yield Browser(chrome)
        finally:
            chrome.quit()


class Browser:
    """What a person does with the page, and sees on it."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self.urls: list[str] = []

    def open(self, url: str) -> None:
        """Load the page, and wait until its cards are there; requests before that are forgotten."""
        self.driver.get("about:blank")
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.urls.clear()
        self.driver.get(url)
        self.until(lambda: self.all(".card"))

    def until(self, seen: Callable[[], Any], patience: float = PATIENCE) -> Any:
        """Wait until ``seen()`` is true; returns it."""
        from selenium.common.exceptions import StaleElementReferenceException

        deadline = time.monotonic() + patience
        while True:
            with contextlib.suppress(StaleElementReferenceException):
                found = seen()
                if found:
                    return found
            assert time.monotonic() < deadline, "the page does not show it: " + self.text("body")
            time.sleep(0.02)  # between two looks at another program

    def all(self, selector: str) -> list[Any]:
        """Every element that fits."""
        found: list[Any] = self.driver.find_elements("css selector", selector)
        return found

    def one(self, selector: str) -> Any:
        """The only element that fits."""
        (found,) = self.all(selector)
        return found

    def text(self, selector: str) -> str:
        """What stands in the elements that fit."""
        return " ".join(element.text for element in self.all(selector))

    def input(self, channel: int, field: str) -> Any:
        """Where a quantity is shown and typed."""
        return self.one(f'.card[data-channel="{channel}"] .{field} input')

    def value(self, channel: int, field: str) -> str:
        """What a field shows."""
        return str(self.input(channel, field).get_property("value"))

    def type(self, channel: int, field: str, text: str) -> None:
        """Replace what stands in a field, and press Enter."""
        from selenium.webdriver.common.keys import Keys

        entry = self.input(channel, field)
        entry.send_keys(Keys.CONTROL, "a")
        entry.send_keys(text, Keys.ENTER)

    def script(self, code: str, *arguments: Any) -> Any:
        """Run JavaScript in the page."""
        return self.driver.execute_script(code, *arguments)

    def requests(self) -> list[str]:
        """Every URL that the page asked for since it was opened, WebSockets too."""
        for line in self.driver.get_log("performance"):
            message = json.loads(line["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.urls.append(message["params"]["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                self.urls.append(message["params"]["url"])
        return self.urls

    def complaints(self) -> list[str]:
        """What the browser has to say about the page."""
        return [line["message"] for line in self.driver.get_log("browser")]


def place(url: str) -> str:
    """Host and port of a URL."""
    return urlsplit(url).netloc
