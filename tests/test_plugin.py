"""A device of a third party, found by its entry point: ``examples/dds_link_ad9850``, served."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from dds_link.client import Client
from dds_link.devices import registry
from dds_link.errors import DDSRefused
from dds_link.model import Words
from tests.controller_process import ENVIRONMENT, ROOT, controller, python

PLUGIN = ROOT / "examples" / "dds_link_ad9850"
CONFIG = str(PLUGIN / "ad9850.toml")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``pip install`` leaves behind, without pip: the package on the path of new processes,
    and its entry points, as its ``pyproject.toml`` has them."""
    toml = _toml().loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))
    project = toml["project"]
    information = tmp_path / f"{project['name']}-{project['version']}.dist-info"
    information.mkdir()
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (information / "METADATA").write_text(head, encoding="utf-8")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (information / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    for package in toml["tool"]["setuptools"]["packages"]:
        (tmp_path / package).symlink_to(PLUGIN / package)
    monkeypatch.setitem(ENVIRONMENT, "PYTHONPATH", os.pathsep.join([str(ROOT), str(tmp_path)]))


def _toml() -> Any:
    try:
        return import_module("tomllib")
    except ImportError:  # Python 3.10
        return import_module("tomli")


def test_without_its_package_the_type_is_unknown() -> None:
    assert "ad9850" not in registry.known_types()
    command = ("-m", "dds_link.aqctl_dds_link", "--simulation", "--config", CONFIG)
    with python(*command) as process:
        _, errors = process.communicate()
    assert process.returncode != 0
    assert "device.type = 'ad9850'" in errors
    assert "there is no such device" in errors


@pytest.mark.usefixtures("installed")
def test_with_it_a_controller_serves_it() -> None:
    with (
        controller("--config", CONFIG) as listening,
        Client("127.0.0.1", listening.json_port) as dds,
    ):
        [channel] = dds.describe()["channels"]
        assert (channel["name"], channel["chip"]) == ("cooling", "ad9850:0")
        receipt = dds.set("cooling", frequency=10e6, phase=0.5)
        assert receipt.words == Words(0x147AE148, 16, 1)
        assert receipt.frequency == pytest.approx(10e6, abs=0.0292)
        assert receipt.phase == 0.5
        with pytest.raises(DDSRefused, match="unsupported"):
            dds.set("cooling", amplitude=0.5)
        assert dds.set("cooling", enabled=False).words == Words(0x147AE148, 16, 0)
        dds.set("cooling", enabled=True)
        with pytest.raises(DDSRefused, match="unsupported"):
            dds.get("cooling", verify=True)
        dds.kill()
        [killed] = dds.get()
        assert killed.words == Words(0x147AE148, 16, 0)
        assert killed.epoch > receipt.epoch
