"""Both codecs: the same JSON, and only their own errors."""

import builtins
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.client.codec import best_codec, msgspec_codec, stdlib_codec

CODECS = [stdlib_codec()]
try:
    CODECS.append(msgspec_codec())
except ImportError:
    pass  # The standard library's is all there is then.

both = pytest.mark.parametrize("codec", CODECS, ids=["stdlib", "msgspec"][: len(CODECS)])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
)


@both
@given(value=VALUES)
def test_what_is_encoded_is_decoded_again_by_anybody(codec, value):
    data = codec.encode(value)
    assert b"\n" not in data
    assert codec.decode(data + b"\n") == value
    assert json.loads(data) == value


@both
@given(data=st.binary())
def test_garbage_raises_nothing_undocumented(codec, data):
    try:
        codec.decode(data)
    except codec.errors:
        pass


@both
@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"NaN", b"[-Infinity]", b'"\xff"', b"[" * 100000, b"{}{}", b"'a'"],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_not_json_is_refused(codec, data):
    with pytest.raises(codec.errors):
        codec.decode(data)


@both
def test_a_lone_surrogate_cannot_be_sent(codec):
    with pytest.raises(UnicodeEncodeError):
        codec.encode({"channel": "\ud800"})


def test_names_are_sent_as_text_and_without_spaces():
    assert (
        stdlib_codec().encode({"channel": "kühl", "phase": 0.5})
        == '{"channel":"kühl","phase":0.5}'.encode()
    )


def test_without_msgspec_the_standard_library_does(monkeypatch):
    def without(name, *args, **kwargs):
        if name == "msgspec":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    real_import = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", without)
    codec = best_codec()
    assert codec.decode(codec.encode([1])) == [1]
    assert codec.errors == (ValueError, RecursionError)
