"""A MOGLabs box that notes what comes out after every command, and wires that fail when told."""

from collections.abc import Callable, Sequence

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices.moglabs import MOGLabs
from dds_link.errors import TransportError, TransportLost
from dds_link.transports.stream_twin import StreamTwinTransport
from dds_link.twins.base import TextBox
from dds_link.twins.moglabs import MODELS, MoglabsBox
from dds_link.words import Words
from tests.twins.manual_clock import ManualClock

Outputs = list[Words | None]
Board = tuple[DeviceConfig, tuple[ChannelConfig, ...]]
IDENTITY = {kind: MODELS["moglabs_" + kind].info for kind in ("arf", "xrf", "qrf")}


def configure(
    kind: str = "xrf",
    readback: bool = True,
    channels: int = 2,
    max_amplitude: float = 1.0,
    sysclk: float = 0.0,
) -> Board:
    """A configuration."""
    return (
        DeviceConfig("moglabs_" + kind, channels, sysclk=sysclk, readback=readback),
        tuple(
            ChannelConfig(index, f"ch{index}", index, max_amplitude=max_amplitude)
            for index in range(channels)
        ),
    )


class WatchedBox(MoglabsBox):
    """Notes the output of the first two channels after every command; its limit is no limit."""

    def __init__(self, kind: str, clock: ManualClock) -> None:
        super().__init__(MODELS["moglabs_" + kind], clock)
        self.forget()

    def power_up(self) -> None:
        super().power_up()
        for channel in self.channels:
            channel.set_limit((1 << self.model.asf_bits) - 1)

    def outputs(self) -> Outputs:
        """What goes out of each channel now; None: nothing."""
        tones = [self.tone(channel) for channel in (0, 1)]
        return [tone.words if tone.emits else None for tone in tones]

    def forget(self) -> None:
        """Begin :attr:`snapshots` anew, with what goes out now."""
        self.snapshots = [self.outputs()]

    def receive(self, data: bytes) -> bytes:
        answers = b""
        for byte in data:
            answers += super().receive(bytes((byte,)))
            if byte == ord("\n") and self.outputs() != self.snapshots[-1]:
                self.snapshots.append(self.outputs())
        return answers


class FaultyStream(StreamTwinTransport):
    """A simulated stream with a fault at one operation, once; as ``FaultyTwin`` for SPI. It waits
    on a clock of its own, so that the box does not notice."""

    def __init__(self, board: TextBox) -> None:
        super().__init__(board, ManualClock())
        #: Operations so far, failed ones included.
        self.operations = 0
        self._at = 0
        self._bytes = 0
        self._done = False
        self._late = False
        self._error: type[TransportError] = TransportError
        self._answer: bytes | None = None
        self._interrupt_at = 0
        self._after_discard = b""

    def fail(
        self,
        at: int,
        bits: int = 0,
        done: bool = False,
        late: bool = False,
        error: type[TransportError] = TransportError,
    ) -> None:
        """Let one operation fail.

        :param at: 1 for the next one, 2 for the one after that.
        :param bits: how many bytes (on a stream nothing is smaller) arrive at the box.
        :param done: True: all of them do, and the answer comes after the time-out,
        :param late: even after late bytes were dropped (but before the next answer: a box answers
            in order).
        :param error: with :class:`TransportLost` the box is gone until it is opened again.
        """
        self._at, self._bytes, self._done, self._late = self.operations + at, bits, done, late
        self._error, self._answer = error, None

    def answer(self, at: int, answer: bytes) -> None:
        """Let one answer be another one (nothing: the line is never answered)."""
        self._at, self._answer = self.operations + at, answer

    def interrupt_at(self, at: int) -> None:
        """Set :attr:`interrupt` while an operation takes place: the next one is not begun."""
        self._interrupt_at = self.operations + at

    def exchange(self, data: bytes, end: bytes, parts: int, timeout: float) -> bytes:
        def some() -> None:
            answer = self.board.receive(data if self._done else data[: self._bytes])
            if self._late:
                self._after_discard = answer
            else:
                self._pending += answer

        if self._operation(some):
            self.board.receive(data)
            self._pending += self._answer or b""
            data = b""
        return super().exchange(data, end, parts, timeout)

    def discard(self, quiet: float) -> bytes:
        self._operation(lambda: None)
        dropped = super().discard(quiet)
        self._pending += self._after_discard
        self._after_discard = b""
        return dropped

    def _operation(self, some: Callable[[], None]) -> bool:
        """Count an operation; true if its answer shall be another one."""
        self.operations += 1
        if self.operations == self._interrupt_at:
            self.interrupt.set()
        if self.operations != self._at:
            return False
        if self._answer is not None:
            return True
        some()
        if issubclass(self._error, TransportLost):
            self.close()
        raise self._error(f"fault injected at operation {self.operations}")


class ScriptedBox:
    """A box of few words: each line must be the next one of the script."""

    def __init__(self, script: Sequence[tuple[str, str]]) -> None:
        self._script = list(script)

    def connect(self) -> bytes:
        return b""

    def receive(self, data: bytes) -> bytes:
        if not data:
            return b""
        line, answer = self._script.pop(0) if self._script else ("nothing more", "")
        assert data == line.encode() + b"\r\n"
        return answer.encode() + b"\r\n"

    def finish(self) -> None:
        """The script must be over now."""
        assert self._script == []


class Scripted:
    """A driver on a scripted box; as a context manager it checks that all of the script came."""

    def __init__(self, board: Board, *script: tuple[str, str]) -> None:
        self.box = ScriptedBox(script)
        self.device = MOGLabs(*board, StreamTwinTransport(self.box, ManualClock()))
        self.device.open()

    def __enter__(self) -> MOGLabs:
        return self.device

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            self.box.finish()
