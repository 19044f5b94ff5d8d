"""The place is removed from a photo's file; the image stays the same to the last pixel."""

import io
import random

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tests.fixtures import hostile, photos
from vault.readers import recognise, sandbox
from vault.readers.files import place
from vault.readers.reading import Unreadable

KINDS = ["JPEG", "PNG", "HEIF"]
#: Long enough not to occur by chance in compressed data.
NEEDLES = (b"GPSLatitude", b"GPS+46", b"ACME", b"\xa9xyz", b"Villebrume")


def shown(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return ImageOps.exif_transpose(image).tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_the_place_is_removed_and_the_image_keeps_its_orientation(kind):
    data = photos.photo(kind)
    assert photos.place_of(data)
    found, cleaned = place.without(data)
    assert found == "removed"
    assert photos.place_of(cleaned) == {}
    assert not [needle for needle in NEEDLES if needle in cleaned]
    assert shown(cleaned) == shown(data)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_is_kept(orientation):
    data = photos.photo("JPEG", orientation=orientation)
    assert shown(place.without(data)[1]) == shown(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_removal_changes_nothing(kind):
    cleaned = place.without(photos.photo(kind))[1]
    assert place.without(cleaned) == ("none", cleaned)


def test_colours_and_a_progressive_image_are_kept():
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    out = io.BytesIO()
    photos.picture().save(out, "JPEG", progressive=True, icc_profile=profile, exif=photos.exif(), comment="GPS+46.1")
    cleaned = place.without(out.getvalue())[1]
    with Image.open(io.BytesIO(cleaned)) as image:
        assert image.info["icc_profile"] == profile and image.info["progressive"] == 1
    assert shown(cleaned) == shown(out.getvalue())
    assert b"GPS+46" not in cleaned


def test_a_second_image_after_the_first_is_removed():
    out = io.BytesIO()
    picture = photos.picture()
    picture.save(out, "MPO", save_all=True, append_images=[picture], exif=photos.exif())
    cleaned = place.without(out.getvalue())[1]
    assert cleaned.count(b"\xff\xd8\xff") == 1
    with Image.open(io.BytesIO(cleaned)) as image:
        assert image.format == "JPEG"


def test_a_scan_in_a_pdf_loses_the_place_of_its_photos_and_of_its_metadata():
    found, cleaned = place.without(photos.scan())
    assert found == "removed"
    with pikepdf.open(io.BytesIO(cleaned)) as pdf:
        contents = [stream.read_raw_bytes() for stream in pdf.objects if isinstance(stream, pikepdf.Stream)]
    assert not [needle for needle in NEEDLES if any(needle in content for content in contents)]
    assert sandbox.page(io.BytesIO(cleaned), 0, dpi=60).width > 0


def test_a_pdf_without_a_place_is_unchanged():
    data = photos.scan(place=False)
    assert place.without(data) == ("none", data)


def test_a_signed_pdf_keeps_its_place_and_is_reported():
    data = photos.scan(signed=True)
    assert place.without(data) == ("kept", data)
    assert place.without(photos.scan(signed=True, place=False))[0] == "none"


def test_the_limited_child_returns_the_whole_cleaned_file():
    data = photos.photo("JPEG")
    stream = io.BytesIO(data)
    assert sandbox.without_place(stream) == ("removed", place.without(data)[1])
    assert stream.read() == data


@pytest.mark.parametrize("data", [b'<gpx version="1.1"><trkpt lat="46.1" lon="-1.1"/></gpx>', b"DC04", b""])
def test_a_file_whose_places_are_the_data_is_unchanged(data, monkeypatch):
    monkeypatch.setattr(sandbox, "_child", lambda *_args, **_options: pytest.fail("a child was started"))
    assert sandbox.without_place(io.BytesIO(data)) == ("none", b"")


def test_a_heic_photo_is_read():
    reading = sandbox.read(io.BytesIO(photos.photo("HEIF")), trust_test_authority=False)
    assert (reading.media_type, reading.format, reading.pages) == (recognise.HEIC, "paper", 1)
    page = sandbox.raster(io.BytesIO(photos.photo("HEIF", photos.picture((640, 320)))), dpi=60)[0]
    assert (page.width, page.height) == (320, 640), "turned as it says"


@pytest.mark.parametrize("kind", KINDS)
def test_pages_drawn_for_a_preview_or_a_dossier_have_no_place(kind):
    """Even if the file still has one."""
    page = sandbox.raster(io.BytesIO(photos.photo(kind)), dpi=60)[0]
    assert photos.place_of(page.jpeg) == {}
    assert not [needle for needle in NEEDLES if needle in page.jpeg]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # of damaged Exif; nobody sees what the child says
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_a_cut_or_changed_file_is_refused_or_cleaned(kind, seed):
    chance = random.Random(seed)
    data = bytearray(PHOTOS[kind])
    for _ in range(chance.randint(1, 8)):
        data[chance.randrange(min(len(data), 2000))] = chance.randrange(256)
    broken = bytes(data[: chance.randint(20, len(data))])
    try:
        found, cleaned = place.without(broken)
    except Unreadable:
        return
    assert found in {"none", "removed", "unknown"}
    if kind == "JPEG" and found == "removed":
        assert b"GPSLatitude" not in cleaned


@pytest.mark.parametrize("mark", range(0x02, 0xFF))
def test_metadata_under_a_damaged_marker_is_removed(mark):
    """A damaged marker does not hide the metadata from a search of the file."""
    data = PHOTOS["JPEG"]
    for header in (b"Exif\x00\x00", b"http://ns.adobe.com/"):
        start = data.index(header) - 4
        broken = data[: start + 1] + bytes([mark]) + data[start + 2 :]
        try:
            found, cleaned = place.without(broken)
        except Unreadable:
            continue
        assert found == "removed" and data[start + 4 : start + 64] not in cleaned


PHOTOS = {kind: photos.photo(kind, photos.picture((64, 48))) for kind in KINDS}


def test_a_pdf_that_cannot_be_searched_is_reported():
    assert place.without(hostile.pdf()[:200])[0] == "unknown"
