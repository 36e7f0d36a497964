"""Tables on a terminal: by rich where it is installed, else in plain columns.

Into a file or a pipe they are always plain, with every column.
"""

import shutil
import sys
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Sequence, TextIO, Tuple

from dds_link.model import Receipt
from dds_link.quantities import (
    format_amplitude,
    format_attenuation,
    format_decibel,
    format_degrees,
    format_frequency,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDE = 120
"""From this many characters a line on, the columns that are marked as wide are shown."""

_GAP = "  "
_STYLES: Dict[str, str] = {
    "on": "bold green",
    "off": "dim",
    "silent": "yellow",
    "unknown": "bold red",
}


class Column(NamedTuple):
    """One column."""

    title: str
    right: bool = False
    """Set right, as numbers are."""
    wide: bool = False
    """Left out where a line is short."""


Row = Sequence[str]

RF = Column("RF")
RECEIPT_COLUMNS = (
    Column("#", right=True),
    Column("channel"),
    Column("frequency", right=True),
    Column("amplitude", right=True),
    Column("level", right=True),
    Column("phase", right=True),
    RF,
    Column("ftw", right=True, wide=True),
    Column("pow", right=True, wide=True),
    Column("asf", right=True, wide=True),
    Column("epoch", right=True, wide=True),
)
ATTENUATION = Column("attenuation", right=True)
"""Comes after the level, where there is any."""
_ATTENUATION_PLACE = 5


def receipt_row(receipt: Receipt) -> List[str]:
    """A receipt as a row of :data:`RECEIPT_COLUMNS`."""
    return [
        str(receipt.channel),
        receipt.name,
        format_frequency(receipt.frequency),
        format_amplitude(receipt.amplitude),
        format_decibel(receipt.amplitude),
        format_degrees(receipt.phase),
        rf_state(receipt),
        str(receipt.words.ftw),
        str(receipt.words.pow),
        str(receipt.words.asf),
        str(receipt.epoch),
    ]


def receipt_table(receipts: Sequence[Receipt]) -> Tuple[List[Column], List[List[str]]]:
    """Columns and rows; without attenuation where no channel has any."""
    columns = list(RECEIPT_COLUMNS)
    rows = [receipt_row(receipt) for receipt in receipts]
    if any(receipt.attenuation is not None for receipt in receipts):
        columns.insert(_ATTENUATION_PLACE, ATTENUATION)
        for row, receipt in zip(rows, receipts):
            row.insert(_ATTENUATION_PLACE, format_attenuation(receipt.attenuation))
    return columns, rows


def rf_state(receipt: Receipt) -> str:
    """``on``; ``off``; ``silent``: switched on, but without frequency or amplitude; ``unknown``."""
    if not receipt.known:
        return "unknown"
    if not receipt.enabled:
        return "off"
    return "on" if receipt.words.asf else "silent"


def clean(text: str) -> str:
    """``text`` without anything that a terminal would obey: names come from whoever connects."""
    return "".join([char if char.isprintable() else "?" for char in text])


class Screen:
    """Where the results go.

    :param file: a text stream; standard output by default.
    """

    def __init__(self, file: Optional[TextIO] = None) -> None:
        self._file = sys.stdout if file is None else file
        self.is_terminal = self._file.isatty()
        self.console = _console(self._file) if self.is_terminal else None

    def line(self, text: str, style: str = "") -> None:
        """Print one line.

        :param style: rich's name of a style; nothing where rich is not.
        """
        if self.console is None:
            print(clean(text), file=self._file)
        else:
            self.console.print(clean(text), style=style or None, markup=False, highlight=False)

    def table(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Print a table."""
        if self.console is not None:
            self.console.print(self.renderable(columns, rows))
            return
        width = shutil.get_terminal_size().columns if self.is_terminal else WIDE
        for line in plain_table(*_narrowed(columns, rows, width)):
            print(line, file=self._file)

    def renderable(self, columns: Sequence[Column], rows: Sequence[Row]) -> "Table":
        """The table as rich prints it."""
        width = WIDE if self.console is None else self.console.width
        return _rich_table(*_narrowed(columns, rows, width))

    def receipts(self, receipts: Sequence[Receipt]) -> None:
        """Print what channels hold."""
        self.table(*receipt_table(receipts))


def _narrowed(columns: Sequence[Column], rows: Sequence[Row], width: int) -> "Any":
    """Columns and cleaned rows for lines of ``width`` characters."""
    shown = [place for place, column in enumerate(columns) if width >= WIDE or not column.wide]
    return [columns[place] for place in shown], [
        [clean(row[place]) for place in shown] for row in rows
    ]


def plain_table(columns: Sequence[Column], rows: Sequence[Row]) -> List[str]:
    """The lines of a table without rich; titles are left out if they are all empty."""
    titles = [column.title for column in columns]
    table = [titles, *rows] if any(titles) else list(rows)
    widths = [max(map(len, cells)) for cells in zip(*table)]
    lines = []
    for row in table:
        cells = [
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(row, widths, columns)
        ]
        lines.append(_GAP.join(cells).rstrip())
    return lines


def _console(file: TextIO) -> "Optional[Console]":
    """A rich console; None where rich is not installed."""
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console(file=file)


def _rich_table(columns: Sequence[Column], rows: Sequence[Row]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD,
        show_header=any(column.title for column in columns),
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
    )
    for column in columns:
        table.add_column(column.title, justify="right" if column.right else "left")
    for row in rows:
        styles = [
            _STYLES.get(cell, "") if column is RF else "" for cell, column in zip(row, columns)
        ]
        table.add_row(*map(Text, row, styles))
    return table
