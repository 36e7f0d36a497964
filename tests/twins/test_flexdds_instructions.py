"""Instructions of the DCP: every form that public clients of a FlexDDS-NG send, and bad ones."""

import pytest

from dds_link.twins.flexdds_instructions import (
    Instruction,
    Register,
    Spi,
    Update,
    Wait,
    number,
    parse,
)

#: What is sent, by whom, and what it means.
UNDERSTOOD: list[tuple[str, Instruction]] = [
    # rydyb/flexdds
    ("spi:cfr2=0x01400820", Spi(0x01, 0x01400820, True)),
    ("update:u", Update(("u",))),
    # QuTech-Delft/QMI and its tests
    ("spi:CFR1=0x410002:w", Spi(0x00, 0x410002, True)),
    ("spi:STP0=0x3999199a1999999a:w", Spi(0x0E, 0x3999199A1999999A, True)),
    ("spi:STP0=0x1234:c", Spi(0x0E, 0x1234, False)),
    ("wr:AM_O1=0x3e666", Register(0x104, 0x3E666)),
    ("wr:CFG_BNC_A=0x321", Register(0x080, 0x321)),
    # PancakeFriday/wieserlabsdds
    ("spi:stp0=0x3fff_0000_01cfc183", Spi(0x0E, 0x3FFF000001CFC183, True)),
    ("spi:CFR2=0b00000000_00000000_01010000", Spi(0x01, 0x50, True)),
    ("spi:RAMB=0:c", Spi(0x16, 0, False)),
    ("spi:RAM64E=0x0000ffff_00000001", Spi(0x19, 0x0000FFFF00000001, True)),
    ("update:u-d", Update(("u", "-d"))),
    ("update:=1p", Update(("=1p",))),
    ("wait:125h:", Wait(1000, (), False, None)),
    ("wait:1000:", Wait(1024000, (), False, None)),
    ("wait:1000:3,35", Wait(1024000, (3, 35), False, None)),
    # drewrotunno/FlexDDS
    ("spi:STP7=0x3FFF400019999999", Spi(0x15, 0x3FFF400019999999, True)),
    ("wait::15", Wait(None, (15,), False, None)),
    ("wait::15&3", Wait(None, (15, 3), True, None)),
    ("wait::16:u", Wait(None, (16,), False, Update(("u",)))),
    ("update:+p", Update(("+p",))),
    ("update:^h", Update(("^h",))),
    # others
    ("wait::BNC_IN_A_RISING", Wait(None, (3,), False, None)),
    ("wr:0x082=0x300", Register(0x082, 0x300)),
    ("wr:AM_S0=-0x10", Register(0x100, 0xFFFFFFF0)),
]


@pytest.mark.parametrize(("text", "meaning"), UNDERSTOOD)
def test_what_clients_send(text: str, meaning: Instruction) -> None:
    found = parse(text)
    assert found == meaning
    assert type(found) is type(meaning)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "unknown dcp command"),
        ("flash", "unknown dcp command"),
        ("flash:u", "unknown dcp instruction"),
        ("spi:CFR3=0x1", "bad number or name"),  # the box sets up the clock, nobody else
        ("spi:0x02=0x1", "unknown name"),
        ("spi:STP0", "bad number or name"),
        ("spi:STP0=", "bad number or name"),
        ("spi:STP0=0x", "bad number or name"),
        ("spi:STP0=0xG", "bad number or name"),
        ("spi:STP0=1.5", "bad number or name"),
        ("spi:STP0=0x10000_0000_00000000", "value too wide"),
        ("spi:POW=0x10000", "value too wide"),
        ("spi:POW=-1", "value too wide"),
        ("spi:POW=0:x", "a write ends in :w or :c"),
        ("update:", "bad update"),
        ("update:x", "bad update"),
        ("update:uu+", "bad update"),
        ("update:=8p", "bad update"),
        ("update::immediate", "bad update"),
        ("wait:1s:", "bad time"),
        ("wait:16777216:", "bad time"),
        ("wait::NEVER", "bad number or name"),
        ("wait::99", "unknown name"),
        ("wait::3:x", "bad update"),
        ("wr:CFG_NOTHING=1", "bad number or name"),
        ("wr:CFG_OSK=high", "bad number or name"),
    ],
)
def test_what_is_none(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(text)


def test_the_longest_wait() -> None:
    found = parse("wait:16777215:")
    assert isinstance(found, Wait)
    assert found.nanoseconds == 17_179_868_160


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("0010", 10), ("0X1f", 31), ("0B1_0", 2), ("-0b11", -3)]
)
def test_numbers(text: str, value: int) -> None:
    assert number(text) == value
