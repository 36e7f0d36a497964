"""Optional libraries, and what goes wrong with the operating system, in plain words."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from dds_link.errors import TransportLost

IN_USE = "it is in use (is another controller running?)"
#: What EBUSY and EAGAIN mean when a file of a device is opened or locked.
OTHERS_HAVE_IT: Mapping[int, str] = {errno.EBUSY: IN_USE, errno.EAGAIN: IN_USE}


def library(module: str, package: str, extra: str) -> Any:
    """Import a module of an optional package.

    :param extra: installs it.
    :raises TransportLost: if it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise TransportLost(
            f'the Python package {package} is missing: pip install "dds_link[{extra}]"'
        ) from error


def plain(error: BaseException) -> str:
    """What an error says, in one line; never nothing."""
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split()) or type(error).__name__


def reason(error: BaseException, reasons: Mapping[int, str]) -> str:
    """Why something failed.

    :param reasons: for some numbers of errors, what they mean and what a user can do.
    """
    return reasons.get(getattr(error, "errno", None) or 0) or plain(error)


def unusable(what: str, error: BaseException, reasons: Mapping[int, str]) -> TransportLost:
    """Translate an error from taking hold of something."""
    return TransportLost(f"cannot use {what}: {reason(error, reasons)}")
