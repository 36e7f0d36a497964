"""Set one channel and show what the hardware really makes."""

from artiq.experiment import BooleanValue, EnvExperiment, NumberValue, StringValue


class SetTone(EnvExperiment):
    """Set a tone"""

    def build(self):
        self.setattr_device("dds_link")
        self.setattr_argument("channel", StringValue("cooling"))
        self.setattr_argument("frequency", NumberValue(80e6, unit="MHz", precision=6, min=0.0))
        self.setattr_argument("amplitude", NumberValue(0.5, precision=4, min=0.0, max=1.0))
        self.setattr_argument("phase", NumberValue(0.0, precision=5), tooltip="Offset in turns")
        self.setattr_argument("enabled", BooleanValue(True))

    def run(self):
        frequency, amplitude, phase = self.dds_link.set(
            self.channel,
            self.frequency,
            amplitude=self.amplitude,
            phase=self.phase,
            enabled=self.enabled,
        )
        # A DDS has steps: these are the values that it took, exactly.
        print(f"{self.channel}: {frequency!r} Hz, amplitude {amplitude!r}, phase {phase!r} turns")
        self.set_dataset("set_tone.frequency", frequency, unit="MHz")
        self.set_dataset("set_tone.amplitude", amplitude)
        self.set_dataset("set_tone.phase", phase)
