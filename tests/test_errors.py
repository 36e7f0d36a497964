"""Errors: their codes, their texts, and that they survive the ways they travel."""

import pickle

import pytest

from dds_link import errors
from dds_link.errors import (
    MAX_ERROR_TEXT,
    WIRE_ERRORS,
    ConfigError,
    DDSLinkError,
    DDSRefused,
    DDSStateLost,
    DDSUnavailable,
    Preempted,
    TransportError,
    TransportLost,
    WireError,
    client_error,
    plain_text,
)

CLASSES = [value for value in vars(errors).values() if isinstance(value, type)]
ON_THE_WIRE = [cls for cls in CLASSES if issubclass(cls, WireError) and cls is not WireError]
CLIENTS = [cls for cls in CLASSES if issubclass(cls, DDSLinkError)]
MAYBE_APPLIED = {"device_unavailable", "device_fault", "internal"}


def test_every_wire_error_has_its_own_code() -> None:
    assert sorted(error.code for error in ON_THE_WIRE) == sorted(WIRE_ERRORS)
    assert all(WIRE_ERRORS[error.code] is error for error in ON_THE_WIRE)


def test_the_codes_of_the_wire() -> None:
    assert set(WIRE_ERRORS) == {
        "bad_frame", "frame_too_long", "unknown_command", "bad_command", "no_such_channel",
        "out_of_range", "unsupported", "rf_killed", "busy", "unauthorized",
        "device_unavailable", "device_fault", "internal",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("as it is", "as it is"),
        ("{braces}", "(braces)"),
        ("two\n  lines\tand tabs ", "two lines and tabs"),
        ("", ""),
        ("x" * MAX_ERROR_TEXT, "x" * MAX_ERROR_TEXT),
        ("x" * (MAX_ERROR_TEXT + 1), "x" * (MAX_ERROR_TEXT - 3) + "..."),
    ],
)
def test_plain_text(text: str, plain: str) -> None:
    assert plain_text(text) == plain
    assert plain_text(plain) == plain


@pytest.mark.parametrize("code", sorted(WIRE_ERRORS))
def test_what_a_client_raises_says_whether_the_command_may_have_been_applied(code: str) -> None:
    error = client_error(code, "channel {0}: no\nsuch thing")
    assert type(error) is (DDSUnavailable if code in MAYBE_APPLIED else DDSRefused)
    assert error.code == code
    assert str(error) == code + ": channel (0): no such thing"


def test_a_code_of_a_later_version_may_have_been_applied() -> None:
    error = client_error("melted", "the chip is liquid")
    assert type(error) is DDSUnavailable
    assert error.code == "melted"


@pytest.mark.parametrize("cls", CLIENTS)
def test_a_client_error_is_made_from_one_string(cls: "type[DDSLinkError]") -> None:
    # All that ARTIQ's kernel RPC carries.
    error = cls("out_of_range: 3: too much")
    assert error.code == "out_of_range"
    assert error.args == ("out_of_range: 3: too much",)
    assert cls().code == ""


def test_the_three_are_flat() -> None:
    # A kernel's "except" matches one exact class.
    assert set(CLIENTS) == {DDSLinkError, DDSRefused, DDSUnavailable, DDSStateLost}
    assert all(cls.__base__ is DDSLinkError for cls in CLIENTS if cls is not DDSLinkError)


@pytest.mark.parametrize("cls", ON_THE_WIRE)
def test_a_wire_error_is_made_from_one_string(cls: "type[WireError]") -> None:
    error = cls("channel 'x': {odd}")
    assert error.text == str(error) == "channel 'x': (odd)"


@pytest.mark.parametrize(
    "error",
    [
        *(cls("some text") for cls in ON_THE_WIRE),
        DDSRefused("busy: later"),
        DDSStateLost("state_lost: restarted"),
        TransportError("one"),
        TransportLost("two"),
        Preempted("three"),
        ConfigError(["lab.toml: channel[0].name: one", "lab.toml: channel[1].name: two"]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_pickling(error: Exception) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)


def test_a_config_error_lists_every_problem() -> None:
    error = ConfigError(["one", "two"])
    assert error.problems == ["one", "two"]
    assert str(error) == "one\ntwo"


def test_transport_errors_are_told_apart_by_class() -> None:
    assert issubclass(TransportLost, TransportError)
    assert issubclass(Preempted, TransportError)
    assert not issubclass(errors.WireError, TransportError)
