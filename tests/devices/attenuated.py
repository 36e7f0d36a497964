"""The rig of any board of SPI chips, with attenuators behind its two channels."""

from dataclasses import replace
from typing import Any

from dds_link.config import AttenuatorConfig
from dds_link.devices.base import Write
from dds_link.transports.wiring import chip_selects
from dds_link.twins.attenuators import AttenuatedBoard
from dds_link.words import Words
from tests.devices.conformance import Rig
from tests.transports.faulty import FaultyTwin

#: What goes out of a channel (None: nothing), behind so many steps of attenuation.
Level = tuple[Words | None, int]


class WatchedChain(AttenuatedBoard):
    """Notes what goes out of each channel, and behind which attenuation, after every operation."""

    snapshots: list[list[Level]]

    def levels(self) -> list[Level]:
        """What goes out of each channel now."""
        steps = [round(2 * self.attenuators.decibel(place)) for place in range(2)]
        return list(zip(self.board.outputs(), steps, strict=True))

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
        if self.levels() != self.snapshots[-1]:
            self.snapshots.append(self.levels())


def attenuated(rig: Any, readback: bool = False) -> Rig:
    """The same rig with attenuators.

    :param rig: one that was just made.
    :param readback: the end of their chain is wired to MISO.
    """
    device, channels = rig.config
    chain = AttenuatorConfig("hmc542b", 9, (0, 1), readback)
    config = replace(device, attenuator=chain), channels
    board = WatchedChain(rig.board, len(chip_selects(channels)), chain.chain, readback)
    board.snapshots = [board.levels()]
    rig.chain = board
    rig.transport = FaultyTwin(board, rig.clock, device.readback)
    rig.device = type(rig.device)(*config, rig.transport)
    rig.device.open()
    return rig  # type: ignore[no-any-return]


def attenuations(rig: Any) -> list[int]:
    """Steps of each channel now."""
    return [steps for _, steps in rig.chain.levels()]


def forget(rig: Any) -> None:
    """Begin the history of levels, and of outputs, anew."""
    rig.forget()
    rig.chain.snapshots = [rig.chain.levels()]


def behind(words: list[Words], steps: list[int]) -> list[Write]:
    """Every channel with its words and steps; the switch is closed where anything shall go out."""
    return [
        Write(channel, word, word.asf > 0, step)
        for channel, (word, step) in enumerate(zip(words, steps, strict=True))
    ]
