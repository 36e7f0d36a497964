"""What the service asks of a device, whatever chip or box it is.

A device turns target words into operations on its transport. It holds no rules and no limits, and
it never decides what a channel should do: that is the service's.
"""

from abc import ABC, abstractmethod
from typing import FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from dds_link.model import Words
from dds_link.tuning import Tuning


class ChannelInfo(NamedTuple):
    """What is fixed about one channel."""

    index: int
    chip: str
    """Name of the chip and its place, for example ``"ad9910:0"``."""
    update_group: int
    """Channels of one group change on one I/O_UPDATE."""
    tuning: Tuning


class Write(NamedTuple):
    """The state that one channel shall have."""

    channel: int
    words: Words
    switch: bool
    """RF switch closed (RF passes); ignored where no switch is wired."""


#: A transaction: each channel at most once, applied together.
Transaction = Sequence[Write]

#: Names of capabilities.
READBACK = "readback"
SYNC = "sync"
ATTACH = "attach"
RF_SWITCH = "rf_switch"


class Device(ABC):
    """A driver. Every method but the properties may block, and runs on the executor.

    Each raises :class:`~dds_link.errors.TransportError` when the wires fail and
    :class:`~dds_link.errors.DeviceFault` when the hardware answers wrongly.
    """

    @property
    @abstractmethod
    def channels(self) -> Tuple[ChannelInfo, ...]:
        """The channels, in the order of their indices."""

    @property
    @abstractmethod
    def capabilities(self) -> FrozenSet[str]:
        """What this device, as wired, can do."""

    @property
    @abstractmethod
    def sync_note(self) -> str:
        """How simultaneous a :meth:`sync` is, in one sentence for the user."""

    @abstractmethod
    def open(self) -> None:
        """Take hold of the hardware; change nothing."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the hardware; change nothing. May be called twice."""

    @abstractmethod
    def attach(self) -> List[Optional[Words]]:
        """Read what each channel puts out and change nothing.

        :returns: for each channel its words, or None if the chip is not running as this driver
            would have left it, so that there is nothing to adopt.
        """

    @abstractmethod
    def initialise(self, channels: Sequence[int]) -> FrozenSet[int]:
        """Reset the chips of ``channels`` and leave them locked and silent (all words zero).

        :returns: every channel whose phase coherence was lost (a shared reset line takes all).
        """

    @abstractmethod
    def write(self, transaction: Transaction) -> None:
        """Apply ``transaction``: one I/O_UPDATE for each update group."""

    @abstractmethod
    def restore(self, transaction: Transaction) -> None:
        """Put ``transaction`` back after a :meth:`write` or :meth:`sync` that failed, so that the
        output is as if it had never been tried.

        :raises DeviceFault: if that cannot be guaranteed.
        """

    @abstractmethod
    def sync(self, channels: Sequence[int]) -> None:
        """Clear the phase accumulators of ``channels`` together on one update."""

    @abstractmethod
    def silence(self, transaction: Transaction) -> bool:
        """Stop the RF of every channel by every means there is; go on past failures.

        :param transaction: for every channel its words with ASF 0, switch open.
        :returns: True if the hardware was read back and agreed, False if it cannot be observed.
        :raises DeviceFault: if any channel may still emit, or a chip had to be reset for it.
        """

    @abstractmethod
    def verify(self, transaction: Transaction) -> List[str]:
        """Read the hardware back and compare it with what it should hold.

        :returns: one sentence for each difference; empty if it agrees.
        """
