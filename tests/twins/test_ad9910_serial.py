"""The serial port of an AD9910, bit by bit."""

from hypothesis import given
from hypothesis import strategies as st

from dds_link.twins.ad9910_serial import WIDTHS, SerialPort
from tests.twins.ad9910_frames import FTW, POW, RAM, frame, reading, width


class Log:
    """Registers that remember what the port did."""

    def __init__(self, lsb_first: bool = False, sdo: bool = True) -> None:
        self.lsb_first = lsb_first
        self.sdo = sdo
        self.content = {0x03: 0x0000007F, POW: 0x8001, FTW: 0xDEADBEEF}
        self.written: list[tuple[int, int]] = []
        self.rewinds = 0

    def read(self, address: int) -> int:
        return self.content.get(address, 0)

    def write(self, address: int, value: int) -> None:
        self.written.append((address, value))

    def rewind(self) -> None:
        self.rewinds += 1


def whole(port: SerialPort, data: bytes) -> bytes:
    return port.transfer(data, 8 * len(data))


def backwards(data: bytes) -> bytes:
    """The bits of one byte, or one register, in the other order."""
    bits = f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}"[::-1]
    return int(bits, 2).to_bytes(len(data), "big")


def test_widths() -> None:
    assert [WIDTHS[address] for address in range(32)] == [8 * width(a) for a in range(32)]


def test_a_whole_register_comes_in() -> None:
    log = Log()
    port = SerialPort(log)
    assert whole(port, frame(FTW, 0x12345678)) == bytes(5)
    assert log.written == [(FTW, 0x12345678)]
    assert port.in_step


def test_bits_6_and_5_of_the_instruction_mean_nothing() -> None:
    log = Log()
    whole(SerialPort(log), bytes([0x60 | FTW, 1, 2, 3, 4]))
    assert log.written == [(FTW, 0x01020304)]


def test_a_register_goes_out() -> None:
    port = SerialPort(Log())
    assert whole(port, reading(FTW)) == bytes.fromhex("00 DEADBEEF")
    assert whole(port, reading(POW)) == bytes.fromhex("00 8001")
    assert port.in_step


def test_on_sdio_the_host_sees_nothing() -> None:
    port = SerialPort(Log(sdo=False))
    assert whole(port, reading(FTW)) == bytes(5)
    assert port.in_step


def test_several_registers_in_one_frame() -> None:
    log = Log()
    port = SerialPort(log)
    answer = whole(port, frame(POW, 0x4000) + reading(POW) + frame(FTW, 7))
    assert log.written == [(POW, 0x4000), (FTW, 7)]
    assert answer == bytes(4) + bytes.fromhex("8001") + bytes(5)


def test_surplus_bytes_are_the_next_instruction() -> None:
    log = Log()
    port = SerialPort(log)
    whole(port, frame(POW, 0x4000) + bytes([FTW]))  # one byte too many
    assert not port.in_step
    whole(port, bytes.fromhex("08 80 00 FF"))  # taken for the four bytes of FTW
    assert log.written == [(POW, 0x4000), (FTW, 0x088000FF)]


def test_chip_select_only_suspends() -> None:
    log = Log()
    port = SerialPort(log)
    port.transfer(frame(FTW, 0x12345678), 23)
    assert log.written == []
    assert not port.in_step
    # The next bits complete the old cycle: 15 were in, 17 to go.
    whole(port, frame(POW, 0xFFFF))  # 24 bits: 17 for FTW, 7 of an instruction
    assert log.written == [(FTW, 0x12345678 >> 17 << 17 | 0x08FFFF >> 7)]
    assert not port.in_step


def test_a_reset_puts_the_port_in_step_and_drops_the_cycle() -> None:
    log = Log()
    port = SerialPort(log)
    port.transfer(frame(FTW, 0x12345678), 39)
    port.reset()
    whole(port, frame(POW, 0x1234))
    assert log.written == [(POW, 0x1234)]


def test_no_bits_change_nothing() -> None:
    log = Log()
    port = SerialPort(log)
    assert port.transfer(b"", 0) == b""
    assert port.transfer(b"\xff", 0) == b"\0"
    assert port.in_step


def test_lsb_first_turns_instruction_and_data_around() -> None:
    log = Log(lsb_first=True)
    port = SerialPort(log)
    whole(port, backwards(bytes([FTW])) + backwards(bytes.fromhex("12345678")))
    assert log.written == [(FTW, 0x12345678)]
    answer = whole(port, backwards(bytes([0x80 | FTW])) + bytes(4))
    assert answer[1:] == backwards(bytes.fromhex("DEADBEEF"))


def test_the_order_of_bits_changes_between_two_cycles_only() -> None:
    log = Log()
    port = SerialPort(log)
    port.transfer(frame(FTW, 0x12345678), 20)
    log.lsb_first = True
    port.transfer(bytes.fromhex("345678") + b"\0", 0)
    rest = 0x12345678 & 0xFFFFF
    port.transfer((rest << 4).to_bytes(3, "big"), 20)
    assert log.written == [(FTW, 0x12345678)]


def test_ram_takes_words_until_chip_select_goes_high() -> None:
    log = Log()
    port = SerialPort(log)
    whole(port, bytes([RAM]) + bytes.fromhex("00000001 00000002 00000003"))
    assert log.written == [(RAM, 1), (RAM, 2), (RAM, 3)]
    assert log.rewinds == 1
    assert port.in_step


def test_ram_is_suspended_within_a_word() -> None:
    log = Log()
    port = SerialPort(log)
    whole(port, bytes([RAM]) + bytes.fromhex("00000001 0000"))
    assert not port.in_step
    whole(port, bytes.fromhex("0002 00000003"))
    assert log.written == [(RAM, 1), (RAM, 2), (RAM, 3)]
    assert log.rewinds == 1
    assert port.in_step


def test_ram_goes_out() -> None:
    log = Log()
    log.content[RAM] = 0xCAFEF00D
    port = SerialPort(log)
    assert whole(port, bytes([0x80 | RAM]) + bytes(8)) == bytes.fromhex("00 CAFEF00D CAFEF00D")
    assert port.in_step


@given(
    registers=st.lists(
        st.tuples(st.sampled_from([a for a in range(32) if a != RAM]), st.integers(0, 2**64 - 1)),
        min_size=1,
        max_size=5,
    ),
    lsb_first=st.booleans(),
    data=st.data(),
)
def test_any_split_of_the_bits_gives_the_same(
    registers: list[tuple[int, int]], lsb_first: bool, data: st.DataObject
) -> None:
    """Where chip select goes high makes no difference (outside of the RAM)."""
    stream = ""
    for address, value in registers:
        size = 8 * width(address)
        instruction, content = f"{address:08b}", f"{value % 2**size:0{size}b}"
        stream += instruction[::-1] + content[::-1] if lsb_first else instruction + content
    log = Log(lsb_first)
    port = SerialPort(log)
    while stream:
        bits = data.draw(st.integers(1, len(stream)))
        piece, stream = stream[:bits], stream[bits:]
        port.transfer(
            int(piece.ljust(-(-bits // 8) * 8, "1"), 2).to_bytes(-(-bits // 8), "big"), bits
        )
    assert log.written == [(a, value % 2 ** (8 * width(a))) for a, value in registers]
    assert port.in_step
