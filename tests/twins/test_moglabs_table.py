"""The tables of a MOGLabs box."""

import struct

from dds_link.twins.moglabs_table import MAX_ENTRIES
from tests.twins.moglabs_box import check, make, say

ENTRY = "100.00000011 MHz (0x1999999A), +23.96 dBm (0x1000), 0.0000 deg (0x0000), 10 us"


def test_entries() -> None:
    check(
        make(),
        "TABLE,ENTRIES,1", "0",
        "TABLE,APPEND,1,100MHz,0x1000,0,10us", "OK: 1 entries",
        "TABLE,APPEND,1,100,0x0,0,5,OFF,TRIG", "OK: 2 entries",
        "TABLE,LENGTH,1", "2",
        "TABLE,ENTRY,1,1", ENTRY,
        "TABLE,HEXENTRY,1,2", "0x1999999A, 0x0000, 0x0000",
        "TABLE,INSERT,1,1,80,0x2000,0x4000,1ms", "OK: 3 entries",
        "TABLE,HEXENTRY,1,1", "0x147AE148, 0x2000, 0x4000",
        "TABLE,DELETE,1,1", "OK: 2 entries",
        "TABLE,ENTRY,1,2,100,0x800,0,5", "OK: 2: " + ENTRY.replace("+23.96 dBm (0x1000)",
            "+17.94 dBm (0x0800)").replace("10 us", "5 us"),
        "TABLE,ENTRIES,1,1", "OK: 1 entries",
        "TABLE,ENTRIES,1,3", "OK: 3 entries",
        "TABLE,HEXENTRY,1,3", "0x00000000, 0x0000, 0x0000",
        "TABLE,CLEAR,1", "OK",
        "TABLE,ENTRIES,1", "0",
    )  # fmt: skip


def test_what_is_refused() -> None:
    check(
        make(),
        "TABLE", "ERR: Invalid table command, ",
        "TABLE,FISH,1", "ERR: Invalid table command, FISH",
        "TABLE,CLEAR,3", "ERR: Invalid channel, 3",
        "TABLE,CLEAR", "ERR: Invalid channel, ",
        "TABLE,APPEND,1,100,0x1000,0", "ERR: Invalid number of arguments",
        "TABLE,APPEND,1,1,0x1000,0,5", "ERR: Frequency 1.00 MHz out of range",
        "TABLE,ENTRY,1,1", "ERR: Table is empty",
        "TABLE,ENTRY,1,1,1,0x1000,0,5", "ERR: Invalid entry: Frequency 1.00 MHz out of range",
        "TABLE,DELETE,1,1", "ERR: Table is empty",
        "TABLE,DELETE,1", "ERR: Invalid number of arguments",
        "TABLE,EDGE,1,RISING", "ERR: Invalid table command, EDGE",  # a QRF has it
        "TABLE,LOAD,1,2", "ERR: Slot 2 is empty",
        "TABLE,SAVE,1,5", "ERR: Value 5 out of range",
        "TABLE,RAMP,1,LOUD,1,2,3,4", "ERR: Invalid argument",
    )  # fmt: skip


def test_a_table_has_an_end() -> None:
    box = make()
    say(box, f"TABLE,ENTRIES,1,{MAX_ENTRIES}")
    assert say(box, "TABLE,APPEND,1,100,0x0,0,5") == "ERR: Table is full"


def test_saving_and_copying() -> None:
    check(
        make(),
        "TABLE,APPEND,1,100MHz,0x1000,0,10us", "OK: 1 entries",
        "TABLE,COPY,1,2", "OK",
        "TABLE,ENTRY,2,1", ENTRY,
        "TABLE,SAVE,1,4", "OK",
        "TABLE,CLEAR,1", "OK",
        "TABLE,LOAD,1,4", "OK",
        "TABLE,ENTRY,1,1", ENTRY,
    )  # fmt: skip


def test_a_ramp_of_entries() -> None:
    check(
        make(),
        "TABLE,APPEND,1,100MHz,0x1000,0,10us", "OK: 1 entries",
        "TABLE,RAMP,1,AMPL,0x0,0x100,2,3", "OK: 4 entries",
        "TABLE,HEXENTRY,1,2", "0x1999999A, 0x0000, 0x0000",
        "TABLE,HEXENTRY,1,3", "0x1999999A, 0x0080, 0x0000",
        "TABLE,HEXENTRY,1,4", "0x1999999A, 0x0100, 0x0000",
        "TABLE,RAMP,2,FREQ,80,100,2,1", "OK: 1 entries",
        "TABLE,HEXENTRY,2,1", "0x147AE148, 0x0000, 0x0000",
    )  # fmt: skip


def test_running() -> None:
    box = make()
    check(
        box,
        "TABLE,APPEND,1,100MHz,0x1000,0,10us", "OK: 1 entries",
        "TABLE,ARM,1", "ERR: Not in table mode",
        "MODE,1,TSB", "OK: CH1 mode now TSB",
        "TABLE,ARM,1", "OK: CH1 armed",
        "TABLE,STATUS,1", "READY",
        "TABLE,START,1", "OK",
        "TABLE,STATUS,1", "RUNNING",
    )  # fmt: skip
    assert box.tone(0).emits
    assert not box.tone(0).modelled
    check(box, "TABLE,STOP,1", "OK", "TABLE,STATUS,1", "STOPPED")
    assert box.tone(0).emits, "the output stays as it was"
    check(box, "MODE,2,TSB", "OK: CH2 mode now TSB", "TABLE,START,2", "ERR: Table is empty")


def test_switches() -> None:
    check(
        make(),
        "TABLE,REARM,1", "off",
        "TABLE,RESTART,1,on", "OK",
        "TABLE,REARM,1", "on",  # comes with it
        "TABLE,NORESET,1,1", "OK",
        "TABLE,NORESET,1", "on",
        "TABLE,SYNC", "OFF",
        "TABLE,SYNC,on", "OK",
        "TABLE,SYNC", "ON",
        "TABLE,XPARAM,1,FREQ,4", "OK",
    )  # fmt: skip


def test_an_advanced_table_is_kept_as_it_was_sent() -> None:
    check(
        make(),
        "MODE,1,TPA", "OK: CH1 mode now TPA",
        "TABLE,APPEND,1,POW,0dbm,0x1,UPD", "OK: 1 entries",
        "TABLE,ENTRY,1,1", "POW,0dbm,0x1,UPD",
    )  # fmt: skip


def test_a_qrf_differs() -> None:
    box = make("qrf")
    check(
        box,
        "TABLE,ENTRY,4,1,100,0x10,90,2",
        "99.99999995 MHz (0x33333333), -1.62 dBm (0x0010), 90.0000 deg (0x1000), 10 us",
        "TABLE,ENTRY,4,1,1,0x10,90,2", "ERR: Invalid entry: Frequency 1.00 MHz out of range",
        "TABLE,EDGE,4", "FALLING",
        "TABLE,EDGE,4,RISING", "OK",
        "TABLE,EDGE,4", "RISING",
        "TABLE,EDGE,4,UP", "ERR: Invalid value, UP",
        "TABLE,NAME,4,mot", "OK",
        "TABLE,NAME,4", "mot",
        "TABLE,TIMESYNC,1", "OK",
        "TABLE,TRIGSYNC,1", "ERR: Invalid table command, TRIGSYNC",
        "TABLE,RAMP,1,FREQ,1,2,3,4", "ERR: Invalid table command, RAMP",
        "MODE,4,TSB", "OK: CH4 mode now TSB",
        "TABLE,START,4", "OK",
        "TABLE,STOP", "OK",
        "TABLE,STATUS,4", "STOPPED",
    )  # fmt: skip


def test_a_table_in_binary_form_and_back() -> None:
    box = make()
    say(box, "TABLE,APPEND,1,100MHz,0x1000,0x4000,10us,OFF")
    answer = box.receive(b"TABLE,DUMP,1\r\n")
    assert struct.unpack_from("<I", answer) == (32,)  # 16 x (N + 1)
    table = answer[4:]
    assert len(table) == 32
    assert box.receive(b"TABLE,UPLOAD,2,32\r\n" + table[:20]) == b""
    assert box.receive(table[20:] + b"TABLE,HEXENTRY,2,1\r\n") == (
        b"OK\r\n0x1999999A, 0x1000, 0x4000\r\n"
    )


def test_uploads_that_are_refused() -> None:
    box = make()
    check(box, "TABLE,UPLOAD,1,0", "ERR: Value 0 out of range")
    assert box.receive(b"TABLE,UPLOAD,1,15\r\n" + bytes(15)) == b"ERR: Invalid table size\r\n"
    assert box.receive(b"TABLE,UPLOAD,1,32\r\n" + bytes(32)) == b"ERR: Invalid table\r\n"
    assert box.receive(b"INFO\r\n") == b"XRF421 A12345 1.12.2\r\n"
