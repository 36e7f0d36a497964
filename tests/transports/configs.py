"""Configurations for the tests of transports."""

from dds_link.config import ChannelConfig, DeviceConfig, Pins

PINS = Pins(
    io_update="gpiochip0:17",
    io_reset="gpiochip0:22",
    master_reset="gpiochip0:27",
    profile=("gpiochip0:5", "gpiochip0:6", "gpiochip0:13"),
)


def device(transport: str = "spidev:0", pins: Pins = PINS, readback: bool = True) -> DeviceConfig:
    return DeviceConfig(
        type="ad9910",
        channels=2,
        refclk=25e6,
        sysclk=1e9,
        transport=transport,
        readback=readback,
        pins=pins,
    )


def channel(
    index: int,
    chip_select: "int | str",
    rf_switch: "str | None" = None,
    on_start: str = "safe",
) -> ChannelConfig:
    return ChannelConfig(
        index=index,
        name=f"channel{index}",
        chip_select=chip_select,
        rf_switch=rf_switch,
        on_start=on_start,
    )
