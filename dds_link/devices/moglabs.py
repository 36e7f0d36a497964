"""Driver of MOGLabs ARF, XRF (two AD9910) and QRF (four channels) over TCP or USB.

One tone a channel, in basic mode (NSB), by raw words, so that a receipt tells the very words that
the box holds. Commands go in lock step: each is answered before the next one is sent.

Decisions:

* Nothing changes together, not even within one channel: FREQ, PHASE, POW while the amplitude rises,
  POW, FREQ, PHASE while it falls, so that between an old and a new frequency the amplitude is the
  smaller one. Every word is sent every time: somebody may have turned a knob.
* On is ``ON,ch,ALL``, sent when a channel goes on: the amplifiers of 4 W boxes are off after
  initialisation and ``silence``, and take 2 s to settle. Off is ``OFF,ch,SIG`` and zero amplitude:
  the amplifier stays on, so that the next on takes effect at once. (If an amplifier was off beside
  a signal that was attached, it stays so: ``ON,ch,SIG``.)
* ``LIMIT``, the box's own limit, is lowered to ``max_amplitude`` and never raised; an amplitude
  above it is refused before anything is sent.
* A channel that was never given a frequency keeps the one of the box, silent: the box has no zero.
* After a time-out, or an answer that makes no sense, the stream is put back in step before anything
  else (:mod:`dds_link.devices.moglabs_link`).

Unconfirmed: all that :mod:`dds_link.devices.moglabs_protocol` says of a QRF, and what the bits of
its STATUS mean. So a QRF is not attached, and its silence is read back as zero amplitude only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices import moglabs_protocol as box
from dds_link.devices.base import (
    AMPLITUDE,
    ATTACH,
    OFF,
    READBACK,
    RF_SWITCH,
    SYNC,
    ChannelInfo,
    Device,
    Finding,
    Transaction,
    Write,
)
from dds_link.devices.moglabs_link import Link
from dds_link.devices.moglabs_probe import look
from dds_link.errors import (
    DeviceFault,
    Preempted,
    TransportError,
    TransportLost,
    Unsupported,
)
from dds_link.transports.base import StreamTransport
from dds_link.tuning import Tuning
from dds_link.words import Words

#: Seconds that an amplifier may take, on top of the time-out, before ON is answered.
AMPLIFIER_TIME = 2.0


class MOGLabs(Device):
    """One box.

    :param device: its type, whether answers are read back, the time-out.
    :param channels: one for each channel that shall be used.
    :param transport: the stream.
    """

    def __init__(
        self,
        device: DeviceConfig,
        channels: tuple[ChannelConfig, ...],
        transport: StreamTransport,
    ) -> None:
        self._stream = transport
        self._link = Link(transport, device.timeout)
        self._type = device.type
        self._box = box.BOXES[device.type]
        self._readback = device.readback
        sysclk = device.sysclk or self._box.sysclk
        self._tuning = Tuning(sysclk, 32, self._box.pow_bits, self._box.asf_bits)
        self._channels = tuple(
            ChannelInfo(
                c.index,
                f"{device.type}:{c.index}",
                c.index,
                self._tuning,
                # Nobody says whether a change of mode keeps the phase.
                silence_keeps_phase=False,
            )
            for c in channels
        )
        self._indices = [c.index for c in channels]
        self._most = {c.index: self._tuning.amplitude_to_asf(c.max_amplitude) for c in channels}
        # Largest amplitude word that the box allows, as far as it tells.
        self._limits: dict[int, int] = {}
        # Channels that are not initialised, or only half: nothing but initialise or silence helps.
        self._raw: set[int] = set(self._indices)
        # Channels of which a transaction reached only a part.
        self._unsettled: set[int] = set()
        # What the box holds: amplitudes (at least, where unsettled), signals as far as they are
        # known, and with what word they are switched on.
        self._asf: dict[int, int] = {}
        self._on: dict[int, bool] = {}
        self._switched: dict[int, str] = {}

    @property
    def channels(self) -> tuple[ChannelInfo, ...]:
        """See :attr:`Device.channels`. Each channel is an update group of its own."""
        return self._channels

    @property
    def capabilities(self) -> frozenset[str]:
        """See :attr:`Device.capabilities`."""
        found = {SYNC, RF_SWITCH, AMPLITUDE, OFF}
        if self._readback:
            found.add(READBACK)
            if not self._box.quad:
                found.add(ATTACH)
        return frozenset(found)

    @property
    def sync_note(self) -> str:
        """See :attr:`Device.sync_note`."""
        how = (
            "ALIGNPH clears the accumulators of the channels together"
            if self._box.quad
            else "PHRESET clears the accumulators of both channels together, never of one"
        )
        return (
            f"{how}; frequency, phase and amplitude change one after the other, and so do the "
            "channels of one apply: each takes a round trip to the box"
        )

    def open(self) -> None:
        """See :meth:`Device.open`."""
        self._raw.update(self._indices)
        self._unsettled.clear()
        self._limits.clear()
        self._link.begin()
        self._stream.open()

    def close(self) -> None:
        """See :meth:`Device.close`."""
        self._stream.close()

    # Writing

    def write(self, transaction: Transaction) -> None:
        """See :meth:`Device.write`. One channel after the other."""
        self._refuse_half(())
        self._refuse_too_much(transaction)
        for write in transaction:
            self._apply(write)

    def restore(self, transaction: Transaction) -> None:
        """See :meth:`Device.restore`."""
        self._refuse_half([write.channel for write in transaction])
        self._link.resynchronise()
        for write in transaction:
            self._on.pop(write.channel, None)
            self._apply(write)

    def sync(self, channels: Sequence[int]) -> None:
        """See :meth:`Device.sync`.

        :raises Unsupported: for one of the channels of an ARF or XRF, before anything is sent.
        """
        self._refuse_half(())
        if self._box.quad:
            text = ",".join(("ALIGNPH", *(str(channel + 1) for channel in sorted(channels))))
        elif set(channels) == set(self._indices):
            text = "PHRESET"
        else:
            raise Unsupported("this box clears the phase accumulators of both channels at once, "
                              "never of one: sync without naming channels")  # fmt: skip
        self._unsettled.update(channels)
        self._link.command(text)
        self._unsettled.difference_update(channels)

    def _apply(self, write: Write) -> None:
        """Make one channel hold ``write``. What fails leaves it unsettled."""
        channel, words = write.channel, write.words
        signal = write.switch and words.asf > 0
        was_on = self._on.pop(channel, None)
        # The box may hold more than that, if an earlier transaction reached only a part.
        least = min(self._asf[channel], words.asf)
        power_first = channel in self._unsettled or least < self._asf[channel]
        self._asf[channel] = least
        self._unsettled.add(channel)
        if not signal and was_on is not False:
            self._link.command(box.command("OFF", channel, "SIG"))
        if power_first:
            self._set_power(channel, least)
        if words.ftw:
            self._link.command(box.frequency(channel, words.ftw), words.ftw)
        self._link.command(box.phase(channel, words.pow), words.pow)
        if not power_first or least < words.asf:
            self._set_power(channel, words.asf)
        if signal and was_on is not True:
            what = self._switched.get(channel, "ALL")
            self._link.command(box.command("ON", channel, what), longer=AMPLIFIER_TIME)
        self._on[channel] = signal
        self._asf[channel] = words.asf
        self._unsettled.discard(channel)

    def _set_power(self, channel: int, asf: int) -> None:
        self._link.command(box.power(channel, asf), asf)

    def _refuse_half(self, rewritten: Collection[int]) -> None:
        left = self._raw | self._unsettled.difference(rewritten)
        if left:
            names = ", ".join(map(str, sorted(left)))
            raise DeviceFault(f"channel {names} may hold half of an earlier command: initialise it")

    def _refuse_too_much(self, transaction: Transaction) -> None:
        for write in transaction:
            limit = self._limits.get(write.channel, self._tuning.max_asf)
            if write.words.asf > limit:
                amplitude = int(1e4 * self._tuning.asf_to_amplitude(limit)) / 1e4
                raise DeviceFault(
                    f"channel {write.channel}: amplitude word 0x{write.words.asf:04X} is above "
                    f"LIMIT of the box, 0x{limit:04X}; nothing was sent; set max_amplitude = "
                    f"{amplitude} in the config, or raise LIMIT at the box and restart"
                )

    def _check_model(self) -> None:
        """Another box than the config file says would take its words for others."""
        model = box.model_of(self._link.identity)
        if model is not None and (model == "QRF") is not self._box.quad:
            raise DeviceFault(f"the box says '{self._link.identity[:80]}', but device.type is "
                              f"'{self._type}'")  # fmt: skip

    # Starting

    def initialise(self, channels: Sequence[int]) -> frozenset[int]:
        """See :meth:`Device.initialise`. All channels are switched off before anything else.
        Changing to basic mode switches off, too, and ends a table."""
        todo = sorted(self._raw.union(self._unsettled, channels))
        self._raw.update(todo)
        self._link.resynchronise()
        self._check_model()
        for channel in todo:
            self._link.command(box.command("OFF", channel, "ALL"))
        for channel in todo:
            self._set_up(channel)
        self._raw.difference_update(todo)
        self._unsettled.difference_update(todo)
        return frozenset(todo)

    def _set_up(self, channel: int) -> None:
        self._link.command(box.command("MODE", channel, "NSB"))
        self._set_power(channel, 0)
        if self._readback:
            self._stop_modulation(channel)
            self._check_clock(channel)
            self._check_phase(channel)
        self._link.command(box.phase(channel, 0), 0)
        if self._readback:
            self._lower_limit(channel)
            self._require(Write(channel, Words(0, 0, 0), False))
        self._on[channel] = False
        self._asf[channel] = 0
        self._switched.pop(channel, None)

    def _stop_modulation(self, channel: int) -> None:
        """An open input that modulates the amplitude raises the power."""
        active = self._modulation(channel)
        for name, kind in (("FM", "FREQ"), ("PM", "PHAS"), ("AM", "AMPL")):
            if name in active:
                self._link.command(box.command("MDN", channel, kind, "OFF"))
        if "PID" in active:
            self._link.command(f"PID,DISABLE,{channel + 1}")

    def _modulation(self, channel: int) -> frozenset[str]:
        """What modulates a channel; nothing, if the firmware does not know the question."""
        answer = "" if self._box.quad else self._link.ask(box.command("MSTAT", channel))
        return box.modulation_of(answer)

    def _check_clock(self, channel: int) -> None:
        """Compare the frequency that the box makes of its word with what this driver does."""
        tuning = self._tuning
        text = box.command("FREQ", channel)
        answer = self._link.query(text)
        word, megahertz = box.word_of(answer), box.number_of(answer, "MHz")
        if word is None or megahertz is None:
            raise self._link.nonsense(text, answer)
        if not abs(tuning.ftw_to_frequency(word) / 1e6 - megahertz) <= 1e-6 * megahertz:
            raise DeviceFault(
                f"the box counts another clock than device.sysclk = {tuning.sysclk:.12g}: "
                f"'{text}' was answered by '{answer[:80]}'"
            )

    def _check_phase(self, channel: int) -> None:
        """The same for the phase, by a quarter of a turn while the channel is silent."""
        quarter = 1 << (self._tuning.pow_bits - 2)
        self._link.command(box.phase(channel, quarter), quarter)
        text = box.command("PHASE", channel)
        answer = self._link.query(text)
        degrees = box.number_of(answer, "deg")
        if degrees is None:
            raise self._link.nonsense(text, answer)
        if not abs(degrees - 90) <= 0.1:
            raise DeviceFault(
                f"the phase word 0x{quarter:04X} is not a quarter of a turn: "
                f"'{text}' was answered by '{answer[:80]}'"
            )

    def _lower_limit(self, channel: int) -> None:
        self._read_limit(channel)
        most = self._most[channel]
        if 0 < most < self._limits.get(channel, 0):
            self._link.command(box.limit(channel, most), most)
            self._limits[channel] = most

    def _read_limit(self, channel: int) -> None:
        word = box.word_of(self._link.query(box.command("LIMIT", channel)))
        if word is not None:
            self._limits[channel] = word

    def attach(self) -> list[Write | None]:
        """See :meth:`Device.attach`. A channel that is off holds nothing to adopt."""
        self._link.resynchronise()
        self._check_model()
        found = [self._find(channel) for channel in self._indices]
        for write in found:
            if write is not None:
                self._raw.discard(write.channel)
                self._unsettled.discard(write.channel)
        return found

    def _find(self, channel: int) -> Write | None:
        if self._link.mode(channel) != "NSB" or self._modulation(channel):
            return None
        self._check_clock(channel)
        words = Words(*(self._link.word(channel, name) for name in ("FREQ", "PHASE", "POW")))
        switches = self._link.switches(channel)
        self._read_limit(channel)
        if not words.asf or not switches["SIG"]:
            return None
        self._on[channel] = True
        self._asf[channel] = words.asf
        if not switches["POW"]:
            self._switched[channel] = "SIG"
        return Write(channel, words, True)

    # Silence

    def silence(self, transaction: Transaction) -> bool:
        """See :meth:`Device.silence`. Means: RF switch and amplifier off, basic mode (which
        switches off, too, and ends a table), zero amplitude. Out of step, it is switched off first
        and asked afterwards: a box that does not answer may still listen."""
        if self._make_silent(transaction):
            failures = self._make_silent(transaction)
            if failures:
                self._raw.update(self._indices)
                raise DeviceFault("; ".join(failures))
        self._unsettled.difference_update(write.channel for write in transaction)
        return self._readback

    def _make_silent(self, transaction: Transaction) -> list[str]:
        """Go on past failures; they are returned as text."""
        offs = [box.command("OFF", write.channel, "ALL") for write in transaction]
        if not self._link.in_step:
            self._attempt(self._link.shout, *offs)
        failures = self._attempt(self._link.resynchronise)
        said: list[tuple[str, int | None]] = [(off, None) for off in offs]
        for write in transaction:
            channel, words = write.channel, write.words
            said += [(box.command("MODE", channel, "NSB"), None), (box.power(channel, 0), 0)]
            if words.ftw:
                said.append((box.frequency(channel, words.ftw), words.ftw))
            said.append((box.phase(channel, words.pow), words.pow))
            self._switched.pop(channel, None)
            self._on.pop(channel, None)
        failures += self._command_all(said)
        for write in transaction:
            self._on[write.channel] = False
            self._asf[write.channel] = 0
        if self._readback and not failures:
            for write in transaction:
                failures += self._attempt(self._require, write)
        return failures

    def _command_all(self, said: Sequence[tuple[str, int | None]]) -> list[str]:
        """Go on past refusals. Once a box does not answer, what is left is said without waiting:
        all the time-outs together would take longer than any client waits."""
        failures = []
        for number, (text, expected) in enumerate(said, start=1):
            try:
                self._link.command(text, expected)
            except (TransportLost, Preempted):
                raise
            except DeviceFault as fault:
                failures.append(str(fault))
            except TransportError as error:
                failures.append(str(error))
                failures += self._attempt(self._link.shout, *(text for text, _ in said[number:]))
                break
        return failures

    def _attempt(self, step: Callable[..., object], *arguments: object) -> list[str]:
        """Take a step; its failure, if any, as text. Without the box there is no going on."""
        try:
            step(*arguments)
        except (TransportLost, Preempted):
            raise
        except (TransportError, DeviceFault) as error:
            return [str(error)]
        return []

    # Reading

    def probe(self) -> list[Finding]:
        """See :meth:`Device.probe`. Questions only."""
        self._link.resynchronise()
        self._check_model()
        return look(self._link, self._box.quad, self._indices, self._check_clock)

    def verify(self, transaction: Transaction) -> list[str]:
        """See :meth:`Device.verify`."""
        self._link.resynchronise()
        found: list[str] = []
        for write in transaction:
            found += self._differences(write)
        return found

    def _require(self, write: Write) -> None:
        differences = self._differences(write)
        if differences:
            raise DeviceFault("; ".join(differences))

    def _differences(self, write: Write) -> list[str]:
        channel, words = write.channel, write.words
        found = []
        mode = self._link.mode(channel)
        if mode != "NSB":
            found.append(f"channel {channel}: mode is {mode} instead of NSB")
        expected = {"FREQ": words.ftw, "PHASE": words.pow, "POW": words.asf}
        for name, word in expected.items():
            answer = self._link.word(channel, name)
            if answer != word and (name != "FREQ" or words.ftw):
                found.append(f"channel {channel}: {name} is 0x{answer:04X} instead of 0x{word:04X}")
        found += [f"channel {channel}: {name} is on" for name in sorted(self._modulation(channel))]
        if not self._box.quad:
            signal = write.switch and words.asf > 0
            if self._link.switches(channel)["SIG"] is not signal:
                found.append(f"channel {channel}: signal is {'off' if signal else 'on'}")
        return found
