"""What a simulated transport needs of the hardware at its far end.

A twin sees what the hardware sees: bits on SDIO while its chip select is low, edges on pins, or
bytes on a stream. It never sees a driver's intentions.
"""

from typing import Protocol, runtime_checkable


class SpiBoard(Protocol):
    """Chips that share a bus and some lines."""

    @property
    def lines(self) -> frozenset[str]:
        """Names of the lines that are wired."""

    def transfer(self, chip: int, data: bytes, bits: int) -> bytes:
        """Clock the first ``bits`` bits of ``data`` into ``chip`` while its chip select is low.

        :returns: what MISO carried, as many bytes as ``data`` has.
        """

    def pulse(self, line: str) -> None:
        """Set a line high and low again."""

    def level(self, line: str, high: bool) -> None:
        """Set a line; edges act."""

    def is_high(self, line: str) -> bool:
        """Level of a line."""


@runtime_checkable
class TextBox(Protocol):
    """A box at the far end of a stream of bytes."""

    def connect(self) -> bytes:
        """Somebody connects (a serial line is opened); returns what the box sends by itself."""

    def receive(self, data: bytes) -> bytes:
        """Take bytes in any chunking; returns what the box sends back."""
