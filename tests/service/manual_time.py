"""Time that passes only when a test says so, with timers."""

from collections.abc import Callable

from tests.twins.manual_clock import ManualClock


class ManualTimer:
    """One call to come."""

    def __init__(self, due: float, call: Callable[[], None]) -> None:
        self.due = due
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class ManualTime(ManualClock):
    """A clock whose timers go off in :meth:`advance` only (a device that sleeps is elsewhere)."""

    def __init__(self) -> None:
        super().__init__()
        self.timers: list[ManualTimer] = []

    def call_later(self, delay: float, call: Callable[[], None]) -> ManualTimer:
        timer = ManualTimer(self.time + delay, call)
        self.timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Let time pass; what is due goes off, in order."""
        end = self.time + seconds
        while self.next_due() <= end:
            timer = min(self.waiting(), key=lambda timer: timer.due)
            self.time = max(self.time, timer.due)
            self.timers.remove(timer)
            timer.call()
        self.time = max(self.time, end)

    def waiting(self) -> list[ManualTimer]:
        """Timers that will go off."""
        return [timer for timer in self.timers if not timer.cancelled]

    def next_due(self) -> float:
        """When the next timer goes off."""
        return min((timer.due for timer in self.waiting()), default=float("inf"))
