"""ZIP files that are written as they are sent, entry by entry, and can be gone on with after a crash (APPNOTE 6.3.10).

    archive = Archive(now)
    for name, content in pictures:
        file.write(archive.entry(name, content))
    for piece in archive.end():
        file.write(piece)

Entries are stored as they are, for pictures are compressed already. Their sizes and checksums stand before them, so
that any reader of streams understands the file. Only the directory stays in memory: about 80 bytes for each entry.

To go on with a file of which `archive.size` bytes were known to be kept: cut it there, `archive = Archive.resumed(now,
file, size)`, and write the next entry; `archive.entries` says how many it has.
"""

import struct
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

MOST_BYTES = 0xFFFF_FFFF
MOST_ENTRIES = 0xFFFF
PIECE = 1 << 18
"""How much of the directory is handed out at once."""

_STORED, _DEFLATED = 0, 8
_SMALL, _LARGE = 20, 45
"""The version of the format that a reader must know: the usual one, and the one with numbers of 64 bits."""
_UTF8 = 0x800
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LARGE_OFFSET = struct.Struct("<2HQ")
_END = struct.Struct("<4s4H2IH")
_LARGE_END = struct.Struct("<4sQ2H2I4Q")
_LARGE_END_PLACE = struct.Struct("<4sIQI")


class Packed:
    """A text that grows with the other entries and is compressed meanwhile, for an entry of its own at the end."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.size = self.checksum = 0
        self._compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        self._content = bytearray()

    def add(self, piece: bytes) -> None:
        """Add to the end."""
        self.size += len(piece)
        self.checksum = zlib.crc32(piece, self.checksum)
        self._content += self._compressor.compress(piece)

    def finished(self) -> bytes:
        """Return all of it, compressed; nothing can be added after that."""
        return bytes(self._content) + self._compressor.flush()


class Archive:
    """One ZIP file on its way out."""

    def __init__(self, made: datetime) -> None:
        """Begin an empty file whose entries carry this time, as a clock on the wall shows it."""
        self.size = self.entries = 0
        """How many bytes and how many entries have been handed out."""
        self._directory = bytearray()
        self._date = made.year - 1980 << 9 | made.month << 5 | made.day
        self._time = made.hour << 11 | made.minute << 5 | made.second // 2

    @classmethod
    def resumed(cls, made: datetime, file: BinaryIO, size: int) -> "Archive":
        """Return the archive whose first bytes, so many and all of them entries, stand in the file; go to their end."""
        archive = cls(made)
        while archive.size < size:
            file.seek(archive.size)
            head = file.read(_LOCAL.size)
            if len(head) < _LOCAL.size or not head.startswith(b"PK\3\4"):
                raise ValueError(f"no entry begins at byte {archive.size}")
            _, _, _, method, time, date, *sizes, named, _ = _LOCAL.unpack(head)
            archive._note(file.read(named), (_SMALL, _UTF8, method, time, date, *sizes))
        if archive.size != size:
            raise ValueError(f"no entry ends at byte {size}")
        file.seek(size)
        return archive

    def entry(self, name: str, content: bytes) -> bytes:
        """Return an entry as it is to be written."""
        return self._entry(name, content, _STORED, zlib.crc32(content), len(content))

    def packed(self, name: str, text: Packed) -> bytes:
        """Return a text that was packed, as an entry."""
        return self._entry(name, text.finished(), _DEFLATED, text.checksum, text.size)

    def end(self) -> Iterator[bytes]:
        """Yield the directory and what says where it is; no entry may follow."""
        for start in range(0, len(self._directory), PIECE):
            yield bytes(self._directory[start : start + PIECE])
        length, entries = len(self._directory), self.entries
        if entries >= MOST_ENTRIES or self.size + length >= MOST_BYTES:
            large = _LARGE_END.size - 12
            yield _LARGE_END.pack(b"PK\6\6", large, _LARGE, _LARGE, 0, 0, entries, entries, length, self.size)
            yield _LARGE_END_PLACE.pack(b"PK\6\7", 0, self.size + length, 1)
        few = min(entries, MOST_ENTRIES)
        yield _END.pack(b"PK\5\6", 0, 0, few, few, min(length, MOST_BYTES), min(self.size, MOST_BYTES), 0)

    def _entry(self, name: str, content: bytes, method: int, checksum: int, size: int) -> bytes:
        if max(len(content), size) >= MOST_BYTES:
            raise ValueError(f"{name} is too large for one entry")
        written = name.encode()
        described = (_SMALL, _UTF8, method, self._time, self._date, checksum, len(content), size)
        self._note(written, described)
        return _LOCAL.pack(b"PK\3\4", *described, len(written), 0) + written + content

    def _note(self, name: bytes, described: tuple[int, ...]) -> None:
        """Add an entry to the directory."""
        offset, far = self.size, b""
        if offset >= MOST_BYTES:
            offset, far = MOST_BYTES, _LARGE_OFFSET.pack(1, 8, offset)
            described = (_LARGE, *described[1:])
        self._directory += _CENTRAL.pack(b"PK\1\2", _LARGE, *described, len(name), len(far), 0, 0, 0, 0, offset)
        self._directory += name + far
        self.size += _LOCAL.size + len(name) + described[-2]
        self.entries += 1
