"""A slot of a FlexDDS-NG: lines in, answers and tones out."""

import re

import pytest

from dds_link.config import DeviceConfig
from dds_link.twins.flexdds import MAX_LINE, FlexDDS, make_board
from dds_link.words import Words
from tests.twins.manual_clock import ManualClock

TOKEN = "0123456789abcde0"
#: 100 MHz, 1/4 turn, 0.5 of full scale.
WORDS = Words(0x1999999A, 0x4000, 0x2000)
TONE = "dcp 0 spi:STP0=0x20004000_1999999a"
SCALED = "dcp spi:CFR2=0x014008c0"


def connected(automatic: bool = True) -> FlexDDS:
    """A box to which somebody has logged in."""
    box = FlexDDS(ManualClock(), token=TOKEN, automatic=automatic)
    assert say(box, TOKEN) == ["Auth OK"]
    return box


def say(box: FlexDDS, *lines: str) -> list[str]:
    """Send lines; what came back."""
    answer = box.receive("".join(line + "\n" for line in lines).encode())
    assert answer.endswith(b"\r\n") or not answer
    return answer.decode().splitlines()


# -- logging in -----------------------------------------------------------------------------------


def test_it_waits_for_its_token() -> None:
    box = FlexDDS(ManualClock(), token=TOKEN)
    assert box.connect() == b""
    assert say(box, "dcp 0 update:u") == ["error: authentication failed"]
    assert say(box, "0123456789abcde1") == ["error: authentication failed"]
    assert say(box, TOKEN) == ["Auth OK"]
    assert say(box, "dcp 0 update:u") == ["OK"]


def test_every_connection_begins_anew() -> None:
    box = connected()
    box.receive(b"dcp 0 upd")
    box.connect()
    assert say(box, "dcp 0 update:u") == ["error: authentication failed"]
    assert say(box, TOKEN) == ["Auth OK"]


def test_without_a_token_nobody_logs_in() -> None:
    assert say(FlexDDS(ManualClock()), "hello", "dcp start") == ["error: unknown command", "OK"]


# -- lines ----------------------------------------------------------------------------------------


def test_bytes_may_come_in_any_chunks() -> None:
    box = connected()
    answers = [box.receive(bytes((byte,))) for byte in b"dcp 0 update:u\r\n\r\n dcp  start\n"]
    assert b"".join(answers) == b"OK\r\nOK\r\n"
    assert answers.index(b"OK\r\n") == 14


def test_many_lines_in_one_write() -> None:
    box = connected()
    assert say(box, SCALED, TONE, "dcp 0 nonsense", "dcp 0 update:u") == [
        "OK",
        "OK",
        "error: unknown dcp command",
        "OK",
    ]
    assert box.tone(0).words == WORDS
    assert not box.tone(1).emits


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("nonsense", "error: unknown command"),
        ("dcp", "error: dcp [channel] instruction"),
        ("dcp 0", "error: dcp [channel] instruction"),
        ("dcp 0 update:u now", "error: dcp [channel] instruction"),
        ("dcp 2 update:u", "error: no such channel"),
        ("dcp 0 spi:CFR3=0", "error: bad number or name"),
        ("dds", "error: dds [channel] reset"),
        ("dds 0 restart", "error: dds [channel] reset"),
        ("set", "error: unknown setting"),
        ("interactive on", "error: interactive off"),
        ("set resp_suppress_ok=2", "error: unknown setting"),
        ("\x00\xff", "error: unknown command"),
    ],
)
def test_errors(line: str, answer: str) -> None:
    assert say(connected(), line) == [answer]


def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    box = connected()
    for _ in range(3 * MAX_LINE):
        assert box.receive(b"x" * 100) == b""
    assert len(box._line) == MAX_LINE
    assert say(box, "") == ["error: unknown command"]
    assert say(box, "dcp start") == ["OK"]


def test_oks_can_be_left_out() -> None:
    box = connected()
    assert say(box, "set resp_suppress_ok=1", TONE, "x") == ["error: unknown command"]
    assert say(box, "set resp_suppress_ok=0", TONE) == ["OK", "OK"]
    say(box, "set resp_suppress_ok=1")
    box.connect()
    assert say(box, TOKEN, TONE) == ["Auth OK", "OK"]


def test_version() -> None:
    version, end = say(connected(), "version")
    assert version.startswith('Version: "')
    assert end == "USER:"


# -- what public clients send ---------------------------------------------------------------------


def test_golden_rydyb() -> None:
    """rydyb/flexdds, ``Singletone``, as it is meant: one line, one answer, CR LF."""
    box = connected()
    for line in ("dcp 1 spi:cfr2=0x01400820", "dcp 1 spi:stp0=0x20000000147ae148",
                 "dcp 1 update:u"):  # fmt: skip
        assert box.receive(line.encode() + b"\r\n") == b"OK\r\n"
    assert box.tone(1).words == Words(0x147AE148, 0, 0x2000)
    assert box.tone(1).frequency == pytest.approx(80e6, abs=0.12)


def test_golden_wieserlabsdds() -> None:
    """PancakeFriday/wieserlabsdds, ``reset``, ``single_tone`` and ``run``: no start, no flush."""
    box = connected()
    answers = say(box, "dds reset", "dcp 0 spi:CFR2=0x014008c0",
                  "dcp 0 spi:stp0=0x3fff_4000_1999999a", "dcp update:u")  # fmt: skip
    assert answers == ["DDS reset OK", "OK", "OK", "OK"]
    assert box.tone(0).words == Words(0x1999999A, 0x4000, 0x3FFF)


@pytest.mark.parametrize("automatic", [True, False])
def test_golden_qmi(automatic: bool) -> None:
    """QuTech-Delft/QMI, the lines of its test of ``set_single_tone``."""
    box = connected(automatic)
    say(box, "dds 0 reset", "dcp 0 spi:CFR1=0x410002:w", "dcp 0 spi:CFR2=0x14008c0:w",
        "dcp 0 spi:STP0=0x3999199a1999999a:w", "dcp 0 update:u")  # fmt: skip
    assert box.tone(0).emits is automatic
    say(box, "dcp 0 start")
    assert box.tone(0).words == Words(0x1999999A, 0x199A, 0x3999)


def test_golden_qmi_over_usb() -> None:
    """QuTech-Delft/QMI, ``open``, ``get_version``, ``get_pll_status`` and ``dds_reset``: CR."""
    box = FlexDDS(ManualClock(), automatic=False)
    assert box.receive(b"\r") == b""
    assert box.receive(b"interactive off\r") == b"Interactive off\r\n"
    version, end = box.receive(b"version\r").splitlines()
    assert re.match(rb'^Version:\s*"([^"]+)"', version)
    assert b"USER:" in end
    status = box.receive(b"lmkpll\r").decode().splitlines()
    lock = r"^\s*DLD.*PLL1:\s*(\*UNLOCK\*|locked)\s*PLL2:\s*(\*UNLOCK\*|locked)"
    assert re.match(lock, status[1])
    assert re.match(r"^\s*Holdover.*:\s*(\*ACTIVE\*|inact)", status[2])
    lost = r"^\s*LOS.*CLKIN0:\s*(\*LOST\*|not lost)\s*CLKIN1:\s*(\*LOST\*|not lost)"
    assert re.match(lost, status[4])
    assert "CLKIN selected" in status[-1]
    assert box.receive(b"dds  reset\r") == b"DDS reset OK\r\n"


def test_golden_matlab() -> None:
    """drewrotunno/FlexDDS, ``Examples/StartExample.m``: both channels on one trigger."""
    box = connected()
    say(box, "dcp spi:CFR1=0x00410002", "dcp spi:CFR2=0x014008C0",
        "dcp 0 spi:STP0=0x2FFF4000051EB852", "dcp 1 spi:STP0=0x3FFFC000051EB852",
        "dcp update:=0p", "dcp wait::15:u")  # fmt: skip
    box.trigger("BNC_IN_A_RISING")
    say(box, "dcp update:u")
    assert [box.tone(n).words.pow for n in (0, 1)] == [0x4000, 0xC000]


# -- two channels ---------------------------------------------------------------------------------


@pytest.mark.parametrize("flush", ["dcp 0 flush", "dcp flush", "dcp 0 spi:POW=0!", "dcp start"])
def test_strictly_an_instruction_waits_for_a_flush(flush: str) -> None:
    box = connected(automatic=False)
    say(box, "dcp start", SCALED, TONE, "dcp 0 update:u")
    assert not box.tone(0).emits
    say(box, flush)
    assert box.tone(0).words == WORDS


def test_one_update_for_both_channels() -> None:
    box = connected()
    say(box, SCALED, TONE, TONE.replace("0", "1", 1), "dcp update:u!")
    assert [box.tone(n).words for n in (0, 1)] == [WORDS, WORDS]
    assert box.accumulator(0) == box.accumulator(1)


def test_resetting_one_leaves_the_other() -> None:
    box = connected()
    say(box, SCALED, TONE, "dcp 1 spi:STP0=0x20004000_1999999a", "dcp update:u", "dds 0 reset")
    assert [box.tone(n).emits for n in (0, 1)] == [False, True]
    assert say(box, "reset") == ["OK"]
    assert not box.tone(1).emits


def test_power_cycle() -> None:
    box = connected()
    say(box, SCALED, TONE, "dcp update:u")
    box.power_cycle()
    assert not box.tone(0).emits
    assert say(box, TONE) == ["error: authentication failed"]


def test_made_from_a_configuration() -> None:
    device = DeviceConfig("flexdds", 2, sysclk=900e6, transport="tcp:10.0.0.5:26000", token=TOKEN)
    box = make_board(device, (), ManualClock())
    assert say(box, TOKEN) == ["Auth OK"]
    assert box.tone(1).sysclk == 900e6
