"""The personas' vaults: made and kept up by a command, filled as real ones are."""

from collections.abc import Iterable
from datetime import date, datetime, time
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from accounts.actions.personas import open_persona
from accounts.models import User
from certification.developers import personas
from certification.developers.personas import Given, Persona
from certification.developers.specimens import specimen
from vault import types
from vault.records import actions
from vault.records.enums import Assurance, Method
from vault.records.models import RESIDENT, Paper, PaperKind, Record
from vault.records.values.periods import months_of, period_of

PURPOSE = "Personne fictive du bac à sable"


def seed(today: date, people: Iterable[Persona] | None = None) -> tuple[int, int]:
    """Open the vaults of personas, of all if none are named, and add what they lack.

    Return how many were opened, and how many records added.

    Idempotent. Called again another year, it adds that year's records, as holders would.
    """
    opened, added = 0, 0
    for persona in people or personas.everyone():
        account, made = open_persona(id=persona.id, name=persona.name)
        opened += made
        added += _fill(account, persona, today)
    return opened, added


def account_of(slug: str) -> User | None:
    """Return the account of a persona, or None if there is none, or the command was never called."""
    persona = personas.find(slug)
    return User.objects.filter(pk=persona.id, is_persona=True, is_active=True).first() if persona else None


def bring_papers(persona: User, kinds: Iterable[str]) -> int:
    """Give a persona the papers of these kinds that they lack, as a service asks for them. Return how many are new.

    A persona whose vault is empty has no paper either: a service meets that too. Call it in the persona's scope.
    """
    story = next((one.story for one in personas.everyone() if one.id == persona.pk), {})
    wanted = {*kinds} if "situation" in story else set()
    missing = wanted - {*Paper.objects.kept().filter(kind__in=wanted).values_list("kind", flat=True)}
    for kind in PaperKind.objects.filter(code__in=missing):
        actions.keep_specimen(
            resident_id=persona.pk,
            by=persona.pk,
            kind=kind.code,
            name=f"{kind.code}.pdf",
            content=specimen([str(kind), persona.name, "SPÉCIMEN. Personne fictive, sans aucune valeur."]),
        )
    return len(missing)


@transaction.atomic
def _fill(account: User, persona: Persona, today: date) -> int:
    with scope(resident=account.pk):
        there = set(Record.objects.values_list("type", "subject_person", "period_start"))
        missing = [one for one in personas.records(persona, today) if _key(account.pk, one) not in there]
        for one in missing:
            _add(account, one, today)
    return len(missing)


def _key(resident_id: UUID, one: Given) -> tuple[str, UUID, datetime | None]:
    period = period_of(one.payload)
    # Payments, trips and measures are stored with their months.
    period = months_of(one.type, one.payload, period) if types.get(one.type).rules.data else period
    return one.type, one.person or resident_id, period.start


def _add(account: User, one: Given, today: date) -> None:
    received = timezone.make_aware(datetime.combine(today, time(6)))
    typed = one.holder == RESIDENT
    actions.add_record(
        resident_id=account.pk,
        by=account.pk,
        subject=actions.Subject(type=one.type, person=one.person or account.pk, role=one.role),
        payload=one.payload,
        source=actions.Source(
            holder=one.holder,
            method=Method.TYPED if typed else Method.UPLOAD,
            assurance=Assurance.DECLARED if typed else Assurance.SIGNATURE,
            retrieved_at=received,
            issued_at=None if typed else received,
        ),
        purpose=PURPOSE,
    )
