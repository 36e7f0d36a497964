"""Hz, turns and fractions of full scale to FTW, POW and ASF, and back: exact, once, for every chip.

A word is the nearest one in exact arithmetic, ties to even; nothing is rounded twice. Where a
float's own product is certainly on the right side of every tie, its nearest integer is that word;
else it is worked out in integers. The widths are the chip's: FTW 28, 32 or 48 bits, POW 5 to 16,
ASF 1, 10, 12 or 14. ``tuning_numpy`` (arrays) and
``tuning_kernel`` (ARTIQ kernels) give the same bits.
"""

import operator
import sys
from typing import Tuple, Union

Number = Union[int, float]

_TWO_38 = 2.0**38
_MAX_WHOLE = int(sys.float_info.max)


def _ratio(value: Number, name: str) -> Tuple[int, int]:
    """``value`` as an exact fraction; ``ValueError`` for NaN and infinity, which are none."""
    if isinstance(value, float):
        try:
            return value.as_integer_ratio()
        except (ValueError, OverflowError):
            raise ValueError("{} must be a finite number, not {!r}".format(name, value)) from None
    try:
        whole = operator.index(value)
    except TypeError:
        # NumPy's float32, say.
        return _ratio(float(value), name)
    # As 1e400, which a float takes for infinity.
    if not -_MAX_WHOLE <= whole <= _MAX_WHOLE:
        raise ValueError("{} must be a finite number, not one of so many digits".format(name))
    return whole, 1


def _nearest(numerator: int, denominator: int) -> int:
    """The integer nearest to a fraction with a positive denominator, ties to even."""
    # The floor of the fraction plus one half; nothing is left of it in a tie only.
    nearest, rest = divmod(2 * numerator + denominator, 2 * denominator)
    return nearest if rest else nearest & ~1


class Tuning:
    """The words of one channel: its clock and its widths.

    :param sysclk: clock of the DDS core, 1...1e18 Hz.
    :param ftw_bits: width of the frequency tuning word.
    :param pow_bits: width of the phase offset word.
    :param asf_bits: width of the amplitude scale factor.
    """

    __slots__ = ("asf_bits", "ftw_bits", "max_asf", "max_ftw", "pow_bits", "sysclk",
                 "_ftw_den", "_ftw_num", "_ftw_scale", "_ftw_sure",
                 "_hertz", "_pow_scale")  # fmt: skip

    def __init__(
        self, sysclk: float, ftw_bits: int = 32, pow_bits: int = 16, asf_bits: int = 14
    ) -> None:
        self.sysclk = float(sysclk)
        self.ftw_bits = ftw_bits
        self.pow_bits = pow_bits
        self.asf_bits = asf_bits
        #: Largest usable FTW: the one below half the clock.
        self.max_ftw = (1 << (ftw_bits - 1)) - 1
        #: ASF of full scale.
        self.max_asf = (1 << asf_bits) - 1
        if not 1.0 <= self.sysclk <= 1e18:
            raise ValueError("sysclk must be 1 ... 1e18 Hz, not {!r}".format(sysclk))
        clock_num, clock_den = self.sysclk.as_integer_ratio()
        # FTW = f * 2^bits / sysclk, with sysclk = num / den.
        self._ftw_num = clock_den << ftw_bits
        self._ftw_den = clock_num
        # The same in floats: scale and product are each off by 2^-53 of themselves at most, so that
        # a product up to 2^bits is off by less than 2^(bits - 51).
        self._ftw_scale = 2.0**ftw_bits / self.sysclk
        self._ftw_sure = 0.5 - 2.0 ** (ftw_bits - 51)
        # A float's denominator is a power of 2, so that this is exact.
        self._hertz = 1.0 / self._ftw_num
        self._pow_scale = 1 << pow_bits

    def frequency_to_ftw(self, frequency: Number) -> int:
        """Frequency tuning word nearest to ``frequency``.

        :param frequency: Hz.
        :raises ValueError: if the word is negative, or at or above half the clock (it is the word
            that counts: 499999999.9 Hz at 1 GHz rounds to half the clock).
        """
        if type(frequency) is float and 0.0 <= frequency < self.sysclk:
            product = frequency * self._ftw_scale
            ftw = int(product + 0.5)
            if -self._ftw_sure < product - ftw < self._ftw_sure and ftw <= self.max_ftw:
                return ftw
        numerator, denominator = _ratio(frequency, "frequency")
        ftw = _nearest(numerator * self._ftw_num, denominator * self._ftw_den)
        if not 0 <= ftw <= self.max_ftw:
            raise ValueError(
                "frequency {:.15g} Hz is outside 0 ... {:.15g} Hz (below half of sysclk)".format(
                    frequency, self.ftw_to_frequency(self.max_ftw)
                )
            )
        return ftw

    def ftw_to_frequency(self, ftw: int) -> float:
        """Frequency in Hz that ``ftw`` means, rounded once to the nearest float."""
        return ftw * self._ftw_den * self._hertz

    def turns_to_pow(self, turns: Number) -> int:
        """Phase offset word nearest to ``turns``; it wraps after rounding, so 0.999999 turn is 0.

        :param turns: phase in turns, of either sign.
        """
        if type(turns) is float and -1e15 < turns < 1e15:
            return round(turns * self._pow_scale) & (self._pow_scale - 1)  # a power of 2: exact
        numerator, denominator = _ratio(turns, "phase")
        return _nearest(numerator << self.pow_bits, denominator) & (self._pow_scale - 1)

    def pow_to_turns(self, pow_: int) -> float:
        """Phase in turns, 0 up to but not including 1, that ``pow_`` means."""
        return pow_ / self._pow_scale

    def amplitude_to_asf(self, amplitude: Number) -> int:
        """Amplitude scale factor ``round(amplitude * (2^bits - 1))``.

        :param amplitude: fraction of full scale, 0...1.
        :raises ValueError: outside 0...1.
        """
        if type(amplitude) is float and 0.0 <= amplitude <= 1.0:
            product = amplitude * self.max_asf
            asf = round(product)
            # Far from a tie, or exact: up to 38 bits times up to 14.
            if -0.499 < product - asf < 0.499 or (amplitude * _TWO_38).is_integer():
                return asf
        numerator, denominator = _ratio(amplitude, "amplitude")
        if not 0 <= numerator <= denominator:
            raise ValueError("amplitude {:.15g} is outside 0 ... 1 of full scale".format(amplitude))
        return _nearest(numerator * self.max_asf, denominator)

    def asf_to_amplitude(self, asf: int) -> float:
        """Fraction of full scale that ``asf`` means."""
        return asf / self.max_asf


def frequency_to_ftw(frequency: Number, sysclk: float, bits: int = 32) -> int:
    """As :meth:`Tuning.frequency_to_ftw`, for one word."""
    return Tuning(sysclk, ftw_bits=bits).frequency_to_ftw(frequency)


def ftw_to_frequency(ftw: int, sysclk: float, bits: int = 32) -> float:
    """As :meth:`Tuning.ftw_to_frequency`, for one word."""
    return Tuning(sysclk, ftw_bits=bits).ftw_to_frequency(ftw)


def turns_to_pow(turns: Number, bits: int = 16) -> int:
    """As :meth:`Tuning.turns_to_pow`, for one word."""
    return Tuning(1.0, pow_bits=bits).turns_to_pow(turns)


def pow_to_turns(pow_: int, bits: int = 16) -> float:
    """As :meth:`Tuning.pow_to_turns`, for one word."""
    return Tuning(1.0, pow_bits=bits).pow_to_turns(pow_)


def amplitude_to_asf(amplitude: Number, bits: int = 14) -> int:
    """As :meth:`Tuning.amplitude_to_asf`, for one word."""
    return Tuning(1.0, asf_bits=bits).amplitude_to_asf(amplitude)


def asf_to_amplitude(asf: int, bits: int = 14) -> float:
    """As :meth:`Tuning.asf_to_amplitude`, for one word."""
    return Tuning(1.0, asf_bits=bits).asf_to_amplitude(asf)
