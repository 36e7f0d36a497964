"""Requested, masked, programmed; limits as words; what may be adopted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dds_link.attenuation import Attenuation
from dds_link.config import ChannelConfig
from dds_link.devices.base import ChannelInfo, Write
from dds_link.service.state import Channel, Limits, Target
from dds_link.tuning import Tuning
from dds_link.words import SILENCE, Tone, Words

INFO = ChannelInfo(0, "ad9910:0", 0, Tuning(1e9))
PLAIN = ChannelConfig(0, "cooling", 0)
TONE = Tone(300_000_000, 0x1000, 8000)
WORDS = Words(300_000_000, 0x1000, 8000)


def channel(**config: Any) -> Channel:
    return Channel(INFO, replace(PLAIN, **config), "lab.toml")


def test_limits_are_the_nearest_words() -> None:
    config = replace(
        PLAIN, min_frequency=60e6, max_frequency=120e6, max_amplitude=0.8, safe_amplitude=0.1
    )
    limits = Limits.of(INFO, config, "lab.toml")
    assert (limits.min_ftw, limits.max_ftw) == (257698038, 515396076)
    assert (limits.max_asf, limits.safe_asf) == (13106, 1638)
    assert limits.source == "lab.toml"


def test_without_limits_there_are_those_of_the_chip() -> None:
    limits = Limits.of(INFO, PLAIN, "lab.toml")
    assert (limits.min_ftw, limits.max_ftw) == (0, 0x7FFFFFFF)
    assert (limits.max_asf, limits.safe_asf) == (16383, 0)


def test_in_the_beginning_nothing_is_known() -> None:
    begun = channel(safe_amplitude=0.1)
    assert not begun.known
    assert begun.enabled
    assert not begun.emits
    receipt = begun.receipt
    assert (receipt.frequency, receipt.phase, receipt.known) == (None, 0.0, False)
    assert receipt.amplitude == 1638 / 16383
    assert receipt.words == SILENCE


@pytest.mark.parametrize(
    ("requested", "enabled", "words", "switch"),
    [
        (TONE, True, WORDS, True),
        (TONE, False, Words(300_000_000, 0x1000, 0), False),
        (Tone(None, 0x1000, 8000), True, Words(0, 0x1000, 0), False),
        (Tone(0, 0, 8000), True, Words(0, 0, 8000), True),
        (Tone(300_000_000, 0, 0), True, Words(300_000_000, 0, 0), True),
    ],
)
def test_masks_change_what_goes_out_and_not_what_was_requested(
    requested: Tone, enabled: bool, words: Words, switch: bool
) -> None:
    one = channel()
    target = Target.of(one, requested, enabled)
    assert target.write == Write(0, words, switch)
    before = one.receipt
    assert one.receipt is before  # planning changes nothing
    target.settle()
    assert (one.requested, one.enabled, one.programmed) == (requested, enabled, words)
    assert one.holds() == target.write
    assert one.receipt.words == words
    assert one.receipt.amplitude == requested.asf / 16383
    assert one.silent() == Write(0, Words(words.ftw, words.pow, 0), False)


def test_what_is_not_known_is_not_known_after_a_write() -> None:
    one = channel()
    Target.of(one, TONE, True).settle()
    assert not one.receipt.known


def test_a_reset_keeps_the_masks() -> None:
    one = channel(safe_amplitude=0.1)
    Target.of(one, TONE, False).settle()
    one.begin()
    assert one.requested == Tone(None, 0, 1638)
    assert one.programmed == SILENCE
    assert not one.enabled


def test_adopting() -> None:
    one = channel()
    one.adopt(Write(0, WORDS, True))
    assert one.requested == TONE
    assert one.known
    assert one.enabled
    assert one.holds() == Write(0, WORDS, True)


def test_adopting_what_it_held_anyway_keeps_what_was_requested() -> None:
    one = channel()
    Target.of(one, TONE, False).settle()
    one.adopt(Write(0, one.programmed, False))
    assert one.requested == TONE
    assert not one.enabled


def test_adopting_an_open_switch() -> None:
    one = channel()
    one.adopt(Write(0, WORDS, False))
    assert not one.enabled
    assert one.holds() == Write(0, WORDS, False)


@pytest.mark.parametrize(
    ("found", "enabled", "allowed"),
    [
        (Write(0, WORDS, True), True, True),
        (Write(0, WORDS, True), False, False),  # it goes out, but it was switched off
        (Write(0, WORDS, False), False, True),
        (Write(0, Words(300_000_000, 0, 0), True), False, True),
        (Write(0, Words(257698038, 0, 13106), True), True, True),
        (Write(0, Words(515396076, 0, 13106), True), True, True),
        (Write(0, Words(257698037, 0, 100), True), True, False),
        (Write(0, Words(515396077, 0, 100), True), True, False),
        (Write(0, Words(515396077, 0, 0), False), True, False),  # the next set would switch it on
        (Write(0, Words(300_000_000, 0, 13107), True), True, False),
    ],
)
def test_what_may_be_adopted(found: Write, enabled: bool, allowed: bool) -> None:
    one = channel(min_frequency=60e6, max_frequency=120e6, max_amplitude=0.8)
    one.enabled = enabled
    assert one.may_adopt(found) is allowed


# Attenuators


def attenuated(**limits: float) -> Channel:
    """A channel behind an attenuator of 0 ... 31.5 dB."""
    info = ChannelInfo(0, "ad9910:0", 0, Tuning(1e9), attenuation=Attenuation(31.5, 0.5))
    return Channel(info, replace(PLAIN, **limits), "lab.toml")


def test_limits_of_an_attenuator_are_steps() -> None:
    limits = attenuated(min_attenuation=10.2, safe_attenuation=20.25).limits
    assert (limits.min_steps, limits.safe_steps) == (20, 41)
    limits = attenuated().limits
    assert (limits.min_steps, limits.safe_steps) == (0, 63)


def test_what_is_adopted_is_within_the_limits_of_its_attenuator() -> None:
    channel = attenuated(min_attenuation=10.0)
    found = Write(0, Words(1000, 0, 100), True, 30)
    assert channel.may_adopt(found)
    for steps in (0, 19, None):
        assert not channel.may_adopt(Write(0, found.words, True, steps))
    assert attenuated().may_adopt(Write(0, found.words, True, 0))
    channel.adopt(found)
    assert channel.receipt.attenuation == 15.0
    assert channel.holds() == found
    assert channel.silent() == Write(0, Words(1000, 0, 0), False, 63)
