"""The table of a Novatech 409B: how long each entry goes out."""

import pytest

from dds_link.twins.novatech409b_table import END, LENGTH, TRIGGER, Entry, Table


def filled(*dwells: int) -> Table:
    """Entry n of channel 0 has frequency n + 1; the table runs since t = 0."""
    table = Table()
    for address, dwell in enumerate(dwells):
        table.store(0, address, Entry(address + 1, 0, 1023, dwell))
    table.start(0.0)
    return table


def shown(table: Table, now: float, channel: int = 0) -> int:
    entry = table.output(channel, now)
    assert entry is not None
    return entry.ftw


def test_a_dwell_is_so_many_times_100_us() -> None:
    table = filled(1, 5, TRIGGER)
    assert [shown(table, us * 1e-6) for us in (0, 50, 99, 101, 599, 601, 10**9)] == [
        1, 1, 1, 2, 2, 3, 3
    ]  # fmt: skip


def test_after_the_last_entry_it_starts_over() -> None:
    table = filled(1, 2, END)
    assert [shown(table, us * 1e-6) for us in (50, 150, 350, 450, 550)] == [1, 2, 3, 1, 2]


def test_whole_rounds_take_no_time_to_compute() -> None:
    table = filled(1, 2, END)
    assert shown(table, 3.6e6 + 50e-6) == 1  # an hour of 400 us: 9 * 10^9 rounds
    assert shown(table, 3.6e6 + 150e-6) == 2


def test_an_entry_that_waits_is_left_by_a_trigger() -> None:
    table = filled(TRIGGER, 1, TRIGGER)
    assert shown(table, 1.0) == 1
    table.step(2.0, latched=True)
    assert shown(table, 2.0) == 2
    assert shown(table, 2.00015) == 3


def test_a_trigger_may_wait_for_the_other_pin() -> None:
    table = filled(TRIGGER, 1, TRIGGER)
    table.step(2.0, latched=False)
    assert shown(table, 9.0) == 1
    table.latch()
    assert shown(table, 9.0) == 2


def test_what_was_not_entered_is_silent_and_waits() -> None:
    table = filled(1)
    assert shown(table, 1.0) == 0
    assert table.entry(1, 5).text() == "00000000,0000,0000,ff"
    assert shown(table, 0.0, channel=1) == 0


def test_a_table_of_full_length_starts_over_too() -> None:
    table = filled(*[1] * LENGTH)
    assert shown(table, (LENGTH + 0.5) * 100e-6) == 1
    assert shown(table, (7 * LENGTH + 2.5) * 100e-6) == 3


def test_channels_2_and_3_have_no_table() -> None:
    table = filled(1)
    assert table.output(2, 0.0) is None
    table.stop()
    assert table.output(0, 0.0) is None
    table.step(1.0, latched=True)  # nothing runs
    assert table.output(0, 1.0) is None


@pytest.mark.parametrize("dwell", [0, 1, 0xFE, 0xFF])
def test_an_entry_is_read_back_as_it_was_entered(dwell: int) -> None:
    entry = Entry(0x00989680, 0x2000, 0x1F5, dwell)
    assert entry.text() == f"00989680,2000,01f5,{dwell:02x}"
