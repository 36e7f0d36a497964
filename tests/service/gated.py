"""A simulated bus on which an operation waits until a test lets it go on: slow hardware."""

import threading
from collections.abc import Callable
from typing import Any

from tests.transports.faulty import FaultyTwin

#: Longest wait for the other side, s. A test that needs it has failed.
PATIENCE = 10.0


class GatedTwin(FaultyTwin):
    """As :class:`FaultyTwin`, with a gate at one operation."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._gate_at = 0
        #: True while an operation is at the gate.
        self.reached = False
        #: Called in the device's thread when it gets there.
        self.on_reached: Callable[[], None] = lambda: None
        self._opened = threading.Event()

    def gate(self, at: int) -> None:
        """Hold an operation, in the device's thread: 1 for the next one."""
        self._gate_at = self.operations + at
        self._opened.clear()

    def let_go(self) -> None:
        """Open the gate."""
        self.reached = False
        self._opened.set()

    def _operation(
        self, all_of_it: Callable[[], object], some: Callable[[], None] | None = None
    ) -> None:
        if self.operations + 1 == self._gate_at:
            self.reached = True
            self.on_reached()
            assert self._opened.wait(PATIENCE), "nobody opened the gate"
        super()._operation(all_of_it, some)
