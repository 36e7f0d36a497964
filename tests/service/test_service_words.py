"""From request to register: the same words everywhere, and every receipt can be sent back."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dds_link import tuning_kernel
from dds_link.errors import OutOfRange
from dds_link.tuning import Tuning
from dds_link.words import Words
from tests.devices.watched import configure
from tests.service.bench import Bench
from tests.tuning_cases import amplitudes, frequencies, phases

#: Limits of channel 1, none of which is a whole number of steps.
LOW, HIGH, TOP = 60e6, 123456789.123, 0.7071
#: Reference clocks in Hz, and what the PLL makes of them.
CLOCKS = [(25e6, 1e9), (24e6, 960e6), (20e6, 800e6), (1e9, 1e9), (999999970.3, 999999970.3)]


def started(refclk: float, sysclk: float) -> Bench:
    device, channels = configure()
    limits = {"min_frequency": LOW, "max_frequency": HIGH, "max_amplitude": TOP}
    config = (
        replace(device, refclk=refclk, sysclk=sysclk),
        (channels[0], replace(channels[1], **limits)),
    )
    return Bench(config=config).start()


BENCHES: dict[float, Bench] = {}


def bench_at(clock: tuple[float, float]) -> Bench:
    """A bench for each clock, made once: each example sets what it looks at."""
    if clock[0] not in BENCHES:
        BENCHES[clock[0]] = started(*clock)
    return BENCHES[clock[0]]


def predicted(tuning: Tuning, frequency: float, phase: float, amplitude: float) -> Words:
    """The words, by exact arithmetic."""
    return Words(
        tuning.frequency_to_ftw(frequency),
        tuning.turns_to_pow(phase),
        tuning.amplitude_to_asf(amplitude),
    )


def in_a_kernel(sysclk: float, frequency: float, phase: float, amplitude: float) -> Words:
    """The words, as an ARTIQ kernel computes them."""
    clock, scale = tuning_kernel.kernel_clock(sysclk)
    return Words(
        int(tuning_kernel.frequency_to_ftw(frequency, clock, scale)),
        int(tuning_kernel.turns_to_pow(phase)),
        int(tuning_kernel.amplitude_to_asf(amplitude)),
    )


def assert_same_words(
    bench: Bench, channel: int, frequency: float, phase: float, amplitude: float
) -> None:
    """Set, and compare the words on every way; then send the receipt back."""
    sysclk = bench.config.device.sysclk
    expected = predicted(Tuning(sysclk), frequency, phase, amplitude)
    receipt = bench.set(channel, frequency=frequency, phase=phase, amplitude=amplitude)
    assert receipt.words == expected
    assert bench.registers(channel) == expected
    assert in_a_kernel(sysclk, frequency, phase, amplitude) == expected
    assert (
        bench.set(
            channel,
            frequency=receipt.frequency,
            phase=receipt.phase,
            amplitude=receipt.amplitude,
            enabled=receipt.enabled,
        )
        == receipt
    )
    words = receipt.words
    assert bench.set(channel, ftw=words.ftw, pow=words.pow, asf=words.asf) == receipt
    assert bench.registers(channel) == expected


@settings(max_examples=300, deadline=None)
@given(
    clock=st.sampled_from(CLOCKS),
    fraction=st.floats(0, 0.4999999),
    phase=st.floats(-1e6, 1e6) | st.floats(-2, 2),
    amplitude=st.floats(0, 1),
)
def test_any_tone(
    clock: tuple[float, float], fraction: float, phase: float, amplitude: float
) -> None:
    assert_same_words(bench_at(clock), 0, fraction * clock[1], phase, amplitude)


@settings(max_examples=200, deadline=None)
@given(frequency=st.floats(LOW, HIGH), amplitude=st.floats(0, TOP))
def test_any_tone_within_limits(frequency: float, amplitude: float) -> None:
    assert_same_words(bench_at(CLOCKS[0]), 1, frequency, 0.0, amplitude)


@settings(max_examples=200, deadline=None)
@given(
    ftw=st.integers(0, 0x7FFFFFFF), pow_=st.integers(0, 0xFFFF), asf=st.integers(0, 0x3FFF),
    clock=st.sampled_from(CLOCKS),
)  # fmt: skip
def test_any_words(ftw: int, pow_: int, asf: int, clock: tuple[float, float]) -> None:
    """Quantities of a receipt give back any words that can be set as such."""
    bench = bench_at(clock)
    receipt = bench.set(0, ftw=ftw, pow=pow_, asf=asf)
    assert receipt.words == Words(ftw, pow_, asf) == bench.registers(0)
    again = bench.set(
        0, frequency=receipt.frequency, phase=receipt.phase, amplitude=receipt.amplitude
    )
    assert again == receipt


@pytest.mark.parametrize("clock", CLOCKS, ids=str)
def test_edges(clock: tuple[float, float]) -> None:
    """0, ties and their neighbours, Nyquist, whole turns, 359.999 degrees, negative phases."""
    bench, tuning = bench_at(clock), Tuning(clock[1])
    for quantity, values in (
        ("frequency", list(frequencies(clock[1], 32))),
        ("phase", list(phases(16))),
        ("amplitude", list(amplitudes(14))),
    ):
        for value in values:
            tone = {"frequency": 1e6, "phase": 0.0, "amplitude": 0.5, quantity: value}
            try:
                predicted(tuning, **tone)
            except ValueError:
                assert_refused(bench, quantity, value, clock[1])
            else:
                assert_same_words(bench, 0, **tone)


def assert_refused(bench: Bench, quantity: str, value: float, sysclk: float) -> None:
    """No word: refused here as in a kernel, and nothing changes."""
    before = bench.get(0)
    assert isinstance(bench.set(0, **{quantity: value}), OutOfRange)
    assert bench.get(0) == before
    assert bench.registers(0) == before.words
    tone = {"frequency": 1e6, "phase": 0.0, "amplitude": 0.5, quantity: value}
    with pytest.raises(ValueError, match=quantity):
        in_a_kernel(sysclk, **tone)


def limits(bench: Bench) -> dict[str, tuple[Any, float, int, int]]:
    """For each limit its field, its value, its word and the direction outwards."""
    tuning = Tuning(bench.config.device.sysclk)
    return {
        "low": ("frequency", LOW, tuning.frequency_to_ftw(LOW), -1),
        "high": ("frequency", HIGH, tuning.frequency_to_ftw(HIGH), +1),
        "top": ("amplitude", TOP, tuning.amplitude_to_asf(TOP), +1),
    }


@pytest.mark.parametrize("name", ["low", "high", "top"])
@pytest.mark.parametrize("clock", CLOCKS, ids=str)
def test_a_limit_is_a_word(name: str, clock: tuple[float, float]) -> None:
    """Its own nearest word is allowed, though it may mean more; the next one is not. Half a step
    either side decides, exactly there."""
    bench = bench_at(clock)
    bench.set(1, frequency=LOW)  # without one, no amplitude goes out
    field, value, word, outwards = limits(bench)[name]
    word_field = {"frequency": "ftw", "amplitude": "asf"}[field]
    tuning = Tuning(clock[1])
    quantity = tuning.ftw_to_frequency if field == "frequency" else tuning.asf_to_amplitude
    step = quantity(1)
    allowed: list[dict[str, Any]] = [
        {field: value},
        {field: quantity(word)},
        {word_field: word},
        {field: quantity(word) + outwards * step * 0.4999},
    ]
    for fields in allowed:
        receipt = bench.set(1, **fields)
        assert getattr(receipt.words, word_field) == word
        assert getattr(bench.registers(1), word_field) == word
    for fields in (
        {field: quantity(word + outwards)},
        {word_field: word + outwards},
        {field: quantity(word) + outwards * step * 0.5001},
    ):
        before = bench.get(1)
        assert isinstance(bench.set(1, **fields), OutOfRange)
        assert bench.get(1) == before
