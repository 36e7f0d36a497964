"""The one frame that an AD9850 takes: 40 bits, which set everything. Pure.

Data sheet: 32 bits of FTW, then the control byte W0, each with its lowest bit first. An SPI bus
sends the highest bit of a byte first, so every byte is turned round.
"""

from dds_link.words import SILENCE, Words

#: Control byte: DAC and clock stop. The bits 0 and 1 are for the factory, and must be 0.
POWER_DOWN = 1 << 2
#: Control byte: where the 5 bits of the phase begin.
PHASE_SHIFT = 3

_TURNED_ROUND = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def frame(words: Words, down: bool = False) -> bytes:
    """The bytes for MOSI, the first one first.

    :param words: FTW of 32 bits and POW of 5; there is no amplitude.
    :param down: True: powered down, so that no RF goes out.
    """
    control = words.pow << PHASE_SHIFT | (POWER_DOWN if down else 0)
    return (control << 32 | words.ftw).to_bytes(5, "little").translate(_TURNED_ROUND)


#: 0 Hz, powered down.
QUIET = frame(SILENCE, down=True)
