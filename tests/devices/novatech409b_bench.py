"""A Novatech box that notes what comes out after every line, and a driver on it."""

from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.devices.novatech409b import Novatech409B
from dds_link.devices.novatech409b_text import SYSCLK
from dds_link.twins.novatech409b import Novatech
from dds_link.words import Words
from tests.devices.conformance import Outputs, Rig
from tests.transports.faulty_stream import FaultyStream
from tests.twins.manual_clock import ManualClock

Board = tuple[DeviceConfig, tuple[ChannelConfig, ...]]


def configure(
    wiring: str = "seeing", channels: int = 2, refclk: float = 0.0, sysclk: float = SYSCLK
) -> Board:
    """A configuration.

    :param wiring: ``"seeing"`` or ``"blind"``.
    """
    return (
        DeviceConfig(
            "novatech409b",
            channels,
            refclk,
            sysclk,
            "serial:/dev/ttyUSB0",
            readback=wiring == "seeing",
            baud=19200,
            timeout=0.5,
        ),
        tuple(ChannelConfig(index, f"ch{index}", index) for index in range(channels)),
    )


class WatchedBox(Novatech):
    """Notes the outputs of the first two channels after every line."""

    def __init__(self, clock: ManualClock, refclk: float = 0.0) -> None:
        super().__init__(clock, refclk)
        self.forget()

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


class NovatechRig(Rig):
    """A driver that was opened, and its box.

    :param box: an old one, as after a restart of the controller.
    """

    def __init__(self, wiring: str = "seeing", box: "WatchedBox | None" = None) -> None:
        self.wiring = wiring
        self.clock = ManualClock()
        self.box = box or WatchedBox(self.clock)
        self.transport = FaultyStream(self.box, ManualClock())  # type: ignore[assignment]
        self.device = Novatech409B(*configure(wiring), self.transport)
        self.device.open()

    def outputs(self) -> Outputs:
        return self.box.outputs()

    def history(self) -> "list[list[Words | None]]":
        history = [[out] for out in self.box.snapshots[0]]
        for snapshot in self.box.snapshots:
            for channel, out in enumerate(snapshot):
                if out != history[channel][-1]:
                    history[channel].append(out)
        return history

    def forget(self) -> None:
        self.box.forget()

    def updates(self) -> int:
        return self.box.updates

    def advance(self, seconds: float) -> None:
        self.clock.time += seconds

    def accumulators(self) -> list[int]:
        return [self.box.accumulator(channel) for channel in (0, 1)]

    def corrupt(self, channel: int) -> None:
        """Somebody else sets it to 0 Hz."""
        self.box.receive(f"F{channel} 0.0\r\nI p\r\n".encode())

    def power_cycle(self) -> None:
        self.box.power_cycle()

    def silence_answers(self) -> None:
        self.box.receive = lambda data: b""  # type: ignore[method-assign]

    def another(self) -> "NovatechRig":
        again = NovatechRig(self.wiring, self.box)
        again.clock = self.clock
        return again
