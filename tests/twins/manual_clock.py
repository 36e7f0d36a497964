"""A clock that moves only when it is told to."""


class ManualClock:
    """Starts at 1000 s, so that no test mistakes a time for an interval."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def real(self) -> float:
        return self.time

    def unix(self) -> float:
        return 1.8e9 + self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
