"""The register in the shape of that of the European wallet's relying parties (TS5, data model of August 2026).

These services ask through this portal and not through a wallet. So a credential's format is one of ours, and its
claims are the paths of fields. What is the same is what a program reads: who asks, for which purpose, which claims,
since when and until when.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse

from certification.labels.models import Label

SERVICE_PROVIDER = "https://uri.etsi.org/19475/Entitlement/Service_Provider"
#: The formats of OpenID4VP are those of wallets; these two say that it is none of them.
RECORD, PAPER = "garant-record", "garant-paper"
PRIVACY = "http://data.europa.eu/eudi/policy/privacy-policy"
#: ISO 6523: the register of establishments of INSEE.
SIRET = "iso6523-actorid-upis::0009"
CNIL = {"name": "Commission nationale de l’informatique et des libertés", "country": "FR"}
COMPLAINTS = "https://www.cnil.fr/fr/adresser-une-plainte"


def relying_parties(labels: Sequence[Label]) -> list[dict[str, Any]]:
    """Return each publisher with its services. A label that ended stays, with the day it ended."""
    by_publisher: dict[str, list[Label]] = {}
    for one in labels:
        by_publisher.setdefault(one.service.publisher.siret, []).append(one)
    return [_party(found) for _siret, found in sorted(by_publisher.items())]


def _party(labels: Sequence[Label]) -> dict[str, Any]:
    newest = labels[0].text
    siret = newest["publisher"]["siret"]
    by_service: dict[object, list[Label]] = {}
    for one in labels:
        by_service.setdefault(one.service_id, []).append(one)
    return {
        "providerType": "WalletRelyingParty",
        "tradeName": newest["publisher"]["name"],
        "legalPerson": {"legalName": [newest["publisher"]["name"]]},
        "identifier": [{"type": SIRET, "identifier": siret}],
        "country": "FR",
        # INSEE numbers public bodies with 1 or 2 first.
        "isPSB": siret[0] in "12",
        "policy": [{"type": PRIVACY, "policyURI": newest["privacy_url"]}],
        "supervisoryAuthority": {**CNIL, "formURI": [COMPLAINTS]},
        "registryURI": settings.SITE_URL.rstrip("/") + reverse("labels:registry_wallets"),
        "Services": [_service(found) for found in by_service.values()],
    }


def _service(labels: Sequence[Label]) -> dict[str, Any]:
    text = labels[0].text
    return {
        "serviceTradeName": text["service"]["name"],
        "serviceIdentifier": str(labels[0].service_id),
        "supportURI": [text["service"]["url"], f"mailto:{text['data_contact']}"],
        "srvDescription": [{"lang": "fr", "content": text["service"]["summary"]}],
        "entitlements": [SERVICE_PROVIDER],
        "isIntermediary": False,
        "intendedUse": [use for one in labels for use in _uses(one)],
    }


def _uses(label: Label) -> Iterator[dict[str, Any]]:
    ended = label.withdrawn_at or label.renounced_at or label.replaced_at or label.suspended_at or label.valid_until
    for purpose in label.text["purposes"]:
        fields = [_record(one["field"]) for one in purpose["fields"]]
        papers = [{"format": PAPER, "meta": {}, "claims": [{"path": [one["kind"]]}]} for one in purpose["papers"]]
        yield {
            "intendedUseIdentifier": f"{label.number}:{purpose['id']}",
            "purpose": [{"lang": language, "content": text} for language, text in purpose["text"].items()],
            "privacyPolicy": [{"type": PRIVACY, "policyURI": label.text["privacy_url"]}],
            "createdAt": f"{label.accepted_at or label.valid_from:%Y-%m-%d}",
            "revokedAt": f"{ended:%Y-%m-%d}",
            "credentials": [*fields, *papers],
        }


def _record(field: str) -> dict[str, Any]:
    code, _hash, pointer = field.partition("#/")
    return {"format": RECORD, "meta": {"type": code}, "claims": [{"path": pointer.split("/")}]}
