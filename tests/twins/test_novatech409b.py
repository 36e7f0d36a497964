"""The twin of a Novatech 409B: every command and reply that is documented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.twins.base import TextBox
from dds_link.twins.novatech409b import MAX_LINE, RESET_TIME, Novatech, make_board
from dds_link.words import Words
from tests.devices.novatech409b_bench import configure
from tests.twins.manual_clock import ManualClock

SYSTEM = "80 BC0000 0000 0102 21\r\n"
REST = " 0000 00000000 00000000 000301\r\n"


class Bench:
    """A box whose echo is off."""

    def __init__(self, refclk: float = 0.0) -> None:
        self.clock = ManualClock()
        self.box = Novatech(self.clock, refclk)
        assert self.ask("E d") == "E d\r\nOK\r\n"

    def ask(self, line: str) -> str:
        return self.box.receive(line.encode("latin-1") + b"\r\n").decode("latin-1")

    def do(self, *lines: str) -> None:
        for line in lines:
            assert self.ask(line) == "OK\r\n", line

    def words(self, channel: int = 0) -> Words:
        return self.box.tone(channel).words


@pytest.fixture
def bench() -> Bench:
    return Bench()


# The line


def test_it_is_a_text_box() -> None:
    board = make_board(*configure(refclk=10e6, sysclk=150e6), ManualClock())
    assert isinstance(board, TextBox)
    assert board.connect() == b""
    board.receive(b"C E\n")
    assert board.sysclk == 150e6


def test_fresh_from_the_factory_it_echoes_and_is_at_0_hz() -> None:
    box = Novatech(ManualClock())
    assert box.receive(b"QUE\r\n").startswith(b"QUE\r\n00000000 0000 03FF")
    assert [box.tone(channel).emits for channel in range(4)] == [False] * 4


def test_an_empty_line_is_answered(bench: Bench) -> None:
    assert bench.ask("") == "OK\r\n"
    assert bench.box.receive(b"\r\n\n") == b"OK\r\nOK\r\n"


def test_a_line_feed_ends_a_line_and_a_carriage_return_is_nothing(bench: Bench) -> None:
    assert bench.box.receive(b"F0 1.0\n") == b"OK\r\n"
    assert bench.box.receive(b"F0 2.0\r") == b""
    assert bench.box.receive(b"\n") == b"OK\r\n"
    assert bench.words().ftw == 20_000_000


@given(cuts=st.lists(st.integers(1, 5)))
def test_bytes_may_come_in_any_pieces(cuts: list[int]) -> None:
    bench = Bench()
    data, answers = b"F0 1.5\r\nP0 7\r\nnonsense\r\nV0 3\r\n", b""
    for cut in cuts:
        answers += bench.box.receive(data[:cut])
        data = data[cut:]
    answers += bench.box.receive(data)
    assert answers == b"OK\r\nOK\r\n?0\r\nOK\r\n"
    assert bench.words() == Words(15_000_000, 7, 3)


def test_echo(bench: Bench) -> None:
    bench.do("E e")
    assert bench.ask("F0 1.0") == "F0 1.0\r\nOK\r\n"
    assert bench.ask("nonsense") == "nonsense\r\n?0\r\n"
    assert bench.ask("e d") == "e d\r\nOK\r\n"
    assert bench.ask("F0 1.0") == "OK\r\n"


def test_letters_may_be_small_or_large(bench: Bench) -> None:
    bench.do("f0 1.0", "i m", "I M", "m n", "e D", "c i", "kP 8f", "KB 3C")
    assert bench.ask("que") == bench.ask("QUE")


def test_a_line_that_is_too_long(bench: Bench) -> None:
    assert bench.ask("F0 1." + (MAX_LINE - 5) * "0") == "OK\r\n"
    assert bench.ask("F0 2." + (MAX_LINE - 4) * "0") == "?3\r\n"
    assert bench.ask("F0 2." + 10**5 * "0") == "?3\r\n"
    assert bench.words().ftw == 10_000_000


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("hello", "?0"), ("F4 1.0", "?0"), ("F 1.0", "?0"), ("X0 1", "?0"), ("F01.0", "?0"),
        ("QUE 1", "?0"), ("I", "?0"), ("I x", "?0"), ("E x", "?0"), ("C x", "?0"),
        ("F0", "?1"), ("F0 x", "?1"), ("F0 -1.0", "?1"), ("F0 171.1276032", "?1"),
        ("F0 1e1", "?1"), ("F0 1000.0", "?1"), ("F0 1 0", "?1"), ("F0 nan", "?1"),
        ("P0 16384", "?4"), ("P0 -1", "?4"), ("P0 0.5", "?4"), ("P0 \xb2", "?4"), ("P0", "?4"),
        ("V0 -1", "?7"), ("V0 0.5", "?7"), ("V0", "?7"),
        ("M x", "?6"), ("M", "?6"),
        ("Kp 00", "?8"), ("Kp 02", "?8"), ("Kp 15", "?8"), ("Kp 2f", "?8"), ("Kp 4", "?8"),
        ("Kp xx", "?8"), ("Kb 00", "?8"), ("Kb", "?8"),
        ("t0 0000", "?f"), ("t0 000 00000001,0000,0000,ff", "?f"), ("t0 zzzz 1", "?f"),
        ("t0 4000 00000001,0000,0000,ff", "?f"), ("t0 0000 1,0000,0000,ff", "?f"),
        ("t0 0000 00000001 0000 0000 ff", "?f"), ("D0 4000", "?f"), ("D0", "?f"),
        ("t2 0000 00000001,0000,0000,ff", "?0"),
        ("t0 0000 66000000,0000,0000,ff", "?1"), ("t0 0000 00000001,4000,0000,ff", "?4"),
    ],
)  # fmt: skip
def test_refusals_change_nothing(bench: Bench, line: str, reply: str) -> None:
    bench.do("F0 1.0")
    before = bench.ask("QUE")
    assert bench.ask(line) == reply + "\r\n"
    assert bench.ask("QUE") == before


# Tones


def test_frequencies_phases_and_amplitudes(bench: Bench) -> None:
    bench.do("F0 1.0000000", "P0 8192", "V0 501", "F3 171.1276031", "V3 1023", "P3 16383")
    tone = bench.box.tone(0)
    assert tone.frequency == pytest.approx(1e6)
    assert tone.phase == 0.5
    assert tone.amplitude == pytest.approx(0.48974, abs=1e-5)
    assert tone.emits
    assert bench.words(3) == Words(0x65FFFFFF, 16383, 1023)
    assert bench.box.tone(3).frequency == pytest.approx(171127603.1)


def test_off_is_amplitude_0_or_0_hz(bench: Bench) -> None:
    bench.do("F0 5.0", "V0 0")
    assert not bench.box.tone(0).emits
    bench.do("V0 1", "F0 0")
    assert not bench.box.tone(0).emits


def test_decimals(bench: Bench) -> None:
    for text, word in (("1", 10**7), ("1.", 10**7), ("0.0000001", 1), ("0.00000019", 1)):
        bench.do(f"F1 {text}")
        assert bench.words(1).ftw == word


def test_an_amplitude_above_1023_is_not_refused(bench: Bench) -> None:
    bench.do("V0 1024")
    assert bench.words().asf == 1023


def test_que(bench: Bench) -> None:
    bench.do("F0 1.0", "P0 8192", "V0 501", "F1 100.0", "P1 4096", "F2 0.0000001", "V2 0")
    assert bench.ask("QUE") == (
        "00989680 2000 01F5" + REST + "3B9ACA00 1000 03FF" + REST + "00000001 0000 0000" + REST
        + "00000000 0000 03FF" + REST + SYSTEM
    )  # fmt: skip


# Updates


def test_in_manual_update_everything_waits_for_one_pulse(bench: Bench) -> None:
    bench.do("F0 1.0", "I m")
    before = bench.box.updates
    bench.do("F0 2.0", "F1 3.0", "V1 7")
    assert bench.words().ftw == 10_000_000
    assert "00989680" in bench.ask("QUE")
    bench.clock.time += 1
    bench.do("I p")
    assert (bench.words().ftw, bench.words(1)) == (20_000_000, Words(30_000_000, 0, 7))
    assert bench.box.updates == before + 1
    assert bench.box.last_update == bench.clock.time


def test_what_waited_goes_out_with_the_next_automatic_update(bench: Bench) -> None:
    bench.do("I m", "F0 2.0", "I a")
    assert bench.words().ftw == 0
    bench.do("V3 5")
    assert bench.words().ftw == 20_000_000


def test_an_update_by_the_pin(bench: Bench) -> None:
    bench.box.pulse_ioud()
    bench.do("I e", "F0 2.0")
    assert bench.words().ftw == 0
    bench.box.pulse_ioud()
    assert bench.words().ftw == 20_000_000


def test_phase_accumulators_run_with_the_frequency(bench: Bench) -> None:
    bench.do("F0 100.0")
    start = bench.box.accumulator(0)
    bench.clock.time += 1e-3
    cycles = int(1e-3 * bench.box.sysclk)
    expected = {1_000_000_000 * n % 2**32 for n in (cycles, cycles + 1)}
    assert (bench.box.accumulator(0) - start) % 2**32 in expected


def test_phases_are_cleared_by_every_update_while_m_a(bench: Bench) -> None:
    bench.do("F0 7.1", "F1 3.3", "I m")
    bench.clock.time += 1.23456
    bench.do("M a")
    assert bench.box.accumulator(0) != 0  # not yet
    bench.do("I p")
    assert [bench.box.accumulator(n) for n in (0, 1)] == [0, 0]
    bench.clock.time += 0.111
    bench.do("M n", "I p")
    assert bench.box.accumulator(0) != 0


# Clock, memory, reset


def test_the_internal_clock(bench: Bench) -> None:
    assert bench.box.sysclk == pytest.approx(2**32 / 10)
    assert bench.box.locked


def test_an_external_clock() -> None:
    bench = Bench(refclk=10e6)
    bench.do("F0 100.0", "Kp 4f", "C E")
    assert bench.box.sysclk == 150e6
    assert bench.box.locked
    assert bench.box.tone(0).frequency == pytest.approx(100e6 * 150e6 / (2**32 / 10))
    assert bench.ask("QUE").endswith("80 3C0000 0000 0102 21\r\n")
    bench.do("Kp 8f")  # the VCO does not go that low
    assert not bench.box.tone(0).locked
    bench.do("Kp 01")
    assert (bench.box.sysclk, bench.box.locked) == (10e6, True)
    bench.do("C I", "Kp 8f")
    assert bench.box.locked


def test_without_a_reference_there_is_no_external_clock(bench: Bench) -> None:
    bench.do("F0 1.0", "C E")
    assert (bench.box.sysclk, bench.box.locked) == (0.0, False)
    assert not bench.box.tone(0).emits


def test_a_reset_takes_a_while_without_any_answer(bench: Bench) -> None:
    bench.do("F0 1.0")
    assert bench.ask("R") == ""
    assert bench.ask("F0 2.0") == ""
    bench.clock.time += RESET_TIME
    assert bench.ask("") == "\r\nOK\r\n"  # with the echo on
    assert bench.words().ftw == 0


def test_what_is_stored_comes_back(bench: Bench) -> None:
    bench.do("F0 1.0", "V0 9", "Kb 0a", "M a", "I m", "S", "F0 2.0", "I a", "Kb 78")
    assert bench.box.settings.baud == 9600
    bench.box.power_cycle()
    assert bench.words() == Words(10_000_000, 0, 9)
    assert (bench.box.settings.baud, bench.box.settings.updating) == (115200, "M")
    assert bench.ask("") == "OK\r\n"
    bench.do("CLR")
    assert bench.words().ftw == 10_000_000  # until the next reset
    bench.ask("R")
    bench.clock.time += RESET_TIME
    assert bench.words() == Words(0, 0, 1023)


# Tables (more in test_novatech409b_table)


def test_a_table_is_stepped_by_command_and_ends_with_single_tones(bench: Bench) -> None:
    bench.do("F0 9.0", "F2 8.0")
    bench.do("t0 0000 00989680,2000,01f5,ff", "t1 0000 3b9aca00,1000,03ff,ff")
    bench.do("t0 0001 00000064,0000,0001,00", "t1 0001 000000c8,0000,0002,00")
    assert bench.ask("D1 0000") == "3b9aca00,1000,03ff,ff\r\n"
    bench.do("M t")
    assert bench.words(0) == Words(10_000_000, 8192, 501)
    assert bench.words(1) == Words(1_000_000_000, 4096, 1023)
    assert bench.words(2).ftw == 80_000_000
    bench.do("TS")
    assert (bench.words(0).ftw, bench.words(1).ftw) == (100, 200)
    bench.do("M 0")
    assert bench.words(0).ftw == 90_000_000


def test_a_table_by_the_pins(bench: Bench) -> None:
    bench.do("t0 0000 00000001,0000,0001,ff", "t0 0001 00000002,0000,0001,ff", "M t", "I e")
    bench.box.pulse_ts()
    assert bench.words().ftw == 1
    bench.box.pulse_ioud()
    assert bench.words().ftw == 2
