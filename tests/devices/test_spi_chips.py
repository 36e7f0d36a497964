"""What drivers of DDS chips on an SPI bus share; the rest of it shows in every driver's tests."""

from dds_link.devices.spi_chips import difference


def test_a_difference_says_what_was_read() -> None:
    text = difference("AUX_DAC", 4, 0x0000007E, 0x7F)
    assert text == "AUX_DAC reads 0x0000007E instead of 0x0000007F"


def test_a_difference_hints_at_wires() -> None:
    assert "no power, no chip select, or MISO not wired" in difference("CFR1", 4, 0, 2)
    assert "MISO floats" in difference("PROFILE 0", 8, (1 << 64) - 1, 0)
    assert "MISO" not in difference("PROFILE 0", 8, 0xFFFFFFFF, 0)
