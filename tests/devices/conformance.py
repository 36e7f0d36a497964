"""What every device must do over its twin, whatever chip or box it is.

A test of a device derives a class from :class:`DeviceConformance` and gives it a fixture ``make``:
a function from the name of a wiring to a :class:`Rig`.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dds_link.devices.base import ATTACH, READBACK, SYNC, Device, Write
from dds_link.errors import DeviceFault, Preempted, TransportError, TransportLost
from dds_link.words import SILENCE, Words
from tests.transports.faulty import FaultyTwin

Outputs = list[Words | None]

# Words that every chip with a scale of its amplitude has.
OLD = [Words(343597384, 0x1000, 512), Words(300000000, 0x2000, 300)]
NEW = [Words(123456789, 0x3000, 700), Words(987654321, 0x0400, 1023)]


class Rig:
    """A device of two channels that has been opened, and its twin."""

    device: Device
    transport: FaultyTwin
    old = OLD
    new = NEW
    """What the tests let it put out; each channel has these words."""

    def outputs(self) -> Outputs:
        """What goes out of each channel now; None: nothing."""
        raise NotImplementedError

    def history(self) -> "list[list[Words | None]]":
        """For each channel what went out since :meth:`forget`, without repetitions."""
        raise NotImplementedError

    def forget(self) -> None:
        """Begin :meth:`history` anew."""
        raise NotImplementedError

    def updates(self) -> int:
        """How many I/O updates there were."""
        raise NotImplementedError

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        raise NotImplementedError

    def accumulators(self) -> list[int]:
        """The phase accumulators."""
        raise NotImplementedError

    def corrupt(self, channel: int) -> None:
        """Change what a register of ``channel`` holds, behind the driver's back."""
        raise NotImplementedError

    def power_cycle(self) -> None:
        """Let the board lose its power and get it back."""
        raise NotImplementedError

    def silence_answers(self) -> None:
        """Let nothing that the hardware says arrive any more."""
        self.transport._readback = False

    def another(self) -> "Rig":
        """A new driver on the same twin, as after a restart."""
        raise NotImplementedError


MakeRig = Callable[[str], Rig]


class Fault(NamedTuple):
    """A way for an operation to fail."""

    name: str
    arguments: dict[str, Any]


#: Nothing gets through; 1, 7... bits do; everything does, but nobody knows; the hardware goes away.
FAULTS = [
    Fault("before", {}),
    *(Fault(f"cut at {bits} bits", {"bits": bits}) for bits in (1, 7, 8, 13, 32, 71)),
    Fault("after", {"done": True}),
    Fault("lost before", {"error": TransportLost}),
    Fault("lost at 32 bits", {"bits": 32, "error": TransportLost}),
    Fault("lost after", {"done": True, "error": TransportLost}),
]


def writes(words: list[Words]) -> list[Write]:
    """Every channel with its words; the switch is closed where anything shall go out."""
    return [Write(channel, word, word.asf > 0) for channel, word in enumerate(words)]


def off(words: list[Words]) -> list[Write]:
    """The same with the RF off."""
    return writes([Words(word.ftw, word.pow, 0) for word in words])


def outputs_of(words: list[Words]) -> Outputs:
    """What goes out when the registers hold ``words``."""
    return [word if word.asf else None for word in words]


def running(make: MakeRig, wiring: str, words: list[Words] | None = None) -> Rig:
    """A rig that puts out ``words``, by default the old ones."""
    rig = make(wiring)
    rig.device.initialise([0, 1])
    rig.device.write(writes(words or rig.old))
    rig.forget()
    return rig


def operations(make: MakeRig, wiring: str, action: Callable[[Device], Any]) -> int:
    """How many operations ``action`` takes on a board that runs."""
    rig = running(make, wiring)
    before = rig.transport.operations
    action(rig.device)
    return rig.transport.operations - before


def every_fault(
    make: MakeRig,
    wiring: str,
    action: Callable[[Device], Any],
    words: list[Words] | None = None,
    faults: list[Fault] = FAULTS,
) -> Iterator[tuple[Rig, str]]:
    """A board that runs, for each operation of ``action`` and each way in which it can fail."""
    count = operations(make, wiring, action)
    for fault in faults:
        for at in range(1, count + 1):
            rig = running(make, wiring, words)
            rig.transport.fail(at, **fault.arguments)
            yield rig, f"{wiring}: operation {at} fails: {fault.name}"


def interrupted(make: MakeRig, wiring: str, action: Callable[[Device], Any], at: int) -> Rig:
    """A board on which ``action`` was stopped after its operation ``at``."""
    rig = running(make, wiring)
    rig.transport.interrupt_at(at)
    with pytest.raises(Preempted):
        action(rig.device)
    rig.transport.interrupt.clear()
    return rig


def assert_silent_and_usable(rig: Rig, where: str) -> None:
    """The board is silent, and does what it is told."""
    assert rig.outputs() == [None, None], where
    rig.device.write(writes(rig.new))
    assert rig.outputs() == rig.new, where


def initialise_again(rig: Rig, where: str) -> None:
    """Initialise, unless the wiring cannot guarantee anything any more; never anything else."""
    rig.device.close()
    rig.device.open()
    try:
        rig.device.initialise([0, 1])
    except DeviceFault:
        with pytest.raises(DeviceFault):
            rig.device.write(writes(rig.new))
    else:
        assert_silent_and_usable(rig, where)


def assert_only(rig: Rig, *allowed: Outputs, where: str) -> None:
    """Nothing else than ``allowed`` (or nothing at all) ever went out."""
    for channel, history in enumerate(rig.history()):
        odd = set(history) - {outputs[channel] for outputs in allowed} - {None}
        assert not odd, f"{where}: channel {channel} put out {odd}"


class DeviceConformance:
    """The suite. A subclass may change the class attributes."""

    WIRINGS: list[str] = []
    """Every wiring."""
    FULL = ""
    """The one in which everything can be put right."""
    BLIND = ""
    """One in which nothing can be read."""
    SYNCS = True
    """The device can clear its phase accumulators together."""
    SYNCS_SOME = True
    """It can do so for some channels only."""
    OLD, NEW = OLD, NEW
    """As those of its rigs."""

    # -- what it puts out -------------------------------------------------------------------------

    def test_channels_are_in_order(self, make: MakeRig) -> None:
        device = make(self.FULL).device
        assert [info.index for info in device.channels] == [0, 1]
        assert device.sync_note

    def test_initialised_it_is_silent(self, make: MakeRig) -> None:
        for wiring in self.WIRINGS:
            rig = make(wiring)
            assert rig.device.initialise([0, 1]) == {0, 1}
            assert_only(rig, where=wiring)
            assert_silent_and_usable(rig, wiring)

    def test_nothing_is_written_before_that(self, make: MakeRig) -> None:
        rig = make(self.FULL)
        for action in (
            lambda: rig.device.write(writes(self.NEW)),
            lambda: rig.device.restore(writes(self.NEW)),
            lambda: rig.device.sync([0, 1]),
        ):
            with pytest.raises(DeviceFault):
                action()
        assert_only(rig, where="before initialise")

    # One suite for many devices: what an earlier one found wrong is none of this one's business.
    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(data=st.data())
    def test_what_is_written_comes_out(self, make: MakeRig, data: st.DataObject) -> None:
        rig = running(make, self.FULL)
        tuning = rig.device.channels[0].tuning
        words = st.builds(
            Words,
            st.integers(1, tuning.max_ftw),
            st.integers(0, (1 << tuning.pow_bits) - 1),
            st.integers(1, tuning.max_asf),
        )
        expected: Outputs = list(self.OLD)
        for channel in data.draw(st.lists(st.integers(0, 1), max_size=4)):
            expected[channel] = data.draw(words)
            rig.device.write([Write(channel, expected[channel], True)])  # type: ignore[arg-type]
            assert rig.outputs() == expected

    def test_a_transaction_is_one_update(self, make: MakeRig) -> None:
        rig = running(make, self.FULL)
        before = rig.updates()
        rig.device.write(writes(self.NEW))
        assert rig.updates() == before + 1
        assert rig.history() == [[self.OLD[0], self.NEW[0]], [self.OLD[1], self.NEW[1]]]

    def test_off_and_on_again(self, make: MakeRig) -> None:
        rig = running(make, self.FULL)
        rig.device.write([Write(0, Words(self.OLD[0].ftw, self.OLD[0].pow, 0), False)])
        assert rig.outputs() == [None, self.OLD[1]]
        rig.device.write([Write(0, self.OLD[0], True)])
        assert rig.outputs() == self.OLD

    def test_silence(self, make: MakeRig) -> None:
        for wiring in self.WIRINGS:
            rig = running(make, wiring)
            seen = rig.device.silence(off(self.OLD))
            assert seen is (READBACK in rig.device.capabilities), wiring
            assert rig.outputs() == [None, None], wiring
            rig.device.write(writes(self.NEW))
            assert rig.outputs() == self.NEW, wiring

    def test_silence_before_anything_else(self, make: MakeRig) -> None:
        rig = make(self.FULL)
        rig.device.silence(off(self.OLD))
        assert_only(rig, where="silence first")

    def test_silence_after_the_board_lost_its_power(self, make: MakeRig) -> None:
        """Kill must not switch anything on, whatever the chips hold."""
        for wiring in self.WIRINGS:
            rig = running(make, wiring)
            rig.power_cycle()
            rig.forget()
            rig.device.silence(off(self.OLD))
            assert_only(rig, where=wiring)

    def test_sync_brings_the_accumulators_together(self, make: MakeRig) -> None:
        rig = running(make, self.FULL)
        assert (SYNC in rig.device.capabilities) is self.SYNCS
        if not self.SYNCS:
            with pytest.raises(DeviceFault):
                rig.device.sync([0, 1])
            assert rig.outputs() == self.OLD
            return
        same = Words(self.OLD[0].ftw, 0, self.OLD[1].asf)
        rig.device.write([Write(0, same, True)])
        rig.advance(1.234e-3)
        rig.device.write([Write(1, same, True)])
        rig.advance(1.234e-3)
        assert len(set(rig.accumulators())) == 2
        rig.device.sync([0, 1])
        rig.advance(1.234e-3)
        assert len(set(rig.accumulators())) == 1
        assert rig.outputs() == [same, same]

    def test_after_a_sync_updates_clear_nothing(self, make: MakeRig) -> None:
        self._needs_sync()
        rig = running(make, self.FULL)
        rig.device.sync([0] if self.SYNCS_SOME else [0, 1])
        rig.advance(1e-3)
        before = rig.accumulators()
        rig.device.write(writes(self.OLD))
        assert rig.accumulators() == before

    # -- attaching --------------------------------------------------------------------------------

    def test_attach_finds_what_is_there_and_changes_nothing(self, make: MakeRig) -> None:
        rig, reference = running(make, self.FULL), running(make, self.FULL)
        for each in (rig, reference):
            each.advance(1e-3)
        after = rig.another()
        rig.forget()
        updates = rig.updates()
        assert after.device.attach() == writes(self.OLD)
        assert rig.updates() == updates
        for each in (after, reference):
            each.device.write([Write(1, self.NEW[1], True)])
            each.advance(1e-3)
        assert rig.history() == [[self.OLD[0]], [self.OLD[1], self.NEW[1]]]
        assert rig.accumulators() == reference.accumulators()

    def test_attach_finds_nothing_on_a_board_that_was_never_set_up(self, make: MakeRig) -> None:
        rig = make(self.FULL)
        assert rig.device.attach() == [None, None]
        rig.device.initialise([0, 1])
        assert rig.another().device.attach() == [None, None]  # initialised, but without a tone
        assert_only(rig, where="attach")

    def test_attach_finds_nothing_in_a_changed_chip(self, make: MakeRig) -> None:
        rig = running(make, self.FULL)
        rig.corrupt(1)
        assert rig.another().device.attach() == [writes(self.OLD)[0], None]

    def test_what_was_half_written_before_a_restart_is_never_latched(self, make: MakeRig) -> None:
        def write_both(device: Device) -> None:
            device.write(writes(self.NEW))

        for at in range(1, operations(make, self.FULL, write_both)):
            for fault in FAULTS:
                rig = running(make, self.FULL)
                rig.transport.fail(at, **fault.arguments)
                with pytest.raises(TransportError):
                    write_both(rig.device)
                if rig.outputs() != self.OLD:
                    continue  # it was the update that failed, and it took place
                after = rig.another()
                after.device.attach()
                after.device.write([Write(1, self.OLD[1], True)])
                assert_only(rig, self.OLD, where=f"{fault.name} at {at}")

    def test_keeping_one_and_initialising_the_other(self, make: MakeRig) -> None:
        rig = running(make, self.FULL)
        after = rig.another()
        rig.forget()
        after.device.attach()
        assert after.device.initialise([1]) == {1}
        assert rig.history() == [[self.OLD[0]], [self.OLD[1], None]]
        after.device.write([Write(1, self.NEW[1], True)])
        assert rig.outputs() == [self.OLD[0], self.NEW[1]]

    # -- reading back -----------------------------------------------------------------------------

    def test_verify(self, make: MakeRig) -> None:
        rig = running(make, self.FULL)
        assert {READBACK, ATTACH} <= rig.device.capabilities
        assert rig.device.verify(writes(self.OLD)) == []
        assert len(rig.device.verify([Write(0, self.NEW[0], True)])) >= 1
        rig.corrupt(1)
        (difference,) = rig.device.verify(writes(self.OLD))
        assert "1" in difference

    def test_initialise_notices_a_chip_that_does_not_answer(self, make: MakeRig) -> None:
        rig = make(self.FULL)
        rig.silence_answers()
        with pytest.raises((DeviceFault, TransportError)):
            rig.device.initialise([0, 1])

    def test_blind_it_says_so(self, make: MakeRig) -> None:
        rig = running(make, self.BLIND)
        assert not {READBACK, ATTACH} & rig.device.capabilities
        assert rig.device.silence(off(self.OLD)) is False

    # -- failures ---------------------------------------------------------------------------------

    @pytest.mark.parametrize("one_off", [False, True], ids=["both on", "one off"])
    def test_a_write_that_fails_anywhere(self, make: MakeRig, one_off: bool) -> None:
        old = [SILENCE, self.OLD[1]] if one_off else self.OLD

        def act(device: Device) -> None:
            device.write(writes(self.NEW))

        for wiring in self.WIRINGS:
            for rig, where in every_fault(make, wiring, act, old):
                with pytest.raises(TransportError):
                    act(rig.device)
                self._put_back(rig, wiring, where, old)
                assert_only(rig, outputs_of(old), self.NEW, where=where)

    def test_a_sync_that_fails_anywhere(self, make: MakeRig) -> None:
        self._needs_sync()

        def act(device: Device) -> None:
            device.sync([0, 1])

        for wiring in self.WIRINGS:
            for rig, where in every_fault(make, wiring, act):
                with pytest.raises(TransportError):
                    act(rig.device)
                if self._put_back(rig, wiring, where, self.OLD):
                    before = rig.accumulators()
                    rig.device.write(writes(self.NEW))
                    assert rig.accumulators() == before, f"{where}: an update cleared them"
                assert_only(rig, self.OLD, self.NEW, where=where)

    def test_a_reading_that_fails_anywhere(self, make: MakeRig) -> None:
        def act(device: Device) -> None:
            device.verify(writes(self.OLD))

        for rig, where in every_fault(make, self.FULL, act):
            with pytest.raises(TransportError):
                act(rig.device)
            self._put_back(rig, self.FULL, where, self.OLD)
            assert_only(rig, self.OLD, self.NEW, where=where)

    def _needs_sync(self) -> None:
        if not self.SYNCS:
            pytest.skip("this device has no sync")

    def _put_back(self, rig: Rig, wiring: str, where: str, old: list[Words]) -> bool:
        """Restore ``old``; True if that was possible, otherwise the board is initialised."""
        try:
            rig.device.restore(writes(old))
        except (TransportLost, DeviceFault):
            lost = "lost" in where
            assert lost or wiring != self.FULL, where
            initialise_again(rig, where)
            return False
        assert rig.outputs() == outputs_of(old), where
        return True

    def test_a_restore_that_fails_anywhere_can_be_repeated(self, make: MakeRig) -> None:
        def broken(make: MakeRig, wiring: str) -> Rig:
            rig = running(make, wiring)
            rig.transport.fail(2, bits=13)
            with pytest.raises(TransportError):
                rig.device.write(writes(self.NEW))
            return rig

        for wiring in (self.FULL, self.BLIND):
            rig = broken(make, wiring)
            before = rig.transport.operations
            rig.device.restore(writes(self.OLD))
            for at in range(1, rig.transport.operations - before + 1):
                for fault in FAULTS:
                    rig = broken(make, wiring)
                    where = f"{wiring}: operation {at} of restore: {fault.name}"
                    rig.transport.fail(at, **fault.arguments)
                    with pytest.raises(TransportError):
                        rig.device.restore(writes(self.OLD))
                    self._put_back(rig, wiring, where, self.OLD)
                    assert_only(rig, self.OLD, self.NEW, where=where)

    def test_an_initialisation_that_fails_anywhere(self, make: MakeRig) -> None:
        def act(device: Device) -> None:
            device.initialise([0, 1])

        for wiring in self.WIRINGS:
            for rig, where in every_fault(make, wiring, act, faults=FAULTS[::3]):
                with pytest.raises(TransportError):
                    act(rig.device)
                with pytest.raises((DeviceFault, TransportLost)):
                    rig.device.write(writes(self.NEW))
                assert_only(rig, self.OLD, where=where)
                initialise_again(rig, where)
                assert_only(rig, self.OLD, self.NEW, where=where)

    def test_a_silence_that_fails_anywhere(self, make: MakeRig) -> None:
        def act(device: Device) -> None:
            device.silence(off(self.OLD))

        for wiring in self.WIRINGS:
            for rig, where in every_fault(make, wiring, act, faults=FAULTS[::2]):
                try:
                    act(rig.device)
                except TransportLost:
                    assert "lost" in where
                except DeviceFault:
                    assert wiring != self.FULL, where
                else:
                    assert rig.outputs() == [None, None], where
                assert_only(rig, self.OLD, where=where)
                initialise_again(rig, where)
                assert_only(rig, self.OLD, self.NEW, where=where)

    def test_something_urgent_may_come_anywhere(self, make: MakeRig) -> None:
        """Whatever was interrupted, silence is silent, and the board can be used again."""
        actions: list[Callable[[Device], Any]] = [
            lambda device: device.write(writes(self.NEW)),
            lambda device: device.restore(writes(self.OLD)),
            lambda device: device.initialise([0, 1]),
        ]
        if self.SYNCS:
            actions.append(lambda device: device.sync([0, 1]))
        for wiring in self.WIRINGS:
            for number, act in enumerate(actions):
                for at in range(1, operations(make, wiring, act)):
                    where = f"{wiring}: action {number}, after operation {at}"
                    rig = interrupted(make, wiring, act, at)
                    seen = rig.device.silence(off(self.OLD))
                    assert seen is (READBACK in rig.device.capabilities), where
                    assert rig.outputs() == [None, None], where
                    assert_only(rig, self.OLD, self.NEW, where=where)
                    initialise_again(rig, where)

    def test_what_was_interrupted_can_be_put_back(self, make: MakeRig) -> None:
        actions: list[Callable[[Device], Any]] = [
            lambda device: device.write(writes(self.NEW)),
            lambda device: device.restore(writes(self.OLD)),
        ]
        if self.SYNCS:
            actions.append(lambda device: device.sync([0, 1]))
        for wiring in self.WIRINGS:
            for act in actions:
                for at in range(1, operations(make, wiring, act)):
                    rig = interrupted(make, wiring, act, at)
                    rig.device.restore(writes(self.OLD))
                    assert rig.outputs() == self.OLD
                    rig.device.write(writes(self.NEW))
                    assert rig.outputs() == self.NEW
                    assert_only(rig, self.OLD, self.NEW, where=wiring)
