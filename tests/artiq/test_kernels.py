"""Every call of the driver from kernels: the real compiler takes it, and on the host it works."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dds_link.driver import DDSRefused
from dds_link.model import Words
from dds_link.tuning import Tuning

from ..device_manager import channel_entry, link_entry
from .conftest import ROOT, ControllerProcess, example_for, with_dummy_core, write_device_db

TUNING = Tuning(1e9)
HALF = TUNING.asf_to_amplitude(TUNING.amplitude_to_asf(0.5))

KERNELS = [
    "two_links_and_two_channels",
    "channels_of_every_kind",
    "what_is_left_out_is_kept",
    "words",
    "switches",
    "attenuators",
    "verbs_of_a_link",
    "each_exception_by_name",
    "an_exception_that_nobody_catches",
    "between_events",
]


def achieved(frequency: float) -> float:
    return TUNING.ftw_to_frequency(TUNING.frequency_to_ftw(frequency))


class Lab:
    """The experiment of :mod:`.kernels` on ARTIQ's own device manager."""

    def __init__(self, device_db: dict[str, Any], folder: Path) -> None:
        from artiq.language.environment import ProcessArgumentManager
        from artiq.master.databases import DeviceDB
        from artiq.master.worker_db import DeviceManager

        from . import kernels

        self.devices = DeviceManager(DeviceDB(str(write_device_db(folder, device_db))))
        managers = (self.devices, None, ProcessArgumentManager({}), {})
        self.experiment = kernels.Kernels(managers)

    def link(self) -> Any:
        return self.devices.get("dds_link")


class NoController:
    """Nothing that only compiles connects to anything."""

    rpc_port = json_port = 2


def device_db_for(controller: Any) -> dict[str, Any]:
    return {
        **example_for(controller),
        "other_link": link_entry(host="127.0.0.1", port=controller.json_port),
        "nowhere": link_entry(host="127.0.0.1", port=1),
        "other_raman": channel_entry(3, "other_link"),
    }


@pytest.fixture
def lab(controller: ControllerProcess, tmp_path: Path) -> Iterator[Lab]:
    """With a core that runs kernels on the host."""
    made = Lab(device_db_for(controller), tmp_path)
    yield made
    made.devices.close_devices()


@pytest.fixture
def compiling(tmp_path: Path) -> Lab:
    """With a core that compiles kernels and runs nothing."""
    return Lab(with_dummy_core(device_db_for(NoController)), tmp_path)


@pytest.mark.parametrize("name", KERNELS)
def test_it_compiles(name: str, compiling: Lab) -> None:
    experiment = compiling.experiment
    kernel = getattr(type(experiment), name)
    # Raises CompileError; a program that exits with status 0 would hide it.
    _, library, *_ = experiment.core.compile(kernel, (experiment,), {})
    assert library.startswith(b"\x7fELF")


def test_what_does_not_compile_is_noticed(compiling: Lab) -> None:
    """The test above can fail: host-only verbs are refused, by name."""
    from artiq.coredevice.core import CompileError
    from artiq.language.core import kernel

    class Wrong:
        def __init__(self) -> None:
            self.core, self.dds_link = compiling.experiment.core, compiling.link()

        @kernel
        def run(self) -> None:
            self.dds_link.identify()

    with pytest.raises(CompileError, match="cannot be called as an RPC"):
        Wrong().run()


def test_two_links_and_two_channels(lab: Lab) -> None:
    lab.experiment.two_links_and_two_channels()
    assert lab.experiment._seen == [achieved(80e6), HALF, 0.25, achieved(90e6), 0.5, 0.75]
    frequencies = [receipt.frequency for receipt in lab.link().get(verify=True)]
    assert frequencies == [achieved(81e6), achieved(90e6), None, achieved(82e6)]


def test_channels_of_every_kind(lab: Lab) -> None:
    lab.experiment.channels_of_every_kind()
    receipts = lab.link().get(verify=True)
    assert [receipt.frequency for receipt in receipts] == [
        achieved(85e6), achieved(86e6), achieved(84e6), None,
    ]  # fmt: skip
    assert [receipt.words.asf for receipt in receipts] == [8192, 8192, 4096, 0]
    assert [receipt.phase for receipt in receipts] == [0.5, 0.5, 0.0, 0.0]


def test_what_is_left_out_is_kept(lab: Lab) -> None:
    lab.experiment.what_is_left_out_is_kept()
    cooling, repump = lab.link().get(verify=True)[:2]
    assert (cooling.frequency, cooling.amplitude, cooling.phase) == (achieved(80e6), HALF, 0.25)
    assert cooling.enabled
    assert (repump.frequency, repump.phase) == (achieved(90e6), 0.75)
    assert repump.words.asf == TUNING.amplitude_to_asf(0.1)


def test_words(lab: Lab) -> None:
    lab.experiment.words()
    tone = [achieved(80e6), 0.5, HALF]
    assert lab.experiment._seen == tone + tone
    assert lab.link().receipt("raman").words == Words(TUNING.frequency_to_ftw(80e6), 0x8000, 8192)


def test_switches(lab: Lab) -> None:
    lab.experiment.switches()
    receipts = lab.link().get(verify=True)
    assert [receipt.enabled for receipt in receipts] == [False, True, True, False]
    assert receipts[0].amplitude == HALF


def test_attenuators(tmp_path: Path) -> None:
    running = ControllerProcess("--config", str(ROOT / "examples" / "ad9910_attenuators.toml"))
    made = Lab(device_db_for(running), tmp_path)
    made.experiment.attenuators()
    assert made.experiment._seen == [20.0, 11.0, 1.0]
    attenuations = [receipt.attenuation for receipt in made.link().get()]
    assert attenuations == [20.0, 13.0, 31.5, 11.0]
    made.devices.close_devices()
    assert running.stop() == 0


def test_verbs_of_a_link(lab: Lab) -> None:
    lab.experiment.verbs_of_a_link()
    assert lab.experiment._seen == [1.0]
    assert [receipt.enabled for receipt in lab.link().get(verify=True)] == [False] * 4


def test_each_exception_by_name(lab: Lab) -> None:
    lab.experiment.each_exception_by_name()
    assert lab.experiment._seen == [1.0, 2.0, 3.0, 4.0, 5.0]
    # The loss was noticed before the second call, so that was not sent.
    assert lab.link().receipt("cooling").frequency != achieved(82e6)


def test_an_exception_that_nobody_catches(lab: Lab) -> None:
    with pytest.raises(DDSRefused, match="out_of_range: .*device_db 'dds_link', controller"):
        lab.experiment.an_exception_that_nobody_catches()


def test_between_events(lab: Lab) -> None:
    lab.experiment.between_events()
    # 125 us of slack after each call, and 1 ms of pulses.
    assert lab.experiment._seen == [3 * 1.125e6, 6.0]
    assert lab.link().receipt("cooling").frequency == achieved(82e6)
