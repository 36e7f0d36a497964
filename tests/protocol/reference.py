"""The rules of framing once more, byte by byte and as slow as they are plain."""

from __future__ import annotations


def split(data: bytes, max_bytes: int) -> tuple[list[bytes], bytes, bool]:
    """Cut ``data`` into frames.

    :returns: the frames, what is left of one that has not ended, and whether the next is too long.
    """
    frames: list[bytes] = []
    frame = b""
    depth = 0
    in_string = escaped = False
    for byte in (data[i : i + 1] for i in range(len(data))):
        if not frame:
            if byte in (b" ", b"\t", b"\r", b"\n"):
                continue
            depth, in_string, escaped = 0, False, False
        if byte == b"\n":
            frames.append(frame.strip(b" \t\r\n"))
            frame = b""
            continue
        frame += byte
        if len(frame) > max_bytes:
            return frames, b"", True
        if not frame.startswith(b"{"):
            continue
        if in_string:
            if escaped:
                escaped = False
            elif byte == b"\\":
                escaped = True
            elif byte == b'"':
                in_string = False
        elif byte == b'"':
            in_string = True
        elif byte == b"{":
            depth += 1
        elif byte == b"}":
            depth -= 1
            if depth == 0:
                frames.append(frame)
                frame = b""
    return frames, frame.strip(b" \t\r\n"), False
