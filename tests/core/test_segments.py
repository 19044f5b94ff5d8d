"""Our segmented files equal Tink's AES256_GCM_HKDF streaming, after an algorithm byte; every change is detected."""

import io
import random

import pytest
import tink
from tink import secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

from core.files.segments import FIRST_ROOM, HEADER, ROOM, SEGMENT, SegmentReader, SegmentWriter
from core.keys.sealed import Unreadable

KEY = bytes(range(32))
AAD = b"file|ab/cd/0123"
BORDERS = [FIRST_ROOM, FIRST_ROOM + ROOM, FIRST_ROOM + 2 * ROOM]
SIZES = sorted(
    {0, 1, 15, 16, 17, 1000, *(border + step for border in BORDERS for step in (-17, -16, -1, 0, 1, 16, 17))}
)


@pytest.fixture(scope="module")
def oracle():
    """Return Tink's primitive with the same key."""
    streaming_aead.register()
    parameters = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=SEGMENT, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256
    )
    key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(version=0, params=parameters, key_value=KEY)
    url = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"
    data = tink_pb2.KeyData(type_url=url, value=key.SerializeToString(), key_material_type=tink_pb2.KeyData.SYMMETRIC)
    entry = tink_pb2.Keyset.Key(key_data=data, status=tink_pb2.ENABLED, key_id=1, output_prefix_type=tink_pb2.RAW)
    keyset = tink_pb2.Keyset(primary_key_id=1, key=[entry]).SerializeToString()
    handle = tink.proto_keyset_format.parse(keyset, secret_key_access.TOKEN)
    return handle.primitive(streaming_aead.StreamingAead)


class Kept(io.BytesIO):
    def close(self) -> None:
        """Ignore the call: Tink closes its target, but the test still reads it."""


def plain(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def ours(data: bytes, aad: bytes = AAD, chunk: int | None = None) -> bytes:
    target = io.BytesIO()
    writer = SegmentWriter(target, KEY, aad)
    for start in range(0, len(data), chunk or len(data) or 1):
        writer.write(data[start : start + (chunk or len(data))])
    writer.close()
    return target.getvalue()


def opened(stored: bytes, aad: bytes = AAD, key: bytes = KEY) -> io.BufferedReader:
    return io.BufferedReader(SegmentReader(io.BytesIO(stored), key, aad, len(stored)))


@pytest.mark.parametrize("size", SIZES)
def test_tink_reads_what_we_write(oracle, size):
    stored = ours(plain(size))
    assert stored[0] == 2
    with oracle.new_decrypting_stream(io.BytesIO(stored[1:]), AAD) as stream:
        assert stream.read() == plain(size)


@pytest.mark.parametrize("size", SIZES)
def test_we_read_what_tink_writes(oracle, size):
    target = Kept()
    with oracle.new_encrypting_stream(target, AAD) as stream:
        stream.write(plain(size))
    assert opened(b"\x02" + target.getvalue()).read() == plain(size)


@pytest.mark.parametrize("chunk", [1000, 4096, 65_536, 100_000])
def test_the_size_of_writes_does_not_matter(chunk):
    data = plain(BORDERS[2] + 1)
    stored = ours(data, chunk=chunk)
    assert len(stored) == len(ours(data))
    assert opened(stored).read() == data


@pytest.mark.parametrize("size", SIZES)
def test_any_range_can_be_read_and_lengths_are_known(size):
    data = plain(size)
    stored = ours(data)
    reader = opened(stored)
    assert reader.seek(0, io.SEEK_END) == size
    for start in {0, 1, size // 2, max(0, size - 1), size, size + 10, *(border - 5 for border in BORDERS)}:
        for length in (0, 1, 10, ROOM + 20):
            reader.seek(start)
            assert reader.read(length) == data[start : start + length]


def test_relative_and_negative_positions():
    reader = SegmentReader(io.BytesIO(ours(b"0123456789")), KEY, AAD, len(ours(b"0123456789")))
    reader.seek(4)
    assert reader.seek(2, io.SEEK_CUR) == reader.tell() == 6
    with pytest.raises(ValueError, match="before the beginning"):
        reader.seek(-1)


def refused(stored: bytes, aad: bytes = AAD, key: bytes = KEY) -> bool:
    try:
        opened(stored, aad, key).read()
    except Unreadable:
        return True
    return False


def test_another_place_or_key_is_refused():
    stored = ours(b"x")
    assert refused(stored, aad=b"file|other")
    assert refused(stored, key=bytes(32))
    assert not refused(stored)


DATA = plain(BORDERS[1] + 100)
STORED = ours(DATA)
SEGMENT_STARTS = [1 + HEADER, 1 + SEGMENT, 1 + 2 * SEGMENT]


@pytest.mark.parametrize(
    "at", [0, 1, 2, 33, 34, 40, *SEGMENT_STARTS, *(start - 1 for start in SEGMENT_STARTS[1:]), len(STORED) - 1]
)
def test_a_flipped_bit_is_refused(at):
    changed = bytearray(STORED)
    changed[at] ^= 1
    assert refused(bytes(changed))


@pytest.mark.parametrize(
    "cut",
    [
        0,
        1,
        2,
        40,
        41,
        56,
        57,
        *SEGMENT_STARTS,
        *(start + step for start in SEGMENT_STARTS for step in (-1, 1, 16)),
        len(STORED) - 1,
    ],
)
def test_a_truncated_file_is_refused_on_opening(cut):
    with pytest.raises(Unreadable):
        opened(STORED[:cut])


@pytest.mark.parametrize(
    "tail",
    [b"\x00", b"\x00" * 16, b"\x00" * SEGMENT, STORED[SEGMENT_STARTS[2] :]],
    ids=["byte", "tag", "segment", "its own end"],
)
def test_appended_bytes_are_refused_on_opening(tail):
    with pytest.raises(Unreadable):
        opened(STORED + tail)


def test_segments_swapped_within_a_file_are_refused():
    data = plain(BORDERS[2] + 100)
    stored = ours(data)
    first, second, third = 1 + SEGMENT, 1 + 2 * SEGMENT, 1 + 3 * SEGMENT
    swapped = stored[:first] + stored[second:third] + stored[first:second] + stored[third:]
    assert refused(swapped)


def test_reading_stops_at_a_bad_segment():
    changed = bytearray(STORED)
    changed[SEGMENT_STARTS[1] + 5] ^= 1
    reader = SegmentReader(io.BytesIO(bytes(changed)), KEY, AAD, len(changed))
    served = b""
    with pytest.raises(Unreadable):
        while piece := reader.read(1000):
            served += piece
    assert served == DATA[:FIRST_ROOM]


def test_equal_files_share_no_segment():
    assert ours(DATA)[1 + HEADER : 1000] != ours(DATA)[1 + HEADER : 1000]
