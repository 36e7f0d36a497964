"""Set one tone on whatever device the controller has: what that can do is asked of it."""

from artiq.experiment import EnvExperiment, NumberValue


class OneToneAnywhere(EnvExperiment):
    """Set a tone on any device"""

    def build(self):
        self.setattr_device("dds_link")
        self.setattr_argument("channel", NumberValue(0, precision=0, step=1, scale=1, min=0))
        self.setattr_argument(
            "position",
            NumberValue(0.5, precision=4, min=0.0, max=1.0),
            tooltip="Between the lowest (0) and the highest (1) frequency of the channel",
        )
        self.setattr_argument(
            "level",
            NumberValue(0.5, precision=4, min=0.0, max=1.0),
            tooltip="Of the channel's largest amplitude",
        )

    def run(self):
        known = self.dds_link.describe()
        channel = known["channels"][int(self.channel)]
        limits = channel["limits"]
        low, high = limits["min_frequency"], limits["max_frequency"]
        wanted = {"frequency": low + self.position * (high - low)}
        # Not every chip can scale its amplitude (an AD9912 cannot), and it would refuse to.
        if "amplitude" in known["capabilities"]:
            wanted["amplitude"] = self.level * limits["max_amplitude"]
        frequency, amplitude, _ = self.dds_link.set(channel["name"], **wanted)
        print(f"{channel['name']} ({channel['chip']}): {frequency!r} Hz, amplitude {amplitude!r}")
        self.set_dataset("one_tone_anywhere.frequency", frequency, unit="MHz")
        self.set_dataset("one_tone_anywhere.amplitude", amplitude)
