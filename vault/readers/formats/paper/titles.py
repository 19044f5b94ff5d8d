"""Recognise the kind of a paper by the titles printed on it."""

import re
from collections.abc import Sequence

#: Titles of common papers and their kinds. The first match is kept, so precise titles come first.
TITLES = (
    (r"avis de situation d[ée]clarative", "asdir"),
    (r"avis d.imp[ôo]t", "avis_impot"),
    (r"bulletin de (?:paie|paye|salaire)", "bulletin_salaire"),
    (r"quittance de loyer", "quittance_loyer"),
    (r"relev[ée] d.identit[ée] bancaire", "rib"),
    (r"attestation de quotient familial", "attestation_qf"),
    (r"attestation de paiement", "attestation_paiement_caf"),
    (r"certificat de scolarit[ée]", "certificat_scolarite"),
    (r"carte nationale d.identit[ée]", "cni"),
)
#: Titles that may also occur in sentences: they name a kind only at the start of a short line, high on a page.
HEADINGS = (
    (r"attestation d.h[ée]bergement", "attestation_hebergement"),
    (r"attestation sur l.honneur", "attestation_honneur"),
    (r"justificatif d.identit[ée] [àa] usage unique", "attestation_identite_unique"),
    (r"passeport\b", "passeport"),
    (r"titre de s[ée]jour", "titre_sejour"),
    (r"facture d.[ée](?:lectricit[ée]|nergie)", "facture_energie"),
    (r"facture d.eau", "facture_eau"),
    (r"(?:avis de )?taxes? fonci[èe]res?", "taxe_fonciere"),
    (r"attestation de droits", "attestation_droits_am"),
    (r"(?:visa )?certifi[ée] visale|visale\b", "visale"),
)
TOP_LINES = 25
LONGEST_HEADING = 70


def kind_of(pages: Sequence[str]) -> str | None:
    """Return the kind of the first heading found on the pages, else of a title anywhere in the text."""
    if headed := kinds_of(pages):
        return headed[0]
    plain = re.sub(r"\s+", " ", " ".join(pages).lower())
    return next((kind for title, kind in TITLES if re.search(title, plain)), None)


def kinds_of(pages: Sequence[str]) -> list[str]:
    """Return the kinds named by the headings of the pages, each once."""
    return list(dict.fromkeys(kind for page in pages if (kind := heading_of(page))))


def heading_of(page: str) -> str | None:
    lines = [" ".join(line.lower().split()) for line in page.splitlines() if line.strip()][:TOP_LINES]
    found = (
        kind
        for line in lines
        if len(line) <= LONGEST_HEADING
        for title, kind in (*TITLES, *HEADINGS)
        if re.match(title, line)
    )
    return next(found, None)
