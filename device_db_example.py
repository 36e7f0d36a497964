"""An ARTIQ device database for a board of four DDS channels in simulation.

Copy what you need into your ``device_db.py``. To leave the simulation, replace ``--simulation`` by
``--config /path/to/lab.toml`` in the controllers' commands (``examples/`` has such files), and take
your own core device.
"""

device_db = {
    # The controller. artiq_ctlmgr starts it on the machine that has the address of "host".
    "dds_link_ctl": {
        "type": "controller",
        "host": "::1",
        "port": 3293,
        "target_name": "dds_link",
        # artiq_ctlmgr's own back-off has no ceiling; 1.0 keeps it at 5 s.
        "retry_timer_backoff": 1.0,
        "command": "aqctl_dds_link -p {port} --bind {bind} --simulation",
    },
    # All of its channels: self.dds_link.set("cooling", 80*MHz, amplitude=0.5)
    "dds_link": {
        "type": "local",
        "module": "dds_link.driver",
        "class": "DDSLink",
        "arguments": {"controller": "dds_link_ctl"},
    },
    # One device for each channel, to be used like an Urukul's AD9910:
    # self.dds_cooling.set(80*MHz, amplitude=0.5)
    "dds_cooling": {
        "type": "local",
        "module": "dds_link.driver",
        "class": "DDSChannel",
        "arguments": {"link": "dds_link", "channel": "cooling", "sysclk": 1e9},
    },
    "dds_repump": {
        "type": "local",
        "module": "dds_link.driver",
        "class": "DDSChannel",
        "arguments": {"link": "dds_link", "channel": "repump", "sysclk": 1e9},
    },
    "dds_shelving": {
        "type": "local",
        "module": "dds_link.driver",
        "class": "DDSChannel",
        "arguments": {"link": "dds_link", "channel": "shelving", "sysclk": 1e9},
    },
    "dds_raman": {
        "type": "local",
        "module": "dds_link.driver",
        "class": "DDSChannel",
        "arguments": {"link": "dds_link", "channel": "raman", "sysclk": 1e9},
    },
    # Another name for a device: self.cooling is self.dds_cooling.
    "cooling": "dds_cooling",
    # A second board: a controller of its own, on other ports. It may sit on another machine, under
    # the artiq_ctlmgr of that machine.
    "dds_link_b_ctl": {
        "type": "controller",
        "host": "::1",
        "port": 3294,
        "target_name": "dds_link",
        "retry_timer_backoff": 1.0,
        "command": "aqctl_dds_link -p {port} --bind {bind} --json-port 65433 --simulation",
    },
    "dds_link_b": {
        "type": "local",
        "module": "dds_link.driver",
        "class": "DDSLink",
        "arguments": {"controller": "dds_link_b_ctl"},
    },
    "dds_b_cooling": {
        "type": "local",
        "module": "dds_link.driver",
        "class": "DDSChannel",
        "arguments": {"link": "dds_link_b", "channel": "cooling", "sysclk": 1e9},
    },
    # No core device at hand: this one runs kernels on the host, so that they really set tones.
    "core": {
        "type": "local",
        "module": "dds_link.host_core",
        "class": "HostCore",
        "arguments": {},
    },
    # Their pulses are printed, no more.
    "ttl_cooling": {
        "type": "local",
        "module": "artiq.sim.devices",
        "class": "Output",
        "arguments": {"name": "ttl_cooling"},
    },
    "ttl_raman": {
        "type": "local",
        "module": "artiq.sim.devices",
        "class": "Output",
        "arguments": {"name": "ttl_raman"},
    },
    # A dummy core: compiles kernels and executes nothing. Name it "core" for a check of the syntax.
    "core_dummy": {
        "type": "local",
        "module": "artiq.coredevice.core",
        "class": "Core",
        "arguments": {"host": None, "ref_period": 1e-9, "target": "rv32g"},
    },
    # The real ones, in place of those above (your gateware's device_db has the right arguments):
    # "core": {
    #     "type": "local",
    #     "module": "artiq.coredevice.core",
    #     "class": "Core",
    #     "arguments": {"host": "192.168.1.75", "ref_period": 1e-9, "target": "rv32g"},
    # },
    # "ttl_raman": {
    #     "type": "local",
    #     "module": "artiq.coredevice.ttl",
    #     "class": "TTLOut",
    #     "arguments": {"channel": 4},
    # },
}
