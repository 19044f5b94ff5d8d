"""What fictional residents agreed to: a household, a mandate, two links. Idempotent."""

from uuid import uuid4

from django_scopes import scope, scopes_disabled

from accounts.actions import places
from accounts.models import User
from core.journal import checkpoints
from demo.people.accounts import PEOPLE
from vault.records import gate
from vault.records.actions import grants
from vault.records.enums import HouseholdRole, Mode
from vault.records.grants import agreements
from vault.records.grants.terms import Terms
from vault.sharing.across import household_access
from vault.sharing.actions import household, mandates
from vault.sharing.actions import links as links_actions
from vault.sharing.actions.links import Key, Wish
from vault.sharing.agreements import entrusting, links
from vault.sharing.enums import Act
from vault.sharing.models import Link, Mandate, Member
from vault.sharing.presenting.household import values_by_item

SHOWN_BY_LINK = [
    "fiscal.avis_ir#/revenu_fiscal_reference",
    "fiscal.avis_ir#/annee_revenus",
    "logement.domicile#/loyer",
]


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
