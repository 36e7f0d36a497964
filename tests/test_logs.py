"""Log lines as ARTIQ's controller manager reads them."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator

import pytest

from dds_link import logs
from dds_link.logs import MAX_RECORD, ControllerFormatter

# What the controller manager looks for: a level, how many lines if not one, a name, a message.
LINE = re.compile(r"(CRITICAL|ERROR|WARNING|INFO|DEBUG)(<\d+>)?:([^:]*):(.*)")


def formatted(message: str, level: int = logging.WARNING, **more: object) -> str:
    record = logging.LogRecord("dds_link.x", level, __file__, 1, message, (), None)
    record.__dict__.update(more)
    return ControllerFormatter().format(record)


def test_one_line() -> None:
    assert formatted("device ready") == "WARNING:dds_link.x:device ready"


def test_several_lines_are_counted() -> None:
    assert formatted("a\nb\nc", logging.ERROR) == "ERROR<3>:dds_link.x:a\nb\nc"


def test_a_trace_belongs_to_its_record() -> None:
    try:
        raise ValueError("why")
    except ValueError as error:
        info = (ValueError, error, error.__traceback__)
        text = formatted("bug", logging.ERROR, exc_info=info)
    first, *others = text.split("\n")
    head = LINE.fullmatch(first)
    assert head is not None
    assert head.group(2) == f"<{len(others) + 1}>"
    assert others[-1] == "ValueError: why"


@pytest.mark.parametrize("message", ["x" * 100_000, "line\n" * 100_000])
def test_a_record_is_capped(message: str) -> None:
    text = formatted(message)
    assert len(text) < MAX_RECORD + 100
    assert text.endswith("...")
    head = LINE.fullmatch(text.split("\n")[0])
    assert head is not None
    assert int((head.group(2) or "<1>")[1:-1]) == text.count("\n") + 1


def test_a_capped_record_of_wide_characters_is_no_longer_than_a_line_may_be() -> None:
    assert len(formatted("\N{GRINNING FACE}" * 100_000).encode()) < 1 << 16


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    yield
    root.level, root.handlers[:] = before


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize(
    ("verbosity", "shown"),
    [(-1, ["ERROR"]), (0, ["WARNING", "ERROR"]), (1, ["INFO", "WARNING", "ERROR"]),
     (2, ["DEBUG", "INFO", "WARNING", "ERROR"])],
)  # fmt: skip
def test_what_is_shown_goes_to_stderr(
    verbosity: int, shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr("sys.stderr", stderr)
    logs.configure(verbosity)
    logger = logging.getLogger("dds_link.test")
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logger.log(level, "text")
    assert [line.split(":")[0] for line in stderr.getvalue().splitlines()] == shown


@pytest.mark.artiq
def test_artiqs_own_parser_reads_it_back() -> None:
    sipyco_logs = pytest.importorskip("sipyco.logs", reason="sipyco is not installed")
    for message in ("device ready", "a: b: c", "x\ny\n", "line\n" * 100_000):
        lines = formatted(message).split("\n")
        more, level, name, text = sipyco_logs.parse_log_message(lines[0])
        assert (more, level, name) == (len(lines) - 1, logging.WARNING, "dds_link.x")
        assert "\n".join([text, *lines[1:]]) == formatted(message).partition("dds_link.x:")[2]
