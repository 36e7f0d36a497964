"""Bits that a driver sends and nobody would miss: there are none. (``python -m tests.mutants``
flips all of them; here it is one of each byte.)"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dds_link.devices.registry import DEVICES
from dds_link.transports.base import Delay, Exchange, Operation, Transfer
from tests.mutants import Mutant, Place, Wires

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("device", sorted(DEVICES))
def test_every_mutant_is_caught(device: str) -> None:
    # What it runs is measured elsewhere; told to measure, it would erase what others have measured.
    environment = {
        name: text
        for name, text in os.environ.items()
        if "COV" not in name and name != "PYTEST_ADDOPTS"
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutants", "--one-bit", device],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=170,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 survived" in done.stdout


@pytest.fixture
def sent() -> list[Operation]:
    return []


@pytest.fixture
def wires(sent: list[Operation]) -> Any:
    def exchange(*arguments: Any) -> bytes:
        sent.append(Exchange(*arguments))
        return b"OK"

    yield Wires(SimpleNamespace(execute=sent.extend, exchange=exchange, open=1), "box", head=1)
    Wires.mutant = None
    Wires.seen = {}


def test_what_is_sent_is_noted(wires: Any) -> None:
    wires.execute([Transfer(0, b"\x0e\x01\x02"), Delay(1.0), Exchange(b"F0 80.5\n")])
    assert [(place.kind, length) for place, length in Wires.seen.items()] == [
        ((3, b"\x0e"), 3),
        (("# #\n",), 8),
    ]
    assert wires.open == 1


def test_one_bit_is_flipped_at_its_place_only(wires: Any, sent: list[Operation]) -> None:
    here = "test_one_bit_is_flipped_at_its_place_only"
    Wires.mutant = Mutant(Place("box", here, (3, b"\x0e")), byte=2, mask=0x80)
    others = [Transfer(0, b"\x0f\x01\x02"), Transfer(1, b"\x0e\x01"), Exchange(b"ON,1\n")]
    wires.execute([Transfer(1, b"\x0e\x01\x02"), *others])
    assert sent == [Transfer(1, b"\x0e\x01\x82"), *others]


def test_a_text_is_one_whatever_its_numbers(wires: Any, sent: list[Operation]) -> None:
    here = "test_a_text_is_one_whatever_its_numbers"
    Wires.mutant = Mutant(Place("box", here, ("FREQ,#,#\n",)), byte=0, mask=1)
    assert wires.exchange(b"FREQ,2,0x1A\n", b"\n", 1, 1.0) == b"OK"
    assert sent == [Exchange(b"GREQ,2,0x1A\n", b"\n", 1, 1.0)]
