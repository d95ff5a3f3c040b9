"""Small pictures in the formats that models take, with what programs and cameras write into them."""

from __future__ import annotations

import base64
import struct
import zlib

#: What must not leave with a picture.
PLACE = b"N 50 43.9 E 7 5.9"


def png(width: int = 2, height: int = 1, *, shade: int = 0, size: tuple[int, int] | None = None) -> bytes:
    """A grey PNG with a comment; `size`: what its header says instead."""
    rows = (b"\0" + bytes([shade]) * width) * height
    header = size or (width, height)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", *header, 8, 0, 0, 0, 0)),
        (b"tEXt", b"Comment\0" + PLACE),
        (b"eXIf", b"MM\0*" + PLACE),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    whole = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(whole)


def jpeg(width: int = 3, height: int = 2, *, orientation: int = 6) -> bytes:
    """The segments of a JPEG of two scans, with EXIF data (an orientation, a place), a comment, and more after its end."""
    tiff = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0) + bytes(4) + PLACE
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\0"
    segments = (
        *((0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"), (0xE1, b"Exif\0\0" + tiff), (0xED, b"Photoshop 3.0\0" + PLACE)),
        *(
            (0xFE, PLACE),
            (0xDB, bytes(65)),
            (0xC2, frame),
            (0xC4, bytes(17) + b"\xff\xd9"),
            (0xDA, b"\x01\x01\0\0\0\0"),
        ),
    )
    parts = [b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data for marker, data in segments]
    scan = b"\x12\xff\0\x34\xff\xd0\x56"
    return b"\xff\xd8" + b"".join(parts) + scan + parts[-2] + parts[-1] + scan + b"\xff\xd9" + PLACE


def gif(width: int = 5, height: int = 4, frames: int = 1) -> bytes:
    """A GIF with a comment."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    comment = b"\x21\xfe" + bytes([len(PLACE)]) + PLACE + b"\0"
    frame = (
        b"\x21\xf9\x04"
        + bytes(4)
        + b"\0"
        + b"\x2c"
        + struct.pack("<HHHHB", 0, 0, width, height, 0)
        + b"\x02\x02\x44\x01\0"
    )
    return head + comment + frame * frames + b";"


def webp(width: int = 7, height: int = 6) -> bytes:
    """A WebP with EXIF data."""
    lossless = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(3)
    extended = b"\x08" + bytes(3) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = ((b"VP8X", extended), (b"VP8L", lossless), (b"EXIF", PLACE + b"\0"))
    body = b"WEBP" + b"".join(kind + struct.pack("<I", len(data)) + data for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def encoded(data: bytes) -> str:
    """As it stands in JSON."""
    return base64.b64encode(data).decode()
