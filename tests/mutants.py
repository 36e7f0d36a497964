"""One flipped bit in any byte that a driver sends is caught by the tests of its device.

``python -m tests.mutants [DEVICE ...]`` runs those tests once and notes every byte that the driver
sends: at every place of every operation, in every method. Then, for each bit of each of them, it
runs them again with that bit flipped on the way to the transport (only those that send it, and none
that takes long) until one fails. A bit that no test misses has survived: it is printed, and the
exit status is 1.

A place is a method of the driver (``write``, ``initialise`` ...) and what is sent (a register, read
or written; a text, numbers aside). Nothing is exempt: what the hardware ignores is for a script of
the exact traffic to catch.
"""

from __future__ import annotations

import argparse
import gc
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
import pytest

from dds_link.devices.registry import DEVICES, load
from dds_link.transports.base import Exchange, Transfer
from dds_link.transports.scripted import Scripted, ScriptMismatch
from tests.devices import conformance

TESTS = Path(__file__).parent / "devices"
#: Seconds. A test that took longer is not asked; it is no script of the exact traffic.
QUICK = 1.0
_DRIVER = re.compile(r"/dds_link/devices/|/dds_link_\w+/")
_NUMBER = re.compile(rb"(?<![A-Za-z])(?:0x)?[0-9A-Fa-f][0-9A-Fa-f.]*(?![A-Za-z])")


class Place(NamedTuple):
    """Where in the traffic of a driver an operation is."""

    device: str
    method: str
    kind: tuple[Any, ...]

    def __str__(self) -> str:
        kind = " ".join(part.hex(" ") if type(part) is bytes else repr(part) for part in self.kind)
        return f"{self.device} {self.method}, {kind}"


class Mutant(NamedTuple):
    """One bit to be flipped."""

    place: Place
    byte: int
    mask: int

    def __str__(self) -> str:
        return f"{self.place}: byte {self.byte} ^ 0x{self.mask:02x}"


class Senders:
    """The tests in which something is sent at a place."""

    def __init__(self) -> None:
        self.tests: list[pytest.Item] = []
        #: Bytes of the longest operation there.
        self.longest = 0


class Wires:
    """Between a driver and its transport: notes what is sent, or flips a bit of it.

    :param far_end: the transport.
    :param device: its name in the registry.
    :param head: bytes of a transfer that say what kind it is.
    """

    #: What is flipped now.
    mutant: Mutant | None = None
    #: Where something was sent since somebody looked, and how many bytes at most.
    seen: dict[Place, int] = {}

    def __init__(self, far_end: Any, device: str, head: int) -> None:
        self._far_end = far_end
        self._device = device
        self._head = head

    def __getattr__(self, name: str) -> Any:
        return getattr(self._far_end, name)

    def execute(self, operations: Sequence[Any]) -> list[bytes]:
        """As the transport's, on what is left of ``operations`` after the mutant."""
        method = _method_of_driver()
        changed: list[Any] = []
        for operation in operations:
            if type(operation) is Transfer:
                kind = (len(operation.data), operation.data[: self._head])
                data = self._pass(method, kind, operation.data)
                operation = Transfer(operation.chip, data)
            elif type(operation) is Exchange:
                data = self._pass(method, _structure(operation.data), operation.data)
                operation = Exchange(data, operation.end, operation.parts, operation.timeout)
            changed.append(operation)
        answers: list[bytes] = self._far_end.execute(changed)
        return answers

    def exchange(self, data: bytes, end: bytes, parts: int, timeout: float) -> bytes:
        """As the transport's."""
        data = self._pass(_method_of_driver(), _structure(data), data)
        answer: bytes = self._far_end.exchange(data, end, parts, timeout)
        return answer

    def _pass(self, method: str, kind: tuple[Any, ...], data: bytes) -> bytes:
        place = Place(self._device, method, kind)
        mutant = Wires.mutant
        if mutant is None:
            Wires.seen[place] = max(len(data), Wires.seen.get(place, 0))
        elif mutant.place == place and mutant.byte < len(data):
            data = bytearray(data)
            data[mutant.byte] ^= mutant.mask
        return bytes(data)


def _structure(data: bytes) -> tuple[Any, ...]:
    return (_NUMBER.sub(b"#", data).decode("latin-1"),)


def _method_of_driver() -> str:
    """The name of the driver's method that somebody else has called."""
    frame = sys._getframe(2)
    found = frame
    while frame is not None and _DRIVER.search(frame.f_code.co_filename):
        found = frame
        frame = frame.f_back
    name: str = found.f_code.co_name
    return name


def tap(name: str) -> None:
    """Put :class:`Wires` under every driver of a device."""
    driver = load(DEVICES[name].driver)
    begin: Callable[..., None] = driver.__init__
    head = getattr(driver, "instruction_size", 1)

    def __init__(self: Any, device: Any, channels: Any, transport: Any) -> None:  # noqa: N807
        if not isinstance(transport, Wires):
            transport = Wires(transport, device.type, head)
        begin(self, device, channels, transport)

    driver.__init__ = __init__


class Hunt:
    """A plug-in of pytest that runs what was collected again and again.

    :param device: the one whose bits are flipped.
    :param one_bit: True: one bit of each byte is.
    """

    def __init__(self, device: str, one_bit: bool) -> None:
        self.device = device
        self.one_bit = one_bit
        self.survivors: list[Mutant] = []
        self.count = 0

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of running each test once."""
        senders: dict[Place, Senders] = defaultdict(Senders)
        took: dict[pytest.Item, float] = {}
        for item in session.items:
            Wires.seen = {}
            start = time.perf_counter()
            if not _passes(item):
                pytest.exit(f"{item.nodeid} fails without any mutant", 2)
            took[item] = time.perf_counter() - start
            for place, length in Wires.seen.items():
                if place.device == self.device:
                    senders[place].longest = max(senders[place].longest, length)
                    senders[place].tests.append(item)
        for found in senders.values():
            found.tests = sorted((t for t in found.tests if took[t] < QUICK), key=took.__getitem__)
        gc.freeze()
        for mutant, tests in _mutants(senders, self.one_bit):
            self.count += 1
            Wires.mutant = mutant
            for number, item in enumerate(tests):
                if not _passes(item):
                    # What caught this one will catch its neighbours.
                    tests.insert(0, tests.pop(number))
                    break
            else:
                self.survivors.append(mutant)
        Wires.mutant = None
        return True


def _mutants(
    senders: dict[Place, Senders], one_bit: bool
) -> Iterator[tuple[Mutant, list[pytest.Item]]]:
    for number, (place, found) in enumerate(sorted(senders.items())):
        for byte in range(found.longest):
            for bit in [(number + byte) % 8] if one_bit else range(8):
                yield Mutant(place, byte, 1 << bit), found.tests


def _passes(item: pytest.Item) -> bool:
    """Run a test; its text when it fails is not made."""
    item._initrequest()  # as for the first time
    try:
        item.ihook.pytest_runtest_setup(item=item)
        item.ihook.pytest_runtest_call(item=item)
    except pytest.skip.Exception:
        return True
    except (Exception, pytest.fail.Exception):
        return False
    finally:
        item.ihook.pytest_runtest_teardown(item=item, nextitem=None)
    return True


def hunt(device: str, one_bit: bool = False) -> Hunt:
    """Flip every bit, or one of each byte, that the driver of ``device`` sends."""
    tap(device)
    hypothesis.settings.register_profile(
        "mutants", derandomize=True, database=None, phases=[hypothesis.Phase.generate]
    )
    hypothesis.settings.load_profile("mutants")
    Scripted._mismatch = lambda self, script: ScriptMismatch()  # a diff would take its time
    del conformance.FAULTS[2:]
    module = DEVICES[device].driver.partition(":")[0].rpartition(".")[2]
    found = Hunt(device, one_bit)
    files = [str(TESTS / f"test_{module}.py"), f"{TESTS / 'test_life.py'}::test_life[{device}]"]
    if one_bit:
        files += ["-k", "not anywhere and not cut"]  # they take long, and send nothing else
    options = ["-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:randomly", "-s"]
    status = pytest.main([*options, *files], plugins=[found])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        sys.exit(int(status))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("device", nargs="*", choices=[[], *sorted(DEVICES)], help="default: all")
    parser.add_argument("--one-bit", action="store_true", help="one bit of each byte, not all")
    args = parser.parse_args(arguments)
    failed = False
    for name in args.device or sorted(DEVICES):
        start = time.perf_counter()
        found = hunt(name, args.one_bit)
        for mutant in found.survivors:
            print(f"survived: {mutant}")
        seconds = time.perf_counter() - start
        print(f"{name}: {found.count} mutants, {len(found.survivors)} survived ({seconds:.0f} s)")
        failed |= bool(found.survivors) or not found.count
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
