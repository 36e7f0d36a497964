"""A device manager as ARTIQ's, for local devices, without ARTIQ."""

import importlib
from types import SimpleNamespace
from typing import Any


class DeviceManager:
    """Makes each device of a device_db once.

    :param device_db: as in a ``device_db.py``.
    :param rid: run number that the scheduler tells.
    :param file: file name of the experiment.
    """

    def __init__(self, device_db: dict[str, Any], rid: Any = None, file: str | None = None) -> None:
        self._device_db = device_db
        self._made: dict[str, Any] = {}
        self.virtual_devices = {"scheduler": SimpleNamespace(rid=rid, expid={"file": file})}

    def get_device_db(self) -> dict[str, Any]:
        return self._device_db

    def get_desc(self, key: str) -> Any:
        entry = self._device_db[key]
        while isinstance(entry, str):
            entry = self._device_db[entry]
        return entry

    def get(self, key: str) -> Any:
        entry = self.get_desc(key)
        name = next(name for name, other in self._device_db.items() if other is entry)
        if name not in self._made:
            device_class = getattr(importlib.import_module(entry["module"]), entry["class"])
            self._made[name] = device_class(self, **entry.get("arguments", {}))
        return self._made[name]

    def __enter__(self) -> "DeviceManager":
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close_devices()

    def close_devices(self) -> None:
        for device in self._made.values():
            if hasattr(device, "close"):
                device.close()


def link_entry(**arguments: Any) -> dict[str, Any]:
    """A device_db entry of a ``DDSLink``."""
    return {
        "type": "local",
        "module": "dds_link.driver",
        "class": "DDSLink",
        "arguments": arguments,
    }


def channel_entry(channel: Any, link: str = "dds_link", sysclk: float = 1e9) -> dict[str, Any]:
    """A device_db entry of a ``DDSChannel``."""
    return {
        "type": "local",
        "module": "dds_link.driver",
        "class": "DDSChannel",
        "arguments": {"link": link, "channel": channel, "sysclk": sysclk},
    }
