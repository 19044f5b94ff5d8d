"""A photo or a scan decoded by Pillow: size checked before decoding, turned upright, metadata dropped."""

import io
import warnings
from collections.abc import Iterator
from functools import cached_property

from PIL import Image, ImageOps

from vault.readers import recognise
from vault.readers.reading import CheckResult, Unreadable

#: 50 Mpx is the largest photo of a common phone (8160 x 6144). Pillow itself only warns up to twice its limit.
MAX_PIXELS = 8192 * 6400
CODE_SIDE = 3400
SMALL_SIDE = 1200
A4_HEIGHT_INCHES = 11.7
FORMATS = {recognise.JPEG: "JPEG", recognise.PNG: "PNG", recognise.HEIC: "HEIF"}


class ImageFile:
    pages = 1

    def __init__(self, data: bytes, media_type: str) -> None:
        self.media_type = media_type
        self.data = data
        if media_type == recognise.HEIC:
            _register_heif()
        with self._opened() as image:
            if image.width * image.height < 16:
                raise Unreadable("damaged")

    def texts(self) -> list[str]:
        return []

    def text(self) -> str:
        return ""

    def has_drawing(self) -> bool | None:
        return None

    def images(self, *, limit: int) -> Iterator[Image.Image]:
        """Return the photo and, if it is small, an enlarged one: a code of 235 pixels a side is found only in that."""
        image = self._grey
        yield image
        if max(image.size) < SMALL_SIDE:
            yield image.resize((image.width * 2, image.height * 2), Image.Resampling.LANCZOS)

    def second_look(self) -> Iterator[Image.Image]:
        from vault.readers.files.lighting import evened  # loads numpy, which most photos do not need

        yield from evened(self._grey)

    def raster(self, number: int, *, dpi: int) -> Image.Image:
        """Draw the photo straightened, at the size of an A4 page of this resolution."""
        from vault.readers.files import upright  # loads numpy and zxing, useless for reading a photo's head

        side = round(A4_HEIGHT_INCHES * dpi)
        photo = self._upright(max(side, upright.LOOK_SIDE), "RGB")
        shown = upright.look(photo.convert("L")).of(photo)
        shown.thumbnail((side, side), Image.Resampling.LANCZOS)
        return shown

    def checks(self) -> list[CheckResult]:
        return []

    @cached_property
    def _grey(self) -> Image.Image:
        """The photo in grey, decoded once: a large HEIC photo takes seconds."""
        return self._upright(CODE_SIDE, "L")

    def _upright(self, side: int, mode: str) -> Image.Image:
        try:
            with self._opened() as image:
                image.draft(mode, (side, side))
                small = (
                    image
                    if image.mode in {"L", "RGB", "RGBA"}
                    else image.convert("RGBA" if _transparent(image) else "RGB")
                )
                small.thumbnail((side, side), Image.Resampling.LANCZOS)
                upright = ImageOps.exif_transpose(_on_white(small)).convert(mode)
        except _BROKEN:
            raise Unreadable("damaged") from None
        upright.info.clear()
        return upright

    def _opened(self) -> Image.Image:
        Image.MAX_IMAGE_PIXELS = MAX_PIXELS
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                return Image.open(io.BytesIO(self.data), formats=[FORMATS[self.media_type]])
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise Unreadable("too_many_pixels") from None
        except _BROKEN:
            raise Unreadable("damaged") from None


_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    EOFError,
    ZeroDivisionError,
)


def _register_heif() -> None:
    """Load the HEIC decoder, with one thread: each thread allocates its own memory."""
    import pillow_heif

    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.register_heif_opener(thumbnails=False)


def _transparent(image: Image.Image) -> bool:
    return "A" in image.getbands() or "transparency" in image.info


def _on_white(image: Image.Image) -> Image.Image:
    """Replace transparent pixels by white ones."""
    if not _transparent(image):
        return image
    image = image.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    flat.info = image.info
    return flat
