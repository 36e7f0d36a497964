"""What every SPI transport must do, whatever is behind it.

A test of a transport derives a class from :class:`TransportConformance` and gives it a fixture
``rig``: a function from a script to a :class:`Rig`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from dds_link.errors import Preempted, TransportError, TransportLost
from dds_link.transports.base import Delay, Level, Operation, Pulse, SpiTransport, Transfer

Script = Sequence[tuple[Operation, bytes | None]]
Seen = list[tuple[Any, ...]]


class Rig:
    """A transport and its far end, which knows the lines ``io_update`` and ``rf_switch0`` and two
    chips, and answers transfers as the script says."""

    transport: SpiTransport
    #: True if there is no error after which the transport is still open.
    loses_every_error = False

    def seen(self) -> Seen:
        """What came out, in order: ``("spi", chip, bytes)`` and ``(line, level)``."""
        raise NotImplementedError

    def fail(self, at: int, lost: bool) -> None:
        """Let an operation fail: the first one if ``at`` is 1."""
        raise NotImplementedError

    def interrupt_during_delay(self) -> None:
        """Arrange for something urgent to come up while the next delay is on."""
        raise NotImplementedError


MakeRig = Callable[[Script], Rig]

SCRIPT: Script = [
    (Transfer(0, b"\x01\x02"), b"\x10\x20"),
    (Transfer(1, b"\x03\x04\x05"), b"\x30\x40\x50"),
    (Level("rf_switch0", True), None),
    (Delay(1e-4), None),
    (Pulse("io_update"), None),
    (Level("rf_switch0", False), None),
    (Transfer(0, b"\x06"), b"\x60"),
]
OPERATIONS = [operation for operation, _ in SCRIPT]
TRACE: Seen = [
    ("spi", 0, b"\x01\x02"),
    ("spi", 1, b"\x03\x04\x05"),
    ("rf_switch0", True),
    ("io_update", True),
    ("io_update", False),
    ("rf_switch0", False),
    ("spi", 0, b"\x06"),
]
#: The operations, from 1, in which hardware takes part.
ON_THE_WIRE = [n for n, step in enumerate(OPERATIONS, 1) if not isinstance(step, Delay)]
#: How many entries of the trace there are after so many operations.
TRACE_AFTER = [0, 1, 2, 3, 3, 5, 6, 7]


class Interrupting(list[Operation]):
    """Operations of which something urgent comes up before the one at ``place``."""

    def __init__(self, transport: SpiTransport, place: int) -> None:
        super().__init__(OPERATIONS)
        self._transport = transport
        self._place = place

    def __iter__(self) -> Any:
        for place, operation in enumerate(super().__iter__()):
            if place == self._place:
                self._transport.interrupt.set()
            yield operation


PRIMITIVES: list[tuple[str, Callable[[SpiTransport], object]]] = [
    ("transfer", lambda transport: transport.transfer(0, b"\x01\x02")),
    ("pulse", lambda transport: transport.pulse("io_update")),
    ("level", lambda transport: transport.level("rf_switch0", True)),
    ("delay", lambda transport: transport.delay(0)),
]
any_primitive = pytest.mark.parametrize(
    "primitive", [pytest.param(call, id=name) for name, call in PRIMITIVES]
)


class TransportConformance:
    """The suite."""

    @pytest.fixture
    def opened(self, rig: MakeRig) -> Rig:
        rigged = rig(SCRIPT)
        rigged.transport.open()
        return rigged

    def test_operations_come_out_in_order(self, opened: Rig) -> None:
        opened.transport.execute(OPERATIONS)
        assert opened.seen() == TRACE

    def test_an_answer_for_each_transfer(self, opened: Rig) -> None:
        answers = opened.transport.execute(OPERATIONS)
        assert answers == [b"\x10\x20", b"\x30\x40\x50", b"\x60"]
        assert all(type(answer) is bytes for answer in answers)

    def test_no_operations(self, opened: Rig) -> None:
        assert opened.transport.execute([]) == []
        assert opened.seen() == []

    def test_lines(self, rig: MakeRig) -> None:
        assert rig(SCRIPT).transport.lines == {"io_update", "rf_switch0"}

    def test_opening_and_closing_change_nothing(self, opened: Rig) -> None:
        opened.transport.close()
        opened.transport.open()
        opened.transport.close()
        assert opened.seen() == []

    @any_primitive
    def test_before_opening_it_is_lost(
        self, rig: MakeRig, primitive: Callable[[SpiTransport], object]
    ) -> None:
        rigged = rig(SCRIPT)
        with pytest.raises(TransportLost):
            primitive(rigged.transport)
        assert rigged.seen() == []

    @any_primitive
    def test_after_closing_it_is_lost(
        self, opened: Rig, primitive: Callable[[SpiTransport], object]
    ) -> None:
        opened.transport.close()
        with pytest.raises(TransportLost):
            primitive(opened.transport)
        assert opened.seen() == []

    def test_closing_twice_and_before_opening(self, rig: MakeRig) -> None:
        transport = rig(SCRIPT).transport
        transport.close()
        transport.open()
        transport.close()
        transport.close()

    def test_opened_again_it_works(self, opened: Rig) -> None:
        opened.transport.close()
        opened.transport.open()
        opened.transport.open()  # without closing
        opened.transport.execute(OPERATIONS)
        assert opened.seen() == TRACE

    @pytest.mark.parametrize("place", range(len(SCRIPT)))
    def test_something_urgent_stops_it_between_two_operations(
        self, opened: Rig, place: int
    ) -> None:
        with pytest.raises(Preempted):
            opened.transport.execute(Interrupting(opened.transport, place))
        assert opened.seen() == TRACE[: TRACE_AFTER[place]]

    def test_it_goes_on_after_something_urgent(self, opened: Rig) -> None:
        with pytest.raises(Preempted):
            opened.transport.execute(Interrupting(opened.transport, 2))
        opened.transport.interrupt.clear()
        opened.transport.execute(OPERATIONS[2:])
        assert opened.seen() == TRACE

    def test_something_urgent_stops_a_delay(self, opened: Rig) -> None:
        opened.transport.execute(OPERATIONS[:3])
        opened.interrupt_during_delay()
        with pytest.raises(Preempted):
            opened.transport.delay(3600.0)

    @pytest.mark.parametrize("lost", [False, True])
    @pytest.mark.parametrize("at", ON_THE_WIRE)
    def test_after_an_error_nothing_more_is_tried(self, opened: Rig, at: int, lost: bool) -> None:
        if not lost and opened.loses_every_error:
            pytest.skip("every error loses this transport")
        opened.fail(at, lost)
        with pytest.raises(TransportError) as caught:
            opened.transport.execute(OPERATIONS)
        assert isinstance(caught.value, TransportLost) is lost
        assert not isinstance(caught.value, Preempted)
        assert opened.seen() == TRACE[: TRACE_AFTER[at - 1]]

    def test_after_an_error_it_still_works(self, opened: Rig) -> None:
        if opened.loses_every_error:
            pytest.skip("every error loses this transport")
        opened.fail(1, lost=False)
        with pytest.raises(TransportError):
            opened.transport.execute(OPERATIONS)
        opened.transport.execute(OPERATIONS[1:])
        assert opened.seen() == TRACE[1:]

    def test_after_a_loss_it_has_to_be_opened_again(self, opened: Rig) -> None:
        opened.fail(1, lost=True)
        with pytest.raises(TransportLost):
            opened.transport.execute(OPERATIONS)
        with pytest.raises(TransportLost):
            opened.transport.execute(OPERATIONS[1:])
        opened.transport.open()
        opened.transport.execute(OPERATIONS[1:])
        assert opened.seen() == TRACE[1:]
