"""One request frame per verb, from checked values: what the client sends, and nothing else.

Numbers may be numpy's (a kernel's ``int32`` arrives as ``numpy.int32``, which ``json`` refuses).
A value that cannot be put into a frame is refused here with the code that the controller would
use, and nothing is sent. Limits and channel names are the controller's business.
"""

from operator import index
from typing import Any, Dict, Iterable, List, Mapping, Optional, SupportsFloat, SupportsInt, Union

from ..errors import DDSRefused, plain_text
from .codec import encode

Channel = Union[str, SupportsInt]
"""Index or configured name of a channel."""

_INFINITY = float("inf")


def _refused(code: str, text: str) -> DDSRefused:
    return DDSRefused("{}: {}".format(code, plain_text(text)))


def _wrong_type(name: str, expected: str, value: object) -> DDSRefused:
    return _refused("bad_command", "{} must be {}, not {!r}".format(name, expected, value))


def _is_bool(value: object) -> bool:
    """Whether ``value`` is Python's or numpy's boolean (numpy is not imported to find out)."""
    return type(value).__name__ in ("bool", "bool_")


def real(value: SupportsFloat, name: str) -> float:
    """``value`` as a finite float; ``name`` is for the error text.

    :raises DDSRefused: ``bad_command`` for what is no number (a boolean, a string),
        ``out_of_range`` for NaN and infinity.
    """
    if type(value) is not float:
        if _is_bool(value) or isinstance(value, str) or not hasattr(value, "__float__"):
            raise _wrong_type(name, "a number", value)
        try:
            value = float(value)
        except OverflowError:
            value = _INFINITY
        except (TypeError, ValueError):
            raise _wrong_type(name, "a number", value) from None
    if not -_INFINITY < value < _INFINITY:
        raise _refused("out_of_range", "{} must be a finite number, not {}".format(name, value))
    return value


def integer(value: SupportsInt, name: str) -> int:
    """``value`` as an int of at most 64 bits; ``name`` is for the error text.

    :raises DDSRefused: ``bad_command`` for what is no integer (also 3.0), ``out_of_range`` beyond
        64 bits.
    """
    if type(value) is not int:
        if _is_bool(value):
            raise _wrong_type(name, "an integer", value)
        try:
            value = index(value)  # type: ignore[arg-type]  # what has no __index__ is refused
        except TypeError:
            raise _wrong_type(name, "an integer", value) from None
    if not -(1 << 63) <= value < 1 << 64:
        raise _refused("out_of_range", "{} must fit 64 bits".format(name))
    return value


def boolean(value: bool, name: str) -> bool:
    """``value`` as a bool.

    :raises DDSRefused: ``bad_command`` for anything but a boolean (0 and 1 too).
    """
    if not _is_bool(value):
        raise _wrong_type(name, "True or False", value)
    return bool(value)


def text(value: str, name: str) -> str:
    """``value`` as a str.

    :raises DDSRefused: ``bad_command`` for anything but a string.
    """
    if not isinstance(value, str):
        raise _wrong_type(name, "a string", value)
    return str(value)


def channel_key(value: Channel) -> Union[int, str]:
    """A channel's index or name, as the wire wants it.

    :raises DDSRefused: ``bad_command`` for anything else.
    """
    if isinstance(value, str):
        return str(value)
    return integer(value, "channel")


def _listed(values: Iterable[Any], name: str) -> Iterable[Any]:
    """``values`` if one can iterate over it; one string is refused, it was meant as a name."""
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise _wrong_type(name, "a list", values)
    return values


def _line(fields: Dict[str, Any]) -> bytes:
    try:
        return encode(fields) + b"\n"
    except UnicodeEncodeError:
        raise _refused("bad_command", "a name holds a lone surrogate") from None


def frame(command_id: str, **fields: Any) -> bytes:
    """One request as bytes, newline included; the values are checked already.

    :raises DDSRefused: ``bad_command`` for a string that is not Unicode text.
    """
    fields["command_id"] = command_id
    return _line(fields)


_REALS = frozenset(("frequency", "amplitude", "phase", "attenuation"))
_CHECKS = {
    "channel": lambda value, name: channel_key(value),
    "frequency": real,
    "amplitude": real,
    "phase": real,
    "enabled": boolean,
    "ftw": integer,
    "pow": integer,
    "asf": integer,
    "attenuation": real,
}  # type: Dict[str, Any]


def change(body: Mapping[str, Any]) -> Dict[str, Any]:
    """One checked body of a ``set``: None is left out, an unknown field refused.

    :raises DDSRefused: ``bad_command`` or ``out_of_range``.
    """
    checked = {}
    for name, value in body.items():
        if value is not None:
            check = _CHECKS.get(name)
            if check is None:
                raise _refused("bad_command", "a change has no field {!r}".format(name))
            checked[name] = check(value, name)
    if "channel" not in checked:
        raise _refused("bad_command", "a change needs a channel")
    return checked


def _is_usual(body: Any) -> bool:
    """Whether ``body`` is a dict of finite floats and a channel, which need no more checks."""
    if type(body) is not dict or "channel" not in body:
        return False
    for name, value in body.items():
        kind = type(value)
        if kind is float:
            if name not in _REALS or value - value != 0.0:
                return False
        elif name != "channel" or not (kind is str or (kind is int and 0 <= value < 1 << 31)):
            return False
    return True


def set_frame(
    channel: Channel,
    frequency: Optional[SupportsFloat],
    amplitude: Optional[SupportsFloat],
    phase: Optional[SupportsFloat],
    enabled: Optional[bool],
    ftw: Optional[SupportsInt],
    pow: Optional[SupportsInt],
    asf: Optional[SupportsInt],
    attenuation: Optional[SupportsFloat] = None,
) -> bytes:
    """A ``set``. Written out instead of through :func:`change`, because scans wait for it."""
    fields: Dict[str, Any] = {
        "command_id": "set",
        "channel": channel if type(channel) is str else channel_key(channel),
    }
    if frequency is not None:
        usual = type(frequency) is float and frequency - frequency == 0
        fields["frequency"] = frequency if usual else real(frequency, "frequency")
    if amplitude is not None:
        usual = type(amplitude) is float and amplitude - amplitude == 0
        fields["amplitude"] = amplitude if usual else real(amplitude, "amplitude")
    if phase is not None:
        usual = type(phase) is float and phase - phase == 0
        fields["phase"] = phase if usual else real(phase, "phase")
    if enabled is not None:
        fields["enabled"] = boolean(enabled, "enabled")
    if ftw is not None:
        fields["ftw"] = integer(ftw, "ftw")
    if pow is not None:
        fields["pow"] = integer(pow, "pow")
    if asf is not None:
        fields["asf"] = integer(asf, "asf")
    if attenuation is not None:
        fields["attenuation"] = real(attenuation, "attenuation")
    return _line(fields)


def apply_frame(changes: Iterable[Mapping[str, Any]]) -> bytes:
    """An ``apply``.

    :raises DDSRefused: ``bad_command`` or ``out_of_range``; nothing of the list is sent then.
    """
    bodies: List[Mapping[str, Any]] = []
    for body in _listed(changes, "changes"):
        if _is_usual(body):
            bodies.append(body)
        elif isinstance(body, Mapping):
            bodies.append(change(body))
        else:
            raise _wrong_type("a change", "a dict", body)
    return frame("apply", changes=bodies)


def get_frame(channel: Optional[Channel], verify: bool) -> bytes:
    """A ``get`` of one channel, or of all."""
    fields: Dict[str, Any] = {}
    if channel is not None:
        fields["channel"] = channel_key(channel)
    if boolean(verify, "verify"):
        fields["verify"] = True
    return frame("get", **fields)


def sync_frame(channels: Optional[Iterable[Channel]]) -> bytes:
    """A ``sync`` of some channels, or of all."""
    if channels is None:
        return frame("sync")
    return frame("sync", channels=[channel_key(c) for c in _listed(channels, "channels")])


def hello_frame(name: str, rid: Optional[SupportsInt]) -> bytes:
    """A ``hello``."""
    if rid is None:
        return frame("hello", client=text(name, "name"))
    return frame("hello", client=text(name, "name"), rid=integer(rid, "rid"))


def subscribe_frame(interval: Optional[SupportsFloat]) -> bytes:
    """A ``subscribe``; ``interval`` in seconds."""
    if interval is None:
        return frame("subscribe")
    return frame("subscribe", interval=real(interval, "interval"))


PING = frame("ping")
IDENTIFY = frame("identify")
DESCRIBE = frame("describe")
KILL = frame("kill")
ARM_RF = frame("arm_rf")
RESET = frame("reset")
WATCH = frame("subscribe", events=["reset", "device", "epoch"])
"""Tell of whatever changes epochs."""
