"""Kernels make the same words as the host: on the host as plain Python, and compiled by ARTIQ."""

import importlib
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link import tuning
from dds_link.kernel_language import TFloat, TFloats, TInt32, TInt64, TNone, int64, kernel
from dds_link.tuning import Tuning
from dds_link.tuning_kernel import (
    amplitude_to_asf,
    asf_to_amplitude,
    frequency_to_ftw,
    frequency_to_ftw48,
    ftw48_to_frequency,
    ftw_to_frequency,
    kernel_clock,
    pow_to_turns,
    turns_to_pow,
)
from tests import tuning_cases as cases


def load(*absent: str) -> Any:
    """The kernel forms as they are where the packages ``absent`` are not installed."""
    hidden = {name: None for name in (*absent, *sys.modules) if name.split(".")[0] in absent}
    with mock.patch.dict(sys.modules, hidden):
        sys.modules.pop("dds_link.kernel_language", None)
        sys.modules.pop("dds_link.tuning_kernel", None)
        return importlib.import_module("dds_link.tuning_kernel")


FORMS = [load(), load("artiq", "numpy")]
forms = pytest.mark.parametrize("form", FORMS, ids=["as installed", "plain Python"])


def check(
    kernel_form: Callable[[float], Any], host_form: Callable[[float], int], inputs: Iterable[float]
) -> None:
    """Both forms take the same values, make the same words of them, and refuse the same others."""
    for value in inputs:
        try:
            word = host_form(value)
        except ValueError:
            with pytest.raises(ValueError, match="is outside|must be"):
                kernel_form(value)
        else:
            assert kernel_form(value) == word, value


@forms
@pytest.mark.parametrize("sysclk", cases.CLOCKS)
def test_frequency_at_the_edges(form: Any, sysclk: float) -> None:
    clock, scale = form.kernel_clock(sysclk)
    check(
        lambda frequency: form.frequency_to_ftw(frequency, clock, scale),
        Tuning(sysclk).frequency_to_ftw,
        cases.frequencies(sysclk, 32),
    )
    check(
        lambda frequency: form.frequency_to_ftw48(frequency, clock, scale),
        Tuning(sysclk, 48).frequency_to_ftw,
        cases.frequencies(sysclk, 48),
    )


@forms
@pytest.mark.parametrize("bits", cases.PHASE_WIDTHS)
def test_phase_at_the_edges(form: Any, bits: int) -> None:
    host = Tuning(1.0, pow_bits=bits)
    check(lambda turns: form.turns_to_pow(turns, bits), host.turns_to_pow, cases.phases(bits))


@forms
@pytest.mark.parametrize("bits", cases.AMPLITUDE_WIDTHS)
def test_amplitude_at_the_edges(form: Any, bits: int) -> None:
    check(
        lambda amplitude: form.amplitude_to_asf(amplitude, bits),
        Tuning(1.0, asf_bits=bits).amplitude_to_asf,
        cases.amplitudes(bits),
    )


@forms
@given(cases.tunings_with_frequency(32))
def test_any_frequency(form: Any, drawn: "tuple[Tuning, float]") -> None:
    host, frequency = drawn
    clock, scale = form.kernel_clock(host.sysclk)
    word = form.frequency_to_ftw(frequency, clock, scale)
    assert word == host.frequency_to_ftw(frequency)
    assert form.ftw_to_frequency(word, clock, scale) == host.ftw_to_frequency(int(word))


@forms
@given(cases.tunings_with_frequency(48))
def test_any_frequency_of_48_bits(form: Any, drawn: "tuple[Tuning, float]") -> None:
    host, frequency = drawn
    clock, scale = form.kernel_clock(host.sysclk)
    word = form.frequency_to_ftw48(frequency, clock, scale)
    assert word == host.frequency_to_ftw(frequency)
    assert form.ftw48_to_frequency(word, clock, scale) == host.ftw_to_frequency(int(word))


@forms
@given(st.sampled_from(cases.PHASE_WIDTHS), cases.TURNS)
def test_any_phase(form: Any, bits: int, turns: float) -> None:
    word = form.turns_to_pow(turns, bits)
    assert word == tuning.turns_to_pow(turns, bits)
    assert form.pow_to_turns(word, bits) == tuning.pow_to_turns(int(word), bits)


@forms
@given(st.sampled_from(cases.AMPLITUDE_WIDTHS), cases.AMPLITUDES)
def test_any_amplitude(form: Any, bits: int, amplitude: float) -> None:
    word = form.amplitude_to_asf(amplitude, bits)
    assert word == tuning.amplitude_to_asf(amplitude, bits)
    assert form.asf_to_amplitude(word, bits) == tuning.asf_to_amplitude(int(word), bits)


@forms
@pytest.mark.parametrize("sysclk", cases.BAD_CLOCKS)
def test_clocks_that_are_refused(form: Any, sysclk: float) -> None:
    with pytest.raises(ValueError, match="sysclk"):
        form.kernel_clock(sysclk)


@pytest.mark.parametrize("sysclk", cases.CLOCKS)
def test_the_clock_is_handed_over_exactly(sysclk: float) -> None:
    clock, scale = kernel_clock(sysclk)
    assert int(clock) / scale == sysclk
    assert isinstance(clock, int64)


def test_integers_are_the_kernels_on_the_host_too() -> None:
    numpy = pytest.importorskip("numpy", reason="needs numpy")
    clock, scale = kernel_clock(1e9)
    assert isinstance(clock, numpy.int64)
    assert isinstance(frequency_to_ftw(80e6, clock, scale), numpy.int32)
    assert isinstance(frequency_to_ftw48(80e6, clock, scale), numpy.int64)
    assert isinstance(turns_to_pow(0.25), numpy.int32)
    assert isinstance(amplitude_to_asf(0.5), numpy.int32)


# The real compiler

# What the firmware of ARTIQ 5 to 9 for RISC-V gives to a kernel that computes
# (artiq/firmware/ksupport/api.rs). A kernel that wants more compiles, but does not load.
FIRMWARE = {
    "__divsi3", "__modsi3", "__ledf2", "__gedf2", "__unorddf2", "__eqdf2", "__ltdf2", "__nedf2",
    "__gtdf2", "__lshrdi3", "__muldi3", "__divdi3", "__ashldi3", "__ashrdi3", "__adddf3",
    "__subdf3", "__muldf3", "__divdf3", "__floatsidf", "__floatunsidf", "__floatdidf", "__fixdfsi",
    "__fixdfdi", "__fixunsdfsi", "__udivdi3", "__umoddi3", "__moddi3",
    "__artiq_personality", "__artiq_raise", "__artiq_resume", "__artiq_end_catch",
}  # fmt: skip


class Experiment:
    """Calls every function from a kernel, as an experiment would."""

    kernel_invariants = {"core", "clock", "scale"}  # noqa: RUF012 (ARTIQ's convention)

    def __init__(self, core: Any) -> None:
        self.core = core
        self.clock, self.scale = kernel_clock(1e9)
        self.other_clock, self.other_scale = kernel_clock(429496729.6)

    def report32(self, word: int, value: float) -> TNone:
        """Called by the kernel."""

    def report64(self, word: int, value: float) -> TNone:
        """Called by the kernel."""

    def inputs(self) -> TFloats:
        """Called by the kernel."""
        return [80e6]

    @kernel
    def run(self) -> TNone:
        """Both with a clock that is a constant to the compiler and with one that is not."""
        for value in self.inputs():
            self.one(value, self.clock, self.scale)
            self.one(value, self.other_clock, self.other_scale)

    @kernel
    def one(self, value: TFloat, clock: TInt64, scale: TFloat) -> TNone:
        """One of each."""
        ftw = frequency_to_ftw(value, clock, scale)
        self.report32(ftw, ftw_to_frequency(ftw, clock, scale))
        ftw48 = frequency_to_ftw48(value, clock, scale)
        self.report64(ftw48, ftw48_to_frequency(ftw48, clock, scale))
        self.words(turns_to_pow(value), amplitude_to_asf(value))
        self.report32(turns_to_pow(value, 14), pow_to_turns(turns_to_pow(value, 14), 14))
        self.report32(
            amplitude_to_asf(value, 10), asf_to_amplitude(amplitude_to_asf(value, 10), 10)
        )

    @kernel
    def words(self, pow_: TInt32, asf: TInt32) -> TNone:
        """The inverses, from words that the compiler knows nothing of."""
        self.report32(pow_, pow_to_turns(pow_))
        self.report32(asf, asf_to_amplitude(asf))


@pytest.fixture
def experiment(request: pytest.FixtureRequest) -> Experiment:
    """An experiment with ARTIQ's dummy core, for the processor that is the fixture's parameter."""
    module = pytest.importorskip("artiq.coredevice.core", reason="needs ARTIQ")
    devices = mock.Mock()
    core = module.Core(devices, None, 1e-9, target=request.param)
    devices.get.side_effect = {"core": core}.__getitem__
    return Experiment(core)


@pytest.mark.artiq
@pytest.mark.parametrize("experiment", ["rv32ima", "rv32g"], indirect=True)
def test_they_compile_and_the_firmware_can_load_them(experiment: Experiment) -> None:
    library = experiment.core.compile(Experiment.run, (experiment,), {})[1]
    wanted = {name.decode() for name in re.findall(rb"(?<=\0)__\w+(?=\0)", library)}
    wanted -= {"__modinit__", "__bss_start"}
    assert "__divdi3" in wanted or "__udivdi3" in wanted  # so the names were found
    assert wanted <= FIRMWARE


@pytest.mark.artiq
@pytest.mark.parametrize("experiment", ["cortexa9"], indirect=True)
def test_they_compile_for_zynq(experiment: Experiment) -> None:
    assert experiment.core.compile(Experiment.run, (experiment,), {})[1].startswith(b"\x7fELF")


@pytest.mark.artiq
@pytest.mark.parametrize("experiment", ["rv32g"], indirect=True)
def test_a_kernel_that_does_not_compile_would_be_seen(experiment: Experiment) -> None:
    from artiq.coredevice.core import CompileError

    experiment.clock = 1  # an int32: the two do not unify
    with pytest.raises(CompileError):
        experiment.core.compile(Experiment.run, (experiment,), {})
