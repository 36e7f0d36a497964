"""The commands of a MOGLabs box that act on one channel, all but its table.

Each is a function of the channel, of its number and of the arguments behind it; it returns what the
box answers. A command without a value is a query. The texts ``freq now``, ``out of range`` and
those of :func:`mstat` are the manual's, ``SIG:`` and ``POW:`` are what public drivers look for; the
other texts are made alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dds_link.twins.moglabs_channel import MODES, PARAMETERS, Channel
from dds_link.twins.moglabs_values import (
    Refused,
    asf,
    dbm,
    frequency_text,
    ftw,
    number,
    on_off,
    phase_text,
    pow_,
    power_text,
    raw,
    switch,
    whole,
)

Command = Callable[[Channel, int, Sequence[str]], str]

_WIDE = ("RLIM", "RSTP", "RRTE", *(f"STP{n}" for n in range(8)))
#: Registers of the DDS and their widths in bits.
REGISTERS = {
    **dict.fromkeys(("CFR1", "CFR2", "CFR3", "AUDC", "RATE", "FREQ", "AMPL", "SYNC", "RAMW"), 32),
    "PHAS": 16,
    **dict.fromkeys(_WIDE, 64),
}


def _only_in(channel: Channel, *modes: str) -> None:
    if channel.mode not in modes:
        raise Refused(f"Not available in {channel.mode} mode")


# -- mode and switches ----------------------------------------------------------------------------


def mode(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``MODE,ch[,type]``"""
    if not values:
        return channel.mode
    allowed = MODES if channel.model.quad else (*MODES, "TPA")
    if values[0].upper() not in allowed:
        raise Refused(f"Invalid mode, {values[0]}")
    channel.set_mode(values[0].upper())
    return f"OK: CH{index} mode now {channel.mode}"


def switch_on(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``ON,ch[,SIG|POW|ALL]``"""
    channel.switch(values[0].upper() if values else "ALL", True)
    return f"OK: CH{index} on"


def switch_off(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``OFF,ch[,SIG|POW|ALL]``"""
    channel.switch(values[0].upper() if values else "ALL", False)
    return f"OK: CH{index} off"


def status(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``STATUS,ch``; a QRF answers with a whole number, of which nobody says what its bits mean
    (assumed: 1 the signal, 2 the amplifier)."""
    if channel.model.quad:
        return str(channel.signal + 2 * channel.amplifier)
    return f"SIG: {on_off(channel.signal)}, POW: {on_off(channel.amplifier)}"


# -- the tone -------------------------------------------------------------------------------------


def frequency(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``FREQ,ch[,value]``"""
    if values:
        _only_in(channel, "NSB", "TPA")
        if channel.ramp:
            raise Refused("Not available during a ramp")
        channel.set_frequency(
            ftw(channel.model, values[0], unlocked=channel.frequency_lock != "NORMAL")
        )
    text = frequency_text(channel.model, channel.ftw)
    return f"OK: CH{index} freq now {text}" if values else text


def power(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``POW,ch[,value]``; more than the limit is refused."""
    if values:
        _only_in(channel, "NSB", "TPA")
        word = asf(channel.model, values[0])
        if word > channel.limit:
            raise Refused(f"Power {dbm(channel.model, word):.2f} dBm exceeds limit")
        channel.asf = word
    text = power_text(channel.model, channel.asf)
    return f"OK: CH{index} power now {text}" if values else text


def limit(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``LIMIT,ch[,value]``; the power comes down with it. More than the box has is what it has."""
    if values:
        channel.set_limit(asf(channel.model, values[0]))
    text = power_text(channel.model, channel.limit)
    return f"OK: CH{index} limit now {text}" if values else text


def phase(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``PHASE,ch[,phase]``"""
    if values:
        _only_in(channel, "NSB", "TPA")
        channel.pow = pow_(channel.model, values[0])
    text = phase_text(channel.model, channel.pow)
    return f"OK: CH{index} phase now {text}" if values else text


def unlock_frequency(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``UNLOCKFREQ,ch[,NORMAL|UNLOCKED|LF-TAP]``"""
    if values:
        if values[0].upper() not in ("NORMAL", "UNLOCKED", "LF-TAP"):
            raise Refused(f"Invalid value, {values[0]}")
        channel.frequency_lock = values[0].upper()
    return ("OK: " if values else "") + channel.frequency_lock


def automatic_power(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``AUTOPOW,ch[,enable][,power]``"""
    if values:
        _only_in(channel, "NSB")
        channel.autopow = switch(values[0])
        if len(values) > 1:
            power(channel, index, values[1:])
        return f"OK: CH{index} autopow {on_off(channel.autopow)}"
    return on_off(channel.autopow)


def measured_power(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``ADC,ch,F``: the power behind the amplifier; about 30 dB less without it."""
    if [value.upper() for value in values] != ["F"]:
        raise Refused("Invalid value")
    tone = channel.tone()
    if not tone.emits:
        return "-60.00 dBm"
    return f"{dbm(channel.model, channel.asf) - (0 if tone.amplified else 30):+.2f} dBm"


# -- modulation and ramps -------------------------------------------------------------------------


def mstat(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``MSTAT,ch``. The first kind that is on is fast (PIF, the parallel port), the others slow."""
    words: dict[str, str] = {}
    for name in ("AMPL", "FREQ", "PHAS"):
        fast = "PIF" not in words.values()
        words[name] = ("PIF" if fast else "SIF") if channel.modulated[name] else "OFF"
    return (
        f"PID: {channel.pid or 'OFF'}, FM: {words['FREQ']}, "
        f"PM: {words['PHAS']}, AM: {words['AMPL']}"
    )


def modulation(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``MDN,ch,type[,onoff][,gain]``"""
    kind = _parameter(values)
    if len(values) == 1:
        return on_off(channel.modulated[kind])
    _only_in(channel, "NSB")
    channel.modulated[kind] = switch(values[1])
    if len(values) > 2:
        channel.settings["GAIN," + kind] = _gain(values[2])
    return f"OK: CH{index} {kind} modulation {on_off(channel.modulated[kind])}"


def gain(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``GAIN,ch,type[,gain]``; a gain of 0 disables the modulation."""
    kind = _parameter(values)
    if len(values) == 1:
        return channel.settings.get("GAIN," + kind, "0")
    channel.settings["GAIN," + kind] = _gain(values[1])
    if values[1] == "0":
        channel.modulated[kind] = False
    return f"OK: CH{index} {kind} gain now {values[1]}"


def _gain(text: str) -> str:
    if raw(text, 32) is None:
        number(text)
    return text


def _parameter(values: Sequence[str]) -> str:
    kind = values[0].upper() if values else ""
    if kind not in PARAMETERS:
        raise Refused(f"Invalid type, {kind}")
    return kind


def ramp_frequency(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``RAMPFREQ,ch,startfreq,endfreq,timestep,freqstep``: it begins at once."""
    if len(values) != 4:
        raise Refused("Invalid number of arguments")
    for value in values[:2]:
        ftw(channel.model, value)
    channel.settings["RAMPFREQ"] = ",".join(values)
    channel.ramp = True
    return f"OK: CH{index} ramp set"


def ramp_bit(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``RAMPBIT,ch[,value]``: enables the ramp or ends it."""
    if values:
        channel.ramp = switch(values[0])
    return ("OK: " if values else "") + on_off(channel.ramp)


def pid(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``PID,fn,ch[,...]``, given as ``fn,...``: stored, but not simulated."""
    name, *rest = [value.upper() for value in values] or [""]
    if name == "ENABLE":
        channel.pid = _parameter(rest)
        return "OK"
    if name == "DISABLE":
        channel.pid = ""
        return "OK"
    if name == "STATUS":
        return channel.pid or "OFF"
    if name == "VALUE":
        return "0.000"
    if name == "GAIN" and rest and rest[0] in ("P", "I", "D"):
        name, rest = f"GAIN,{rest[0]}", rest[1:]
    elif name not in ("RATE", "OFFSET", "VGA", "AVERAGE", "DCBLOCK", "INVERT"):
        raise Refused(f"Invalid PID command, {name}")
    if not rest:
        return channel.settings.get(f"PID,{name}", "0")
    (switch if name in ("AVERAGE", "DCBLOCK", "INVERT") else number)(rest[0])
    channel.settings[f"PID,{name}"] = rest[0]
    return "OK"


# -- the DDS itself -------------------------------------------------------------------------------


def register(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``DDS,ch,ddsreg[,data]``, in NSA mode: stored, but not simulated."""
    _only_in(channel, "NSA")
    name = values[0].upper() if values else ""
    if name not in REGISTERS:
        raise Refused(f"Invalid register, {name}")
    if len(values) > 1:
        channel.registers[name] = whole(values[1], 0, (1 << REGISTERS[name]) - 1)
    digits = REGISTERS[name] // 4
    return ("OK: " if len(values) > 1 else "") + f"0x{channel.registers.get(name, 0):0{digits}X}"


def initialise_dds(channel: Channel, index: int, values: Sequence[str]) -> str:
    """``DINIT,ch``"""
    channel.registers.clear()
    return "OK"


def in_nsa(name: str) -> Command:
    """A command that is stored, in NSA mode."""
    store = stored(name)

    def command(channel: Channel, index: int, values: Sequence[str]) -> str:
        _only_in(channel, "NSA")
        return store(channel, index, values)

    return command


def stored(name: str, default: str = "OFF") -> Command:
    """A command whose values are stored and told, nothing more."""

    def command(channel: Channel, index: int, values: Sequence[str]) -> str:
        if not values:
            return channel.settings.get(name, default)
        channel.settings[name] = ",".join(values).upper()
        return f"OK: CH{index} {name} now {channel.settings[name]}"

    return command


COMMANDS: dict[str, Command] = {
    "MODE": mode,
    "ON": switch_on,
    "OFF": switch_off,
    "STATUS": status,
    "FREQ": frequency,
    "POW": power,
    "LIMIT": limit,
    "PHASE": phase,
    "UNLOCKFREQ": unlock_frequency,
    "AUTOPOW": automatic_power,
    "ADC": measured_power,
    "DEBOUNCE": stored("DEBOUNCE"),
    "SINC": stored("SINC", "ON"),
    "MSTAT": mstat,
    "MDN": modulation,
    "GAIN": gain,
    "FMSPEED": stored("FMSPEED", "SLOW"),
    "CALMOD": stored("CALMOD", "0"),
    "RAMPFREQ": ramp_frequency,
    "RAMPBIT": ramp_bit,
    "RAMPCTL": stored("RAMPCTL", "0"),
    "RAMPTRIG": stored("RAMPTRIG", "INT"),
    "RAMPHOLD": stored("RAMPHOLD"),
    "DDS": register,
    "DINIT": initialise_dds,
    "PSELECT": in_nsa("PSELECT"),
    "PROFILE": in_nsa("PROFILE"),
    "OSK": in_nsa("OSK"),
}
"""By name; the first argument of each is the channel."""

SYNONYMS = {
    "FREQUENCY": "FREQ",
    "POWER": "POW",
    "PHAS": "PHASE",
    "LIM": "LIMIT",
    "SINCFILTER": "SINC",
    "PROF": "PROFILE",
    "RESET": "REBOOT",
}
"""Other names that the manual or public programs use."""
