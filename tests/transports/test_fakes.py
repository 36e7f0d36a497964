"""The stand-ins for spidev and gpiod behave as the real packages do, as far as that can be seen
without hardware."""

import enum
import errno
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.transports import fake_gpiod, fake_pyftdi, fake_spidev
from tests.transports.ftdi_chip import FtdiChip


@pytest.fixture
def real_spidev() -> Any:
    return pytest.importorskip("spidev", reason="compares with the real spidev; not installed")


@pytest.fixture
def real_gpiod() -> Any:
    gpiod = pytest.importorskip("gpiod", reason="compares with the real gpiod; not installed")
    if not hasattr(gpiod, "request_lines"):
        pytest.skip("compares with gpiod 2; an older one is installed")
    return gpiod


@pytest.fixture
def spidev() -> Iterator[fake_spidev.FakeSpidev]:
    kernel = fake_spidev.Kernel()
    yield fake_spidev.FakeSpidev(kernel)
    kernel.close()


# -- spidev -----------------------------------------------------------------------------------


def public(thing: Any) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def test_spidev_has_the_same_names(real_spidev: Any, spidev: fake_spidev.FakeSpidev) -> None:
    assert public(spidev.SpiDev) == public(real_spidev.SpiDev)
    for name in public(spidev.SpiDev):
        mine, real = (getattr(cls, name) for cls in (spidev.SpiDev, real_spidev.SpiDev))
        assert callable(mine) == callable(real), name


def put(name: str, value: object) -> Callable[[Any], object]:
    return lambda device: setattr(device, name, value)


CALLS: list[tuple[str, Callable[[Any], object]]] = [
    ("fileno of a closed device", lambda device: device.fileno()),
    ("closing a closed device", lambda device: device.close()),
    ("no such device", lambda device: device.open(255, 255)),
    ("open by keyword", lambda device: device.open(bus=255, device=255)),
    ("open without a device", lambda device: device.open(0)),
    ("open by a text", lambda device: device.open("0", 0)),
    ("nothing to transfer", lambda device: device.xfer2([])),
    ("too much to transfer", lambda device: device.xfer2([0] * 4097)),
    ("no bytes", lambda device: device.xfer2(["a"])),
    ("no sequence", lambda device: device.xfer2(1)),
    ("no argument", lambda device: device.xfer2()),
    ("transfer by keyword", lambda device: device.xfer2(values=[1])),
    ("transfer on a closed device", lambda device: device.xfer2([1, 2])),
    ("an unknown attribute", put("speed", 1)),
    *((f"{name} read", lambda device, name=name: getattr(device, name))
      for name in ("mode", "bits_per_word", "max_speed_hz", "read0", *fake_spidev.FLAGS)),
    *((f"{name} = {value!r}", put(name, value))
      for name in fake_spidev.FLAGS for value in (True, False, 1, None)),
    *((f"mode = {value!r}", put("mode", value)) for value in (0, 3, 4, 1.0, "0")),
    *((f"bits = {value!r}", put("bits_per_word", value)) for value in (0, 7, 8, 33, 8.0)),
    *((f"speed = {value!r}", put("max_speed_hz", value)) for value in (0, 1_000_000, 2e6)),
]  # fmt: skip


def outcome(call: Callable[[Any], object], device: Any) -> object:
    """What a call gives: its value, or kind and number of its error."""
    try:
        return call(device)
    except Exception as error:
        return type(error), getattr(error, "errno", None)


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in CALLS])
def test_spidev_answers_alike(
    real_spidev: Any, spidev: fake_spidev.FakeSpidev, call: Callable[[Any], object]
) -> None:
    assert outcome(call, spidev.SpiDev()) == outcome(call, real_spidev.SpiDev())


# -- gpiod ------------------------------------------------------------------------------------


def parameters(function: Any) -> list[tuple[str, object, object]]:
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


def same_default(mine: object, real: object) -> bool:
    """Enum members of the two packages are the same if they have the same name."""
    if isinstance(mine, enum.Enum) and isinstance(real, enum.Enum):
        return mine.name == real.name
    return mine == real


@pytest.mark.parametrize(
    "name",
    ["request_lines", "LineSettings"]
    + [f"LineRequest.{name}" for name in sorted(public(fake_gpiod.LineRequest))],
)
def test_gpiod_has_the_same_signatures(real_gpiod: Any, name: str) -> None:
    mine: Any = fake_gpiod.FakeGpiod(fake_gpiod.Kernel())
    real = real_gpiod
    for part in name.split("."):
        mine, real = getattr(mine, part), getattr(real, part)
    ours, theirs = parameters(mine), parameters(real)
    assert [entry[:2] for entry in ours] == [entry[:2] for entry in theirs]
    assert all(same_default(a[2], b[2]) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("name", ["Value", "Direction", "Bias", "Drive", "Edge", "Clock"])
def test_gpiod_has_the_same_enums(real_gpiod: Any, name: str) -> None:
    mine, real = getattr(fake_gpiod, name), getattr(real_gpiod.line, name)
    assert [member.name for member in mine] == [member.name for member in real]


@pytest.mark.parametrize("name", ["RequestReleasedError", "ChipClosedError"])
def test_gpiod_has_the_same_errors(real_gpiod: Any, name: str) -> None:
    mine, real = getattr(fake_gpiod, name), getattr(real_gpiod, name)
    assert mine.__mro__[1] is real.__mro__[1] is Exception
    assert str(mine()) == str(real())


def test_gpiod_without_its_chip(real_gpiod: Any) -> None:
    mine: Any = fake_gpiod.FakeGpiod(fake_gpiod.Kernel())
    for gpiod in (mine, real_gpiod):
        with pytest.raises(OSError) as caught:  # noqa: PT011
            gpiod.request_lines(
                "/dev/gpiochip-none", consumer="dds_link", config={0: gpiod.LineSettings()}
            )
        assert caught.value.errno == errno.ENOENT


def test_gpiod_released_requests(real_gpiod: Any) -> None:
    """Its Python half checks that before anything else."""

    class Empty:
        def release(self) -> None:
            """Nothing to release."""

    mine = fake_gpiod.LineRequest((fake_gpiod.Kernel(), "/dev/gpiochip0", {}))
    for request, gpiod in ((mine, fake_gpiod), (real_gpiod.LineRequest(Empty()), real_gpiod)):
        assert request
        request.release()
        request.release()
        assert not request
        calls: list[Callable[[], object]] = [
            lambda request=request: request.get_values([1]),  # type: ignore[misc]
            lambda request=request: request.set_value(1, None),  # type: ignore[misc]
            lambda request=request: request.reconfigure_lines({}),  # type: ignore[misc]
        ]
        for call in calls:
            with pytest.raises(gpiod.RequestReleasedError):
                call()


# -- pyftdi and pyusb -------------------------------------------------------------------------


def pyftdi_names() -> list[tuple[str, str]]:
    """Everything that the stand-in has: module, and name in it."""
    found = []
    for module, content in fake_pyftdi.Packages(FtdiChip({}, {}), None).modules.items():
        for name, thing in vars(content).items():
            inner = vars(thing) if name in ("Ftdi", "UsbTools") else {}
            found += [(module, f"{name}.{key}") for key in inner if not key.startswith("_")]
            found.append((module, name))
    return found


@pytest.mark.parametrize(("module", "name"), pyftdi_names())
def test_pyftdi_has_the_same_signatures(module: str, name: str) -> None:
    real = pytest.importorskip(module, reason="compares with the real pyftdi; not installed")
    mine: Any = fake_pyftdi.Packages(FtdiChip({}, {}), None).modules[module]
    for part in name.split("."):
        mine, real = getattr(mine, part), getattr(real, part)
    assert callable(mine) == callable(real)
    if inspect.isclass(mine) and issubclass(mine, Exception):
        assert mine.__mro__[1].__name__ == real.__mro__[1].__name__
    elif inspect.isroutine(mine):
        ours, theirs = ([entry[:2] for entry in parameters(f)] for f in (mine, real))
        assert ours == theirs
        assert [p[2] for p in parameters(mine)] == [p[2] for p in parameters(real)]


def test_pyusb_has_the_same_methods_of_a_device() -> None:
    core = pytest.importorskip("usb.core", reason="compares with the real pyusb; not installed")
    for name in ("is_kernel_driver_active", "detach_kernel_driver"):
        mine, real = (getattr(cls, name) for cls in (fake_pyftdi.UsbDevice, core.Device))
        assert parameters(mine) == parameters(real)
    assert issubclass(core.USBError, OSError)
    assert core.USBError("gone", -4, errno.ENODEV).errno == errno.ENODEV
