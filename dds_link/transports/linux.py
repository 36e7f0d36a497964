"""Errors of the SPI and GPIO devices of Linux."""

from __future__ import annotations

import errno

from dds_link.errors import TransportError, TransportLost
from dds_link.transports import system

# These say that the hardware, or our hold on it, is gone; spidev gives ESHUTDOWN after an unbind.
_GONE = frozenset((errno.ENODEV, errno.ENXIO, errno.ESHUTDOWN, errno.EBADF, errno.ENOENT))
_NOT_PERMITTED = "no permission (is this user in the groups spi and gpio?)"
_REASONS = {
    errno.ENOENT: "it does not exist (is SPI enabled, is the number right?)",
    errno.EACCES: _NOT_PERMITTED,
    errno.EPERM: _NOT_PERMITTED,
    **system.OTHERS_HAVE_IT,
}


def unusable(what: str, error: OSError) -> TransportLost:
    """Translate an error from taking hold of something, with what a user can do about it."""
    return system.unusable(what, error, _REASONS)


def failure(what: str, error: OSError) -> TransportError:
    """Translate an error of an operation; :class:`TransportLost` if the hardware is gone."""
    kind = TransportLost if error.errno in _GONE else TransportError
    return kind(f"{what} failed: {system.plain(error)}")
