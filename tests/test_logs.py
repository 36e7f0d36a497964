"""Log lines as ARTIQ's controller manager reads them."""

from __future__ import annotations

import io
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from dds_link import logs
from dds_link.logs import MAX_RECORD, MAX_WAITING, ControllerFormatter, ThreadHandler
from tests.processes import Program
from tests.serving import PATIENCE

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
    for handler in root.handlers:
        if isinstance(handler, ThreadHandler):
            handler.close()
    root.level, root.handlers[:] = before
    for name in logs.RPC_LOGGERS:
        logging.getLogger(name).filters.clear()


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
    logging.getLogger().handlers[0].flush()
    assert [line.split(":")[0] for line in stderr.getvalue().splitlines()] == shown


# Nobody waits for stderr


class Pipe:
    """Somewhere to write that takes nothing until it is told to."""

    def __init__(self) -> None:
        self.text = ""
        self.stuck = threading.Event()
        self.free = threading.Event()

    def write(self, text: str) -> None:
        self.stuck.set()
        if not self.free.wait(PATIENCE):
            raise OSError("nobody read")
        self.text += text


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.free.set()


def record(message: object, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, "x.py", 7, message, arguments, None)


def test_the_oldest_are_dropped_and_counted_where_they_are_missing(pipe: Pipe) -> None:
    handler = ThreadHandler(pipe.write)
    handler.emit(record("first"))
    assert pipe.stuck.wait(PATIENCE)
    for number in range(MAX_WAITING + 5):
        handler.emit(record(f"number {number}"))
    pipe.free.set()
    handler.flush()
    first, gap, *others = pipe.text.splitlines()
    assert first == "INFO:x:first"
    assert gap == "WARNING:dds_link.logs:5 log records dropped here: nobody read stderr"
    assert others == [f"INFO:x:number {number}" for number in range(5, MAX_WAITING + 5)]
    handler.close()


def test_a_flush_ends_though_nobody_reads(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FLUSH_TIMEOUT", 0.01)
    handler = ThreadHandler(pipe.write)
    handler.emit(record("first"))
    handler.flush()
    assert pipe.text == ""
    handler.close()


def test_a_closed_handler_writes_what_waits_and_ends(pipe: Pipe) -> None:
    before = set(threading.enumerate())
    handler = ThreadHandler(pipe.write)
    [thread] = set(threading.enumerate()) - before
    assert thread.daemon
    handler.emit(record("first"))
    handler.emit(record("last"))
    handler.close()
    pipe.free.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert pipe.text == "INFO:x:first\nINFO:x:last\n"


def test_a_record_that_is_none_is_named(pipe: Pipe) -> None:
    pipe.free.set()
    handler = ThreadHandler(pipe.write)
    handler.emit(record("%d", "text"))
    handler.flush()
    assert pipe.text == "ERROR:dds_link.logs:bad log record at x.py:7 (TypeError)\n"
    handler.close()


def test_a_write_that_fails_does_not_end_the_log(pipe: Pipe) -> None:
    def write(text: str) -> None:
        if "bad" in text:
            raise OSError("gone")
        pipe.write(text)

    pipe.free.set()
    handler = ThreadHandler(write)
    handler.emit(record("bad"))
    handler.emit(record("good"))
    handler.flush()
    assert pipe.text == "INFO:x:good\n"
    handler.close()


def test_a_file_is_written_whole_though_it_takes_little_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers: list[object] = [3, BlockingIOError(), 2, 100]
    got = b""

    def write(number: int, data: bytes) -> int:
        nonlocal got
        answer = answers.pop(0)
        if isinstance(answer, BlockingIOError):
            raise answer
        assert isinstance(answer, int)
        taken = data[:answer]
        got += taken
        return len(taken)

    monkeypatch.setattr(os, "write", write)
    logs._write_all(2, "text \N{MICRO SIGN}\ud800\n")
    assert got == "text \N{MICRO SIGN}\\ud800\n".encode()
    assert answers == []


@pytest.mark.usefixtures("restored")
def test_without_any_stderr_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    logs.configure(0)
    logging.getLogger("x").error("text")
    assert not any(isinstance(h, ThreadHandler) for h in logging.getLogger().handlers)


FLOOD = """
import logging
from dds_link import logs
logs.configure(2)
for number in range(5000):
    logging.getLogger("x").debug("number %d %s", number, "x" * 100)
logging.getLogger("x").critical("RF MAY STILL BE ON")
print("done", flush=True)
"""


def test_a_program_goes_on_and_ends_though_nobody_reads_its_stderr() -> None:
    with Program("-c", FLOOD) as program:
        assert program.line() == "done"
        assert program.line() == ""
        status, _, err = program.end()
    assert status == 0
    assert err.startswith("DEBUG:x:number 0 ")


def test_the_last_record_is_seen() -> None:
    with Program("-c", FLOOD) as program:
        status, _, err = program.end()
    assert status == 0
    assert err.splitlines()[-1] == "CRITICAL:x:RF MAY STILL BE ON"


# What RPC clients do wrong


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("verbosity", [0, 1, 2])
def test_faults_of_rpc_clients_are_for_debugging(
    verbosity: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr("sys.stderr", stderr)
    monkeypatch.setattr(logs, "_client_faults", logs.ClientFaults())
    logs.configure(verbosity)
    for _ in range(3):
        try:
            raise ValueError("line\n" * 10)
        except ValueError:
            logging.getLogger("sipyco.tools").error("Client connection closed", exc_info=True)
        logging.getLogger("sipyco.pc_rpc").warning("Unsupported feature `%s`", "x")
        logging.getLogger("sipyco.pc_rpc").debug("calling")
    logging.getLogger().handlers[0].flush()
    lines = stderr.getvalue().splitlines()
    heads = [line.split(":")[0] for line in lines if LINE.fullmatch(line)]
    summary = (
        "INFO:dds_link.logs:1 faults of RPC clients, last: Client connection closed (ValueError)"
    )
    assert lines.count(summary) == (verbosity > 0)
    if verbosity < 2:
        assert len(lines) == verbosity
    else:
        assert [head.split("<")[0] for head in heads] == ["INFO", *["DEBUG"] * 9]


def test_summaries_of_faults_are_far_apart(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    times = [1000.0, 1001.0, 1059.9, 1060.0, 1061.0]
    monkeypatch.setattr(logs, "time", SimpleNamespace(monotonic=iter(times).__next__))
    faults = logs.ClientFaults()
    with caplog.at_level(logging.INFO, "dds_link.logs"):
        for _ in times:
            faults.filter(record("bad"))
    assert caplog.messages == [
        "1 faults of RPC clients, last: bad",
        "3 faults of RPC clients, last: bad",
    ]


@pytest.mark.artiq
def test_artiqs_own_parser_reads_it_back() -> None:
    sipyco_logs = pytest.importorskip("sipyco.logs", reason="sipyco is not installed")
    for message in ("device ready", "a: b: c", "x\ny\n", "line\n" * 100_000):
        lines = formatted(message).split("\n")
        more, level, name, text = sipyco_logs.parse_log_message(lines[0])
        assert (more, level, name) == (len(lines) - 1, logging.WARNING, "dds_link.x")
        assert "\n".join([text, *lines[1:]]) == formatted(message).partition("dds_link.x:")[2]
