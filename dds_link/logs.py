"""Log lines as ``artiq_ctlmgr`` reads them: ``LEVEL:name:message``, ``LEVEL<lines>:`` for more.

A thread writes them, so that a stderr that nobody reads freezes nothing but that thread.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

MAX_RECORD = 8192
"""Longest record in characters. One line over 64 KiB stops the forwarding of ``artiq_ctlmgr`` for
good; then the pipe fills."""
MAX_WAITING = 1000
"""Most records that wait to be written; beyond that the oldest are dropped."""
FLUSH_TIMEOUT = 1.0
"""Seconds to wait at exit for the last records to be written."""
FAULT_INTERVAL = 60.0
"""Seconds between two summaries of what RPC clients do wrong."""
_RETRY = 0.05  # seconds until a stderr that another program made non-blocking is tried again

#: Loggers of sipyco in which clients can provoke records.
RPC_LOGGERS = ("sipyco.pc_rpc", "sipyco.tools")

logger = logging.getLogger(__name__)


class ControllerFormatter(logging.Formatter):
    """Formats records for ``artiq_ctlmgr``, and caps them."""

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        text = super().format(record)
        if len(text) > MAX_RECORD:
            text = text[:MAX_RECORD] + "..."
        lines = text.count("\n") + 1
        level = record.levelname if lines == 1 else f"{record.levelname}<{lines}>"
        return f"{level}:{record.name}:{text}"


class ThreadHandler(logging.Handler):
    """Writes in a thread of its own; logging never waits for it.

    :param write: writes text; may block for as long as it likes.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        super().__init__()
        self._write = write
        self._waiting: deque[str] = deque()
        self._dropped = 0
        self._busy = True
        self._closed = False
        self._changed = threading.Condition()
        self.setFormatter(ControllerFormatter())
        # A daemon, because one that is stuck must not keep the program from ending.
        threading.Thread(target=self._run, name="dds_link log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue one record; if too many wait, drop the oldest: the newest says how it ended."""
        try:
            text = self.format(record)
        except Exception as error:  # logging's own complaint would go to stderr at once, and block
            place = f"{record.pathname}:{record.lineno}"
            text = f"ERROR:{__name__}:bad log record at {place} ({type(error).__name__})"
        with self._changed:
            if len(self._waiting) >= MAX_WAITING:
                self._waiting.popleft()
                self._dropped += 1
            self._waiting.append(text)
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until everything is written, but not for long."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._waiting or self._busy), FLUSH_TIMEOUT)

    def close(self) -> None:
        """Let the thread end once it has written what waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        super().close()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                self._busy = True
                text = self._next()
            with suppress(OSError, ValueError):  # there is nobody left to tell
                self._write(text + "\n")

    def _next(self) -> str:
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            return f"WARNING:{__name__}:{dropped} log records dropped here: nobody read stderr"
        return self._waiting.popleft()


class ClientFaults(logging.Filter):
    """Demotes records that clients can provoke to DEBUG, with a summary in INFO now and then."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._due = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """False where DEBUG is not shown."""
        if record.levelno <= logging.DEBUG:
            return True
        self._count += 1
        now = time.monotonic()
        if now >= self._due:
            logger.info("%d faults of RPC clients, last: %s", self._count, _reason(record))
            self._count = 0
            self._due = now + FAULT_INTERVAL
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        return logging.getLogger(record.name).isEnabledFor(logging.DEBUG)


def _reason(record: logging.LogRecord) -> str:
    kind = record.exc_info[0] if record.exc_info else None
    return f"{record.msg}" if kind is None else f"{record.msg} ({kind.__name__})"


_client_faults = ClientFaults()


def configure(verbosity: int) -> None:
    """Log to stderr.

    :param verbosity: 0 shows warnings; 1 more than that is info, 2 more debug; -1 errors only.
    """
    handler = logging.NullHandler() if sys.stderr is None else ThreadHandler(_stderr())
    logging.basicConfig(level=logging.WARNING - 10 * verbosity, handlers=[handler], force=True)
    for name in RPC_LOGGERS:
        logging.getLogger(name).addFilter(_client_faults)


def flush() -> None:
    """Wait until every record is written, but not for long."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def _stderr() -> Callable[[str], object]:
    """What writes to stderr past its buffer: Python waits for the buffer's lock when it ends."""
    try:
        return partial(_write_all, sys.stderr.fileno())
    except (OSError, ValueError):  # not a file
        return sys.stderr.write


def _write_all(number: int, text: str) -> None:
    data = text.encode(errors="backslashreplace")
    while data:
        try:
            data = data[os.write(number, data) :]
        except BlockingIOError:
            time.sleep(_RETRY)
