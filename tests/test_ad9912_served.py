"""A served AD9912: words of 48 bits on the wire, and what the chip cannot do."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link import config as configuration
from dds_link.client import Client
from dds_link.devices.registry import check
from dds_link.errors import DDSRefused
from dds_link.model import Words
from dds_link.tuning import Tuning
from tests.controller_process import ROOT
from tests.running import Running, running
from tests.serving import Peer

TUNING = Tuning(1e9, ftw_bits=48, pow_bits=14, asf_bits=1)
EXAMPLE = configuration.load(ROOT / "examples" / "ad9912.toml", check)
#: Odd, and close to a quarter of the clock: no float of 32 bits comes near.
FTW = 0x3FFFFFFFFFFF


@pytest.fixture
def served() -> Iterator[Running]:
    with running(EXAMPLE) as controller:
        yield controller


@pytest.fixture
def dds(served: Running) -> Iterator[Client]:
    with Client("127.0.0.1", served.json_port, on_state_lost="continue") as client:
        yield client


# -- 48 bits --------------------------------------------------------------------------------------


def test_a_word_of_48_bits_goes_there_and_back(served: Running, dds: Client) -> None:
    receipt = dds.set("clock", ftw=FTW, pow=0x3FFF)
    assert receipt.words == Words(FTW, 0x3FFF, 1)
    assert receipt.frequency == FTW * 1e9 / 2**48
    words = served.tone(1).words
    assert (words.ftw, words.pow) == (FTW, 0x3FFF)
    assert dds.get("clock", verify=True).words == receipt.words


def test_on_the_wire_it_is_an_integer(served: Running) -> None:
    with Peer(served.json_port) as peer:
        peer.send(b'{"command_id":"set","channel":"clock","ftw":%d}\n' % FTW)
        peer.finish()
        line = peer.rest()
    assert b'"words":{"ftw":70368744177663,' in line
    assert len(line) < 1024


def test_steps_of_one_are_kept_apart(dds: Client) -> None:
    for ftw in range(FTW, FTW + 4):
        receipt = dds.set("clock", ftw=ftw)
        again = dds.set("clock", frequency=receipt.frequency)
        assert receipt.words.ftw == again.words.ftw == ftw
        assert again.frequency == receipt.frequency


@given(st.integers(0, TUNING.max_ftw))
def test_the_frequency_of_a_receipt_sent_back_is_the_same_word(ftw: int) -> None:
    frequency = json.loads(json.dumps(TUNING.ftw_to_frequency(ftw)))
    assert TUNING.frequency_to_ftw(frequency) == ftw


@pytest.mark.parametrize("ftw", [TUNING.max_ftw + 1, 2**48, 2**63, 2**64])
def test_a_word_too_wide_is_out_of_range(dds: Client, ftw: int) -> None:
    with pytest.raises(DDSRefused) as error:
        dds.set("clock", ftw=ftw)
    assert error.value.code in ("out_of_range", "bad_command")


def test_resolution(dds: Client) -> None:
    resolution = dds.describe()["channels"][1]["resolution"]
    assert resolution["frequency"] == 1e9 / 2**48
    assert resolution["phase"] == 1 / 2**14


# -- what the chip cannot do ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "change"),
    [
        ("clock", {"amplitude": 0.5}),
        ("clock", {"asf": 0}),
        ("clock", {"enabled": False}),
        ("cooling", {"amplitude": 0.5}),
    ],
)
def test_what_is_refused_changes_nothing(
    served: Running, dds: Client, channel: str, change: dict[str, float]
) -> None:
    dds.set(channel, frequency=80e6)
    before = dds.get()
    with pytest.raises(DDSRefused) as error:
        dds.set(channel, **change)  # type: ignore[arg-type]
    assert error.value.code == "unsupported"
    assert dds.get() == before


def test_sync_is_refused(dds: Client) -> None:
    with pytest.raises(DDSRefused) as error:
        dds.sync()
    assert error.value.code == "unsupported"


def test_a_switch_is_an_off(served: Running, dds: Client) -> None:
    dds.set("cooling", frequency=80e6)
    assert served.tone(0).emits
    receipt = dds.set("cooling", enabled=False)
    assert receipt.words.asf == 0
    assert not served.tone(0).emits
    assert dds.get("cooling", verify=True).verified
    assert dds.set("cooling", enabled=True).words.asf == 1
    assert served.tone(0).emits


# -- kill -----------------------------------------------------------------------------------------


def test_kill_powers_down_and_a_tone_wakes_it(served: Running, dds: Client) -> None:
    before = [dds.set(channel, frequency=80e6, enabled=True) for channel in (0, 1)]
    dds.kill()
    assert not any(served.tone(channel).emits for channel in (0, 1))
    assert served.look(lambda board: [chip.register(0x010) for chip in board.chips]) == [0x82] * 2
    assert all(dds.get(channel, verify=True).words.asf == 0 for channel in (0, 1))
    with pytest.raises(DDSRefused) as error:
        dds.set("clock", frequency=81e6)
    assert error.value.code == "rf_killed"
    dds.arm_rf()
    assert not any(served.tone(channel).emits for channel in (0, 1))
    after = [dds.set(channel, enabled=True) for channel in (0, 1)]
    for channel in (0, 1):
        tone = served.tone(channel)
        assert tone.emits
        assert tone.locked
        assert tone.frequency == pytest.approx(80e6)
        assert after[channel].words == before[channel].words
    assert served.look(lambda board: [chip.register(0x010) for chip in board.chips]) == [0x80] * 2


def test_a_stop_is_silent() -> None:
    with running(EXAMPLE) as served:
        with Client("127.0.0.1", served.json_port) as dds:
            for channel in (0, 1):
                dds.set(channel, frequency=80e6)
        board = served.controller.assembly.board
        assert all(served.tone(channel).emits for channel in (0, 1))
    assert not any(board.tone(channel).emits for channel in (0, 1))
