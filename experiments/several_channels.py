"""Change several channels at once: all or nothing, on one I/O update."""

from artiq.experiment import EnvExperiment, NumberValue


class SeveralChannels(EnvExperiment):
    """Set several channels at once"""

    def build(self):
        self.setattr_device("dds_link")
        self.setattr_argument("cooling", NumberValue(80e6, unit="MHz", precision=6, min=0.0))
        self.setattr_argument("repump", NumberValue(110e6, unit="MHz", precision=6, min=0.0))
        self.setattr_argument("amplitude", NumberValue(0.3, precision=4, min=0.0, max=1.0))

    def run(self):
        # A list of dicts can change different things of different channels ...
        receipts = self.dds_link.apply(
            [
                {"channel": "cooling", "frequency": self.cooling, "amplitude": self.amplitude},
                {"channel": "repump", "frequency": self.repump, "amplitude": self.amplitude},
                {"channel": "raman", "enabled": False},
            ]
        )
        # ... and what comes back says what each channel holds now.
        for receipt in receipts:
            print(f"{receipt.name}: {receipt.frequency} Hz, enabled: {receipt.enabled}")
            self.set_dataset(f"several_channels.{receipt.name}", receipt.amplitude)
        # After this their phases are known: all accumulators were cleared together.
        self.dds_link.sync(["cooling", "repump"])
        # Columns are shorter, and kernels can use them, too. A column that is left out is kept.
        self.dds_link.set_many(["cooling", "repump"], phases=[0.0, 0.25])
