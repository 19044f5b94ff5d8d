"""Find the active content of a PDF: scripts, actions at opening, attached files. They are reported, never run."""

import io
from collections.abc import Iterator
from typing import Any

import pikepdf

from vault.readers.reading import MAX_PAGES, CheckResult, Unreadable, check

#: Actions that leave the document or run something. A plain jump to a page (`/GoTo`) is harmless, and common.
ACTIVE = {
    "/JavaScript",
    "/Launch",
    "/SubmitForm",
    "/ImportData",
    "/GoToR",
    "/GoToE",
    "/Rendition",
    "/RichMediaExecute",
    "/Movie",
    "/Sound",
}
#: What the data attached to a dossier that a Garant made begins its format with, and the name of that file.
DOSSIER, DOSSIER_DATA = b'"format":"garant.dossier/', "dossier.json"
PLAYERS = {"/RichMedia", "/3D", "/Movie", "/Screen", "/Sound"}


def look(data: bytes) -> list[CheckResult]:
    """Return the checks that failed.

    Raises:
        Unreadable: the PDF is a dossier that a Garant made: what it says of somebody is no paper.
    """
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            if _is_dossier(pdf):
                raise Unreadable("sealed_dossier")
            active, attached = _is_active(pdf), _has_attachments(pdf)
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, NotImplementedError):
        return [check("active_content", "inconclusive")]
    return [check(code, "failed") for code, found in (("active_content", active), ("attachments", attached)) if found]


def _is_active(pdf: pikepdf.Pdf) -> bool:
    names: Any = pdf.Root.get("/Names", {})
    if "/JavaScript" in names or "/XFA" in pdf.Root.get("/AcroForm", {}) or "/AA" in pdf.Root:
        return True
    return any(_runs(action) for action in _actions(pdf))


def _actions(pdf: pikepdf.Pdf) -> Iterator[Any]:
    yield pdf.Root.get("/OpenAction")
    for page in list(pdf.pages)[:MAX_PAGES]:
        yield from page.obj.get("/AA", {}).values()
        for annotation in page.obj.get("/Annots", []):
            yield annotation.get("/A")
            yield from annotation.get("/AA", {}).values()
            if str(annotation.get("/Subtype")) in PLAYERS:
                yield annotation


def _runs(action: object) -> bool:
    """Return whether the action, or one of ten chained by `/Next`, is active. A longer chain, maybe a loop, is too."""
    for _ in range(10):
        if not isinstance(action, pikepdf.Dictionary):
            return False
        if str(action.get("/S")) in ACTIVE or str(action.get("/Subtype")) in PLAYERS:
            return True
        following = action.get("/Next")
        if isinstance(following, pikepdf.Array):
            return any(str(one.get("/S")) in ACTIVE for one in following if isinstance(one, pikepdf.Dictionary))
        action = following
    return True


def _is_dossier(pdf: pikepdf.Pdf) -> bool:
    files = pdf.Root.get("/AF")
    return isinstance(files, pikepdf.Array) and any(_is_dossier_data(file) for file in files)


def _is_dossier_data(file: pikepdf.Object) -> bool:
    if not isinstance(file, pikepdf.Dictionary) or str(file.get("/UF", file.get("/F", ""))) != DOSSIER_DATA:
        return False
    embedded = file.get("/EF")
    stream = embedded.get("/F") if isinstance(embedded, pikepdf.Dictionary) else None
    return isinstance(stream, pikepdf.Stream) and DOSSIER in stream.read_bytes()


def _has_attachments(pdf: pikepdf.Pdf) -> bool:
    if len(pdf.attachments):
        return True
    annotations = (one for page in list(pdf.pages)[:MAX_PAGES] for one in page.obj.get("/Annots", []))
    return any(str(one.get("/Subtype")) == "/FileAttachment" for one in annotations)
