"""One channel's command processor: a queue, and the AD9910 behind it."""

import pytest

from dds_link.twins.flexdds_dcp import MAX_QUEUE, Dcp
from dds_link.twins.flexdds_instructions import EVENTS, parse
from dds_link.words import Words
from tests.twins.manual_clock import ManualClock

CFR1, CFR2, AUX_DAC, FTW, RAM, PROFILE0 = 0x00, 0x01, 0x03, 0x07, 0x16, 0x0E
#: 100 MHz, 1/4 turn, 0.5 of full scale.
TONE = "spi:STP0=0x20004000_1999999a"
WORDS = Words(0x1999999A, 0x4000, 0x2000)
#: Amplitude from the profile.
SCALED = "spi:CFR2=0x014008c0"


class Bench:
    """A processor with its clock."""

    def __init__(self, automatic: bool = True) -> None:
        self.clock = ManualClock()
        self.dcp = Dcp(1e9, self.clock, automatic)

    def put(self, *texts: str) -> None:
        for text in texts:
            self.dcp.put(parse(text))

    def words(self) -> Words:
        self.dcp.run()
        return self.dcp.chip.tone().words

    def emits(self) -> bool:
        self.dcp.run()
        return self.dcp.chip.tone().emits


def toned(*texts: str, automatic: bool = True) -> Bench:
    """A processor that puts out the tone, and then got these instructions."""
    bench = Bench(automatic)
    bench.put(SCALED, TONE, "update:u")
    if not automatic:
        bench.dcp.start()
    assert bench.words() == WORDS
    bench.put(*texts)
    return bench


# -- powering up ----------------------------------------------------------------------------------


def test_powered_up_it_is_silent_on_the_clock_of_the_box() -> None:
    bench = Bench()
    chip = bench.dcp.chip
    tone = chip.tone()
    assert (tone.emits, tone.locked, tone.sysclk) == (False, True, 1e9)
    # As wieserlabsdds reads them in the manual.
    assert (chip.register(CFR1), chip.register(CFR2)) == (0x00410002, 0x004008C0)
    assert tone.sine


def test_without_profile_amplitude_the_output_is_full_scale() -> None:
    bench = Bench()
    bench.put("spi:STP0=0x0000_0000_1999999a", "update:u")
    assert bench.words().asf == 0x3FFF
    assert bench.emits()


def test_a_tone_needs_its_update() -> None:
    bench = Bench()
    bench.put(SCALED, TONE)
    assert not bench.emits()
    bench.put("update:u")
    assert bench.words() == WORDS
    assert bench.dcp.updates == 1


@pytest.mark.parametrize(
    ("text", "register", "value"),
    [
        ("spi:CFR1=0x00402000", CFR1, 0x00402002),
        ("spi:CFR1=0xffffff7c", CFR1, 0xFFFFFF02),
        ("spi:CFR2=0x01000080", CFR2, 0x01400880),
        ("spi:CFR2=0xffffffff", CFR2, 0xFF7FF9DF),
        ("spi:ADAC=0x000000ff", AUX_DAC, 0xFF),
        ("spi:FTW=5", FTW, 5),
        ("spi:STP7=0x01", PROFILE0 + 7, 1),
    ],
)
def test_registers_and_their_bits_that_nobody_can_write(
    text: str, register: int, value: int
) -> None:
    bench = Bench()
    bench.put(text, "update:u")
    assert bench.dcp.chip.register(register) == value


# -- the order of things --------------------------------------------------------------------------


def test_a_write_that_does_not_wait_misses_the_update() -> None:
    bench = toned("spi:STP0=0x0000_0000_1999999a:c", "update:u", automatic=False)
    bench.dcp.flush()
    assert bench.words() == WORDS
    bench.put("update:u")
    bench.dcp.flush()
    assert bench.words().asf == 0


@pytest.mark.parametrize("wait", ["wait::2", "wait::32", "wait:1h:", "wait::2&48"])
def test_unless_something_waits_for_it(wait: str) -> None:
    bench = toned("spi:STP0=0x0000_0000_1999999a:c", wait, "update:u", automatic=False)
    bench.dcp.flush()
    bench.clock.time += 1e-6
    assert bench.words().asf == 0


def test_a_later_write_that_waits_takes_the_earlier_with_it() -> None:
    bench = toned("spi:STP0=0x0000_0000_1999999a:c", "spi:POW=0:w", "update:u", automatic=False)
    bench.dcp.flush()
    assert bench.words().asf == 0


def test_profiles() -> None:
    bench = toned("spi:STP1=0x1000_0000_00000001", "update:=1p")
    assert bench.words() == Words(1, 0, 0x1000)
    bench.put("update:-p")
    assert bench.words() == WORDS
    bench.put("update:-p", "spi:STP7=0x2000_0000_00000007", "update:u")
    assert bench.words() == Words(7, 0, 0x2000)
    bench.put("update:+p")
    assert bench.words() == WORDS
    bench.put("update:u+d-h^o")  # other pins: nothing that the twin simulates
    assert bench.words() == WORDS


def test_the_ram() -> None:
    control = "spi:STP0=0x00000000_c0000000"  # direct switch; addresses 0 to 3
    bench = Bench()
    bench.put(control, "update:u", "spi:RAMB=0:c", "spi:RAM64C=0x00000004_00000003:c",
              "spi:RAM64C=0x00000002_00000001:c", "spi:RAM32E=9", "spi:CFR1=0x80410002",
              "update:u")  # fmt: skip
    # From the end of the range downwards, and then around.
    assert bench.words().ftw == 1
    assert bench.dcp.chip.register(CFR1) >> 31


# -- waiting --------------------------------------------------------------------------------------


def test_a_wait_takes_its_time() -> None:
    bench = toned("wait:1000:", "spi:STP0=0", "update:u")
    bench.clock.time += 1.0239e-3
    assert bench.words() == WORDS
    bench.clock.time += 0.0002e-3
    assert bench.words() == Words(0, 0, 0)


def test_times_add_up_also_if_nobody_looks() -> None:
    """The accumulator runs exactly as long as each tone lasts."""
    bench = toned()
    before = bench.dcp.chip.accumulator()
    bench.put("wait:125h:", "spi:STP0=0x20000000_00000001", "update:u", "wait:125h:",
              "spi:STP0=0x20000000_00000000", "update:u")  # fmt: skip
    bench.clock.time += 1.0
    bench.dcp.run()
    grown = bench.dcp.chip.accumulator() - before & 0xFFFFFFFF
    assert grown == (1000 * WORDS.ftw + 1000) & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("wait", "events", "ends"),
    [
        ("wait::3", ["BNC_IN_A_RISING"], True),
        ("wait::BP_TRIG_A", ["BP_TRIG_A"], True),
        ("wait::3", ["BNC_IN_B_RISING"], False),
        ("wait::3,6", ["BNC_IN_B_RISING"], True),
        ("wait::3&6", ["BNC_IN_B_RISING"], False),
        ("wait::3&6", ["BNC_IN_B_RISING", "BNC_IN_A_RISING"], True),
        ("wait::35", ["BNC_IN_A_RISING"], False),
        ("wait::0", [], False),
    ],
)
def test_events(wait: str, events: list[str], ends: bool) -> None:
    bench = toned(wait, "spi:STP0=0", "update:u")
    bench.clock.time += 1e3
    assert bench.words() == WORDS
    for event in events:
        bench.dcp.fire(EVENTS[event])
    assert (bench.words() == Words(0, 0, 0)) is ends


def test_an_event_before_its_wait_does_not_count() -> None:
    bench = toned()
    bench.dcp.fire(EVENTS["BNC_IN_A_RISING"])
    bench.put("wait::3", "spi:STP0=0", "update:u")
    assert bench.words() == WORDS


def test_a_wait_that_updates_when_it_ends() -> None:
    bench = toned("spi:STP0=0", "wait::15:u")
    assert bench.words() == WORDS
    bench.dcp.fire(EVENTS["BP_TRIG_A"])
    assert bench.words() == Words(0, 0, 0)


def test_an_event_or_a_time_whichever_comes_first() -> None:
    bench = toned("wait:1000:3", "spi:STP0=0", "update:u")
    bench.clock.time += 1.1e-3
    assert bench.words() == Words(0, 0, 0)


# -- queue, start, stop, reset --------------------------------------------------------------------


def test_strictly_nothing_happens_without_a_flush_and_a_start() -> None:
    bench = Bench(automatic=False)
    bench.put(SCALED, TONE, "update:u")
    bench.dcp.flush()
    assert not bench.emits()
    bench.dcp.start()
    assert bench.words() == WORDS
    bench.put("spi:STP0=0", "update:u")
    assert bench.words() == WORDS
    bench.dcp.flush()
    assert not bench.emits()


def test_starting_flushes() -> None:
    bench = toned("spi:STP0=0", "update:u", automatic=False)
    bench.dcp.start()
    assert not bench.emits()


def test_stopped_it_begins_nothing() -> None:
    bench = toned()
    bench.dcp.stop()
    bench.put("spi:STP0=0", "update:u")
    assert bench.words() == WORDS
    bench.dcp.start()
    assert not bench.emits()


def test_the_queue_has_an_end() -> None:
    bench = toned("wait::3")
    for _ in range(MAX_QUEUE):
        bench.put("update:u")
    with pytest.raises(ValueError, match="queue full"):
        bench.put("update:u")


def test_a_reset_silences_at_once_and_forgets_the_queue() -> None:
    bench = toned("wait::3", TONE, "update:u", "wr:AM_S0=0x1000")
    bench.dcp.reset()
    assert not bench.emits()
    bench.dcp.fire(EVENTS["BNC_IN_A_RISING"])
    assert bench.words() == Words(0, 0x0000, 0x3FFF)
    assert bench.dcp.registers == {}


def test_registers_of_the_processor_are_kept() -> None:
    bench = toned("wr:AM_S0=0x1000")
    assert bench.dcp.registers == {0x100: 0x1000}
