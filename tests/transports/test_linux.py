"""Errors of SPI and GPIO devices in plain words."""

import errno
import os

import pytest

from dds_link.errors import TransportError, TransportLost
from dds_link.transports.linux import failure, unusable


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOENT, "it does not exist (is SPI enabled, is the number right?)"),
        (errno.EACCES, "no permission (is this user in the groups spi and gpio?)"),
        (errno.EPERM, "no permission (is this user in the groups spi and gpio?)"),
        (errno.EBUSY, "it is in use (is another controller running?)"),
        (errno.EAGAIN, "it is in use (is another controller running?)"),
        (errno.EINVAL, os.strerror(errno.EINVAL)),
    ],
)
def test_what_cannot_be_used(number: int, reason: str) -> None:
    error = unusable("/dev/spidev0.0", os_error(number))
    assert str(error) == f"cannot use /dev/spidev0.0: {reason}"


def test_an_error_without_a_number() -> None:
    assert str(unusable("it", OSError("odd"))) == "cannot use it: odd"
    assert str(failure("pulse", OSError("odd"))) == "pulse failed: odd"


@pytest.mark.parametrize("name", ["ENODEV", "ENXIO", "ESHUTDOWN", "EBADF", "ENOENT"])
def test_hardware_that_is_gone(name: str) -> None:
    error = failure("pulse", os_error(getattr(errno, name)))
    assert type(error) is TransportLost


@pytest.mark.parametrize("name", ["EIO", "ETIMEDOUT", "EINTR", "EMSGSIZE", "EPERM", "EBUSY"])
def test_an_operation_that_failed(name: str) -> None:
    number = getattr(errno, name)
    error = failure("SPI transfer to chip 1", os_error(number))
    assert type(error) is TransportError
    assert str(error) == f"SPI transfer to chip 1 failed: {os.strerror(number)}"
