"""An FT232H on USB, and what is wired to it."""

import sys
from typing import Any

import pytest

from dds_link.transports.ftdi import FtdiTransport
from tests.transports import fake_pyftdi, fake_usb
from tests.transports.ftdi_chip import FtdiChip

AD3, AD4, AC0, AC1, AC2 = 3, 4, 8, 9, 10
LINES = {"io_update": AC0, "rf_switch0": AC1}
URL = "ftdi://ftdi:232h/1"


class FtdiBench:
    """Chips on AD3 and AD4, I/O_UPDATE on AC0, an RF switch on AC1."""

    def __init__(self) -> None:
        self.chip = FtdiChip(LINES, {0: AD3, 1: AD4})
        self.answers: list[bytes] = []
        self.chip.far_end = self._transfer
        self.trace = self.chip.trace

    def _transfer(self, chip: int, data: bytes) -> bytes:
        answer = self.answers.pop(0) if self.answers else b""
        return answer[: len(data)].ljust(len(data), b"\0")

    def transport(self, **changes: Any) -> FtdiTransport:
        """A transport to both chips."""
        arguments: dict[str, Any] = {"url": URL, "selects": [AD3, AD4], "lines": LINES, **changes}
        return FtdiTransport(**arguments)

    def use_stand_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without any package."""
        for name, module in fake_pyftdi.Packages(self.chip, self).modules.items():
            monkeypatch.setitem(sys.modules, name, module)

    def use_pyftdi(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the real packages, down to the bytes on USB."""
        reason = "uses the real pyftdi; not installed"
        tools = pytest.importorskip("pyftdi.usbtools", reason=reason).UsbTools
        backend = fake_usb.module(self.chip, self)
        monkeypatch.setitem(sys.modules, backend.__name__, backend)
        monkeypatch.setattr(tools, "BACKENDS", (backend.__name__,))
        monkeypatch.setattr(tools, "Devices", {})
        monkeypatch.setattr(tools, "UsbDevices", {})
