"""A MOGLabs box: its stream, and the commands of the whole box."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.config import parse
from dds_link.twins.moglabs import MAX_LINE, MoglabsBox, make_board
from tests.twins.manual_clock import ManualClock
from tests.twins.moglabs_box import check, make, say

SESSION = b"FREQ,1,80MHz\r\nPOW,1,0x1000\r\n\r\nFREQ,1\r\nON,1,SIG\r\nSTATUS,1\r\nFISH\r\n"
ANSWERS = (
    b"OK: CH1 freq now 80.00000009 MHz (0x147AE148)\r\n"
    b"OK: CH1 power now +23.96 dBm (0x1000)\r\n"
    b"80.00000009 MHz (0x147AE148)\r\n"
    b"OK: CH1 on\r\n"
    b"SIG: ON, POW: OFF\r\n"
    b"Command not defined\r\n"
)

# -- the stream -----------------------------------------------------------------------------------


@given(cuts=st.lists(st.integers(0, len(SESSION))))
def test_any_chunking_gives_the_same_answers(cuts: list[int]) -> None:
    box, places = make(), [0, *sorted(cuts), len(SESSION)]
    pieces = (SESSION[a:b] for a, b in zip(places, places[1:], strict=False))
    assert b"".join(box.receive(piece) for piece in pieces) == ANSWERS


def test_only_cr_lf_ends_a_command() -> None:
    box = make()
    assert box.receive(b"INFO\n") == b""
    assert box.receive(b"INFO\r") == b""
    assert box.receive(b"\n") == b"Command not defined\r\n"


def test_nothing_is_sent_to_who_connects_and_half_a_command_is_forgotten() -> None:
    box = make()
    box.receive(b"ON,1,S")
    assert box.connect() == b""
    assert say(box, "INFO") == "XRF421 A12345 1.12.2"
    assert box.commands == ["INFO"]


def test_half_an_upload_is_forgotten_too() -> None:
    box = make()
    assert box.receive(b"TABLE,UPLOAD,1,32\r\n") == b""
    box.connect()
    assert say(box, "INFO") == "XRF421 A12345 1.12.2"


def test_a_line_that_is_too_long() -> None:
    box = make()
    for _ in range(2):
        assert box.receive(b"x" * (MAX_LINE + 1)) == b"ERR: Command too long\r\n"
    assert box.receive(b"x" * (MAX_LINE + 1) + b"\r\n") == b"ERR: Command too long\r\n"
    assert say(box, "INFO") == "XRF421 A12345 1.12.2"


@given(data=st.binary(max_size=200))
def test_rubbish_never_breaks_it(data: bytes) -> None:
    box = make()
    box.receive(data + b"\r\n")
    assert box.receive(b"INFO\r\n").endswith(b"XRF421 A12345 1.12.2\r\n")


WORDS = ["FREQ", "POW", "PHASE", "TABLE", "ENTRY", "APPEND", "EXTIO", "PID", "SET", "CLKSRC", "MDN",
         "1", "2", "0x10", "80MHz", "-1", "ON", "", "RAMP", "GAIN", "DDS", "STATUS"]  # fmt: skip


@given(words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=8))
def test_every_command_has_one_answer(words: list[str]) -> None:
    line = ",".join(words)
    if line.strip():
        say(make(), line)


# -- commands of the whole box --------------------------------------------------------------------


def test_who_it_is() -> None:
    assert say(make("arf"), "info") == "ARF421 A12345 1.12.2"
    assert say(make("qrf"), "INFO") == "QRF B3040-241-R3 0.5.2  A12345"
    assert say(make(), "VERSION") == "UC: 1.12.2, FPGA: 1.1.9, IAP: 0.5.5"
    assert say(make(old=True), "VERSION") == "UC: 1.12.2\nFPGA: 1.1.9\nIAP: 0.5.5"


def test_how_it_is() -> None:
    assert say(make(), "TEMP").startswith("T1: 36.5 C, ")
    assert float(say(make("qrf"), "TEMP").split(" ")[0]) == 36.5
    assert say(make(), "VMON").count(":") == 3
    assert all("LOCKED" in part for part in say(make(), "CLKDIAG").split(","))


def test_clocks() -> None:
    check(
        make(),
        "CLKSRC", "INTERNAL",
        "CLKSRC,EXT,100", "OK",
        "CLKSRC", "EXTERNAL, 100",
        "CLKSRC,EXT,0", "OK",
        "CLKSRC,EXT,11", "ERR: Value 11 out of range",
        "CLKSRC,EXT", "ERR: Invalid clock source",
        "CLKSRC,SUN,12", "ERR: Invalid clock source",
        "CLKSRC,INT", "OK",
        "CLOCK,1", "1000.000000 MHz",
        "CLOCK,3", "ERR: Invalid channel, 3",
    )  # fmt: skip
    check(
        make("qrf"),
        "CLKSRC,EXT,100", "OK",
        "CLKSRC,EXT,10", "ERR: Invalid clock frequency, 10",
    )  # fmt: skip


def accumulators(box: MoglabsBox) -> list[int]:
    return [channel.accumulator() for channel in box.channels]


def test_phase_reset_clears_both_accumulators() -> None:
    box = make()
    say(box, "FREQ,1,100")
    say(box, "SLEEP,1")
    assert 0 not in accumulators(box)
    assert say(box, "PHRESET").startswith("OK")
    assert accumulators(box) == [0, 0]
    check(box, "SYNC", "OFF", "SYNC,on", "OK", "SYNC", "ON", "ALIGNPH", "Command not defined")


def test_a_qrf_aligns_the_channels_of_a_list() -> None:
    box = make("qrf")
    say(box, "SLEEP,1")
    assert say(box, "ALIGNPH,1,3").startswith("OK")
    assert [bool(value) for value in accumulators(box)] == [False, True, False, True]
    assert say(box, "ALIGNPH").startswith("OK")
    assert accumulators(box) == [0, 0, 0, 0]
    check(
        box,
        "ALIGNPH,5", "ERR: Invalid channel, 5",
        "PHRESET", "Command not defined",
        "SYNC", "Command not defined",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["REBOOT", "RESET"])
def test_a_reboot_has_no_answer_and_ends_everything(name: str) -> None:
    box = make()
    say(box, "ON,1")
    say(box, "TABLE,ENTRIES,1,5")
    assert box.receive(name.encode() + b"\r\n") == b""
    assert not box.tone(0).emits
    assert say(box, "TABLE,ENTRIES,1") == "0"


def test_settings_outlive_it() -> None:
    box = make()
    check(
        box,
        "GET,ipport", "7802",
        "SET,ipport,7803", "OK",
        'SET,ipaddr,"10.1.1.180"', "OK",
        "SET,ipaddr,10.1.1.180", "ERR: Invalid value, 10.1.1.180",
        "SET,fish,1", "ERR: Invalid setting, fish",
        "GET,fish", "ERR: Invalid setting, fish",
    )  # fmt: skip
    box.power_up()
    check(box, "GET,IPADDR", '"10.1.1.180"', "GET,ipport", "7803")


def test_digital_lines() -> None:
    check(
        make(),
        "EXTIO,MODE,1,OFF,TOGGLE", "OK",
        "EXTIO,MODE,1,OFF", "TOGGLE",
        "EXTIO,ENABLE,1,OFF", "OK",
        "EXTIO,WRITE,1,HS1,1", "OK",
        "EXTIO,READ,1,HS1", "1",
        "EXTIO,CTRL,1,HSB", "0",
        "EXTIO,READ,3,HS1", "ERR: Invalid channel, 3",
        "EXTIO,FISH,1,HS1", "ERR: Invalid function, FISH",
        "EXTIO,READ", "ERR: Invalid number of arguments",
    )  # fmt: skip


def test_pauses() -> None:
    box = make()
    before = box._clock.now()
    check(box, "SLEEP,250", "OK", "SLEEP", "ERR: Invalid value, ")
    assert box._clock.now() == before + 0.25


@pytest.mark.parametrize(("kind", "count"), [("arf", 2), ("xrf", 2), ("qrf", 4)])
def test_the_box_of_a_config_file(kind: str, count: int) -> None:
    config = parse(
        f'[device]\ntype = "moglabs_{kind}"\nchannels = 1\ntransport = "tcp:box:7802"', "lab.toml"
    )
    box = make_board(config.device, config.channels, ManualClock())
    assert len(box.channels) == count
    assert say(box, "INFO").startswith(kind.upper())
