"""The host half of the driver: one connection to a controller, made at first use.

A kernel never sees any of this: what it reads of a host object is copied back after the kernel, and
would overwrite what its own calls changed meanwhile.
"""

import logging
import os
from contextlib import contextmanager
from threading import Lock
from typing import Any, Callable, Iterator, Optional, Tuple, TypeVar, Union

from dds_link.client import Client
from dds_link.client.frames import Channel
from dds_link.driver_place import ControllerPlace, DirectPlace
from dds_link.errors import DDSLinkError, DDSRefused, DDSStateLost, plain_text

Error = TypeVar("Error", bound=DDSLinkError)
Place = Union[DirectPlace, ControllerPlace]

MAX_LABEL = 64
"""Longest name that ``hello`` takes, in characters."""

_LOGGER = logging.getLogger("dds_link.driver")


class HostLink:
    """A client that connects at first use, and whose errors say whose they are.

    :param place: where the controller is.
    :param dmgr: ARTIQ's device manager, which knows the run number.
    :param own_key: gives the driver's device_db key, for error texts.
    :param timeout: longest time of one exchange, seconds.
    :param connect_timeout: longest time for connecting, seconds.
    :param on_state_lost: ``"raise"`` or ``"continue"``.
    """

    def __init__(
        self,
        place: Place,
        dmgr: Any,
        own_key: Callable[[], str],
        timeout: float,
        connect_timeout: float,
        on_state_lost: str,
    ) -> None:
        self._place = place
        self._dmgr = dmgr
        self._own_key = own_key
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._on_state_lost = on_state_lost
        self._lock = Lock()  # for finding the controller, not for talking to it
        self._client: Optional[Client] = None
        self._address = ("", 0)
        self._is_broken = False
        self._is_greeted = False

    @contextmanager
    def session(self) -> Iterator[Client]:
        """The client. Its exceptions leave with the driver's name and place in them."""
        try:
            yield self._ready_client()
        except DDSLinkError as error:
            self._is_broken = error.code == "no_link"
            raise self._named(error) from error

    def where(self) -> str:
        """Device_db key, host and port, for error texts."""
        key = self._own_key()
        return "{}, {}".format("device_db {!r}".format(key) if key else "a DDSLink", self._place)

    def close(self) -> None:
        """Close the socket, if there is one. No RF changes; the next call connects again."""
        client = self._client
        if client is not None:
            client.close()

    def _ready_client(self) -> Client:
        with self._lock:
            client = self._client
            if client is None or self._is_broken:
                client = self._find()
        if not self._is_greeted:
            client.connect()
            self._is_greeted = True
            if client.identity.get("simulation"):
                _LOGGER.warning("%s is a SIMULATION: no RF comes out", self.where())
        return client

    def _find(self) -> Client:
        """Look where the controller is. It may have moved if its JSON port was chosen freely."""
        address = self._place.locate(self._connect_timeout)
        client, self._is_broken = self._client, False
        if client is not None and self._address == address[:2]:
            return client  # It remembers the epochs, and so notices a restart.
        rid, name = _experiment(self._dmgr)
        try:
            self._client = Client(
                address.host,
                address.port,
                timeout=self._timeout,
                connect_timeout=self._connect_timeout,
                name=name,
                rid=rid,
                on_state_lost=self._on_state_lost,
                ssl=address.tls,
            )
        except (TypeError, ValueError) as error:
            raise DDSRefused("bad_config: {}".format(plain_text(str(error)))) from error
        self._address = address[:2]
        if client is not None:
            client.close()
            self._moved()
        return self._client

    def _moved(self) -> None:
        """A controller at another port is another process: nothing is as it was."""
        text = "the controller restarted since the last call, at another JSON port"
        if self._on_state_lost == "raise":
            raise DDSStateLost(
                "state_lost: {}. Nothing was sent; set the channels again, then go on".format(text)
            )
        _LOGGER.warning("state_lost: %s: %s", self.where(), text)

    def _named(self, error: Error) -> Error:
        """The same error, with our place in it, and how to start a controller that is gone."""
        hint = self._place.start_hint() if error.code == "no_link" else ""
        text = "{} ({}) {}".format(error, plain_text(self.where()), plain_text(hint))
        return type(error)(text.rstrip())


def _experiment(dmgr: Any) -> Tuple[Optional[int], Optional[str]]:
    """Run number and file name of the experiment, as far as the device manager tells."""
    scheduler = getattr(dmgr, "virtual_devices", {}).get("scheduler")
    rid = getattr(scheduler, "rid", None)
    expid = getattr(scheduler, "expid", None)
    name = None
    if isinstance(expid, dict) and expid.get("file"):
        name = os.path.basename(str(expid["file"]))[:MAX_LABEL]
    return (rid if isinstance(rid, int) else None), name


def channel_key(channel: Channel) -> Channel:
    """``channel``, with a whole float made an index: arguments from a dashboard are floats."""
    if isinstance(channel, float) and channel.is_integer():
        return int(channel)
    return channel
