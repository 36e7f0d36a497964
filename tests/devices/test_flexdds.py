"""The FlexDDS driver: the exact traffic of each of its methods, and what it does when it fails."""

import traceback
from typing import Any

import pytest

from dds_link.config import parse
from dds_link.devices import registry
from dds_link.devices.base import AMPLITUDE, OFF, SYNC, Write
from dds_link.devices.flexdds import QUIET, FlexDDS
from dds_link.devices.flexdds_rules import SIMULATED
from dds_link.errors import DeviceFault, Preempted, TransportError, TransportLost
from dds_link.probe import probe
from dds_link.transports.base import Exchange
from dds_link.transports.scripted import Discard, ScriptedStream
from dds_link.transports.stream_twin import StreamTwinTransport
from dds_link.twins import flexdds as twin
from dds_link.words import SILENCE, Words
from tests.devices.conformance import (
    FAULTS,
    NEW,
    OLD,
    DeviceConformance,
    MakeRig,
    Outputs,
    Rig,
    assert_only,
    initialise_again,
    interrupted,
    off,
    outputs_of,
    running,
    writes,
)
from tests.devices.flexdds_bench import TOKEN, Bench, FarBox, configure
from tests.twins.manual_clock import ManualClock

Script = list[tuple[Any, Any]]

#: 100 MHz, 1/4 turn, 0.5; and 80 MHz, 1/8 turn, 0.1.
TONE, OTHER = Words(0x1999999A, 0x4000, 0x2000), Words(0x147AE148, 0x2000, 0x0666)


def said(*lines: str, answer: Any = None) -> tuple[Any, Any]:
    """Lines that leave together, each answered OK."""
    data = "".join(line + "\n" for line in lines).encode()
    if answer is None:
        answer = b"OK\r\n" * len(lines)
    return Exchange(data, b"\n", len(lines), 1.0), answer


DISCARD = Discard(QUIET)
LOGIN: Script = [
    said(TOKEN, answer=b"Auth OK\r\n"),
    (Exchange(b"set resp_suppress_ok=0\n", b"OK", 1, 1.0), b"OK"),
    (DISCARD, b"\r\n"),
]
#: A new connection, and a reset over the old one.
ANEW: Script = [(Exchange(b"\ndds reset\n", b"\n", 0), b""), *LOGIN]
INITIALISATION: Script = [
    said("dds reset", answer=b"DDS reset OK\r\n"),
    (DISCARD, b""),
    said(
        "dcp start",
        "dcp spi:CFR1=0x00410002:w!",
        "dcp spi:CFR2=0x014008c0:w!",
        "dcp 0 spi:STP0=0x00000000_00000000:w!",
        "dcp 1 spi:STP0=0x00000000_00000000:w!",
    ),
    said("dcp update:=0p!", "dcp update:u!"),
]


class Scripted:
    """A driver on a connection that has been opened, or initialised already."""

    def __init__(self, *script: tuple[Any, Any], fresh: bool = False, **every: object) -> None:
        begin = LOGIN if fresh else LOGIN + INITIALISATION
        self.transport = ScriptedStream([*begin, *script])
        self.device = FlexDDS(*configure(**every), self.transport)
        self.device.open()
        if not fresh:
            assert self.device.initialise([0, 1]) == {0, 1}

    def __enter__(self) -> FlexDDS:
        return self.device

    def __exit__(self, kind: Any, *rest: Any) -> None:
        if kind is None:
            self.transport.finish()


# -- what it is -----------------------------------------------------------------------------------


def test_channels_and_capabilities() -> None:
    with Scripted(fresh=True) as device:
        assert [info.index for info in device.channels] == [0, 1]
        assert [info.chip for info in device.channels] == ["flexdds:0", "flexdds:1"]
        # Each has an I/O_UPDATE line of its own.
        assert [info.update_group for info in device.channels] == [0, 1]
        assert not any(info.silence_keeps_phase for info in device.channels)
        tuning = device.channels[0].tuning
        assert (tuning.sysclk, tuning.ftw_bits, tuning.pow_bits, tuning.asf_bits) == (
            1e9,
            32,
            16,
            14,
        )
        assert device.capabilities == {SYNC, AMPLITUDE, OFF}
        assert "40 ns" in device.sync_note


# -- the exact traffic ----------------------------------------------------------------------------


def test_golden_tone() -> None:
    """The words as the reference of the project has them: 100 MHz, 90 degrees, half amplitude;
    every public client writes this register so, with or without the underscore."""
    script = said("dcp 0 spi:STP0=0x20004000_1999999a:w!", "dcp 0 update:u!")
    with Scripted(script) as device:
        device.write([Write(0, TONE, True)])


def test_a_low_frequency_keeps_its_zeros() -> None:
    """(As rydyb/flexdds does not: a short word shifts the amplitude.)"""
    script = said("dcp 1 spi:STP0=0x0001000f_00000004:w!", "dcp 1 update:u!")
    with Scripted(script) as device:
        device.write([Write(1, Words(4, 15, 1), True)])


def test_both_channels_on_one_update_once_both_were_accepted() -> None:
    script = [
        said(
            "dcp 1 spi:STP0=0x06662000_147ae148:w!",
            "dcp 0 spi:STP0=0x20004000_1999999a:w!",
        ),
        said("dcp update:u!"),
    ]
    with Scripted(*script) as device:
        device.write([Write(1, OTHER, True), Write(0, TONE, True)])


def test_sync() -> None:
    script = [
        said("dcp spi:CFR1=0x00412002:w!"),
        said("dcp update:u!"),
        said("dcp spi:CFR1=0x00410002:w!", "dcp update:u!"),
        said("dcp 1 spi:CFR1=0x00412002:w!"),
        said("dcp 1 update:u!"),
        said("dcp 1 spi:CFR1=0x00410002:w!", "dcp 1 update:u!"),
    ]
    with Scripted(*script) as device:
        device.sync([0, 1])
        device.sync([1])


def test_initialising_one_leaves_the_other_alone() -> None:
    script = [
        said("dds 1 reset", answer=b"DDS reset OK\r\n"),
        (DISCARD, b"OK\r\n"),  # a line more than the USB box sends
        said(
            "dcp 1 start",
            "dcp 1 spi:CFR1=0x00410002:w!",
            "dcp 1 spi:CFR2=0x014008c0:w!",
            "dcp 1 spi:STP0=0x00000000_00000000:w!",
        ),
        said("dcp 1 update:=0p!", "dcp 1 update:u!"),
    ]
    with Scripted(*script) as device:
        assert device.initialise([1]) == {1}


def test_silence() -> None:
    """Frequencies and phases stay, so that the words are as the receipts say."""
    script = [
        said("dds reset", answer=b"DDS reset OK\r\n"),
        (DISCARD, b""),
        said(
            "dcp start",
            "dcp spi:CFR1=0x00410002:w!",
            "dcp spi:CFR2=0x014008c0:w!",
            "dcp 0 spi:STP0=0x00004000_1999999a:w!",
            "dcp 1 spi:STP0=0x00002000_147ae148:w!",
        ),
        said("dcp update:=0p!", "dcp update:u!"),
    ]
    with Scripted(*script) as device:
        assert device.silence(off([TONE, OTHER])) is False


def test_restore() -> None:
    script = [
        said("dcp 0 spi:CFR1=0x00410002:w!", "dcp 0 spi:CFR2=0x014008c0:w!"),
        said("dcp 0 spi:STP0=0x20004000_1999999a:w!", "dcp 0 update:u!"),
    ]
    with Scripted(*script) as device:
        device.restore([])
        device.restore([Write(0, TONE, True)])


def test_the_timeout_is_that_of_the_configuration() -> None:
    login = Exchange(f"{TOKEN}\n".encode(), b"\n", 1, 0.25)
    wish = Exchange(b"set resp_suppress_ok=0\n", b"OK", 1, 0.25)
    transport = ScriptedStream([(login, b"Auth OK\r\n"), (wish, b"OK"), LOGIN[2]])
    FlexDDS(*configure(timeout=0.25), transport).open()
    transport.finish()


# -- logging in -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer", [b"error: authentication failed\r\n", b"\r\n", b"OK\r\n", f"{TOKEN}?\n".encode()]
)
def test_a_login_that_is_refused_names_the_key_not_the_token(answer: bytes) -> None:
    transport = ScriptedStream([said(TOKEN, answer=answer)])
    device = FlexDDS(*configure(), transport)
    with pytest.raises(DeviceFault, match=r"refused the login: device\.token") as caught:
        device.open()
    transport.finish()
    assert TOKEN not in str(caught.value)
    with pytest.raises(TransportLost):  # nothing more is said to a box that knows us not
        transport.exchange(b"", b"\n", 0, 1.0)


@pytest.mark.parametrize("echo", [TOKEN, TOKEN[:12], TOKEN[3:]])
def test_no_answer_to_the_login_is_no_box(echo: str) -> None:
    timed_out = TransportError(f"no whole answer in 1 s; it began with b'{echo}'")
    transport = ScriptedStream([said(TOKEN, answer=timed_out)])
    device = FlexDDS(*configure(), transport)
    with pytest.raises(TransportLost, match=r"no answer to the login with device\.token") as caught:
        device.open()
    shown = "".join(traceback.format_exception(caught.value))
    assert echo not in shown
    assert TOKEN not in repr(configure()[0])


def test_an_interrupted_opening_does_not_show_the_token() -> None:
    transport = ScriptedStream(LOGIN[:1])
    transport.interrupt.set()
    device = FlexDDS(*configure(), transport)
    with pytest.raises(Preempted) as caught:
        device.open()
    assert TOKEN not in str(caught.value)


def test_a_box_that_does_not_know_the_wish_for_answers_is_taken() -> None:
    no_answer = TransportError("no whole answer in 1 s; it began with b'error'")
    transport = ScriptedStream([LOGIN[0], (LOGIN[1][0], no_answer), (DISCARD, b"")])
    FlexDDS(*configure(), transport).open()
    transport.finish()


@pytest.mark.parametrize("error", [TransportLost("gone"), Preempted("stopped")])
def test_a_login_ends_with_the_connection(error: TransportError) -> None:
    transport = ScriptedStream([LOGIN[0], (LOGIN[1][0], error)])
    with pytest.raises(type(error)):
        FlexDDS(*configure(), transport).open()


def test_without_a_token_there_is_no_login() -> None:
    transport = ScriptedStream(LOGIN[1:])
    FlexDDS(*configure(token=""), transport).open()
    transport.finish()


# -- answers that are not as they should be --------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (b"error: queue full\r\nOK\r\n", "'error: queue full"),
        (b"OK\r\nERROR\r\n", "'ERROR"),
    ],
)
def test_an_error_is_told_and_can_be_put_back(answer: bytes, shown: str) -> None:
    tone, update = "dcp 0 spi:STP0=0x20004000_1999999a:w!", "dcp 0 update:u!"
    script = [
        said(tone, update, answer=answer),
        (DISCARD, b""),
        said("dcp 0 spi:CFR1=0x00410002:w!", "dcp 0 spi:CFR2=0x014008c0:w!"),
        said("dcp 0 spi:STP0=0x06662000_147ae148:w!", "dcp 0 update:u!"),
    ]
    with Scripted(*script) as device:
        with pytest.raises(DeviceFault, match=f"the FlexDDS answered b{shown}"):
            device.write([Write(0, TONE, True)])
        with pytest.raises(DeviceFault, match="channel 0 may hold half"):
            device.write([Write(1, TONE, True)])
        with pytest.raises(DeviceFault, match="channel 0 may hold half"):
            device.restore([Write(1, TONE, True)])
        device.restore([Write(0, OTHER, True)])


def test_if_one_channel_is_refused_there_is_no_update() -> None:
    tones = ("dcp 0 spi:STP0=0x20004000_1999999a:w!", "dcp 1 spi:STP0=0x06662000_147ae148:w!")
    script = [said(*tones, answer=b"OK\r\nerror\r\n"), (DISCARD, b"")]
    with Scripted(*script) as device, pytest.raises(DeviceFault, match="error"):
        device.write([Write(0, TONE, True), Write(1, OTHER, True)])


@pytest.mark.parametrize("stray", [b"DDS reset OK\r\nOK\r\n", b"\r\r\nOK\r\n"])
def test_another_answer_than_any_is_out_of_step(stray: bytes) -> None:
    tone, update = "dcp 0 spi:STP0=0x20004000_1999999a:w!", "dcp 0 update:u!"
    script = [said(tone, update, answer=stray), (DISCARD, b""), *ANEW, *INITIALISATION]
    with Scripted(*script) as device:
        with pytest.raises(DeviceFault, match="the FlexDDS answered"):
            device.write([Write(0, TONE, True)])
        for action in (device.write, device.restore):
            with pytest.raises(DeviceFault, match="did not answer as it should"):
                action([Write(0, OTHER, True)])
        assert device.initialise([0]) == {0, 1}


def test_a_reset_that_is_refused_leaves_zero_amplitude() -> None:
    refused = said("dds reset", answer=b"error: unknown command\r\n")
    quiet = INITIALISATION[2:]
    script = [refused, (DISCARD, b""), *quiet, refused, (DISCARD, b""), *quiet]
    with Scripted(*script) as device:
        with pytest.raises(DeviceFault, match="unknown command.* to 'dds reset'"):
            device.silence([Write(channel, SILENCE, False) for channel in (0, 1)])
        with pytest.raises(DeviceFault, match="channel 0, 1 may hold half"):
            device.write([Write(0, TONE, True)])


def test_what_is_stopped_before_it_began_is_begun_again() -> None:
    with Scripted(*INITIALISATION, fresh=True) as device:
        interrupt = device._stream.interrupt
        interrupt.set()
        for action in (lambda: device.initialise([1]), lambda: device.silence(off([TONE, OTHER]))):
            with pytest.raises(Preempted):
                action()
        interrupt.clear()
        assert device.initialise([1]) == {0, 1}


def test_silence_is_tried_twice() -> None:
    slow = said("dds reset", answer=TransportError("no whole answer in 1 s"))
    script = [slow, *ANEW, *INITIALISATION[2:], *INITIALISATION]
    with Scripted(*script) as device:
        assert device.silence([Write(channel, SILENCE, False) for channel in (0, 1)]) is False


# -- looking --------------------------------------------------------------------------------------


def test_probing_asks_and_changes_nothing() -> None:
    bench = Bench()
    before = bench.box.received
    found = {finding.what: (finding.ok, finding.text) for finding in bench.device.probe()}
    assert bench.box.received == before + b"version\nlmkpll\n"
    assert found["login"][0] is True
    assert found["version"] == (True, 'Version: "FlexDDS-NG, twin of dds_link" USER:')
    assert "PLL1: locked" in found["lmkpll"][1]
    assert found["registers"][0] is None


def test_probing_a_box_that_does_not_know_the_questions() -> None:
    script = [
        said("version", answer=b"error: unknown command\r\n"),
        (DISCARD, b""),
        said("lmkpll", answer=TransportError("no whole answer in 1 s")),
    ]
    with Scripted(*script, fresh=True) as device:
        found = {finding.what: (finding.ok, finding.text) for finding in device.probe()}
    assert found["version"] == (None, "error: unknown command")
    assert found["lmkpll"] == (None, "no whole answer in 1 s")


def test_a_probe_with_a_wrong_token_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def make_board(device: Any, channels: Any, clock: Any) -> twin.FlexDDS:
        return twin.FlexDDS(clock, token="another")

    monkeypatch.setattr(twin, "make_board", make_board)
    (found,) = probe(parse(SIMULATED, "lab.toml", registry.check), simulation=True)
    assert (found.what, found.ok) == ("transport", False)
    assert "device.token" in found.text


@pytest.mark.parametrize("error", [Preempted, TransportLost])
def test_a_probe_ends_with_the_connection(error: type[TransportError]) -> None:
    script = said("version", answer=error("it is over"))
    with Scripted(script, fresh=True) as device, pytest.raises(error):
        device.probe()


# -- what it cannot do -----------------------------------------------------------------------------


def test_nothing_is_adopted_and_nothing_verified() -> None:
    with Scripted() as device:
        assert device.attach() == [None, None]
        with pytest.raises(DeviceFault, match="unobservable"):
            device.verify([Write(0, TONE, True)])


# -- over the twin --------------------------------------------------------------------------------


class FlexRig(Rig):
    """A driver on a box."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.device = bench.device
        self.transport = bench.transport  # type: ignore[assignment]

    def outputs(self) -> Outputs:
        return self.bench.box.outputs()

    def history(self) -> list[list[Words | None]]:
        histories: list[list[Words | None]] = []
        for channel in (0, 1):
            outs = [snapshot[channel] for snapshot in self.bench.box.snapshots]
            kept = [out for place, out in enumerate(outs) if not place or out != outs[place - 1]]
            histories.append(kept)
        return histories

    def forget(self) -> None:
        self.bench.box.forget()

    def updates(self) -> int:
        first, second = (channel.updates for channel in self.bench.box.channels)
        assert first == second
        return first

    def advance(self, seconds: float) -> None:
        self.bench.clock.time += seconds

    def accumulators(self) -> list[int]:
        return [self.bench.box.accumulator(channel) for channel in (0, 1)]

    def power_cycle(self) -> None:
        self.bench.box.power_cycle()
        self.transport.close()

    def another(self) -> Rig:
        return FlexRig(Bench(box=self.bench.box))


class TestConformance(DeviceConformance):
    """On a box that runs and flushes by itself, as public clients of the rack expect, and on one
    that needs to be told, as the manual of the USB box has it.

    After an error of the connection nothing can be put back: what was sent may still act, and
    nobody can look. So the driver asks for an initialisation, always.
    """

    WIRINGS = ["automatic", "strict"]
    FULL = "automatic"
    BLIND = "strict"

    @pytest.fixture
    def make(self) -> MakeRig:
        return lambda wiring: FlexRig(Bench(automatic=wiring == "automatic"))

    def _put_back(self, rig: Rig, wiring: str, where: str, old: list[Words]) -> bool:
        with pytest.raises((TransportLost, DeviceFault)):
            rig.device.restore(writes(old))
        initialise_again(rig, where)
        return False

    def test_silence_after_the_board_lost_its_power(self, make: MakeRig) -> None:
        """Then the connection is gone, too."""
        for wiring in self.WIRINGS:
            rig = running(make, wiring)
            rig.power_cycle()
            rig.forget()
            with pytest.raises(TransportLost):
                rig.device.silence(off(OLD))
            rig.device.open()
            rig.device.silence(off(OLD))
            assert_only(rig, where=wiring)

    def test_a_restore_that_fails_anywhere_can_be_repeated(self, make: MakeRig) -> None:
        """After an interruption nothing is out of step, so that it can be put back; if that fails,
        an initialisation it is."""

        def write_both(device: Any) -> None:
            device.write(writes(NEW))

        for wiring in self.WIRINGS:
            rig = interrupted(make, wiring, write_both, 1)
            before = rig.transport.operations
            rig.device.restore(writes(OLD))
            assert rig.outputs() == OLD
            for at in range(1, rig.transport.operations - before + 1):
                for fault in FAULTS:
                    rig = interrupted(make, wiring, write_both, 1)
                    where = f"{wiring}: operation {at} of restore: {fault.name}"
                    rig.transport.fail(at, **fault.arguments)
                    with pytest.raises(TransportError):
                        rig.device.restore(writes(OLD))
                    self._put_back(rig, wiring, where, OLD)
                    assert_only(rig, OLD, NEW, where=where)

    # Nothing can be read

    def test_attach_finds_what_is_there_and_changes_nothing(self, make: MakeRig) -> None:
        rig = running(make, self.FULL)
        after = rig.another()
        assert after.device.attach() == [None, None]
        assert rig.outputs() == OLD

    def test_what_was_half_written_before_a_restart_is_never_latched(self, make: MakeRig) -> None:
        def write_both(device: Any) -> None:
            device.write(writes(NEW))

        for wiring in self.WIRINGS:
            rig = interrupted(make, wiring, write_both, 1)
            after = rig.another()
            after.device.initialise([0, 1])
            after.device.write([Write(1, OLD[1], True)])
            assert_only(rig, outputs_of(OLD), where=wiring)

    test_attach_finds_nothing_in_a_changed_chip = None  # type: ignore[assignment]
    test_keeping_one_and_initialising_the_other = None  # type: ignore[assignment]
    test_verify = None  # type: ignore[assignment]
    test_initialise_notices_a_chip_that_does_not_answer = None  # type: ignore[assignment]
    test_a_reading_that_fails_anywhere = None  # type: ignore[assignment]


@pytest.mark.parametrize("automatic", [True, False])
@pytest.mark.parametrize("lost", [True, False])
def test_the_connection_may_end_at_any_byte(automatic: bool, lost: bool) -> None:
    """What goes out is the old or the new, on both channels alike, until all is set up again."""

    def bench_that_runs() -> Bench:
        bench = Bench(automatic)
        bench.device.initialise([0, 1])
        bench.device.write(writes(OLD))
        bench.box.forget()
        bench.box.received = b""
        return bench

    reference = bench_that_runs()
    reference.device.write(writes(NEW))
    lengths = [len(part) + 1 for part in reference.box.received.split(b"w!\ndcp u")]
    for operation, length in enumerate((lengths[0] + 2, lengths[1] + 5), 1):
        for count in range(length + 1):
            bench = bench_that_runs()
            error = TransportLost if lost else TransportError
            bench.transport.fail(operation, bits=count, error=error)
            with pytest.raises(error):
                bench.device.write(writes(NEW))
            assert bench.box.outputs() in (OLD, NEW)
            with pytest.raises((DeviceFault, TransportLost)):
                bench.device.restore(writes(OLD))
            bench.device.close()
            bench.device.open()
            bench.device.initialise([0, 1])
            assert bench.box.outputs() == [None, None]


def test_a_wait_that_somebody_left_in_the_queue_does_not_stop_a_silence() -> None:
    bench = Bench()
    bench.device.initialise([0, 1])
    bench.device.write(writes(OLD))
    bench.box.receive(b"dcp wait::BNC_IN_A_RISING\n")
    bench.device.write(writes(NEW))
    assert bench.box.outputs() == OLD  # it waits, and nobody can know
    bench.device.silence(off(OLD))
    assert bench.box.outputs() == [None, None]
    bench.box.trigger("BNC_IN_A_RISING")
    assert bench.box.outputs() == [None, None]


@pytest.mark.parametrize(
    ("action", "argument"), [("silence", off([TONE, OTHER])), ("initialise", [0])]
)
def test_a_reset_reaches_a_box_that_listens_and_does_not_answer(
    action: str, argument: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench()
    bench.device.initialise([0, 1])
    bench.device.write(writes(OLD))
    receive = bench.box.receive

    def mute(data: bytes) -> bytes:
        receive(data)
        return b""

    monkeypatch.setattr(bench.box, "receive", mute)
    with pytest.raises(TransportError):
        bench.device.write(writes(NEW))
    bench.box.receive(b"dcp 0 spi:ST")  # and half a line waits in it
    with pytest.raises(TransportLost, match="no answer to the login"):
        getattr(bench.device, action)(argument)
    assert bench.box.outputs() == [None, None]


def test_a_client_that_switched_the_answers_off_does_no_harm() -> None:
    bench = Bench()
    bench.box.receive(b"set resp_suppress_ok=1\n")
    bench.device.close()
    bench.device.open()
    bench.device.initialise([0, 1])
    bench.device.write(writes(NEW))
    assert bench.box.outputs() == NEW


@pytest.mark.parametrize("seconds", [0.1, 0.6])
def test_no_answer_of_a_box_far_away_is_taken_for_another(seconds: float) -> None:
    clock = ManualClock()
    box = FarBox(clock, seconds)
    transport = StreamTwinTransport(box, clock)
    device = FlexDDS(*configure(), transport)
    device.open()
    device.initialise([0, 1])
    device.write(writes(NEW))
    assert (transport._pending, box.on_the_way) == (b"", [])


def test_late_answers_are_not_taken_for_those_of_the_next_command() -> None:
    bench = Bench()
    bench.device.initialise([0, 1])
    bench.transport.fail(1, done=True)
    with pytest.raises(TransportError):
        bench.device.write(writes(NEW))
    assert bench.transport._pending == b"OK\r\nOK\r\n"
    bench.device.initialise([0])
    bench.device.write(writes(OLD))
    assert bench.box.outputs() == OLD
    assert bench.transport._pending == b""
