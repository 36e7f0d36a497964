"""A FlexDDS-NG that notes what comes out after every line, on a connection that fails when told."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices.flexdds import FlexDDS
from dds_link.errors import TransportError, TransportLost
from dds_link.transports.stream_twin import StreamTwinTransport
from dds_link.twins import flexdds as twin
from dds_link.twins.base import TextBox
from dds_link.words import Words
from tests.twins.manual_clock import ManualClock

TOKEN = "0123456789abcde0"


def configure(**every: Any) -> tuple[DeviceConfig, tuple[ChannelConfig, ...]]:
    """A slot with two channels.

    :param every: further keys of the device.
    """
    device = DeviceConfig(
        "flexdds", 2, sysclk=1e9, transport="tcp:10.0.0.5:26000", readback=False, token=TOKEN
    )
    return replace(device, **every), (ChannelConfig(0, "cooling", 0), ChannelConfig(1, "repump", 1))


class WatchedBox(twin.FlexDDS):
    """Notes the output of both channels whenever it may have changed."""

    def __init__(self, clock: ManualClock, automatic: bool) -> None:
        #: What went out of both channels at a time, without repetitions.
        self.snapshots: list[list[Words | None]] = []
        #: Every byte that came in.
        self.received = b""
        super().__init__(clock, token=TOKEN, automatic=automatic)
        self.forget()

    def outputs(self) -> list[Words | None]:
        """What goes out of each channel now; None: nothing."""
        tones = [self.tone(channel) for channel in (0, 1)]
        return [tone.words if tone.emits else None for tone in tones]

    def forget(self) -> None:
        """Begin :attr:`snapshots` anew, with what goes out now."""
        self.snapshots = [self.outputs()]

    def receive(self, data: bytes) -> bytes:
        self.received += data
        answer = b""
        for byte in data:
            answer += super().receive(bytes((byte,)))
            if byte == ord("\n") and self.outputs() != self.snapshots[-1]:
                self.snapshots.append(self.outputs())
        return answer


class FarBox(twin.FlexDDS):
    """Its answers take a while.

    :param seconds: how long.
    """

    def __init__(self, clock: ManualClock, seconds: float) -> None:
        self._now = clock.now
        self._seconds = seconds
        #: When answers arrive, and what they are.
        self.on_the_way: list[tuple[float, bytes]] = []
        super().__init__(clock, token=TOKEN)

    def receive(self, data: bytes) -> bytes:
        answer = super().receive(data)
        if answer:
            self.on_the_way.append((self._now() + self._seconds, answer))
        here = b"".join(answer for time, answer in self.on_the_way if time <= self._now())
        self.on_the_way = [late for late in self.on_the_way if late[0] > self._now()]
        return here


class FaultyStream(StreamTwinTransport):
    """A simulated connection with a fault at one operation, once; see ``FaultyTwin``."""

    def __init__(self, board: TextBox, clock: ManualClock) -> None:
        super().__init__(board, clock)
        #: Operations so far, failed ones included.
        self.operations = 0
        self._at = 0
        self._bytes = 0
        self._done = False
        self._error: type[TransportError] = TransportError
        self._interrupt_at = 0

    def fail(
        self,
        at: int,
        bits: int = 0,
        done: bool = False,
        error: type[TransportError] = TransportError,
    ) -> None:
        """Let one operation fail.

        :param at: 1 for the next one, 2 for the one after that.
        :param bits: how many bytes (on a stream nothing is smaller) still arrive at the box.
        :param done: True: all of them do, and the answer comes too late.
        :param error: with :class:`TransportLost` the connection is gone.
        """
        self._at, self._bytes, self._done, self._error = self.operations + at, bits, done, error

    def interrupt_at(self, at: int) -> None:
        """Set :attr:`interrupt` while an operation takes place: the next one is not begun."""
        self._interrupt_at = self.operations + at

    def exchange(self, data: bytes, end: bytes, parts: int, timeout: float) -> bytes:
        def some() -> None:
            sent = data if self._done else data[: self._bytes]
            self._pending += self.board.receive(sent)

        self._operation(some)
        return super().exchange(data, end, parts, timeout)

    def discard(self, quiet: float) -> bytes:
        self._operation(lambda: None)
        return super().discard(quiet)

    def _operation(self, some: Callable[[], None]) -> None:
        self.operations += 1
        if self.operations == self._interrupt_at:
            self.interrupt.set()
        if self.operations == self._at:
            some()
            if issubclass(self._error, TransportLost):
                self.close()
            raise self._error(f"fault injected at operation {self.operations}")


class Bench:
    """A driver that was opened, and its box.

    :param box: an old one, as after a restart of the controller.
    """

    def __init__(self, automatic: bool = True, box: WatchedBox | None = None) -> None:
        self.clock = ManualClock()
        self.box = box or WatchedBox(self.clock, automatic)
        self.transport = FaultyStream(self.box, self.clock)
        self.device = FlexDDS(*configure(), self.transport)
        self.device.open()
