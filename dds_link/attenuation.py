"""Digital step attenuators: which there are, and from dB to steps and back, exactly, once.

Facts of the HMC542B: ARTIQ's driver of the Urukul board (``artiq/coredevice/urukul.py``: steps of
0.5 dB up to 31.5 dB, a serial clock of 30 MHz at most).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from msgspec import Struct


class Attenuation(Struct, frozen=True, gc=False):
    """What an attenuator can do: 0 dB (but for its insertion loss) up to a maximum."""

    max_db: float
    """A whole number of steps."""
    step_db: float

    @property
    def max_steps(self) -> int:
        """Steps of the largest attenuation."""
        return round(self.max_db / self.step_db)

    def db_to_steps(self, decibel: float) -> int:
        """The number of steps nearest to ``decibel``. A tie goes to the larger attenuation: what is
        behind is better off with less power than was asked for than with more.

        :raises ValueError: if that is below 0 or above the largest; it is the steps that count.
        """
        steps = -1
        if math.isfinite(decibel):
            steps = math.floor(Fraction(decibel) / Fraction(self.step_db) + Fraction(1, 2))
        if not 0 <= steps <= self.max_steps:
            raise ValueError(f"attenuation {decibel:.15g} dB is outside 0 ... {self.max_db:.15g}")
        return steps

    def steps_to_db(self, steps: int) -> float:
        """Attenuation in dB that ``steps`` mean."""
        return steps * self.step_db


class Model(NamedTuple):
    """A kind of attenuator."""

    attenuation: Attenuation
    max_spi_hz: float
    """Fastest serial clock, Hz."""


MODELS = {"hmc542b": Model(Attenuation(31.5, 0.5), 30e6)}
"""By the ``type`` of a config file."""
