"""As much of ``artiq.experiment`` as an experiment of host code needs, without ARTIQ."""

import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


class EnvExperiment:
    """An experiment that was submitted.

    :param manager: makes its devices.
    :param arguments: what was typed into the dashboard; the rest has its defaults.
    """

    def __init__(self, manager: Any, **arguments: Any) -> None:
        self._manager = manager
        self._given = arguments
        self.datasets: dict[str, Any] = {}
        self.build()
        assert not self._given, "arguments that the experiment does not have"

    def build(self) -> None:
        """The experiment's own."""
        raise NotImplementedError

    def setattr_device(self, key: str) -> None:
        setattr(self, key, self._manager.get(key))

    def setattr_argument(self, key: str, processor: Any, tooltip: str = "") -> None:
        setattr(self, key, self._given.pop(key, processor.default))

    def set_dataset(self, key: str, value: Any, unit: str = "") -> None:
        self.datasets[key] = value


class NumberValue:
    """The default is a float, as it is with ARTIQ unless step and scale are whole."""

    def __init__(self, default: float, step: Any = None, scale: Any = None, **other: Any) -> None:
        is_whole = isinstance(step, int) and isinstance(scale, int)
        self.default = int(default) if is_whole else float(default)


def load(path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class of the experiment in ``path``."""
    stand_in = ModuleType("artiq.experiment")
    vars(stand_in).update(EnvExperiment=EnvExperiment, NumberValue=NumberValue)
    monkeypatch.setitem(sys.modules, "artiq", ModuleType("artiq"))
    monkeypatch.setitem(sys.modules, "artiq.experiment", stand_in)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    [found] = [
        one
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, EnvExperiment) and one is not EnvExperiment
    ]
    return found
