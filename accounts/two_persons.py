"""Decisions that take two persons: who may be one of the two, and which two may not decide together.

The rule holds for both, because whoever can make one agent alone would otherwise be the two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Nomination, Role, User
from accounts.sign_in.second_factor import STRONG
from core import rows
from core.models import City

#: How long after the code an agent may set their second factor up, still beside the other person.
PRESENCE = timedelta(minutes=15)


class Lack(models.TextChoices):
    """Why a person may not be one of the two."""

    NOT_NAMED = "not_named", _("Vous n’êtes pas nommé pour décider à deux.")
    NOT_SEEN = "not_seen", _("Votre double vérification n’a pas été réglée devant une autre personne.")
    TOO_NEW = "too_new", _("Votre nomination est trop récente.")
    SAME = "same", _("Vous l’avez demandé : une autre personne décide.")
    OPENED = "opened", _("Vous avez ouvert ce coffre : un autre agent vérifie le papier d’identité.")
    MADE_ALONE = (
        "made_alone",
        _("L’un de vous deux a été nommé par l’autre seul, ou par la seule personne qui a nommé l’autre."),
    )


class NotTwo(Exception):
    """The decision does not have the two persons that it needs; `lack` is the first reason, `who` whom it is about."""

    def __init__(self, lack: Lack, who: User) -> None:
        super().__init__(lack.value)
        self.lack, self.who = lack, who

    def words_for(self, reader: User) -> str:
        """Return the reason for one of the two: their own, or that the other one may not decide."""
        if self.lack in {Lack.SAME, Lack.OPENED, Lack.MADE_ALONE} or reader == self.who:
            return str(self.lack.label)
        return gettext("%(name)s ne peut pas encore décider à deux.") % {"name": self.who.name}


@dataclass(frozen=True)
class TwoPersons:
    """The rule of one kind of decision: the roles that its two persons may have.

    Each of the two must have held one of these roles for the days that the city sets, with a second factor that was
    set up in the presence of another person and not changed since.
    """

    roles: frozenset[Role]

    def lack(self, person: User) -> Lack | None:
        """Return the reason why the person may not be one of the two, or None."""
        named = [one for one in _standing(person) if one.role in self.roles]
        if not named:
            return Lack.NOT_NAMED
        in_presence = were_set_up_in_presence(named)
        seen = [one for one in named if one.pk in in_presence]
        if not seen:
            return Lack.NOT_SEEN
        return None if any(counts_from(one) <= timezone.now() for one in seen) else Lack.TOO_NEW

    def require_one(self, person: User) -> None:
        """Check the first of the two, before the second is known.

        Raises:
            NotTwo
        """
        if lack := self.lack(person):
            raise NotTwo(lack, person)

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


#: Opening a vault, removing a second factor.
DECIDING = TwoPersons(frozenset(Role))
#: Naming agents, and the settings of the city that take two.
GOVERNING = TwoPersons(frozenset({Role.MANAGER, Role.OFFICER}))


def counts_from(nomination: Nomination, city: City | None = None) -> datetime:
    """Return when a confirmed nomination begins to count; for one that waits, when it would if confirmed now."""
    return (nomination.confirmed_at or timezone.now()) + timedelta(days=(city or City.current()).days_in_role)


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


def named_alone(person: User) -> set[User]:
    """Return those whose sole decision named the person, and those who named these alone, and so on.

    Of the ones in between, ended nominations count too: they were in office when they named.
    """
    found, others = set[User](), _alone(_standing(person))
    while others:
        found |= others
        theirs = Nomination.objects.filter(person__in=others, confirmed_at__isnull=False)
        others = _alone(theirs.select_related("proposed_by", "confirmed_by")) - found
    return found


def require_apart(earlier: User, second: User) -> None:
    """Check that one who took part before is not the second one's own appointment, also if they have left since.

    Raises:
        NotTwo
    """
    theirs = Nomination.objects.filter(person=earlier, confirmed_at__isnull=False)
    by = _alone(theirs.select_related("proposed_by", "confirmed_by"))
    behind = {earlier} | by | {one for who in by for one in named_alone(who)}
    if behind & ({second} | named_alone(second)):
        raise NotTwo(Lack.MADE_ALONE, second)


def _alone(nominations: Iterable[Nomination]) -> set[User]:
    return {by for one in nominations if (by := one.by_one_alone) is not None}


def _standing(person: User) -> list[Nomination]:
    found = Nomination.objects.standing().filter(person=person)
    return list(found.select_related("proposed_by", "confirmed_by"))
