"""Values that go into requests: what is taken, what is refused, and with which code."""

import json
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.client import frames
from dds_link.errors import DDSRefused

NUMBERS = [
    80e6,
    80000000,
    np.float64(80e6),
    np.int64(80000000),
    Decimal(80000000),
    Fraction(80000000),
]
NO_NUMBERS = ["80e6", b"80", True, np.bool_(True), [80e6], 1j, np.str_("1"), np.array([1.0, 2.0])]
INTEGERS = [7, np.int32(7), np.int64(7), np.uint8(7)]
NO_INTEGERS = [7.0, "7", True, np.bool_(True), np.float64(7), [7]]


def code_of(call, *args, **kwargs):
    """The code with which a call is refused."""
    with pytest.raises(DDSRefused) as refused:
        call(*args, **kwargs)
    return refused.value.code


@pytest.mark.parametrize("value", NUMBERS, ids=repr)
def test_a_number_becomes_a_float(value):
    number = frames.real(value, "frequency")
    assert (type(number), number) == (float, 80e6)


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_number_is_refused(value):
    assert code_of(frames.real, value, "frequency") == "bad_command"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan"), 10**400])
def test_what_is_not_finite_is_refused(value):
    assert code_of(frames.real, value, "frequency") == "out_of_range"


@pytest.mark.parametrize("value", INTEGERS, ids=repr)
def test_an_integer_becomes_an_int(value):
    number = frames.integer(value, "ftw")
    assert (type(number), number) == (int, 7)


@pytest.mark.parametrize("value", NO_INTEGERS, ids=repr)
def test_what_is_no_integer_is_refused(value):
    assert code_of(frames.integer, value, "ftw") == "bad_command"


@pytest.mark.parametrize("value", [-(1 << 63), (1 << 64) - 1])
def test_64_bits_fit(value):
    assert frames.integer(value, "ftw") == value


@pytest.mark.parametrize("value", [-(1 << 63) - 1, 1 << 64])
def test_more_than_64_bits_are_refused(value):
    assert code_of(frames.integer, value, "ftw") == "out_of_range"


@pytest.mark.parametrize("value", [True, np.bool_(True)])
def test_a_boolean_becomes_a_bool(value):
    assert frames.boolean(value, "enabled") is True


@pytest.mark.parametrize("value", [1, 0, "on", None], ids=repr)
def test_what_is_no_boolean_is_refused(value):
    assert code_of(frames.boolean, value, "enabled") == "bad_command"


@pytest.mark.parametrize("value", [None, 0.0, True, ["cooling"]], ids=repr)
def test_what_is_no_channel_is_refused(value):
    assert code_of(frames.channel_key, value) == "bad_command"


def test_a_numpy_string_is_a_name():
    assert type(frames.channel_key(np.str_("cooling"))) is str


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: frames.apply_frame([{"channel": 0, "freqency": 1.0}]), "bad_command"),
        (lambda: frames.apply_frame([{"frequency": 1.0}]), "bad_command"),
        (lambda: frames.apply_frame([{"channel": None}]), "bad_command"),
        (lambda: frames.apply_frame({"channel": 0}), "bad_command"),
        (lambda: frames.apply_frame([0]), "bad_command"),
        (lambda: frames.apply_frame(None), "bad_command"),
        (lambda: frames.apply_frame("cooling"), "bad_command"),
        (lambda: frames.sync_frame("cooling"), "bad_command"),
        (lambda: frames.sync_frame(0), "bad_command"),
        (lambda: frames.sync_frame([0.5]), "bad_command"),
        (lambda: frames.get_frame(0, 1), "bad_command"),
        (lambda: frames.hello_frame(7, None), "bad_command"),
        (lambda: frames.hello_frame("scan.py", 7.5), "bad_command"),
        (lambda: frames.subscribe_frame(math.nan), "out_of_range"),
        (lambda: frames.subscribe_frame("1"), "bad_command"),
        (lambda: frames.get_frame("\ud800", False), "bad_command"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(call, code):
    assert code_of(call) == code


def test_the_refusal_names_field_and_value_and_has_no_braces():
    with pytest.raises(DDSRefused) as refused:
        frames.real({"f": 1}, "frequency")
    assert refused.value.args == ("bad_command: frequency must be a number, not ('f': 1)",)


FIELDS = {
    "frequency": st.floats(allow_nan=False, allow_infinity=False),
    "amplitude": st.floats(0, 1),
    "phase": st.integers(-(1 << 53), 1 << 53),
    "enabled": st.booleans(),
    "ftw": st.integers(0, (1 << 48) - 1),
    "pow": st.integers(0, 65535),
    "asf": st.integers(0, 16383),
    "attenuation": st.floats(allow_nan=False, allow_infinity=False),
}


@given(
    st.integers(0, 1023) | st.text(st.characters(exclude_categories=["Cs"])),
    st.fixed_dictionaries({}, optional=FIELDS),
)
def test_set_and_apply_put_the_same_fields_on_the_wire(channel, fields):
    every = {name: fields.get(name) for name in FIELDS}
    sent = json.loads(frames.set_frame(channel, **every))
    body = {"channel": channel, **fields}
    assert sent == {"command_id": "set", **body}
    assert json.loads(frames.apply_frame([{"channel": channel, **every}]))["changes"] == [body]


def test_a_frame_is_one_line():
    frame = frames.set_frame("a\nb", 80e6, None, None, None, None, None, None)
    assert frame.count(b"\n") == 1
    assert frame.endswith(b"\n")
