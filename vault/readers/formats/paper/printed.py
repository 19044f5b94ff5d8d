"""Check the pages of a paper, with or without a code: sharpness, single kind, bearer, signature, personal numbers."""

import dataclasses
import re
from collections.abc import Sequence

from vault.readers.files.document import Document
from vault.readers.formats.paper import mrz, numbers, titles
from vault.readers.formats.paper.sharpness import sharpness
from vault.readers.reading import CheckResult, Outcome, Reading, check
from vault.readers.subjects.iban import iban_is_valid

_IBAN = re.compile(r"\bFR\d{2}(?:[ \u00a0]?[A-Z0-9]{4}){5}[ \u00a0]?[A-Z0-9]{3}\b")
#: “Page 2/4”, “Feuillet n° 1 sur 3”.
_LEAF = re.compile(r"(?:page|feuillet)\s*(?:n°\s*)?(\d{1,2})\s*(?:/|sur)\s*(\d{1,2})", re.IGNORECASE)
_HOLDER = re.compile(r"titulaire(?:\(s\)|s)?\s*(?:du compte)?\s*:?\s*\n?\s*([^\n:]{3,80})", re.IGNORECASE)
_TENANT = re.compile(r"(?:co)?locataire(?:\(s\)|s)?\s*:\s*\n?\s*([^\n:]{3,80})", re.IGNORECASE)
_SIGNED_ELSEWHERE = re.compile(r"sign[ée]e?s? [ée]lectroniquement", re.IGNORECASE)
RIB = "rib"
#: A line that names the bearer, on papers whose name no signed code gives: “Locataire : Mme Nadia Benali”.
_NAMED = re.compile(
    r"(?i:\bdéclarant [12]|\ballocataire|\btitulaire du contrat|\blocataire|\bétudiante?|\bélève|\bsalariée?)"
    r"[^\S\n]*:[^\S\n]*((?:[A-ZÀ-Þ][\w’'.-]*[^\S\n]*){2,5})$",
    re.MULTILINE,
)
#: What a receipt for a rent says: “reconnaît avoir reçu de Mme Nadia Benali la somme de…”.
_PAYER = re.compile(r"re[çc]u de\s+((?:[A-ZÀ-Þ][\w’'.-]*\s+){2,5})la somme\b")
#: The pattern of the bearer's name, by kind of paper.
BEARERS = {RIB: _HOLDER, "visale": _TENANT}


def completed(reading: Reading, document: Document) -> Reading:
    """Complete a reading with the checks of the pages. Checks of the code come first."""
    pages, known = document.texts(), {one.code for one in reading.checks}
    added = [one for one in checks(pages, document, kind=reading.kind) if one.code not in known]
    text = "\n".join(pages)
    return dataclasses.replace(
        reading,
        checks=[*reading.checks, *added],
        names=names(text, kind=reading.kind) + ([] if reading.records else _named(text, kind=reading.kind)),
        kinds=titles.kinds_of(pages) or ([reading.kind] if reading.kind else []),
        leaves=announced(text),
        sharpness=_sharpness(document),
    )


def checks(pages: Sequence[str], document: Document, *, kind: str | None) -> list[CheckResult]:
    """Return the checks that the text allows. The vault's rules add others and select those of each kind of paper."""
    text, found = "\n".join(pages), []
    if (coded := mrz.holds(text)) is not None:
        found.append(check("mrz_consistent", "passed" if coded else "failed"))
    if kind == RIB and (iban := _IBAN.search(text)):
        found.append(check("rib_iban_valid", "passed" if iban_is_valid(iban[0]) else "failed"))
    if document.pages > 1:
        found.append(check("file_single_kind", _single_kind(pages, document.pages)))
    if numbers.shows_one(text):
        found.append(check("number_hidden", "failed"))
    elif _is_all_words(pages, document):
        found.append(check("number_hidden", "passed"))
    if _is_all_words(pages, document) and not document.has_drawing() and not _SIGNED_ELSEWHERE.search(text):
        found.append(check("signed", "failed"))
    return found


def _is_all_words(pages: Sequence[str], document: Document) -> bool:
    """Return whether every page has text, so that none is the image of a page."""
    return bool(pages) and len(pages) == document.pages and all(page.strip() for page in pages)


def _single_kind(pages: Sequence[str], count: int) -> Outcome:
    """Check that all pages have one title, or are the numbered sheets of one paper."""
    if len(titles.kinds_of(pages)) > 1:
        return "failed"
    if len(pages) < count:
        return "inconclusive"
    leaves = [_LEAF.search(page) for page in pages]
    totals = {found[2] for found in leaves if found}
    numbered = all(leaves) and len(totals) == 1 and len({found[1] for found in leaves if found}) == count
    return "passed" if numbered or all(titles.heading_of(page) for page in pages) else "inconclusive"


def _sharpness(document: Document) -> Outcome:
    """Measure the sharpness of the first page: the others were mostly photographed with it."""
    return next((sharpness(image) for image in document.images(limit=1)), "inconclusive")


def announced(text: str) -> int:
    """Return the number of sheets printed on the paper, 0 if it is not printed."""
    return max((int(total) for number, total in _LEAF.findall(text) if 0 < int(number) <= int(total)), default=0)


def _named(text: str, *, kind: str | None) -> list[str]:
    """Return the bearers named on a paper without a signed code. A code's own names are never completed by print."""
    read = [] if kind in BEARERS else [*_NAMED.findall(text), *_PAYER.findall(text)]
    return list(dict.fromkeys(" ".join(found.split()) for found in read))[:4]


def names(text: str, *, kind: str | None) -> list[str]:
    """Return the bearer of an identity document's coded lines, the account's owner or the tenant of a guarantee.

    The text of other papers does not show which names are the bearer's.
    """
    read = BEARERS[kind].findall(text) if kind in BEARERS else []
    return [" ".join(found.split()) for found in [*mrz.names(text), *read]][:4]
