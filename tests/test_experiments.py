"""The same experiment file runs unchanged on each device; here without ARTIQ."""

from pathlib import Path

import pytest

from dds_link.assembly import load_config

from . import experiment_stand_in
from .anywhere import EXPERIMENT, LEVEL, POSITION, check, on_every_example
from .device_manager import DeviceManager, link_entry
from .running import running


@on_every_example
def test_one_tone_anywhere(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment_class = experiment_stand_in.load(EXPERIMENT, monkeypatch)
    config = load_config(path, simulation=True)
    with running(config) as controller:
        device_db = {"dds_link": link_entry(host="127.0.0.1", port=controller.json_port)}
        with DeviceManager(device_db) as manager:
            for channel in range(len(config.channels)):
                experiment = experiment_class(
                    manager, channel=channel, position=POSITION, level=LEVEL
                )
                experiment.run()
                frequency, amplitude = check(controller, channel)
                assert experiment.datasets == {
                    "one_tone_anywhere.frequency": frequency,
                    "one_tone_anywhere.amplitude": amplitude,
                }


@on_every_example
def test_its_defaults_fit_every_device(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment_class = experiment_stand_in.load(EXPERIMENT, monkeypatch)
    with running(load_config(path, simulation=True)) as controller:
        device_db = {"dds_link": link_entry(host="127.0.0.1", port=controller.json_port)}
        with DeviceManager(device_db) as manager:
            experiment_class(manager).run()
        assert controller.tone(0).emits
