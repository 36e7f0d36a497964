"""The conversions of :mod:`dds_link.tuning` for arrays: the same bits, and the same refusals.

For whoever computes a scan or a table at once. Every step is exact: floats are multiplied by powers
of two and split at the point only, products of two floats are rounded once by the processor, and
what does not fit a float is divided as integers of 64 bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dds_link.tuning import Tuning

Words = NDArray[np.int64]
Values = NDArray[np.float64]

_WORD = np.uint64


def _values(values: ArrayLike, name: str) -> Values:
    """``values`` as floats.

    :raises TypeError: for anything but integers and floats: booleans are no numbers here.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise TypeError(f"{name} must be integers or floats of at most 64 bits, not {array.dtype}")
    # Integers that a float cannot hold are beyond every range, and whole numbers of turns.
    return array.astype(np.float64)


def _refuse(bad: NDArray[np.bool_], values: Values, scalar: Callable[[float], Any]) -> None:
    """Raise what the scalar form raises for the first bad value, and say where that is."""
    if not bad.any():
        return
    place = np.unravel_index(np.argmax(bad), bad.shape)
    where = ", ".join(str(int(index)) for index in place)
    try:
        scalar(float(values[place]))
    except ValueError as error:
        raise ValueError(f"[{where}]: {error}" if where else str(error)) from None
    raise ArithmeticError(f"the scalar and the array form disagree on {values[place]!r}")


def _check_words(words: ArrayLike, bits: int, name: str) -> Values:
    """Words of ``bits`` as floats, which hold them exactly."""
    array = np.asarray(words)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, not {array.dtype}")
    if not bool(((array >= 0) & (array < 1 << bits)).all()):
        raise ValueError(f"{name} must be 0 ... 2**{bits} - 1")
    return array.astype(np.float64)


def _clock(sysclk: float) -> tuple[int, float]:
    """``(clock, scale)`` with ``sysclk == clock / scale``: a whole number and a power of two."""
    if not 1 <= sysclk <= 2**53:
        raise ValueError(f"sysclk {sysclk!r} Hz is outside 1 ... 2**53 Hz")
    clock, scale = float(sysclk).as_integer_ratio()
    return clock, float(scale)


def frequency_to_ftw(frequency: ArrayLike, sysclk: float, bits: int = 32) -> Words:
    """Frequency tuning words nearest to ``frequency``, ties to even.

    :param frequency: Hz.
    :param sysclk: clock of the DDS core, Hz, 1...2**53.
    :param bits: width of the words, up to 48.
    :raises ValueError: if a word is negative, or at or above half the clock.
    """
    values = _values(frequency, "frequency")
    clock, scale = _clock(sysclk)
    tuning = Tuning(sysclk, ftw_bits=bits)
    magnitude = np.abs(values)
    # Zero stands in for what is refused below, so that the arithmetic overflows nowhere.
    scaled = np.where(magnitude < sysclk, magnitude, 0.0) * scale
    whole = np.floor(scaled)
    # The dividend is remainder * 2**bits + low + rest, exactly; low < 2**bits, rest < 1.
    fraction = (scaled - whole) * 2.0**bits
    remainder = whole.astype(_WORD)
    low = fraction.astype(_WORD)
    rest = fraction - low.astype(np.float64)
    # Long division, with as many bits of the quotient at a time as 64 bits have room for.
    word = np.zeros_like(remainder)
    room = 64 - clock.bit_length()
    left = bits
    while left:
        step = min(room, left)
        left -= step
        digits = (low >> _WORD(left)) & _WORD((1 << step) - 1)
        quotient, remainder = np.divmod((remainder << _WORD(step)) | digits, _WORD(clock))
        word = (word << _WORD(step)) | quotient
    # (remainder + rest) / clock against one half; both sides are exact.
    above = 2.0 * rest
    half = clock - 2.0 * remainder.astype(np.float64)
    odd = (word & _WORD(1)).astype(np.bool_)
    up = (above > half) | ((above == half) & odd)
    result: Words = word.astype(np.int64) + up
    good = (magnitude < sysclk) & (result <= tuning.max_ftw) & ((values >= 0) | (result == 0))
    _refuse(~good, values, tuning.frequency_to_ftw)
    return result


def ftw_to_frequency(ftw: ArrayLike, sysclk: float, bits: int = 32) -> Values:
    """Frequencies in Hz that words mean, rounded once.

    :param ftw: words of ``bits``, up to 48.
    :param sysclk: clock of the DDS core, Hz, 1...2**53.
    """
    clock, scale = _clock(sysclk)
    return _check_words(ftw, bits, "ftw") * float(clock) / (scale * 2.0**bits)


def turns_to_pow(turns: ArrayLike, bits: int = 16) -> Words:
    """Phase offset words nearest to ``turns``, ties to even; they wrap after rounding.

    :param turns: phase in turns, of either sign.
    :param bits: width of the words.
    :raises ValueError: for NaN and infinity.
    """
    values = _values(turns, "phase")
    _refuse(~np.isfinite(values), values, Tuning(1.0, pow_bits=bits).turns_to_pow)
    # Both are exact: the remainder of a division by one, and a product with a power of two.
    return np.rint(np.fmod(values, 1.0) * 2.0**bits).astype(np.int64) & ((1 << bits) - 1)


def pow_to_turns(pow_: ArrayLike, bits: int = 16) -> Values:
    """Phases in turns, 0 up to but not including 1, that words mean."""
    return _check_words(pow_, bits, "pow") / 2.0**bits


def amplitude_to_asf(amplitude: ArrayLike, bits: int = 14) -> Words:
    """Amplitude scale factors ``round(amplitude * (2**bits - 1))``, ties to even.

    :param amplitude: fraction of full scale, 0...1.
    :param bits: width of the words.
    :raises ValueError: outside 0...1.
    """
    values = _values(amplitude, "amplitude")
    good = (values >= 0) & (values <= 1)
    _refuse(~good, values, Tuning(1.0, asf_bits=bits).amplitude_to_asf)
    # amplitude * (2**bits - 1) is whole + rest - amplitude, exactly. The comparisons with one half
    # are written such that a rounded side cannot change their outcome.
    scaled = values * 2.0**bits
    whole = np.floor(scaled)
    rest = scaled - whole
    word = whole.astype(np.int64)
    odd = (word & 1).astype(np.bool_)
    up = (rest - 0.5 > values) | ((rest - 0.5 == values) & odd)
    down = (values - 0.5 > rest) | ((values - 0.5 == rest) & odd)
    result: Words = word + up - down
    return result


def asf_to_amplitude(asf: ArrayLike, bits: int = 14) -> Values:
    """Fractions of full scale that words mean."""
    return _check_words(asf, bits, "asf") / ((1 << bits) - 1)
