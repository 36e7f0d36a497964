"""Kernels that use the driver in every way; compiled by one test and run by another."""

import numpy
from artiq.experiment import (
    EnvExperiment,
    TBool,
    TFloat,
    TInt32,
    TNone,
    delay,
    kernel,
    ms,
    now_mu,
    parallel,
    us,
)

from dds_link.driver import KEEP, DDSRefused, DDSStateLost, DDSUnavailable


class Kernels(EnvExperiment):
    """Two links, two channels, and something to note results in."""

    def build(self):
        self.setattr_device("core")
        self.setattr_device("dds_link")
        self.setattr_device("other_link")
        self.setattr_device("nowhere")
        self.setattr_device("dds_cooling")
        self.setattr_device("other_raman")
        self._seen = []
        self.float_channel = 2.0
        self.int_channel = numpy.int32(2)
        self.long_channel = numpy.int64(2)
        self.nan = float("nan")

    def see(self, value: TFloat) -> TNone:
        self._seen.append(float(value))

    def somebody_else_syncs(self) -> TNone:
        self.other_link.sync(["cooling"])

    @kernel
    def two_links_and_two_channels(self):
        self.core.reset()
        f, a, p = self.dds_link.set("cooling", 80e6, amplitude=0.5, phase=0.25)
        self.see(f)
        self.see(a)
        self.see(p)
        f, a, p = self.other_link.set("repump", 90e6)
        self.see(f)
        self.see(self.dds_cooling.set(81e6, 0.5, 1.0))
        self.see(self.other_raman.set(82e6, 0.75))

    @kernel
    def channels_of_every_kind(self):
        self.dds_link.set(2, 80e6)
        self.dds_link.set("shelving", 81e6)
        self.dds_link.set(self.int_channel, 82e6)
        self.dds_link.set(self.long_channel, 83e6)
        self.dds_link.set(self.float_channel, 84e6)
        for channel in range(4):
            self.dds_link.set(channel, amplitude=0.25)
        for name in ["cooling", "repump"]:
            self.dds_link.set(name, phase=0.5)
        self.dds_link.set_many([0, 1], [85e6, 86e6])
        self.dds_link.set_many(["cooling", "repump"], amplitudes=[0.5, 0.5])

    @kernel
    def what_is_left_out_is_kept(self):
        self.dds_link.set("cooling", 80e6, amplitude=0.5, phase=0.25, enabled=True)
        self.dds_link.set("cooling", enabled=False)
        self.dds_link.set("cooling", None, amplitude=None, enabled=True)
        self.dds_link.set_many(["cooling", "repump"], [KEEP, 90e6], [self.nan, 0.1], None)
        self.dds_link.set_many(["repump"], phases=[0.75])

    @kernel
    def words(self):
        self.dds_cooling.init()
        self.other_raman.init(blind=True)
        ftw = self.dds_cooling.frequency_to_ftw(80e6)
        pow_ = self.dds_cooling.turns_to_pow(0.25)
        asf = self.dds_cooling.amplitude_to_asf(0.5)
        pow_ = self.dds_cooling.set_mu(ftw, pow_, asf)
        f, p, a = self.dds_cooling.get_mu()
        self.other_raman.set_mu(f, pow_=p + pow_, asf=a)
        f, p, a = self.other_raman.get_mu()
        self.see(self.other_raman.ftw_to_frequency(f))
        self.see(self.other_raman.pow_to_turns(p))
        self.see(self.other_raman.asf_to_amplitude(a))
        frequency, phase, amplitude = self.other_raman.get()
        self.see(frequency)
        self.see(phase)
        self.see(amplitude)

    @kernel
    def switches(self):
        self.dds_cooling.set(80e6, 0.0, 0.5)
        self.dds_cooling.sw.off()
        self.other_raman.sw.on()
        self.other_raman.cfg_sw(False)

    @kernel
    def attenuators(self):
        self.core.reset()
        self.dds_cooling.set_att(20.0)
        self.see(self.dds_cooling.get_att())
        for step in range(3):
            self.other_raman.set_att(10.0 + 0.5 * step)
        self.see(self.other_raman.get_att())
        self.dds_link.set("repump", 200e6, attenuation=12.5)
        self.dds_link.set_many(["cooling", "repump"], attenuations=[KEEP, 13.0])
        try:
            self.dds_cooling.set_att(1.0)
        except DDSRefused:
            self.see(1.0)

    @kernel
    def verbs_of_a_link(self):
        if self.dds_link.ping():
            self.see(1.0)
        self.dds_link.set("cooling", 80e6, amplitude=0.5)
        self.dds_link.sync()
        self.dds_link.sync(["cooling", "repump"])
        self.dds_link.sync([0, 1])
        self.dds_link.reset()
        self.dds_link.kill()
        self.dds_link.arm_rf()

    @kernel
    def each_exception_by_name(self):
        try:
            self.dds_link.set("cooling", 600e6)
        except DDSRefused:
            self.see(1.0)
        try:
            self.nowhere.set("cooling", 80e6)
        except DDSUnavailable:
            self.see(2.0)
        self.dds_link.set("cooling", 80e6)
        self.somebody_else_syncs()
        try:
            self.dds_link.set("cooling", 81e6)
            self.dds_link.set("cooling", 82e6)
        except DDSStateLost:
            self.see(3.0)
        try:
            self.dds_cooling.set(80e6, profile=0)
        except DDSRefused:
            self.see(4.0)
        try:
            self.dds_cooling.frequency_to_ftw(600e6)
        except ValueError:
            self.see(5.0)

    @kernel
    def an_exception_that_nobody_catches(self):
        self.dds_link.set("cooling", 600e6)

    @kernel
    def between_events(self):
        self.core.reset()
        start = now_mu()
        for i in range(3):
            self.core.wait_until_mu(now_mu())
            self.dds_cooling.set(80e6 + 1e6 * i)
            self.core.break_realtime()
            with parallel:
                delay(1 * us)
                delay(1 * ms)
        self.see(float(now_mu() - start))
        self.see(self.scaled(3))

    @kernel
    def scaled(self, value: TInt32) -> TFloat:
        if self.is_odd(value):
            return value * 2.0
        return 0.0

    @kernel
    def is_odd(self, value: TInt32) -> TBool:
        return value % 2 == 1
