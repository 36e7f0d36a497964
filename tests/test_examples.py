"""Every config file under ``examples/`` serves in simulation, and all of its channels obey."""

from pathlib import Path

import pytest

from dds_link.client import Client
from tests.controller_process import ROOT, controller

EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_serves(path: Path) -> None:
    with (
        controller("--config", str(path)) as listening,
        Client("127.0.0.1", listening.json_port) as dds,
    ):
        names = []
        for channel in dds.describe()["channels"]:
            limits = channel["limits"]
            middle = (limits["min_frequency"] + limits["max_frequency"]) / 2
            receipt = dds.set(channel["name"], frequency=middle)
            assert receipt.frequency == pytest.approx(middle, rel=1e-6)
            assert dds.get(channel["name"]) == receipt
            names.append(receipt.name)
        assert [receipt.name for receipt in dds.get()] == names
        dds.kill()
        assert all(receipt.words.asf == 0 for receipt in dds.get())
