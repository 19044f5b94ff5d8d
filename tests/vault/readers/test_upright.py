"""A photo is shown upright and complete, in whatever direction it was taken; its file is unchanged."""

import io

import pytest
from PIL import Image

from tests.fixtures import lying
from tests.fixtures.photos import picture
from tests.vault.sending import notice_pdf, quotient_pdf
from vault.readers import sandbox
from vault.readers.files import upright
from vault.readers.files.image import ImageFile
from vault.readers.recognise import JPEG

#: A tilt that is not visible, in degrees.
LEVEL = 4


def shown(data: bytes, *, dpi: int = 150) -> Image.Image:
    return Image.open(io.BytesIO(sandbox.page(io.BytesIO(data), 0, dpi=dpi).jpeg)).convert("L")


def tilt(image: Image.Image) -> float:
    found = lying.angle(image)
    assert found is not None, "the mark is not read"
    return found


@pytest.mark.parametrize("pdf", [notice_pdf, quotient_pdf], ids=["with a code", "by its lines"])
@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_sheet_on_a_table_seen_from_a_side(pdf, turned):
    photo = lying.lying(lying.page(pdf()), turned=turned, askew=7, seed=turned + 1)
    assert abs(tilt(photo)) > LEVEL
    assert abs(tilt(shown(lying.jpeg(photo)))) < LEVEL


@pytest.mark.parametrize("turned", [90, 180])
def test_a_page_that_fills_the_photo(turned):
    photo = lying.lying(lying.page(quotient_pdf()), turned=turned, askew=2, seed=1, table=False)
    assert abs(tilt(shown(lying.jpeg(photo)))) < LEVEL


@pytest.mark.parametrize(("orientation", "turned"), [(3, 180), (6, 90), (8, 270)])
def test_the_orientation_given_by_the_camera_is_applied_first(orientation, turned):
    photo = lying.page(notice_pdf()).rotate(turned, expand=True)
    assert abs(tilt(shown(lying.jpeg(photo, orientation=orientation)))) < LEVEL


def test_a_photo_without_lines_and_edges_is_unchanged():
    assert upright.look(picture().convert("L")) == upright.Turn()
    assert upright.look(Image.new("L", (300, 200), 255)) == upright.Turn()
    assert upright.look(Image.new("L", (3, 2), 0)) == upright.Turn()


def test_a_straight_page_is_unchanged():
    assert upright.look(lying.page(quotient_pdf())) == upright.Turn()


def test_no_part_of_the_photo_is_cut_off():
    photo = lying.lying(lying.page(quotient_pdf()), turned=0, askew=5, seed=3)
    spot, inks = 24, (10, 60, 190, 250)
    places = [
        (2, 2),
        (photo.width - spot - 2, 2),
        (photo.width - spot - 2, photo.height - spot - 2),
        (2, photo.height - spot - 2),
    ]
    for place, ink in zip(places, inks, strict=True):
        photo.paste(ink, (*place, place[0] + spot, place[1] + spot))
    turn = upright.look(photo)
    assert turn.edges
    straight = turn.of(photo)
    corner = straight.width // 4, straight.height // 4
    quarters = [straight.crop((x, y, x + corner[0], y + corner[1])) for x, y in _corners_of(straight.size, corner)]
    assert all(
        any(abs(value - ink) < 4 for value, count in _tones(part) if count > 60)
        for part, ink in zip(quarters, inks, strict=True)
    )


def _corners_of(size: tuple[int, int], part: tuple[int, int]) -> list[tuple[int, int]]:
    right, low = size[0] - part[0], size[1] - part[1]
    return [(0, 0), (right, 0), (right, low), (0, low)]


def _tones(image: Image.Image) -> list[tuple[int, int]]:
    return [(value, count) for value, count in enumerate(image.histogram()) if count]


def test_the_code_is_found_where_the_straightened_page_shows_it():
    photo = lying.lying(lying.page(notice_pdf()), turned=90, askew=6, seed=5)
    [drawn] = sandbox.pages(io.BytesIO(lying.jpeg(photo)), find_codes=True)
    [(left, top, right, bottom)] = drawn.codes
    assert 0.85 < (right - left) / (bottom - top) < 1.18, "a square again"


def test_the_preview_is_small_and_the_file_is_unchanged():
    data = lying.jpeg(lying.lying(lying.page(quotient_pdf()), turned=180, askew=3, seed=2))
    file = ImageFile(data, JPEG)
    drawn = file.raster(0, dpi=60)
    assert max(drawn.size) == 702 and file.data == data
