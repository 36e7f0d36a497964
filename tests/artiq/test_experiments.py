"""Each example experiment with ``artiq_run``: it compiles, and with HostCore sets its tones."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dds_link.tuning import Tuning

from .conftest import ROOT, ControllerProcess, example_for, with_dummy_core

EXPERIMENTS = sorted(path.name for path in (ROOT / "experiments").glob("*.py"))
TUNING = Tuning(1e9)
HALF = TUNING.asf_to_amplitude(TUNING.amplitude_to_asf(0.5))

Runner = Callable[..., str]


def achieved(frequency: float) -> float:
    return TUNING.ftw_to_frequency(TUNING.frequency_to_ftw(frequency))


def tones(controller: ControllerProcess) -> dict[str, Any]:
    """What each channel's registers hold, read back from the models."""
    with controller.client() as client:
        receipts = client.get(verify=True)
    assert all(receipt.verified for receipt in receipts)
    return {receipt.name: receipt for receipt in receipts}


def test_set_tone(controller: ControllerProcess, artiq_run: Runner) -> None:
    said = artiq_run(
        example_for(controller), "set_tone.py", channel="repump", frequency=81e6, phase=0.25
    )
    repump = tones(controller)["repump"]
    assert (repump.frequency, repump.amplitude, repump.phase) == (achieved(81e6), HALF, 0.25)
    assert f"set_tone.frequency: {achieved(81e6)!r}" in said


def test_the_experiment_of_the_readme(
    controller: ControllerProcess, artiq_run: Runner, tmp_path: Path
) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    path = tmp_path / "readme.py"
    path.write_text(next(block for block in blocks if "class SetTone" in block), encoding="utf-8")
    artiq_run(example_for(controller), path)
    cooling = tones(controller)["cooling"]
    last = 80e6 + 9 * (0.1 * 1e6)
    assert (cooling.frequency, cooling.amplitude) == (achieved(last), HALF)


def test_frequency_scan(controller: ControllerProcess, artiq_run: Runner, tmp_path: Path) -> None:
    import h5py  # with ARTIQ

    artiq_run(example_for(controller), "frequency_scan.py", hdf5=tmp_path / "scan.h5")
    cooling = tones(controller)["cooling"]
    assert (cooling.frequency, cooling.amplitude) == (achieved(85e6), HALF)
    with h5py.File(tmp_path / "scan.h5") as results:
        datasets = {name: data[()] for name, data in results["datasets"].items()}
    frequencies = [achieved(75e6 + i * 0.5e6) for i in range(21)]
    assert datasets["frequency_scan.frequency"].tolist() == frequencies
    assert abs(datasets["frequency_scan.result"]).max() <= 0.5e9 / 2**32
    assert datasets["frequency_scan.progress"] == 1.0


def test_several_channels(controller: ControllerProcess, artiq_run: Runner) -> None:
    artiq_run(example_for(controller), "several_channels.py", cooling=82e6)
    found = tones(controller)
    assert found["cooling"].frequency == achieved(82e6)
    assert (found["repump"].frequency, found["repump"].phase) == (achieved(110e6), 0.25)
    assert not found["raman"].enabled
    assert found["cooling"].epoch == found["repump"].epoch != found["shelving"].epoch


def test_kernel_loop(controller: ControllerProcess, artiq_run: Runner) -> None:
    said = artiq_run(example_for(controller), "kernel_loop.py")
    cooling = tones(controller)["cooling"]
    assert (cooling.frequency, cooling.amplitude) == (achieved(81e6), HALF)
    assert str(cooling.words.ftw) in next(
        line for line in said.splitlines() if line.startswith("kernel_loop.ftw")
    )


def test_rabi_shots(controller: ControllerProcess, artiq_run: Runner) -> None:
    said = artiq_run(example_for(controller), "rabi_shots.py", shots=2)
    found = tones(controller)
    assert found["cooling"].frequency == achieved(80e6)
    assert (found["raman"].frequency, found["raman"].phase) == (achieved(150e6), 0.5)
    # 5 durations, 2 shots each, and each pulse as long as asked for.
    pulses = [line.split()[-1] for line in said.splitlines() if "ttl_raman" in line]
    assert [float(pulse) for pulse in pulses] == pytest.approx(
        [duration for duration in (1e-6, 5.75e-6, 10.5e-6, 15.25e-6, 20e-6) for _ in range(2)]
    )


def test_handle_errors(controller: ControllerProcess, artiq_run: Runner) -> None:
    said = artiq_run(example_for(controller), "handle_errors.py")
    handled = next(line for line in said.splitlines() if line.startswith("handle_errors.handled"))
    for where in ("host", "kernel"):
        for what in ("refused", "unavailable", "state lost"):
            assert f"'{where}: {what}'" in handled
    assert "no_link: cannot connect to 127.0.0.1 port 1" in said
    assert "out_of_range" in said
    assert tones(controller)["cooling"].phase == 0.0


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_it_compiles(name: str, controller: ControllerProcess, artiq_run: Runner) -> None:
    said = artiq_run(with_dummy_core(example_for(controller)), name)
    # artiq_run exits with status 0 after a compile error, too.
    assert "error:" not in said
    assert "fatal:" not in said


def test_that_a_compile_error_would_be_noticed(
    controller: ControllerProcess, artiq_run: Runner, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.py"
    text = (ROOT / "experiments" / "kernel_loop.py").read_text(encoding="utf-8")
    wrong.write_text(text.replace("self.dds_cooling.set(", "self.dds_cooling.set_power("))
    said = artiq_run(with_dummy_core(example_for(controller)), wrong)
    assert "error:" in said


def test_a_controller_that_does_not_run_is_named_with_its_command(
    artiq_run: Runner, tmp_path: Path
) -> None:
    stopped = ControllerProcess()
    device_db = example_for(stopped)
    stopped.stop()
    said = artiq_run(device_db, "set_tone.py", status=1)
    assert (
        "dds_link.errors.DDSUnavailable: no_link: connection refused: nothing listens there "
        "(device_db 'dds_link', controller 'dds_link_ctl' at 127.0.0.1 port "
        f"{stopped.rpc_port}) Start it with: aqctl_dds_link -p {stopped.rpc_port} "
        "--bind 127.0.0.1 --simulation"
    ) in said
