"""Measuring in turns: a slice of each, again and again, so that noise hits all of them alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from time import perf_counter

from benchmarks.pinning import ONE_CORE, run_on
from benchmarks.samples import Samples

WARM_UP = 5
"""Calls at the start of a slice that do not count: the one before has emptied the caches."""


class Measurement(ABC):
    """Something to be timed call by call.

    :param name: short and stable; the key in the JSON.
    :param text: what it is, for people.
    :param calls: calls in one slice.
    :param every: it takes its turn in one of this many rounds.
    :param cores: where the client runs meanwhile.
    """

    kind = "exchange"

    def __init__(
        self,
        name: str,
        text: str,
        calls: int = 50,
        every: int = 1,
        cores: frozenset[int] = ONE_CORE,
    ) -> None:
        self.name = name
        self.text = text
        self.calls = calls
        self.every = every
        self.cores = cores
        self.samples = Samples()

    @abstractmethod
    def run(self, calls: int) -> list[float]:
        """Make some calls; seconds for each."""


class Blocking(Measurement):
    """A function that returns when it is done.

    :param call: the function; for the rest see :class:`Measurement`.
    """

    def __init__(self, name: str, text: str, call: Callable[[], object], calls: int = 50) -> None:
        super().__init__(name, text, calls)
        self._call = call

    def run(self, calls: int) -> list[float]:
        """See :meth:`Measurement.run`."""
        call, times = self._call, []
        for _ in range(calls):
            start = perf_counter()
            call()
            times.append(perf_counter() - start)
        return times


def measure(measurements: Sequence[Measurement], rounds: int, calls: float = 1.0) -> None:
    """Fill the samples of ``measurements``. Leaves this process on the cores of the last one.

    :param rounds: how often each one has its turn.
    :param calls: factor on the number of calls in a slice.
    """
    for number in range(rounds):
        for one in measurements:
            if number % one.every == 0:
                run_on(one.cores)
                one.run(min(WARM_UP, one.calls - 1))
                one.samples.add(number, one.run(max(round(one.calls * calls), 1)))
