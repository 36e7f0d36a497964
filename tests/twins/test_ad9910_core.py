"""Which registers make the tone: the priority table of the AD9910."""

import pytest

from dds_link.twins.ad9910_core import Core, core
from tests.twins.ad9910_frames import ASF, CFR1, CFR2, DRG_LIMIT, FTW, POW, PROFILE0, single_tone

PROFILE_TONE = single_tone(0x1111, 0x2222, 0x0333)
CELL = 0xABCD9874
RAM_ON = 1 << 31
BIT_24 = 1 << 24


def run(profile: int = 0, **registers: int) -> Core:
    """The core of a chip with these registers on top of one tone in profile 0."""
    names = {"cfr1": CFR1, "cfr2": CFR2, "ftw": FTW, "pow_": POW, "asf": ASF, "drg": DRG_LIMIT}
    active = [0] * 32
    active[PROFILE0] = PROFILE_TONE
    for name, value in registers.items():
        active[names.get(name, PROFILE0 + int(name[-1]) if name[-1].isdecimal() else 0)] = value
    return core(active, [0] * 100 + [CELL] + [0] * 923, profile)


def test_single_tone() -> None:
    assert run(cfr2=BIT_24) == Core(0x1111, 0x2222, 0x0333, True)


def test_the_amplitude_of_a_profile_needs_bit_24_of_cfr2() -> None:
    assert run(cfr2=0) == Core(0x1111, 0x2222, 0x3FFF, True)


def test_the_pins_select_the_profile() -> None:
    assert run(7, cfr2=BIT_24, profile7=single_tone(1, 2, 3)) == Core(1, 2, 3, True)


def test_the_registers_for_one_word_are_not_used_in_single_tone_mode() -> None:
    assert run(cfr2=BIT_24, ftw=9, pow_=9, asf=9 << 2) == run(cfr2=BIT_24)


def test_osk_takes_the_amplitude_from_its_register() -> None:
    on = run(cfr1=1 << 9, cfr2=BIT_24, asf=0xFFFF << 16 | 0x1234 << 2 | 3)
    assert on == Core(0x1111, 0x2222, 0x1234, True)


def test_osk_by_its_pin_is_off_because_the_pin_is_tied_low() -> None:
    assert run(cfr1=1 << 9 | 1 << 23, asf=0x1234 << 2).asf == 0


def test_automatic_osk_is_not_modelled() -> None:
    assert not run(cfr1=1 << 9 | 1 << 8, asf=0x1234 << 2).modelled


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        (0, Core(CELL, 0x77, 0x3FFF, True)),
        (1, Core(0x55, 0xABCD, 0x3FFF, True)),
        (2, Core(0x55, 0x77, CELL >> 18, True)),
        (3, Core(0x55, 0xABCD, 0x9874 >> 2, True)),
    ],
)
@pytest.mark.parametrize("mode", [0, 5, 6, 7])
def test_ram_direct_switch(destination: int, expected: Core, mode: int) -> None:
    control = 100 << 14 | mode
    cfr1 = RAM_ON | destination << 29
    assert run(cfr1=cfr1, cfr2=BIT_24, ftw=0x55, pow_=0x77, profile0=control) == expected


def test_each_profile_has_its_own_place_in_the_ram() -> None:
    assert run(3, cfr1=RAM_ON, profile3=100 << 14).ftw == CELL
    assert run(2, cfr1=RAM_ON, profile3=100 << 14).ftw == 0


@pytest.mark.parametrize("mode", [1, 2, 3, 4])
def test_ram_playback_is_not_modelled(mode: int) -> None:
    assert not run(cfr1=RAM_ON, profile0=mode).modelled


def test_internal_profile_control_is_not_modelled() -> None:
    assert not run(cfr1=RAM_ON | 1 << 17, profile0=0).modelled
    assert run(cfr1=1 << 17).modelled  # without the RAM it means nothing


def test_osk_is_stronger_than_the_ram() -> None:
    on = run(cfr1=RAM_ON | 2 << 29 | 1 << 9, profile0=100 << 14, asf=0x0123 << 2)
    assert on.asf == 0x0123


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        (0, Core(0x89ABCDEF, 0x2222, 0x0333, False)),
        (1, Core(0x1111, 0x89AB, 0x0333, False)),
        (2, Core(0x1111, 0x2222, 0x89ABCDEF >> 18, False)),
        (3, Core(0x1111, 0x2222, 0x89ABCDEF >> 18, False)),
    ],
)
def test_the_digital_ramp_is_shown_at_its_lower_limit(destination: int, expected: Core) -> None:
    cfr2 = BIT_24 | 1 << 19 | destination << 20
    assert run(cfr2=cfr2, drg=0xFFFFFFFF << 32 | 0x89ABCDEF) == expected


def test_the_ram_is_stronger_than_the_ramp() -> None:
    both = run(cfr1=RAM_ON, cfr2=1 << 19, profile0=100 << 14, drg=5)
    assert both == Core(CELL, 0, 0x3FFF, False)


def test_the_parallel_port_adds_to_the_ftw_register() -> None:
    assert run(cfr2=BIT_24 | 1 << 4, ftw=0x55) == Core(0x55, 0x2222, 0x0333, False)


def test_internal_updates_are_not_modelled() -> None:
    assert not run(cfr2=1 << 23).modelled
