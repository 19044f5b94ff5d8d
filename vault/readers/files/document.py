"""A paper file of any media type: its pages as images, its text, and checks of its container."""

import io
import zipfile
from collections.abc import Iterator
from typing import Protocol

from PIL import Image

from core.files.sizes import MAX_PAPER
from vault.readers import recognise
from vault.readers.files import text
from vault.readers.files.image import ImageFile
from vault.readers.files.pdf import PdfFile
from vault.readers.reading import CheckResult, Unreadable


class Document(Protocol):
    media_type: str
    pages: int

    def texts(self) -> list[str]:
        """Return the text of the first pages, page by page; a photo has none."""

    def text(self) -> str:
        """Return the text of the first pages."""

    def has_drawing(self) -> bool | None:
        """Return whether a page has an image or a curve, which a pen may have drawn; None for a photo."""

    def images(self, *, limit: int) -> Iterator[Image.Image]:
        """Draw the first pages in grey, sharp enough to read a code."""

    def second_look(self) -> Iterator[Image.Image]:
        """Return enhanced versions of a photo, for a second search for codes; none for a PDF."""

    def raster(self, number: int, *, dpi: int) -> Image.Image:
        """Draw one page in colour, upright; the first is 0."""

    def checks(self) -> list[CheckResult]: ...


class CodeText:
    """A text file with the raw text of a 2D-Doc."""

    media_type = recognise.CODE
    pages = 1

    def __init__(self, data: bytes) -> None:
        self.code = data.strip(recognise.AROUND).decode("ascii", "replace")

    def texts(self) -> list[str]:
        return []

    def text(self) -> str:
        return ""

    def has_drawing(self) -> bool | None:
        return None

    def images(self, *, limit: int) -> Iterator[Image.Image]:
        return iter(())

    def second_look(self) -> Iterator[Image.Image]:
        return iter(())

    def raster(self, number: int, *, dpi: int) -> Image.Image:
        raise Unreadable("no_image")

    def checks(self) -> list[CheckResult]:
        return []


def open_document(data: bytes) -> Document:
    media = _media_type(data)
    if len(data) > MAX_PAPER:
        raise Unreadable("too_big")
    if media == recognise.CODE:
        return CodeText(data)
    return PdfFile(data) if media == recognise.PDF else ImageFile(data, media)


def _media_type(data: bytes) -> str:
    """Return the media type of a paper. What is no paper is said to be data, or damage, where it shows."""
    try:
        return recognise.media_type(data)
    except Unreadable as refusal:
        if refusal.code != "unknown_media":
            raise
    if data.startswith(text.ZIP):
        raise Unreadable("unknown_data" if zipfile.is_zipfile(io.BytesIO(data)) else "damaged")
    raise Unreadable("unknown_data" if text.looks_like_data(data) else "unknown_media")
