"""Every error of dds_link, who is at fault, and the stable code that names it.

What a client raises (each is built from one string, ``"code: text"``, because that is all that
ARTIQ's kernel RPC carries; flat, because a kernel's ``except`` matches one exact class)::

    DDSLinkError
     |- DDSRefused       the command was refused; nothing changed
     |- DDSUnavailable   no link, time-out, device missing or faulty; it may have been applied
     `- DDSStateLost     phase coherence was lost since the last call; nothing was sent

What the controller raises inside, and sends as ``code`` and ``error``::

    WireError
     |- BadFrame, FrameTooLong, UnknownCommand, BadCommand     the client's bytes are wrong
     |- NoSuchChannel, OutOfRange, Unsupported                 the client asks for the impossible
     |- RFKilled, Busy, Unauthorized                           not now, or not you
     `- DeviceUnavailable, DeviceFault, InternalError          the hardware's or our fault

What a transport raises, for the service to translate::

    TransportError           one operation failed; the far end may have seen a part of it
     |- TransportLost        the far end is gone: open it again
     `- Preempted            stopped between two operations, because something urgent waits
"""

from typing import Dict, Type

MAX_ERROR_TEXT = 399
"""Longest error text on the wire, in characters."""

# ARTIQ passes exception texts through str.format: a brace would be taken for a field.
_NO_BRACES = {ord("{"): "(", ord("}"): ")"}


def plain_text(text: str) -> str:
    """Make ``text`` fit for the wire and for ARTIQ: one line, no braces, under 400 characters."""
    text = " ".join(text.translate(_NO_BRACES).split())
    return text if len(text) <= MAX_ERROR_TEXT else text[: MAX_ERROR_TEXT - 3] + "..."


class DDSLinkError(Exception):
    """Base of what a client raises.

    :param message: ``"code: text"``; :attr:`code` is the part before the first colon.
    """

    @property
    def code(self) -> str:
        """The stable code, for example ``"out_of_range"``."""
        return str(self.args[0]).partition(":")[0] if self.args else ""


class DDSRefused(DDSLinkError):
    """The controller refused the command. Nothing changed."""


class DDSUnavailable(DDSLinkError):
    """No link, a time-out, or a missing or faulty device. The command may have been applied."""


class DDSStateLost(DDSLinkError):
    """The controller or the device restarted since the last call, so that phases and settings
    are no longer what they were. Raised once, before anything is sent."""


class WireError(Exception):
    """Base of what the controller answers with ``"status": "error"``.

    :param text: what was expected, what came, and what to do.
    """

    code = "internal"
    client_error: Type[DDSLinkError] = DDSRefused

    def __init__(self, text: str) -> None:
        super().__init__(plain_text(text))

    @property
    def text(self) -> str:
        """The text that goes over the wire."""
        return str(self.args[0])


class BadFrame(WireError):
    """The bytes are not one JSON object (or hide something: NaN, a duplicate key)."""

    code = "bad_frame"


class FrameTooLong(WireError):
    """A frame over the cap; the only error that closes the connection."""

    code = "frame_too_long"


class UnknownCommand(WireError):
    """No command has this ``command_id``."""

    code = "unknown_command"


class BadCommand(WireError):
    """A missing, unknown or wrongly typed field."""

    code = "bad_command"


class NoSuchChannel(WireError):
    """No channel has this index or name."""

    code = "no_such_channel"


class OutOfRange(WireError):
    """A value outside the limits of the chip or of the configuration."""

    code = "out_of_range"


class Unsupported(WireError):
    """This device cannot do that."""

    code = "unsupported"


class RFKilled(WireError):
    """``kill`` is latched; ``arm_rf`` lifts it."""

    code = "rf_killed"


class Busy(WireError):
    """The queue of commands is full."""

    code = "busy"


class Unauthorized(WireError):
    """This client may not do that."""

    code = "unauthorized"


class DeviceUnavailable(WireError):
    """The hardware is missing or not ready yet."""

    code = "device_unavailable"
    client_error = DDSUnavailable


class DeviceFault(WireError):
    """The hardware answered wrongly, or its state is unknown."""

    code = "device_fault"
    client_error = DDSUnavailable


class InternalError(WireError):
    """A bug in the controller. Its log has the details."""

    code = "internal"
    client_error = DDSUnavailable


WIRE_ERRORS: Dict[str, Type[WireError]] = {
    error.code: error
    for error in (
        BadFrame,
        FrameTooLong,
        UnknownCommand,
        BadCommand,
        NoSuchChannel,
        OutOfRange,
        Unsupported,
        RFKilled,
        Busy,
        Unauthorized,
        DeviceUnavailable,
        DeviceFault,
        InternalError,
    )
}
"""Every code of the wire, and its class."""


def client_error(code: str, text: str) -> DDSLinkError:
    """Make the exception that a client raises for an error reply.

    A code that this version does not know is taken for one after which the command may have been
    applied.
    """
    known = WIRE_ERRORS.get(code)
    error = known.client_error if known else DDSUnavailable
    return error("{}: {}".format(code, plain_text(text)))


class TransportError(Exception):
    """One operation on the hardware failed; the far end may have seen a part of it."""


class TransportLost(TransportError):
    """The hardware is gone, or was never there; it has to be opened again."""


class Preempted(TransportError):
    """Stopped between two operations, because something urgent waits."""


class ConfigError(Exception):
    """A configuration that cannot be used.

    :param problems: every problem found, each naming file, key and reason.
    """

    def __init__(self, problems: "list[str]") -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)
