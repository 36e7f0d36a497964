"""What the driver has in common with ARTIQ: names, order, and values that the RPC can carry."""

import inspect
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest

from dds_link.driver import DDSChannel, DDSLink

from ..device_manager import DeviceManager, channel_entry, link_entry
from ..running import running

SETTERS = ["set", "set_mu"]
GETTERS = ["get", "get_mu"]
CONVERSIONS = [
    "frequency_to_ftw", "ftw_to_frequency", "turns_to_pow",
    "pow_to_turns", "amplitude_to_asf", "asf_to_amplitude",
]  # fmt: skip


def parameters(function: Any) -> dict[str, Any]:
    return {name: p.default for name, p in inspect.signature(function).parameters.items()}


@pytest.mark.parametrize("name", [*SETTERS, *GETTERS, *CONVERSIONS, "init", "cfg_sw"])
def test_a_channel_is_called_like_an_urukuls(name: str) -> None:
    from artiq.coredevice.ad9910 import AD9910

    ours, theirs = parameters(getattr(DDSChannel, name)), parameters(getattr(AD9910, name))
    assert list(ours) == list(theirs)[: len(ours)]  # init has one for a carrier board more
    for option in ("phase_mode", "ref_time_mu", "profile", "ram_destination", "blind"):
        assert ours.get(option) == theirs.get(option)


@pytest.mark.parametrize("name", [*SETTERS, *GETTERS, *CONVERSIONS])
def test_and_returns_the_same_types(name: str) -> None:
    from artiq.compiler import types
    from artiq.coredevice.ad9910 import AD9910

    ours, theirs = (
        inspect.signature(getattr(device, name)).return_annotation
        for device in (DDSChannel, AD9910)
    )
    assert types.TypePrinter().name(ours) == types.TypePrinter().name(theirs)


# Values. What a kernel sends arrives as NumPy's types; what it is sent must be exactly as declared.

CALLS_OF_A_LINK: dict[str, Callable[[DDSLink], Any]] = {
    "set": lambda link: link.set(numpy.int32(0), numpy.float64(80e6), amplitude=1),
    "set without a frequency": lambda link: link.set("raman"),
    "set_many": lambda link: link.set_many([0, 1], [80e6, 81e6]),
    "sync": lambda link: link.sync([numpy.int32(0)]),
    "ping": lambda link: link.ping(),
    "reset": lambda link: link.reset(),
    "kill": lambda link: link.kill(),
    "arm_rf": lambda link: link.arm_rf(),
}
CALLS_OF_A_CHANNEL: dict[str, Callable[[DDSChannel], Any]] = {
    "set": lambda channel: channel.set(80e6, 0.25, 0.5),
    "get": lambda channel: channel.get(),
    "set_mu": lambda channel: channel.set_mu(numpy.int32(1000), numpy.int32(-1), numpy.int32(3)),
    "get_mu": lambda channel: channel.get_mu(),
    "init": lambda channel: channel.init(),
    "cfg_sw": lambda channel: channel.cfg_sw(numpy.bool_(True)),
}


@pytest.fixture
def devices() -> Iterator[DeviceManager]:
    with running() as served:
        link = link_entry(host="127.0.0.1", port=served.json_port)
        with DeviceManager({"dds_link": link, "dds_cooling": channel_entry("cooling")}) as made:
            yield made


def send_to_kernel(method: Any, value: Any) -> None:
    """Encode a return value as ARTIQ does, or raise its ``RPCReturnValueError``."""
    from artiq.compiler.ir import rpc_tag
    from artiq.coredevice.comm_kernel import CommKernel

    tags = bytearray(rpc_tag(inspect.signature(method).return_annotation, None))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        comm = CommKernel("127.0.0.1", port=listener.getsockname()[1])

        def be_a_core_device() -> None:
            with listener.accept()[0] as accepted:
                accepted.sendall(b"e")  # "little-endian"

        thread = threading.Thread(target=be_a_core_device)
        thread.start()
        comm.open()
        thread.join()
        try:
            comm._send_rpc_value(tags, value, value, method)
        finally:
            comm.close()


@pytest.mark.parametrize("call", CALLS_OF_A_LINK)
def test_a_kernel_takes_what_a_link_returns(devices: DeviceManager, call: str) -> None:
    link = devices.get("dds_link")
    send_to_kernel(getattr(DDSLink, call.split()[0]), CALLS_OF_A_LINK[call](link))


@pytest.mark.parametrize("call", CALLS_OF_A_CHANNEL)
def test_a_kernel_takes_what_a_channel_returns(devices: DeviceManager, call: str) -> None:
    channel = devices.get("dds_cooling")
    send_to_kernel(getattr(DDSChannel, call), CALLS_OF_A_CHANNEL[call](channel))


def test_a_value_of_another_type_would_be_noticed() -> None:
    from artiq.coredevice.comm_kernel import RPCReturnValueError

    with pytest.raises(RPCReturnValueError):
        send_to_kernel(DDSLink.set, (80_000_000, 0.5, 0.25))


def test_an_exception_reaches_the_kernel_whole(devices: DeviceManager) -> None:
    """ARTIQ makes it again from one string, and passes that through str.format."""
    with pytest.raises(Exception, match="out_of_range") as caught:
        devices.get("dds_link").set("cooling", 600e6)
    text = str(caught.value)
    again = type(caught.value)(text.format())
    assert (str(again), again.code) == (text, caught.value.code)
