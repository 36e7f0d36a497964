"""What the Linux transports share: optional libraries, and the system's errors in plain words."""

from __future__ import annotations

import errno
from importlib import import_module
from typing import Any

from dds_link.errors import TransportError, TransportLost

# These say that the hardware, or our hold on it, is gone; spidev gives ESHUTDOWN after an unbind.
_GONE = frozenset((errno.ENODEV, errno.ENXIO, errno.ESHUTDOWN, errno.EBADF, errno.ENOENT))
_NOT_PERMITTED = "no permission (is this user in the groups spi and gpio?)"
_IN_USE = "it is in use (is another controller running?)"
_REASONS = {
    errno.ENOENT: "it does not exist (is SPI enabled, is the number right?)",
    errno.EACCES: _NOT_PERMITTED,
    errno.EPERM: _NOT_PERMITTED,
    errno.EBUSY: _IN_USE,
    errno.EAGAIN: _IN_USE,
}


def library(name: str) -> Any:
    """Import a package of the extra ``spi``.

    :raises TransportLost: if it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise TransportLost(
            f'the Python package {name} is missing: pip install "dds_link[spi]"'
        ) from error


def unusable(what: str, error: OSError) -> TransportLost:
    """Translate an error from taking hold of something, with what a user can do about it."""
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    return TransportLost(f"cannot use {what}: {reason}")


def failure(what: str, error: OSError) -> TransportError:
    """Translate an error of an operation; :class:`TransportLost` if the hardware is gone."""
    kind = TransportLost if error.errno in _GONE else TransportError
    return kind(f"{what} failed: {error.strerror or error}")
