"""Nominations of agents: one person proposes, another confirms with the agent present; the officer may do both, but
for roles in an office. Who governs and the agent are told of each step by e-mail.
"""

import hashlib
from collections.abc import Iterable
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actions import notices
from accounts.actions.accounts import LastManager, end_other_sessions, forget_second_factor
from accounts.models import OF_ONE_OFFICE, Membership, Nomination, Role, User
from accounts.two_persons import ACTS, PRESENCE, Act, Lack, NotTwo, find_account_makers
from core import once
from core.database import locks
from core.symbols import new_code, read_code

#: The lock of the roles that are proposed for one person.
ROLES = "roles proposed"
#: Roles that one person does not hold together: the officer checks those who manage (article 38(6) of the GDPR).
APART = {Role.MANAGER: Role.OFFICER, Role.OFFICER: Role.MANAGER}


class AlreadyNamed(Exception):
    """The agent has this role, is proposed for it, or has one that excludes it."""


class NoOffice(Exception):
    """The agent has no place of this kind in an office: whoever manages agents gives it first."""


class WrongCode(Exception):
    """No code under way is this one: it is mistyped, used, or older than a quarter of an hour."""


def propose(*, person: User, role: Role, employer: str, by: User) -> Nomination:
    """Propose an agent for a role. It gives nothing yet.

    Raises:
        PermissionDenied: `by` neither manages agents nor is the officer, or proposes themself.
        AlreadyNamed
        NoOffice: the role is one office's.
    """
    require_governs(by)
    if by == person or not (person.is_staff and person.is_active):
        raise PermissionDenied
    try:
        with transaction.atomic():
            locks.hold(ROLES, person.pk)
            if role in APART and Nomination.objects.filter(person=person, role=APART[role], ended_at=None).exists():
                raise AlreadyNamed
            made = Nomination.objects.create(
                person=person, role=role, employer=employer, organisation_id=_office(person, role), proposed_by=by
            )
            notices.tell_soon()
    except IntegrityError as error:
        raise AlreadyNamed from error
    return made


def name_by_operator(*, person: User, role: Role) -> Nomination:
    """Name an agent from the server's command line, where the first agents of a portal come from. Idempotent.

    It counts after the usual days, and once the agent has set their second factor up beside another one.

    Raises:
        NoOffice: the role is one office's.
    """
    with transaction.atomic():
        found, _made = Nomination.objects.get_or_create(
            person=person,
            role=role,
            ended_at=None,
            defaults={"confirmed_at": timezone.now(), "organisation_id": _office(person, role)},
        )
        _apply(found)
    return found


def begin_presence(*, nomination: Nomination, by: User) -> str:
    """Return the code to tell the agent who is beside `by`, good once for a quarter of an hour.

    For a nomination that waits, telling the code confirms it. For one that stands, it only renews the second factor.

    Raises:
        PermissionDenied: `by` neither manages agents nor is the officer, or is the agent.
        NotTwo: the two who name the agent may not decide together; or `by` proposed it and is not the officer.
    """
    require_governs(by)
    with transaction.atomic():
        held = Nomination.objects.select_for_update().get(pk=nomination.pk)
        if by.pk == held.person_id or held.ended_at is not None:
            raise PermissionDenied
        _require_may_confirm(held, by)
        code = new_code()
        held.code_hash, held.code_by, held.code_until = _hash(code), by, timezone.now() + PRESENCE
        held.save(update_fields=["code_hash", "code_by", "code_until"])
    return code


def type_code(*, person: User, code: str, current_key: str | None) -> Nomination:
    """Confirm the nomination of the agent who types the code, and remove their second factors and other sessions.

    They set another up at once, beside the person who told the code: it is the second factor of each of their roles.
    That person counts as one who has seen the agent if they have governed for long enough.

    Raises:
        WrongCode
        PermissionDenied, NotTwo: the person who told the code may not confirm it any more, or the agent has the role
            that nobody has beside it.
    """
    with transaction.atomic():
        held = (
            Nomination.objects.select_for_update()
            .filter(person=person, ended_at=None, code_hash=_hash(code), code_until__gt=timezone.now())
            .first()
        )
        if held is None or held.code_by is None or not once.use("presence", held.code_hash):
            raise WrongCode
        require_governs(held.code_by)
        _require_may_confirm(held, held.code_by)
        locks.hold(ROLES, person.pk)
        if held.confirmed_at is None and _has_role_apart(held):
            raise PermissionDenied
        if held.confirmed_at is None:
            held.confirmed_by, held.confirmed_at = held.code_by, timezone.now()
        held.code_hash, held.code_until = "", None
        counts = ACTS["name_agent"].lack(held.code_by) is None
        others = Nomination.objects.select_for_update().filter(
            person=person, ended_at=None, confirmed_at__isnull=False
        )
        for one in [held, *others.exclude(pk=held.pk)]:
            one.see(held.code_by, counts=counts)
            one.save()
        forget_second_factor(user=person, current_key=current_key)
        _apply(held)
        notices.tell_soon()
    return held


def end(*, nomination: Nomination, by: User) -> None:
    """End a nomination, or take a proposal back. Idempotent.

    Raises:
        PermissionDenied: `by` neither manages agents nor is the officer.
        LastManager: nobody would manage agents.
    """
    require_governs(by)
    with transaction.atomic():
        held = Nomination.objects.select_for_update().get(pk=nomination.pk)
        if held.ended_at is None:
            end_held(held, by)


def end_held(held: Nomination, by: User | None) -> None:
    """End a nomination that is locked, and take its right away."""
    if held.role == Role.MANAGER and held.confirmed_at is not None:
        LastManager.check_without(held.person)
    held.ended_by, held.ended_at, held.code_hash = by, timezone.now(), ""
    held.save(update_fields=["ended_by", "ended_at", "code_hash"])
    _apply(held)
    notices.tell_soon()


def end_in_office(*, person: User, by: User | None, keeps: Iterable[Role] = ()) -> None:
    """End the roles in an office, and proposals of them, of an agent who leaves the office or does less in it.
    Idempotent.
    """
    ends = [role for role in OF_ONE_OFFICE if role not in keeps]
    for held in Nomination.objects.select_for_update().filter(person=person):
        if held.role in ends and held.ended_at is None:
            end_held(held, by)


def require_governs(by: User) -> None:
    if not (by.is_active and by.is_staff and (by.is_superuser or by.is_dpo)):
        raise PermissionDenied


def _require_may_confirm(held: Nomination, by: User) -> None:
    """Check the two who name the agent. Renewing a second factor takes one, who need not be established yet."""
    if held.confirmed_at is not None:
        return
    act = act_of(held)
    act.require_second(by)
    if by in find_account_makers(held.person) and not by.is_dpo:
        raise NotTwo(Lack.MADE_ALONE, by)
    if held.proposed_by == by and not (by.is_dpo and held.role not in OF_ONE_OFFICE):
        raise NotTwo(Lack.SAME, by)
    if held.proposed_by is not None and held.proposed_by != by:
        act.require(held.proposed_by, by)


def _has_role_apart(held: Nomination) -> bool:
    others = Nomination.objects.filter(person=held.person, ended_at=None, confirmed_at__isnull=False)
    return held.role in APART and others.filter(role=APART[Role(held.role)]).exists()


def act_of(held: Nomination) -> Act:
    return ACTS["name_in_office" if held.role in OF_ONE_OFFICE else "name_agent"]


def _office(person: User, role: Role) -> UUID | None:
    """Return the office of a role that is one office's: that of the agent's own place."""
    if role not in OF_ONE_OFFICE:
        return None
    place = Membership.objects.of_office(person)
    if place is None or not (place.may_decide if role == Role.OFFICE else place.instructs):
        raise NoOffice
    return place.organisation_id


def _apply(held: Nomination) -> None:
    """Write the right of the role on the account, and end the sessions that were begun without it."""
    name = {Role.MANAGER: "is_superuser", Role.OFFICER: "is_dpo"}.get(Role(held.role))
    if name is None:
        return
    given = held.ended_at is None and held.confirmed_at is not None
    if getattr(held.person, name) != given:
        setattr(held.person, name, given)
        held.person.save(update_fields=[name])
        if not given:
            end_other_sessions(user=held.person, current_key=None)


def _hash(code: str) -> str:
    return hashlib.sha256(b"presence" + read_code(code).encode()).hexdigest()
