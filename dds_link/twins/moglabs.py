"""A MOGLabs ARF, XRF (two channels) or QRF (four) at the far end of a network or USB connection.

Command-true, by the XRF manual (rev 1.8.3) and public drivers: lines that end with CR LF, one
answer to each, a value without a command is a query, units and raw words, ``OK``, ``ERR:`` and
``Command not defined``, binary tables. What is only stored and not simulated makes
:attr:`~dds_link.twins.moglabs_channel.Tone.modelled` False.

Assumed: nothing is sent when somebody connects; a line that is too long is refused; texts that no
public source shows (versions, temperatures, voltages).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dds_link.clock import Clock
from dds_link.config import ChannelConfig, DeviceConfig
from dds_link.twins import moglabs_control as control
from dds_link.twins.moglabs_channel import Channel, Tone
from dds_link.twins.moglabs_table import Answer, Tables
from dds_link.twins.moglabs_values import MODELS, Model, Refused, on_off, switch, whole

__all__ = ["MODELS", "MoglabsBox", "Tone", "make_board"]

MAX_LINE = 1024
"""Longest command, in bytes."""
_END = b"\r\n"
_EXTERNAL_MHZ = ("25", "50", "100", "125", "500")
_NETWORK = {"ipaddr": '"10.1.1.190"', "ipmask": '"255.255.255.0"', "ipgw": '"10.1.1.1"',
            "ipport": "7802", "dhcp": "ON", "userid": '""', "pass": '""'}  # fmt: skip


class MoglabsBox:
    """One box, just powered up. A :class:`~dds_link.twins.base.TextBox`.

    :param model: the type of box, one of :data:`MODELS`.
    :param clock: its time.
    :param old: True: an early firmware, whose lists have line feeds between their items.
    """

    def __init__(self, model: Model, clock: Clock, old: bool = False) -> None:
        self.model = model
        self._clock = clock
        self._between = "\n" if old else ", "
        #: What ``SET`` has changed; it outlives the power.
        self.configuration = dict(_NETWORK)
        #: Every command that came, in order, without its end.
        self.commands: list[str] = []
        self._buffer = b""
        self.power_up()
        self._general: dict[str, Callable[[Sequence[str]], Answer]] = {
            "INFO": lambda values: self.model.info,
            "VERSION": lambda values: self._list("UC: 1.12.2", "FPGA: 1.1.9", "IAP: 0.5.5"),
            "TEMP": self._temperatures,
            "VMON": lambda values: self._list("V3.3: 3.30 V", "V5: 5.01 V", "V24: 24.1 V"),
            "REBOOT": self._reboot,
            "SLEEP": self._sleep,
            "PHRESET": self._phase_reset,
            "SYNC": self._sync,
            "CLKSRC": self._clock_source,
            "CLKDIAG": lambda values: self._list(
                "Reference: OK LOCKED", "System: OK LOCKED", "DDS: OK LOCKED", "SYNC: OK LOCKED"
            ),
            "SET": self._set,
            "GET": self._get,
            "TABLE": lambda values: self.tables.run(values),
            "EXTIO": self._digital,
        }
        if model.quad:
            self._general["ALIGNPH"] = self._align
            del self._general["PHRESET"], self._general["SYNC"]

    def power_up(self) -> None:
        """All is as at the first start, silent; also after a cut of the power."""
        self.channels = [Channel(self.model, self._clock) for _ in range(self.model.channels)]
        self.tables = Tables(self.channels)
        self.clock_source = "INTERNAL"
        self.synchronised = False
        self.digital: dict[str, str] = {}
        self._buffer = b""

    def tone(self, channel: int) -> Tone:
        """What ``channel`` (from 0) puts out now."""
        return self.channels[channel].tone()

    # -- the stream -------------------------------------------------------------------------------

    def connect(self) -> bytes:
        """A new connection: what an earlier one left half-way is forgotten."""
        self._buffer = b""
        self.tables.upload = None
        return b""

    def receive(self, data: bytes) -> bytes:
        """Take bytes in any chunking; returns what the box sends back."""
        self._buffer += data
        answers = b""
        while True:
            upload = self.tables.upload
            if upload is not None:
                if len(self._buffer) < upload.size:
                    return answers
                table, self._buffer = self._buffer[: upload.size], self._buffer[upload.size :]
                answers += self._answer(lambda: self.tables.uploaded(table))  # noqa: B023
                continue
            line, end, rest = self._buffer.partition(_END)
            if not end:
                if len(self._buffer) > MAX_LINE:
                    self._buffer = b""
                    answers += b"ERR: Command too long" + _END
                return answers
            self._buffer = rest
            answers += self._command(line)

    def _command(self, line: bytes) -> bytes:
        if len(line) > MAX_LINE:
            return b"ERR: Command too long" + _END
        text = line.decode("ascii", "replace").strip()
        if not text:
            return b""
        self.commands.append(text)
        name, *values = [part.strip() for part in text.split(",")]
        return self._answer(lambda: self._run(name.upper(), values))

    def _answer(self, command: Callable[[], Answer | None]) -> bytes:
        try:
            answer = command()
        except Refused as refused:
            answer = f"ERR: {refused}"
        if answer is None:
            return b"Command not defined" + _END
        if isinstance(answer, bytes) or not answer:
            return answer or b""
        return answer.encode() + _END

    def _run(self, name: str, values: Sequence[str]) -> Answer | None:
        """The answer to a command; None if there is no such command, "" if none comes."""
        name = control.SYNONYMS.get(name, name)
        if name in self._general:
            return self._general[name](values)
        if name == "STATUS" and not values:
            return self._list(*(
                f"CH{n}: {control.status(channel, n, ())}"
                for n, channel in enumerate(self.channels, 1)
            ))  # fmt: skip
        if name == "PID":
            index = self.tables.number(values[1:])
            rest = [*values[:1], *values[2:]]
            return control.pid(self.channels[index - 1], index, rest)
        if name == "CLOCK":
            self.tables.number(values)
            return f"{self.model.sysclk / 1e6:.6f} MHz"
        if name not in control.COMMANDS:
            return None
        index = self.tables.number(values)
        return control.COMMANDS[name](self.channels[index - 1], index, values[1:])

    # -- commands of the whole box ----------------------------------------------------------------

    def _list(self, *items: str) -> str:
        return self._between.join(items)

    def _temperatures(self, values: Sequence[str]) -> str:
        if self.model.quad:
            return "36.5 C"
        return self._list("T1: 36.5 C", "T2: 37.0 C", "FAN1: 3000 RPM", "FAN2: 3000 RPM")

    def _reboot(self, values: Sequence[str]) -> str:
        """The connections are closed, so that there may be no answer."""
        self.power_up()
        return ""

    def _sleep(self, values: Sequence[str]) -> str:
        self._clock.sleep(whole(values[0] if values else "", 0, 60_000) * 1e-3)
        return "OK"

    def _phase_reset(self, values: Sequence[str]) -> str:
        for channel in self.channels:
            channel.reset_phase()
        return "OK: Phase reset"

    def _align(self, values: Sequence[str]) -> str:
        numbers = [self.tables.number([value]) for value in values]
        for number in numbers or range(1, len(self.channels) + 1):
            self.channels[number - 1].reset_phase()
        return "OK: Phases aligned"

    def _sync(self, values: Sequence[str]) -> str:
        if values:
            self.synchronised = switch(values[0])
            return "OK"
        return on_off(self.synchronised)

    def _clock_source(self, values: Sequence[str]) -> str:
        """``CLKSRC[,INT|EXT][,N]``: N is the multiplier, or for a QRF the frequency in MHz. The
        outputs go on with whatever clock that is."""
        if not values:
            return self.clock_source
        source = values[0].upper()
        if source == "INT":
            self.clock_source = "INTERNAL"
            return "OK"
        if source != "EXT" or len(values) < 2:
            raise Refused("Invalid clock source")
        if self.model.quad:
            if values[1] not in _EXTERNAL_MHZ:
                raise Refused(f"Invalid clock frequency, {values[1]}")
        elif values[1] != "0":
            whole(values[1], 12, 127)
        self.clock_source = f"EXTERNAL, {values[1]}"
        return "OK"

    def _set(self, values: Sequence[str]) -> str:
        name = values[0].lower() if values else ""
        if name not in self.configuration or len(values) < 2:
            raise Refused(f"Invalid setting, {name}")
        quoted = values[1].startswith('"') and values[1].endswith('"') and len(values[1]) > 1
        if self.configuration[name].startswith('"') is not quoted:
            raise Refused(f"Invalid value, {values[1]}")
        self.configuration[name] = values[1]
        return "OK"

    def _get(self, values: Sequence[str]) -> str:
        name = values[0].lower() if values else ""
        if name not in self.configuration:
            raise Refused(f"Invalid setting, {name}")
        return self.configuration[name]

    def _digital(self, values: Sequence[str]) -> str:
        """``EXTIO,fn,ch,pin[,...]``: stored."""
        if len(values) < 3:
            raise Refused("Invalid number of arguments")
        name = {"CTRL": "CONTROL"}.get(values[0].upper(), values[0].upper())
        known = ("ENABLE", "DISABLE", "RESET", "MODE", "CONTROL", "WRITE", "READ", "COUNTER")
        if name not in known:
            raise Refused(f"Invalid function, {name}")
        key = f"{self.tables.number(values[1:])},{values[2].upper()}"
        rest = ",".join(values[3:]).upper()
        if name == "READ" or (name in ("MODE", "CONTROL", "COUNTER") and not rest):
            return self.digital.get(f"{'WRITE' if name == 'READ' else name},{key}", "0")
        self.digital[f"{name},{key}"] = rest
        return "OK"


def make_board(
    device: DeviceConfig, channels: tuple[ChannelConfig, ...], clock: Clock
) -> MoglabsBox:
    """The box that a configuration describes."""
    return MoglabsBox(MODELS[device.type], clock)
