"""A service over watched twins and a bus that fails on demand, on either executor, without a loop.

With :class:`~dds_link.service.executor.Worker` the thread's results land in a queue, and the test
decides when the service sees them.
"""

import queue
from collections.abc import Callable
from typing import Any

from dds_link.config import ChannelConfig, Config, DeviceConfig
from dds_link.devices.ad9910 import AD9910
from dds_link.errors import WireError
from dds_link.protocol import commands
from dds_link.protocol.commands import Apply, Change, Get, Set
from dds_link.service.events import Session, Subscription
from dds_link.service.executor import Executor, InPlace, Worker
from dds_link.service.service import Service
from dds_link.twins.attenuators import with_attenuators
from dds_link.words import Words
from tests.devices.watched import WatchedBoard, configure
from tests.service.gated import GatedTwin
from tests.service.manual_time import ManualTime

#: Longest wait for the thread, s. A test that needs it has failed.
PATIENCE = 10.0

EXECUTORS = ["in place", "worker"]


class Answer:
    """What a command is answered with, once it is."""

    def __init__(self) -> None:
        self.outcomes: list[Any] = []

    def __call__(self, outcome: Any, ticket: Any = None) -> None:
        self.outcomes.append(outcome)

    @property
    def outcome(self) -> Any:
        """The one answer."""
        assert len(self.outcomes) == 1, f"{len(self.outcomes)} answers"
        return self.outcomes[0]

    @property
    def code(self) -> str:
        """``"success"`` or the code of the error."""
        return self.outcome.code if isinstance(self.outcome, WireError) else "success"


class Bench:
    """One controller without its sockets.

    :param executor: one of :data:`EXECUTORS`.
    :param config: as :func:`tests.devices.watched.configure` makes it.
    :param board: of an earlier bench, as after a restart of the controller.
    """

    def __init__(
        self,
        executor: str = "in place",
        config: tuple[DeviceConfig, tuple[ChannelConfig, ...]] | None = None,
        earlier: "Bench | None" = None,
    ) -> None:
        device_config, channels = config or configure(channels=4)
        self.config = Config(device_config, channels, "lab.toml", "0" * 64)
        self.time = earlier.time if earlier else ManualTime()
        self.board = earlier.board if earlier else WatchedBoard(device_config, channels, self.time)
        #: The board, behind attenuators if the configuration has any.
        self.far_end = (
            earlier.far_end if earlier else with_attenuators(self.board, device_config, channels)
        )
        self.transport = GatedTwin(self.far_end, self.time, device_config.readback)
        self.transport.on_reached = lambda: self._post(lambda: None)
        self.device = AD9910(device_config, channels, self.transport)
        self._posted: queue.Queue[tuple[Any, ...]] = queue.Queue()
        self.executor: Executor = InPlace() if executor == "in place" else Worker(self._post)
        self.service = Service(
            self.config,
            self.device,
            self.executor,
            interrupt=self.transport.interrupt,
            clock=self.time,
            call_later=self.time.call_later,
            simulation=True,
        )
        self.session = Session("here", "test", 1)
        self._answers: list[Answer] = []

    def _post(self, *call: Any) -> None:
        self._posted.put(call)

    # Commands

    def start(self) -> "Bench":
        """Open the device and wait for what comes of it."""
        self.service.start()
        self.until(lambda: self.state != "starting")
        return self

    @property
    def state(self) -> str:
        """What ``ping`` says."""
        answer = Answer()
        self.service.execute(commands.Ping(), self.session, answer)
        return answer.outcome["device"]  # type: ignore[no-any-return]

    def send(self, command: Any) -> Answer:
        """Send without waiting."""
        answer = Answer()
        self._answers.append(answer)
        self.service.execute(command, self.session, answer)
        return answer

    def ask(self, command: Any) -> Any:
        """Send and wait: the result, or the ``WireError``."""
        answer = self.send(command)
        self.settle()
        return answer.outcome

    def play(self, *tones: Words) -> "Bench":
        """Let the first channels put out ``tones``; forget how that came about."""
        for channel, words in enumerate(tones):
            self.ask(Set(channel, ftw=words.ftw, pow=words.pow, asf=words.asf))
        assert self.board.outputs()[: len(tones)] == list(tones)
        self.board.forget()
        return self

    def set(self, channel: Any = 0, **fields: Any) -> Any:
        return self.ask(Set(channel, **fields))

    def apply(self, *changes: dict[str, Any]) -> Any:
        return self.ask(Apply([Change(**change) for change in changes]))

    def get(self, channel: Any = None, **fields: Any) -> Any:
        return self.ask(Get(channel, **fields))

    def code(self, command: Any) -> str:
        """Send and wait: ``"success"`` or the code of the error."""
        answer = self.send(command)
        self.settle()
        return answer.code

    def stop(self) -> None:
        """Stop the controller."""
        stopped = Answer()
        self._answers.append(stopped)
        self.service.stop(lambda: stopped(None))
        self.settle()

    # Time and threads

    def step(self) -> None:
        """Let the service see one result of the thread."""
        try:
            function, *arguments = self._posted.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError("the thread does nothing") from None
        function(*arguments)

    def until(self, done: Callable[[], bool]) -> None:
        """Let the service see results until ``done()``."""
        while not done():
            self.step()

    def held(self) -> None:
        """Wait until an operation is held at the gate."""
        self.until(lambda: self.transport.reached)

    def settle(self) -> None:
        """Wait until everything is answered; exactly once each."""
        self.until(lambda: all(answer.outcomes for answer in self._answers))
        assert all(len(answer.outcomes) == 1 for answer in self._answers)

    def advance(self, seconds: float) -> None:
        """Let time pass, and work end that timers began."""
        self.time.advance(seconds)
        self.send(Get())
        self.settle()

    # What there is to see

    def subscribe(self, interval: float = 0.0) -> "Listener":
        return Listener(self, interval)

    def out(self, channel: int = 0) -> Words | None:
        """What goes out of a channel; None: nothing."""
        return self.board.out(channel)

    def attenuations(self) -> "list[float | None]":
        """What the attenuator of each channel does, dB."""
        return [self.far_end.attenuation(n) for n in range(len(self.config.channels))]

    def registers(self, channel: int = 0) -> Words:
        """The words in profile 0 of the twin."""
        value = self.board.chips[channel].register(0x0E)
        return Words(value & 0xFFFFFFFF, value >> 32 & 0xFFFF, value >> 48 & 0x3FFF)

    def epochs_now(self) -> list[int]:
        """The epochs, told while something runs."""
        answer = Answer()
        self.service.execute(commands.Identify(), self.session, answer)
        return answer.outcome["epochs"]  # type: ignore[no-any-return]

    def receipts_now(self) -> Any:
        """The receipts, told while something runs."""
        return Listener(self, 0.0).snapshot["channels"]

    def epochs(self) -> list[int]:
        return [receipt.epoch for receipt in self.get()]


class Listener:
    """A subscriber."""

    def __init__(self, bench: Bench, interval: float) -> None:
        self.events: list[dict[str, Any]] = []
        self.seqs: list[int] = []
        self.snapshot, subscription = bench.service.subscribe(
            commands.Subscribe(interval=interval), self._deliver
        )
        self.subscription: Subscription = subscription

    def _deliver(self, body: dict[str, Any], seq: int) -> None:
        self.events.append(body)
        self.seqs.append(seq)

    @property
    def names(self) -> list[str]:
        return [event["event"] for event in self.events]
