"""One channel, with the interface of ARTIQ's ``AD9910``.

Code written for an Urukul channel runs on this one, with two differences: an omitted value stays as
it is, and a call acts when it is executed, not at ``now_mu()``.
"""

from typing import Any, Optional, Set, SupportsFloat, SupportsInt

from dds_link.client.frames import Channel
from dds_link.driver_host import (
    DEFAULT_PHASE_MODE,
    DEFAULT_PROFILE,
    DEFAULT_RAM_DESTINATION,
    DEFAULT_REF_TIME,
    HostChannel,
)
from dds_link.driver_place import device_key
from dds_link.errors import DDSRefused, plain_text
from dds_link.kernel_language import TFloat, TInt32, TNone, TTone, TWords, portable
from dds_link.tuning_kernel import (
    amplitude_to_asf,
    asf_to_amplitude,
    frequency_to_ftw,
    ftw_to_frequency,
    kernel_clock,
    pow_to_turns,
    turns_to_pow,
)


class DDSSwitch:
    """The RF switch of a channel. Off keeps the amplitude for on."""

    kernel_invariants: Set[str] = set()

    def __init__(self, channel: HostChannel) -> None:
        self._host = channel

    def on(self) -> TNone:
        """Let RF pass."""
        self._host.change(enabled=True)

    def off(self) -> TNone:
        """Stop RF."""
        self._host.change(enabled=False)


class DDSChannel:
    """One channel of a :class:`.DDSLink`, of any chip.

    Words and conversions are those of an AD9910: 32, 16 and 14 bits.

    :param dmgr: ARTIQ's device manager.
    :param link: device_db key of the :class:`.DDSLink`.
    :param channel: index or name.
    :param sysclk: clock of the DDS core, Hz. Compared with the controller's at first contact.
    :raises DDSRefused: ``bad_config`` for a clock that is none.
    """

    kernel_invariants = {"clock", "scale", "sw", "sysclk"}

    def __init__(self, dmgr: Any, link: str, channel: Channel, sysclk: float = 1e9) -> None:
        arguments = {"link": link, "channel": channel, "sysclk": sysclk}
        try:
            self.clock, self.scale = kernel_clock(sysclk)
        except (TypeError, ValueError) as error:
            raise DDSRefused("bad_config: {}".format(plain_text(str(error)))) from error
        self.sysclk = float(sysclk)
        self._host = HostChannel(
            dmgr.get(link), channel, self.sysclk, lambda: device_key(self, dmgr, arguments)
        )
        self.sw = DDSSwitch(self._host)

    # For kernels and host code

    def init(self, blind: bool = False) -> TNone:
        """Check the link and the clock. Never initialises anything: phases stay.

        :param blind: True: a device that is not ready is no error.
        :raises DDSUnavailable: if the controller does not answer, or its device is not ready.
        :raises DDSRefused: if the controller has no such channel, or another clock for it.
        """
        self._host.check()
        if not blind:
            self._host.require_ready()

    def set(
        self,
        frequency: Optional[SupportsFloat] = None,
        phase: Optional[SupportsFloat] = None,
        amplitude: Optional[SupportsFloat] = None,
        phase_mode: SupportsInt = DEFAULT_PHASE_MODE,
        ref_time_mu: SupportsInt = DEFAULT_REF_TIME,
        profile: SupportsInt = DEFAULT_PROFILE,
        ram_destination: SupportsInt = DEFAULT_RAM_DESTINATION,
    ) -> TFloat:
        """Change the tone; what is not given stays. The order is that of ``AD9910.set``.

        The last four are refused unless they are left alone.

        :param frequency: Hz.
        :param phase: offset in turns; wraps.
        :param amplitude: fraction of full scale, 0...1.
        :return: the phase offset as achieved, in turns.
        """
        self._host.refuse_modes(phase_mode, ref_time_mu, profile, ram_destination)
        receipt = self._host.change(frequency=frequency, phase=phase, amplitude=amplitude)
        return float(receipt.phase)

    def get(self, profile: SupportsInt = DEFAULT_PROFILE) -> TTone:
        """What the channel holds, in the order of ``AD9910.get``; kept while it is off.

        :return: ``(frequency, phase, amplitude)``; frequency is NaN if it was never given one.
        """
        self._host.refuse_modes(profile=profile)
        receipt = self._host.receipt()
        frequency = float("nan") if receipt.frequency is None else float(receipt.frequency)
        return frequency, float(receipt.phase), float(receipt.amplitude)

    def set_mu(
        self,
        ftw: Optional[SupportsInt] = None,
        pow_: Optional[SupportsInt] = None,
        asf: Optional[SupportsInt] = None,
        phase_mode: SupportsInt = DEFAULT_PHASE_MODE,
        ref_time_mu: SupportsInt = DEFAULT_REF_TIME,
        profile: SupportsInt = DEFAULT_PROFILE,
        ram_destination: SupportsInt = DEFAULT_RAM_DESTINATION,
    ) -> TInt32:
        """As :meth:`set`, in words; refused for a chip whose words have other widths.

        :param ftw: frequency tuning word, 0...2**31 - 1. A kernel's int32 is negative from there
            on; such a word is at or above half the clock and out of range anyway.
        :param pow_: phase offset word; wraps.
        :param asf: amplitude scale factor, 0...16383.
        :return: the phase offset word as achieved.
        """
        self._host.refuse_modes(phase_mode, ref_time_mu, profile, ram_destination)
        receipt = self._host.change_words(ftw, pow_, asf)
        return int(self.turns_to_pow(receipt.phase))

    def get_mu(self, profile: SupportsInt = DEFAULT_PROFILE) -> TWords:
        """As :meth:`get`, in words.

        :return: ``(ftw, pow_, asf)``; the frequency tuning word is 0 if it was never given one.
        """
        self._host.refuse_modes(profile=profile)
        self._host.require_words()
        receipt = self._host.receipt()
        ftw = 0 if receipt.frequency is None else self.frequency_to_ftw(receipt.frequency)
        asf = self.amplitude_to_asf(receipt.amplitude)
        return int(ftw), int(self.turns_to_pow(receipt.phase)), int(asf)

    def cfg_sw(self, state: bool) -> TNone:
        """Switch RF on or off, as ``sw.on()`` and ``sw.off()``."""
        self._host.change(enabled=state)

    def set_att(self, att: SupportsFloat) -> TNone:
        """Set the attenuator behind the channel, as ``AD9910.set_att``.

        :param att: attenuation in dB; the nearest step counts, of two the larger one.
        :raises DDSRefused: ``unsupported`` without an attenuator, ``out_of_range`` beyond its
            limits.
        """
        self._host.change(attenuation=att)

    def get_att(self) -> TFloat:
        """Attenuation in dB, as ``AD9910.get_att``; kept while RF is killed.

        :raises DDSRefused: ``unsupported`` without an attenuator.
        """
        return self._host.attenuation()

    # Conversions: compiled into kernels, the same bits as dds_link.tuning

    @portable
    def frequency_to_ftw(self, frequency: TFloat) -> TInt32:
        """Frequency tuning word nearest to ``frequency``, in Hz.

        :raises ValueError: below 0 or at or above half of sysclk.
        """
        return frequency_to_ftw(frequency, self.clock, self.scale)

    @portable
    def ftw_to_frequency(self, ftw: TInt32) -> TFloat:
        """Frequency in Hz that ``ftw`` means."""
        return ftw_to_frequency(ftw, self.clock, self.scale)

    @portable
    def turns_to_pow(self, turns: TFloat) -> TInt32:
        """Phase offset word nearest to ``turns``; it wraps.

        :raises ValueError: for NaN and infinity.
        """
        return turns_to_pow(turns)

    @portable
    def pow_to_turns(self, pow_: TInt32) -> TFloat:
        """Phase in turns that ``pow_`` means."""
        return pow_to_turns(pow_)

    @portable
    def amplitude_to_asf(self, amplitude: TFloat) -> TInt32:
        """Amplitude scale factor nearest to ``amplitude``, a fraction of full scale.

        :raises ValueError: outside 0...1.
        """
        return amplitude_to_asf(amplitude)

    @portable
    def asf_to_amplitude(self, asf: TInt32) -> TFloat:
        """Fraction of full scale that ``asf`` means."""
        return asf_to_amplitude(asf)
