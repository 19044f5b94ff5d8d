"""A paper as a PDF of watermarked images, without anything else of the file: no text layer, script or attachment."""

from collections.abc import Iterable
from typing import BinaryIO

import pikepdf
from pikepdf import Dictionary, Name
from PIL import Image

from services.dossiers.pdf.watermark import Watermark

POINTS = 72


def marked_pdf(images: Iterable[Image.Image], *, text: str, dpi: int, out: BinaryIO) -> None:
    """Write one page per image, with the text drawn in its pixels."""
    mark, pdf = Watermark(text), pikepdf.new()
    for image in images:
        width, height = (round(side * POINTS / dpi, 2) for side in image.size)
        drawn = pdf.make_stream(
            mark.marked(image.convert("RGB")),
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=image.width,
            Height=image.height,
            ColorSpace=Name.DeviceRGB,
            BitsPerComponent=8,
            Filter=Name.DCTDecode,
        )
        page = pdf.add_blank_page(page_size=(width, height))
        page.obj.Resources = Dictionary(XObject=Dictionary(Paper=drawn))
        page.obj.Contents = pdf.make_stream(f"q {width} 0 0 {height} 0 0 cm /Paper Do Q".encode())
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
