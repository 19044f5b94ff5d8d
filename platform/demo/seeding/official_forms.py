"""The town's own official forms: drawn flat, mapped by Agathe, published by Hugo. They exist nowhere else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.pdf import apart
from demo.people.accounts import find
from services.official_forms.actions import official_forms as actions
from services.official_forms.models import OfficialForm
from services.versions.actions import versions

ROWS, STEP = 4, 10
STYLE = """
@page { size: 210mm 297mm; margin: 0 }
body { margin: 0; font-family: "Public Sans"; font-size: 9.5pt; color: #20262d }
h1 { position: absolute; left: 20mm; top: 16mm; margin: 0; font-size: 17pt }
p { position: absolute; left: 20mm; margin: 0; width: 170mm }
.box { border: 0.4pt solid #5b6470; width: auto }
.cell { border-left: 0.4pt solid #5b6470; width: auto }
"""
#: What is asked of the parent and of the children, the same on each form: top of each label, then the boxes by name,
#: with left, top, width and height, in millimetres.
TEXTS: Final = (
    ("1. Le parent qui demande", 44),
    ("Nom de naissance", 54),
    ("Prénom", 66),
    ("Né(e) le", 78),
    ("Adresse", 90),
    ("Quotient familial (CAF)", 108),
    ("2. Les enfants", 124),
    ("Fait à ……………………………… le ………………………………     Signature :", 256),
)
BOXES: Final = {
    "nom": (65, 52, 90, 7),
    "prenom": (65, 64, 90, 7),
    "naissance": (65, 76, 56, 7),
    "adresse": (65, 88, 120, 13),
    "quotient": (65, 106, 40, 7),
    "enfant_prenom": (20, 132, 80, 7),
    "enfant_naissance": (105, 132, 40, 7),
}
CHILDREN: Final = f"of: enfants, rows: {ROWS}, step: {STEP}"
LINES: Final = {
    "nom": "label: Nom de naissance, value: personne#/nom, required: true",
    "prenom": "label: Prénom, value: personne#/prenom, required: true",
    "naissance": "label: Date de naissance, value: personne#/naissance, kind: comb, cells: 8",
    "adresse": "label: Adresse, value: logement.domicile#/adresse, kind: lines, required: true",
    "quotient": "label: Quotient familial, value: social.quotient_familial#/valeur",
    "enfant_prenom": f"label: Prénom de l’enfant, value: personne#/prenom, {CHILDREN}",
    "enfant_naissance": f"label: Né le, value: personne#/naissance, kind: date, {CHILDREN}",
}


@dataclass(frozen=True)
class Blank:
    """A form of the town. `texts`, `boxes` and `lines` are those of its own, after those of each form."""

    title: str
    number: str
    aids: Sequence[str]
    texts: Sequence[tuple[str, float]]
    boxes: Mapping[str, tuple[float, float, float, float]]
    lines: Mapping[str, str]


SPORT: Final = Blank(
    "Demande de pass sport municipal",
    "VB-12*03",
    ["ville_pass_sport"],
    (
        ("Ville de Villebrume, service des sports. Formulaire n° VB-12*03.", 26),
        ("Remplissez en lettres lisibles. Joignez un justificatif de domicile.", 32),
        ("3. Le club et ce que la ville doit savoir", 182),
        ("\u2003\u2003\u2003L’enfant a déjà une licence cette année", 216.5),
    ),
    {"club": (20, 190, 165, 20), "licence": (20, 216, 5, 5)},
    {
        "club": "label: Club et sport choisis, kind: lines, required: true",
        "licence": "label: L’enfant a déjà une licence cette année, kind: check",
    },
)
#: Named by the procedure “Inscription à la cantine”, not by an aid.
CANTEEN: Final = Blank(
    "Fiche d’inscription à la cantine",
    "VB-07*02",
    [],
    (
        ("Ville de Villebrume, service Enfance. Formulaire n° VB-07*02.", 26),
        ("Une fiche par famille. Aucun enfant n’est refusé.", 32),
        ("3. Les jours où vos enfants mangent à la cantine", 182),
        ("\u2003\u2003\u2003Je veux recevoir la facture par courrier", 216.5),
    ),
    {"jours": (20, 190, 165, 20), "courrier": (20, 216, 5, 5)},
    {
        "jours": "label: Jours de cantine, kind: lines, required: true",
        "courrier": "label: Je veux recevoir la facture par courrier, kind: check",
    },
)


def publish() -> None:
    """Publish each form once. What agents did with it since stays so."""
    author, second = find("agathe"), find("hugo")
    if author is None or second is None:
        return
    by = author.account()
    for blank in (SPORT, CANTEEN):
        if OfficialForm.objects.filter(title=blank.title).exists():
            continue
        content = apart.draw(_page(blank), style=STYLE)
        draft = actions.begin(by=by, title=blank.title, number=blank.number, aids=blank.aids, content=content)
        actions.write_map(form=draft, by=by, text=_map(blank, draft.sha256))
        draft.refresh_from_db()
        versions.publish(row=draft, by=second.account())


def _page(blank: Blank) -> str:
    texts = "".join(f'<p style="top: {top}mm">{words}</p>' for words, top in (*TEXTS, *blank.texts))
    shapes = []
    for name, (left, top, width, height) in {**BOXES, **blank.boxes}.items():
        for row in range(ROWS if name.startswith("enfant") else 1):
            shapes.append(_shape("box", left, top + row * STEP, width, height))
        if name == "naissance":
            shapes += [_shape("cell", left + cell * width / 8, top, width / 8, height) for cell in range(1, 8)]
    return f'<html lang="fr"><body><h1>{blank.title}</h1>{texts}{"".join(shapes)}</body></html>'


def _shape(kind: str, left: float, top: float, width: float, height: float) -> str:
    size = f"left: {left:.2f}mm; top: {top:.2f}mm; width: {width:.2f}mm; height: {height:.2f}mm"
    return f'<p class="{kind}" style="{size}"></p>'


def _map(blank: Blank, sha256: str) -> str:
    boxes = {**BOXES, **blank.boxes}
    lines = [
        f"  - {{name: {name}, {said}, page: 1, box: {list(boxes[name])}}}"
        for name, said in {**LINES, **blank.lines}.items()
    ]
    return "\n".join([f"blank: {sha256}", "lines:", *lines, ""])
