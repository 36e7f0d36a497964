"""Rabi flops: one batch of tones a shot, and pulses that the core device times.

A call to the DDS takes milliseconds from a kernel, more or less. So it never times a pulse: all
tones of a shot are set ahead of it, in one call, and TTL switches let them through.
"""

from artiq.experiment import (
    EnvExperiment,
    NumberValue,
    RangeScan,
    Scannable,
    TInt32,
    delay,
    kernel,
    now_mu,
    us,
)


class RabiShots(EnvExperiment):
    """Rabi flops"""

    def build(self):
        self.setattr_device("core")
        self.setattr_device("dds_link")
        self.setattr_device("ttl_cooling")
        self.setattr_device("ttl_raman")
        self.setattr_argument("shots", NumberValue(10, precision=0, step=1, scale=1, min=1))
        self.setattr_argument(
            "durations", Scannable(RangeScan(1e-6, 20e-6, 5), unit="us", precision=3)
        )
        self.setattr_argument("cooling", NumberValue(80e6, unit="MHz", precision=6, min=0.0))
        self.setattr_argument("raman", NumberValue(150e6, unit="MHz", precision=6, min=0.0))
        self.setattr_argument("amplitude", NumberValue(0.5, precision=4, min=0.0, max=1.0))

    def prepare(self):
        self.pulses = list(self.durations)
        self.bright = [0 for _ in self.pulses]

    def run(self):
        self.scan()
        self.set_dataset("rabi_shots.duration", self.pulses, unit="us")
        self.set_dataset("rabi_shots.bright", self.bright)

    @kernel
    def scan(self):
        self.core.reset()
        for i in range(len(self.pulses)):
            bright = 0
            for shot in range(self.shots):
                # Every other shot with the opposite phase, against slow drifts.
                bright += self.shoot(self.pulses[i], 0.5 * (shot % 2))
            self.bright[i] = bright

    @kernel
    def shoot(self, duration, phase) -> TInt32:
        # One call for all tones of the shot, while both switches are closed.
        self.core.wait_until_mu(now_mu())
        self.dds_link.set_many(
            ["cooling", "raman"],
            [self.cooling, self.raman],
            [self.amplitude, self.amplitude],
            [0.0, phase],
        )
        self.core.break_realtime()
        # From here on time is the core device's, to the nanosecond.
        self.ttl_cooling.pulse(200 * us)
        delay(10 * us)
        self.ttl_raman.pulse(duration)
        delay(10 * us)
        return self.detect()

    @kernel
    def detect(self) -> TInt32:
        """Put your detector here: a gate and ``count`` of a photomultiplier, say."""
        delay(50 * us)
        return 0
