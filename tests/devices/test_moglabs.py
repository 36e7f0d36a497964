"""The MOGLabs driver: the exact lines of each of its methods, and what comes out of its twin."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dds_link.devices.base import (
    AMPLITUDE,
    ATTACH,
    OFF,
    READBACK,
    RF_SWITCH,
    SYNC,
    Device,
    Write,
)
from dds_link.devices.moglabs import MOGLabs
from dds_link.errors import DeviceFault, Preempted, TransportError, TransportLost, Unsupported
from dds_link.words import Words
from tests.devices.conformance import (
    FAULTS,
    NEW,
    OLD,
    DeviceConformance,
    MakeRig,
    Outputs,
    Rig,
    assert_only,
    off,
    operations,
    running,
    writes,
)
from tests.devices.moglabs_bench import (
    IDENTITY,
    Board,
    FaultyStream,
    Scripted,
    WatchedBox,
    configure,
)
from tests.twins.manual_clock import ManualClock

Script = list[tuple[str, str]]

#: 100 MHz, a quarter turn; and 80 MHz, a half, with more power.
TONE, OTHER = Words(0x1999999A, 0x4000, 0x1000), Words(0x147AE148, 0x8000, 0x2000)
FREQ, PHASE, POW = "FREQ,{}", "PHASE,{}", "POW,{}"
HELLO: Script = [("?", "Command not defined"), ("INFO", IDENTITY["xrf"])]


def ok(*lines: str) -> Script:
    return [(line, "OK") for line in lines]


def set_up(number: int, readback: bool = True) -> Script:
    """One channel, after it was switched off."""
    if not readback:
        return ok(f"MODE,{number},NSB", f"POW,{number},0x0000", f"PHASE,{number},0x0000")
    return [
        *ok(f"MODE,{number},NSB", f"POW,{number},0x0000"),
        (f"MSTAT,{number}", "PID: OFF, FM: OFF, PM: OFF, AM: OFF"),
        (f"FREQ,{number}", "80.00000009 MHz (0x147AE148)"),
        (f"PHASE,{number},0x4000", f"OK: CH{number} phase now 90.0000 deg (0x4000)"),
        (f"PHASE,{number}", "90.0000 deg (0x4000)"),
        *ok(f"PHASE,{number},0x0000"),
        (f"LIMIT,{number}", "+30.00 dBm (0x2013)"),
        *holds(number, Words(0x147AE148, 0, 0), signal=False),
    ]


def holds(number: int, words: Words, signal: bool = True) -> Script:
    return [
        (f"MODE,{number}", "NSB"),
        (f"FREQ,{number}", f"1 MHz (0x{words.ftw:08X})"),
        (f"PHASE,{number}", f"1 deg (0x{words.pow:04X})"),
        (f"POW,{number}", f"+1 dBm (0x{words.asf:04X})"),
        (f"MSTAT,{number}", "PID: OFF, FM: OFF, PM: OFF, AM: OFF"),
        (f"STATUS,{number}", f"SIG: {'ON' if signal else 'OFF'}, POW: ON"),
    ]


START: Script = [*HELLO, *ok("OFF,1,ALL"), *set_up(1)]
BLIND: Script = [*HELLO, *ok("OFF,1,ALL"), *set_up(1, readback=False)]
#: Off, before anybody knows whether the box answers.
SHOUT: Script = [("?", "Command not defined"), *ok("OFF,1,ALL")]
ONE = configure(channels=1)
BLIND_ONE = configure(channels=1, readback=False)


def started(*script: tuple[str, str], board: Board = BLIND_ONE) -> Scripted:
    """A driver that has been initialised."""
    bench = Scripted(board, *(START if board[0].readback else BLIND), *script)
    assert bench.device.initialise([0]) == {0}
    return bench


# -- what it is -----------------------------------------------------------------------------------


def test_channels_and_capabilities() -> None:
    with Scripted(configure()) as device:
        assert [info.index for info in device.channels] == [0, 1]
        assert [info.chip for info in device.channels] == ["moglabs_xrf:0", "moglabs_xrf:1"]
        assert [info.update_group for info in device.channels] == [0, 1]
        tuning = device.channels[0].tuning
        assert (tuning.sysclk, tuning.pow_bits, tuning.asf_bits) == (1e9, 16, 14)
        assert not any(info.silence_keeps_phase for info in device.channels)
        assert device.capabilities == {READBACK, ATTACH, SYNC, RF_SWITCH, AMPLITUDE, OFF}
        assert "PHRESET" in device.sync_note
        assert "one after the other" in device.sync_note
    with Scripted(configure("qrf", channels=4)) as device:
        tuning = device.channels[3].tuning
        assert (tuning.sysclk, tuning.pow_bits, tuning.asf_bits) == (500e6, 14, 10)
        assert ATTACH not in device.capabilities
        assert "ALIGNPH" in device.sync_note
    with Scripted(configure("arf", readback=False)) as device:
        assert not {READBACK, ATTACH} & device.capabilities


def test_open_and_close_cause_no_traffic() -> None:
    with Scripted(configure()) as device:
        device.close()
        device.close()


# -- starting -------------------------------------------------------------------------------------


def test_initialise_switches_everything_off_first() -> None:
    script = [*HELLO, *ok("OFF,1,ALL", "OFF,2,ALL"), *set_up(1), *set_up(2)]
    with Scripted(configure(), *script) as device:
        assert device.initialise([0, 1]) == {0, 1}


def test_initialise_blind_asks_nothing() -> None:
    with Scripted(BLIND_ONE, *BLIND) as device:
        device.initialise([0])


def with_answer(script: Script, line: str, answer: str) -> Script:
    """The script up to ``line``, which gets another answer."""
    place = [asked for asked, _ in script].index(line)
    return [*script[:place], (line, answer)]


def test_modulation_is_stopped() -> None:
    """An open input of the amplitude would raise the power."""
    begin = with_answer(START, "MSTAT,1", "PID: AMPL, FM: SIF, PM: SIF, AM: PIF")
    stopped = ok("MDN,1,FREQ,OFF", "MDN,1,PHAS,OFF", "MDN,1,AMPL,OFF", "PID,DISABLE,1")
    with Scripted(ONE, *begin, *stopped, *START[len(begin) :]) as device:
        device.initialise([0])


def test_a_firmware_that_does_not_tell_its_modulation() -> None:
    script = [(a, "Command not defined" if a == "MSTAT,1" else b) for a, b in START]
    with Scripted(ONE, *script) as device:
        device.initialise([0])


def test_the_limit_of_the_box_is_lowered() -> None:
    begin = with_answer(START, "LIMIT,1", "+30.00 dBm (0x2013)")
    lowered = ok("LIMIT,1,0x0CCD")
    board = configure(channels=1, max_amplitude=0.2)
    with Scripted(board, *begin, *lowered, *START[len(begin) :]) as device:
        device.initialise([0])


@pytest.mark.parametrize(
    ("line", "answer", "text"),
    [
        ("OFF,1,ALL", "ERR: busy", "'OFF,1,ALL' was answered by 'ERR: busy'"),
        ("MODE,1,NSB", "FISH", "'MODE,1,NSB' was answered by 'FISH'"),
        ("FREQ,1", "40.00000004 MHz (0x147AE148)", "counts another clock than device.sysclk = 10"),
        ("FREQ,1", "80 MHz", "'FREQ,1' was answered by '80 MHz', which makes no sense"),
        ("FREQ,1", "(0x147AE148)", "which makes no sense"),
        ("PHASE,1", "22.5000 deg (0x4000)", "the phase word 0x4000 is not a quarter of a turn"),
        ("PHASE,1", "(0x4000)", "which makes no sense"),
        ("PHASE,1,0x4000", "OK: CH1 phase now 180 deg (0x8000)", "was answered by 'OK: CH1 ph"),
        ("LIMIT,1", "ERR: no", "'LIMIT,1' was answered by 'ERR: no'"),
        ("MODE,1", "on", "which makes no sense"),
        ("POW,1", "0 dBm", "which makes no sense"),
    ],
)
def test_answers_that_stop_it(line: str, answer: str, text: str) -> None:
    with Scripted(ONE, *with_answer(START, line, answer)) as device:
        with pytest.raises(DeviceFault, match=text.replace("(", r"\(").replace(")", r"\)")):
            device.initialise([0])
        with pytest.raises(DeviceFault, match="channel 0 may hold half"):
            device.write([Write(0, TONE, True)])


@pytest.mark.parametrize(
    ("line", "answer", "text"),
    [
        ("STATUS,1", "SIG: ON, POW: OFF", "^channel 0: signal is on$"),
        ("POW,1", "+1 dBm (0x0001)", "^channel 0: POW is 0x0001 instead of 0x0000$"),
        ("MODE,1", "TSB", "^channel 0: mode is TSB instead of NSB$"),
    ],
)
def test_what_is_not_silent_is_not_initialised(line: str, answer: str, text: str) -> None:
    script = [*START[:-6], *((a, answer if a == line else b) for a, b in START[-6:])]
    with Scripted(ONE, *script) as device:
        with pytest.raises(DeviceFault, match=text):
            device.initialise([0])


def test_another_box_than_the_config_file_says() -> None:
    hello = [HELLO[0], ("INFO", IDENTITY["qrf"])]
    with Scripted(ONE, *hello) as device:
        with pytest.raises(DeviceFault, match="the box says 'QRF .*but device.type is 'moglabs_xr"):
            device.initialise([0])
    with Scripted(configure("qrf", channels=1), *HELLO) as device:
        with pytest.raises(DeviceFault, match="device.type is 'moglabs_qrf'"):
            device.initialise([0])


@pytest.mark.parametrize("identity", ["ARF421 1.2", "AOM driver"])
def test_boxes_alike_and_boxes_that_do_not_tell_are_taken(identity: str) -> None:
    with Scripted(ONE, HELLO[0], ("INFO", identity), *START[2:]) as device:
        device.initialise([0])


# -- writing --------------------------------------------------------------------------------------

ON: Script = [("FREQ,1,0x1999999A", "OK: CH1 freq now 100.00000011 MHz (0x1999999A)"),
              ("PHASE,1,0x4000", "OK: CH1 phase now 90.0000 deg (0x4000)"),
              ("POW,1,0x1000", "OK: CH1 power now +23.96 dBm (0x1000)"),
              ("ON,1,ALL", "OK: CH1 on")]  # fmt: skip


def test_a_channel_goes_on_with_its_amplifier_last() -> None:
    with started(*ON) as device:
        device.write([Write(0, TONE, True)])


def test_more_power_comes_last_less_comes_first() -> None:
    more = ok("FREQ,1,0x147AE148", "PHASE,1,0x8000", "POW,1,0x2000")
    less = ok("POW,1,0x1000", "FREQ,1,0x1999999A", "PHASE,1,0x4000")
    with started(*ON, *more, *less) as device:
        for words in (TONE, OTHER, TONE):
            device.write([Write(0, words, True)])


def test_off_keeps_the_amplifier_on() -> None:
    off = ok("OFF,1,SIG", "POW,1,0x0000", "FREQ,1,0x1999999A", "PHASE,1,0x4000")
    again = ok("POW,1,0x0000", "FREQ,1,0x1999999A", "PHASE,1,0x4000")[1:] + ok("POW,1,0x0000")
    with started(*ON, *off, *again, *ON) as device:
        device.write([Write(0, TONE, True)])
        for _ in range(2):
            device.write([Write(0, Words(TONE.ftw, TONE.pow, 0), False)])
        device.write([Write(0, TONE, True)])


def test_a_channel_without_a_frequency_keeps_the_one_of_the_box() -> None:
    with started(*ok("PHASE,1,0x8000", "POW,1,0x0000")) as device:
        device.write([Write(0, Words(0, 0x8000, 0), False)])


def test_more_than_the_limit_is_refused_before_anything_is_sent() -> None:
    with started(board=ONE) as device:
        with pytest.raises(DeviceFault, match=r"0x3FFF is above LIMIT of the box, 0x2013; nothing "
                                              r".*max_amplitude = 0\.5011 in"):  # fmt: skip
            device.write([Write(0, Words(TONE.ftw, 0, 0x3FFF), True)])


def test_a_limit_that_the_box_does_not_tell_in_words() -> None:
    script = [(a, "+30.00 dBm" if a == "LIMIT,1" else b) for a, b in START]
    more = ok("FREQ,1,0x1999999A", "PHASE,1,0x0000", "POW,1,0x3FFF", "ON,1,ALL")
    board = configure(channels=1, max_amplitude=0.2)
    with Scripted(board, *script, *more) as device:
        device.initialise([0])
        device.write([Write(0, Words(TONE.ftw, 0, 0x3FFF), True)])


def test_after_a_refusal_nothing_is_written_before_it_is_put_back() -> None:
    refused = [*ok("FREQ,1,0x147AE148", "PHASE,1,0x8000"), ("POW,1,0x2000", "ERR: Power ...")]
    back = ok("POW,1,0x1000", "FREQ,1,0x1999999A", "PHASE,1,0x4000", "ON,1,ALL")
    with started(*ON, *refused, *back) as device:
        device.write([Write(0, TONE, True)])
        with pytest.raises(DeviceFault, match="^'POW,1,0x2000' was answered by 'ERR: Power ...'$"):
            device.write([Write(0, OTHER, True)])
        for forbidden in (
            lambda: device.write([Write(0, TONE, True)]),
            lambda: device.sync([0]),
            lambda: device.restore([]),
        ):
            with pytest.raises(DeviceFault, match="channel 0 may hold half"):
                forbidden()
        device.restore([Write(0, TONE, True)])


def test_putting_back_more_power_waits_for_its_frequency() -> None:
    refused = [*ok("POW,1,0x1000"), ("FREQ,1,0x1999999A", "ERR: no")]
    back = ok("POW,1,0x1000", "FREQ,1,0x147AE148", "PHASE,1,0x8000", "POW,1,0x2000", "ON,1,ALL")
    on = ok("FREQ,1,0x147AE148", "PHASE,1,0x8000", "POW,1,0x2000", "ON,1,ALL")
    with started(*on, *refused, *back) as device:
        device.write([Write(0, OTHER, True)])
        with pytest.raises(DeviceFault):
            device.write([Write(0, TONE, True)])
        device.restore([Write(0, OTHER, True)])


# -- sync -----------------------------------------------------------------------------------------


def test_phases_are_reset_together() -> None:
    with started(*ok("PHRESET")) as device:
        device.sync([0])


def test_one_of_two_channels_cannot_be_reset() -> None:
    script = [*HELLO, *ok("OFF,1,ALL", "OFF,2,ALL"), *set_up(1, False), *set_up(2, False)]
    with Scripted(configure(readback=False), *script, *ok("PHRESET")) as device:
        device.initialise([0, 1])
        with pytest.raises(Unsupported, match="both channels at once, never of one"):
            device.sync([1])
        device.sync([1, 0])


def test_a_qrf_aligns_those_that_are_named() -> None:
    script = [HELLO[0], ("INFO", IDENTITY["qrf"])]
    script += ok(*(f"OFF,{n},ALL" for n in range(1, 5)))
    for n in range(1, 5):
        script += set_up(n, False)
    board = configure("qrf", readback=False, channels=4)
    with Scripted(board, *script, *ok("ALIGNPH,1,3")) as device:
        device.initialise(range(4))
        device.sync([2, 0])


# -- attaching ------------------------------------------------------------------------------------


def found(words: Words, status: str = "SIG: ON, POW: ON") -> Script:
    """The questions of attach."""
    frequency = f"{words.ftw * 1e3 / (1 << 32):.8f} MHz (0x{words.ftw:08X})"
    return [
        ("MODE,1", "NSB"),
        ("MSTAT,1", "PID: OFF, FM: OFF, PM: OFF, AM: OFF"),
        ("FREQ,1", frequency),
        ("FREQ,1", frequency),
        ("PHASE,1", f"1 deg (0x{words.pow:04X})"),
        ("POW,1", f"1 dBm (0x{words.asf:04X})"),
        ("STATUS,1", status),
        ("LIMIT,1", "+30.00 dBm (0x2013)"),
    ]


def test_attach_only_asks() -> None:
    more = ok("FREQ,1,0x147AE148", "PHASE,1,0x8000", "POW,1,0x2000")
    with Scripted(ONE, *HELLO, *found(TONE), *more) as device:
        assert device.attach() == [Write(0, TONE, True)]
        with pytest.raises(DeviceFault, match="above LIMIT"):
            device.write([Write(0, Words(TONE.ftw, 0, 0x2014), True)])
        device.write([Write(0, OTHER, True)])


def test_an_amplifier_that_was_off_stays_off() -> None:
    off = ok("OFF,1,SIG", "POW,1,0x0000", "FREQ,1,0x1999999A", "PHASE,1,0x4000")
    again = ok("FREQ,1,0x1999999A", "PHASE,1,0x4000", "POW,1,0x1000", "ON,1,SIG")
    with Scripted(ONE, *HELLO, *found(TONE, "SIG: ON, POW: OFF"), *off, *again) as device:
        assert device.attach() == [Write(0, TONE, True)]
        device.write([Write(0, Words(TONE.ftw, TONE.pow, 0), False)])
        device.write([Write(0, TONE, True)])


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([("MODE,1", "TSB")], id="a table may run"),
        pytest.param([("MODE,1", "NSB"), ("MSTAT,1", "PID: OFF, FM: SIF")], id="modulated"),
        pytest.param(found(Words(0x147AE148, 0, 0)), id="zero amplitude"),
        pytest.param(found(TONE, "SIG: OFF, POW: ON"), id="off"),
    ],
)
def test_what_is_not_adopted(script: Script) -> None:
    with Scripted(ONE, *HELLO, *script) as device:
        assert device.attach() == [None]
        with pytest.raises(DeviceFault, match="initialise"):
            device.write([Write(0, TONE, True)])


def test_a_status_that_says_nothing_of_the_signal() -> None:
    with Scripted(ONE, *HELLO, *found(TONE, "3")[:-1]) as device:
        with pytest.raises(DeviceFault, match="'STATUS,1' was answered by '3', which makes no sen"):
            device.attach()


# -- silence --------------------------------------------------------------------------------------

SILENT = Words(TONE.ftw, TONE.pow, 0)
SILENCE = [Write(0, SILENT, False)]
QUIET = ok("OFF,1,ALL", "MODE,1,NSB", "POW,1,0x0000", "FREQ,1,0x1999999A", "PHASE,1,0x4000")


def test_silence_by_every_means_and_read_back() -> None:
    script = [*ok(*(line for line, _ in ON)), *QUIET, *holds(1, SILENT, signal=False)]
    with started(*script, board=ONE) as device:
        device.write([Write(0, TONE, True)])
        assert device.silence(SILENCE) is True


def test_silence_blind_and_before_initialise() -> None:
    with Scripted(BLIND_ONE, *SHOUT, *HELLO, *QUIET) as device:
        assert device.silence(SILENCE) is False
        with pytest.raises(DeviceFault, match="initialise"):
            device.write([Write(0, TONE, True)])


def test_silence_without_a_frequency() -> None:
    script = ok("OFF,1,ALL", "MODE,1,NSB", "POW,1,0x0000", "PHASE,1,0x0000")
    with started(*script) as device:
        assert device.silence([Write(0, Words(0, 0, 0), False)]) is False


def test_silence_goes_on_past_failures_and_tries_again() -> None:
    fails = [("OFF,1,ALL", "ERR: busy"), *QUIET[1:]]
    with started(*fails, *QUIET) as device:
        assert device.silence(SILENCE) is False


def test_silence_that_fails_twice_is_a_fault() -> None:
    fails = [("OFF,1,ALL", "ERR: busy"), *QUIET[1:]]
    with started(*fails, *fails) as device:
        with pytest.raises(DeviceFault, match="^'OFF,1,ALL' was answered by 'ERR: busy'$"):
            device.silence(SILENCE)
        with pytest.raises(DeviceFault, match="channel 0 may hold half"):
            device.write([Write(0, TONE, True)])


def test_silence_that_is_not_read_back_is_a_fault() -> None:
    still_on = [*QUIET, *holds(1, SILENT, signal=True)]
    with started(*still_on, *still_on, board=ONE) as device:
        with pytest.raises(DeviceFault, match="^channel 0: signal is on$"):
            device.silence(SILENCE)


def test_silence_of_a_box_that_talks_nonsense_is_a_fault_and_still_sent() -> None:
    nonsense = [("?", "FISH"), ("INFO", "ERR: FISH")] * 3
    once = [*SHOUT, *nonsense, *QUIET]
    with Scripted(BLIND_ONE, *once, *once) as device:
        with pytest.raises(DeviceFault, match="^INFO was answered by 'ERR: FISH': the box is out"):
            device.silence(SILENCE)


# -- reading --------------------------------------------------------------------------------------


def test_verify_lists_every_difference() -> None:
    script = [
        ("MODE,1", "NSA"),
        ("FREQ,1", "80 MHz (0x147AE148)"),
        ("PHASE,1", "1 deg (0x4001)"),
        ("POW,1", "1 dBm (0x1001)"),
        ("MSTAT,1", "PID: AMPL, FM: OFF, PM: OFF, AM: PIF"),
        ("STATUS,1", "SIG: OFF, POW: ON"),
        *holds(1, TONE),
    ]
    with started(*script, board=ONE) as device:
        assert device.verify([Write(0, TONE, True)]) == [
            "channel 0: mode is NSA instead of NSB",
            "channel 0: FREQ is 0x147AE148 instead of 0x1999999A",
            "channel 0: PHASE is 0x4001 instead of 0x4000",
            "channel 0: POW is 0x1001 instead of 0x1000",
            "channel 0: AM is on",
            "channel 0: PID is on",
            "channel 0: signal is off",
        ]
        assert device.verify([Write(0, TONE, True)]) == []


def test_probe_only_asks() -> None:
    rig = MOGLabsRig("xrf", True)
    found = rig.device.probe()
    assert [each.what for each in found] == [
        "box", "firmware", "reference", "PLLs", "channel 0", "channel 1",
    ]  # fmt: skip
    assert not any(each.ok is False for each in found)
    assert all(line.count(",") <= 1 for line in rig.board.commands)


def test_probe_of_another_box_than_the_config_file_says() -> None:
    with Scripted(configure("qrf", channels=1), *HELLO) as device:
        with pytest.raises(DeviceFault, match="device.type is 'moglabs_qrf'"):
            device.probe()


# -- over the twin --------------------------------------------------------------------------------


class MOGLabsRig(Rig):
    """The first two channels of a box."""

    transport: FaultyStream  # type: ignore[assignment]

    def __init__(self, kind: str, readback: bool, earlier: "MOGLabsRig | None" = None) -> None:
        self.kind, self.readback = kind, readback
        self.clock = earlier.clock if earlier else ManualClock()
        self.board = earlier.board if earlier else WatchedBox(kind, self.clock)
        self.transport = FaultyStream(self.board)
        self.device = MOGLabs(*configure(kind, readback), self.transport)
        self.device.open()

    def outputs(self) -> Outputs:
        return self.board.outputs()

    def history(self) -> list[Outputs]:
        """Without what lies between :data:`OLD` and :data:`NEW`: a box changes a frequency, a phase
        and an amplitude one after the other, with the smaller amplitude at first."""
        history = []
        for channel in (0, 1):
            seen: Outputs = []
            for snapshot in self.board.snapshots:
                out = snapshot[channel]
                if not self._between(out, OLD[channel], NEW[channel]) and seen[-1:] != [out]:
                    seen.append(out)
            history.append(seen)
        return history

    @staticmethod
    def _between(out: Words | None, old: Words, new: Words) -> bool:
        if out is None or out in (old, new):
            return False
        known = out.ftw in (old.ftw, new.ftw) and out.pow in (old.pow, new.pow)
        return known and out.asf == min(old.asf, new.asf)

    def forget(self) -> None:
        self.board.forget()

    def updates(self) -> int:
        """There are none; commands that change something."""
        return sum(line.count(",") > 1 for line in self.board.commands)

    def advance(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def accumulators(self) -> list[int]:
        return [channel.accumulator() for channel in self.board.channels[:2]]

    def corrupt(self, channel: int) -> None:
        self.board.channels[channel].modulated["AMPL"] = True

    def power_cycle(self) -> None:
        self.board.power_up()

    def another(self) -> "MOGLabsRig":
        return MOGLabsRig(self.kind, self.readback, self)


class BoxConformance(DeviceConformance):
    """What is different with a box that changes one thing at a time."""

    KIND = ""
    WIRINGS = ["readback", "blind"]
    FULL = "readback"
    BLIND = "blind"

    @pytest.fixture
    def make(self) -> MakeRig:
        return lambda wiring: MOGLabsRig(self.KIND, wiring == self.FULL)

    def test_a_transaction_is_one_update(self, make: MakeRig) -> None:
        """It is not, and says so."""
        rig = running(make, self.FULL)
        rig.device.write(writes(NEW))
        assert rig.history() == [[OLD[0], NEW[0]], [OLD[1], NEW[1]]]
        assert len({info.update_group for info in rig.device.channels}) == 2

    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(data=st.data())
    def test_what_is_written_comes_out(self, make: MakeRig, data: st.DataObject) -> None:
        """Also: the amplitude never exceeds both the old and the new one."""
        rig = running(make, self.FULL)
        tuning = rig.device.channels[0].tuning
        low, high = (tuning.frequency_to_ftw(f) for f in (20.0000001e6, 199.9999999e6))
        words = st.builds(
            Words,
            st.integers(low, high),
            st.integers(0, (1 << tuning.pow_bits) - 1),
            st.integers(1, tuning.max_asf),
        )
        expected: Outputs = list(OLD)
        for channel in data.draw(st.lists(st.integers(0, 1), max_size=4)):
            old, new = expected[channel], data.draw(words)
            assert old is not None
            rig.forget()
            rig.device.write([Write(channel, new, True)])
            expected[channel] = new
            assert rig.outputs() == expected
            assert isinstance(rig, MOGLabsRig)
            for snapshot in rig.board.snapshots[1:-1]:
                between = snapshot[channel]
                assert between is not None
                assert between.asf == min(old.asf, new.asf)

    def test_a_restore_that_fails_anywhere_can_be_repeated(self, make: MakeRig) -> None:
        """Of the questions before it, the one that makes no sense needs no answer."""

        def broken() -> Rig:
            rig = running(make, self.FULL)
            rig.transport.fail(2, bits=13)
            with pytest.raises(TransportError):
                rig.device.write(writes(NEW))
            return rig

        rig = broken()
        before = rig.transport.operations
        rig.device.restore(writes(OLD))
        for at in range(1, rig.transport.operations - before + 1):
            for fault in FAULTS:
                rig = broken()
                where = f"operation {at} of restore: {fault.name}"
                rig.transport.fail(at, **fault.arguments)
                try:
                    rig.device.restore(writes(OLD))
                except TransportError:
                    self._put_back(rig, self.FULL, where, OLD)
                else:
                    assert (at, "lost" in fault.name) == (2, False), where
                    assert rig.outputs() == OLD, where
                assert_only(rig, OLD, NEW, where=where)

    def test_initialise_notices_a_chip_that_does_not_answer(self, make: MakeRig) -> None:
        rig = make(self.FULL)
        assert isinstance(rig, MOGLabsRig)
        rig.board.receive = lambda data: b""  # type: ignore[method-assign]
        with pytest.raises(TransportLost):
            rig.device.initialise([0, 1])


class TestXRF(BoxConformance):
    KIND = "xrf"

    def test_after_a_sync_updates_clear_nothing(self, make: MakeRig) -> None:
        rig = running(make, self.FULL)
        with pytest.raises(Unsupported):
            rig.device.sync([0])
        rig.device.sync([0, 1])
        rig.advance(1e-3)
        before = rig.accumulators()
        rig.device.write(writes(OLD))
        assert rig.accumulators() == before


class TestQRF(BoxConformance):
    KIND = "qrf"

    def test_attach_finds_what_is_there_and_changes_nothing(self, make: MakeRig) -> None:
        """It cannot be attached."""
        assert ATTACH not in make(self.FULL).device.capabilities

    test_attach_finds_nothing_on_a_board_that_was_never_set_up = None  # type: ignore[assignment]
    test_attach_finds_nothing_in_a_changed_chip = None  # type: ignore[assignment]
    test_what_was_half_written_before_a_restart_is_never_latched = None  # type: ignore[assignment]
    test_keeping_one_and_initialising_the_other = None  # type: ignore[assignment]

    def test_verify(self, make: MakeRig) -> None:
        rig = running(make, self.FULL)
        assert rig.device.verify(writes(OLD)) == []
        assert len(rig.device.verify([Write(0, NEW[0], True)])) == 3
        assert isinstance(rig, MOGLabsRig)
        rig.board.channels[1].asf += 1
        (difference,) = rig.device.verify(writes(OLD))
        assert "channel 1: POW" in difference


# -- every answer may be a wrong one --------------------------------------------------------------

ACTIONS: dict[str, Callable[[Device], Any]] = {
    "write": lambda device: device.write(writes(NEW)),
    "switch off": lambda device: device.write(off(OLD)),
    "restore": lambda device: device.restore(writes(OLD)),
    "sync": lambda device: device.sync([0, 1]),
    "initialise": lambda device: device.initialise([0, 1]),
    "verify": lambda device: device.verify(writes(OLD)),
    "silence": lambda device: device.silence(off(OLD)),
}


def wrong(action: str, answer: bytes) -> Iterator[tuple[MOGLabsRig, str]]:
    """A box that runs, for each answer of ``action`` that may be another one."""

    def make(wiring: str) -> MOGLabsRig:
        return MOGLabsRig("xrf", True)

    rig = running(make, "")
    before = rig.transport.operations
    ACTIONS[action](rig.device)
    for at in range(1, rig.transport.operations - before + 1):
        rig = running(make, "")
        assert isinstance(rig, MOGLabsRig)
        rig.transport.answer(at, answer)
        yield rig, f"answer {at} of {action} is {answer!r}"


def put_back(rig: MOGLabsRig, where: str) -> None:
    """As the service does: restore, or else initialise."""
    try:
        rig.device.restore(writes(OLD))
        assert rig.outputs() == OLD, where
    except (DeviceFault, TransportLost):
        rig.device.close()
        rig.device.open()
        rig.device.initialise([0, 1])
        assert rig.outputs() == [None, None], where
    rig.device.write(writes(NEW))
    assert rig.outputs() == NEW, where
    assert rig.device.verify(writes(NEW)) == [], where


@pytest.mark.parametrize("answer", [b"", b"FISH\r\n", b"ERR: no\r\n", b"OK: (0x0BAD)\r\n"])
@pytest.mark.parametrize("action", [name for name in ACTIONS if name != "silence"])
def test_a_wrong_answer_is_noticed_and_put_right(action: str, answer: bytes) -> None:
    for rig, where in wrong(action, answer):
        try:
            seen = ACTIONS[action](rig.device)
        except (DeviceFault, TransportError):
            seen = None
            put_back(rig, where)
        # Some answers are as good as others: a plain OK, a firmware that does not know a question.
        if seen is None:
            continue
        noticed = seen != [] if action == "verify" else True
        assert noticed or b"ERR" in answer or b"0x" in answer or b"FISH" in answer, where


@pytest.mark.parametrize("answer", [b"", b"FISH\r\n", b"ERR: no\r\n", b"OK: (0x0BAD)\r\n"])
def test_silence_is_silent_whatever_is_answered(answer: bytes) -> None:
    for rig, where in wrong("silence", answer):
        assert rig.device.silence(off(OLD)) is True, where
        assert rig.outputs() == [None, None], where
        rig.device.write(writes(NEW))
        assert rig.outputs() == NEW, where


def test_silence_reaches_a_box_that_listens_and_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = running(lambda wiring: MOGLabsRig("xrf", True), "")
    assert isinstance(rig, MOGLabsRig)
    receive = rig.board.receive

    def mute(data: bytes) -> bytes:
        receive(data)
        return b""

    monkeypatch.setattr(rig.board, "receive", mute)
    with pytest.raises(TransportError):
        rig.device.write(writes(NEW))
    assert rig.outputs() != [None, None]
    with pytest.raises(TransportLost, match="the box does not answer"):
        rig.device.silence(off(OLD))
    assert rig.outputs() == [None, None]


def test_silence_waits_for_one_time_out_only_before_it_tries_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = running(lambda wiring: MOGLabsRig("xrf", True), "")
    assert isinstance(rig, MOGLabsRig)
    run, clock = rig.board._run, rig.transport._clock

    def says_only_who_it_is(name: str, values: Any) -> Any:
        answer = run(name, values)
        return answer if name in ("?", "INFO") else ""

    monkeypatch.setattr(rig.board, "_run", says_only_who_it_is)
    begin = clock.now()
    with pytest.raises(DeviceFault, match=r"^no whole answer in 1 s$"):
        rig.device.silence(off(OLD))
    assert clock.now() - begin < 2.5
    assert rig.outputs() == [None, None]


@pytest.mark.parametrize("late", [False, True])
def test_late_answers_are_never_taken_for_others(late: bool) -> None:
    def make(wiring: str) -> MOGLabsRig:
        return MOGLabsRig("xrf", True)

    for at in range(1, operations(make, "", ACTIONS["write"]) + 1):
        rig = running(make, "")
        assert isinstance(rig, MOGLabsRig)
        rig.transport.fail(at, done=True, late=late)
        with pytest.raises(TransportError):
            rig.device.write(writes(NEW))
        put_back(rig, f"answer {at} comes late")


@pytest.mark.parametrize("error", [TransportLost, Preempted])
def test_silence_gives_up_only_without_hardware_or_for_something_urgent(
    error: type[TransportError],
) -> None:
    rig = MOGLabsRig("xrf", True)
    rig.transport.fail(2, error=error)
    with pytest.raises(error):
        rig.device.silence(off(OLD))
