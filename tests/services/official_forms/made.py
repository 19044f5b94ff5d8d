"""Two home-made blanks of one form, with fields and flat, their maps, and a person whose name has hard letters."""

import hashlib
import io
from functools import cache
from typing import Any

import pikepdf
import yaml
from django.utils import timezone
from pikepdf import Array, Dictionary, Name

from core.journal import register
from services.official_forms.drawing import Blank
from services.official_forms.filling import Filled, Filling
from services.official_forms.mapping import Map, read
from services.official_forms.models import OfficialForm
from services.official_forms.pdf import blank
from services.versions.models import State

SIZE = (420, 298)
NAME = "Éléonore Ægir-Çelik"
TALK = "Sœur aînée, née à L’Haÿ-les-Roses ; elle garde l’œuvre d’Ÿvon le lundi et le jeudi."
#: Each field of the blank: its name, where it is in points from the lower left corner, and its kind.
FIELDS = (
    ("identite.nom", (110, 240, 320, 258), "text"),
    ("identite.naissance", (110, 210, 238, 228), "comb"),
    ("motif", (110, 140, 390, 195), "lines"),
    ("logement", (110, 115, 122, 127), "Locataire"),
    ("logement", (210, 115, 222, 127), "Proprietaire"),
    ("enfant_1", (110, 85, 250, 101), "text"),
    ("enfant_2", (110, 65, 250, 81), "text"),
)
LINES: list[dict[str, Any]] = [
    {"name": "nom", "label": "Nom", "value": "personne#/nom", "required": True},
    {"name": "naissance", "label": "Date de naissance", "value": "personne#/naissance", "kind": "comb", "cells": 8},
    {"name": "motif", "label": "Motif", "kind": "lines"},
    {"name": "locataire", "label": "Locataire", "value": "logement.domicile#/statut_occupation", "kind": "check"},
    {"name": "enfant", "label": "Prénom de l’enfant", "value": "personne#/prenom", "of": "enfants", "rows": 2},
]
PLACES: dict[str, dict[str, Any]] = {
    "nom": {"field": "identite.nom"},
    "naissance": {"field": "identite.naissance"},
    "motif": {"field": "motif"},
    "locataire": {"field": "logement", "option": "Locataire", "equals": ["locataire_vide", "locataire"]},
    "enfant": {"field": "enfant_{n}"},
}


def _drawn(fields: bool) -> bytes:
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=SIZE)
    lines = " ".join(f"{left} {low} {right - left} {top - low} re S" for _n, (left, low, right, top), _k in FIELDS)
    page.obj.Contents = pdf.make_stream(f"0.7 G 0.5 w {lines}".encode())
    if fields:
        _add_fields(pdf, page)
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def _add_fields(pdf: pikepdf.Pdf, page: Any) -> None:
    """Give the page its fields: one under a parent, a comb, several lines, a choice of one."""
    script = Dictionary(S=Name.JavaScript, JS="AFDate_FormatEx('dd/mm/yyyy')")

    def widget(box: Any, **parts: Any) -> Any:
        shape = Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=Array(box), F=4, P=page.obj, **parts)
        return pdf.make_indirect(shape)

    helvetica = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    identity = pdf.make_indirect(Dictionary(T="identite"))
    choice = pdf.make_indirect(Dictionary(FT=Name.Btn, T="logement", Ff=1 << 15, V=Name.Off))
    roots: list[Any] = [identity, choice]
    inside: list[Any] = []
    boxes: list[Any] = []
    shown: list[Any] = []
    for name, box, kind in FIELDS:
        if name == "logement":
            states: dict[str, Any] = {
                state: pdf.make_stream(content, Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 12, 12]))
                for state, content in ((kind, b"2 w 2 2 m 10 10 l 2 10 m 10 2 l S"), ("Off", b""))
            }
            made = widget(box, Parent=choice, AS=Name.Off, AP=Dictionary(N=Dictionary(**states)))
            boxes.append(made)
        else:
            flags = {"lines": 1 << 12, "comb": 1 << 24}.get(kind, 0)
            more = {"MaxLen": 8} if kind == "comb" else {}
            first, _dot, last = name.partition(".")
            parts = {"T": last or first, **({"Parent": identity} if last else {})}
            made = widget(box, FT=Name.Tx, Ff=flags, DA="/Helv 0 Tf 0 g", AA=Dictionary(F=script), **parts, **more)
            (inside if last else roots).append(made)
        shown.append(made)
    identity.Kids, choice.Kids = Array(inside), Array(boxes)
    page.obj.Annots = Array(shown)
    pdf.Root.AcroForm = Dictionary(
        Fields=Array(roots), NeedAppearances=True, DA="/Helv 0 Tf 0 g", DR=Dictionary(Font=Dictionary(Helv=helvetica))
    )


FIELDED, FLAT = _drawn(True), _drawn(False)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _millimetres(box: tuple[int, int, int, int]) -> list[float]:
    left, low, right, top = box
    return [round(side * 25.4 / 72, 2) for side in (left, SIZE[1] - top, right - left, top - low)]


def map_text(content: bytes, **changes: Any) -> str:
    """Return the map of one of the blanks. `changes` are of lines, by name; `lines` and `blank` replace the whole."""
    flat = content == FLAT
    at = {name: _millimetres(box) for name, box, _kind in reversed(FIELDS)}
    places: dict[str, dict[str, Any]] = {
        "nom": {"page": 1, "box": at["identite.nom"]},
        "naissance": {"page": 1, "box": at["identite.naissance"]},
        "motif": {"page": 1, "box": at["motif"]},
        "locataire": {"page": 1, "box": at["logement"], "equals": ["locataire_vide", "locataire"]},
        "enfant": {"page": 1, "box": at["enfant_1"], "step": 20 * 25.4 / 72},
    }
    lines = [{**one, **(places if flat else PLACES)[one["name"]], **changes.get(one["name"], {})} for one in LINES]
    data = {"blank": changes.get("blank", sha256(content)), "lines": changes.get("lines", lines)}
    return str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False))


@cache
def facts_of(content: bytes) -> dict[str, Any]:
    """Look at a blank in this process: it is our own."""
    return blank.look(content)


def mapped(content: bytes, **changes: Any) -> Map:
    return read(map_text(content, **changes), sha256=sha256(content), facts=facts_of(content))


def blank_of(content: bytes) -> Blank:
    return Blank(content, sha256(content))


def filled(mapping: Map, **texts: str) -> Filling:
    """Return the form of Éléonore and of her two children."""
    says = {"nom": NAME, "naissance": "07031987", "motif": TALK, "enfant": "Zoë", **texts}
    rows = [
        Filled(line, row, "" if line.kind == "check" else says[line.name], ticked=line.kind == "check")
        for line in mapping.lines
        for row in range(len(line.rows))
    ]
    return Filling(rows, [])


def draft(author: Any, content: bytes = FLAT, *, code: str = "demande", **columns: Any) -> OfficialForm:
    """Write a draft as its verbs leave it, without their child process."""
    held = {"title": "Demande d’aide", "number": "99999*01", "aids": ["rsa"], "map_text": map_text(content), **columns}
    return OfficialForm.objects.create(
        code=code, blank=content, sha256=sha256(content), facts=facts_of(content), written_by=author, **held
    )


def published(author: Any, second: Any, content: bytes = FLAT, **columns: Any) -> OfficialForm:
    form = draft(author, content, **columns)
    form.state, form.published_by, form.published_at = State.PUBLISHED, second, timezone.now()
    form.save()
    subject = form.subject_of(form.code)
    register.write(kind=form.KIND, subject_id=subject, event=f"{form.KIND}_published", content=form.registered)
    return form
