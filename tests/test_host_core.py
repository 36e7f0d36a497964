"""HostCore: kernels run on the host, time is counted."""

import sys
from typing import Any

import pytest

from dds_link.host_core import COUNTER_STEP_MU, SLACK_MU, HostCore


def test_without_artiq_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "artiq", None)
    monkeypatch.setitem(sys.modules, "artiq.language.core", None)
    with pytest.raises(ImportError, match="ARTIQ is not installed here"):
        HostCore(None)


@pytest.fixture
def core() -> HostCore:
    pytest.importorskip("artiq.sim", reason="needs ARTIQ")
    return HostCore(None)


@pytest.fixture
def language(core: HostCore) -> Any:
    """ARTIQ's language, once ``core`` has set the time manager."""
    from artiq.language import core as language

    return language


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # ARTIQ's own
needs_artiq = pytest.mark.artiq


@needs_artiq
def test_a_kernel_really_runs_and_returns(core: HostCore, language: Any) -> None:
    class Experiment:
        def __init__(self) -> None:
            self.core = core
            self.seen: list[Any] = []

        @language.kernel
        def run(self, value: int, factor: int = 1) -> int:
            self.seen.append(self.inner(value))
            return value * factor

        @language.kernel
        def inner(self, value: int) -> int:
            return value + 1

    experiment = Experiment()
    assert experiment.run(3, factor=2) == 6
    assert experiment.seen == [4]
    assert core.precompile(experiment.run, 5, factor=3)() == 15


@needs_artiq
def test_an_exception_leaves_a_kernel_as_it_is(core: HostCore, language: Any) -> None:
    class Experiment:
        def __init__(self) -> None:
            self.core = core

        @language.kernel
        def run(self) -> None:
            with language.parallel:
                raise KeyError("as it is")

    for _ in range(2):
        with pytest.raises(KeyError, match="as it is"):
            Experiment().run()


@needs_artiq
def test_time_is_counted_in_machine_units(core: HostCore, language: Any) -> None:
    start = language.now_mu()
    language.delay(1e-6)
    language.delay_mu(5)
    assert language.now_mu() - start == 1005
    assert type(language.now_mu()).__name__ == "int64"


@needs_artiq
def test_parallel_takes_as_long_as_its_longest(core: HostCore, language: Any) -> None:
    start = language.now_mu()
    with language.parallel:
        language.delay(2e-6)
        with language.sequential:
            language.delay(1e-6)
            language.delay(3e-6)
        language.delay_mu(1)
    assert language.now_mu() - start == 4000


@needs_artiq
def test_the_cursor_goes_anywhere(core: HostCore, language: Any) -> None:
    language.at_mu(5000)
    assert language.now_mu() == 5000
    language.at_mu(1000)
    language.delay_mu(-500)
    assert language.now_mu() == 500


@needs_artiq
def test_break_realtime_makes_slack_unless_there_is_enough(core: HostCore, language: Any) -> None:
    core.break_realtime()
    assert language.now_mu() == SLACK_MU
    core.break_realtime()
    assert language.now_mu() == SLACK_MU
    core.wait_until_mu(language.now_mu())
    core.break_realtime()
    assert language.now_mu() == 2 * SLACK_MU


@needs_artiq
def test_reset_makes_slack_wherever_the_cursor_was(core: HostCore, language: Any) -> None:
    language.at_mu(10**12)
    core.reset()
    assert language.now_mu() == 10**12 + SLACK_MU


@needs_artiq
def test_a_loop_that_waits_for_the_counter_ends(core: HostCore, language: Any) -> None:
    first = core.get_rtio_counter_mu()
    assert core.get_rtio_counter_mu() - first == COUNTER_STEP_MU
    core.wait_until_mu(10**6)
    core.wait_until_mu(10**3)  # has passed
    assert core.get_rtio_counter_mu() == 10**6 + COUNTER_STEP_MU


@needs_artiq
def test_seconds_and_machine_units(core: HostCore, language: Any) -> None:
    assert core.seconds_to_mu(1.5e-6) == 1.5e-6 // 1e-9  # 1499, as a real core's
    assert core.mu_to_seconds(1500) == pytest.approx(1.5e-6)
    assert (core.ref_period, core.ref_multiplier, core.coarse_ref_period) == (1e-9, 8, 8e-9)


@needs_artiq
def test_destinations_are_up_and_closing_does_nothing(core: HostCore, language: Any) -> None:
    assert core.get_rtio_destination_status(0) is True
    core.close()


@needs_artiq
def test_devices_of_the_simulation_print_what_they_did(
    core: HostCore, language: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    from artiq.sim.devices import Output

    class Experiment:
        def __init__(self) -> None:
            self.core = core
            self.ttl = Output(self, "ttl_raman")

        def get(self, key: str) -> Any:
            return core

        @language.kernel
        def run(self) -> None:
            language.delay(1e-6)
            self.ttl.pulse(2e-6)

    Experiment().run()
    assert capsys.readouterr().out.split()[:5] == [
        "@0.000001000", "(+0.000001000)", "pulse", "ttl_raman", "2e-06",
    ]  # fmt: skip


@needs_artiq
def test_a_new_core_starts_at_zero(core: HostCore, language: Any) -> None:
    language.delay(1.0)
    HostCore(None)
    assert language.now_mu() == 0
