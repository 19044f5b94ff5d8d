"""Publishers, requests and labels for tests, made with the verbs; the 26 answers and reviews are written at once."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from allauth.mfa.totp.internal.auth import TOTP
from django.db import transaction
from django.urls import reverse
from django_scopes import scope

from accounts.actions import places
from accounts.models import Publisher, PublisherRole, User
from certification.labels import shipping
from certification.labels.actions import charters, evidence, labels, requests
from certification.labels.enums import SERVICE_KIND, Verdict
from certification.labels.models import (
    Answer,
    CharterVersion,
    Evidence,
    Label,
    LabelRequest,
    Purpose,
    PurposeVersion,
    Review,
    Service,
)
from core.files.storage import sealed_storage
from core.files.uploads import SealedUpload
from tests.accounts.factories import TOTP_SECRET, AgentFactory
from vault.records.actions import grants
from vault.records.actions.grants import Recipient
from vault.records.enums import Mode
from vault.records.grants import agreements
from vault.records.grants.terms import Terms
from vault.records.models import Grant

INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"
PARTS = "fiscal.avis_ir#/nombre_parts"
#: No delicate one.
ORDINARY = ("logement.domicile#/loyer",)
SIRETS = ("13002526500013", "21690123100011", "35600000000048")


def at(name: str, *parts: object) -> str:
    """Return the address of a page of labels."""
    return reverse(f"labels:{name}", args=parts)


def member(publisher: Publisher, role: PublisherRole = PublisherRole.OWNER, *, email: str = "") -> User:
    """Add a member who has set up a second factor."""
    email = email or f"{role}@{publisher.siret}.example"
    person = places.add_member(email=email, name=f"Membre {role}", publisher=publisher, role=role).person
    TOTP.activate(person, TOTP_SECRET)
    return person


def publisher(name: str = "Un Toit", siret: str = SIRETS[0]) -> Publisher:
    return Publisher.objects.create(name=name, siret=siret)


def draft_charter() -> CharterVersion:
    shipping.load()
    return CharterVersion.objects.drafts().get()


def charter() -> CharterVersion:
    """Return the charter in force: the shipped one, published by an agent who manages agents."""
    found = CharterVersion.objects.current()
    if found is None:
        found = charters.publish(charter=draft_charter(), by=AgentFactory(manages_agents=True))
    return found


def service(owner: User, house: Publisher, name: str = "Loyer Juste") -> Service:
    return requests.add_service(
        publisher=house,
        by=owner,
        name=name,
        summary="Compare votre loyer à ceux de votre quartier.",
        url="https://loyerjuste.example/",
        price="Gratuit",
    )


def filled(
    owner: User, one: Service, *, fields: Collection[str] = (), answers: bool = True, **purpose: Any
) -> LabelRequest:
    """Start a request and fill in all that it needs, or all but its answers. Without `fields` it asks for an income,
    and for shares.
    """
    charter()
    request = requests.start(service=one, by=owner)
    requests.describe(
        request=request,
        by=owner,
        privacy_url="https://loyerjuste.example/donnees",
        hosting="France, Serveurs du Lac",
        subprocessors="Aucun",
        data_contact="donnees@loyerjuste.example",
        alert_contact="astreinte@loyerjuste.example",
    )
    given = {
        "title": "Comparer mon loyer",
        "title_en": "Compare my rent",
        "text": "Il compare votre loyer à ceux du quartier.",
        "text_en": "It compares your rent with those of the area.",
        "mode": Mode.LOOK,
    }
    former = request.purposes.first()
    made = requests.write_purpose(request=request, by=owner, purpose=former, **(given | purpose))
    for field in fields or (INCOME, PARTS):
        asked(made, owner, field, required=field == INCOME)
    answered = request.answers.values("criterion")
    Answer.objects.bulk_create(
        Answer(request=request, criterion=criterion, verdict=Verdict.MET, text="Oui, comme demandé.")
        for criterion in request.charter.criteria.exclude(pk__in=answered)
        if answers
    )
    return request


def asked(purpose: Purpose, owner: User, field: str, *, required: bool = False) -> None:
    requests.ask_field(
        purpose=purpose, by=owner, field=field, required=required, why="Pour comparer.", why_en="To compare."
    )


def evidenced(request: LabelRequest, owner: User) -> Evidence:
    """Add a file of evidence, as the page does."""
    with sealed_storage.create_under(evidence.key_for(request.service.publisher_id)) as file:
        file.write(b"%PDF-1.4\nContrat\n%%EOF\n")
    upload = SealedUpload(name="contrat.pdf", content_type="", sealed=file)
    return evidence.add(request=request, by=owner, title="Contrat d’hébergement", upload=upload)


def reviewed(request: LabelRequest, instructor: User) -> None:
    seen = request.reviews.values("criterion")
    Review.objects.bulk_create(
        Review(request=request, criterion=criterion, agent=instructor, verdict=Verdict.MET)
        for criterion in request.charter.criteria.exclude(pk__in=seen)
    )


def proposed(owner: User, one: Service, instructor: User, **purpose: Any) -> LabelRequest:
    request = filled(owner, one, **purpose)
    requests.submit(request=request, by=owner)
    requests.take(request=request, by=instructor)
    reviewed(request, instructor)
    requests.propose(request=request, by=instructor, favourable=True, opinion="Tout est rempli.", months=12)
    request.refresh_from_db()
    return request


def labelled(owner: User, one: Service, **purpose: Any) -> Label:
    instructor, decider = AgentFactory(), AgentFactory()
    request = proposed(owner, one, instructor, **purpose)
    label = requests.accept(request=request, by=decider, reasons="Tout est rempli.")
    return labels.accept_agreement(label=label, by=owner)


def version_of(label: Label) -> PurposeVersion:
    return PurposeVersion.objects.get(labels__label=label)


def given(
    resident: User, version: PurposeVersion, *items: str, months: int = 1, papers: tuple[UUID, ...] = ()
) -> Grant:
    """Give the service its grant, as its page of consent does."""
    agreement = agreements.get(version.agreement)
    terms = Terms(items, agreement.modes[0], months, papers=papers)
    recipient = Recipient(SERVICE_KIND, version.service_id, version.service.name)
    with transaction.atomic(), scope(resident=resident.pk):
        return grants.give(
            resident_id=resident.pk, by=resident.pk, agreement=agreement, recipient=recipient, terms=terms
        )
