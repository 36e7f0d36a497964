"""The same experiment file runs unchanged on each device, with ``artiq_run``."""

from collections.abc import Callable
from pathlib import Path

from dds_link.assembly import load_config

from ..anywhere import EXPERIMENT, LEVEL, POSITION, check, on_every_example
from ..device_manager import link_entry
from ..running import running


@on_every_example
def test_one_tone_anywhere(path: Path, artiq_run: Callable[..., str]) -> None:
    config = load_config(path, simulation=True)
    last = len(config.channels) - 1
    with running(config) as controller:
        device_db = {"dds_link": link_entry(host="127.0.0.1", port=controller.json_port)}
        said = artiq_run(device_db, EXPERIMENT, channel=last, position=POSITION, level=LEVEL)
        frequency, amplitude = check(controller, last)
    assert f"one_tone_anywhere.frequency: {frequency!r}" in said
    assert f"one_tone_anywhere.amplitude: {amplitude!r}" in said
