"""The town's own official form: drawn flat, mapped by Agathe, published by Hugo. It exists nowhere else."""

from core.pdf import apart
from demo.people import find
from services.official_forms.actions import official_forms as actions
from services.official_forms.models import OfficialForm

TITLE, NUMBER, AIDS = "Demande de pass sport municipal", "VB-12*03", ["ville_pass_sport"]
ROWS = 4
STYLE = """
@page { size: 210mm 297mm; margin: 0 }
body { margin: 0; font-family: "Public Sans"; font-size: 9.5pt; color: #20262d }
h1 { position: absolute; left: 20mm; top: 16mm; margin: 0; font-size: 17pt }
p { position: absolute; left: 20mm; margin: 0; width: 170mm }
.box { border: 0.4pt solid #5b6470; width: auto }
.cell { border-left: 0.4pt solid #5b6470; width: auto }
"""
#: Each label with its top, and the boxes that follow it: left, top, width and height, in millimetres.
TEXTS = (
    ("Ville de Villebrume, service des sports. Formulaire n° VB-12*03.", 26),
    ("Remplissez en lettres lisibles. Joignez un justificatif de domicile.", 32),
    ("1. Le parent qui demande", 44),
    ("Nom de naissance", 54),
    ("Prénom", 66),
    ("Né(e) le", 78),
    ("Adresse", 90),
    ("Quotient familial (CAF)", 108),
    ("2. Les enfants inscrits", 124),
    ("3. Le club et ce que la ville doit savoir", 182),
    ("Fait à ……………………………… le ………………………………     Signature :", 256),
)
BOXES = {
    "nom": (65, 52, 90, 7),
    "prenom": (65, 64, 90, 7),
    "naissance": (65, 76, 56, 7),
    "adresse": (65, 88, 120, 13),
    "quotient": (65, 106, 40, 7),
    "enfant_prenom": (20, 132, 80, 7),
    "enfant_naissance": (105, 132, 40, 7),
    "club": (20, 190, 165, 20),
    "licence": (20, 216, 5, 5),
}
STEP = 10


def publish() -> None:
    """Publish the form once. What agents did with it since stays so."""
    author, second = find("agathe"), find("hugo")
    if author is None or second is None or OfficialForm.objects.exists():
        return
    by = author.account()
    draft = actions.begin(by=by, title=TITLE, number=NUMBER, aids=AIDS, content=apart.draw(_page(), style=STYLE))
    actions.write_map(form=draft, by=by, text=_map(draft.sha256))
    draft.refresh_from_db()
    actions.publish(form=draft, by=second.account(), shown=actions.mark(draft))


def _page() -> str:
    texts = "".join(f'<p style="top: {top}mm">{words}</p>' for words, top in TEXTS)
    shapes = []
    for name, (left, top, width, height) in BOXES.items():
        for row in range(ROWS if name.startswith("enfant") else 1):
            shapes.append(_shape("box", left, top + row * STEP, width, height))
        if name == "naissance":
            shapes += [_shape("cell", left + cell * width / 8, top, width / 8, height) for cell in range(1, 8)]
    label = '<p style="left: 28mm; top: 216.5mm">L’enfant a déjà une licence cette année</p>'
    return f'<html lang="fr"><body><h1>{TITLE}</h1>{texts}{label}{"".join(shapes)}</body></html>'


def _shape(kind: str, left: float, top: float, width: float, height: float) -> str:
    size = f"left: {left:.2f}mm; top: {top:.2f}mm; width: {width:.2f}mm; height: {height:.2f}mm"
    return f'<p class="{kind}" style="{size}"></p>'


def _map(sha256: str) -> str:
    def line(name: str, label: str, more: str) -> str:
        return f"  - {{name: {name}, label: {label}, page: 1, box: {list(BOXES[name])}, {more}}}"

    rows = f"of: enfants, rows: {ROWS}, step: {STEP}"
    lines = [
        line("nom", "Nom de naissance", "value: personne#/nom, required: true"),
        line("prenom", "Prénom", "value: personne#/prenom, required: true"),
        line("naissance", "Date de naissance", "value: personne#/naissance, kind: comb, cells: 8"),
        line("adresse", "Adresse", "value: logement.domicile#/adresse, kind: lines, required: true"),
        line("quotient", "Quotient familial", "value: social.quotient_familial#/valeur"),
        line("enfant_prenom", "Prénom de l’enfant", f"value: personne#/prenom, {rows}"),
        line("enfant_naissance", "Né le", f"value: personne#/naissance, kind: date, {rows}"),
        line("club", "Club et sport choisis", "kind: lines, required: true"),
        line("licence", "L’enfant a déjà une licence cette année", "kind: check"),
    ]
    return "\n".join([f"blank: {sha256}", "lines:", *lines, ""])
