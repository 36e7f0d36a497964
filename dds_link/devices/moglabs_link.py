"""The conversation with a MOGLabs box: one line out, one line in, in lock step.

After a time-out its answer may still come; after a cut-off send the box holds half a command. So
before the next command late bytes are dropped, the half command is spoilt, and ``INFO`` must be
answered as before, with nothing behind it. A box that does not answer at all is taken for lost, so
that the connection is made again.
"""

from __future__ import annotations

from dds_link.devices import moglabs_protocol as box
from dds_link.errors import DeviceFault, Preempted, TransportError, TransportLost
from dds_link.transports.base import Exchange, StreamTransport

#: Seconds without a byte after which no late answer is expected any more.
QUIET = 0.05
#: How often it is tried to get back in step.
ATTEMPTS = 3


class Link:
    """The stream to one box.

    :param stream: the transport, which others open and close.
    :param timeout: longest wait for an answer, s.

    Each method raises :class:`~dds_link.errors.TransportError` as the stream does, and
    :class:`~dds_link.errors.DeviceFault` for an answer that is no good.
    """

    def __init__(self, stream: StreamTransport, timeout: float) -> None:
        self._stream = stream
        self._timeout = timeout
        #: False once an answer may have been lost.
        self.in_step = False
        #: What the box answers to ``INFO``, once that is known.
        self.identity = ""

    def begin(self) -> None:
        """A new connection, perhaps to another box."""
        self.in_step = False
        self.identity = ""

    def ask(self, text: str, longer: float = 0.0) -> str:
        """Whatever the box answers to a line.

        :param longer: seconds to wait beyond the usual time-out.
        """
        exchange = Exchange(text.encode() + box.END, timeout=self._timeout + longer)
        try:
            answer = self._stream.execute([exchange])[0]
        except Preempted:
            raise  # between two lines nothing is cut off
        except Exception:
            self.in_step = False
            raise
        return answer.decode("ascii", "replace").strip()

    def command(self, text: str, expected: int | None = None, longer: float = 0.0) -> None:
        """Have a command carried out.

        :param expected: the word that the answer must not contradict.
        """
        answer = self.ask(text, longer)
        word = box.word_of(answer) if expected is not None else None
        if box.is_ok(answer) and word in (None, expected):
            return
        if not box.is_refusal(answer):
            self.in_step = False  # it may be a late answer to something else
        raise DeviceFault(f"'{text}' was answered by '{answer[:80]}'")

    def shout(self, *texts: str) -> None:
        """Send lines without hearing their answers, behind one that spoils half a command: a box
        that is busy, or not heard, takes them all the same."""
        self.in_step = False
        said = [text.encode() + box.END for text in (box.NONSENSE, *texts)]
        self._stream.execute([Exchange(line, parts=0) for line in said])

    def query(self, text: str) -> str:
        """The answer to a query."""
        answer = self.ask(text)
        if box.is_refusal(answer):
            raise DeviceFault(f"'{text}' was answered by '{answer[:80]}'")
        return answer

    def nonsense(self, text: str, answer: str) -> DeviceFault:
        """What to raise for an answer that does not fit: it may be one to something else."""
        self.in_step = False
        return DeviceFault(f"'{text}' was answered by '{answer[:80]}', which makes no sense")

    def word(self, channel: int, name: str) -> int:
        """The word that ``FREQ``, ``PHASE`` or ``POW`` is set to."""
        text = box.command(name, channel)
        answer = self.query(text)
        word = box.word_of(answer)
        if word is None:
            raise self.nonsense(text, answer)
        return word

    def mode(self, channel: int) -> str:
        """The mode of a channel."""
        text = box.command("MODE", channel)
        answer = self.query(text)
        mode = box.mode_of(answer)
        if mode is None:
            raise self.nonsense(text, answer)
        return mode

    def switches(self, channel: int) -> dict[str, bool]:
        """Whether signal (``SIG``) and amplifier (``POW``) are on; not for a QRF."""
        text = box.command("STATUS", channel)
        answer = self.query(text)
        switches = box.switches_of(answer)
        if "SIG" not in switches:
            raise self.nonsense(text, answer)
        return {"POW": False, **switches}

    def resynchronise(self) -> None:
        """Make sure that the next answer belongs to the next command.

        :raises TransportLost: if the box does not answer.
        :raises DeviceFault: if it talks, but not as it should.
        """
        answer = ""
        if self.in_step:
            return
        for _ in range(ATTEMPTS):
            self._stream.discard(QUIET)
            answer = self._who_is_there()
            good = answer and not box.is_ok(answer) and not box.is_refusal(answer)
            if good and answer == (self.identity or answer) and not self._stream.discard(QUIET):
                self.identity = answer
                self.in_step = True
                return
        raise DeviceFault(f"INFO was answered by '{answer[:80]}': the box is out of step")

    def _who_is_there(self) -> str:
        try:
            self.ask(box.NONSENSE)
        except (TransportLost, Preempted):
            raise
        except TransportError:
            pass  # perhaps it does not answer what it does not know
        try:
            return self.ask(box.INFO)
        except (TransportLost, Preempted):
            raise
        except TransportError as error:
            raise TransportLost(f"the box does not answer: {error}") from None
