"""A board of twins that notes what comes out after every bit of traffic, and how it is wired."""

from typing import Any

from dds_link.config import ChannelConfig, DeviceConfig, Pins
from dds_link.transports.wiring import chip_selects, wiring
from dds_link.twins.ad9910 import AD9910Board
from dds_link.words import Words
from tests.twins.manual_clock import ManualClock

#: Every way of wiring a board that a configuration allows; True: MISO is wired.
WIRINGS: dict[str, tuple[Pins, bool]] = {
    "everything": (
        Pins("a:0", "a:1", "a:2", ("a:5", "a:6", "a:7")),
        True,
    ),
    "no master_reset": (Pins("a:0", "a:1"), True),
    "no io_reset": (Pins("a:0", None, "a:2"), True),
    "no resets": (Pins("a:0"), True),
    "blind": (Pins("a:0", "a:1", "a:2"), False),
    "blind, no master_reset": (Pins("a:0", "a:1"), False),
    "blind, no io_reset": (Pins("a:0", None, "a:2"), False),
    "blind, no resets": (Pins("a:0"), False),
}
NAMES = ("cooling", "repump", "shelving", "raman")


def configure(
    wiring: str = "everything", channels: int = 2, switches: bool = False, **every: Any
) -> tuple[DeviceConfig, tuple[ChannelConfig, ...]]:
    """A configuration at 1 GHz.

    :param wiring: one of :data:`WIRINGS`.
    :param switches: True: with an RF switch behind each channel.
    :param every: further keys of each channel.
    """
    pins, readback = WIRINGS[wiring]
    return (
        DeviceConfig("ad9910", channels, 25e6, 1e9, "twin:", readback=readback, pins=pins),
        tuple(
            ChannelConfig(
                index, NAMES[index], index, f"a:{10 + index}" if switches else None, **every
            )
            for index in range(channels)
        ),
    )


class Watching:
    """Notes the output of every channel whenever it may have changed: for a board of chips with one
    channel each, to the left of its class; :meth:`forget` begins."""

    #: What went out of all channels at a time, without repetitions.
    snapshots: list[list[Words | None]]

    def out(self, channel: int) -> Words | None:
        """What goes out of ``channel`` now; None: nothing."""
        tone = self.tone(channel)
        return tone.words if tone.emits else None

    def outputs(self) -> list[Words | None]:
        """What goes out of each channel now."""
        return [self.out(channel) for channel in range(len(self.chips))]

    def forget(self) -> None:
        """Begin :attr:`snapshots` anew, with what goes out now."""
        self.snapshots = [self.outputs()]

    @property
    def history(self) -> list[list[Words | None]]:
        """For each channel what went out of it, without repetitions."""
        history = [[out] for out in self.snapshots[0]]
        for snapshot in self.snapshots:
            for channel, out in enumerate(snapshot):
                if out != history[channel][-1]:
                    history[channel].append(out)
        return history

    def transfer(self, chip: int, data: bytes, bits: int) -> bytes:
        answer = super().transfer(chip, data, bits)
        self._watch()
        return answer

    def level(self, line: str, high: bool) -> None:
        super().level(line, high)
        self._watch()

    def pulse(self, line: str) -> None:
        super().pulse(line)
        self._watch()

    def _watch(self) -> None:
        outputs = self.outputs()
        if outputs != self.snapshots[-1]:
            self.snapshots.append(outputs)


class WatchedBoard(Watching, AD9910Board):
    """AD9910 chips that are watched."""

    def __init__(
        self, device: DeviceConfig, channels: tuple[ChannelConfig, ...], clock: ManualClock
    ) -> None:
        lines = {"io_update", *wiring(device, channels)}
        super().__init__(len(chip_selects(channels)), device.refclk, clock, lines)
        self.forget()
