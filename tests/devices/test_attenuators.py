"""Attenuators on the SPI bus: their bytes, and that they obey whatever fails, behind any chip."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dds_link.attenuation import MODELS
from dds_link.config import AttenuatorConfig
from dds_link.devices.ad9910 import AD9910
from dds_link.devices.ad9959 import AD9959
from dds_link.devices.attenuators import Attenuators, chain_frame
from dds_link.devices.base import (
    ATTACH,
    ATTENUATION,
    ATTENUATION_READBACK,
    READBACK,
    Device,
    Finding,
    Write,
)
from dds_link.errors import DeviceFault, Preempted, TransportError, TransportLost
from dds_link.transports.base import Pulse, Transfer
from dds_link.transports.scripted import ScriptedTransport
from dds_link.words import Words
from tests.devices import test_ad9912, test_ad9914, test_ad9959
from tests.devices.attenuated import attenuated, attenuations, behind, forget
from tests.devices.conformance import FAULTS, Rig, assert_only
from tests.devices.test_ad9910 import TONE, TONE_BYTES, AD9910Rig, initialisation, spi
from tests.devices.watched import configure

#: An AD9912 has no IO_RESET.
NO_IO_RESET = {"no resets": "no master_reset"}
RIGS: dict[str, Callable[[str], Any]] = {
    "ad9910": lambda wires: AD9910Rig(configure(wires, switches=wires == "everything")),
    "ad9912": lambda wires: test_ad9912.AD9912Rig(
        test_ad9912.configure(NO_IO_RESET.get(wires, wires))
    ),
    "ad9914": lambda wires: test_ad9914.AD9914Rig(test_ad9914.board(wires)),
    "ad9959": lambda wires: test_ad9959.AD9959Rig(test_ad9959.board(wires, (0, 0)), AD9959),
}
WIRINGS = ["everything", "no resets", "blind"]
LOUD, SOFT = [4, 20], [30, 10]
"""Steps: the first channel gets less, the second one more."""

MakeRig = Callable[..., Rig]


@pytest.fixture(params=RIGS)
def make(request: pytest.FixtureRequest) -> MakeRig:
    """Makes a rig of each chip."""
    made = RIGS[request.param]
    return lambda wires="everything", readback=False: attenuated(made(wires), readback)


def running(make: MakeRig, *wiring: Any) -> Rig:
    """A rig that puts out its old tones, behind :data:`LOUD`."""
    rig = make(*wiring)
    rig.device.initialise([0, 1])
    rig.device.write(behind(rig.old, LOUD))
    assert rig.outputs() == rig.old
    assert attenuations(rig) == LOUD
    forget(rig)
    return rig


def every_fault(
    make: MakeRig, wiring: tuple[Any, ...], act: Callable[[Rig], Any]
) -> Iterator[tuple[Rig, str, bool]]:
    """A rig that runs, for each operation of ``act`` and each fault; whether a chain was cut."""
    rig = running(make, *wiring)
    before = rig.transport.operations
    act(rig)
    for at in range(1, rig.transport.operations - before + 1):
        for fault in FAULTS:
            rig = running(make, *wiring)
            rig.transport.fail(at, **fault.arguments)
            yield rig, f"{wiring}: operation {at} fails: {fault.name}", "bits" in fault.arguments


def put_back(rig: Rig, where: str) -> None:
    """As it was, or silent where that cannot be."""
    try:
        rig.device.restore(behind(rig.old, LOUD))
    except (DeviceFault, TransportLost):
        rig.device.close()
        rig.device.open()
        try:
            rig.device.initialise([0, 1])
        except DeviceFault:
            return
        assert rig.outputs() == [None, None], where
        assert attenuations(rig) == [63, 63], where
        rig.device.write(behind(rig.old, LOUD))
    assert rig.outputs() == rig.old, where
    assert attenuations(rig) == LOUD, where


# -- bytes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "frame"),
    [
        ([0], "FF"),  # 0 dB
        ([1], "FB"),  # 0.5 dB
        ([2], "F7"),
        ([4], "EF"),
        ([8], "DF"),
        ([16], "BF"),
        ([32], "7F"),  # 16 dB
        ([63], "03"),  # 31.5 dB
        ([20, 0, 63, 1], "FB 03 FF AF"),  # the last one of the chain goes first
    ],
)
def test_a_byte_for_each(steps: list[int], frame: str) -> None:
    """As ``att_to_mu`` and ``set_att_mu`` of ARTIQ's ``urukul.py`` make them: 255 - 8 dB."""
    assert chain_frame(steps) == bytes.fromhex(frame)
    words = [255 - round(8 * MODELS["hmc542b"].attenuation.steps_to_db(each)) for each in steps]
    register = sum(word << 8 * channel for channel, word in enumerate(words))
    assert register.to_bytes(len(steps), "big") == bytes.fromhex(frame)


@pytest.mark.artiq
def test_artiq_agrees() -> None:
    urukul = pytest.importorskip("artiq.coredevice.urukul", reason="ARTIQ is not installed")
    attenuation = MODELS["hmc542b"].attenuation
    for steps in range(64):
        [word] = chain_frame([steps])
        decibel = attenuation.steps_to_db(steps)
        assert urukul.CPLD.att_to_mu(SimpleNamespace(), decibel) == word
        assert urukul.CPLD.mu_to_att(SimpleNamespace(), word) == decibel


def chain(data: str, answer: Any = None) -> tuple[Any, Any]:
    """A transfer to the attenuators of a board of two chips."""
    return spi(2, data, answer)


def scripted(*script: Any, readback: bool = False, start: Any = None) -> AD9910:
    device, channels = configure("blind, no resets")
    table = AttenuatorConfig("hmc542b", 9, (0, 1), readback)
    device = replace(device, attenuator=table, readback=readback)
    begin = [chain("03 03")] if start is None else start
    begin += initialisation((0, 1), readback)
    driver = AD9910(device, channels, ScriptedTransport([*begin, *script], ["io_update"]))
    driver.open()
    driver.initialise([0, 1])
    return driver


UPDATE = (Pulse("io_update"), None)


def test_the_largest_attenuation_comes_before_anything_else() -> None:
    scripted()._spi.finish()  # type: ignore[attr-defined]


def test_attenuation_falls_last_and_rises_first() -> None:
    driver = scripted(
        spi(0, TONE_BYTES), UPDATE, chain("03 AF"),  # 10 dB
        chain("03 5F"), spi(0, TONE_BYTES), UPDATE,  # 20 dB
        chain("03 5F"), spi(1, TONE_BYTES), spi(0, TONE_BYTES), UPDATE, chain("FF 5F"),
        chain("5F 5F"), spi(1, TONE_BYTES), spi(0, TONE_BYTES), UPDATE, chain("5F FF"),
    )  # fmt: skip
    driver.write([Write(0, TONE, True, 20)])
    driver.write([Write(0, TONE, True, 40)])
    driver._attenuators.doubt()  # type: ignore[union-attr]
    driver.write([Write(1, TONE, True, 0), Write(0, TONE, True, 40)])
    driver.write([Write(1, TONE, True, 40), Write(0, TONE, True, 0)])
    driver._spi.finish()  # type: ignore[attr-defined]


def test_what_does_not_change_is_not_sent() -> None:
    driver = scripted(
        spi(0, TONE_BYTES), UPDATE, chain("03 AF"),
        spi(0, TONE_BYTES), UPDATE,
        spi(0, TONE_BYTES), UPDATE,
    )  # fmt: skip
    driver.write([Write(0, TONE, True, 20)])
    driver.write([Write(0, TONE, True, 20)])
    driver.write([Write(0, TONE, True)])
    driver._spi.finish()  # type: ignore[attr-defined]


def test_reading_shifts_the_same_in_again() -> None:
    asked = [chain("03 03"), chain("03 03", bytes.fromhex("03 03"))]
    driver = scripted(chain("03 03", b"\x03\x03"), start=asked, readback=True)
    assert driver._attenuators is not None
    driver._read_attenuators(driver._attenuators)
    assert driver._attenuators.take_differences([0, 1]) == []
    driver._spi.finish()  # type: ignore[attr-defined]


# -- what it can ----------------------------------------------------------------------------------


def test_it_says_which_channels_have_one() -> None:
    device, channels = configure("everything")
    table = AttenuatorConfig("hmc542b", 9, (1,))
    driver = AD9910(replace(device, attenuator=table), channels, ScriptedTransport([]))
    assert [info.attenuation for info in driver.channels] == [
        None,
        MODELS["hmc542b"].attenuation,
    ]
    assert ATTENUATION in driver.capabilities
    assert ATTENUATION_READBACK not in driver.capabilities
    table = replace(table, readback=True)
    driver = AD9910(replace(device, attenuator=table), channels, ScriptedTransport([]))
    assert {ATTENUATION, ATTENUATION_READBACK} <= driver.capabilities
    driver = AD9910(device, channels, ScriptedTransport([]))
    assert not {ATTENUATION, ATTENUATION_READBACK} & driver.capabilities
    assert all(info.attenuation is None for info in driver.channels)


def test_only_the_channels_in_the_chain_are_behind_one() -> None:
    attenuators = Attenuators(AttenuatorConfig("hmc542b", 9, (3, 1)), 5)
    writes = [Write(0, TONE, True), Write(3, TONE, True, 0)]
    operations = attenuators.around([], writes)
    assert operations == [Transfer(5, b"\x03\x03"), Transfer(5, b"\x03\xff")]
    assert attenuators.dim([0, 1]) == [Transfer(5, b"\x03\xff")]
    assert attenuators.dim([3]) == [Transfer(5, b"\x03\x03")]


# -- behind any chip ------------------------------------------------------------------------------


def test_initialised_nothing_passes(make: MakeRig) -> None:
    for wires in WIRINGS:
        rig = make(wires)
        assert rig.device.initialise([0, 1]) == {0, 1}
        assert attenuations(rig) == [63, 63]


def test_initialising_begins_with_the_attenuators(make: MakeRig) -> None:
    rig = running(make)
    rig.device.initialise([0, 1])
    history = [level for each in rig.chain.snapshots for level in each]
    assert all(steps == 63 or steps in LOUD for _, steps in history)
    assert all(steps == 63 or out in (*rig.old, None) for out, steps in history)


@settings(
    max_examples=40,
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
    ],
)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.none() | st.integers(0, 63)), max_size=5),
)
def test_a_write_never_touches_a_neighbour(
    make: MakeRig, changes: list[tuple[int, int | None]]
) -> None:
    rig, expected = running(make), list(LOUD)
    for channel, steps in changes:
        rig.device.write([Write(channel, rig.new[channel], True, steps)])
        expected[channel] = expected[channel] if steps is None else steps
        assert attenuations(rig) == expected


def test_no_level_is_above_both_the_old_one_and_the_new_one(make: MakeRig) -> None:
    """Old words are never behind less than before, new words never behind less than wanted."""
    rig = running(make)
    rig.device.write(behind(rig.new, SOFT))
    assert attenuations(rig) == SOFT
    assert_levels(rig, "")


def assert_levels(rig: Any, where: str) -> None:
    for snapshot in rig.chain.snapshots:
        for channel, (out, steps) in enumerate(snapshot):
            if out == rig.old[channel]:
                assert steps >= LOUD[channel] or out == rig.new[channel], where
            if out == rig.new[channel]:
                assert steps >= SOFT[channel] or out == rig.old[channel], where


def test_a_transaction_with_attenuators_is_one_update(make: MakeRig) -> None:
    rig = running(make)
    before = rig.updates()
    rig.device.write(behind(rig.new, SOFT))
    assert rig.updates() == before + 1


@pytest.mark.parametrize("wires", WIRINGS)
def test_a_write_that_fails_anywhere(make: MakeRig, wires: str) -> None:
    for rig, where, cut in every_fault(
        make, (wires,), lambda rig: rig.device.write(behind(rig.new, SOFT))
    ):
        with pytest.raises(TransportError):
            rig.device.write(behind(rig.new, SOFT))
        put_back(rig, where)
        assert_only(rig, rig.old, rig.new, where=where)
        if not cut:  # a chain that was cut off latches what it holds
            assert_levels(rig, where)


def test_a_restore_that_fails_can_be_repeated(make: MakeRig) -> None:
    def broken() -> Rig:
        rig = running(make)
        rig.transport.fail(2, done=True)
        with pytest.raises(TransportError):
            rig.device.write(behind(rig.new, SOFT))
        return rig

    rig = broken()
    before = rig.transport.operations
    rig.device.restore(behind(rig.old, LOUD))
    for at in range(1, rig.transport.operations - before + 1):
        for fault in FAULTS:
            rig = broken()
            rig.transport.fail(at, **fault.arguments)
            with pytest.raises(TransportError):
                rig.device.restore(behind(rig.old, LOUD))
            put_back(rig, f"operation {at} of restore: {fault.name}")


def test_a_neighbour_keeps_its_attenuation_when_another_write_fails(make: MakeRig) -> None:
    for at in range(1, 5):
        rig = running(make)
        rig.transport.fail(at)
        try:
            rig.device.write([Write(0, rig.new[0], True, 50)])
        except TransportError:
            rig.device.restore([Write(0, rig.old[0], True, LOUD[0])])
            assert attenuations(rig) == LOUD
        rig.transport.disarm()


def test_silence_is_behind_the_largest_attenuation(make: MakeRig) -> None:
    for wires in WIRINGS:
        rig = running(make, wires)
        assert rig.device.silence(silent(rig)) is (READBACK in rig.device.capabilities)
        assert rig.outputs() == [None, None]
        assert attenuations(rig) == [63, 63]
        rig.device.write(behind(rig.new, SOFT))
        assert rig.outputs() == rig.new
        assert attenuations(rig) == SOFT


def silent(rig: Rig) -> list[Write]:
    return behind([Words(word.ftw, word.pow, 0) for word in rig.old], [63, 63])


@pytest.mark.parametrize("wires", WIRINGS)
def test_a_silence_that_fails_anywhere(make: MakeRig, wires: str) -> None:
    for rig, where, _ in every_fault(make, (wires,), lambda rig: rig.device.silence(silent(rig))):
        try:
            rig.device.silence(silent(rig))
        except TransportLost:
            assert "lost" in where
        except DeviceFault:
            assert wires != "everything", where
        else:
            assert rig.outputs() == [None, None], where
            assert attenuations(rig) == [63, 63], where


def test_attenuators_that_cannot_be_reached_leave_the_other_means(make: MakeRig) -> None:
    rig = running(make)
    chip = rig.chain._chip
    transfer = rig.transport.transfer

    def broken(number: int, data: bytes) -> bytes:
        if number == chip:
            raise TransportError("the chain hangs")
        return transfer(number, data)

    rig.transport.transfer = broken  # type: ignore[method-assign]
    with pytest.raises(DeviceFault, match="the chain hangs"):
        rig.device.silence(silent(rig))
    assert rig.outputs() == [None, None]


def test_something_urgent_may_come_anywhere(make: MakeRig) -> None:
    acts: list[Callable[[Rig], Any]] = [
        lambda rig: rig.device.write(behind(rig.new, SOFT)),
        lambda rig: rig.device.restore(behind(rig.old, LOUD)),
        lambda rig: rig.device.initialise([0, 1]),
    ]
    for act in acts:
        rig = running(make)
        before = rig.transport.operations
        act(rig)
        for at in range(1, rig.transport.operations - before):
            rig = running(make)
            rig.transport.interrupt_at(at)
            with pytest.raises(Preempted):
                act(rig)
            rig.transport.interrupt.clear()
            assert_levels(rig, f"after operation {at}")
            rig.device.silence(silent(rig))
            assert rig.outputs() == [None, None]
            assert attenuations(rig) == [63, 63]


def test_it_cannot_be_kept_through_a_restart(make: MakeRig) -> None:
    """Nobody can ask an attenuator what it does without changing that."""
    rig = running(make)
    rig.device.close()
    rig.device.open()
    assert ATTACH in rig.device.capabilities
    assert rig.device.attach() == [None, None]
    assert attenuations(rig) == LOUD
    assert rig.outputs() == rig.old
    assert rig.device.initialise([0]) == {0, 1}
    assert attenuations(rig) == [63, 63]


def test_initialising_one_leaves_the_other(make: MakeRig) -> None:
    rig = running(make)
    assert rig.device.initialise([1]) == {1}
    assert attenuations(rig) == [LOUD[0], 63]
    assert rig.outputs() == [rig.old[0], None]


# -- reading back ---------------------------------------------------------------------------------


def test_verify_reads_the_chain_and_puts_it_right(make: MakeRig) -> None:
    rig = running(make, "everything", True)
    assert rig.device.verify(behind(rig.old, LOUD)) == []
    rig.chain.transfer(rig.chain._chip, b"\xff\xff", 16)
    [first] = rig.device.verify([behind(rig.old, LOUD)[0]])
    assert first == "attenuator of channel 0 held 0xFF instead of 0xEF, and was set again"
    assert attenuations(rig) == LOUD
    [second] = rig.device.verify([behind(rig.old, LOUD)[1]])  # although it is right by now
    assert second == "attenuator of channel 1 held 0xFF instead of 0xAF, and was set again"
    assert rig.device.verify(behind(rig.old, LOUD)) == []


def test_a_difference_is_forgotten_once_the_chain_was_written(make: MakeRig) -> None:
    rig = running(make, "everything", True)
    rig.chain.transfer(rig.chain._chip, b"\xff\xff", 16)
    assert rig.device.verify([behind(rig.old, LOUD)[0]])
    rig.device.write([Write(0, rig.old[0], True, 9)])
    assert rig.device.verify(behind(rig.old, [9, LOUD[1]])) == []


def test_without_a_wire_from_its_end_nothing_is_claimed(make: MakeRig) -> None:
    rig = running(make)
    rig.chain.transfer(rig.chain._chip, b"\xff\xff", 16)
    assert rig.device.verify(behind(rig.old, LOUD)) == []
    assert ATTENUATION_READBACK not in rig.device.capabilities


def test_initialise_notices_a_chain_that_does_not_answer(make: MakeRig) -> None:
    rig = make("everything", True)
    rig.chain._readback = False
    with pytest.raises(DeviceFault, match="all zero: no power, no chip select, or not wired"):
        rig.device.initialise([0, 1])


def test_a_reading_that_fails_anywhere(make: MakeRig) -> None:
    for rig, where, _ in every_fault(
        make, ("everything", True), lambda rig: rig.device.verify(behind(rig.old, LOUD))
    ):
        with pytest.raises(TransportError):
            rig.device.verify(behind(rig.old, LOUD))
        put_back(rig, where)


def test_a_probe_asks_nothing_of_them(make: MakeRig) -> None:
    rig = running(make)
    found = rig.device.probe()
    assert found[-1] == Finding(
        "attenuators", None, "cannot be asked: reading them is writing them"
    )
    assert attenuations(rig) == LOUD


def test_without_attenuators_there_is_no_traffic_to_any(make: MakeRig) -> None:
    assert isinstance(make("everything").device, Device)
