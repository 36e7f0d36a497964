"""A web page in a real browser, on the computer of the controller, tries to switch on the RF.

Any page may let a browser send a simple POST to any port of its own computer. The page cannot read
the answer, but without a guard the controller would carry out the request.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.serving import LoopThread, served

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE = 60.0
"""Seconds for a browser to start and to load a page; reached only by a test that fails."""

PAGE = """<!doctype html><title>a page</title><script>
const set = {command_id: "set", channel: 0, frequency: 80e6, amplitude: 1};
const frame = JSON.stringify(set) + "\\n";
const target = "http://127.0.0.1:%d/";
async function attack() {
  const attempts = [
    () => fetch(target, {method: "POST", mode: "no-cors", body: frame}),
    () => fetch(target, {method: "POST", mode: "no-cors", body: "\\n\\n" + frame}),
    () => fetch(target + encodeURIComponent(frame), {mode: "no-cors"}),
    () => fetch(target, {method: "PUT", body: frame}),
    () => new Promise((ok, failed) => {
      const socket = new WebSocket(target.replace("http", "ws"));
      socket.onopen = () => socket.send(frame);
      socket.onclose = failed;
    }),
  ];
  const outcomes = [];
  for (const attempt of attempts)
    outcomes.push(await attempt().then(() => "answered", () => "failed"));
  await fetch("/tried", {method: "POST", body: outcomes.join(" ")});
}
attack();
</script>
"""


class Site:
    """A web site with the page, and what the page reported."""

    def __init__(self, target: int) -> None:
        self.report = ""
        self.reported = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802  (the name is http.server's)
                self._answer((PAGE % target).encode() if self.path == "/" else b"")

            def do_POST(self) -> None:  # noqa: N802
                site.report = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._answer(b"")
                site.reported.set()

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def browser(url: str, profile: Path) -> Iterator[None]:
    """A browser that shows ``url``."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    command = [found, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


@pytest.mark.browser
def test_a_page_in_a_browser_cannot_switch_on_the_rf(tmp_path: Path) -> None:
    with LoopThread("asyncio") as loop, served(loop) as board, Site(board.port) as site:
        with board.connect() as peer:
            before = peer.ask({"command_id": "get"})
        with browser(site.url, tmp_path):
            assert site.reported.wait(PATIENCE), "the page did not report"
        assert site.report.split() == ["failed"] * 5
        with board.connect() as peer:
            assert peer.ask({"command_id": "get"}) == before
        assert board.look()[0] == (0.0, 0.0)
