"""The names of the lines, and the values that operations are."""

from dds_link.transports.base import IO_RESET, IO_UPDATE, MASTER_RESET, Transfer, rf_switch
from dds_link.transports.scripted import ScriptedTransport


def test_names_of_lines() -> None:
    assert [IO_UPDATE, IO_RESET, MASTER_RESET] == ["io_update", "io_reset", "master_reset"]
    assert rf_switch(3) == "rf_switch3"


def test_operations_are_values() -> None:
    assert Transfer(0, b"\1") == Transfer(0, b"\1") != Transfer(1, b"\1")


def test_a_transport_need_not_know_levels() -> None:
    assert ScriptedTransport([]).is_high("rf_switch0") is None
