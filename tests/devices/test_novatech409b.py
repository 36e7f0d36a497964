"""The driver of a Novatech 409B: its exact lines, and what every device must do."""

from typing import Any

import pytest

from dds_link.devices.base import AMPLITUDE, ATTACH, OFF, READBACK, SYNC, Finding, Write
from dds_link.devices.novatech409b import Novatech409B
from dds_link.errors import DeviceFault, TransportError, TransportLost, Unsupported
from dds_link.transports.base import Delay, Exchange
from dds_link.transports.scripted import Answer, Discard, ScriptedStream, Step
from dds_link.words import Words
from tests.devices.conformance import DeviceConformance, MakeRig, off, running, writes
from tests.devices.novatech409b_bench import NovatechRig, configure

Script = list[tuple[Step, Answer]]


class TestConformance(DeviceConformance):
    WIRINGS = ["seeing", "blind"]
    FULL = "seeing"
    BLIND = "blind"
    SYNCS_SOME = False

    @pytest.fixture
    def make(self) -> MakeRig:
        return NovatechRig


# Golden lines. The tones are those of the golden table in test_novatech409b_text.

TONE, TONE_LINES = Words(10_000_000, 8192, 501), ["F0 1.0000000", "P0 8192", "V0 501"]
OTHER, OTHER_LINES = Words(1_000_000_000, 4096, 1023), ["F1 100.0000000", "P1 4096", "V1 1023"]
REST = " 0000 00000000 00000000 000301\r\n"
SYSTEM = "80 BC0000 0000 0102 21\r\n"
LATE = TransportError("no whole answer in 0.5 s")


def said(*lines: str, answer: Answer = b"OK\r\n") -> Script:
    """Lines, each answered."""
    return [(Exchange(line.encode() + b"\r\n", timeout=0.5), answer) for line in lines]


def unheard(line: str) -> Script:
    return [(Exchange(line.encode() + b"\r\n", parts=0), None)]


def in_step(heard: bytes = b"OK\r\n", late: bytes = b"?0\r\n") -> Script:
    return [*unheard("?"), (Discard(0.2), late), *unheard("E d"), (Discard(0.2), heard)]


def report(*fields: str) -> Script:
    lines = [*fields, *["00000000 0000 0000"] * (4 - len(fields))]
    answer = "".join(line + REST for line in lines) + SYSTEM
    return [(Exchange(b"QUE\r\n", parts=5, timeout=0.5), answer.encode())]


def quiet(outputs: int) -> Script:
    return [
        step
        for n in range(outputs)
        for step in said(f"F{n} 0.0000000", f"P{n} 0", f"V{n} 0")
    ]  # fmt: skip


SET_UP = [*said("I m"), *quiet(4), *said("I p", "M n", "M 0", "I p")]
FRESH = in_step(b"E d\r\nOK\r\n")
INITIALISED = [*FRESH, *SET_UP, *report()]


class Scripted:
    """A driver on a box that was initialised, or just opened."""

    def __init__(self, *script: tuple[Step, Answer], fresh: bool = False, **config: Any) -> None:
        self.transport = ScriptedStream([*([] if fresh else INITIALISED), *script])
        self.device = Novatech409B(*configure(**config), self.transport)
        self.device.open()
        if not fresh:
            assert self.device.initialise([0, 1]) == {0, 1}

    def __enter__(self) -> Novatech409B:
        return self.device

    def __exit__(self, kind: Any, *rest: Any) -> None:
        if kind is None:
            self.transport.finish()


def test_channels_and_capabilities() -> None:
    with Scripted(fresh=True, channels=4) as device:
        assert [info.index for info in device.channels] == [0, 1, 2, 3]
        assert {info.chip for info in device.channels} == {"novatech409b:0"}
        assert {info.update_group for info in device.channels} == {0}
        assert device.capabilities == {READBACK, ATTACH, SYNC, AMPLITUDE, OFF}
        tuning = device.channels[0].tuning
        assert tuning.ftw_to_frequency(1) == pytest.approx(0.1)
        assert (tuning.max_ftw, tuning.pow_bits, tuning.max_asf) == (0x65FFFFFF, 14, 1023)
    with Scripted(fresh=True, wiring="blind") as device:
        assert device.capabilities == {SYNC, AMPLITUDE, OFF}


def test_the_first_initialisation_silences_all_four_outputs() -> None:
    with Scripted() as device:
        assert isinstance(device, Novatech409B)


def test_an_external_clock_is_set_up_on_a_silent_box() -> None:
    clock = said("Kp 4f", "C E", "I p")
    script = [*FRESH, *SET_UP, *clock, *report()]
    with Scripted(*script, fresh=True, refclk=10e6, sysclk=150e6) as device:
        device.initialise([0, 1])
        assert device.channels[0].tuning.sysclk == 150e6


def test_a_blind_box_is_asked_nothing() -> None:
    with Scripted(*FRESH, *SET_UP, fresh=True, wiring="blind") as device:
        device.initialise([0, 1])


def test_a_later_initialisation_leaves_the_others_alone() -> None:
    again = [*said("I m"), *said("F1 0.0000000", "P1 0", "V1 0"), *said("I p", "M n", "M 0", "I p")]
    with Scripted(*said(*TONE_LINES, "I p"), *again, *report("00989680 2000 01F5")) as device:
        device.write([Write(0, TONE, True)])
        assert device.initialise([1]) == {1}


def test_an_output_that_stays_loud_is_noticed() -> None:
    script = [*FRESH, *SET_UP, *report("00000000 0000 0000", "00000001 0000 0000")]
    with Scripted(*script, fresh=True) as device, pytest.raises(DeviceFault) as caught:
        device.initialise([0, 1])
    assert caught.value.text == (
        "channel 1: F 00000001 P 0000 V 0000 instead of F 00000000 P 0000 V 0000"
    )


def test_several_channels_are_one_update() -> None:
    with Scripted(*said(*TONE_LINES, *OTHER_LINES, "I p")) as device:
        device.write([Write(0, TONE, True), Write(1, OTHER, True)])


def test_what_a_channel_holds_is_not_sent_again() -> None:
    script = [
        *said(*TONE_LINES, "I p"),
        *said("F0 1.0000001", "I p"),
        *said("V0 0", "I p"),
        *said("F0 1.0000001", "P0 8192", "V0 0", "I p"),
    ]
    with Scripted(*script) as device:
        device.write([Write(0, TONE, True)])
        for words in (Words(10_000_001, 8192, 501), *[Words(10_000_001, 8192, 0)] * 2):
            device.write([Write(0, words, True)])


def test_a_sync_is_one_update_and_ends_the_clearing() -> None:
    script = said(*TONE_LINES, "I p", "M a", "P0 8192", "P1 0", "I p", "M n", "I p")
    with Scripted(*script) as device:
        device.write([Write(0, TONE, True)])
        device.sync([1, 0])


def test_a_sync_of_some_channels_is_refused() -> None:
    with Scripted() as device, pytest.raises(Unsupported, match="all of its channels together"):
        device.sync([0])


def test_a_line_that_is_refused_is_never_put_out() -> None:
    script = [*said("F0 1.0000000"), *said("P0 8192", answer=b"?4\r\n")]
    with Scripted(*script) as device:
        with pytest.raises(DeviceFault) as caught:
            device.write([Write(0, TONE, True)])
        assert caught.value.text == "the box refused 'P0 8192': ?4 (bad phase)"
        with pytest.raises(DeviceFault, match="channel 0 may hold half of a command"):
            device.write([Write(1, OTHER, True)])


def test_what_was_touched_is_rewritten_before_the_next_update() -> None:
    script = [
        *said("F0 1.0000000"),
        *said("P0 8192", answer=LATE),
        *in_step(late=b"OK\r\n?0\r\n"),
        *said("I m", "M n", "F0 0.0000000", "P0 0", "V0 0", "I p"),
        *said(*OTHER_LINES, "I p"),
    ]
    with Scripted(*script) as device:
        with pytest.raises(TransportError):
            device.write([Write(0, TONE, True)])
        device.restore([Write(0, Words(0, 0, 0), False)])
        device.write([Write(1, OTHER, True)])


def test_an_answer_that_is_none_puts_the_line_out_of_step() -> None:
    script = [*said("F0 1.0000000", answer=b"OKOK\r\n"), *in_step(), *report()]
    with Scripted(*script) as device:
        with pytest.raises(DeviceFault, match="answered 'F0 1.0000000' with b'OKOK"):
            device.write([Write(0, TONE, True)])
        device.verify([])


def test_an_echo_tells_that_the_box_was_restarted() -> None:
    script = [*said("F0 1.0000000", answer=b"F0 1.0000000\r\n"), *FRESH]
    with Scripted(*script) as device:
        with pytest.raises(DeviceFault, match="not with OK"):
            device.write([Write(0, TONE, True)])
        with pytest.raises(DeviceFault, match="initialise the box"):
            device.restore(writes([Words(0, 0, 0)] * 2))


@pytest.mark.parametrize(
    ("heard", "reason"),
    [
        (b"", "the box does not answer: is it on"),
        (b"\xf8\x78", r"the box answers b'\\xf8x': is it"),
    ],
)
def test_a_box_that_does_not_talk(heard: bytes, reason: str) -> None:
    with (
        Scripted(*in_step(heard), fresh=True) as device,
        pytest.raises(TransportError, match=reason),
    ):
        device.initialise([0, 1])


def test_attach_asks_and_puts_nothing_out() -> None:
    script = [
        *in_step(),
        *said("I m", "M n"),
        *report("00989680 2000 01F5"),
        *said(*TONE_LINES),
    ]
    with Scripted(*script, fresh=True) as device:
        assert device.attach() == [Write(0, TONE, True), None]


def test_a_table_ends_with_the_first_write_after_attaching() -> None:
    script = [
        *in_step(),
        *said("I m", "M n"),
        *report("00989680 2000 01F5", "3B9ACA00 1000 03FF"),
        *said(*TONE_LINES, *OTHER_LINES),
        *said("M 0", "V0 0", "I p"),
        *said("V0 501", "I p"),
    ]
    with Scripted(*script, fresh=True) as device:
        assert device.attach() == [Write(0, TONE, True), Write(1, OTHER, True)]
        device.write([Write(0, Words(10_000_000, 8192, 0), True)])
        device.write([Write(0, TONE, True)])


def test_there_is_nothing_to_adopt_in_a_box_that_was_restarted() -> None:
    with Scripted(*FRESH, fresh=True) as device:
        assert device.attach() == [None, None]


@pytest.mark.parametrize("fields", ["66000000 0000 0001", "00000001 4000 0001", "00000001 0 0400"])
def test_words_that_cannot_be_ours_are_not_adopted(fields: str) -> None:
    fields = fields.replace(" 0 ", " 0000 ")
    with Scripted(*in_step(), *said("I m", "M n"), *report(fields), fresh=True) as device:
        assert device.attach() == [None, None]


def test_no_report_is_a_fault() -> None:
    script: Script = [(Exchange(b"QUE\r\n", parts=5, timeout=0.5), b"OK\r\n" * 5)]
    with Scripted(*script) as device, pytest.raises(DeviceFault, match=r"QUE answered b'OK"):
        device.verify([])


def test_kill_is_amplitude_0_first() -> None:
    script = [
        *said(*TONE_LINES, *OTHER_LINES, "I p"),
        *said("V0 0", "V1 0", "V2 0", "V3 0", "I p"),
        *report("00989680 2000 0000", "3B9ACA00 1000 0000"),
    ]
    with Scripted(*script) as device:
        device.write(writes([TONE, OTHER]))
        assert device.silence(off([TONE, OTHER])) is True


LOUD = ("00989680 2000 0000", "3B9ACA00 1000 0000", "00000000 0000 0001")


def test_an_output_that_stays_on_is_told_to_go_to_0_hz_and_is_a_fault() -> None:
    off_lines = [*TONE_LINES[:2], "V0 0", *OTHER_LINES[:2], "V1 0"]
    once = [*said("V0 0", "V1 0", "V2 0", "V3 0", "I p"), *report(*LOUD)]
    twice = [*said("V0 0", "V1 0", "V2 0", "V3 0", "I p", *off_lines, "I p"), *report(*LOUD)]
    pause: Script = [(Delay(0.05), None)]
    last = [
        step
        for line in [*(f"F{n} 0.0000000" for n in range(4)), "I p"]
        for step in [*unheard(line), *pause]
    ]
    with Scripted(*said(*TONE_LINES, *OTHER_LINES, "I p"), *once, *twice, *last) as device:
        device.write(writes([TONE, OTHER]))
        with pytest.raises(DeviceFault) as caught:
            device.silence(off([TONE, OTHER]))
        assert caught.value.text == (
            "output 2 is not at amplitude 0; the box was told so without hearing its answers"
        )


def test_a_box_that_answers_nothing_is_told_all_the_same() -> None:
    pause: Script = [(Delay(0.05), None)]
    shouted = [
        step
        for line in ["V0 0", "V1 0", "V2 0", "V3 0", "I p"]
        for step in [*unheard(line), *pause]
    ]
    last = [
        step
        for line in [*(f"F{n} 0.0000000" for n in range(4)), "I p"]
        for step in [*unheard(line), *pause]
    ]
    silent = [*in_step(b""), *shouted]
    with (
        Scripted(*silent, *silent, *last, fresh=True) as device,
        pytest.raises(DeviceFault, match="the box does not answer: is it on"),
    ):
        device.silence(off([TONE, OTHER]))


def test_a_line_that_takes_nothing_any_more() -> None:
    refused: Script = [(Exchange(b"?\r\n", parts=0), LATE)]
    shout: Script = [(Exchange(b"V0 0\r\n", parts=0), LATE), (Delay(0.05), None)]
    last: Script = [(Exchange(b"F0 0.0000000\r\n", parts=0), LATE), (Delay(0.05), None)]
    with (
        Scripted(*refused, *shout, *refused, *shout, *last, fresh=True) as device,
        pytest.raises(DeviceFault, match="no whole answer"),
    ):
        device.silence(off([TONE, OTHER]))


def test_a_line_that_is_gone_ends_the_kill() -> None:
    gone: Script = [(Exchange(b"V0 0\r\n", timeout=0.5), TransportLost("unplugged"))]
    with Scripted(*gone) as device, pytest.raises(TransportLost):
        device.silence(off([TONE, OTHER]))


def test_probe_tells_what_the_box_is_and_changes_no_output() -> None:
    answer = report("00989680 2000 01F5")
    with Scripted(*FRESH, *answer, fresh=True) as device:
        assert device.probe() == [
            Finding("echo", True, "was on (as after power-up); it is off now"),
            Finding("box", True, "answers QUE; firmware 21"),
            Finding("clock", True, "reference x 15, by QUE; the config means x 15"),
            Finding("output 0", True, "F 00989680 P 2000 V 01F5"),
            *(Finding(f"output {n}", True, "F 00000000 P 0000 V 0000") for n in (1, 2, 3)),
        ]
    with Scripted(*in_step(), *answer, fresh=True, refclk=10e6, sysclk=150e6) as device:
        _, _, clock = device.probe()[:3]
        assert clock.ok is True  # x 15, too
    with Scripted(*in_step(), *answer, fresh=True, refclk=10e6, sysclk=100e6) as device:
        echo, _, clock = device.probe()[:3]
        assert echo.text == "is off"
        assert clock == Finding("clock", None, "reference x 15, by QUE; the config means x 10")


# Over the twin, beyond what every device must do


def test_outputs_that_are_not_configured_are_silenced_too() -> None:
    rig = NovatechRig()
    rig.box.receive(b"F3 5.0\r\nV3 1023\r\n")
    assert rig.box.tone(3).emits
    rig.device.initialise([0, 1])
    assert not rig.box.tone(3).emits
    rig.box.receive(b"F3 5.0\r\nV3 1023\r\nI p\r\n")
    rig.device.silence(off(rig.old))
    assert not rig.box.tone(3).emits


def test_a_box_left_in_table_mode() -> None:
    def left(rig: NovatechRig) -> None:
        rig.box.receive(b"E d\r\nF0 1.0\r\nt0 0000 00000064,0000,03ff,ff\r\nM t\r\n")
        assert rig.box.tone(0).words == Words(100, 0, 1023)

    rig = NovatechRig()
    left(rig)
    rig.device.initialise([0, 1])
    assert rig.outputs() == [None, None]
    rig = NovatechRig()
    left(rig)
    rig.device.silence(off(rig.old))
    assert rig.outputs() == [None, None]
    rig = NovatechRig()
    left(rig)
    rig.device.attach()
    assert rig.box.tone(0).words == Words(100, 0, 1023)  # not touched
    rig.device.initialise([1])
    assert rig.outputs()[1] is None


def test_half_a_line_of_an_earlier_program_does_nothing() -> None:
    rig = NovatechRig()
    rig.box.receive(b"E d\r\nF0 5.0\r\nV0 1000\r\nV0 10")
    rig.forget()
    rig.device.attach()
    assert rig.history()[0] == [Words(50_000_000, 0, 1000)]


def test_an_external_clock_at_the_box() -> None:
    rig = NovatechRig()
    board = configure(refclk=10e6, sysclk=150e6)
    rig.box._refclk = 10e6
    device = Novatech409B(*board, rig.transport)  # type: ignore[arg-type]
    device.open()
    device.initialise([0, 1])
    ftw = device.channels[0].tuning.frequency_to_ftw(20e6)
    device.write([Write(0, Words(ftw, 0, 1023), True)])
    assert rig.box.tone(0).frequency == pytest.approx(20e6, abs=0.02)
    assert rig.box.locked


def test_after_a_power_cycle_a_write_is_a_fault_and_initialising_helps() -> None:
    rig = running(NovatechRig, "seeing")
    rig.power_cycle()
    with pytest.raises(DeviceFault):
        rig.device.write(writes(rig.new))
    with pytest.raises(DeviceFault):
        rig.device.restore(writes(rig.old))
    rig.device.initialise([0, 1])
    rig.device.write(writes(rig.new))
    assert rig.outputs() == rig.new
