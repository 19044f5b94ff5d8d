"""Fills a town for the load: residents with the vaults of the demonstration, what they share, one published result.

Each resident gets a session, a draft of a dossier, three papers of one PDF, and a service that reads by the API.
"""

import hashlib
import os
import secrets
from datetime import timedelta
from itertools import cycle, islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from certification.access.actions import clients
from certification.access.enums import VAULT, Environment
from certification.access.models import AccessToken, Client
from certification.labels.models import PurposeVersion
from core.files.storage import sealed_storage
from core.journal import checkpoints
from demo.papers import specimens
from demo.people import vaults
from demo.seeding import city
from services.dossiers.actions import dossiers
from tests.accounts.factories import ResidentFactory, signed_in
from tests.campaigns import given as given_campaigns
from tests.campaigns.results import published
from tests.certification.made import PARTS, given, labelled, member, publisher, service, version_of
from tests.vault import scale
from tests.vault.shown import RENT, linked
from vault.records.actions import bulk
from vault.records.enums import Assurance, Method
from vault.records.models import PaperFile, Record
from vault.types.envelope import build, provenance

#: The people of the demonstration who live without another resident, in turn.
STORIES = ("nadia", "paul", "odette", "leo", "karim", "elise", "mael", "samir")
AID, CONSULTATION, PAPERS = "prime_activite", "trajets", 3

Person = dict[str, Any]


def fill(count: int) -> dict[str, Any]:
    """Return what the visitors need to know: each resident, the public pages, a file to send."""
    call_command("load_content", verbosity=0)
    city.fill_city()
    city.open_places()
    version, program = label_a_service()
    publish_a_result()
    file = specimens.bank_details(
        person=specimens.Holder("Marchais", "Odette", "Mme"),
        home=specimens.Home("3 quai des Chalands"),
        account="7001",
    )
    people = [
        resident(number, story, file, version, program) for number, story in islice(enumerate(cycle(STORIES)), count)
    ]
    checkpoints.seal()
    return {
        "people": people,
        "file": file.decode("latin-1"),
        "mail": [str(settings.EMAIL_FILE_PATH)],
        "session": settings.SESSION_COOKIE_NAME,
        "aid": AID,
        "result": f"/consultations/{CONSULTATION}/resultats/w1/",
    }


def label_a_service() -> tuple[PurposeVersion, Client]:
    house = publisher()
    owner = member(house)
    version = version_of(labelled(owner, service(owner, house)))
    client, _secret = clients.register(
        service=version.service, by=owner, environment=Environment.LIVE, redirect_uris=["https://un.example/retour"]
    )
    return version, client


def publish_a_result() -> None:
    campaign = given_campaigns.opened(code=CONSULTATION, zoning=published.mapped()["zoning"])
    published.publish_at(os.environ["RELEASE_DATABASE_URL"], campaign, published.drawn(campaign.plan, 3_000))


def resident(number: int, story: str, file: bytes, version: PurposeVersion, program: Client) -> Person:
    user = ResidentFactory(email=f"charge{number}@courriel.example", name=f"Habitante {number}")
    fill_vault(user, story)
    keep_papers(user, file)
    linked(user, RENT)
    dossier = dossiers.start(resident_id=user.pk, aids=[AID])
    client = signed_in(user)
    client.get("/aide/")
    with scope(resident=user.pk):
        record = Record.objects.filter(type="logement.domicile").latest("created_at").pk
    return {
        "email": user.email,
        "cookies": {name: morsel.value for name, morsel in client.cookies.items()},
        "record": f"/coffre/valeurs/{record}/",
        "dossier": f"/dossiers/{dossier.pk}/",
        "token": token(user, version, program),
    }


def fill_vault(user: User, story: str) -> int:
    """Write the records of a person of the demonstration. Return their number."""
    origins = {
        declared: {"method": Method.TYPED, "assurance": Assurance.DECLARED}
        if declared
        else {"method": Method.API_PULL, "assurance": Assurance.HOLDER}
        for declared in (True, False)
    }
    envelopes = [
        build(
            type=one.type,
            payload=one.payload,
            provenance=provenance(holder=one.holder, **origins[one.declared]),
            person=vaults.member_id(story, one.member) if one.member else user.pk,
            role=one.role,
        )
        for one in vaults.records(story, timezone.localdate())
    ]
    written = bulk.write_many(resident_id=user.pk, by=user.pk, envelopes=envelopes)
    assert not written.problems, written.problems
    return written.added


def keep_papers(user: User, file: bytes, count: int = PAPERS) -> None:
    scale.fill(user, records=0, papers=count)
    with scope(resident=user.pk):
        for row in PaperFile.objects.all():
            with sealed_storage.create(resident_id=user.pk) as kept:
                kept.write(file)
            PaperFile.objects.filter(pk=row.pk).update(stored_name=kept.name, size=kept.size)


def token(user: User, version: PurposeVersion, program: Client) -> str:
    """Give the service its grant. Return the token by which it reads."""
    grant, made = given(user, version, PARTS), secrets.token_urlsafe(32)
    AccessToken.objects.create(
        user=user,
        application=program,
        scope=VAULT,
        expires=timezone.now() + timedelta(hours=3),
        grant_id=UUID(str(grant.pk)),
        token="",
        token_checksum=hashlib.sha256(made.encode()).hexdigest(),
    )
    return made
