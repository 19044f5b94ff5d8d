"""Render HTML and a style to a tagged, archivable document. No Django: the child process imports only this module."""

from collections.abc import Mapping

from weasyprint import CSS, HTML, Document
from weasyprint.text.fonts import FontConfiguration

from core.pdf import leftovers
from core.pdf.assets import FACES, SCHEME, Assets
from core.pdf.metadata import ArchiveMetadata

VARIANT = "pdf/a-3a"


def _fonts() -> FontConfiguration:
    """Return fonts whose folder names this process, so that `leftovers.remove` finds it if the process is killed."""
    fonts = FontConfiguration()
    fonts._folder = leftovers.make()  # noqa: SLF001 - WeasyPrint makes one without a name otherwise
    return fonts


def lay_out(
    html: str,
    *,
    style: str,
    files: Mapping[str, tuple[bytes, str]] | None = None,
    variant: str | None = VARIANT,
) -> Document:
    """Lay out the document. `files` are served as `asset:<name>` with their media type; no other URL is available."""
    assets, fonts = Assets(files or {}), _fonts()
    sheets = [
        CSS(string=text, base_url=SCHEME, font_config=fonts, url_fetcher=assets) for text in (FACES.read_text(), style)
    ]
    document = HTML(string=html, base_url=SCHEME, url_fetcher=assets).render(
        stylesheets=sheets, font_config=fonts, pdf_variant=variant
    )
    if variant:
        document.metadata = ArchiveMetadata(**vars(document.metadata))
    return document
