"""Log lines as ``artiq_ctlmgr`` reads them: ``LEVEL:name:message``, ``LEVEL<lines>:`` for more."""

from __future__ import annotations

import logging

MAX_RECORD = 8192
"""Longest record in characters. One line over 64 KiB stops the forwarding of ``artiq_ctlmgr`` for
good; then the pipe fills and freezes the controller."""


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


def configure(verbosity: int) -> None:
    """Log to stderr.

    :param verbosity: 0 shows warnings; 1 more than that is info, 2 more debug; -1 errors only.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(ControllerFormatter())
    logging.basicConfig(level=logging.WARNING - 10 * verbosity, handlers=[handler], force=True)
