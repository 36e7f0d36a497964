"""What goes out about a channel: the fields of the README, in its order; the client's receipt."""

from __future__ import annotations

import json

import msgspec

from dds_link.model import Receipt, Words
from tests.protocol.cases import EPOCH, RECEIPT, RECEIPT_JSON


def test_a_receipt_reads_as_in_the_readme() -> None:
    assert msgspec.json.encode(RECEIPT) == RECEIPT_JSON


def test_certain_and_unverified_go_without_saying() -> None:
    doubtful = msgspec.structs.replace(RECEIPT, known=False, verified=True)
    said = json.loads(msgspec.json.encode(doubtful))
    assert said == {**json.loads(RECEIPT_JSON), "known": False, "verified": True}


def test_a_channel_that_was_never_given_a_frequency_says_null() -> None:
    silent = msgspec.structs.replace(RECEIPT, frequency=None)
    assert json.loads(msgspec.json.encode(silent))["frequency"] is None


def test_a_client_reads_what_is_sent() -> None:
    assert Receipt.from_wire(json.loads(RECEIPT_JSON)) == Receipt(
        channel=0,
        name="cooling",
        frequency=80000000.0745058,
        amplitude=0.50003,
        phase=0.25,
        enabled=True,
        words=Words(343597384, 16384, 8192),
        epoch=EPOCH,
    )
