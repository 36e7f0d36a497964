"""Devices for ARTIQ's device_db: :class:`DDSLink`, a controller; :class:`DDSChannel`, one channel.

Experiments call them from host code and from kernels alike; from a kernel each call is an RPC. What
a kernel may call has a return annotation that every version of ARTIQ knows, what a kernel may read
has the same type in every instance, and everything else is behind one private attribute.

A call acts when it is executed, not at ``now_mu()``. In a kernel, therefore::

    self.core.wait_until_mu(now_mu())   # let the events so far happen first
    self.dds_cooling.set(80*MHz)
    self.core.break_realtime()          # the call took time: make slack again

It has no place in ``core_dma.record`` (it acts while recording, never on playback), nor in
``parallel``. An omitted value stays as it is.
"""

from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, SupportsFloat, Union

from dds_link.client.frames import Channel
from dds_link.driver_channel import DDSChannel, DDSSwitch
from dds_link.driver_link import HostLink, Place, channel_key
from dds_link.driver_place import JSON_PORT, ControllerPlace, DirectPlace, device_key
from dds_link.errors import DDSLinkError, DDSRefused, DDSStateLost, DDSUnavailable
from dds_link.kernel_language import TBool, TNone, TTone, host_only
from dds_link.model import Receipt

__all__ = [
    "KEEP",
    "DDSChannel",
    "DDSLink",
    "DDSLinkError",
    "DDSRefused",
    "DDSStateLost",
    "DDSSwitch",
    "DDSUnavailable",
]

NAN = float("nan")
KEEP = NAN
"""In a list of :meth:`DDSLink.set_many`: leave this value as it is. Kernels can name it."""


class DDSLink:
    """A controller, with all its channels.

    It connects at first use. Every error is one of :exc:`.DDSRefused` (nothing changed),
    :exc:`.DDSUnavailable` (it may have been applied) and :exc:`.DDSStateLost` (settings or phases
    were lost since the last call; nothing was sent), and names device_db key, host and port.

    A channel is an index or a configured name.

    :param dmgr: ARTIQ's device manager.
    :param controller: device_db key of the controller; or else:
    :param host: name or address of the controller's JSON port, and
    :param port: that port.
    :param timeout: longest time of one exchange, seconds.
    :param connect_timeout: longest time for each step of connecting, seconds.
    :param on_state_lost: ``"raise"`` :exc:`.DDSStateLost`, or ``"continue"`` and log a warning.
    :raises DDSRefused: ``bad_config``, unless there is either a controller or a host.
    """

    kernel_invariants: Set[str] = set()

    def __init__(
        self,
        dmgr: Any,
        controller: Optional[str] = None,
        host: Optional[str] = None,
        port: int = JSON_PORT,
        timeout: float = 5.0,
        connect_timeout: float = 2.0,
        on_state_lost: str = "raise",
    ) -> None:
        arguments = {
            "controller": controller,
            "host": host,
            "port": port,
            "timeout": timeout,
            "connect_timeout": connect_timeout,
            "on_state_lost": on_state_lost,
        }
        if controller is not None and host is None:
            place: Place = ControllerPlace(dmgr, controller)
        elif host is not None and controller is None:
            place = DirectPlace(host, port)
        else:
            raise DDSRefused("bad_config: a DDSLink needs either a controller or a host")
        self._host = HostLink(
            place,
            dmgr,
            lambda: device_key(self, dmgr, arguments),
            timeout,
            connect_timeout,
            on_state_lost,
        )

    def close(self) -> None:
        """Close the connection. No RF changes; a later call connects again."""
        self._host.close()

    @host_only
    def where(self) -> str:
        """Device_db key, host and port, as error texts have them."""
        return self._host.where()

    # For kernels and host code

    def set(
        self,
        channel: Channel,
        frequency: Optional[SupportsFloat] = None,
        *,
        amplitude: Optional[SupportsFloat] = None,
        phase: Optional[SupportsFloat] = None,
        enabled: Optional[bool] = None,
        attenuation: Optional[SupportsFloat] = None,
    ) -> TTone:
        """Change one channel; what is not given stays.

        :param channel: index or name.
        :param frequency: Hz.
        :param amplitude: fraction of full scale, 0...1.
        :param phase: offset in turns; wraps.
        :param enabled: RF on or off; off keeps the amplitude for on.
        :param attenuation: dB, of the attenuator behind the channel, if there is one.
        :return: ``(frequency, amplitude, phase)`` as achieved; frequency is NaN if the channel was
            never given one.
        """
        with self._host.session() as client:
            receipt = client.set(
                channel_key(channel),
                frequency=frequency,
                amplitude=amplitude,
                phase=phase,
                enabled=enabled,
                attenuation=attenuation,
            )
        achieved = NAN if receipt.frequency is None else float(receipt.frequency)
        return achieved, float(receipt.amplitude), float(receipt.phase)

    def set_many(
        self,
        channels: Sequence[Channel],
        frequencies: Optional[Sequence[float]] = None,
        amplitudes: Optional[Sequence[float]] = None,
        phases: Optional[Sequence[float]] = None,
        attenuations: Optional[Sequence[float]] = None,
    ) -> TNone:
        """Change several channels in one exchange, on one update: all or nothing.

        A NaN (:data:`KEEP`) keeps that value; None, or an empty list, keeps that quantity of all
        channels. (A kernel cannot write ``[]``, because it has no type there: leave it out.)

        :param channels: indices or names, none twice.
        :param frequencies: Hz, one for each channel.
        :param amplitudes: fractions of full scale, one for each channel.
        :param phases: turns, one for each channel.
        :param attenuations: dB, one for each channel; NaN for one without an attenuator.
        """
        columns = {
            "frequency": frequencies,
            "amplitude": amplitudes,
            "phase": phases,
            "attenuation": attenuations,
        }
        with self._host.session() as client:
            client.apply(_rows(channels, columns))

    def sync(self, channels: Optional[Sequence[Channel]] = None) -> TNone:
        """Clear the phase accumulators of some channels, or of all, together on one update."""
        with self._host.session() as client:
            client.sync(None if channels is None else [channel_key(one) for one in channels])

    def kill(self) -> TNone:
        """RF off on every channel, by every means there is; latched until :meth:`arm_rf`."""
        with self._host.session() as client:
            client.kill()

    def arm_rf(self) -> TNone:
        """Lift the latch of :meth:`kill`. Channels stay off until enabled one by one."""
        with self._host.session() as client:
            client.arm_rf()

    def reset(self) -> TNone:
        """Initialise the device again. Phases are lost, here and for everybody else."""
        with self._host.session() as client:
            client.reset()

    def ping(self) -> TBool:
        """Tell whether the device is ready.

        :return: False if the controller answers but its device is missing, starting or faulty.
        """
        with self._host.session() as client:
            return bool(client.ping().get("device") == "ready")

    # For host code

    @host_only
    def apply(self, changes: Iterable[Mapping[str, Any]]) -> List[Receipt]:
        """Change several channels on one update: all or nothing.

        :param changes: dicts ``{"channel": "cooling", "frequency": 80e6, ...}`` with any of
            ``frequency amplitude phase enabled attenuation``, or the words ``ftw pow asf``; no
            channel twice.
        :return: what was really programmed, in the same order.
        """
        with self._host.session() as client:
            return client.apply([_with_key(change) for change in changes])

    @host_only
    def get(
        self, channel: Optional[Channel] = None, verify: bool = False
    ) -> Union[Receipt, List[Receipt]]:
        """What one channel holds, or, as a list, all of them.

        :param verify: read the hardware back and compare.
        """
        with self._host.session() as client:
            if channel is None:
                return client.get(verify=verify)
            return client.get(channel_key(channel), verify=verify)

    @host_only
    def receipt(self, channel: Channel) -> Receipt:
        """What one channel holds, as :meth:`get`."""
        with self._host.session() as client:
            return client.get(channel_key(channel))

    @host_only
    def identify(self) -> Dict[str, Any]:
        """Package, protocol, device, simulation or not, readback or not, uptime, epochs."""
        with self._host.session() as client:
            return client.identify()

    @host_only
    def describe(self) -> Dict[str, Any]:
        """Channels with their limits, resolution and clock; capabilities of the device."""
        with self._host.session() as client:
            return client.describe()


def _with_key(change: Mapping[str, Any]) -> Dict[str, Any]:
    body = dict(change)
    if "channel" in body:
        body["channel"] = channel_key(body["channel"])
    return body


def _rows(
    channels: Sequence[Channel], columns: Mapping[str, Optional[Sequence[float]]]
) -> List[Dict[str, Any]]:
    """Columns as the bodies of an ``apply``.

    :raises DDSRefused: ``bad_command``, if a column is not as long as ``channels``.
    """
    rows: List[Dict[str, Any]] = [{"channel": channel_key(channel)} for channel in channels]
    for quantity, column in columns.items():
        if column is None or len(column) == 0:
            continue
        if len(column) != len(rows):
            text = "bad_command: {} channels, but {} values of {}"
            raise DDSRefused(text.format(len(rows), len(column), quantity))
        for row, value in zip(rows, column):
            if value == value:  # NaN alone is not equal to itself
                row[quantity] = value
    return rows
