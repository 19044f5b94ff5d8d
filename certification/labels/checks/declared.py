"""Checks of what the request says, by the request itself and the public register of companies."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.models.publishers import check_siret
from certification.labels.agreements import MONTHS
from certification.labels.checks.subject import Found, Subject, failed, passed, unsure
from certification.labels.missing import VAGUE
from certification.labels.models import PurposeField, PurposePaper
from certification.labels.models.request import LONGEST_KEEPING
from core.outgoing import NoAnswer

#: Characters of a purpose's text (C03), and words of its longest sentence.
LONGEST_TEXT = 200
LONGEST_SENTENCE = 30
#: A shorter reason says nothing.
SHORTEST_REASON = 10
#: Days of the longest agreement that a resident may give.
LONGEST_AGREEMENT = max(MONTHS) * 31
#: The legal category of a person who trades in their own name.
NATURAL_PERSON = "1000"
#: Fields by which two services would find out that they know the same person.
IDENTIFIERS = frozenset(
    {
        "fiscal.avis_ir#/numero_fiscal_declarant1",
        "fiscal.avis_ir#/numero_fiscal_declarant2",
        "banque.compte#/identifiant",
        "energie.point#/identifiant",
        "mobilite.abonnement#/identifiant_support",
        "identite.contact#/telephone",
        "identite.contact#/email",
    }
)


def legal_person(subject: Subject) -> Found:
    """C01: the key of the SIRET, then the register: the establishment is open, and no natural person's.

    The register is the API Recherche d'entreprises, open to all: `GET /search?q=SIRET`.
    """
    siret = subject.request.service.publisher.siret
    try:
        check_siret(siret)
    except ValidationError:
        return failed("siret_key", siret=siret)
    query = urlencode({"q": siret, "page": 1, "per_page": 1})
    try:
        answer = subject.call(f"{settings.COMPANIES_URL}/search?{query}")
        results = json.loads(answer.body)["results"] if answer.status == 200 else None
    except (NoAnswer, ValueError, KeyError, TypeError, RecursionError):
        results = None
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        return unsure("register_silent", siret=siret)
    unit = next((one for one in results if one.get("siren") == siret[:9]), None)
    place = _establishment(unit, siret) if unit else None
    if unit is None or place is None:
        return failed("siret_unknown", siret=siret)
    if unit.get("etat_administratif") == "C":
        return failed("company_closed", siret=siret, day=str(unit.get("date_fermeture") or "–"))
    if place.get("etat_administratif") == "F":
        return failed("siret_closed", siret=siret, day=str(place.get("date_fermeture") or "–"))
    if str(unit.get("nature_juridique")) == NATURAL_PERSON:
        return failed("natural_person", siret=siret)
    if unit.get("etat_administratif") != "A" or place.get("etat_administratif") != "A":
        return unsure("register_silent", siret=siret)
    return passed(
        "siret_open", siret=siret, name=str(unit.get("nom_raison_sociale") or unit.get("nom_complet") or "–")
    )


def contact_for_data(subject: Subject) -> Found:
    """C02: somebody who reads the mail of the contact for data has confirmed it."""
    return _contact(subject, "contact_confirmed")


def address_for_rights(subject: Subject) -> Found:
    """C11: the address where residents claim their rights answers: the same, confirmed in the same way."""
    return _contact(subject, "rights_confirmed")


def plain_purposes(subject: Subject) -> Found:
    """C03: each purpose is short, without a vague word, in short sentences, and is not another one again."""
    if not subject.purposes:
        return failed("no_purpose")
    texts = [one.text.strip().lower() for one in subject.purposes]
    for purpose in subject.purposes:
        text = purpose.text.strip()
        if len(text) > LONGEST_TEXT:
            return failed("purpose_long", purpose=purpose.title, count=len(text))
        for word in VAGUE:
            if word in text.lower():
                return failed("purpose_vague", purpose=purpose.title, word=word)
        longest = max(len(sentence.split()) for sentence in re.split(r"[.!?;:]+", text))
        if longest > LONGEST_SENTENCE:
            return failed("purpose_hard", purpose=purpose.title, count=longest)
        if texts.count(text.lower()) > 1:
            return failed("purpose_twice", purpose=purpose.title)
    return passed("purposes_plain", count=len(subject.purposes))


def justified(subject: Subject) -> Found:
    """C04: each thing asked for has a reason of its own. What is never read is known once the service reads."""
    asked: list[PurposeField | PurposePaper] = []
    for purpose in subject.purposes:
        asked += [*purpose.fields.all(), *purpose.papers.all()]
    if not asked:
        return failed("nothing_asked")
    bare = [_code(one) for one in asked if len(one.why.strip()) < SHORTEST_REASON]
    if bare:
        return failed("reason_missing", asked=list(dict.fromkeys(bare)))
    required = [_code(one) for one in asked if one.required]
    if len(asked) > 1 and len(required) == len(asked):
        return unsure("all_required", count=len(asked))
    return passed("all_justified", count=len(asked), required=len(required))


def bounded(subject: Subject) -> Found:
    """C06: what is kept is kept for a bounded time, which is compared with that of the agreement."""
    if not subject.purposes:
        return failed("no_purpose")
    longest = max(subject.purposes, key=lambda one: one.keep_days or 0)
    days = longest.keep_days or 0
    if days > LONGEST_KEEPING:
        return failed("keeps_too_long", purpose=longest.title, days=days)
    if days > LONGEST_AGREEMENT:
        return unsure("keeps_longer", purpose=longest.title, days=days)
    return passed("keeps_for", days=days) if days else passed("keeps_nothing")


def own_number(subject: Subject) -> Found:
    """C08: the service asks for no number by which it could be matched with another."""
    asked = {one.field for purpose in subject.purposes for one in purpose.fields.all()}
    if common := sorted(asked & IDENTIFIERS):
        return unsure("common_number", asked=common)
    return passed("no_common_number")


def _contact(subject: Subject, code: str) -> Found:
    address = subject.request.data_contact
    if not address:
        return failed("no_contact")
    if subject.contact_confirmed is None:
        return unsure("contact_waits", address=address)
    return passed(code, address=address)


def _code(one: PurposeField | PurposePaper) -> str:
    return one.field if isinstance(one, PurposeField) else one.kind


def _establishment(unit: Mapping[str, Any], siret: str) -> Mapping[str, Any] | None:
    places: Sequence[Any] = unit.get("matching_etablissements") or []
    return next(
        (one for one in (unit.get("siege"), *places) if isinstance(one, dict) and one.get("siret") == siret), None
    )
