"""The protocol core: bytes to commands and outcomes to bytes. It does no I/O and knows no time."""
