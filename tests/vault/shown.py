"""A link for tests, made with the verbs, and the browser of the person who received it."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from django.test import Client
from django.urls import reverse

from accounts.models import User
from vault.sharing.actions import links as actions
from vault.sharing.actions.links import Key, Wish
from vault.sharing.agreements import links

INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"
PARTS = "fiscal.avis_ir#/nombre_parts"
RENT = "logement.domicile#/loyer"


def linked(
    resident: User,
    *fields: str,
    papers: Sequence[UUID] = (),
    documents: Sequence[UUID] = (),
    name: str = "Mme Dubreuil",
    days: int = 7,
    **more: Any,
) -> Key:
    wish = Wish(
        fields,
        papers,
        more.get("title", "Demande de logement"),
        name,
        more.get("why", "Compléter une demande"),
        days,
        documents,
    )
    held = actions.held(resident_id=resident.pk, fields=fields, papers=papers, made=documents)
    fingerprint = links.fingerprint(held.values, held.papers, held.documents)
    key = actions.make(
        resident_id=resident.pk, by=resident.pk, wish=wish, form=more.get("form") or uuid4(), seen=fingerprint
    )
    assert key is not None
    return key


def address(key: Key, name: str = "visit", *more: object) -> str:
    return reverse(f"sharing:{name}", args=[key.token, *more])


def entered(key: Key, client: Client | None = None) -> Client:
    """Return a browser that gave the right code."""
    client = client or Client()
    assert client.post(address(key), {"code": key.code}).status_code == 302
    return client


def main(response: Any) -> str:
    """Return the text of the page's own part."""
    html = response.content.decode().split("<main", 1)[1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\u00a0", " ").replace("\u202f", " ").split())
