"""Every device lives as it is written down: each byte that its driver sends, each that its twin
answers, and what goes out."""

import pytest

from dds_link.devices.registry import DEVICES
from tests.devices.life import FOLDER, path, traffic


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_life(name: str) -> None:
    written = path(name).read_text(encoding="utf-8").splitlines()
    assert traffic(name, written) == written


def test_there_is_a_life_of_every_device_and_of_no_other() -> None:
    assert {each.name for each in FOLDER.iterdir()} == {f"{name}.txt" for name in DEVICES}
