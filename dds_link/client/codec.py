"""JSON for the client: msgspec where it is installed, else the standard library; the same bytes.

Neither sends NaN or Infinity: numbers are checked before they get here (:mod:`.frames`).
"""

from typing import Any, Callable, NamedTuple, Tuple, Type


class Codec(NamedTuple):
    """One way to read and write JSON."""

    encode: Callable[[Any], bytes]
    """Compact UTF-8 without a newline. ``UnicodeEncodeError`` for a lone surrogate."""
    decode: Callable[[bytes], Any]
    """One JSON text; white space around it is ignored."""
    errors: Tuple[Type[Exception], ...]
    """Everything that ``decode`` raises for bytes that are not JSON."""
    decoder: Callable[[Any], Callable[[bytes], Any]]
    """Gives a ``decode`` for one dataclass; it raises one of ``errors`` for anything else, and
    always where there is no such short cut."""


def msgspec_codec() -> Codec:
    """The fast one.

    :raises ImportError: without msgspec.
    """
    import msgspec

    return Codec(
        msgspec.json.Encoder().encode,
        msgspec.json.Decoder().decode,
        # Not only its own: RecursionError and UnicodeDecodeError leak through.
        (msgspec.MsgspecError, ValueError, RecursionError),
        lambda kind: msgspec.json.Decoder(kind).decode,
    )


def stdlib_codec() -> Codec:
    """The one that every Python has."""
    import json

    def refuse(constant: str) -> Any:
        raise ValueError("{} is not JSON".format(constant))

    def no_short_cut(data: bytes) -> Any:
        raise ValueError("the standard library decodes no dataclass")

    to_text = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
    from_text = json.JSONDecoder(parse_constant=refuse).decode
    return Codec(
        lambda value: to_text(value).encode("utf-8"),
        lambda data: from_text(str(data, "utf-8")),
        (ValueError, RecursionError),
        lambda kind: no_short_cut,
    )


def best_codec() -> Codec:
    """msgspec's if it can be imported, else the standard library's."""
    try:
        return msgspec_codec()
    except ImportError:
        return stdlib_codec()


encode, decode, DECODE_ERRORS, decoder = best_codec()
