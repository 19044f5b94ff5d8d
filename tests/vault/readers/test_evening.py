"""A photo in bad light: a code that is not found at first is found with even light."""

import io

import pypdfium2
from PIL import Image, ImageChops, ImageFilter

from tests.vault.sending import notice_pdf
from vault.readers import sandbox
from vault.readers.files.image import ImageFile
from vault.readers.formats.twoddoc import code, reader
from vault.readers.recognise import JPEG


def photo(*, turned: float, blurred: float) -> bytes:
    """Make a photo of a printed notice, half in shadow and tilted."""
    page = pypdfium2.PdfDocument(notice_pdf())[0].render(scale=300 / 72, grayscale=True).to_pil()
    light = Image.linear_gradient("L").resize(page.size).point(lambda value: 60 + value // 2)
    shown = ImageChops.multiply(page, light).rotate(
        turned, expand=True, fillcolor=60, resample=Image.Resampling.BICUBIC
    )
    out = io.BytesIO()
    shown.filter(ImageFilter.GaussianBlur(blurred)).save(out, "JPEG", quality=90)
    return out.getvalue()


def test_a_blurred_photo_half_in_shadow_is_read_by_the_second_search():
    data = photo(turned=17, blurred=3.4)
    assert not any(code.find(image) for image in ImageFile(data, JPEG).images(limit=1)), "the first look was enough"
    assert reader.find_codes(ImageFile(data, JPEG))
    reading = sandbox.read(io.BytesIO(data), trust_test_authority=False)
    assert reading.format == "2ddoc", "the limited child has the memory and the time for it"


def test_a_photo_read_at_once_is_not_searched_twice(monkeypatch):
    monkeypatch.delattr(ImageFile, "second_look")
    assert reader.find_codes(ImageFile(photo(turned=0, blurred=1), JPEG))
