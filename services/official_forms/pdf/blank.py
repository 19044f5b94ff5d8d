"""An official form's blank, opened by pypdf in the limited child only: what it has, and a clean copy that is filled.

Nothing of a blank is run. Scripts, actions, XFA, usage rights, signatures and attached files are taken out of the
copy, not merely left unused.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

from services.official_forms.pdf.refusals import MAX_PAGES, MAX_WIDGETS
from vault.readers.reading import Unreadable

#: Hundredths of a millimetre in a point, the unit of the facts: whole numbers, which a MAC covers exactly.
UNIT = 2540 / 72
#: What a parser may raise on a damaged file.
BROKEN = (PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError)
#: Bits of a field's flags.
MULTILINE, PUSH_BUTTON, COMB = 1 << 12, 1 << 16, 1 << 24
#: Bits of an annotation's flags: it is hidden, or shown on no screen.
HIDDEN = 1 << 1 | 1 << 5
ROOT_ENTRIES = ("/OpenAction", "/AA", "/Perms", "/DSS", "/AF", "/Collection", "/Legal", "/Threads")
NAME_TREES = ("/JavaScript", "/EmbeddedFiles", "/AlternatePresentations", "/Renditions")
#: Entries that are taken out of every dictionary of the file, and what they are.
EVERYWHERE = {"/AA": "scripts", "/AF": "files", "/EF": "files", "/XFA": "xfa"}
SIGNATURES = ("/Sig", "/DocTimeStamp")
#: The only actions that stay: a link to a page of the form, or to an address that the reader's program shows first.
PLAIN_ACTIONS = ("/GoTo", "/URI")
PLAIN_ANNOTATIONS = ("/Widget", "/Link")


def look(data: bytes) -> dict[str, Any]:
    """Return the pages, the fields and what a copy would not keep, in hundredths of a millimetre.

    Raises:
        Unreadable
    """
    try:
        writer = _opened(data)
        removed = _clean(writer)
        return {
            "pages": [[_whole(side) for side in _size(page)] for page in writer.pages],
            "fields": [_fact(writer, widget) for widget in _widgets(writer)],
            "removed": sorted(removed),
        }
    except BROKEN:
        raise Unreadable("damaged") from None


def fill(
    data: bytes, *, drawn: bytes, marks: Sequence[Mapping[str, Any]], ticks: Sequence[Mapping[str, Any]]
) -> tuple[bytes, bytes]:
    """Return a clean copy with the drawn texts in their places, and the same without fields, as it is printed.

    pdfium draws no field of a document, so page images are made of the second.

    Args:
        drawn: a PDF with one page for each mark, of its place's size.
        marks: where each text goes: a box of a page, in points from its upper left corner, or a widget, whose
            appearance it becomes beside the text as the field's value.
        ticks: the boxes that are ticked, by field and state.

    Raises:
        Unreadable
    """
    try:
        writer, pages = _opened(data), PdfReader(io.BytesIO(drawn)).pages if drawn else []
        _clean(writer)
        widgets = {(page, place): one for page, place, one in _widgets(writer)}
        for mark, page in zip(marks, pages, strict=True):
            form = _form(writer, page)
            if mark["widget"] is not None:
                _put_in(widgets[tuple(mark["widget"])], form, str(mark["text"]))
            else:
                _put_on(writer, writer.pages[mark["page"]], form, mark["box"])
        for tick in ticks:
            _tick(list(widgets.values()), tick["field"], tick["state"])
        return _written(writer), _written(_flattened(writer))
    except BROKEN:
        raise Unreadable("damaged") from None


def _written(writer: PdfWriter) -> bytes:
    """Return the file, copied again from its root: what was taken out is in no object that stays."""
    first, second = io.BytesIO(), io.BytesIO()
    writer.write(first)
    PdfWriter(clone_from=PdfReader(first)).write(second)
    return second.getvalue()


def _opened(data: bytes) -> PdfWriter:
    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted:
        raise Unreadable("encrypted")
    if not 0 < len(reader.pages) <= MAX_PAGES:
        raise Unreadable("form_pages")
    writer = PdfWriter(clone_from=reader)
    if any(page.rotation % 360 or page.get("/UserUnit", 1) != 1 for page in writer.pages):
        raise Unreadable("form_turned")
    return writer


# Cleaning


def _clean(writer: PdfWriter) -> set[str]:
    """Take out what runs, what is hidden and what forbids a change. Return the codes of what was there."""
    removed: set[str] = set()
    root = writer.root_object
    for name in ROOT_ENTRIES:
        if root.pop(NameObject(name), None) is not None:
            removed.add({"/Perms": "rights", "/AF": "files", "/Collection": "files"}.get(name, "scripts"))
    names = _plain(root.get("/Names"))
    for name in NAME_TREES:
        if isinstance(names, DictionaryObject) and names.pop(NameObject(name), None) is not None:
            removed.add("files" if name == "/EmbeddedFiles" else "scripts")
    form = _plain(root.get("/AcroForm"))
    if isinstance(form, DictionaryObject):
        for name in ("/NeedAppearances", "/SigFlags", "/CO"):
            form.pop(NameObject(name), None)
    for page in writer.pages:
        removed |= _clean_page(page)
    for one in _dictionaries(writer):
        removed |= _clean_one(one)
    return removed


def _dictionaries(writer: PdfWriter) -> Iterator[DictionaryObject]:
    """Yield each dictionary, whatever names it: a page, a bookmark, a field without a place, the document's structure.

    What the caller takes out of one is not looked at.
    """
    waiting: list[Any] = list(writer._objects)  # noqa: SLF001 - all that the copy has
    while waiting:
        one = waiting.pop()
        if isinstance(one, DictionaryObject):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, ArrayObject):
            waiting.extend(list(one))


def _clean_one(one: DictionaryObject) -> set[str]:
    removed = {code for name, code in EVERYWHERE.items() if one.pop(NameObject(name), None) is not None}
    if _plain(one.get("/Type")) in SIGNATURES or "/ByteRange" in one:
        one.clear()
        return removed | {"rights"}
    if _inherited(one, "/FT") == "/Sig" and one.pop(NameObject("/V"), None) is not None:
        removed.add("rights")
    return removed | _clean_action(one)


def _clean_page(page: PageObject) -> set[str]:
    removed: set[str] = set()
    kept = ArrayObject()
    for reference in _plain(page.get("/Annots")) or ():
        annotation = _plain(reference)
        if not isinstance(annotation, DictionaryObject) or annotation.get("/Subtype") not in PLAIN_ANNOTATIONS:
            removed.add("files")
            if isinstance(annotation, DictionaryObject):
                annotation.clear()  # the structure may name it too
            continue
        if _inherited(annotation, "/FT") == "/Sig":
            removed.add("rights")
            continue
        kept.append(reference)
    if "/Annots" in page:
        page[NameObject("/Annots")] = kept
    return removed


def _clean_action(one: DictionaryObject) -> set[str]:
    action = _plain(one.get("/A"))
    # The structure names attributes by the same letter; they have no kind of action.
    if not isinstance(action, DictionaryObject) or "/S" not in action:
        return set()
    if action.get("/S") in PLAIN_ACTIONS:
        action.pop(NameObject("/Next"), None)
        return set()
    one.pop(NameObject("/A"))
    return {"scripts"}


# Fields


def _widgets(writer: PdfWriter) -> Iterator[tuple[int, int, DictionaryObject]]:
    """Yield each widget with its page and its place among the page's annotations."""
    count = 0
    for number, page in enumerate(writer.pages):
        for place, reference in enumerate(_plain(page.get("/Annots")) or ()):
            widget = _plain(reference)
            if isinstance(widget, DictionaryObject) and widget.get("/Subtype") == "/Widget":
                count += 1
                if count > MAX_WIDGETS:
                    raise Unreadable("form_widgets")
                yield number, place, widget


def _fact(writer: PdfWriter, found: tuple[int, int, DictionaryObject]) -> dict[str, Any]:
    number, place, widget = found
    flags, kind = int(_inherited(widget, "/Ff") or 0), _inherited(widget, "/FT")
    left, bottom, right, top = _rect(widget)
    page_left, _bottom, _right, page_top = _crop(writer.pages[number])
    box = [left - page_left, page_top - top, right - left, top - bottom]
    states = _states(widget) if kind == "/Btn" and not flags & PUSH_BUTTON else []
    return {
        "name": _name(widget),
        "kind": {"/Tx": "text", "/Ch": "text"}.get(str(kind), "check" if states else "other"),
        "page": number,
        "place": place,
        "box": [_whole(side) for side in box],
        "states": states,
        "cells": int(_inherited(widget, "/MaxLen") or 0) if flags & COMB else 0,
        "lines": bool(flags & MULTILINE) and kind == "/Tx",
    }


def _name(widget: DictionaryObject) -> str:
    parts = [str(one["/T"]) for one in (widget, *_parents(widget)) if "/T" in one]
    return ".".join(reversed(parts))[:200]


def _states(widget: DictionaryObject) -> list[str]:
    appearance = _plain(widget.get("/AP")) or {}
    normal = _plain(appearance.get("/N"))
    return [name[1:] for name in normal if name != "/Off"] if isinstance(normal, DictionaryObject) else []


def _parents(widget: DictionaryObject) -> Iterator[DictionaryObject]:
    one = _plain(widget.get("/Parent"))
    for _level in range(20):
        if not isinstance(one, DictionaryObject):
            return
        yield one
        one = _plain(one.get("/Parent"))


def _inherited(widget: DictionaryObject, name: str) -> Any:  # noqa: ANN401 - any part of a file
    return next((_plain(one[name]) for one in (widget, *_parents(widget)) if name in one), None)


# Filling


def _form(writer: PdfWriter, page: PageObject) -> PdfObject:
    """Return a drawn page as something to place: its content, its fonts and its size."""
    stream = DecodedStreamObject()
    content = page.get_contents()
    stream.set_data(content.get_data() if content is not None else b"")
    left, bottom, right, top = (float(side) for side in page.mediabox)
    stream.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): ArrayObject([FloatObject(side) for side in (left, bottom, right, top)]),
            NameObject("/Resources"): _plain(page["/Resources"]).clone(writer),
        }
    )
    return writer._add_object(stream)  # noqa: SLF001 - pypdf's own way to give an object a number


def _put_in(widget: DictionaryObject, form: PdfObject, text: str) -> None:
    """Make the drawing the widget's appearance, and the text its field's value."""
    width, height = (_side(widget, axis) for axis in (0, 1))
    stream = _plain(form)
    stream[NameObject("/Matrix")] = ArrayObject([FloatObject(one) for one in (1, 0, 0, 1, 0, 0)])
    stream[NameObject("/BBox")] = ArrayObject([FloatObject(one) for one in (0, 0, width, height)])
    widget[NameObject("/AP")] = DictionaryObject({NameObject("/N"): form})
    _field(widget)[NameObject("/V")] = TextStringObject(text)


def _side(widget: DictionaryObject, axis: int) -> float:
    box = _rect(widget)
    return box[axis + 2] - box[axis]


def _field(widget: DictionaryObject) -> DictionaryObject:
    """Return the dictionary that holds the field's value: the nearest one with a name."""
    return next((one for one in (widget, *_parents(widget)) if "/T" in one), widget)


def _put_on(writer: PdfWriter, page: PageObject, form: PdfObject, box: Sequence[float]) -> None:
    """Draw on the page itself, over what it has."""
    left, _bottom, _right, top = _crop(page)
    _draw(writer, page, form, (1, 0, 0, 1, left + box[0], top - box[1] - box[3]))


def _draw(writer: PdfWriter, page: PageObject, form: PdfObject, matrix: Sequence[float]) -> None:
    resources = _plain(page.get("/Resources"))
    if not isinstance(resources, DictionaryObject):
        resources = page[NameObject("/Resources")] = DictionaryObject()
    objects = _plain(resources.get("/XObject"))
    # A copy: pages may share one dictionary.
    own = DictionaryObject(objects) if isinstance(objects, DictionaryObject) else DictionaryObject()
    name = NameObject(f"/Filled{len(own)}")
    own[name] = form
    shared = DictionaryObject(resources)
    shared[NameObject("/XObject")] = own
    page[NameObject("/Resources")] = shared
    over = DecodedStreamObject()
    placed = " ".join(f"{one:.4f}" for one in matrix)
    over.set_data(f"Q q {placed} cm {name} Do Q q".encode())
    _wrap(writer, page, over)


def _wrap(writer: PdfWriter, page: PageObject, over: DecodedStreamObject) -> None:
    """Put a content after the page's own, whose graphics state is closed first."""
    before, after = DecodedStreamObject(), DecodedStreamObject()
    before.set_data(b"q ")
    after.set_data(b" Q")
    held = page.get("/Contents")
    own = _plain(held)
    parts = list(own) if isinstance(own, ArrayObject) else [held] if held is not None else []
    parts = [writer._add_object(before), *parts, writer._add_object(over), writer._add_object(after)]  # noqa: SLF001
    page[NameObject("/Contents")] = ArrayObject(parts)


def _flattened(writer: PdfWriter) -> PdfWriter:
    """Draw each field as it looks on its page, and remove the fields."""
    for number, _place, widget in list(_widgets(writer)):
        if int(widget.get("/F", 0)) & HIDDEN:
            continue
        held: Any = (_plain(widget.get("/AP")) or {}).get("/N")
        if isinstance(_plain(held), DictionaryObject) and not isinstance(_plain(held), StreamObject):
            held = _plain(held).get(widget.get("/AS", "/Off"))
        if isinstance(_plain(held), StreamObject):
            _draw(writer, writer.pages[number], held, _move(_plain(held), _rect(widget)))
    for page in writer.pages:
        page.pop(NameObject("/Annots"), None)
    writer.root_object.pop(NameObject("/AcroForm"), None)
    return writer


def _move(appearance: DictionaryObject, box: Sequence[float]) -> Sequence[float]:
    """Return the matrix that takes an appearance to its rectangle (ISO 32000, 12.5.5)."""
    a, b, c, d, e, f = (float(one) for one in appearance.get("/Matrix", (1, 0, 0, 1, 0, 0)))
    left, bottom, right, top = (float(one) for one in _plain(appearance["/BBox"]))
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
    across, up = [x for x, _y in corners], [y for _x, y in corners]
    wide, high = max(across) - min(across), max(up) - min(up)
    scale_x = (box[2] - box[0]) / wide if wide else 1.0
    scale_y = (box[3] - box[1]) / high if high else 1.0
    return (scale_x, 0, 0, scale_y, box[0] - min(across) * scale_x, box[1] - min(up) * scale_y)


def _tick(widgets: Sequence[DictionaryObject], field: str, state: str) -> None:
    """Tick one box of a field; its others, as of a choice of one, are unticked."""
    boxes = [widget for widget in widgets if _name(widget) == field]
    if not any(state in _states(widget) for widget in boxes):
        raise Unreadable("form_no_field")
    for widget in boxes:
        widget[NameObject("/AS")] = NameObject(f"/{state}" if state in _states(widget) else "/Off")
        _field(widget)[NameObject("/V")] = NameObject(f"/{state}")


# Sizes


def _crop(page: PageObject) -> list[float]:
    return _sorted([float(side) for side in page.cropbox])


def _size(page: PageObject) -> tuple[float, float]:
    left, bottom, right, top = _crop(page)
    return right - left, top - bottom


def _rect(widget: DictionaryObject) -> list[float]:
    return _sorted([float(side) for side in _plain(widget["/Rect"])])


def _sorted(sides: Sequence[float]) -> list[float]:
    left, right = sorted((sides[0], sides[2]))
    bottom, top = sorted((sides[1], sides[3]))
    return [left, bottom, right, top]


def _whole(points: float) -> int:
    return round(points * UNIT)


def _plain(one: Any) -> Any:  # noqa: ANN401 - any part of a file
    return one.get_object() if isinstance(one, IndirectObject) else one
