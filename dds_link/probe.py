"""``aqctl_dds_link --probe``: look at the hardware that a config file describes, from the transport
to the registers, before or beside its first use. It changes no output.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from dds_link.assembly import Assembly
from dds_link.config import Config
from dds_link.devices.base import Finding
from dds_link.errors import ConfigError, DeviceFault, TransportError
from dds_link.service.executor import InPlace

_MARKS = {True: "ok", False: "FAIL", None: "-"}


def probe(config: Config, simulation: bool) -> list[Finding]:
    """Open the hardware, ask it what it is, and let go of it.

    :param simulation: True: ask the twin, as a controller has started it.
    :raises ConfigError: for a device, transport or library that is not there.
    """
    return asyncio.run(_probe(config, simulation))


def report(config: Config, findings: Iterable[Finding]) -> str:
    """What was found, a line for each thing."""
    found = list(findings)
    width = max(len(finding.what) for finding in found)
    lines = [f"{config.source}: {config.device.type}, channels: {config.device.channels}"]
    lines += [f"{_MARKS[each.ok]:4}  {each.what:{width}}  {each.text}" for each in found]
    wrong = sum(finding.ok is False for finding in found)
    lines.append(
        f"{wrong} of these {'is' if wrong == 1 else 'are'} wrong" if wrong else "all is well"
    )
    return "\n".join(lines)


async def _probe(config: Config, simulation: bool) -> list[Finding]:
    found = []
    try:
        assembly = _assemble(_keeping(config), simulation)
    except ConfigError:
        # Some transports cannot keep a level; a config that is wrong is refused here, too.
        assembly = _assemble(config, simulation)
        text = "cannot keep levels: to open it sets the lines low, and switches RF off"
        found.append(Finding("transport", None, text))
    name = "the twin" if simulation else config.device.transport
    device = assembly.device
    try:
        device.open()
    except (TransportError, DeviceFault) as error:
        return [*found, Finding("transport", False, str(error))]
    found.append(Finding("transport", True, f"{name} opens"))
    found += _clocks(config)
    try:
        if simulation:
            device.initialise([info.index for info in device.channels])
        found += device.probe()
    except (TransportError, DeviceFault) as error:
        found.append(Finding("device", False, str(error)))
    finally:
        device.close()
    return found


def _assemble(config: Config, simulation: bool) -> Assembly:
    return Assembly(config, simulation, InPlace())


def _keeping(config: Config) -> Config:
    """The same, but every line keeps its level when it is opened, where that can be."""
    channels = tuple(replace(channel, on_start="keep") for channel in config.channels)
    return replace(config, channels=channels)


def _clocks(config: Config) -> list[Finding]:
    """What the rules of the device have accepted."""
    refclk, sysclk = config.device.refclk, config.device.sysclk
    if not (refclk and sysclk):
        return []
    if refclk == sysclk:
        text = f"the reference of {refclk / 1e6:.12g} MHz is the clock of the DDS core"
    else:
        factor = sysclk / refclk
        text = f"refclk {refclk / 1e6:.12g} MHz times {factor:.9g} is {sysclk / 1e6:.12g} MHz"
    return [Finding("clock", True, f"{text}; the rules of the {config.device.type} allow it")]
