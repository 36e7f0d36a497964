"""Words, tones and receipts."""

import dataclasses

import pytest

from dds_link.model import Receipt, Words

REPLY = {
    "channel": 0,
    "name": "cooling",
    "frequency": 80000000.0745058,
    "amplitude": 0.50003,
    "phase": 0.25,
    "enabled": True,
    "words": {"ftw": 343597384, "pow": 16384, "asf": 8192},
    "epoch": 1795357200000,
}


def test_receipt_from_the_wire() -> None:
    receipt = Receipt.from_wire(REPLY)
    assert receipt == Receipt(
        channel=0,
        name="cooling",
        frequency=80000000.0745058,
        amplitude=0.50003,
        phase=0.25,
        enabled=True,
        words=Words(ftw=343597384, pow=16384, asf=8192),
        epoch=1795357200000,
    )
    assert receipt.known
    assert receipt.verified is None


def test_fields_that_are_not_always_there() -> None:
    receipt = Receipt.from_wire({**REPLY, "known": False, "verified": True, "frequency": None})
    assert not receipt.known
    assert receipt.verified is True
    assert receipt.frequency is None


def test_unknown_fields_are_ignored() -> None:
    words = {"ftw": 343597384, "pow": 16384, "asf": 8192, "ram": 7}
    reply = {**REPLY, "words": words, "dbm": -3.0}
    assert Receipt.from_wire(reply) == Receipt.from_wire(REPLY)


def test_a_missing_field_is_an_error() -> None:
    reply = {key: value for key, value in REPLY.items() if key != "epoch"}
    with pytest.raises(KeyError, match="epoch"):
        Receipt.from_wire(reply)


def test_values_are_frozen() -> None:
    receipt = Receipt.from_wire(REPLY)
    with pytest.raises(dataclasses.FrozenInstanceError):
        receipt.amplitude = 1.0  # type: ignore[misc]
    with pytest.raises(AttributeError):
        receipt.words.asf = 0  # type: ignore[misc]
