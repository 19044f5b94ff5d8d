"""Fill the vaults of the fictional residents with what their holders already sent, and their papers. Idempotent."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time
from threading import Lock
from time import monotonic, sleep
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import connection, transaction
from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from core.files.storage import sealed_storage
from core.files.uploads import SealedUpload
from core.models import Job
from demo.papers import drawer
from demo.papers.drawer import Kept
from demo.people import vaults
from demo.people.accounts import PEOPLE, Person
from demo.people.events import Given
from demo.seeding import sharing
from vault.records import actions
from vault.records.actions.papers import JOB
from vault.records.enums import Assurance, Method, PaperState
from vault.records.models import Paper, Record
from vault.records.tasks import read_paper
from vault.records.values.periods import period_of

PURPOSE = "Reçu de vos organismes (démonstration)"
#: A worker checks a paper in two.
SECONDS = 60
#: PDFium serves one thread at a time.
DRAWING = Lock()


class NotChecked(Exception):
    """A paper was not checked within a minute."""


def fill_people(say: Callable[[str], None] = lambda line: None) -> None:
    """Fill the vaults, as many at once as there are processors: most of the time goes to children that read papers."""
    for person in PEOPLE:
        person.account()
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for line in threads.map(_fill_resident, [person for person in PEOPLE if person.is_resident]):
            say(line)
    sharing.join_couple()
    sharing.entrust_companion()
    sharing.share_by_links()


def _fill_resident(person: Person) -> str:
    account, today = person.account(), timezone.localdate()
    try:
        values, papers = fill_vault(account, person.slug, today), fill_drawer(account, person.slug, today)
    finally:
        connection.close()
    if values or papers:
        return f"{person.name}: {values} records and {papers} papers added"
    return f"{person.name}: already there"


@transaction.atomic
def fill_vault(account: User, slug: str, today: date) -> int:
    """Add the records missing from the vault, atomically, and return their number.

    The first run adds all of them, later runs those of the months since.
    """
    with scope(resident=account.pk):
        there = set(Record.objects.values_list("type", "subject_person", "period_start"))
        given = [one for one in vaults.records(slug, today) if _key(account, slug, one) not in there]
        for one in given:
            _add(account, slug, one, today)
    return len(given)


def _person(account: User, slug: str, one: Given) -> UUID:
    return vaults.member_id(slug, one.member) if one.member else account.pk


def _key(account: User, slug: str, one: Given) -> tuple[str, UUID, datetime | None]:
    return one.type, _person(account, slug, one), period_of(one.payload).start


def fill_drawer(account: User, slug: str, today: date) -> int:
    """Add papers like any upload: sealed, checked in the limited child, confirmed. Return their number."""
    with scope(resident=account.pk):
        if Paper.objects.exists():
            return 0
    with DRAWING:
        kept = list(drawer.drawer(slug, today))
    for one in kept:
        _keep(account, one)
    return len(kept)


def _keep(account: User, one: Kept) -> None:
    with sealed_storage.create(resident_id=account.pk) as sealed:
        sealed.write(one.content)
    upload = SealedUpload(name=one.name, content_type=one.media_type, sealed=sealed)
    token = uuid5(NAMESPACE_URL, f"{account.pk}/{one.name}")
    paper = _checked(actions.receive_paper(resident_id=account.pk, kind=one.kind, upload=upload, token=token))
    if one.issued_on or one.expires_on:
        actions.set_dates(paper=paper, by=account.pk, issued_on=one.issued_on, expires_on=one.expires_on)
    actions.confirm_paper(paper=paper, by=account.pk)


def _checked(paper: Paper) -> Paper:
    """Return the paper after its check. This process does the job, unless a worker takes it first.

    Raises:
        NotChecked
    """
    with scope(resident=paper.resident_id):
        job = Job.objects.get(kind=JOB, subject_id=paper.pk)
    read_paper(str(job.pk))
    end = monotonic() + SECONDS
    while True:
        with scope(resident=paper.resident_id):
            found = Paper.objects.get(pk=paper.pk)
        if found.state not in {PaperState.QUARANTINED, PaperState.CHECKING}:
            return found
        if monotonic() > end:
            raise NotChecked(paper.pk)
        sleep(0.1)


def _add(account: User, slug: str, one: Given, today: date) -> None:
    received = timezone.make_aware(datetime.combine(today, time(6)))
    actions.add_record(
        resident_id=account.pk,
        by=account.pk,
        subject=actions.Subject(type=one.type, person=_person(account, slug, one), role=one.role),
        payload=one.payload,
        source=actions.Source(
            holder=one.holder,
            method=Method.TYPED if one.declared else Method.API_PULL,
            assurance=Assurance.DECLARED if one.declared else Assurance.HOLDER,
            retrieved_at=received,
            issued_at=None if one.declared else received,
        ),
        purpose=PURPOSE,
    )
