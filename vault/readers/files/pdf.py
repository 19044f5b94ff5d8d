"""A PDF read by pdfium, which runs nothing of it: no form environment, no JavaScript engine."""

from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw

from vault.readers import recognise
from vault.readers.reading import MAX_PAGES, CheckResult, Unreadable

CODE_DPI = 200
MAX_SIDE = 3400
TEXT_PAGES = 6
MAX_TEXT = 40_000
#: The most segments of a straight drawing: a frame has five.
MAX_SEGMENTS = 12


class PdfFile:
    media_type = recognise.PDF

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pdf = _opened(data)
        self.pages = len(self.pdf)
        if self.pages == 0:
            raise Unreadable("damaged")
        if self.pages > MAX_PAGES:
            raise Unreadable("too_many_pages")

    def texts(self) -> list[str]:
        parts: list[str] = []
        for number in range(min(self.pages, TEXT_PAGES)):
            with _page(self.pdf, number) as page:
                words = page.get_textpage()
                parts.append(
                    words.get_text_range(0, min(words.count_chars(), MAX_TEXT)) if words.count_chars() > 0 else ""
                )
                words.close()
        return parts

    def text(self) -> str:
        return "\n".join(self.texts())

    def has_drawing(self) -> bool | None:
        """Return True also for pages that are not examined or have annotations: they may contain anything."""
        for number in range(min(self.pages, TEXT_PAGES)):
            with _page(self.pdf, number) as page:
                if raw.FPDFPage_GetAnnotCount(page) or any(_is_drawn(one) for one in page.get_objects(max_depth=4)):
                    return True
        return self.pages > TEXT_PAGES

    def images(self, *, limit: int) -> Iterator[Image.Image]:
        for number in range(min(self.pages, limit)):
            yield self._render(number, CODE_DPI, grey=True)

    def second_look(self) -> Iterator[Image.Image]:
        return iter(())

    def raster(self, number: int, *, dpi: int) -> Image.Image:
        return self._render(number, dpi, grey=False)

    def checks(self) -> list[CheckResult]:
        from vault.readers.files.active import look  # loads pikepdf, useless for drawing pages

        return look(self.data)

    def _render(self, number: int, dpi: int, *, grey: bool) -> Image.Image:
        """Draw a page. Its longest side is bounded, since a page may announce any size."""
        with _page(self.pdf, number) as page:
            longest = max(*page.get_size(), 1.0)
            bitmap = page.render(scale=min(dpi / 72, MAX_SIDE / longest), grayscale=grey, may_draw_forms=False)
            image: Image.Image = bitmap.to_pil().copy()
            bitmap.close()
        return image if grey else image.convert("RGB")


def _opened(data: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        locked = error.err_code in {raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY}
        raise Unreadable("encrypted" if locked else "damaged") from None


def _is_drawn(one: pdfium.PdfObject) -> bool:
    """Return whether an object is neither text, nor a frame, nor a straight line."""
    if one.type in {raw.FPDF_PAGEOBJ_TEXT, raw.FPDF_PAGEOBJ_FORM}:
        return False
    if one.type != raw.FPDF_PAGEOBJ_PATH:
        return True
    segments = (
        raw.FPDFPath_GetPathSegment(one, number)
        for number in range(min(raw.FPDFPath_CountSegments(one), MAX_SEGMENTS + 1))
    )
    kinds = [raw.FPDFPathSegment_GetType(segment) for segment in segments]
    return len(kinds) > MAX_SEGMENTS or raw.FPDF_SEGMENT_BEZIERTO in kinds


@contextmanager
def _page(pdf: pdfium.PdfDocument, number: int) -> Iterator[pdfium.PdfPage]:
    try:
        page = pdf[number]
    except pdfium.PdfiumError:
        raise Unreadable("damaged") from None
    try:
        yield page
    except pdfium.PdfiumError:
        raise Unreadable("damaged") from None
    finally:
        page.close()
