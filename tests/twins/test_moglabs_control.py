"""The commands of a MOGLabs box that act on one channel."""

import pytest

from tests.twins.moglabs_box import check, make, say


def test_frequency_as_in_the_manual() -> None:
    check(
        make(),
        "FREQ,1,80MHz", "OK: CH1 freq now 80.00000009 MHz (0x147AE148)",
        "FREQ,1,10MHz", "ERR: Frequency 10.00 MHz out of range",
        "FREQ,1", "80.00000009 MHz (0x147AE148)",
        "FREQ,3", "ERR: Invalid channel, 3",
    )  # fmt: skip


def test_power_and_its_limit() -> None:
    check(
        make(),
        "LIMIT,1", "+30.00 dBm (0x2013)",
        "POW,1,0x2000", "OK: CH1 power now +29.98 dBm (0x2000)",
        "POW,1,31dBm", "ERR: Power 31.00 dBm exceeds limit",
        "POW,1", "+29.98 dBm (0x2000)",
        "LIM,1,0x1000", "OK: CH1 limit now +23.96 dBm (0x1000)",
        "POWER,1", "+23.96 dBm (0x1000)",
        "LIMIT,2,50dBm", "OK: CH2 limit now +36.00 dBm (0x3FFF)",
        "POW,2,36", "OK: CH2 power now +36.00 dBm (0x3FFF)",
    )  # fmt: skip


def test_a_qrf_has_1024_amplitudes_and_a_largest_limit() -> None:
    box = make("qrf")
    check(box, "LIMIT,3,50", "OK: CH3 limit now +34.50 dBm (0x03FF)")
    for word in (0, 1, 1023):
        assert say(box, f"POW,3,{hex(word)}").startswith("OK")
    assert say(box, "POW,3,0x400") == "ERR: Value 0x400 out of range"


def test_phase() -> None:
    check(
        make(),
        "PHASE,2,0x7fff", "OK: CH2 phase now 179.9945 deg (0x7FFF)",
        "PHAS,2,180deg", "OK: CH2 phase now 180.0000 deg (0x8000)",
        "PHASE,2", "180.0000 deg (0x8000)",
    )  # fmt: skip


def test_the_tone_is_set_in_basic_mode_only() -> None:
    box = make()
    say(box, "MODE,1,TSB")
    for command in ("FREQ,1,80", "POW,1,0x0", "PHASE,1,0", "AUTOPOW,1,1", "MDN,1,FREQ,ON"):
        assert say(box, command) == "ERR: Not available in TSB mode"
    assert say(box, "FREQ,1").endswith("(0x147AE148)")  # asking is allowed


def test_switches_and_their_state() -> None:
    check(
        make(),
        "STATUS,1", "SIG: OFF, POW: OFF",
        "ON,1", "OK: CH1 on",
        "STATUS,1", "SIG: ON, POW: ON",
        "OFF,1,SIG", "OK: CH1 off",
        "STATUS,1", "SIG: OFF, POW: ON",
        "ON,1,sig", "OK: CH1 on",
        "OFF,1,POW", "OK: CH1 off",
        "status, 1", "SIG: ON, POW: OFF",
        "OFF,1,ALL", "OK: CH1 off",
        "STATUS", "CH1: SIG: OFF, POW: OFF, CH2: SIG: OFF, POW: OFF",
        "ON,1,RF", "ERR: Invalid value, RF",
    )  # fmt: skip


def test_the_state_of_a_qrf_is_a_number() -> None:
    check(
        make("qrf"),
        "ON,4,ALL", "OK: CH4 on",
        "STATUS,4", "3",
        "OFF,4,SIG", "OK: CH4 off",
        "STATUS,4", "2",
    )  # fmt: skip


def test_mode_switches_off() -> None:
    box = make()
    check(
        box,
        "ON,1", "OK: CH1 on",
        "MODE,1", "NSB",
        "MODE,1,NSB", "OK: CH1 mode now NSB",
        "STATUS,1", "SIG: OFF, POW: OFF",
        "MODE,1,tpa", "OK: CH1 mode now TPA",
        "MODE,1,XYZ", "ERR: Invalid mode, XYZ",
    )  # fmt: skip
    assert say(make("qrf"), "MODE,1,TPA") == "ERR: Invalid mode, TPA"


def test_measured_power() -> None:
    box = make()
    check(
        box,
        "POW,1,0x1000", "OK: CH1 power now +23.96 dBm (0x1000)",
        "ADC,1,F", "-60.00 dBm",
        "ON,1,SIG", "OK: CH1 on",
        "ADC,1,F", "-6.04 dBm",
        "ON,1,POW", "OK: CH1 on",
        "ADC,1", "ERR: Invalid value",
    )  # fmt: skip
    say(box, "SLEEP,2000")
    assert say(box, "ADC,1,F") == "+23.96 dBm"


def test_modulation() -> None:
    check(
        make(),
        "MSTAT,1", "PID: OFF, FM: OFF, PM: OFF, AM: OFF",
        "MDN,1,FREQ,ON", "OK: CH1 FREQ modulation ON",
        "MDN,1,FREQ", "ON",
        "MDN,1,AMPL,ON,10%", "OK: CH1 AMPL modulation ON",
        "MSTAT,1", "PID: OFF, FM: SIF, PM: OFF, AM: PIF",  # XRF manual
        "GAIN,1,AMPL", "10%",
        "GAIN,1,FREQ,0x3FFFF", "OK: CH1 FREQ gain now 0x3FFFF",
        "GAIN,1,FREQ,0", "OK: CH1 FREQ gain now 0",
        "MDN,1,FREQ", "OFF",
        "MDN,1", "ERR: Invalid type, ",
        "GAIN,1,LOUD,1", "ERR: Invalid type, LOUD",
        "GAIN,1,FREQ,x", "ERR: Invalid value, x",
    )  # fmt: skip


def test_a_ramp() -> None:
    box = make()
    check(
        box,
        "RAMPFREQ,1,400MHz,20MHz,0.1ms", "ERR: Invalid number of arguments",
        "RAMPFREQ,1,400MHz,20MHz,0.1ms,10kHz", "OK: CH1 ramp set",  # XRF manual
        "RAMPBIT,1", "ON",
        "FREQ,1,80", "ERR: Not available during a ramp",
        "RAMPBIT,1,0", "OK: OFF",
    )  # fmt: skip
    assert say(box, "FREQ,1,80").startswith("OK")


def test_pid() -> None:
    check(
        make(),
        "PID,ENABLE,1,AMPL", "OK",
        "MSTAT,1", "PID: AMPL, FM: OFF, PM: OFF, AM: OFF",
        "PID,STATUS,1", "AMPL",
        "PID,VALUE,1", "0.000",
        "PID,GAIN,1,P,0.5", "OK",
        "PID,GAIN,1,P", "0.5",
        "PID,INVERT,1,on", "OK",
        "PID,RATE,1", "0",
        "PID,DISABLE,1", "OK",
        "PID,STATUS,1", "OFF",
        "PID,GAIN,1,X", "ERR: Invalid PID command, GAIN",
        "PID,ENABLE,1,LOUD", "ERR: Invalid type, LOUD",
        "PID,FISH,1", "ERR: Invalid PID command, FISH",
        "PID,STATUS,3", "ERR: Invalid channel, 3",
        "PID", "ERR: Invalid channel, ",
    )  # fmt: skip


def test_registers_of_the_dds() -> None:
    check(
        make(),
        "DDS,1,CFR1", "ERR: Not available in NSB mode",
        "MODE,1,NSA", "OK: CH1 mode now NSA",
        "DDS,1,CFR1,0x2", "OK: 0x00000002",
        "DDS,1,STP0,0x200040001999999A", "OK: 0x200040001999999A",
        "DDS,1,PHAS", "0x0000",
        "DDS,1,FISH", "ERR: Invalid register, FISH",
        "DINIT,1", "OK",
        "DDS,1,CFR1", "0x00000000",
        "PSELECT,1,3", "OK: CH1 PSELECT now 3",
        "PSELECT,1", "3",
        "PROF,1,80000000.0,0x2000,0x0000", "OK: CH1 PROFILE now 80000000.0,0X2000,0X0000",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "before", "value"),
    [
        ("SINC,1", "ON", "OFF"),
        ("SINCFILTER,2", "ON", "OFF"),
        ("DEBOUNCE,1", "OFF", "ON"),
        ("FMSPEED,1", "SLOW", "FAST"),
        ("RAMPTRIG,1", "INT", "EXT"),
        ("UNLOCKFREQ,1", "NORMAL", "UNLOCKED"),
        ("AUTOPOW,1", "OFF", "ON"),
    ],
)
def test_what_is_stored(query: str, before: str, value: str) -> None:
    box = make()
    assert say(box, query) == before
    assert say(box, f"{query},{value.lower()}").startswith("OK")
    assert say(box, query) == value


def test_an_unlocked_frequency() -> None:
    check(
        make(),
        "UNLOCKFREQ,1,UNLOCKED", "OK: UNLOCKED",
        "FREQ,1,10MHz", "OK: CH1 freq now 10.00000001 MHz (0x028F5C29)",
        "UNLOCKFREQ,1,open", "ERR: Invalid value, open",
    )  # fmt: skip


def test_automatic_power_sets_the_power_too() -> None:
    check(
        make(),
        "AUTOPOW,1,1,0x800", "OK: CH1 autopow ON",
        "POW,1", "+17.94 dBm (0x0800)",
    )  # fmt: skip
