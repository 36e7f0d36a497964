"""The serial port with a one-byte instruction, bit by bit; the AD9910's tests say more of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.twins.spi_serial import SerialPort

WIDTHS = [8, 16, 24, 32, 48] + 27 * [32]


class Log:
    """Registers that remember what the port did; register 0 holds the bits that act on it."""

    def __init__(self, lsb_first: bool = False, sdo: bool = True) -> None:
        self.lsb_first = lsb_first
        self.sdo = sdo
        self.content = {
            address: 0x8123456789AB % (1 << width) for address, width in enumerate(WIDTHS)
        }
        self.done: list[tuple[int, int | None]] = []

    def read(self, address: int) -> int:
        self.done.append((address, None))
        return self.content[address]

    def write(self, address: int, value: int) -> None:
        self.done.append((address, value))
        self.content[address] = value
        if address == 0:
            self.lsb_first, self.sdo = bool(value & 1), bool(value & 2)


def test_registers_of_any_width_come_in_and_go_out() -> None:
    log = Log()
    port = SerialPort(log, WIDTHS)
    data = bytes.fromhex("01 BEEF  82 000000  04 112233445566  84 000000000000")
    answer = port.transfer(data, 8 * len(data))
    assert answer == bytes.fromhex("000000 00 6789AB 00000000000000 00 112233445566")
    assert log.done == [(1, 0xBEEF), (2, None), (4, 0x112233445566), (4, None)]
    assert port.in_step


@pytest.mark.parametrize(("widths", "address"), [(WIDTHS, 0x01), (2 * WIDTHS, 0x21)])
@pytest.mark.parametrize("bytewise", [True, False])
def test_how_many_registers_there_can_be_says_how_long_an_address_is(
    widths: list[int], address: int, bytewise: bool
) -> None:
    log = Log()
    port = SerialPort(log, widths)
    port.bytewise = bytewise
    port.transfer(bytes.fromhex("61 BEEF"), 24)
    assert log.done == [(address, 0xBEEF)]


def test_what_a_register_changes_holds_from_the_next_instruction_on() -> None:
    log = Log(sdo=False)
    port = SerialPort(log, WIDTHS)
    data = bytes.fromhex("81 0000  00 02  81 0000  00 03") + bytes([0b10000001, 0, 0])
    answer = port.transfer(data, 8 * len(data))
    # Unseen on the wrong pin; seen; and backwards.
    assert answer == bytes.fromhex("000000 0000 0089AB 0000 00") + bytes([0xD5, 0x91])


@pytest.mark.parametrize("bits", [-1, 17])
def test_more_bits_than_there_are(bits: int) -> None:
    with pytest.raises(ValueError, match=f"{bits} bits of 2 bytes"):
        SerialPort(Log(), WIDTHS).transfer(bytes(2), bits)


class BitByBit(SerialPort):
    bytewise = False


@given(st.lists(st.tuples(st.binary(max_size=12), st.integers(0, 96)), max_size=6), st.booleans())
def test_whole_bytes_are_only_faster(frames: "list[tuple[bytes, int]]", lsb_first: bool) -> None:
    """Whatever comes, the port that takes bytes does what the one that takes bits does."""
    logs = Log(lsb_first), Log(lsb_first)
    fast, slow = SerialPort(logs[0], WIDTHS), BitByBit(logs[1], WIDTHS)
    for data, cut in frames:
        bits = max(0, 8 * len(data) - (cut if cut < 24 else 0))
        assert fast.transfer(data, bits) == slow.transfer(data, bits)
        assert fast.in_step == slow.in_step
    assert logs[0].done == logs[1].done
