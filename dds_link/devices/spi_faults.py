"""What is usually wrong when a chip on an SPI bus does not answer as it must. Pure."""

from __future__ import annotations

from collections.abc import Sequence

# Most bits by which a broken serial port is taken to be late or early.
_MOST = 7


def fault(sent: bytes, answers: Sequence[bytes], expected: int, width: int) -> str:
    """Tell the usual faults by their bits.

    :param sent: the frame that asked for a register.
    :param answers: what came in meanwhile, each time that it was sent.
    :param expected: what the register should read.
    :param width: of the register, bytes; the frame ends with it.
    :returns: the likely faults, and what to do.
    """
    if len(set(answers)) > 1:
        return "each time it reads something else: a loose wire, a missing ground, or a high spi_hz"
    bits = 8 * width
    ones = (1 << bits) - 1
    value = int.from_bytes(answers[0][-width:], "big")
    if answers[0] == sent:
        return "that is what was sent: MISO is connected to MOSI"
    if value == 0:
        return (
            "all zero: no power, the wrong chip select, MISO not wired; or a chip that nobody has "
            "started since it has power (it answers on SDIO only: start the controller once)"
        )
    if value == ones:
        return "all ones: MISO not wired, no power, or held in reset"
    if value == expected ^ ones:
        return "every bit is inverted: a level shifter or optocoupler inverts MISO"
    shift = _shift(value, expected, bits)
    if shift:
        return (
            f"bits are {abs(shift)} {'late' if shift > 0 else 'early'}: the serial port is out of "
            "step (wire io_reset, or switch the power off and on), the clock has echoes (short "
            "wires, more ground), or spi_hz is too high"
        )
    return "it is another chip, or two chips answer at once: compare type and chip_select"


def _shift(value: int, expected: int, bits: int) -> int:
    """By how many bits ``value`` comes late, below zero early; 0 if it is not ``expected``.

    What is pushed in is not compared, what is left of ``expected`` must not be nothing.
    """
    for shift in range(1, _MOST + 1):
        rest = (1 << bits - shift) - 1
        if expected >> shift and value & rest == expected >> shift:
            return shift
        if expected & rest and value >> shift == expected & rest:
            return -shift
    return 0
