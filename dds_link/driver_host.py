"""The host half of a channel: what kernels never see of a :class:`~dds_link.driver.DDSChannel`."""

from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, SupportsInt

from dds_link.client.frames import Channel, integer
from dds_link.errors import DDSRefused, DDSUnavailable, plain_text
from dds_link.model import Receipt
from dds_link.tuning import Tuning

if TYPE_CHECKING:
    from dds_link.driver import DDSLink

# What artiq.coredevice.ad9910 has, so that code which passes it on keeps working.
DEFAULT_PHASE_MODE = -1
DEFAULT_REF_TIME = -1
DEFAULT_PROFILE = 7
DEFAULT_RAM_DESTINATION = -1


class HostChannel:
    """One channel of a link.

    :param link: the link that it belongs to.
    :param channel: index or name.
    :param sysclk: clock that the device_db claims, Hz.
    :param own_key: gives the device_db key of the channel, for error texts.
    """

    def __init__(
        self, link: "DDSLink", channel: Channel, sysclk: float, own_key: Callable[[], str]
    ) -> None:
        self._link = link
        self._channel = channel
        self._sysclk = sysclk
        self._own_key = own_key
        self._is_checked = False
        self._chip_of_other_words = ""

    def change(self, **quantities: Any) -> Receipt:
        """A ``set``; None is left out."""
        self._check_once()
        return self._link.apply([dict(quantities, channel=self._channel)])[0]

    def change_words(
        self,
        ftw: Optional[SupportsInt],
        pow_: Optional[SupportsInt],
        asf: Optional[SupportsInt],
    ) -> Receipt:
        """A ``set`` of words. POW wraps; a negative FTW is refused with a word about int32."""
        self.require_words()
        if ftw is not None and integer(ftw, "ftw") < 0:
            raise self._refusal(
                "out_of_range",
                "ftw {} (an int32 from 2**31 on) is not below half of sysclk".format(ftw),
            )
        if pow_ is not None:
            pow_ = integer(pow_, "pow_") & 0xFFFF
        return self.change(ftw=ftw, pow=pow_, asf=asf)

    def receipt(self) -> Receipt:
        """A ``get``."""
        self._check_once()
        return self._link.receipt(self._channel)

    def attenuation(self) -> float:
        """What the attenuator behind it is set to, dB.

        :raises DDSRefused: ``unsupported``, if there is none.
        """
        attenuation = self.receipt().attenuation
        if attenuation is None:
            raise self._refusal("unsupported", "there is no attenuator behind this channel")
        return float(attenuation)

    def refuse_modes(
        self,
        phase_mode: SupportsInt = DEFAULT_PHASE_MODE,
        ref_time_mu: SupportsInt = DEFAULT_REF_TIME,
        profile: SupportsInt = DEFAULT_PROFILE,
        ram_destination: SupportsInt = DEFAULT_RAM_DESTINATION,
    ) -> None:
        """Refuse what the AD9910 of an Urukul can do and this channel cannot.

        :raises DDSRefused: ``unsupported``.
        """
        for name, value, default in (
            ("phase_mode", phase_mode, DEFAULT_PHASE_MODE),
            ("ref_time_mu", ref_time_mu, DEFAULT_REF_TIME),
            ("profile", profile, DEFAULT_PROFILE),
            ("ram_destination", ram_destination, DEFAULT_RAM_DESTINATION),
        ):
            if value != default:
                raise self._refusal("unsupported", "{} {}: leave it out".format(name, value))

    def require_ready(self) -> None:
        """Raise :exc:`.DDSUnavailable` unless the device is ready."""
        if not self._link.ping():
            raise DDSUnavailable(
                "device_unavailable: its device is not ready ({})".format(self._where())
            )

    def check(self) -> None:
        """Compare this channel with the controller's.

        :raises DDSRefused: ``no_such_channel``; ``bad_config`` for another clock.
        """
        theirs = self._described()
        if theirs["sysclk"] != self._sysclk:
            text = "sysclk is {:.15g} Hz in the device_db and {:.15g} Hz in the controller"
            raise self._refusal("bad_config", text.format(self._sysclk, theirs["sysclk"]))
        tuning, resolution = Tuning(self._sysclk), theirs["resolution"]
        steps = (tuning.ftw_to_frequency(1), tuning.pow_to_turns(1), tuning.asf_to_amplitude(1))
        same = steps == tuple(resolution[name] for name in ("frequency", "phase", "amplitude"))
        self._chip_of_other_words = "" if same else str(theirs["chip"])
        self._is_checked = True

    def require_words(self) -> None:
        """Refuse words for a chip whose words are not those of an AD9910.

        :raises DDSRefused: ``unsupported``.
        """
        self._check_once()
        if self._chip_of_other_words:
            raise self._refusal(
                "unsupported",
                "words of 32, 16 and 14 bits, and chip {} has others: use set and get".format(
                    self._chip_of_other_words
                ),
            )

    def _check_once(self) -> None:
        if not self._is_checked:
            self.check()

    def _described(self) -> Dict[str, Any]:
        channels = self._link.describe()["channels"]
        for theirs in channels:
            if self._channel in (theirs["name"], theirs["index"]):
                return dict(theirs)
        names = ", ".join(repr(theirs["name"]) for theirs in channels)
        raise self._refusal("no_such_channel", "the controller has {}".format(names))

    def _where(self) -> str:
        key = self._own_key()
        own = "device_db {!r}".format(key) if key else "a DDSChannel"
        return "{}, channel {!r}, of {}".format(own, self._channel, self._link.where())

    def _refusal(self, code: str, text: str) -> DDSRefused:
        return DDSRefused("{}: {} ({})".format(code, plain_text(text), plain_text(self._where())))
