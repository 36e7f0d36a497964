"""What a MOGLabs box tells of itself."""

import pytest

from dds_link.devices.base import Finding
from dds_link.devices.moglabs_link import Link
from dds_link.devices.moglabs_probe import look
from dds_link.errors import DeviceFault
from dds_link.transports.stream_twin import StreamTwinTransport
from dds_link.twins.moglabs import MODELS, MoglabsBox
from tests.devices.moglabs_bench import IDENTITY
from tests.twins.manual_clock import ManualClock


def looked(box: MoglabsBox, wrong: str = "") -> dict[str, Finding]:
    """What is found in channel 0 of a box."""

    def check(channel: int) -> None:
        if wrong:
            raise DeviceFault(wrong)

    stream = StreamTwinTransport(box, ManualClock())
    stream.open()
    link = Link(stream, 1.0)
    link.resynchronise()
    return {each.what: each for each in look(link, box.model.quad, [0], check)}


def make(kind: str, old: bool = False) -> MoglabsBox:
    return MoglabsBox(MODELS["moglabs_" + kind], ManualClock(), old)


def test_an_xrf() -> None:
    box = make("xrf")
    found = looked(box)
    assert found["box"] == Finding("box", True, IDENTITY["xrf"])
    assert found["firmware"].text == "UC: 1.12.2, FPGA: 1.1.9, IAP: 0.5.5"
    assert found["reference"].text == "INTERNAL"
    assert found["PLLs"].ok is True
    assert found["channel 0"] == Finding(
        "channel 0",
        True,
        "MODE NSB; STATUS SIG: OFF, POW: OFF; FREQ 80.00000009 MHz (0x147AE148); "
        "POW +0.01 dBm (0x0104); LIMIT +30.00 dBm (0x2013)",
    )


def test_an_early_firmware_lists_line_by_line() -> None:
    found = looked(make("arf", old=True))
    assert found["firmware"].text == "UC: 1.12.2, FPGA: 1.1.9, IAP: 0.5.5"
    assert found["PLLs"].ok is True


def test_a_qrf_reports_no_plls() -> None:
    found = looked(make("qrf"))
    assert "PLLs" not in found
    assert found["channel 0"].text.startswith("MODE NSB; STATUS 0; FREQ ")


@pytest.mark.parametrize(
    ("answer", "ok"),
    [
        ("Reference: UNLOCKED, System: OK LOCKED", False),
        ("Reference: OK LOCKED", True),
        ("Command not defined", None),
    ],
)
def test_plls(answer: str, ok: bool | None) -> None:
    box = make("xrf")
    box._general["CLKDIAG"] = lambda values: answer
    finding = looked(box)["PLLs"]
    assert finding.ok is ok
    assert ("no reference" in finding.text) is (ok is False)


def test_a_channel_that_counts_another_clock() -> None:
    finding = looked(make("xrf"), "another clock")["channel 0"]
    assert finding == Finding("channel 0", False, "another clock")
