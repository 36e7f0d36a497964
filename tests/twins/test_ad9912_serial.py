"""The serial port of an AD9912, bit by bit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.twins.ad9912_serial import SerialPort
from tests.twins.ad9912_frames import frame, reading, single_tone

#: A write that must come through if the port is in step.
GOOD = frame(0x020, 0x12)


class Log:
    """Registers that remember what the port did."""

    def __init__(self, lsb_first: bool = False, sdo: bool = True) -> None:
        self.lsb_first = lsb_first
        self.sdo = sdo
        self.content = {0x003: 0x19, 0x002: 0x82, 0x1A7: 0x0A, 0x1A6: 0x05}
        self.written: list[tuple[int, int]] = []

    def read(self, address: int) -> int:
        return self.content.get(address, 0)

    def write(self, address: int, value: int) -> None:
        self.written.append((address, value))


def whole(port: SerialPort, data: bytes) -> bytes:
    return port.transfer(data, 8 * len(data))


def backwards(data: bytes) -> bytes:
    """The same bits in the other order."""
    bits = f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}"[::-1]
    return int(bits, 2).to_bytes(len(data), "big")


@pytest.mark.parametrize("size", [1, 2, 3, 4, 8])
def test_addresses_go_down(size: int) -> None:
    log = Log()
    port = SerialPort(log)
    assert whole(port, frame(0x1AD, *range(size))) == bytes(2 + size)
    assert log.written == [(0x1AD - place, place) for place in range(size)]
    assert port.in_step


def test_a_tone_is_streamed_from_the_phase_down() -> None:
    log = Log()
    whole(SerialPort(log), single_tone(0x04FA05143BF7, 0x1234))
    values = bytes.fromhex("12 34 04 FA 05 14 3B F7")
    assert log.written == list(zip(range(0x1AD, 0x1A5, -1), values, strict=True))


def test_beyond_the_first_address_comes_the_last() -> None:
    log = Log()
    whole(SerialPort(log), frame(0x001, 1, 2, 3, 4))
    assert [address for address, _ in log.written] == [0x001, 0x000, 0x1FFF, 0x1FFE]


def test_registers_go_out() -> None:
    port = SerialPort(Log())
    assert whole(port, bytes.fromhex("A0 03 00 00")) == bytes.fromhex("00 00 19 82")
    assert whole(port, reading(0x1A9, 4)) == bytes.fromhex("00 00 00 00 0A 05")
    assert port.in_step


def test_on_sdio_the_host_sees_nothing() -> None:
    port = SerialPort(Log(sdo=False))
    assert whole(port, reading(0x003, 2)) == bytes(4)
    assert port.in_step


def test_surplus_bytes_are_the_next_instruction_unless_they_are_streamed() -> None:
    log = Log()
    port = SerialPort(log)
    whole(port, frame(0x020, 0x12) + frame(0x022, 0x05))
    assert log.written == [(0x020, 0x12), (0x022, 0x05)]
    log.written.clear()
    whole(port, bytes.fromhex("60 22 05") + frame(0x010, 0x80))
    assert [address for address, _ in log.written] == [0x022, 0x021, 0x020, 0x01F]


# -- chip select ----------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [bits for bits in range(1, 40) if bits % 8])
def test_within_a_byte_chip_select_drops_the_cycle(bits: int) -> None:
    log = Log()
    port = SerialPort(log)
    port.transfer(frame(0x013, 1, 2, 3), bits)
    assert log.written == [(0x013 - place, place + 1) for place in range((bits - 16) // 8)]
    assert port.in_step
    log.written.clear()
    whole(port, GOOD)
    assert log.written == [(0x020, 0x12)]


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_between_bytes_it_suspends_a_cycle_of_a_known_length(bits: int) -> None:
    log = Log()
    port = SerialPort(log)
    data = frame(0x013, 1, 2, 3)
    port.transfer(data, bits)
    assert not port.in_step
    whole(port, data[bits // 8 :])
    assert log.written == [(0x013, 1), (0x012, 2), (0x011, 3)]
    assert port.in_step


@pytest.mark.parametrize("bits", [16, 24, 48, 72])
def test_between_bytes_it_ends_a_streamed_cycle(bits: int) -> None:
    log = Log()
    port = SerialPort(log)
    port.transfer(single_tone(0, 0), bits)
    assert port.in_step


def test_a_streamed_cycle_may_be_cut_between_its_instruction_bytes() -> None:
    log = Log()
    port = SerialPort(log)
    port.transfer(single_tone(0, 0), 8)
    assert not port.in_step
    whole(port, b"\xad\x12\x34")
    assert log.written == [(0x1AD, 0x12), (0x1AC, 0x34)]


def test_reset() -> None:
    log = Log()
    port = SerialPort(log)
    port.transfer(GOOD, 16)
    port.reset()
    whole(port, GOOD)
    assert log.written == [(0x020, 0x12)]


def test_no_bits_are_nothing() -> None:
    port = SerialPort(Log())
    assert port.transfer(GOOD, 0) == bytes(3)
    assert port.in_step


# -- least significant bit first ------------------------------------------------------------------


def test_lsb_first_everything_is_reversed_and_addresses_go_up() -> None:
    log = Log(lsb_first=True)
    port = SerialPort(log)
    instruction = backwards(frame(0x1A6, 0, 0, 0)[:2])
    whole(port, instruction + b"".join(map(backwards, (b"\x01", b"\x02", b"\x80"))))
    assert log.written == [(0x1A6, 0x01), (0x1A7, 0x02), (0x1A8, 0x80)]
    answer = whole(port, backwards(reading(0x1A6, 2)[:2]) + bytes(2))
    assert answer[2:] == backwards(b"\x05") + backwards(b"\x0a")


def test_the_serial_configuration_reads_the_same_either_way() -> None:
    for lsb_first in (False, True):
        log = Log(lsb_first=lsb_first)
        whole(SerialPort(log), bytes.fromhex("00 00 99"))
        assert log.written == [(0x000, 0x99)]


# -- any bits whatsoever --------------------------------------------------------------------------


@given(st.lists(st.tuples(st.binary(max_size=12), st.integers(0, 96)), max_size=6))
def test_three_short_readings_put_a_port_in_step_whatever_came_before(
    cut: list[tuple[bytes, int]],
) -> None:
    log = Log()
    port = SerialPort(log)
    for data, bits in cut:
        port.transfer(data, min(bits, 8 * len(data)))
    for _ in range(3):
        whole(port, bytes.fromhex("E0 03"))
    log.written.clear()
    assert port.in_step
    whole(port, GOOD)
    assert log.written == [(0x020, 0x12)]
