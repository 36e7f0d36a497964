"""A core device that runs kernels on the host, so that CI drives a controller without hardware.

ARTIQ's dummy core (``"host": None``) compiles kernels and executes nothing. :class:`HostCore` is
the other half: nothing is compiled, but every line runs, and an RPC is a plain call. Use both. In
a device_db::

    "core": {"type": "local", "module": "dds_link.host_core", "class": "HostCore", "arguments": {}}

Time is counted and never waited for. There is no underflow, and integers do not overflow.
"""

from typing import Any, Callable, Dict, Set, Tuple

from dds_link.kernel_language import TBool, TFloat, TInt64, TNone, int64

SLACK_MU = 125000
"""What ARTIQ's ``break_realtime`` leaves between the counter and the cursor."""

COUNTER_STEP_MU = 1000
"""By how much the counter advances whenever it is read, so that a loop that waits for it ends."""


class HostCore:
    """ARTIQ's simulation core with the methods that kernels call on a real one.

    Importing this module needs no ARTIQ; making a ``HostCore`` does, and sets the time manager of
    ``artiq.sim`` for the process, so that ``delay``, ``now_mu``, ``parallel`` work on the host.

    :param dmgr: ARTIQ's device manager (not used).
    :param ref_period: one machine unit, seconds.
    :param ref_multiplier: machine units in one cycle of the coarse clock.
    :raises ImportError: without ARTIQ.
    """

    kernel_invariants: Set[str] = {"coarse_ref_period", "core", "ref_multiplier", "ref_period"}

    def __init__(self, dmgr: Any, ref_period: float = 1e-9, ref_multiplier: int = 8) -> None:
        self.core = self
        self.ref_period = ref_period
        self.ref_multiplier = ref_multiplier
        self.coarse_ref_period = ref_period * ref_multiplier
        self._time = _time_manager(ref_period)
        self._counter = 0
        self._depth = 0

    def run(
        self, function: Callable[..., Any], arguments: Tuple[Any, ...], keywords: Dict[str, Any]
    ) -> Any:
        """Run a kernel; what ARTIQ's ``@kernel`` calls on the core device."""
        body = function.__wrapped__  # type: ignore[attr-defined]  # set by functools.wraps
        self._depth += 1
        try:
            return body(*arguments, **keywords)
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._time.report()

    def precompile(
        self, function: Callable[..., Any], *arguments: Any, **keywords: Any
    ) -> Callable[[], Any]:
        """Bind a kernel's arguments, as the real core does; nothing is compiled."""

        def run_precompiled() -> Any:
            return function(*arguments, **keywords)

        return run_precompiled

    def close(self) -> None:
        """Do nothing: there is no connection."""

    # The clock: a counter that nobody waits for, and the cursor, which is the time manager's

    def reset(self) -> TNone:
        """Put the cursor a little ahead of the counter."""
        self._counter = max(self._counter, int(self._time.get_time_mu()))
        self.break_realtime()

    def break_realtime(self) -> TNone:
        """Put the cursor a little ahead of the counter, unless it is there already."""
        self._time.forward(self._counter + SLACK_MU)

    def wait_until_mu(self, cursor_mu: TInt64) -> TNone:
        """Let the counter reach ``cursor_mu``; it takes no time."""
        self._counter = max(self._counter, int(cursor_mu))

    def get_rtio_counter_mu(self) -> TInt64:
        """The counter, in machine units."""
        self._counter += COUNTER_STEP_MU
        return int64(self._counter)

    def get_rtio_destination_status(self, destination: int) -> TBool:
        """True: a destination that is not there is never down."""
        return True

    def seconds_to_mu(self, seconds: TFloat) -> TInt64:
        """Seconds in machine units, rounded down as on the real core."""
        return int64(seconds // self.ref_period)

    def mu_to_seconds(self, mu: TInt64) -> TFloat:
        """Machine units in seconds."""
        return float(mu * self.ref_period)


def _time_manager(ref_period: float) -> Any:
    """Put ours in the place of the time manager of ``artiq.sim``, and return it."""
    try:
        from artiq.language.core import set_time_manager
        from artiq.sim import time
    except ImportError as error:
        raise ImportError(
            "HostCore runs kernels with artiq.sim, and ARTIQ is not installed here"
        ) from error

    class Manager(time.Manager):  # type: ignore[misc]  # ARTIQ has no annotations
        """That of ``artiq.sim``, which counts seconds, counting machine units like a real core."""

        def take_time(self, duration: float) -> None:
            self.take_time_mu(int64(round(duration / ref_period)))

        def exit(self) -> None:
            self.take_time_mu(int64(self.stack.pop().block_duration))

        def get_time_mu(self) -> int64:
            return int64(super().get_time_mu())

        def set_time_mu(self, moment: int64) -> None:
            # Also backwards, which real kernels do.
            self.take_time_mu(int64(moment) - self.get_time_mu())

        def forward(self, moment: int) -> None:
            """Go to ``moment`` unless it has passed."""
            self.take_time_mu(int64(max(0, moment - self.get_time_mu())))

        def event(self, description: Any) -> None:
            self.timeline.append((self.get_time_mu() * ref_period, description))

        def report(self) -> None:
            """Print what the devices of ``artiq.sim`` did, if there were any."""
            if self.timeline:
                print(self.format_timeline())
                self.timeline.clear()

    # The devices of artiq.sim find it in the module, and the functions of the language in theirs.
    time.manager = Manager()
    set_time_manager(time.manager)
    return time.manager
