"""Which registers make the tone of an AD9914."""

import pytest

from dds_link.twins.ad9914_core import Core, core
from tests.twins.ad9914_frames import CFR1, CFR2, FTW_0, LOWER_LIMIT, TONE_0, tone

OSK, PROFILE = 1 << 8, 1 << 23


def run(cfr1: int = OSK, cfr2: int = PROFILE, profile: int = 0) -> Core:
    """The core of a chip with one tone in profile 0 and another one in profile 7."""
    active = [0] * 28
    active[CFR1], active[CFR2], active[LOWER_LIMIT] = cfr1, cfr2, 0x89ABCDEF
    active[FTW_0], active[TONE_0] = 0x1111, tone(0x2222, 0x333)
    active[FTW_0 + 14], active[TONE_0 + 14] = 1, 0xF0030002
    return core(active, profile)


def test_single_tone() -> None:
    assert run() == Core(0x1111, 0x2222, 0x333, True)


def test_the_pins_select_the_profile_whose_upper_bits_mean_nothing() -> None:
    assert run(profile=7) == Core(1, 2, 3, True)


def test_without_osk_the_level_is_full() -> None:
    assert run(cfr1=0) == Core(0x1111, 0x2222, 0xFFF, True)


def test_osk_by_its_pin_is_not_modelled() -> None:
    assert not run(cfr1=OSK | 1 << 9).modelled


def test_without_profile_mode_there_is_no_frequency_and_nobody_knows() -> None:
    assert run(cfr2=0) == Core(0, 0, 0, False)


@pytest.mark.parametrize("bit", [22, 16], ids=["parallel port", "modulus"])
def test_what_is_not_modelled(bit: int) -> None:
    assert run(cfr2=PROFILE | 1 << bit) == Core(0x1111, 0x2222, 0x333, False)


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        (0, Core(0x89ABCDEF, 0x2222, 0x333, False)),
        (1, Core(0x1111, 0x89AB, 0x333, False)),
        (2, Core(0x1111, 0x2222, 0x89A, False)),
        (3, Core(0x1111, 0x2222, 0x89A, False)),
    ],
)
def test_the_digital_ramp_is_shown_at_its_lower_limit(destination: int, expected: Core) -> None:
    assert run(cfr2=PROFILE | 1 << 19 | destination << 20) == expected
