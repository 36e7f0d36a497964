"""The RPC target: the client's verbs for sipyco, plain dicts in and out.

ARTIQ's manual calls this object the driver; here the experiment's side is called so
(:mod:`dds_link.driver`). sipyco documents every method by ``annotation.__name__``, so annotations
are plain names: no ``None``, no unions, no future import.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from dds_link.errors import WireError
from dds_link.protocol.codec import command_of
from dds_link.service.events import Session
from dds_link.service.service import Service

TARGET = "dds_link"


class RPCTarget:
    """DDS RF sources of one controller. Frequencies are in Hz, amplitudes in fractions of full
    scale, phases in turns. A refused command raises ValueError("code: text")."""

    def __init__(self, service: Service, json_port: Callable[[], int]):
        self._service = service
        self._json_port = json_port
        self._session = Session(peer="rpc")

    def ping(self) -> bool:
        """True: the controller is alive. What the device is doing, identify tells."""
        return True

    def json_port(self) -> int:
        """TCP port of the JSON protocol, on the addresses of this one."""
        return self._json_port()

    async def hello(self, name: Any = None, rid: Any = None) -> dict[str, Any]:
        """Name this connection in events and records."""
        return await self._dict("hello", client=name, rid=rid)

    async def identify(self) -> dict[str, Any]:
        """Package, version, device type, simulation or not, epochs."""
        return await self._dict("identify")

    async def describe(self) -> dict[str, Any]:
        """Channels with limits and resolution, and capabilities."""
        return await self._dict("describe")

    async def set(
        self,
        channel: Any,
        frequency: Any = None,
        amplitude: Any = None,
        phase: Any = None,
        enabled: Any = None,
        ftw: Any = None,
        pow: Any = None,
        asf: Any = None,
        attenuation: Any = None,
    ) -> dict[str, Any]:
        """Set what is given of one channel and leave the rest; returns what was programmed.

        :param channel: index or name.
        :param frequency: Hz, or the word ftw in its place.
        :param amplitude: fraction of full scale, 0...1, or the word asf.
        :param phase: turns, or the word pow.
        :param enabled: False switches off and keeps the amplitude for on.
        :param attenuation: dB, of the attenuator behind the channel, if there is one.
        """
        return await self._dict(
            "set", channel=channel, frequency=frequency, amplitude=amplitude, phase=phase,
            enabled=enabled, ftw=ftw, pow=pow, asf=asf, attenuation=attenuation,
        )  # fmt: skip

    async def apply(self, changes: Any) -> list[Any]:
        """Set several channels on one I/O update, all or nothing.

        :param changes: list of dicts with the arguments of set.
        """
        return await self._list("apply", changes=changes)

    async def get(self, channel: Any = None, verify: Any = False) -> Any:
        """What one channel (a dict) or every channel (a list) holds.

        :param verify: True reads the hardware back and compares.
        """
        return await self._execute("get", channel=channel, verify=verify)

    async def sync(self, channels: Any = None) -> list[Any]:
        """Clear the phase accumulators of some or all channels together."""
        return await self._list("sync", channels=channels)

    async def kill(self) -> dict[str, Any]:
        """RF off by every means there is, latched until arm_rf."""
        return await self._dict("kill")

    async def arm_rf(self) -> dict[str, Any]:
        """Lift the latch of kill; the channels stay off until they are enabled one by one."""
        return await self._dict("arm_rf")

    async def reset(self) -> list[Any]:
        """Initialise the device again; phase coherence is lost."""
        return await self._list("reset")

    async def _dict(self, command_id: str, **fields: Any) -> dict[str, Any]:
        result: dict[str, Any] = await self._execute(command_id, **fields)
        return result

    async def _list(self, command_id: str, **fields: Any) -> list[Any]:
        result: list[Any] = await self._execute(command_id, **fields)
        return result

    async def _execute(self, command_id: str, **fields: Any) -> Any:
        command = command_of({"command_id": command_id, **fields})
        ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._service.execute(command, self._session, _setter(ended))
        outcome = await ended
        if isinstance(outcome, WireError):
            raise ValueError("{}: {}".format(outcome.code, outcome.text))
        return msgspec.to_builtins(outcome)


def _setter(future: "asyncio.Future[Any]") -> Callable[[Any, Any], None]:
    """``set_result``, harmless once the caller has gone."""

    def set_result(outcome: Any, ticket: Any) -> None:
        if not future.done():
            future.set_result(outcome)

    return set_result
