"""The experiment that runs on every device, and what it must have done there."""

from __future__ import annotations

import pytest

from dds_link.client import Client
from dds_link.devices.base import AMPLITUDE
from tests.controller_process import ROOT
from tests.running import Running

EXPERIMENT = ROOT / "experiments" / "one_tone_anywhere.py"
POSITION, LEVEL = 0.375, 0.75
"""Arguments that are no defaults."""

on_every_example = pytest.mark.parametrize(
    "path", sorted((ROOT / "examples").glob("*.toml")), ids=lambda path: path.name
)


def check(controller: Running, channel: int) -> tuple[float, float]:
    """Read ``channel`` back from the twin; returns the frequency and the amplitude it should have.

    The amplitude is what the chip makes; an attenuator comes behind it.
    """
    with Client("127.0.0.1", controller.json_port) as client:
        limits = client.describe()["channels"][channel]["limits"]
    device = controller.controller.assembly.device
    tuning = device.channels[channel].tuning
    low, high = limits["min_frequency"], limits["max_frequency"]
    ftw = tuning.frequency_to_ftw(low + POSITION * (high - low))
    asf = 1  # on, of a chip that knows no more
    if AMPLITUDE in device.capabilities:
        asf = tuning.amplitude_to_asf(LEVEL * limits["max_amplitude"])
    tone = controller.tone(channel)
    assert tone.emits
    assert (tone.words.ftw, tone.words.asf) == (ftw, asf)
    assert tone.frequency == pytest.approx(tuning.ftw_to_frequency(ftw), rel=1e-12)
    return tuning.ftw_to_frequency(ftw), tuning.asf_to_amplitude(asf)
