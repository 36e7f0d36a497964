"""The serial port of an AD9959 in each of its modes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.twins.ad9959_serial import WIDTHS, SerialPort


class Log:
    """Registers that remember what the port did."""

    def __init__(self, lanes: int = 1, lsb_first: bool = False) -> None:
        self.lanes = lanes
        self.lsb_first = lsb_first
        self.sdo = True
        self.done: list[tuple[int, int | None]] = []

    def read(self, address: int) -> int:
        self.done.append((address, None))
        return 0x5A5A5A5A & (1 << WIDTHS[address]) - 1

    def write(self, address: int, value: int) -> None:
        self.done.append((address, value))


def whole(port: SerialPort, data: str) -> bytes:
    frame = bytes.fromhex(data)
    return port.transfer(frame, 8 * len(frame))


def test_widths() -> None:
    """CSR, FR1, FR2, CFR, CFTW0, CPOW0, ACR, LSRR, RDW, FDW, CW1 to CW15."""
    assert [width // 8 for width in WIDTHS[:0x19]] == [1, 3, 2, 3, 4, 2, 3, 2, 4, 4] + 15 * [4]
    assert len(WIDTHS) == 32


def test_a_tone_comes_in_and_goes_out() -> None:
    log = Log()
    port = SerialPort(log)
    whole(port, "00 12 04 05 1E B8 52 05 00 00 06 00 13 FF")
    assert log.done == [(0, 0x12), (4, 0x051EB852), (5, 0), (6, 0x0013FF)]
    assert whole(port, "00 12 86 00 00 00") == bytes.fromhex("00 00 00 5A 5A 5A")


def spread(data: str, lanes: int) -> bytes:
    """What a host that drives all pins would send on SDIO_0 alone: every ``lanes``-th bit."""
    bits = f"{int(data.replace(' ', ''), 16):0{4 * len(data.replace(' ', ''))}b}"
    ones = bits[lanes - 1 :: lanes]
    return int(ones, 2).to_bytes(len(ones) // 8, "big")


@pytest.mark.parametrize("lanes", [2, 4])
def test_several_bits_come_with_each_clock(lanes: int) -> None:
    """What SDIO_0 says is right, the other pins are low."""
    log = Log(lanes)
    port = SerialPort(log)
    # 40 bits in 40 / lanes clocks: only bits at SDIO_0 may be set. 0x11 is CW8.
    port.transfer(spread("11 11 11 11 11 00 00 00", lanes), 40 // lanes)
    assert log.done == [(0x11, 0x11111111)]
    assert port.in_step


@pytest.mark.parametrize(("lsb_first", "value"), [(False, 0b00_01_00_00), (True, 0b00_00_01_00)])
def test_sdio_0_is_the_lowest_bit_of_a_clock(lsb_first: bool, value: int) -> None:
    log = Log(2, lsb_first)
    # CSR in four clocks, then its data: a 1 in the second of four pairs.
    SerialPort(log).transfer(bytes([0b0000_0100]), 8)
    assert log.done == [(0, value)]


def test_nothing_is_seen_of_an_answer_on_several_pins() -> None:
    log = Log(4)
    port = SerialPort(log)
    assert port.transfer(bytes(4), 32) == bytes(4)  # instruction 00 00 each 4 clocks


def test_a_cut_off_cycle_keeps_its_mode() -> None:
    log = Log(2)
    port = SerialPort(log)
    port.transfer(b"\0", 2)
    log.lanes = 1
    port.transfer(b"\0", 6)
    assert log.done == [(0, 0)]
    assert port.in_step


@given(st.lists(st.binary(max_size=10), max_size=5), st.booleans())
def test_whole_bytes_are_only_faster(frames: "list[bytes]", lsb_first: bool) -> None:
    class BitByBit(SerialPort):
        bytewise = False

    logs = Log(1, lsb_first), Log(1, lsb_first)
    fast, slow = SerialPort(logs[0]), BitByBit(logs[1])
    for data in frames:
        assert fast.transfer(data, 8 * len(data)) == slow.transfer(data, 8 * len(data))
    assert logs[0].done == logs[1].done
