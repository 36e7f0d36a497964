"""One channel of a MOGLabs box: what its commands have set, and what comes out.

Simulated: the single tone of basic mode (NSB), RF switch, amplifier, power limit and the phase
accumulator. Where a table, a ramp, modulation, the PID controller or the registers of the DDS take
part, :attr:`Tone.modelled` is False.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dds_link.clock import Clock
from dds_link.twins.moglabs_values import Model, Refused, asf
from dds_link.words import Words

#: Seconds until an amplifier that was switched on gives its full power.
AMPLIFIER_TIME = 2.0
MODES = ("NSB", "NSA", "TSB")
PARAMETERS = ("FREQ", "AMPL", "PHAS")


@dataclass(frozen=True)
class Tone:
    """What goes out of one channel."""

    frequency: float
    """Hz."""
    amplitude: float
    """Fraction of full scale, 0...1, on the scale of the amplitude words."""
    phase: float
    """Phase offset, turns."""
    emits: bool
    """Whether there is any RF: without its amplifier a channel still gives some."""
    amplified: bool
    """Whether the amplifier is on and has settled."""
    modelled: bool
    """False if something takes part that the twin does not simulate."""
    words: Words
    """The words of basic mode, whether or not anything goes out."""


@dataclass
class Entry:
    """One step of a table."""

    ftw: int
    asf: int
    pow: int
    ticks: int
    flags: str = ""
    text: str = ""
    """Of an advanced table: the entry as it was sent, which is all that is kept of it."""


@dataclass
class Table:
    """What the ``TABLE`` commands of one channel have set."""

    entries: list[Entry] = field(default_factory=list)
    state: str = "STOPPED"
    switches: dict[str, bool] = field(default_factory=dict)
    edge: str = "FALLING"
    name: str = ""


class Channel:
    """One channel, as it is at the first start: basic mode, switched off.

    :param model: the type of box.
    :param clock: its ``now`` is the box's time.
    """

    def __init__(self, model: Model, clock: Clock) -> None:
        self.model = model
        self._clock = clock
        self.mode = "NSB"
        self.ftw = round(80e6 * (1 << 32) / model.sysclk)
        self.pow = 0
        self.asf = asf(model, "0dBm")
        self.limit = asf(model, f"{model.limit}dBm")
        self.signal = False
        self.amplifier = False
        self.modulated = dict.fromkeys(PARAMETERS, False)
        self.pid = ""
        """What the PID controller acts on; empty while it is disabled."""
        self.ramp = False
        self.autopow = False
        self.frequency_lock = "NORMAL"
        self.table = Table()
        self.settings: dict[str, str] = {}
        """What other commands have set, as it was sent."""
        self.registers: dict[str, int] = {}
        """Registers of the DDS that were written."""
        self._amplifier_since = 0.0
        self._accumulator = 0
        self._counted = clock.now()

    def set_mode(self, mode: str) -> None:
        """Change the mode; that switches the output off."""
        self.mode = mode
        self.switch("ALL", False)
        self.table.state = "STOPPED"

    def switch(self, what: str, on: bool) -> None:
        """Switch the signal (``SIG``), the amplifier (``POW``) or both (``ALL``)."""
        if what not in ("SIG", "POW", "ALL"):
            raise Refused(f"Invalid value, {what}")
        if what != "POW":
            self.signal = on
        if what != "SIG":
            if on and not self.amplifier:
                self._amplifier_since = self._clock.now()
            self.amplifier = on

    def set_frequency(self, word: int) -> None:
        """A new tuning word; the accumulator goes on from where it is."""
        self._settle()
        self.ftw = word

    def set_limit(self, word: int) -> None:
        """A new limit of the power, which comes down with it."""
        self.limit = word
        self.asf = min(self.asf, word)

    def reset_phase(self) -> None:
        """Clear the phase accumulator."""
        self._settle()
        self._accumulator = 0

    def accumulator(self) -> int:
        """The phase accumulator now: turns times 2^32, without the phase offset."""
        self._settle()
        return self._accumulator

    def _settle(self) -> None:
        now = self._clock.now()
        cycles = round((now - self._counted) * self.model.sysclk)
        self._accumulator = (self._accumulator + self.ftw * cycles) & 0xFFFFFFFF
        self._counted = now

    def tone(self) -> Tone:
        """What the channel puts out now."""
        settled = self._clock.now() - self._amplifier_since >= AMPLIFIER_TIME
        basic = self.mode == "NSB"
        extras = self.pid or self.ramp or self.autopow or any(self.modulated.values())
        return Tone(
            frequency=self.ftw * self.model.sysclk / (1 << 32),
            amplitude=self.asf / ((1 << self.model.asf_bits) - 1),
            phase=self.pow / (1 << self.model.pow_bits),
            # In the other modes nobody knows what goes out while the signal is on.
            emits=self.signal and (self.asf > 0 or not basic),
            amplified=self.amplifier and settled,
            modelled=basic and not extras,
            words=Words(self.ftw, self.pow, self.asf),
        )
