"""The tax office's page that verifies a notice (SVAIR), saved as HTML, and its answer as JSON.

A genuine notice may be incomplete: a corrected one exists (`erreurCorrectif`), or it covers a part of the year
(`situationPartielle`). The page has both in a footnote only; the record keeps them in its quality.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vault.readers import sentences
from vault.readers.files import plain
from vault.readers.files.opening import HEAD, guarded, json_has, json_of
from vault.readers.found import Found
from vault.readers.reading import Ask, Reading, Unreadable

FORMAT = "svair"
VERSION = "1.0.0"
PAGE = re.compile(rb"<\s*(?:!doctype|html)\b", re.IGNORECASE)
TITLE = re.compile(rb"Service de v.{1,8}rification en ligne des avis", re.IGNORECASE)
YEARS = re.compile(r"Imp.t\s+(\d{4})\s+sur\s+les\s+revenus\s+de\s+l.ann.e\s+(\d{4})", re.IGNORECASE)
#: The start of a row's label, and its name in the JSON. Precise labels come first.
LABELS = (
    ("nom de naissance", "nomNaissance"),
    ("nombre de personne", "nombrePersonnesCharge"),
    ("nombre de part", "nombreParts"),
    ("nom", "nom"),
    ("prénom", "prenoms"),
    ("date de mise en recouvrement", "dateRecouvrement"),
    ("date d'établissement", "dateEtablissement"),
    ("situation de famille", "situationFamille"),
    ("revenu brut global", "revenuBrutGlobal"),
    ("revenu imposable", "revenuImposable"),
    ("montant de l'impôt", "montantImpot"),
    ("revenu fiscal de référence", "revenuFiscalReference"),
    ("adresse", "adresse"),
)
MAX_ROWS = 200
#: A page without its end is cut, perhaps in the middle of an amount.
END = b"</html"
#: The usual page has ten kilobytes.
MAX_PAGE = 512 * 1024


def recognises(data: bytes, ask: Ask) -> bool:
    if PAGE.search(data[:1024]) and TITLE.search(data[:HEAD]):
        return True
    return json_has(data, "revenuFiscalReference") and json_has(data, "foyerFiscal", "nombreParts", "dateRecouvrement")


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    as_page = PAGE.search(data[:1024]) is not None
    found = Found(
        data, reader=FORMAT, version=VERSION, media_type="text/html" if as_page else "application/json", holder="dgfip"
    )
    answer = _of_page(data) if as_page else json_of(data)
    if not isinstance(answer, dict):
        raise Unreadable("other_shape")
    _keep(answer, found)
    if not found.records:
        raise Unreadable("no_data")
    return found.reading()


def _keep(answer: Mapping[str, Any], found: Found) -> None:
    home = answer.get("foyerFiscal")
    home = home if isinstance(home, dict) else {}
    corrected, partial = (plain.text(answer.get(name)) for name in ("erreurCorrectif", "situationPartielle"))
    payload = {
        "annee_revenus": plain.integer(answer.get("anneeRevenus")),
        "declarant1": _name(answer.get("declarant1")),
        "declarant2": _name(answer.get("declarant2")),
        "revenu_fiscal_reference": plain.integer(answer.get("revenuFiscalReference")),
        "nombre_parts": plain.shares(answer.get("nombreParts")),
        "revenu_brut_global": plain.integer(answer.get("revenuBrutGlobal")),
        "revenu_imposable": plain.integer(answer.get("revenuImposable")),
        "impot_revenu_net": _tax(answer.get("montantImpot")),
        "situation_familiale": plain.text(answer.get("situationFamille")),
        "personnes_a_charge": plain.integer(answer.get("nombrePersonnesCharge")),
        "date_mise_en_recouvrement": plain.day(answer.get("dateRecouvrement")),
        "date_etablissement": plain.day(answer.get("dateEtablissement")),
        "adresse": _address(home.get("adresse")),
        "correctif": corrected,
    }
    if payload["revenu_fiscal_reference"] is None and payload["annee_revenus"] is None:
        return
    quality = [flag for flag, note in (("unreconciled", corrected), ("truncated", partial)) if note]
    found.keep("fiscal.avis_ir", payload | {"type_document": "svair"}, quality=quality, role="household")
    for sentence, note in ((sentences.CORRECTED_NOTICE, corrected), (sentences.PARTIAL_NOTICE, partial)):
        if note:
            found.warn(sentence)
    needed = ("annee_revenus", "revenu_fiscal_reference", "nombre_parts", "declarant1")
    if any(payload[name] is None for name in needed):
        found.warn(sentences.MASKED)


def _of_page(data: bytes) -> dict[str, Any]:
    """Return the page's table with the names of the JSON. A row without a label continues the one above (address)."""
    from lxml import etree, html

    if len(data) > MAX_PAGE:
        raise Unreadable("too_heavy")
    if END not in data[-HEAD:].lower():
        raise Unreadable("damaged")
    try:
        page = html.document_fromstring(
            data, parser=html.HTMLParser(encoding=_encoding(data), no_network=True, huge_tree=False)
        )
    except (etree.LxmlError, ValueError):
        raise Unreadable("damaged") from None
    years = YEARS.search(" ".join(_words(one) for one in page.xpath("//*[@class='titre_affiche_avis']")[:5]))
    answer: dict[str, Any] = {"anneeImpots": years[1], "anneeRevenus": years[2]} if years else {}
    for name in ("situationPartielle", "erreurCorrectif"):
        answer[name] = " ".join(_words(one) for one in page.xpath(f"//*[@id='{name}']")[:1]).replace("(*)", "")
    _fill(answer, [[_words(cell) for cell in row.xpath("./td")[:4]] for row in page.xpath("//tr")[:MAX_ROWS]])
    return answer


def _fill(answer: dict[str, Any], rows: Sequence[Sequence[str]]) -> None:
    people: tuple[dict[str, str], dict[str, str]] = ({}, {})
    lines: list[str] = []
    last = ""
    for label, *values in (row for row in rows if row):
        known = _label(label)
        name = known or (last if not label else "")
        last = name
        if name in {"nom", "nomNaissance", "prenoms"} and known:
            for person, value in zip(people, values, strict=False):
                person[name] = value
        elif name == "adresse":
            lines += filter(None, values)
        elif known and values:
            answer[name] = values[-1]
    answer |= {"declarant1": people[0], "declarant2": people[1], "foyerFiscal": {"adresse": "\n".join(lines)}}


def _label(text: str) -> str:
    plainly = text.replace("’", "'").lower()
    return next((name for start, name in LABELS if plainly.startswith(start)), "")


def _words(element: Any) -> str:  # noqa: ANN401 - lxml is untyped
    return " ".join(element.text_content()[: plain.MAX_TEXT].split())


def _encoding(data: bytes) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _name(person: object) -> str | None:
    if not isinstance(person, dict):
        return None
    return plain.joined(plain.text(person.get("nom")) or person.get("nomNaissance"), person.get("prenoms"))


def _tax(value: object) -> int | None:
    """Return the tax, 0 for “Non imposable”."""
    return 0 if "non imposable" in (plain.text(value) or "").lower() else plain.integer(value)


def _address(value: object) -> dict[str, Any]:
    lines = [line for one in str(value or "").splitlines()[:7] if (line := plain.text(one))]
    if not lines:
        return {}
    code, town = plain.postcode_and_town(lines[-1])
    return {"lignes": lines} | (
        plain.known({"voie": plain.joined(*lines[:-1]), "code_postal": code, "commune": town}) if code else {}
    )
