"""A city's logo, made safe for every page: a small redrawn PNG, or an SVG reduced to shapes and colours."""

import base64
import re
from io import BytesIO

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from lxml import etree
from PIL import Image, UnidentifiedImageError

MOST_BYTES = 60_000
MOST_PIXELS = 1024
SIDE = 256

_SVG = "{http://www.w3.org/2000/svg}"
_SHAPES = frozenset(
    # A list would take a line for each.
    "svg g defs title desc path rect circle ellipse line polyline polygon "  # noqa: SIM905
    "linearGradient radialGradient stop clipPath use symbol".split()
)
#: A telephone number or an address could be written with these, and the city's logo is on every page.
_WORDS = frozenset({"text", "tspan", "textPath", "foreignObject", "image", "a"})
_ATTRIBUTES = frozenset(
    "id viewBox preserveAspectRatio width height x y x1 y1 x2 y2 cx cy r rx ry fx fy d points "  # noqa: SIM905
    "transform fill fill-opacity fill-rule stroke stroke-width stroke-linecap stroke-linejoin stroke-miterlimit "
    "stroke-dasharray stroke-dashoffset stroke-opacity opacity offset stop-color stop-opacity "
    "gradientUnits gradientTransform spreadMethod "
    "clip-path clip-rule clipPathUnits href".split()
)
# References may only point inside the file: an external URL would reveal to that site who reads which page.
_INSIDE = re.compile(r"^(url\(#[\w.-]+\)|#[\w.-]+)$")


class Unusable(Exception):
    """The logo is refused. The message gives the reason."""


def clean_upload(upload: "UploadedFile[bytes] | None") -> tuple[bytes, str] | None:
    """Return the cleaned logo of a form's field, or None if nothing was sent.

    Raises:
        ValidationError: it is no usable logo.
    """
    if upload is None:
        return None
    try:
        return clean(upload.read(MOST_BYTES + 1))
    except Unusable as problem:
        raise ValidationError(str(problem)) from problem


def written(content: bytes, media_type: str) -> dict[str, str]:
    """Return a logo as a proposal writes it: its bytes in base64, and its media type; empty texts for none."""
    return {"logo": base64.b64encode(content).decode(), "logo_type": media_type if content else ""}


def clean(content: bytes) -> tuple[bytes, str]:
    """Return the cleaned logo and its media type, which the content decides, not the file's name."""
    if len(content) > MOST_BYTES:
        raise Unusable(_("Ce logo dépasse 60 Ko. Choisissez un fichier plus léger."))
    return _png(content) if content.startswith(b"\x89PNG\r\n\x1a\n") else _svg(content)


def _png(content: bytes) -> tuple[bytes, str]:
    """Redraw a PNG, so that neither metadata nor bytes after the image remain.

    Verify it first: another library in this process may have configured Pillow to accept truncated files.
    """
    try:
        Image.open(BytesIO(content), formats=["PNG"]).verify()
        image = Image.open(BytesIO(content), formats=["PNG"])
        if max(image.size) > MOST_PIXELS:
            raise Unusable(_("Ce logo est trop grand : 1 024 pixels de côté au plus."))
        drawn = image.convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise Unusable(_("Ce fichier PNG ne s’ouvre pas.")) from error
    drawn.thumbnail((SIDE, SIDE))
    out = BytesIO()
    drawn.save(out, "PNG", optimize=True)
    return out.getvalue(), "image/png"


def _svg(content: bytes) -> tuple[bytes, str]:
    """Copy only the listed elements and attributes of an SVG: no entity, external reference, script or style."""
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unusable(_("Choisissez un logo au format SVG ou PNG.")) from error
    if root.tag != f"{_SVG}svg" or root.getroottree().docinfo.doctype:
        raise Unusable(_("Choisissez un logo au format SVG ou PNG."))
    if "viewBox" not in root.attrib:
        raise Unusable(_("Ce logo SVG ne dit pas ses dimensions (viewBox)."))
    if any(isinstance(one.tag, str) and etree.QName(one).localname in _WORDS for one in root.iter()):
        raise Unusable(_("Ce logo SVG contient du texte, une image ou un lien. Convertissez-les en tracés."))
    kept = _copy(root)
    return etree.tostring(kept, encoding="utf-8"), "image/svg+xml"


def _copy(source: etree._Element) -> etree._Element:
    target = etree.Element(source.tag, nsmap={None: _SVG.strip("{}")})
    target.text, target.tail = source.text, source.tail
    for name, value in source.attrib.items():
        local = etree.QName(name).localname
        if local in _ATTRIBUTES and _points_inside(local, value):
            target.set(local, value)
    for child in source:
        if isinstance(child.tag, str) and child.tag.startswith(_SVG) and etree.QName(child).localname in _SHAPES:
            target.append(_copy(child))
    return target


def _points_inside(name: str, value: str) -> bool:
    points = name == "href" or "url(" in value.lower() or ":" in value
    return not points or bool(_INSIDE.match(value.strip()))
