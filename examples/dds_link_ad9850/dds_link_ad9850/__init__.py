"""Analog Devices AD9850 for dds_link: an example of a device that a third party adds."""

from dds_link.devices.registry import Entry

ENTRY = Entry(
    driver="dds_link_ad9850.driver:AD9850",
    board="dds_link_ad9850.twin:make_board",
    rules="dds_link_ad9850.rules:check",
    simulated="dds_link_ad9850.rules:SIMULATED",
)
"""What the entry point in ``pyproject.toml`` names. The parts are imported when they are needed."""
