"""Fill the fictional city: its row, its people, and what their holders already sent. Idempotent."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from django.db import connection, transaction
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.actions import places
from accounts.models import User
from certification.labels import shipping
from certification.labels.actions import charters
from certification.labels.models import CharterVersion
from core.files.storage import sealed_storage
from core.files.uploads import SealedUpload
from core.journal import checkpoints
from core.models import City, Job
from demo import paper_drawer, vaults
from demo.events import Given
from demo.paper_drawer import Kept
from demo.people import PEOPLE, Person, find
from services.aids.shipping import load_local_aids, load_urgent_situations
from services.places import dataset
from services.procedures import shipping as procedures
from vault.records import actions, gate
from vault.records.actions import grants
from vault.records.actions.papers import JOB
from vault.records.enums import Assurance, HouseholdRole, Method, Mode, PaperState
from vault.records.grants import agreements
from vault.records.grants.terms import Terms
from vault.records.models import Paper, Record
from vault.records.tasks import read_paper
from vault.records.values.periods import period_of
from vault.sharing.across import household_access
from vault.sharing.actions import household, mandates
from vault.sharing.actions import links as links_actions
from vault.sharing.actions.links import Key, Wish
from vault.sharing.agreements import entrusting, links
from vault.sharing.enums import Act
from vault.sharing.models import Link, Mandate, Member
from vault.sharing.presenting.household import values_by_item

PURPOSE = "Reçu de vos organismes (démonstration)"
SHOWN_BY_LINK = [
    "fiscal.avis_ir#/revenu_fiscal_reference",
    "fiscal.avis_ir#/annee_revenus",
    "logement.domicile#/loyer",
]

PLACES = Path(__file__).parent / "places.json"
#: A worker checks a paper in two.
SECONDS = 60
#: PDFium serves one thread at a time.
DRAWING = Lock()


class NotChecked(Exception):
    """A paper was not checked within a minute."""


def fill_city() -> City:
    city, _ = City.objects.get_or_create(
        pk=1,
        defaults={
            "name": "Villebrume",
            "of_name": "de Villebrume",
            "insee": "00042",
            "phone": "01 99 00 12 34",
            "opening_hours": "du lundi au vendredi de 9 h à 17 h",
            "opening_hours_en": "Monday to Friday, 9 am to 5 pm",
            "address": "la Maison des services, 3 place du Lavoir, Villebrume",
            "email": "contact@villebrume.example",
            "dpo_email": "donnees@villebrume.example",
            "dpo_contact": "Délégué à la protection des données, mairie de Villebrume, 1 place de la Mairie",
            "publisher": "Le maire de Villebrume (ville fictive)",
            "host": "Cette machine : c’est une démonstration",
            "exit_url": "https://meteofrance.com/",
        },
    )
    load_local_aids()
    procedures.load()
    load_urgent_situations()
    return city


def open_places() -> None:
    """Load the places of the fictional town, except those edited since."""
    dataset.load(PLACES.read_bytes())


def publish_charter() -> None:
    """Publish the shipped charter of services, unless the city has one in force."""
    manager = find("agathe")
    shipping.load()
    draft = CharterVersion.objects.drafts().first()
    if manager is not None and draft is not None and CharterVersion.objects.current() is None:
        charters.publish(charter=draft, by=manager.account())


def fill_people(say: Callable[[str], None] = lambda line: None) -> None:
    """Fill the vaults, as many at once as there are processors: most of the time goes to children that read papers."""
    for person in PEOPLE:
        person.account()
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for line in threads.map(_fill_resident, [person for person in PEOPLE if person.is_resident]):
            say(line)
    join_couple()
    entrust_companion()
    share_by_links()


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


def join_couple() -> None:
    """Make Claire and Yann live together and agree, only once: what they stopped or left since stays so."""
    claire, yann = _account("claire"), _account("yann")
    with scopes_disabled():
        if Member.objects.filter(resident_id__in=[claire.pk, yann.pk]).exists():
            return
    code = household.invite(resident_id=claire.pk, by=claire.pk, role=HouseholdRole.PARTNER)
    his = household.join(resident_id=yann.pk, by=yann.pk, code=code)
    circle = household_access.of(yann.pk)
    [hers] = circle.others if circle else []
    joint, year = agreements.get("joint_simulation"), 12
    for giver, other in ((yann, hers), (claire, his)):
        shown = values_by_item(joint, household.values_today(resident_id=giver.pk, agreement=joint))
        terms = Terms(("nationality", "disability"), Mode.COUNT, year, shown=shown)
        household.agree(resident_id=giver.pk, by=giver.pk, member_id=other.pk, agreement=joint, terms=terms)
    facts = household.own_facts(resident_id=claire.pk)
    seen = household.fingerprint(facts)
    shared = Terms(("people", "address"), Mode.KEEP, year, shown=values_by_item(agreements.get("shared_facts"), facts))
    household.share_facts(resident_id=claire.pk, by=claire.pk, member_id=his.pk, terms=shared, seen=seen)


def entrust_companion() -> None:
    """Give Théo a mandate of six months from Odette, only once: what she stopped since stays so."""
    odette, theo = _account("odette"), _account("theo")
    place = places.of_companion(theo)
    with scope(resident=odette.pk):
        if place is None or Mandate.objects.exists():
            return
    values = mandates.today(resident_id=odette.pk)
    terms = Terms(("home", "incomes", "notices"), Mode.LOOK, 6, shown=values_by_item(entrusting.AGREEMENT, values))
    mandates.entrust(
        resident_id=odette.pk,
        by=odette.pk,
        membership_id=place.pk,
        terms=terms,
        acts=[Act.ADD_PAPER],
        seen=household.fingerprint(values),
    )


def share_by_links() -> None:
    """Share Léo's income by two links, one read and one stopped, only once: his own changes stay."""
    leo = _account("leo")
    with scope(resident=leo.pk):
        if Link.objects.exists():
            return
    stopped = _link(leo, "Dossier de location, rue Basse", "Agence des Chalands", days=7)
    grants.stop(grant=stopped.link.grant, by=leo.pk)
    living = _link(leo, "Dossier de location, quai du Lavoir", "Mme Dubreuil, Habitat brumois", days=30)
    visit = links_actions.enter(link=living.link, typed=living.code)
    if visit and checkpoints.anchored():
        gate.read_all(grant=living.link.grant, fields=SHOWN_BY_LINK, visit=visit.pk)


def _link(account: User, title: str, name: str, *, days: int) -> Key:
    wish = Wish(SHOWN_BY_LINK, [], title, name, "Louer un logement plus près de son travail", days)
    held = links_actions.held(resident_id=account.pk, fields=wish.fields, papers=wish.papers)
    seen = links.fingerprint(held.values, held.papers)
    made = links_actions.make(resident_id=account.pk, by=account.pk, wish=wish, form=uuid4(), seen=seen)
    if made is None:
        raise LookupError(title)
    return made


def _account(slug: str) -> User:
    return next(person for person in PEOPLE if person.slug == slug).account()


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
        kept = list(paper_drawer.drawer(slug, today))
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
