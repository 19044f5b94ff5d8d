"""Format of sealed files: a version byte, then Tink's AES256_GCM_HKDF streaming with 64 KiB segments.

    0x02 | 40 | salt (32) | nonce prefix (7) | segment 0 | segment 1 | …

The file's key is HKDF-SHA256(resident's key, salt, info=AAD). Files of version 0x01, from before kinds, have another
AAD. A segment's nonce is the prefix, its number (32 bits)
and a last byte: 1 for the last segment, else 0. The header counts in the first segment's 65,536 bytes. A reader
decrypts the last segment first, so a truncated file is detected.

Trap: never write the same segment number of one file twice with different bytes. Each attempt needs a new salt and
prefix.
"""

import io
import secrets
from functools import partial
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.keys.sealed import Unreadable

VERSION, WITHOUT_KIND = b"\x02", b"\x01"
SEGMENT = 65_536
SALT = 32
PREFIX = 7
HEADER = 1 + SALT + PREFIX
TAG = 16
FIRST_ROOM = SEGMENT - HEADER - TAG
ROOM = SEGMENT - TAG
_LAST, _NOT_LAST = b"\x01", b"\x00"


class Target(Protocol):
    """Destination of the ciphertext. It must not keep `data`: the buffer is reused for the next segment."""

    def write(self, data: memoryview, /) -> object: ...


class Source(Protocol):
    def seek(self, offset: int, /) -> object: ...
    def readinto(self, buffer: memoryview, /) -> int | None: ...
    def close(self) -> object: ...


class SegmentWriter:
    """Encrypts bytes to `target`, one segment at a time. The file is readable only after `close`.

    The plaintext is copied once, into the buffer of the current segment, and encrypted into the output buffer.
    """

    def __init__(self, target: Target, key: bytes, aad: bytes) -> None:
        salt, self._prefix = secrets.token_bytes(SALT), secrets.token_bytes(PREFIX)
        self._cipher = _cipher(key, salt, aad)
        self._target = target
        self._plain, self._stored = memoryview(bytearray(ROOM)), memoryview(bytearray(SEGMENT))
        self._filled, self._room = 0, FIRST_ROOM
        self._number = 0
        target.write(memoryview(VERSION + bytes([HEADER]) + salt + self._prefix))

    def write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            # Write a full segment only when another byte follows: until then it may be the last one.
            if self._filled == self._room:
                self._emit(last=False)
            taken = left[: self._room - self._filled]
            self._plain[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            left = left[len(taken) :]

    def close(self) -> None:
        self._emit(last=True)

    def _emit(self, *, last: bool) -> None:
        stored = self._stored[: self._filled + TAG]
        nonce = self._prefix + self._number.to_bytes(4) + (_LAST if last else _NOT_LAST)
        self._cipher.encrypt_into(nonce, self._plain[: self._filled], None, stored)
        self._target.write(stored)
        self._filled, self._room = 0, ROOM
        self._number += 1


class SegmentReader(io.RawIOBase):
    """Plaintext of a sealed file of `size` stored bytes, from any offset. Caches one decrypted segment.

    `read` returns at most the rest of the current segment, without copying it when it is whole.

    Raises:
        Unreadable: on opening if the header or the last segment was changed; on reading if that segment was changed.

    Args:
        former: the AAD of a file from before kinds, if one may be read.
    """

    def __init__(self, source: Source, key: bytes, aad: bytes, size: int, *, former: bytes | None = None) -> None:
        super().__init__()
        self._source, self._readinto, self._at = source, source.readinto, -1
        self._stored = memoryview(bytearray(SEGMENT))
        body = size - len(VERSION)
        segments = -(-body // SEGMENT)
        self._last, self._end = segments - 1, body
        head = bytearray(len(VERSION) + HEADER)
        self._fill(memoryview(head), 0)
        self.without_kind = head[:1] == WITHOUT_KIND
        known = former if self.without_kind else aad if head[:1] == VERSION else None
        if known is None or head[1] != HEADER:
            raise Unreadable("header")
        self._prefix = bytes(head[-PREFIX:])
        self._decrypt = _cipher(key, bytes(head[2 : 2 + SALT]), known).decrypt
        self.length = body - HEADER - TAG * segments
        self._position = 0
        self._number, self._plain = -1, b""
        self._open(self._last)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.length}[whence]
        if start + offset < 0:
            raise ValueError("seek before the beginning")
        self._position = start + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            return self.readall()
        if self._position >= self.length:
            return b""
        # Counting the header as plaintext gives every segment the same length.
        number, offset = divmod(self._position + HEADER, ROOM)
        if number != self._number:
            self._open(number)
        start = offset if number else offset - HEADER
        piece = self._plain[start : start + size]
        self._position += len(piece)
        return piece

    def readall(self) -> bytes:
        return b"".join(iter(partial(self.read, ROOM), b""))

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # BufferedReader's buffer
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()

    def _open(self, number: int) -> None:
        start, stored = number * SEGMENT, self._stored
        if number == 0:
            start = HEADER
            stored = stored[HEADER:]
        if number == self._last:
            stored = stored[: self._end - start]
        self._fill(stored, len(VERSION) + start)
        nonce = self._prefix + number.to_bytes(4) + (_LAST if number == self._last else _NOT_LAST)
        try:
            self._plain = self._decrypt(nonce, stored, None)
        except InvalidTag:
            raise Unreadable(f"segment {number}") from None
        self._number = number

    def _fill(self, stored: memoryview, start: int) -> None:
        if self._at != start:
            self._source.seek(start)
        length = len(stored)
        self._at = start + length
        if self._readinto(stored) != length:
            raise Unreadable("cut")


def _cipher(key: bytes, salt: bytes, aad: bytes) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=salt, info=aad).derive(key))
