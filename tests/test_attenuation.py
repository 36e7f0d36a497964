"""Steps of attenuators."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.attenuation import MODELS, Attenuation

URUKUL = MODELS["hmc542b"].attenuation


def test_the_hmc542b_has_63_steps_of_half_a_decibel() -> None:
    assert Attenuation(31.5, 0.5) == URUKUL
    assert URUKUL.max_steps == 63


@pytest.mark.parametrize(
    ("decibel", "steps"),
    [(0.0, 0), (0.5, 1), (10.0, 20), (31.5, 63), (10.2, 20), (10.3, 21),
     (-0.25, 0), (31.74, 63)],
)  # fmt: skip
def test_the_nearest_step(decibel: float, steps: int) -> None:
    assert URUKUL.db_to_steps(decibel) == steps


def test_a_tie_goes_to_the_larger_attenuation() -> None:
    assert URUKUL.db_to_steps(10.25) == 21
    assert URUKUL.db_to_steps(10.75) == 22
    assert URUKUL.db_to_steps(math.nextafter(0.25, 0)) == 0  # 0.49999999999999994 steps


@pytest.mark.parametrize("decibel", [-0.26, 31.75, 1e300, -1e300, math.nan, math.inf, -math.inf])
def test_outside_is_refused(decibel: float) -> None:
    with pytest.raises(ValueError, match=r"dB is outside 0 \.\.\. 31\.5"):
        URUKUL.db_to_steps(decibel)


@given(
    st.floats(0, 31.5), st.sampled_from([URUKUL, Attenuation(31.75, 0.25), Attenuation(31.5, 0.1)])
)
def test_it_is_never_off_by_more_than_half_a_step(decibel: float, kind: Attenuation) -> None:
    steps = kind.db_to_steps(decibel)
    off = Fraction(decibel) - steps * Fraction(kind.step_db)
    half = Fraction(kind.step_db) / 2
    assert -half <= off < half


@given(st.integers(0, 63))
def test_what_was_achieved_can_be_asked_for(steps: int) -> None:
    assert URUKUL.db_to_steps(URUKUL.steps_to_db(steps)) == steps
