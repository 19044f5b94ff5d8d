"""Sealed files changed, truncated, swapped or extended on disk: a download stops before the first bad segment."""

import random
from uuid import uuid4

import pytest
from django.test import RequestFactory

from core.files.segments import FIRST_ROOM, ROOM, SEGMENT, TAG
from core.files.storage import sealed_storage
from core.keys.sealed import Unreadable
from core.residents import prepare
from vault.records import downloads

pytestmark = pytest.mark.django_db
SEGMENTS = 5
CONTENT = random.Random(7).randbytes(FIRST_ROOM + 3 * ROOM + 1_000)
TIMES = 40


@pytest.fixture
def person():
    person = uuid4()
    prepare(person)
    return person


@pytest.fixture
def blob(person, folder):
    with sealed_storage.create(resident_id=person) as file:
        file.write(CONTENT)
    return folder / file.name


def download(blob, person):
    """Return the bytes downloaded until the connection is cut."""
    got = b""
    name = "/".join(blob.parts[-3:])
    with pytest.raises(Unreadable):
        stream = sealed_storage.open(name, resident_id=person)
        for piece in downloads.serve(
            RequestFactory().get("/"), stream, size=stream.size, name="a.pdf", media_type="application/pdf"
        ):
            got += piece
    return got


def plain_before(segment):
    """Return the number of plaintext bytes before this segment."""
    return 0 if segment == 0 else FIRST_ROOM + (segment - 1) * ROOM


def segment_of(offset):
    return max(0, offset - 1) // SEGMENT


def test_a_changed_byte_stops_the_download_before_its_segment(blob, person):
    stored, chance = blob.read_bytes(), random.Random(11)
    for offset in [0, 1, 2, 40, 41, len(stored) - 1, *(chance.randrange(len(stored)) for _ in range(TIMES))]:
        blob.write_bytes(stored[:offset] + bytes([stored[offset] ^ (1 << chance.randrange(8))]) + stored[offset + 1 :])
        got = download(blob, person)
        assert got == CONTENT[: len(got)]
        assert len(got) <= plain_before(segment_of(offset))


def test_a_truncated_file_is_refused_at_once(blob, person):
    """The last segment is decrypted first, so a truncated file is detected even at a segment border."""
    stored, chance = blob.read_bytes(), random.Random(13)
    borders = [1 + SEGMENT * number for number in range(1, SEGMENTS)]
    for length in [
        0,
        1,
        41,
        *borders,
        *(border - TAG for border in borders),
        *(chance.randrange(len(stored)) for _ in range(TIMES)),
    ]:
        blob.write_bytes(stored[:length])
        assert download(blob, person) == b""


def test_swapped_segments_stop_the_download_before_them(blob, person):
    stored = blob.read_bytes()
    one, two, three = (stored[1 + SEGMENT * number : 1 + SEGMENT * (number + 1)] for number in (1, 2, 3))
    blob.write_bytes(stored[: 1 + SEGMENT] + two + one + three + stored[1 + 4 * SEGMENT :])
    assert len(download(blob, person)) <= plain_before(1)
    blob.write_bytes(stored[: 1 + SEGMENT] + one + one + three + stored[1 + 4 * SEGMENT :])
    assert len(download(blob, person)) <= plain_before(2)


def test_an_extended_or_foreign_file_is_refused(blob, person, folder):
    stored = blob.read_bytes()
    for more in (b"x", b"x" * SEGMENT, stored[-1_016:], stored[1 : 1 + SEGMENT]):
        blob.write_bytes(stored + more)
        assert download(blob, person) == b""
    blob.write_bytes(stored)
    with sealed_storage.create(resident_id=person) as file:
        file.write(CONTENT[::-1])
    other = (folder / file.name).read_bytes()
    blob.write_bytes(other)
    assert download(blob, person) == b""
    blob.write_bytes(stored[: 1 + SEGMENT] + other[1 + SEGMENT :])
    assert download(blob, person) == b""
