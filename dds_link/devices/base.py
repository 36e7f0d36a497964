"""What the service asks of a device, whatever chip or box it is.

A device turns target words into operations on its transport. It holds no rules and no limits, and
it never decides what a channel should do: that is the service's.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from msgspec import Struct

from dds_link.attenuation import Attenuation
from dds_link.tuning import Tuning
from dds_link.words import Words


class ChannelInfo(Struct, frozen=True, gc=False):
    """What is fixed about one channel."""

    index: int
    chip: str
    """Name of the chip and its place, for example ``"ad9910:0"``."""
    update_group: int
    """Channels of one group change on one I/O_UPDATE."""
    tuning: Tuning
    has_amplitude: bool = True
    """False: nothing scales the amplitude; ASF is 1 where RF goes out (``asf_bits`` is 1)."""
    has_off: bool = True
    """False: RF cannot be stopped without losing the state of the chip, so that only ``silence``
    does it."""
    silence_keeps_phase: bool = True
    """False: after ``silence`` the phase accumulator has begun anew."""
    attenuation: Attenuation | None = None
    """What the attenuator behind it can do; None: there is none."""


class Write(Struct, frozen=True, gc=False):
    """The state that one channel shall have."""

    channel: int
    words: Words
    switch: bool
    """RF switch closed (RF passes); ignored where no switch is wired."""
    attenuation: int | None = None
    """Steps of its attenuator; None: as they are, or there is none."""


class Finding(Struct, frozen=True, gc=False):
    """One thing that a :meth:`Device.probe` has looked at."""

    what: str
    """Name of the thing, for example ``"chip 0"``."""
    ok: bool | None
    """False: something is wrong; None: it cannot be told, or is not wrong yet."""
    text: str
    """What was found and, if it is wrong, what it usually is."""


#: A transaction: each channel at most once, applied together.
Transaction = Sequence[Write]

#: Names of capabilities.
READBACK = "readback"
SYNC = "sync"
ATTACH = "attach"
RF_SWITCH = "rf_switch"
AMPLITUDE = "amplitude"
OFF = "off"
ATTENUATION = "attenuation"
"""Some channels have an attenuator (not necessarily all of them)."""
ATTENUATION_READBACK = "attenuation_readback"
"""These can be read back, too."""


class Device(ABC):
    """A driver. Every method but the properties may block, and runs on the executor.

    Each raises :class:`~dds_link.errors.TransportError` when the wires fail and
    :class:`~dds_link.errors.DeviceFault` when the hardware answers wrongly.
    """

    @property
    @abstractmethod
    def channels(self) -> tuple[ChannelInfo, ...]:
        """The channels, in the order of their indices."""

    @property
    @abstractmethod
    def capabilities(self) -> frozenset[str]:
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
    def attach(self) -> list[Write | None]:
        """Read what each channel puts out and change no output.

        :returns: for each channel its state, or None if there is nothing to adopt: the chip is not
            running as this driver leaves one that has a tone, or its RF switch is unknown.
        """

    @abstractmethod
    def initialise(self, channels: Sequence[int]) -> frozenset[int]:
        """Reset the chips of ``channels`` and leave them locked and silent (all words zero, switch
        open, and, from before anything else, the largest attenuation).

        :returns: every channel that was initialised: a shared reset line takes all, and a chip that
            holds half of something is taken, too.
        """

    @abstractmethod
    def write(self, transaction: Transaction) -> None:
        """Apply ``transaction``: one I/O_UPDATE for each update group. Attenuation rises before
        that and falls after it.

        :raises DeviceFault: if something failed before and nothing has put that right.
        """

    @abstractmethod
    def restore(self, transaction: Transaction) -> None:
        """Put ``transaction`` back after a :meth:`write` or :meth:`sync` that failed, so that the
        output is as if it had never been tried.

        :raises DeviceFault: if that cannot be guaranteed.
        """

    @abstractmethod
    def sync(self, channels: Sequence[int]) -> None:
        """Clear the phase accumulators of ``channels`` together on one update.

        :raises DeviceFault: as :meth:`write`.
        """

    @abstractmethod
    def silence(self, transaction: Transaction) -> bool:
        """Stop the RF of every channel by every means there is; go on past failures.

        :param transaction: for every channel its words with ASF 0, switch open, and the largest
            attenuation.
        :returns: True if the hardware was read back and agreed, False if it cannot be observed.
        :raises DeviceFault: if any channel may still emit, or a chip had to be reset for it.
        """

    def probe(self) -> list[Finding]:
        """Ask hardware that was just opened what it is and how it is set up; change no output."""
        return [Finding("device", None, "this type of device has nothing to ask")]

    @abstractmethod
    def verify(self, transaction: Transaction) -> list[str]:
        """Read the hardware back and compare it with what it should hold.

        :returns: one sentence for each difference; empty if it agrees.
        """
