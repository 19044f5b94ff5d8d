"""The first step of the tour: take stock without an account, from nothing to a sheet with amounts, then erase it."""

from collections.abc import Mapping, Sequence
from typing import Final

from demo.tour.visitor import Unexpected, Visitor

START: Final = "/faire-le-point/"
# What a single tenant with one job knows by heart. The rest is “je ne sais pas”.
ANSWERS: Final[Mapping[str, Mapping[str, str | Sequence[str]]]] = {
    "naissance": {"answer_day": "30", "answer_month": "11", "answer_year": "1996"},
    "couple": {"answer": "no"},
    "enfants": {"answer": "0"},
    "activite": {"answer": "actif"},
    "revenus": {"answer": "1250"},
    "mois": {"answer": "longtemps"},
    "logement": {"answer": "locataire_meuble"},
    "loyer": {"answer": "520"},
    "nationalite": {"answer": "FR"},
    "handicap": {"answer": "none"},
    "grossesse": {"answer": "no"},
}
MOST: Final = 12


def take_stock(base_url: str) -> str:
    """Answer as a visitor in a browser of their own, and leave nothing behind."""
    visitor = Visitor(base_url)
    page, count = visitor.open(START), 0
    while not page.path.endswith("/resultat/"):
        name = page.path.rstrip("/").rpartition("/")[2]
        page = visitor.submit(page, page.form(), ANSWERS.get(name, {"skip": "unknown"}))
        count += 1
        if count > MOST:
            raise Unexpected(f"{page.path}: more than {MOST} questions")
    amount = " ".join(str(page.tree.xpath("string(//*[contains(@class, 'civic-headline__number')])")).split())
    sheet = visitor.open(f"{START}feuille/")
    if "€" not in amount or "À demander" not in sheet.text:
        raise Unexpected(f"{page.path}: no amount: {page.text[:300]}")
    erased = visitor.submit(page, page.form(f"{START}effacer/"))
    if not visitor.open(f"{START}resultat/").path.startswith(START) or "effacées" not in erased.text:
        raise Unexpected(f"{erased.path}: the answers are not erased")
    return f"{count} answers, {amount}, a sheet to print, then erased"
