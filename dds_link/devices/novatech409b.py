"""Driver of Novatech 409B and DDS9m: four outputs of one chip, by lines of text.

The box is kept in manual update (``I m``): settings wait in it until ``I p`` puts them out, all
together. So the rule is that of a chip with buffers: after something failed there is no ``I p``
until every channel that was touched is given whole settings again. *Off* is amplitude 0 (``V 0``);
frequency and phase stay.

Every line is answered, so the next one waits for that. After an answer that is late, cut short or
wrong, nobody knows which answer belongs to which line: the line is first put back in step. An echo
that is on again then tells that the box was restarted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices.base import (
    AMPLITUDE,
    ATTACH,
    OFF,
    READBACK,
    SYNC,
    ChannelInfo,
    Device,
    Finding,
    Transaction,
    Write,
)
from dds_link.devices.novatech409b_text import (
    ERRORS,
    MAX_FTW,
    OUTPUTS,
    SYSCLK,
    amplitude,
    clock_byte,
    firmware_of,
    frequency,
    multiplier_of,
    phase,
    read_report,
    tone,
)
from dds_link.errors import DeviceFault, Preempted, TransportError, TransportLost, Unsupported
from dds_link.transports.base import Delay, Exchange, StreamTransport
from dds_link.tuning import Tuning
from dds_link.words import SILENCE, Words

#: Seconds without a byte after which nothing more is expected (other drivers wait 0.1...0.2).
QUIET = 0.2
#: Seconds between lines that are sent without waiting for their answers.
BLIND_PAUSE = 0.05

_OK = b"OK\r\n"
_UPDATE = "I p"


class Novatech409B(Device):
    """One box.

    :param device: line and clock.
    :param channels: its outputs 0, 1...; at most four.
    :param transport: the line.
    """

    def __init__(
        self, device: DeviceConfig, channels: tuple[ChannelConfig, ...], transport: StreamTransport
    ) -> None:
        self._line = transport
        self._timeout = device.timeout
        self._readback = device.readback
        sysclk = device.sysclk or SYSCLK
        # Without a reference of its own the box keeps the clock that it has: one with option /R
        # must not be sent any.
        self._clock = []
        if device.refclk:
            self._clock = [f"Kp {clock_byte(device.refclk, sysclk):02x}", "C E"]
        tuning = Tuning(sysclk, ftw_bits=32, pow_bits=14, asf_bits=10)
        tuning.max_ftw = MAX_FTW
        self._channels = tuple(
            ChannelInfo(channel.index, f"{device.type}:0", 0, tuning) for channel in channels
        )
        self._numbers = [channel.index for channel in channels]
        # What waits in the box for each channel and is out, too; nothing where that is not known.
        self._held: dict[int, Words] = {}
        # False until the box is known to be in manual update, not clearing phases.
        self._set_up = False
        # False while the box may be running a table: the next update ends that.
        self._single_tone = False
        # False once an answer may have been lost.
        self._in_step = False

    @property
    def channels(self) -> tuple[ChannelInfo, ...]:
        """See :attr:`Device.channels`."""
        return self._channels

    @property
    def capabilities(self) -> frozenset[str]:
        """See :attr:`Device.capabilities`."""
        seeing = {READBACK, ATTACH} if self._readback else set()
        return frozenset({SYNC, AMPLITUDE, OFF} | seeing)

    @property
    def sync_note(self) -> str:
        """See :attr:`Device.sync_note`."""
        return (
            "the outputs of the box clear their accumulators on one update, all of them and never "
            "some; several boxes do not do so together"
        )

    def open(self) -> None:
        """See :meth:`Device.open`."""
        self._held.clear()
        self._set_up = self._single_tone = self._in_step = False
        self._line.open()

    def close(self) -> None:
        """See :meth:`Device.close`."""
        self._line.close()

    # Writing

    def write(self, transaction: Transaction) -> None:
        """See :meth:`Device.write`. What a channel holds already is not sent again."""
        self._refuse_half(())
        self._put(transaction, dict(self._held))

    def restore(self, transaction: Transaction) -> None:
        """See :meth:`Device.restore`.

        :raises DeviceFault: if the box was restarted, or if other channels were touched, too.
        """
        if not self._in_step:
            self._resynchronise()
        self._refuse_half([write.channel for write in transaction])
        self._execute(["I m", "M n"])
        self._put(transaction, {})

    def sync(self, channels: Sequence[int]) -> None:
        """See :meth:`Device.sync`. Phases are sent again, because the box is documented to clear
        when it is given a command; a second update ends the clearing.

        :raises Unsupported: for some channels only.
        """
        if set(channels) != set(self._numbers):
            raise Unsupported("this box syncs all of its channels together, never some of them")
        self._refuse_half(())
        held = dict(self._held)
        self._held.clear()
        phases = [phase(number, held[number].pow) for number in self._numbers]
        self._execute(["M a", *phases, _UPDATE])
        self._execute(["M n", _UPDATE])
        self._held = held

    def _put(self, transaction: Transaction, held: dict[int, Words]) -> None:
        """Make channels hold what ``transaction`` says, and put it out with one update."""
        lines = [] if self._single_tone else ["M 0"]
        for write in transaction:
            lines += tone(write.channel, write.words, held.get(write.channel))
            self._held.pop(write.channel, None)
        self._execute(lines)
        self._execute([_UPDATE])
        self._single_tone = True
        self._held.update((write.channel, write.words) for write in transaction)

    def _refuse_half(self, rewritten: Iterable[int]) -> None:
        """No update while a channel holds half of something, unless it is ``rewritten``."""
        left = set(self._numbers).difference(self._held, rewritten)
        if left or not self._set_up:
            numbers = ", ".join(map(str, sorted(left or self._numbers)))
            raise DeviceFault(f"channel {numbers} may hold half of a command: initialise the box")

    # The line

    def _execute(self, lines: Iterable[str]) -> None:
        """Send ``lines``, each after the answer to the one before was good."""
        for line in lines:
            answer = self._ask(line)
            if answer != _OK:
                text = answer.decode("latin-1").strip()
                if text in ERRORS:
                    raise DeviceFault(f"the box refused '{line}': {text} ({ERRORS[text]})")
                self._in_step = False
                raise DeviceFault(f"the box answered '{line}' with {answer[:40]!r}, not with OK")

    def _ask(self, line: str, parts: int = 1) -> bytes:
        exchange = Exchange(line.encode() + b"\r\n", parts=parts, timeout=self._timeout)
        try:
            [answer] = self._line.execute([exchange])
        except Preempted:
            raise  # between two lines: nothing is lost
        except TransportError:
            self._in_step = False
            raise
        return answer

    def _resynchronise(self) -> bool:
        """Spoil what may be half a line, let late answers pass, turn the echo off.

        :returns: True if the echo was on, so that the box was restarted, or used by hand.
        """
        self._in_step = False
        self._say("?")
        self._line.discard(QUIET)
        self._say("E d")
        heard = self._line.discard(QUIET)
        echoes = heard == b"E d\r\n" + _OK
        if echoes:
            self._held.clear()
            self._set_up = self._single_tone = False
        elif heard != _OK:
            what = f"answers {heard[:40]!r}" if heard else "does not answer"
            raise TransportError(f"the box {what}: is it on, is this its baud rate?")
        self._in_step = True
        return echoes

    def _say(self, line: str) -> None:
        self._line.execute([Exchange(line.encode() + b"\r\n", parts=0)])

    def _report(self) -> list[Words]:
        """What the four outputs are at."""
        if not self._in_step:
            self._resynchronise()
        try:
            return read_report(self._ask("QUE", parts=OUTPUTS + 1))
        except ValueError as error:
            self._in_step = False
            raise DeviceFault(str(error)) from error

    # Starting

    def initialise(self, channels: Sequence[int]) -> frozenset[int]:
        """See :meth:`Device.initialise`. The box is not reset: that would bring back what its
        EEPROM says, which may be a tone. When it is set up, outputs beyond the configured ones
        are silenced, too."""
        if not self._in_step:
            self._resynchronise()
        taken = set(channels) | set(self._numbers).difference(self._held)
        if not self._set_up:
            taken = set(range(OUTPUTS))
        for number in taken:
            self._held.pop(number, None)
        self._execute(["I m"])
        self._execute(line for number in sorted(taken) for line in tone(number, SILENCE))
        self._execute([_UPDATE, "M n", "M 0", _UPDATE])
        if not self._set_up and self._clock:
            self._execute([*self._clock, _UPDATE])
        if self._readback:
            self._require(dict.fromkeys(taken, SILENCE))
        taken &= set(self._numbers)
        self._held.update(dict.fromkeys(taken, SILENCE))
        self._set_up = self._single_tone = True
        return frozenset(taken)

    def attach(self) -> list[Write | None]:
        """See :meth:`Device.attach`. A box whose echo is on is not as this driver left it, so that
        there is nothing to adopt. Nothing tells whether the box runs a table: if it does, that
        ends with the first :meth:`write`.

        What is adopted is also written again, without an update: the program before this one may
        have been stopped before its ``I p``.
        """
        if not self._in_step and self._resynchronise():
            return [None] * len(self._numbers)
        self._execute(["I m", "M n"])
        report = self._report()
        found: list[Write | None] = []
        for number in self._numbers:
            words = report[number]
            good = 0 < words.ftw <= MAX_FTW and words.pow < 1 << 14 and words.asf < 1 << 10
            if good:
                self._execute(tone(number, words))
                self._held[number] = words
            found.append(Write(number, words, True) if good else None)
        self._set_up = True
        return found

    # Silence

    def silence(self, transaction: Transaction) -> bool:
        """See :meth:`Device.silence`. Means: amplitude 0 on all four outputs; if that fails twice
        also frequency 0. Never a reset, which brings back what the EEPROM says."""
        if self._make_silent(transaction):
            failures = self._make_silent(transaction)
            if failures:
                raise DeviceFault("; ".join(failures + self._last_means()))
        return self._readback

    def _make_silent(self, transaction: Transaction) -> list[str]:
        """Go on past failures; they are returned as text."""
        failures = []
        unsure = not (self._in_step and self._set_up)
        if not self._in_step:
            failures = self._attempt(self._resynchronise)
            if failures:
                return failures + self._shout([amplitude(n, 0) for n in range(OUTPUTS)])
        held = dict(self._held)
        self._held.clear()
        for line in ["I m"] * unsure + [amplitude(n, 0) for n in range(OUTPUTS)] + [_UPDATE]:
            failures += self._attempt(self._execute, [line])
        if not self._single_tone:
            failures += self._attempt(self._execute, ["M 0", _UPDATE])
        # It is silent; now every channel gets back the words that it shall hold.
        again = ["M n"] * unsure
        for write in transaction:
            before = held.get(write.channel)
            if before is None or (before.ftw, before.pow) != (write.words.ftw, write.words.pow):
                again += tone(write.channel, write.words)
        if again and not failures:
            failures = self._attempt(self._execute, [*again, _UPDATE])
        if self._readback and not failures:
            failures = self._attempt(self._require_silent, transaction)
        if not failures:
            self._single_tone = True
            if self._set_up:
                self._held.update((write.channel, write.words) for write in transaction)
        return failures

    def _require_silent(self, transaction: Transaction) -> None:
        report = self._report()
        found = _differences(report, {write.channel: write.words for write in transaction})
        loud = [number for number, words in enumerate(report) if words.asf]
        found += [f"output {number} is not at amplitude 0" for number in loud]
        if found:
            raise DeviceFault("; ".join(found))

    def _last_means(self) -> list[str]:
        return self._shout([frequency(number, 0) for number in range(OUTPUTS)])

    def _shout(self, lines: Iterable[str]) -> list[str]:
        """Say ``lines``, and put them out, without hearing whether the box takes them."""
        self._in_step = False
        for line in (*lines, _UPDATE):
            failures = self._attempt(self._say, line)
            self._line.execute([Delay(BLIND_PAUSE)])
            if failures:
                return failures
        return ["the box was told so without hearing its answers"]

    def _attempt(self, step: Callable[..., object], *arguments: object) -> list[str]:
        """Take a step; its failure, if any, as text. Without a line there is no going on."""
        try:
            step(*arguments)
        except (TransportLost, Preempted):
            raise
        except (TransportError, DeviceFault) as error:
            return [str(error)]
        return []

    # Reading

    def probe(self) -> list[Finding]:
        """See :meth:`Device.probe`."""
        echo = self._resynchronise()
        answer = self._ask("QUE", parts=OUTPUTS + 1)
        report, multiplier = read_report(answer), multiplier_of(answer)
        wanted = int(self._clock[0][3:], 16) & 0x1F if self._clock else 15
        was_on = "was on (as after power-up); it is off now" if echo else "is off"
        return [
            Finding("echo", True, was_on),
            Finding("box", True, f"answers QUE; firmware {firmware_of(answer)}"),
            Finding(
                "clock",
                True if multiplier == wanted else None,
                f"reference x {multiplier}, by QUE; the config means x {wanted}",
            ),
            *(Finding(f"output {n}", True, _shown(words)) for n, words in enumerate(report)),
        ]

    def verify(self, transaction: Transaction) -> list[str]:
        """See :meth:`Device.verify`. ``QUE`` says what each output is at."""
        expected = {write.channel: write.words for write in transaction}
        return _differences(self._report(), expected)

    def _require(self, expected: dict[int, Words]) -> None:
        differences = _differences(self._report(), expected)
        if differences:
            raise DeviceFault("; ".join(differences))


def _differences(report: list[Words], expected: dict[int, Words]) -> list[str]:
    return [
        f"channel {number}: {_shown(report[number])} instead of {_shown(words)}"
        for number, words in expected.items()
        if report[number] != words
    ]


def _shown(words: Words) -> str:
    return f"F {words.ftw:08X} P {words.pow:04X} V {words.asf:04X}"
