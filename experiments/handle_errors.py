"""What can go wrong, and what to do about it, in host code and in kernels.

There are three exceptions. A kernel's ``except`` matches one exact class, so name each; and import
them by name, so that the kernel finds them among the globals of this file.
"""

from artiq.experiment import EnvExperiment, NumberValue, StringValue, kernel

from dds_link.driver import DDSLink, DDSRefused, DDSStateLost, DDSUnavailable


class HandleErrors(EnvExperiment):
    """Handle errors"""

    def build(self):
        self.setattr_device("core")
        self.setattr_device("dds_link")
        # Another client of the same controller, by RPC, to play "somebody else" with.
        self.setattr_device("dds_link_ctl")
        self.setattr_argument("channel", StringValue("cooling"))
        self.setattr_argument("frequency", NumberValue(80e6, unit="MHz", precision=6, min=0.0))
        self.setattr_argument("forbidden", NumberValue(600e6, unit="MHz", precision=6))
        # Nobody listens on TCP port 1.
        self.nowhere = DDSLink(None, host="127.0.0.1", port=1)

    def run(self):
        self.set_dataset("handle_errors.handled", [])
        self.start_over()
        self.on_the_host()
        self.in_a_kernel()

    def on_the_host(self):
        try:
            self.dds_link.set(self.channel, self.forbidden)
        except DDSRefused as error:
            # Nothing changed. The code is stable; the text is for people.
            print(f"{error.code}: {error}")
            self.note("host: refused")
        try:
            self.nowhere.set(self.channel, self.frequency)
        except DDSUnavailable as error:
            # Unless the code is "no_link" at connecting, it may have been applied: look with get().
            print(f"{error.code}: {error}")
            self.note("host: unavailable")
        self.somebody_else_syncs()
        try:
            # Whichever call first knows that phases are no longer what they were is not sent.
            self.dds_link.set(self.channel, phase=0.25)
            self.dds_link.set(self.channel, phase=0.5)
        except DDSStateLost as error:
            # Raised once.
            print(f"{error.code}: {error}")
            self.note("host: state lost")
            self.start_over()

    @kernel
    def in_a_kernel(self):
        try:
            self.dds_link.set(self.channel, self.forbidden)
        except DDSRefused:
            self.note("kernel: refused")
        try:
            self.nowhere.set(self.channel, self.frequency)
        except DDSUnavailable:
            self.note("kernel: unavailable")
        self.somebody_else_syncs()
        try:
            self.dds_link.set(self.channel, phase=0.25)
            self.dds_link.set(self.channel, phase=0.5)
        except DDSStateLost:
            self.note("kernel: state lost")
            self.start_over()

    def start_over(self):
        """Everything that this experiment relies on, in one place."""
        self.dds_link.set(self.channel, self.frequency, amplitude=0.5, phase=0.0)

    def somebody_else_syncs(self):
        self.dds_link_ctl.sync([self.channel])

    def note(self, what):
        print(what)
        self.append_to_dataset("handle_errors.handled", what)
