"""Optional libraries, and the system's errors in plain words."""

import errno
import sys

import pytest

from dds_link.errors import TransportLost
from dds_link.transports.system import IN_USE, OTHERS_HAVE_IT, library, plain, reason, unusable


def test_a_library() -> None:
    assert library("json", "json", "spi").loads("1") == 1


def test_a_missing_library_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(TransportLost) as caught:
        library("serial", "pyserial", "serial")
    assert str(caught.value) == (
        'the Python package pyserial is missing: pip install "dds_link[serial]"'
    )


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(5, "Input/output error"), "Input/output error"),
        (OSError("two\nlines"), "two lines"),
        (ValueError("a   b"), "a b"),
        (EOFError(), "EOFError"),
    ],
)
def test_an_error_in_one_line(error: Exception, text: str) -> None:
    assert plain(error) == text


def test_the_reason_is_what_a_user_can_do_about_it() -> None:
    assert reason(OSError(errno.EBUSY, "busy"), OTHERS_HAVE_IT) == IN_USE
    assert reason(OSError(errno.EIO, "broken"), OTHERS_HAVE_IT) == "broken"
    assert reason(ValueError("odd"), OTHERS_HAVE_IT) == "odd"


def test_what_cannot_be_used() -> None:
    error = unusable("/dev/ttyUSB0", OSError(errno.EAGAIN, "again"), OTHERS_HAVE_IT)
    assert str(error) == f"cannot use /dev/ttyUSB0: {IN_USE}"
