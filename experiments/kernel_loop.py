"""Set tones from a kernel, between events of the core device."""

from artiq.experiment import (
    EnvExperiment,
    NumberValue,
    RangeScan,
    Scannable,
    delay,
    kernel,
    ms,
    now_mu,
)


class KernelLoop(EnvExperiment):
    """Set tones from a kernel"""

    def build(self):
        self.setattr_device("core")
        self.setattr_device("dds_cooling")
        self.setattr_argument("amplitude", NumberValue(0.5, precision=4, min=0.0, max=1.0))
        self.setattr_argument(
            "frequencies",
            Scannable(RangeScan(79e6, 81e6, 5), unit="MHz", precision=6, global_min=0.0),
        )
        self.setattr_argument("dwell", NumberValue(1e-3, unit="ms", precision=3, min=0.0))

    def prepare(self):
        self.points = list(self.frequencies)
        self.words = [0 for _ in self.points]

    def run(self):
        self.dds_cooling.init()
        self.loop()
        self.set_dataset("kernel_loop.ftw", self.words)

    @kernel
    def loop(self):
        self.core.reset()
        for i in range(len(self.points)):
            # A call acts when the CPU gets here, not at now_mu(): first let everything that is on
            # the timeline happen ...
            self.core.wait_until_mu(now_mu())
            self.dds_cooling.set(self.points[i], amplitude=self.amplitude)
            # ... and after it, the cursor is in the past: move it ahead of the clock again.
            self.core.break_realtime()
            # The conversions run on the core device, with the controller's own rounding.
            self.words[i] = self.dds_cooling.frequency_to_ftw(self.points[i])
            delay(self.dwell)
        delay(1 * ms)
