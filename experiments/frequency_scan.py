"""Scan a channel's frequency, in the order that the dashboard was asked for."""

import numpy as np
from artiq.experiment import EnvExperiment, NumberValue, RangeScan, Scannable, StringValue


class FrequencyScan(EnvExperiment):
    """Scan a frequency"""

    def build(self):
        self.setattr_device("dds_link")
        self.setattr_device("scheduler")
        self.setattr_argument("channel", StringValue("cooling"))
        self.setattr_argument("amplitude", NumberValue(0.5, precision=4, min=0.0, max=1.0))
        self.setattr_argument(
            "frequencies",
            Scannable(RangeScan(75e6, 85e6, 21), unit="MHz", precision=6, global_min=0.0),
        )

    def run(self):
        points = len(self.frequencies)
        empty = np.full(points, np.nan)
        self.set_dataset("frequency_scan.frequency", empty.copy(), broadcast=True, unit="MHz")
        self.set_dataset("frequency_scan.result", empty.copy(), broadcast=True)
        self.set_dataset("frequency_scan.progress", 0.0, broadcast=True)
        self.dds_link.set(self.channel, amplitude=self.amplitude)
        for i, wanted in enumerate(self.frequencies):
            # Pause for experiments of higher priority, and let the dashboard end this one.
            if self.scheduler.check_pause():
                self.scheduler.pause()
            frequency, _, _ = self.dds_link.set(self.channel, wanted)
            # The abscissa is what the DDS made, not what was asked for.
            self.mutate_dataset("frequency_scan.frequency", i, frequency)
            self.mutate_dataset("frequency_scan.result", i, self.measure(wanted, frequency))
            self.set_dataset("frequency_scan.progress", (i + 1) / points, broadcast=True)

    def measure(self, wanted, frequency):
        """Put your detector here. Until then: by how much the DDS misses the frequency, in Hz."""
        return frequency - wanted
