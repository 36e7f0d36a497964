"""One AD9959: bytes in, tones out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.twins.ad9959_chip import AD9959
from dds_link.words import Words
from tests.twins.manual_clock import ManualClock

CSR, FR1, FR2, CFR, CFTW0, CPOW0, ACR, LSRR, RDW, FDW, CW1 = range(11)
BYTES = {CSR: 1, FR1: 3, FR2: 2, CFR: 3, CFTW0: 4, CPOW0: 2, ACR: 3, LSRR: 2}
PLL_500_MHZ = 0xD30000
"""25 MHz times 20, high VCO gain."""
SINGLE_TONE = 0x000300
SOME, CYCLES = 2**-8, 1_953_125
"""A time that a float holds exactly, s, and what it is in cycles of 500 MHz."""


class Bench:
    """A chip and its time, with the few things that one does to it."""

    def __init__(self, outputs: int = 4, refclk: float = 25e6) -> None:
        self.clock = ManualClock()
        self.chip = AD9959(refclk, self.clock, outputs)

    def send(self, data: "bytes | str") -> bytes:
        frame = data if isinstance(data, bytes) else bytes.fromhex(data)
        return self.chip.transfer(frame, 8 * len(frame))

    def write(self, register: int, value: int) -> None:
        self.send(bytes([register]) + value.to_bytes(BYTES.get(register, 4), "big"))

    def read(self, register: int) -> int:
        answer = self.send(bytes([0x80 | register]) + bytes(BYTES.get(register, 4)))
        return int.from_bytes(answer[1:], "big")

    def select(self, *outputs: int) -> "Bench":
        """Enable outputs, by the bits of an AD9959."""
        self.write(CSR, sum(0x10 << output for output in outputs) | 0x02)
        return self

    def update(self) -> None:
        if self.chip.wants_update:
            self.chip.update(self.clock.now())

    def set(self, register: int, value: int) -> None:
        """Write and update."""
        self.write(register, value)
        self.update()

    def bring_up(self, fr1: int = PLL_500_MHZ) -> "Bench":
        """All outputs are single tones without any clearing, and run on the PLL."""
        self.select(0, 1, 2, 3)
        self.write(FR1, fr1)
        self.write(CFR, SINGLE_TONE)
        self.update()
        self.clock.sleep(2**-6)
        return self


# -- after a reset --------------------------------------------------------------------------------


def test_reset_values() -> None:
    bench = Bench()
    assert bench.send("80 00") == bytes(2)  # 2-wire: the answer is on SDIO_0
    assert bench.chip.register(CSR) == 0xF0
    bench.select(2)
    assert (bench.read(FR1), bench.read(FR2), bench.read(CFR)) == (0, 0, 0x000302)
    assert [bench.read(register) for register in range(CFTW0, 0x19)] == 21 * [0]
    tone = bench.chip.tone(2)
    assert (tone.emits, tone.locked, tone.sysclk) == (False, True, 25e6)
    assert tone.words == Words(0, 0, 0x3FF)  # the multiplier is not in use


def test_master_reset_forgets_everything() -> None:
    bench = Bench().bring_up()
    bench.set(CFTW0, 1000)
    bench.write(CFTW0, 2000)
    bench.send("04 00")  # cut off
    bench.chip.set_master_reset(True)
    assert bench.send("00 12 04 00 00 00 07") == bytes(7)  # it does not listen
    bench.chip.set_master_reset(False)
    assert not bench.chip.wants_update
    assert bench.chip.register(CSR) == 0xF0
    assert bench.chip.tone(0).words.ftw == 0
    bench.set(CFTW0, 3000)  # in step, all outputs enabled
    assert [bench.chip.tone(output).words.ftw for output in range(4)] == 4 * [3000]


# -- registers ------------------------------------------------------------------------------------


def test_a_write_goes_to_every_enabled_output() -> None:
    bench = Bench().bring_up()
    bench.select(1, 3)
    bench.set(CFTW0, 7)
    bench.select()
    bench.set(CFTW0, 8)
    assert [bench.chip.tone(output).words.ftw for output in range(4)] == [0, 7, 0, 7]


def test_nothing_but_csr_acts_before_an_update() -> None:
    bench = Bench().bring_up()
    bench.select(0)
    for register in (FR1, FR2, CFR, CFTW0, CPOW0, ACR, LSRR, RDW, FDW, *range(CW1, 0x19)):
        before = bench.chip.register(register)
        bench.write(register, 1)
        assert bench.chip.register(register) == before
        assert bench.chip.wants_update
        bench.update()
        assert bench.chip.register(register) == bench.read(register) == 1
    bench.write(CSR, 0x22)
    assert not bench.chip.wants_update
    assert bench.read(CSR) == 0x22
    assert bench.read(CFTW0) == 0  # that of output 1


def test_registers_of_the_chip_need_no_output() -> None:
    bench = Bench().bring_up()
    bench.select()
    bench.set(FR2, 0x2000)
    assert bench.read(FR2) == 0x2000


def test_a_read_takes_exactly_one_output() -> None:
    bench = Bench().bring_up()
    bench.set(CFTW0, 7)
    assert bench.select(3).read(CFTW0) == 7
    assert bench.select(0, 3).read(CFTW0) == 0xFFFFFFFF
    assert bench.select().read(ACR) == 0xFFFFFF


def test_addresses_that_nobody_uses() -> None:
    bench = Bench().bring_up()
    bench.select(0)
    bench.write(0x19, 5)
    assert not bench.chip.wants_update
    assert bench.read(0x1F) == 0


def test_an_ad9958_has_the_upper_bits() -> None:
    bench = Bench(outputs=2).bring_up()
    for csr, ftw in (("42", 5), ("82", 6), ("32", 7)):
        bench.send("00" + csr)
        bench.set(CFTW0, ftw)
    assert [bench.chip.tone(output).words.ftw for output in range(2)] == [5, 6]
    with pytest.raises(IndexError):
        bench.chip.tone(2)


def test_least_significant_bit_first() -> None:
    bench = Bench().bring_up()
    bench.send("00 13")
    # CFTW0 = 1: instruction 0x04 and data, each with its bits reversed.
    bench.send("20 80 00 00 00")
    bench.update()
    assert bench.chip.tone(0).words.ftw == 1
    bench.send("00" + f"{int('01001000', 2):02X}")  # back, in its own order: 0x12
    assert bench.read(CFTW0) == 1


def test_answers_are_seen_in_3_wire_mode_only() -> None:
    bench = Bench().bring_up()
    bench.send("00 12")
    bench.set(CFTW0, 0x12345678)
    assert bench.read(CFTW0) == 0x12345678
    bench.send("00 10")
    assert bench.read(CFTW0) == 0


# -- the pins -------------------------------------------------------------------------------------


def test_sync_io_puts_the_port_in_step() -> None:
    bench = Bench().bring_up()
    bench.chip.transfer(b"\x04\x12", 13)
    bench.chip.set_io_reset(True)
    bench.send("04 00 00 00 09")  # it does not listen
    bench.chip.set_io_reset(False)
    bench.set(CFTW0, 7)
    assert bench.chip.tone(0).words.ftw == 7


def test_in_4_bit_mode_that_pin_is_data() -> None:
    bench = Bench().bring_up()
    bench.send("00 F6")
    bench.chip.transfer(b"\0", 3)
    bench.chip.set_io_reset(True)
    bench.chip.set_io_reset(False)
    assert not bench.chip._port.in_step
    bench.chip.set_io_reset(True)
    bench.chip.transfer(b"\0", 1)  # the last quarter: CSR is 0 now, single bits
    assert bench.chip.register(CSR) == 0


def test_the_profile_pins_mean_nothing_to_a_single_tone() -> None:
    bench = Bench().bring_up()
    bench.set(CFTW0, 7)
    bench.write(CFTW0, 8)
    bench.chip.select_profile(5, bench.clock.now())
    assert bench.chip.tone(0).words.ftw == 7


def test_updates_are_counted_and_stamped() -> None:
    bench = Bench()
    assert (bench.chip.updates, bench.chip.last_update) == (0, None)
    bench.set(CFTW0, 7)
    assert (bench.chip.updates, bench.chip.last_update) == (1, 1000.0)


# -- tones ----------------------------------------------------------------------------------------

#: System clock, tone (Hz, turns, fraction), output, bytes, computed with exact fractions.
GOLDEN = [
    (500e6, 10e6, 0, 1, 0, "00 12 04 05 1E B8 52 05 00 00 06 00 13 FF"),
    (500e6, 80e6, 0.25, 0.5, 1, "00 22 04 28 F5 C2 8F 05 10 00 06 00 12 00"),
    (500e6, 123456789, 0.5, 0.25, 2, "00 42 04 3F 35 BA 6E 05 20 00 06 00 11 00"),
    (480e6, 100e6, 0.75, 0.1, 3, "00 82 04 35 55 55 55 05 30 00 06 00 10 66"),
    (429496729.6, 1e6, 0.5, 0.489736, 0, "00 12 04 00 98 96 80 05 20 00 06 00 11 F5"),
]


@pytest.mark.parametrize(("sysclk", "frequency", "phase", "amplitude", "output", "data"), GOLDEN)
def test_golden_tones(
    sysclk: float, frequency: float, phase: float, amplitude: float, output: int, data: str
) -> None:
    bench = Bench(refclk=sysclk).bring_up(fr1=0)
    bench.send(data)
    bench.update()
    tone = bench.chip.tone(output)
    # Half a step of each word, and the last bits of a float.
    assert tone.frequency == pytest.approx(frequency, abs=sysclk / 2**33 * 1.000001)
    assert tone.phase == pytest.approx(phase, abs=0.5 / 16384)
    assert tone.amplitude == pytest.approx(amplitude, abs=0.51 / 1023)
    assert (tone.locked, tone.sysclk, tone.modelled, tone.sine) == (True, sysclk, True, False)
    assert tone.emits


@pytest.mark.parametrize(
    ("refclk", "data", "sysclk"),
    [
        (25e6, "01 D3 00 00", 500e6),
        (50e6, "01 AB 00 00", 500e6),
        (125e6, "01 93 00 00", 500e6),
        (20e6, "01 23 00 00", 160e6),
        (500e6, "01 03 00 00", 500e6),
    ],
)
def test_golden_clocks(refclk: float, data: str, sysclk: float) -> None:
    bench = Bench(refclk=refclk)
    bench.send(data)
    bench.update()
    bench.clock.sleep(2e-3)
    assert (bench.chip.tone(0).sysclk, bench.chip.tone(0).locked) == (sysclk, True)


def test_a_vco_that_cannot_does_not_lock() -> None:
    bench = Bench(refclk=10e6).bring_up(0xD30000)  # 200 MHz
    bench.clock.sleep(1.0)
    assert not bench.chip.tone(0).locked


def test_the_amplitude_counts_only_with_the_multiplier() -> None:
    bench = Bench().bring_up()
    bench.write(CFTW0, 1)
    bench.set(ACR, 0x000100)
    assert (bench.chip.tone(0).amplitude, bench.chip.tone(0).words.asf) == (1.0, 0x3FF)
    bench.set(ACR, 0x001000)
    assert not bench.chip.tone(0).emits


@pytest.mark.parametrize(("bits", "fraction"), [(0, 1 / 8), (1, 1 / 2), (2, 1 / 4), (3, 1.0)])
def test_the_current_of_the_dac(bits: int, fraction: float) -> None:
    bench = Bench().bring_up()
    bench.set(CFR, bits << 8)
    assert bench.chip.tone(0).amplitude == fraction
    assert bench.chip.tone(0).words.asf == 0x3FF


@pytest.mark.parametrize(
    ("register", "value", "outputs"),
    [
        (CFR, SINGLE_TONE | 1 << 7, [1]),
        (CFR, SINGLE_TONE | 1 << 6, [1]),
        (FR1, PLL_500_MHZ | 1 << 7, [0, 1, 2, 3]),
        (FR1, PLL_500_MHZ | 1 << 4, [0, 1, 2, 3]),
    ],
)
def test_power_down(register: int, value: int, outputs: "list[int]") -> None:
    bench = Bench().bring_up()
    bench.set(CFTW0, 1000)
    bench.select(1)
    bench.set(register, value)
    off = [output for output in range(4) if not bench.chip.tone(output).emits]
    assert off == outputs


def test_a_sine() -> None:
    bench = Bench().bring_up()
    bench.set(CFR, SINGLE_TONE | 1)
    assert bench.chip.tone(0).sine


@pytest.mark.parametrize(
    ("register", "value"),
    [
        (CFR, SINGLE_TONE | 1 << 22),  # amplitude modulation
        (CFR, SINGLE_TONE | 2 << 22),
        (CFR, SINGLE_TONE | 1 << 14),  # linear sweep
        (ACR, 0x001800),  # ramp
        (FR1, PLL_500_MHZ | 1),
        (FR1, PLL_500_MHZ | 2),
        (FR2, 1 << 7),
    ],
)
def test_what_is_not_simulated_says_so(register: int, value: int) -> None:
    bench = Bench().bring_up()
    bench.set(register, value)
    assert not bench.chip.tone(0).modelled


# -- phase accumulators ---------------------------------------------------------------------------


def test_accumulators_count_the_clock() -> None:
    bench = Bench().bring_up()
    bench.select(1)
    bench.set(CFTW0, 1000)
    bench.clock.sleep(SOME)
    assert bench.chip.accumulator(1) == 1000 * CYCLES % 2**32
    bench.set(CFTW0, 2000)
    bench.clock.sleep(SOME)
    assert bench.chip.accumulator(1) == 3000 * CYCLES % 2**32
    assert bench.chip.accumulator(0) == 0


def test_after_a_reset_they_are_held_at_zero() -> None:
    """Clear phase accumulator is on in CFR."""
    bench = Bench()
    bench.set(CFTW0, 1000)
    bench.clock.sleep(1.0)
    assert bench.chip.accumulator(0) == 0


@pytest.mark.parametrize(
    ("register", "on", "off", "outputs"),
    [
        (CFR, SINGLE_TONE | 1 << 2, SINGLE_TONE, [1]),
        (FR2, 1 << 13, 0, [0, 1, 2, 3]),
    ],
)
def test_autoclear_clears_at_each_update(
    register: int, on: int, off: int, outputs: "list[int]"
) -> None:
    bench = Bench().bring_up()
    bench.set(CFTW0, 1000)
    bench.clock.sleep(SOME)
    bench.select(1)
    bench.set(register, on)
    cleared = [output for output in range(4) if bench.chip.accumulator(output) == 0]
    assert cleared == outputs
    bench.clock.sleep(SOME)
    assert bench.chip.accumulator(1) == 1000 * CYCLES % 2**32
    bench.update()  # with nothing in the buffers
    assert bench.chip.accumulator(1) == 0
    bench.set(register, off)
    bench.clock.sleep(SOME)
    bench.set(ACR, 0)
    assert bench.chip.accumulator(1) == 1000 * CYCLES % 2**32


@pytest.mark.parametrize(
    ("register", "on", "off", "outputs"),
    [
        (CFR, SINGLE_TONE | 1 << 1, SINGLE_TONE, [2]),
        (FR2, 1 << 12, 0, [0, 1, 2, 3]),
    ],
)
def test_clear_holds_them_at_zero(register: int, on: int, off: int, outputs: "list[int]") -> None:
    bench = Bench().bring_up()
    bench.set(CFTW0, 1000)
    bench.clock.sleep(SOME)
    bench.select(2)
    bench.set(register, on)
    bench.clock.sleep(SOME)
    assert [n for n in range(4) if bench.chip.accumulator(n) == 0] == outputs
    bench.set(register, off)
    bench.clock.sleep(SOME)
    assert bench.chip.accumulator(2) == 1000 * CYCLES % 2**32


def test_they_stop_while_the_digital_part_is_powered_down() -> None:
    bench = Bench().bring_up()
    bench.set(CFTW0, 1000)
    bench.clock.sleep(SOME)
    bench.set(CFR, SINGLE_TONE | 1 << 7)
    before = bench.chip.accumulator(0)
    bench.clock.sleep(SOME)
    assert bench.chip.accumulator(0) == before


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from([CFTW0, CPOW0, ACR]), st.integers(0, 0x3FFF)),
        max_size=8,
    )
)
def test_each_output_has_what_was_last_written_to_it(
    writes: "list[tuple[int, int, int]]",
) -> None:
    bench = Bench().bring_up()
    expected = {(output, register): 0 for output in range(4) for register in (CFTW0, CPOW0, ACR)}
    for output, register, value in writes:
        bench.select(output)
        bench.write(register, value)
        expected[output, register] = value
    bench.update()
    for (output, register), value in expected.items():
        assert bench.chip.register(register, output) == value
        assert bench.select(output).read(register) == value
