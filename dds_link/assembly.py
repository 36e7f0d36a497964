"""The composition root: from a configuration to a running service. Nothing else chooses a concrete
device, transport, twin or executor.

Simulation swaps the transport for one that ends in a twin; all else is the same code.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import Any

from dds_link.clock import Clock, RealClock, SimulatedClock
from dds_link.config import Config, load, with_transport
from dds_link.config_keys import Problems
from dds_link.config_rules import Channel, Device
from dds_link.devices import registry as devices
from dds_link.devices.base import ATTACH
from dds_link.errors import ConfigError
from dds_link.service.executor import Executor, InPlace, Worker
from dds_link.service.service import Service
from dds_link.transports import registry as transports
from dds_link.transports.stream_twin import StreamTwinTransport
from dds_link.transports.twin import TwinTransport
from dds_link.twins.base import TextBox


class Assembly:
    """One service with all that is under it. Make it in a running event loop.

    :param config: what to build.
    :param simulation: True puts a twin at the far end, whatever the config says of the transport.
    :param executor: where device calls run; None: in place for memory, else a worker thread.
    :raises ConfigError: for a device type, transport or library that is not there.
    """

    def __init__(self, config: Config, simulation: bool, executor: Executor | None = None) -> None:
        self.config = config
        self.loop = asyncio.get_running_loop()
        self.clock: Clock = SimulatedClock() if simulation else RealClock()
        #: The twin, for tests to look at; None with real hardware.
        self.board: Any = None
        try:
            entry = devices.find(config.device.type)
        except LookupError as error:
            raise ConfigError([f"{config.source}: device.type: {error}"]) from None
        self.transport = self._make_transport(entry, simulation)
        self.device = devices.load(entry.driver)(config.device, config.channels, self.transport)
        if config.device.on_reconnect == "leave" and ATTACH not in self.device.capabilities:
            problem = (
                "device.on_reconnect = 'leave': nothing can be adopted from this device, as "
                'wired; write "restore" or "safe"'
            )
            raise ConfigError([f"{config.source}: {problem}"])
        self._refuse_ignored_attenuators()
        if executor is None:
            executor = self._choose_executor()
        self.service = Service(
            config,
            self.device,
            executor,
            interrupt=self.transport.interrupt,
            clock=self.clock,
            call_later=self.loop.call_later,
            simulation=simulation,
        )

    def _make_transport(self, entry: devices.Entry, simulation: bool) -> Any:
        config = self.config
        if simulation:
            make_board = devices.load(entry.board)
            self.board = make_board(config.device, config.channels, self.clock)
            if isinstance(self.board, TextBox):
                return StreamTwinTransport(self.board, self.clock)
            return TwinTransport(self.board, self.clock, readback=config.device.readback)
        try:
            return transports.make_transport(config.device, config.channels, self.clock)
        except ConfigError as error:
            problems = [f"{config.source}: {problem}" for problem in error.problems]
            raise ConfigError(problems) from None

    def _refuse_ignored_attenuators(self) -> None:
        """Somebody relies on what the config says of them, and a third party's driver may not know
        attenuators."""
        config = self.config
        chain = config.device.attenuator.chain if config.device.attenuator else ()
        if any(self.device.channels[index].attenuation is None for index in chain):
            reason = f"the driver of {config.device.type} knows no attenuators; remove it"
            raise ConfigError([f"{config.source}: device.attenuator: {reason}"])

    def _choose_executor(self) -> Executor:
        if not self.transport.blocking:
            return InPlace()
        return Worker(partial(post, self.loop))

    async def stop(self, deadline: float = 10.0) -> bool:
        """Leave the outputs by the stop policy.

        :param deadline: seconds to wait for hardware that hangs.
        :returns: False if it did not end in time.
        """
        ended = asyncio.Event()
        self.service.stop(ended.set)
        try:
            await asyncio.wait_for(ended.wait(), deadline)
        except asyncio.TimeoutError:
            return False
        return True


def load_config(
    path: str | os.PathLike[str], simulation: bool, transport: str | None = None
) -> Config:
    """Read a config file, and check that the device and the transport which it names exist.

    :param simulation: True: its transport, or ``transport``, does not matter.
    :param transport: in place of the one in the file, as ``--device`` asks for.
    :raises ConfigError: with every problem.
    """

    def check(device: Device, channels: list[Channel], problems: Problems) -> None:
        place = problems
        if transport and not simulation:
            place = Problems(f"{problems.source} with --device {transport}")
            device["transport"] = transport
        devices.check(device, channels, problems)
        if simulation:
            return
        transports.check(device, channels, place)
        if place is not problems:
            problems.found += place.found

    config = load(path, check)
    return with_transport(config, transport) if transport and not simulation else config


def post(loop: asyncio.AbstractEventLoop, call: Callable[..., Any], *arguments: Any) -> None:
    """Hand a call to the loop, from any thread; after the loop's end nobody waits for it."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(call, *arguments)
