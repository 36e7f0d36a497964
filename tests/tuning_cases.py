"""Inputs on which all forms of the conversions must agree to the bit."""

import math
from collections.abc import Iterator

from hypothesis import strategies as st

from dds_link.tuning import Tuning

# Hz: real boards, a clock that is no whole number, and both ends of the range.
CLOCKS = [1e9, 3.5e9, 960e6, 125e6, 25e6, 429496729.6, 2.0**30, 999999970.3, 1.0, 2.0**53]
BAD_CLOCKS = [0.0, -1e9, 0.999, 2.0**54, math.nan, math.inf]

PHASE_WIDTHS = [5, 12, 14, 16]
AMPLITUDE_WIDTHS = [10, 12, 14]


def frequencies(sysclk: float, bits: int) -> Iterator[float]:
    """Edges: the ends of the range, exact steps, ties and their neighbours."""
    step = sysclk / 2**bits
    words = [0, 1, 2, 3, 1000, 2 ** (bits - 2) + 1, 2 ** (bits - 1) - 2, 2 ** (bits - 1) - 1]
    for word in words:
        for part in (-0.5, -0.25, 0.0, 0.25, 0.5):
            frequency = (word + part) * step
            yield from _neighbours(frequency)
    yield from (5e-324, -5e-324, sysclk / 2, sysclk, -step, 1e300, -1e300)
    yield from (math.nan, math.inf, -math.inf)


def phases(bits: int) -> Iterator[float]:
    """Edges: whole turns, ties and their neighbours, huge and tiny values of either sign."""
    for turns in (0.0, 1.0, 0.25, 1 / 3, 359.999 / 360, 2.0**40 + 0.5, 2.0**52 + 1, 2.0**53, 1e300):
        yield from _neighbours(turns)
    for word in (0, 1, 2, 3, 2**bits - 2, 2**bits - 1):
        yield from _neighbours((word + 0.5) / 2**bits)
        yield from _neighbours(-(word + 0.5) / 2**bits)
    yield from (5e-324, -5e-324, -0.0, -1e300)
    yield from (math.nan, math.inf, -math.inf)


def amplitudes(bits: int) -> Iterator[float]:
    """Edges: the ends of the range, exact steps, ties and their neighbours."""
    full = 2**bits - 1
    for word in (0, 1, 2, full // 4, full // 2, full // 2 + 1, full - 2, full - 1, full):
        yield from _neighbours(word / full)
        yield from _neighbours((word + 0.5) / full)
    yield from (0.5, 5e-324, -5e-324, -0.0, -1.0, 2.0, 1e300)
    yield from (math.nan, math.inf, -math.inf)


def _neighbours(value: float) -> list[float]:
    return [math.nextafter(value, -math.inf), value, math.nextafter(value, math.inf)]


SYSCLKS = st.sampled_from(CLOCKS) | st.floats(1.0, 1e10)
TURNS = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-4, 4)
AMPLITUDES = st.floats(0, 1)


@st.composite
def tunings_with_frequency(draw: st.DrawFn, bits: int) -> "tuple[Tuning, float]":
    """A clock and a frequency that has a word there; half of them next to a tie."""
    tuning = Tuning(draw(SYSCLKS), ftw_bits=bits)
    word = draw(st.integers(0, tuning.max_ftw - 1))
    part = draw(st.just(0.5) | st.floats(0, 0.99))
    return tuning, min((word + part) / 2**bits * tuning.sysclk, tuning.ftw_to_frequency(word + 1))
