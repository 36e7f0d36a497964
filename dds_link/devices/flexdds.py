"""Driver of one slot of a Wieserlabs FlexDDS-NG rack: two AD9910 behind lines of text over TCP.

The box answers each line as soon as it has queued it: ``OK`` says nothing of what goes out, and no
register can be read. So this driver keeps the queues empty of waits, sends the I/O_UPDATE of more
than one channel only once every register write was accepted, and resets the slot, which alone acts
at once, whenever something else was answered than expected. What was sent before an answer failed
to come may still be carried out: nothing but a new connection and a reset ends that.

Unconfirmed on hardware: see :mod:`dds_link.twins.flexdds`, and that ``dds reset`` and ``dcp start``
of the USB box do the same in the rack.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices import flexdds_lines as lines
from dds_link.devices.base import (
    AMPLITUDE,
    OFF,
    SYNC,
    ChannelInfo,
    Device,
    Finding,
    Transaction,
    Write,
)
from dds_link.errors import DeviceFault, Preempted, TransportError, TransportLost
from dds_link.transports.base import Exchange, StreamTransport
from dds_link.tuning import Tuning
from dds_link.words import SILENCE

#: Seconds of silence after which nothing more of an answer is expected.
QUIET = 0.05

_END = b"\n"


class FlexDDS(Device):
    """One slot.

    :param device: clock, time-out and token.
    :param channels: both of them.
    :param transport: the connection.
    """

    def __init__(
        self, device: DeviceConfig, channels: tuple[ChannelConfig, ...], transport: StreamTransport
    ) -> None:
        self._stream = transport
        self._token = device.token
        self._timeout = device.timeout
        tuning = Tuning(device.sysclk, ftw_bits=32, pow_bits=16, asf_bits=14)
        self._channels = tuple(
            ChannelInfo(
                channel.index,
                f"flexdds:{channel.index}",
                channel.index,
                tuning,
                silence_keeps_phase=False,
            )
            for channel in channels
        )
        # Channels that are not initialised: nothing but initialise and silence helps.
        self._raw = set(lines.CHANNELS)
        # Channels whose registers may hold what no I/O_UPDATE must latch.
        self._unsettled: set[int] = set()
        # False if an answer may still come, or what was sent before it may still act.
        self._in_step = False

    @property
    def channels(self) -> tuple[ChannelInfo, ...]:
        """See :attr:`Device.channels`."""
        return self._channels

    @property
    def capabilities(self) -> frozenset[str]:
        """See :attr:`Device.capabilities`."""
        return frozenset((SYNC, AMPLITUDE, OFF))

    @property
    def sync_note(self) -> str:
        """See :attr:`Device.sync_note`."""
        return (
            "one update command goes to both channels, but each has a processor and an I/O_UPDATE "
            "line of its own: users report 4, 8 or 40 ns between them; slots are not synchronised"
        )

    # The connection

    def open(self) -> None:
        """See :meth:`Device.open`. Logs in; what others left in the queues goes at initialise.

        :raises DeviceFault: if the box refuses the token.
        """
        self._raw.update(lines.CHANNELS)
        self._in_step = False
        self._stream.open()
        self._log_in()

    def close(self) -> None:
        """See :meth:`Device.close`."""
        self._stream.close()

    def _log_in(self) -> None:
        if self._token:
            self._show_token()
        wish = Exchange(lines.PLAIN_OKS.encode() + _END, b"OK", 1, self._timeout)
        try:
            self._stream.execute([wish])
        except (TransportLost, Preempted):
            raise
        except TransportError:
            pass  # a box that does not know this wish answers anyhow
        self._stream.discard(QUIET)
        self._in_step = True

    def _show_token(self) -> None:
        """It appears in no operation, which an error could show, and in no error."""
        data = self._token.encode() + _END
        try:
            answer = self._stream.exchange(data, _END, 1, self._timeout)
        except TransportError as error:
            self._stream.close()
            # What came instead of an answer may be a part of the token, as an echo.
            lost = isinstance(error, TransportLost)
            text = str(error) if lost else f"no whole line in {self._timeout:g} s"
            raise TransportLost(f"no answer to the login with device.token: {text}") from None
        if answer.strip() != b"Auth OK":
            self._stream.close()
            raise DeviceFault(
                "the FlexDDS refused the login: device.token must be the token of its manual, with "
                "the number of the slot as the last character"
            )

    def _say(self, *said: str) -> None:
        """Send lines in one go; each must be answered ``OK``.

        :raises DeviceFault: if one is not.
        """
        data = "".join(line + "\n" for line in said).encode()
        try:
            (answer,) = self._stream.execute([Exchange(data, _END, len(said), self._timeout)])
        except Preempted:
            raise  # nothing of it was sent
        except TransportError:
            self._in_step = False
            raise
        for line, reply in zip(said, answer.split(_END), strict=False):
            if reply.strip() != b"OK":
                self._in_step = b"error" in reply.lower()
                self._stream.discard(QUIET)
                raise DeviceFault(f"the FlexDDS answered {reply[:80]!r} to '{line}'")

    # Writing

    def write(self, transaction: Transaction) -> None:
        """See :meth:`Device.write`. If the only register write is refused, its update latches
        nothing; several are all accepted before the update is sent."""
        self._refuse_half(())
        self._program(transaction)

    def restore(self, transaction: Transaction) -> None:
        """See :meth:`Device.restore`. CFR1 is rewritten, too: a ``sync`` may have left it changed.

        :raises DeviceFault: if an answer failed to come, or if channels that are not in
            ``transaction`` were touched, too.
        """
        channels = [write.channel for write in transaction]
        self._refuse_half(channels)
        if channels:
            self._unsettled.update(channels)
            self._say(
                lines.dcp(channels, lines.cfr1(lines.CFR1_BASE)),
                lines.dcp(channels, lines.cfr2(lines.CFR2_BASE)),
            )
            self._program(transaction)

    def sync(self, channels: Sequence[int]) -> None:
        """See :meth:`Device.sync`. The queues are empty when the update comes."""
        self._refuse_half(())
        update = lines.dcp(channels, lines.UPDATE)
        self._unsettled.update(channels)
        self._say(lines.dcp(channels, lines.cfr1(lines.CFR1_AUTOCLEAR)))
        self._say(update)
        self._say(lines.dcp(channels, lines.cfr1(lines.CFR1_BASE)), update)
        self._unsettled.difference_update(channels)

    def _program(self, transaction: Transaction) -> None:
        channels = [write.channel for write in transaction]
        tones = [lines.dcp([write.channel], lines.profile_0(write.words)) for write in transaction]
        update = lines.dcp(channels, lines.UPDATE)
        self._unsettled.update(channels)
        if len(tones) == 1:
            self._say(*tones, update)
        else:
            self._say(*tones)
            self._say(update)
        self._unsettled.difference_update(channels)

    def _refuse_half(self, rewritten: Collection[int]) -> None:
        """No I/O_UPDATE while it is not known what a channel holds, unless it is ``rewritten``."""
        if not self._in_step:
            raise DeviceFault("the FlexDDS did not answer as it should: initialise it")
        left = self._raw | self._unsettled.difference(rewritten)
        if left:
            which = ", ".join(map(str, sorted(left)))
            raise DeviceFault(f"channel {which} may hold half of an earlier command: initialise it")

    # Starting and silence

    def initialise(self, channels: Sequence[int]) -> frozenset[int]:
        """See :meth:`Device.initialise`. After a lost answer the connection is made anew."""
        touched = self._raw.union(self._unsettled, channels)
        if not self._in_step:
            touched.update(lines.CHANNELS)
        self._raw.update(touched)
        self._reset(sorted(touched))
        self._set_up([Write(channel, SILENCE, False) for channel in sorted(touched)])
        return frozenset(touched)

    def silence(self, transaction: Transaction) -> bool:
        """See :meth:`Device.silence`. The reset stops the RF at once, whatever waits in a queue, so
        that the phase accumulators begin anew; if it fails, zero amplitude is tried all the same.
        """
        channels = [write.channel for write in transaction]
        self._raw.update(channels)
        failures: list[str] = []
        for _ in range(2):
            failures = self._attempt(self._reset, channels)
            failures += self._attempt(self._set_up, transaction)
            if not failures:
                return False
        self._raw.update(channels)
        raise DeviceFault("; ".join(failures))

    def _attempt(self, step: Callable[[Any], object], argument: object) -> list[str]:
        """Take a step; its failure, if any, as text. Without hardware there is no going on."""
        try:
            step(argument)
        except (TransportLost, Preempted):
            raise
        except (TransportError, DeviceFault) as error:
            return [str(error)]
        return []

    def _reset(self, channels: Collection[int]) -> None:
        """Stop the RF of ``channels``, and forget what waits in their queues.

        The rack may answer with one line more than the USB box: take all there is.
        """
        self._get_in_step()
        said = lines.reset(channels)
        exchange = Exchange(said.encode() + _END, _END, 1, self._timeout)
        try:
            (answer,) = self._stream.execute([exchange])
            answer += self._stream.discard(QUIET)
        except Preempted:
            raise
        except TransportError:
            self._in_step = False
            raise
        if b"OK" not in answer or b"error" in answer.lower():
            raise DeviceFault(f"the FlexDDS answered {answer[:80]!r} to '{said}'")

    def _set_up(self, transaction: Transaction) -> None:
        """Let the processors run, and put in ``transaction``, of which nothing emits."""
        self._get_in_step()
        channels = [write.channel for write in transaction]
        self._say(
            lines.dcp(channels, lines.START),
            lines.dcp(channels, lines.cfr1(lines.CFR1_BASE)),
            lines.dcp(channels, lines.cfr2(lines.CFR2_BASE)),
            *(lines.dcp([write.channel], lines.profile_0(write.words)) for write in transaction),
        )
        self._say(
            lines.dcp(channels, lines.SELECT_PROFILE_0),
            lines.dcp(channels, lines.UPDATE),
        )
        self._raw.difference_update(channels)
        self._unsettled.difference_update(channels)

    def _get_in_step(self) -> None:
        """Connect again if an answer may be late; what it belongs to, a reset has to end. That is
        told over the old connection, too: a new one may not come about."""
        if not self._in_step:
            self._shout_reset()
            self._stream.close()
            self.open()

    def _shout_reset(self) -> None:
        """Behind the end of what may be half a line, without hearing the answer."""
        data = _END + lines.reset(lines.CHANNELS).encode() + _END
        try:
            self._stream.execute([Exchange(data, _END, 0)])
        except Preempted:
            raise
        except TransportError:
            pass  # there is no old connection

    # Looking

    def probe(self) -> list[Finding]:
        """See :meth:`Device.probe`. Both questions are the USB box's; a rack may not know them."""
        return [
            Finding("login", True, "the box accepts device.token"),
            self._ask("version"),
            self._ask("lmkpll"),
            Finding("registers", None, "unobservable: this box reads none back"),
        ]

    def _ask(self, question: str) -> Finding:
        exchange = Exchange(question.encode() + _END, _END, 1, self._timeout)
        try:
            (answer,) = self._stream.execute([exchange])
            answer += self._stream.discard(QUIET)
        except (TransportLost, Preempted):
            raise
        except TransportError as error:
            self._in_step = False
            return Finding(question, None, str(error))
        text = " ".join(answer.decode("ascii", "replace").split())
        return Finding(question, None if "error" in text.lower() else True, text)

    def attach(self) -> list[Write | None]:
        """See :meth:`Device.attach`: nothing can be read, so there is nothing to adopt."""
        return [None for _ in self._channels]

    def verify(self, transaction: Transaction) -> list[str]:
        """See :meth:`Device.verify`.

        :raises DeviceFault: always.
        """
        raise DeviceFault("unobservable: a FlexDDS reads no register back")
