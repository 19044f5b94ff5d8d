"""Acts that take two persons: the list of them, who may be one of the two, and which two may not decide together.

The rule holds for both, because whoever can make one agent alone would otherwise be the two. A verb whose promise
names two persons calls its act (`ACTS["…"].require`); the public page of promises shows the same list.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Nomination, PendingAccount, Role, User
from accounts.sign_in.second_factor import STRONG
from core import rows
from core.models import City
from core.pages.promises import ByTwo
from core.templatetags.civic import long_date

#: How long after the code an agent may set their second factor up, still beside the other person.
PRESENCE = timedelta(minutes=15)


class Lack(models.TextChoices):
    """Why a person may not be one of the two."""

    NOT_NAMED = "not_named", _("Vous n’êtes pas nommé pour décider à deux.")
    NOT_SEEN = "not_seen", _("Votre double vérification n’a pas été réglée devant une autre personne.")
    TOO_NEW = "too_new", _("Votre nomination est trop récente.")
    SAME = "same", _("Vous l’avez demandé : une autre personne décide.")
    MADE_ALONE = (
        "made_alone",
        _("L’un de vous deux a été nommé ou ajouté par l’autre seul, ou par la seule personne qui a nommé l’autre."),
    )
    SEEN_ALONE = (
        "seen_alone",
        _(
            "Une même personne est seule à avoir vu régler la double vérification de l’un de vous deux, ou des deux. "
            "L’un de vous la règle encore devant quelqu’un d’autre, qui gère les agents ou protège les données depuis "
            "assez longtemps\u00a0: cela compte tout de suite."
        ),
    )


class NotTwo(Exception):
    """The decision does not have the two persons that it needs; `lack` is the first reason, `who` whom it is about.

    `counts_from` is the day from which a nomination that is too recent counts.
    """

    def __init__(self, lack: Lack, who: User, counts_from: datetime | None = None) -> None:
        super().__init__(lack.value)
        self.lack, self.who, self.counts_from = lack, who, counts_from

    def words_for(self, reader: User) -> str:
        """Return the reason for one of the two: their own, or that the other one may not decide."""
        if self.lack in {Lack.SAME, Lack.MADE_ALONE, Lack.SEEN_ALONE} or reader == self.who:
            said = str(self.lack.label)
        else:
            said = gettext("%(name)s ne peut pas encore décider à deux.") % {"name": self.who.name}
        if self.counts_from is None:
            return said
        day = gettext("Sa nomination compte à partir du %(day)s.") % {"day": long_date(self.counts_from)}
        if reader == self.who:
            day = gettext("Elle compte à partir du %(day)s.") % {"day": long_date(self.counts_from)}
        return f"{said} {day}"


@dataclass(frozen=True)
class TwoPersons:
    """The rule of one kind of decision: the roles that its two persons may have.

    Each of the two must have held one of these roles for the days that the city sets, with a second factor that was
    set up in the presence of another person and not changed since. `office` is the id of the office where a role
    that is one office's must be held; the other roles are of no office.
    """

    roles: frozenset[Role]

    def lack(self, person: User, *, office: UUID | None = None) -> Lack | None:
        """Return the reason why the person may not be one of the two, or None."""
        found = self._problem(person, office, None)
        return found.lack if found else None

    def require_one(self, person: User, *, office: UUID | None = None, among: "Confirmed | None" = None) -> None:
        """Check the first of the two, before the second is known.

        Args:
            among: nominations that are loaded already.

        Raises:
            NotTwo
        """
        if problem := self._problem(person, office, among):
            raise problem

    def require(self, first: User, second: User) -> None:
        """Check that these two may decide together.

        Raises:
            NotTwo
        """
        if first == second:
            raise NotTwo(Lack.SAME, second)
        self.require_one(second)
        self.require_one(first)
        if ({first} | named_alone(first)) & ({second} | named_alone(second)):
            raise NotTwo(Lack.MADE_ALONE, second)
        _check_accounts(first, second)

    def _problem(self, person: User, office: UUID | None, among: "Confirmed | None") -> NotTwo | None:
        standing = _standing(person, among)
        named = [one for one in standing if one.role in self.roles and one.organisation_id in {None, office}]
        if not named:
            return NotTwo(Lack.NOT_NAMED, person)
        in_presence = were_set_up_in_presence(named)
        seen = [one for one in named if one.pk in in_presence]
        if not seen:
            return NotTwo(Lack.NOT_SEEN, person)
        counts = min(counts_from(one) for one in seen)
        return None if counts <= timezone.now() else NotTwo(Lack.TOO_NEW, person, counts)


#: Confirmed nominations of some persons, by person; those that ended too.
Confirmed = dict[UUID, list[Nomination]]
#: Opening a vault, removing a second factor.
DECIDING = TwoPersons(frozenset({Role.SECOND, Role.MANAGER, Role.OFFICER}))
#: Naming agents, and the settings of the city that take two.
GOVERNING = TwoPersons(frozenset({Role.MANAGER, Role.OFFICER}))
#: Deciding, in an office, what another agent proposed there.
IN_OFFICE = TwoPersons(frozenset({Role.OFFICE}))
#: Examining, in an office, what another agent decides there: whoever was named by two and seen, to whichever role.
EXAMINING = TwoPersons(frozenset(Role))


def counts_from(nomination: Nomination, city: City | None = None) -> datetime:
    """Return when a confirmed nomination begins to count; for one that waits, when it would if confirmed now."""
    return (nomination.confirmed_at or timezone.now()) + timedelta(days=(city or City.current()).days_before_deciding)


def were_set_up_in_presence(nominations: Iterable[Nomination]) -> set[UUID]:
    """Return the ids of the nominations whose agent set every second factor up within the quarter of an hour after the
    code.

    A factor added or replaced later was seen by nobody, and so were recovery codes made later: the agent does it again
    beside someone. Cost: one query.
    """
    seen = [one for one in nominations if one.seen_at is not None]
    made: dict[UUID, list[Authenticator]] = {}
    for factor in rows.load(Authenticator.objects.filter(user_id__in={one.person_id for one in seen})) if seen else ():
        made.setdefault(factor.user_id, []).append(factor)
    return {one.pk for one in seen if _was_seen(one, made.get(one.person_id, []))}


def _was_seen(nomination: Nomination, made: Sequence[Authenticator]) -> bool:
    if nomination.seen_at is None:
        return False
    until = nomination.seen_at + PRESENCE
    has_strong = any(one.type in STRONG for one in made)
    return has_strong and all(nomination.seen_at <= one.created_at <= until for one in made)


def label(person: User) -> str:
    """Return the name that residents read, with the employer of somebody from elsewhere."""
    employer = next((one.employer for one in _standing(person) if one.employer), "")
    return f"{person.name}, {employer}"[:120] if employer else person.name


def named_alone(person: User, among: Confirmed | None = None) -> set[User]:
    """Return those whose sole decision named the person, and those who named these alone, and so on.

    Of the ones in between, ended nominations count too: they were in office when they named.
    """
    found, others = set[User](), _alone(_standing(person, among))
    while others:
        found |= others
        theirs = Nomination.objects.filter(person__in=others, confirmed_at__isnull=False)
        others = _alone(theirs.select_related("proposed_by", "confirmed_by")) - found
    return found


def require_apart(earlier: User, second: User, among: Confirmed | None = None) -> None:
    """Check that one who took part before is not the second one's own appointment or account, nor both a third's,
    also if they have left since.

    Cost: a query for each generation of those who saw them, up to those whom the operator named.

    Raises:
        NotTwo
    """
    known = among or _confirmed(earlier, second)
    theirs, seconds = known[earlier.pk], known[second.pk]
    by = _alone(theirs) | _offered_alone(earlier, theirs)
    behind = {earlier} | by | {one for who in by for one in named_alone(who)}
    if behind & ({second} | named_alone(second, known) | _offered_alone(second, seconds)):
        raise NotTwo(Lack.MADE_ALONE, second)
    if _rest_on_one(earlier.pk, second.pk, _find_seers(known)):
        raise NotTwo(Lack.SEEN_ALONE, second)


def find_account_makers(*people: User) -> set[User]:
    """Return who offered these accounts. Each may read what is sent there, until somebody else has seen the person.

    Cost: as `group_account_makers`.
    """
    return {maker for makers in group_account_makers(people).values() for maker in makers}


def group_account_makers(people: Collection[User]) -> dict[UUID, set[User]]:
    """Return who ever offered an account to an address of each of these people, also by an offer that another one
    replaced or that nobody opened: whoever reads the address opens them all. One that nobody opened, made after the
    account, made nothing.

    Cost: one query, and another one if an account was opened at an address that it has left.
    """
    found = {one.pk: set[User]() for one in people}
    joined = {one.pk: one.date_joined for one in people}
    whose: dict[str, set[UUID]] = defaultdict(set)
    for one in people:
        whose[one.email].add(one.pk)
    offers = PendingAccount.objects.select_related("offered_by")
    known = list(offers.filter(models.Q(account__in=found) | models.Q(email__in=whose)))
    left = {offer.email for offer in known} - {*whose}
    for offer in known:
        if offer.account_id in found:
            whose[offer.email].add(offer.account_id)
    for offer in [*known, *(offers.filter(email__in=left) if left else ())]:
        for account_id in whose[offer.email]:
            if offer.opened_at or offer.offered_at <= joined[account_id]:
                found[account_id].add(offer.offered_by)
    return found


def _offered_alone(person: User, nominations: Iterable[Nomination]) -> set[User]:
    """Return who offered the person's account, unless somebody else has seen the person since, to name them."""
    by = find_account_makers(person)
    seen_by = {one.seen_by_id for one in nominations if one.seen_by_id is not None}
    return set() if seen_by - {one.pk for one in by} else by


def _seen_by(nominations: Iterable[Nomination]) -> set[UUID]:
    """Return the ids of those who had the person beside them; none for whom the server's operator named."""
    known = list(nominations)
    if any(one.proposed_by_id is None for one in known):
        return set()
    return {by for one in known for by in one.seers}


def _find_seers(known: Confirmed) -> dict[UUID, set[UUID]]:
    """Return who saw each of these persons, who saw those, and so on."""
    seers: dict[UUID, set[UUID]] = {}
    while known:
        seers |= {person: _seen_by(named) for person, named in known.items()}
        known = _confirmed(*set[UUID]().union(*seers.values()) - {*seers})
    return seers


def _rest_on_one(one: UUID, other: UUID, seers: dict[UUID, set[UUID]]) -> bool:
    """Return whether there is a person without whom nobody, from those whom the operator named, has seen these two.

    It may be one of the two.
    """
    return any({one, other}.isdisjoint(_reached(seers, but=person)) for person in seers)


def _reached(seers: dict[UUID, set[UUID]], *, but: UUID) -> set[UUID]:
    """Return whom the operator named, whom these saw, and so on, as if one person had seen nobody."""
    reached = {person for person, by in seers.items() if not by} - {but}
    while more := {person for person, by in seers.items() if by & reached} - reached - {but}:
        reached |= more
    return reached


def _alone(nominations: Iterable[Nomination]) -> set[User]:
    return {by for one in nominations if (by := one.by_one_alone) is not None}


def _standing(person: User, among: Confirmed | None = None) -> list[Nomination]:
    if not (person.is_active and person.is_staff):
        return []
    return [one for one in (among or _confirmed(person))[person.pk] if one.ended_at is None]


def _confirmed(*people: User | UUID) -> Confirmed:
    """Return their confirmed nominations. Cost: one query, or none for nobody."""
    found: Confirmed = {person.pk if isinstance(person, User) else person: [] for person in people}
    rows = Nomination.objects.filter(person__in=found, confirmed_at__isnull=False)
    for one in rows.select_related("proposed_by", "confirmed_by"):
        found[one.person_id].append(one)
    return found


@dataclass(frozen=True)
class Part:
    """What one of the two must be, in words and by a rule."""

    words: Promise
    rule: TwoPersons


@dataclass(frozen=True)
class Act:
    """An act that takes two persons.

    Args:
        why: what one person alone could do otherwise.
        refused_by: the constraints of the database that refuse one account alone as well.
    """

    label: Promise
    first: Part
    second: Part
    why: Promise
    refused_by: tuple[str, ...] = ()

    def lack(self, second: User) -> Lack | None:
        """Return the reason why the person may not be the second one, or None."""
        return self.second.rule.lack(second)

    def require_first(self, first: User, *, office: UUID | None = None) -> None:
        """Check the first of the two, before the second is known.

        Raises:
            NotTwo
        """
        self.first.rule.require_one(first, office=office)

    def require_second(self, second: User, *, office: UUID | None = None) -> None:
        """Check the second of the two by themself. Raises as `require_first`."""
        self.second.rule.require_one(second, office=office)

    def require(self, first: User, second: User, *, office: UUID | None = None) -> None:
        """Check that these two may do it together.

        Raises:
            NotTwo
        """
        if first == second:
            raise NotTwo(Lack.SAME, second)
        among = _confirmed(first, second)
        self.second.rule.require_one(second, office=office, among=among)
        self.first.rule.require_one(first, office=office, among=among)
        require_apart(first, second, among)
        _check_accounts(first, second)


def _check_accounts(*people: User) -> None:
    """Check, once their second factors were read, that none was missing: one that was moved or deleted does not come
    back. Cost: a query for each person.

    Raises:
        Forged
    """
    for person in people:
        rows.accounts.check(person.pk)


_DECIDES = Part(_("un agent nommé pour décider à deux"), DECIDING)
_ANOTHER = Part(_("un autre agent nommé pour décider à deux"), DECIDING)
_GOVERNS = Part(_("une personne qui gère les agents, ou le délégué à la protection des données"), GOVERNING)
_ANOTHER_GOVERNS = Part(_("une autre de ces personnes"), GOVERNING)

#: Every act of the city that takes two persons. `tests/attacks/test_acts_of_two.py` tries each one.
ACTS: dict[str, Act] = {
    "urgent_access": Act(
        _("Ouvrir un accès d’urgence à un coffre"),
        _DECIDES,
        _ANOTHER,
        _("Un agent seul lirait le coffre de quelqu’un qui ne le sait pas encore."),
        (
            "emergency_two_agents",
            "emergency_not_asked_by_its_resident",
            "emergency_not_decided_by_its_resident",
        ),
    ),
    "reset_factor": Act(
        _("Retirer une double vérification perdue"),
        _DECIDES,
        _ANOTHER,
        _("Un agent seul entrerait à la place de quelqu’un dont il a l’e-mail."),
        ("factor_reset_two_persons",),
    ),
    "close_with_sheet": Act(
        _("Fermer un coffre qui n’a que sa feuille imprimée"),
        _DECIDES,
        _ANOTHER,
        _("Un agent seul effacerait le coffre de quelqu’un qui n’a rien demandé."),
        ("sheet_closing_two_persons",),
    ),
    "decide_request": Act(
        _("Accorder ou refuser une demande envoyée à un service"),
        Part(_("l’agent du service qui étudie la demande, nommé par deux personnes"), EXAMINING),
        Part(_("un autre agent, nommé pour décider dans ce service"), IN_OFFICE),
        _("Un agent seul donnerait de l’argent à qui il veut, ou le refuserait."),
        ("sent_decided_by_another",),
    ),
    "name_agent": Act(
        _("Nommer un agent pour décider à deux, gérer les agents ou protéger les données"),
        _GOVERNS,
        _ANOTHER_GOVERNS,
        _(
            "Une personne seule nommerait un second compte à elle. Le délégué peut faire les deux, mais ne décide "
            "alors jamais avec celui qu’il a nommé."
        ),
        ("nomination_not_by_oneself", "nomination_not_confirmed_by_oneself", "nomination_not_seen_by_oneself"),
    ),
    "name_in_office": Act(
        _("Nommer un agent pour étudier ou décider des demandes dans un service"),
        _GOVERNS,
        _ANOTHER_GOVERNS,
        _("Une personne seule étudierait et déciderait avec deux comptes."),
        ("nomination_office_two_persons",),
    ),
    "city_setting": Act(
        _("Changer où les habitants appellent, écrivent et vont, ou les mots des pages légales ; fermer une aide"),
        _GOVERNS,
        _ANOTHER_GOVERNS,
        _("Une personne seule enverrait les habitants chez elle. Effacer une adresse fausse n’en demande qu’une."),
        ("city_decision_two_persons",),
    ),
    "publish_version": Act(
        _("Publier une aide locale, une démarche, une urgence ou un formulaire"),
        Part(_("l’agent qui l’a écrit, nommé pour décider à deux"), DECIDING),
        _ANOTHER,
        _("Un agent seul changerait ce que la ville promet, ou demande, à tous."),
        (
            "aids_local_two_persons",
            "aids_urgent_two_persons",
            "procedure_two_persons",
            "official_forms_two_persons",
        ),
    ),
    "grant_label": Act(
        _("Accepter ou refuser la demande d’un service d’un autre organisme"),
        Part(_("l’agent qui a étudié la demande, nommé pour décider à deux"), DECIDING),
        _ANOTHER,
        _("Un agent seul laisserait un service demander des données aux habitants."),
        ("label_request_two_persons",),
    ),
    "change_label": Act(
        _("Rétablir, suspendre ou retirer ce qui a été accordé à un service"),
        _DECIDES,
        _ANOTHER,
        _("Un agent seul rouvrirait des lectures. En urgence, un seul peut suspendre : cela ne fait qu’arrêter."),
        ("label_change_two_persons",),
    ),
    "approve_consultation": Act(
        _("Ouvrir une consultation"),
        Part(_("l’agent qui a écrit son plan, nommé pour décider à deux"), DECIDING),
        _ANOTHER,
        _("Un agent seul choisirait ce que la ville compte de ses habitants."),
        ("campaign_two_persons",),
    ),
    "approve_vote": Act(
        _("Ouvrir un vote"),
        _DECIDES,
        _ANOTHER,
        _("Un agent seul choisirait sur quoi l’on vote, et jusqu’à quand."),
        ("vote_two_persons",),
    ),
    "decide_appeal": Act(
        _("Décider de la contestation d’un texte écarté d’un débat"),
        Part(_("l’agent qui a écarté le texte, nommé pour décider à deux"), DECIDING),
        _ANOTHER,
        _("L’agent qui a écarté un texte jugerait seul s’il avait raison."),
        ("moderation_two_persons",),
    ),
    "paper_ballot": Act(
        _("Prendre un bulletin de papier"),
        Part(_("l’agent qui a vérifié l’identité, nommé pour décider à deux"), DECIDING),
        _ANOTHER,
        _("Un agent seul voterait pour des personnes qui ne sont pas venues."),
    ),
    "prove_identity": Act(
        _("Vérifier au guichet l’identité de quelqu’un qui votera"),
        Part(_("un agent du guichet, nommé pour décider à deux"), DECIDING),
        Part(_("un autre agent, nommé aussi, qui lit le même papier pendant une autre visite"), DECIDING),
        _("Un agent seul ferait voter des personnes inventées."),
    ),
}


def by_two() -> list[ByTwo]:
    """Return the list, as the page of promises says it."""
    return [ByTwo(act.label, act.first.words, act.second.words, act.why) for act in ACTS.values()]
