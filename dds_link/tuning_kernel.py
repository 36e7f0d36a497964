"""The conversions of :mod:`dds_link.tuning` for ARTIQ kernels: the same bits, on the core device.

A float holds 53 bits, and ``frequency * 2**32 / sysclk`` needs more: computed in floats it is off
by one now and then. Here every step is exact. A clock is handed over as two numbers (made by
:func:`kernel_clock`): ``sysclk == clock / scale``, with a whole ``clock`` up to 2**53 and a power
of two ``scale``. Multiplying a float by a power of two is exact; the rest is long division.

No integer of 64 bits is made a float: LLVM turns that into ``__floatundidf`` as soon as it sees
that the integer is not negative, and no firmware for RISC-V up to ARTIQ 9 has that function, so
that the kernel would compile but not load.

Errors are ``ValueError``, because a kernel can name it.
"""

from typing import Tuple

from dds_link.kernel_language import TFloat, TInt32, TInt64, int32, int64, portable

_SPLIT = 67108864.0  # 2**26: both parts of a whole number below 2**53 fit an int32
_MAX_WHOLE = 9007199254740992.0  # 2**53; floats from here on are even whole numbers
_MAX_FLOAT = 1.7976931348623157e308


def kernel_clock(sysclk: float) -> Tuple[int64, float]:
    """``(clock, scale)`` of a system clock, for the functions below. For the host.

    :param sysclk: Hz, 1...2**53.
    :raises ValueError: outside that, and for NaN.
    """
    if not 1 <= sysclk <= _MAX_WHOLE:
        raise ValueError("sysclk {!r} Hz is outside 1 ... 2**53 Hz".format(sysclk))
    clock, scale = float(sysclk).as_integer_ratio()
    return int64(clock), float(scale)


@portable
def _fraction(value: TFloat) -> TFloat:
    """What is after the point of ``value``, 0...2**53, exactly."""
    rest = value - float(int32(value / _SPLIT)) * _SPLIT
    return rest - float(int32(rest))


@portable
def _to_float(value: TInt64) -> TFloat:
    """A whole number, 0...2**53, as a float, exactly."""
    return float(int32(value >> 26)) * _SPLIT + float(int32(value & int64(0x3FFFFFF)))


@portable
def _nearest_ftw(frequency: TFloat, clock: TInt64, scale: TFloat, bits: TInt32) -> TInt64:
    """``frequency * 2**bits / sysclk``, nearest, ties to even; ``bits`` is a multiple of 8.

    :raises ValueError: if the word is negative, or at or above half of 2**bits.
    """
    magnitude = frequency
    if frequency < 0.0:
        magnitude = -frequency
    scaled = magnitude * scale
    if not scaled <= _MAX_WHOLE:  # NaN and infinity, too
        raise ValueError("frequency is outside 0 Hz ... below half of sysclk")
    remainder = int64(scaled)
    if remainder >= clock:
        raise ValueError("frequency is outside 0 Hz ... below half of sysclk")
    # Long division, eight bits of the quotient at a time: remainder < 2**53 leaves room for them.
    fraction = _fraction(scaled)
    word = int64(0)
    done = 0
    while done < bits:
        done += 8
        fraction *= 256.0
        digit = int32(fraction)
        fraction -= float(digit)
        remainder = (remainder << 8) | int64(digit)
        quotient = remainder // clock
        remainder -= quotient * clock
        word = (word << 8) | quotient
    # Compare (remainder + fraction) / clock with one half: 2 * fraction, 0...2, with ``excess``.
    excess = clock - int64(2) * remainder
    if excess > int64(2):
        excess = int64(2)
    if excess < int64(-1):
        excess = int64(-1)
    above = 2.0 * fraction - float(int32(excess))
    if above > 0.0 or (above == 0.0 and (word & int64(1)) == int64(1)):
        word += int64(1)
    # A frequency just below zero is the word 0.
    if (word >> (bits - 1)) > int64(0) or (word > int64(0) and frequency < 0.0):
        raise ValueError("frequency is outside 0 Hz ... below half of sysclk")
    return word


@portable
def frequency_to_ftw(frequency: TFloat, clock: TInt64, scale: TFloat) -> TInt32:
    """As :meth:`dds_link.tuning.Tuning.frequency_to_ftw`, for words of 32 bits.

    :param frequency: Hz.
    :param clock: of :func:`kernel_clock`.
    :param scale: of :func:`kernel_clock`.
    :raises ValueError: if the word is negative, or at or above half the clock.
    """
    return int32(_nearest_ftw(frequency, clock, scale, 32))


@portable
def frequency_to_ftw48(frequency: TFloat, clock: TInt64, scale: TFloat) -> TInt64:
    """As :func:`frequency_to_ftw`, for words of 48 bits."""
    return _nearest_ftw(frequency, clock, scale, 48)


@portable
def ftw_to_frequency(ftw: TInt32, clock: TInt64, scale: TFloat) -> TFloat:
    """Frequency in Hz that a word of 32 bits means, rounded once."""
    return float(ftw) * _to_float(clock) / (4294967296.0 * scale)


@portable
def ftw48_to_frequency(ftw: TInt64, clock: TInt64, scale: TFloat) -> TFloat:
    """Frequency in Hz that a word of 48 bits means, rounded once."""
    return _to_float(ftw) * _to_float(clock) / (281474976710656.0 * scale)


@portable
def turns_to_pow(turns: TFloat, bits: TInt32 = 16) -> TInt32:
    """As :meth:`dds_link.tuning.Tuning.turns_to_pow`.

    :param turns: phase in turns, of either sign.
    :param bits: width of the word, 1...30.
    :raises ValueError: for NaN and infinity.
    """
    magnitude = turns
    if turns < 0.0:
        magnitude = -turns
    if not magnitude <= _MAX_FLOAT:
        raise ValueError("phase must be a finite number")
    word = int32(0)
    if magnitude < _MAX_WHOLE:
        scaled = _fraction(magnitude) * float(int32(1) << bits)
        word = int32(scaled)
        rest = scaled - float(word)
        if rest > 0.5 or (rest == 0.5 and (word & 1) == 1):
            word += int32(1)
        if turns < 0.0:
            word = -word
    return word & ((int32(1) << bits) - 1)


@portable
def pow_to_turns(pow_: TInt32, bits: TInt32 = 16) -> TFloat:
    """Phase in turns, 0 up to but not including 1, that ``pow_`` means."""
    return float(pow_) / float(int32(1) << bits)


@portable
def amplitude_to_asf(amplitude: TFloat, bits: TInt32 = 14) -> TInt32:
    """As :meth:`dds_link.tuning.Tuning.amplitude_to_asf`.

    :param amplitude: fraction of full scale, 0...1.
    :param bits: width of the word, 2...30.
    :raises ValueError: outside 0...1.
    """
    if not 0.0 <= amplitude <= 1.0:
        raise ValueError("amplitude is outside 0 ... 1 of full scale")
    # amplitude * (2**bits - 1) is word + rest - amplitude, exactly. The comparisons with one half
    # are written such that a rounded side cannot change their outcome.
    scaled = amplitude * float(int32(1) << bits)
    word = int32(scaled)
    rest = scaled - float(word)
    odd = (word & 1) == 1
    if rest - 0.5 > amplitude or (rest - 0.5 == amplitude and odd):
        word += int32(1)
    elif amplitude - 0.5 > rest or (amplitude - 0.5 == rest and odd):
        word -= int32(1)
    return word


@portable
def asf_to_amplitude(asf: TInt32, bits: TInt32 = 14) -> TFloat:
    """Fraction of full scale that ``asf`` means."""
    return float(asf) / float((int32(1) << bits) - 1)
