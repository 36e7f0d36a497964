"""One browser for all tests of the page, because it takes seconds to start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.panel.browser import Browser, browser


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started
