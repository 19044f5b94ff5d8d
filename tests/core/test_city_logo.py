"""The city's logo: a PNG is redrawn and an SVG reduced to shapes, so that it can only be displayed."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image, ImageFile, PngImagePlugin

from core.pages import logo

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 40 40">{}</svg>'


def svg(body):
    return SVG.format(body).encode()


def png(size=(40, 40), **options):
    out = BytesIO()
    Image.new("RGB", size, "#17524f").save(out, "PNG", **options)
    return out.getvalue()


def test_shapes_and_colours_are_kept():
    kept, kind = logo.clean(
        svg('<g fill="#17524f"><path d="M0 0h40v40z" opacity=".5"/></g><use href="#a"/><rect fill="url(#b)"/>')
    )
    assert kind == "image/svg+xml"
    for part in (
        b'fill="#17524f"',
        b'd="M0 0h40v40z"',
        b'opacity=".5"',
        b'href="#a"',
        b'fill="url(#b)"',
        b'viewBox="0 0 40 40"',
    ):
        assert part in kept


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        '<rect onload="alert(1)"/>',
        '<use href="https://mouchard.example/a.svg#b"/>',
        '<use xlink:href="javascript:alert(1)"/>',
        '<rect fill="url(https://mouchard.example/a)"/>',
        "<style>rect{fill:url(https://mouchard.example/a)}</style>",
        '<rect style="background:url(https://mouchard.example/a)"/>',
        '<animate attributeName="href" values="javascript:alert(1)"/>',
    ],
)
def test_scripts_and_external_references_are_removed(body):
    kept, _kind = logo.clean(svg(body + '<circle r="9"/>'))
    assert b"<circle" in kept
    assert b"mouchard" not in kept and b"alert" not in kept


def test_entities_are_never_resolved():
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
        + SVG.format("<title>&b;&a;</title>")
    )
    with pytest.raises(logo.Unusable):
        logo.clean(bomb.encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not an image",
        b"<html><body>no</body></html>",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"\x89PNG\r\n\x1a\n truncated",
        png()[:60],
        b"GIF89a" + b"\0" * 40,
        svg("<!-- " + "x" * logo.MOST_BYTES + " -->"),
    ],
)
def test_other_content_is_refused_with_a_message(content):
    with pytest.raises(logo.Unusable) as refusal:
        logo.clean(content)
    assert str(refusal.value)


def test_a_truncated_png_is_refused_even_if_pillow_accepts_it(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(logo.Unusable):
        logo.clean(png()[:60])


def test_a_png_is_redrawn_without_metadata_or_trailing_bytes():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("author", "Awa")
    kept, kind = logo.clean(png((600, 300), pnginfo=notes) + b"<script>alert(1)</script>")
    assert kind == "image/png"
    assert b"Awa" not in kept and b"script" not in kept
    assert Image.open(BytesIO(kept)).size == (256, 128)


def test_an_image_with_too_many_pixels_is_refused_before_decoding():
    with pytest.raises(logo.Unusable, match="1\u00a0024"):
        logo.clean(png((2000, 10)))


def test_an_image_declaring_billions_of_pixels_is_refused_with_a_message():
    size = struct.pack(">II", 100_000, 100_000)
    header = b"IHDR" + size + b"\x08\x02\x00\x00\x00"
    bomb = png()[:8] + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + png()[33:]
    with pytest.raises(logo.Unusable):
        logo.clean(bomb)
