"""Households: invite, join, agree, leave. Each act is journalled only for the resident who does it."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any
from uuid import UUID, uuid5

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts.models import User
from core import journal
from core.journal import heads
from core.models.rows import AuthenticatedRow, lot_of
from core.rows import check
from core.symbols import new_code, read_code
from vault.records import gate
from vault.records.actions import grants as actions_grants
from vault.records.actions.grants import Changed, Recipient
from vault.records.actions.notes import seal_note, unseal_note
from vault.records.actions.records import Invalid, Source, Subject, journal_record_event, one_at_a_time, write
from vault.records.enums import GrantState, Happened, HouseholdRole, Mode, Role
from vault.records.grants.agreements import Agreement, Item, get
from vault.records.grants.terms import Terms
from vault.records.models import Grant, Record
from vault.records.models.grant import RESIDENT_KIND
from vault.records.perms import require_may_write
from vault.records.values.decrypted import Opened, Values
from vault.sharing import perms
from vault.sharing.across import household_access, invitations, shared_facts
from vault.sharing.agreements.shared_facts import SHARE, SHARED_FACTS
from vault.sharing.models import Household, Invitation, Member, SharedFact
from vault.sharing.models.household import INVITATION_LASTS, MOST_MEMBERS
from vault.types.spans import add_months

INVITE = gettext_noop("Inviter quelqu’un dans votre foyer")
JOIN = gettext_noop("Rejoindre un foyer")
LEAVE = gettext_noop("Quitter votre foyer")
PART = gettext_noop("Vous dire que des partages ont pris fin")
PREVIEW = gettext_noop("Vous montrer ce qu’un accord compterait")


class NoInvitation(Exception):
    """The code is mistyped, used, cancelled or older than seven days. The error does not say which."""


class CannotJoin(Exception):
    """The resident cannot join. `why`: already (in a household), self (own code), couple (has two partners), full."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class _NoHousehold(PermissionDenied):
    """The resident has no household, or has just left it."""


@dataclass(frozen=True)
class Offer:
    """An invitation as shown to a resident before they accept it."""

    invitation: Invitation
    name: str

    @property
    def role(self) -> HouseholdRole:
        return HouseholdRole(self.invitation.role)


def invite(*, resident_id: UUID, by: UUID, role: HouseholdRole) -> str:
    """Return a new invitation code, shown only once. Cancel the former one."""
    require_may_write(resident_id, by)
    code = new_code()
    with transaction.atomic(), scope(resident=resident_id):
        _cancel_open(resident_id)
        Invitation.objects.create(
            resident_id=resident_id, role=role, code_hash=_hash(code), expires_at=timezone.now() + INVITATION_LASTS
        )
        journal.write(resident_id=resident_id, actor_id=by, event="household_invited", purpose=INVITE)
    return code


def cancel_invitation(*, resident_id: UUID, by: UUID) -> None:
    require_may_write(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        if _cancel_open(resident_id):
            journal.write(resident_id=resident_id, actor_id=by, event="household_invitation_cancelled", purpose=INVITE)


def offer(*, resident_id: UUID, code: str) -> Offer:
    """Return what accepting this code would mean for the resident. Nothing is written.

    Raises:
        NoInvitation
        CannotJoin
    """
    invitation = invitations.find_open(_hash(code))
    if invitation is None:
        raise NoInvitation
    _check_may_join(invitation, resident_id)
    return Offer(invitation, _name(invitation.resident_id))


def join(*, resident_id: UUID, by: UUID, code: str) -> Member:
    """Accept an invitation. This shares nothing: each agreement is given later, on its own page.

    Raises:
        NoInvitation
        CannotJoin
    """
    require_may_write(resident_id, by)
    with transaction.atomic():
        invitation = invitations.find_open(_hash(code), lock=True)
        if invitation is None:
            raise NoInvitation
        inviter = _place_of_inviter(invitation)
        _check_may_join(invitation, resident_id)
        _close_own_place(resident_id)
        with scope(resident=invitation.resident_id):
            invitation.used_at = timezone.now()
            invitation.save(update_fields=["used_at"])
        with scope(resident=resident_id):
            _cancel_open(resident_id)
            member = Member.objects.create(
                resident_id=resident_id,
                household_id=inviter.household_id,
                role=invitation.role,
                name=_name(resident_id),
            )
            details = {"recipient": inviter.name}
            journal.write(
                resident_id=resident_id, actor_id=by, event="household_joined", purpose=JOIN, details=details
            )
    return member


def agree(*, resident_id: UUID, by: UUID, member_id: UUID, agreement: Agreement, terms: Terms) -> Grant:
    """Give an agreement to another member of the household.

    Raises:
        PermissionDenied: the member is not of this household, or not in the role that the agreement is for.
        NothingChosen
    """
    require_may_write(resident_id, by)
    with _household(resident_id) as mine, scope(resident=resident_id):
        other = mine.other(member_id)
        between_residents = agreement.recipient_kind == RESIDENT_KIND
        if other is None or not between_residents or not perms.may_agree_with(agreement.role, mine.me, other):
            raise PermissionDenied
        recipient = Recipient(RESIDENT_KIND, other.resident_id, other.name)
        return actions_grants.give(
            resident_id=resident_id, by=by, agreement=agreement, recipient=recipient, terms=terms
        )


def share_facts(*, resident_id: UUID, by: UUID, member_id: UUID, terms: Terms, seen: str) -> Grant:
    """Share facts with another member: they receive a copy of the current values.

    Args:
        seen: the fingerprint of the values that the page showed.

    Raises:
        PermissionDenied: the member is not of this household.
        NothingChosen
        Changed: a value changed since the page was shown.
    """
    agreement = get(SHARED_FACTS)
    values = own_facts(resident_id=resident_id)
    if fingerprint(values) != seen:
        raise Changed
    items = agreement.chosen(terms.items)
    with transaction.atomic():
        grant = agree(
            resident_id=resident_id,
            by=by,
            member_id=member_id,
            agreement=agreement,
            terms=replace(terms, mode=Mode.KEEP),
        )
        for item in items:
            _hand_over(grant, member_id, item, values)
    return grant


def agree_again(former: Grant, agreement: Agreement, terms: Terms, seen: str) -> Grant:
    """Renew a grant to the same member of the household (`RecipientKind.give`).

    Raises:
        PermissionDenied: they left the household, or are not in the role that the agreement is for.
        Changed: a value changed since the page was shown.
    """
    resident_id = former.resident_id
    mine = household_access.of(resident_id)
    other = next((one for one in mine.others if one.resident_id == former.recipient_id), None) if mine else None
    if other is None:
        raise PermissionDenied
    if agreement.code == SHARED_FACTS:
        return share_facts(resident_id=resident_id, by=resident_id, member_id=other.pk, terms=terms, seen=seen)
    if fingerprint(values_today(resident_id=resident_id, agreement=agreement)) != seen:
        raise Changed
    return agree(resident_id=resident_id, by=resident_id, member_id=other.pk, agreement=agreement, terms=terms)


def values_today(*, resident_id: UUID, agreement: Agreement) -> Values:
    """Return the resident's own values that the agreement would use now."""
    if agreement.code == SHARED_FACTS:
        return own_facts(resident_id=resident_id)
    fields = [field for item in agreement.items for field in item.fields]
    opened = gate.read_own(resident_id=resident_id, purpose=PREVIEW, fields=fields)
    return Values([record for record in opened if record.person == resident_id])


def own_facts(*, resident_id: UUID) -> Values:
    """Return the values that the resident may share as facts: all but those about their spouse."""
    fields = [field for item in get(SHARED_FACTS).items for field in item.fields]
    values = gate.read_own(resident_id=resident_id, purpose=SHARE, fields=fields)
    return Values([record for record in values if record.person == resident_id or record.role != Role.SPOUSE])


def fingerprint(values: Values) -> str:
    """Return a hash of the records' ids, which changes when a value changes."""
    return hashlib.sha256("|".join(sorted(str(record.record_id) for record in values)).encode()).hexdigest()


def leave(*, resident_id: UUID, by: UUID) -> None:
    """Leave the household. Every grant to and from the others ends under its lock before this returns. Idempotent.

    No message is sent to the others. Their page says that sharing has ended, not when; their journal says it once
    they have opened that page. Each resident keeps the facts shared with them as their own. A grant or a copy that the
    portal never wrote opens nothing and keeps nobody: it is reported, and left as it is.

    Raises:
        Forged: somebody changed or deleted a row of the household, or one that may still open something of a member.
    """
    require_may_write(resident_id, by)
    try:
        with transaction.atomic(durable=True), _household(resident_id) as mine:
            _leave(mine.me, by)
    except _NoHousehold:
        _require_no_place(resident_id)


def _leave(me: Member, by: UUID) -> None:
    """Leave the household, which is locked. The locks in their order: grants, values, invitations, journals."""
    others = household_access.everybody(me)
    found = household_access.between(me, others)
    gate.lock_exclusively(found)
    with scope(resident=me.resident_id):
        one_at_a_time(me.resident_id)
        _cancel_open(me.resident_id)
    grants = household_access.standing(found, [me.resident_id, *[other.resident_id for other in others]])
    shared_facts.leave_facts([grant for grant in grants if grant.state == GrantState.ACTIVE])
    with scope(resident=me.resident_id):
        _adopt(me, by)
        me.left_at = timezone.now()
        me.save(update_fields=["left_at"])
        journal.write(resident_id=me.resident_id, actor_id=by, event="household_left", purpose=LEAVE)
    for other in others:
        _note_parting(other, me.name)
    for grant in grants:
        _end(grant, by)


def learn_of_partings(*, resident_id: UUID, by: UUID) -> list[str]:
    """Return the names of the members with whom sharing has ended, for the resident who opens the page.

    Their journal entry is written and the facts left to them enter their vault now: at the moment of the parting,
    an entry would have revealed it.
    """
    require_may_write(resident_id, by)
    with scope(resident=resident_id):
        waiting = [one for member in _present() for one in member.partings]
    if any(not one["told"] for one in waiting):
        # The locks in the order of `leave`: the household, the place, the values, the journal.
        with _household(resident_id), scope(resident=resident_id):
            [me] = _present(lock=True)
            one_at_a_time(resident_id)
            for one in me.partings:
                if not one["told"]:
                    details = {"recipient": one["name"]}
                    journal.write(
                        resident_id=resident_id, actor_id=by, event="sharing_ended", purpose=PART, details=details
                    )
            me.partings = [{**one, "told": True} for one in me.partings]
            me.save(update_fields=["partings"])
            _adopt(me, by)
    return [one["name"] for one in waiting]


def put_partings_aside(*, resident_id: UUID, by: UUID) -> None:
    """Remove the notices that the resident has read."""
    require_may_write(resident_id, by)
    with scope(resident=resident_id), transaction.atomic():
        for me in _present(lock=True):
            me.partings = [one for one in me.partings if not one["told"]]
            me.save(update_fields=["partings"])


def _present(*, lock: bool = False) -> list[Member]:
    """Return the place of the resident in scope, if they have one.

    Raises:
        Forged: the portal did not write it as it is.
    """
    found = Member.objects.present()
    places = list(found.select_for_update() if lock else found)
    check(*places, locked=lock)
    return places


def _name(resident_id: UUID) -> str:
    return User.objects.get(pk=resident_id).name


def _hash(code: str) -> str:
    """Hash a code. Its 60 random bits need no slow hash."""
    return hashlib.sha256(read_code(code).encode()).hexdigest()


def _cancel_open(resident_id: UUID) -> int:
    """Cancel the open invitation, all checked. Return how many were cancelled. Requires the resident's scope."""
    found = list(Invitation.objects.select_for_update().order_by("pk"))
    check(*found, ended=True)
    waiting = [one for one in found if not one.ended_ids]
    _require_all(resident_id, waiting, Invitation)
    return Invitation.objects.filter(pk__in=[one.pk for one in waiting]).update(cancelled_at=timezone.now())


def _require_no_place(resident_id: UUID) -> None:
    """Check that nobody changed or deleted, in the database, the place of a resident who seems to have none."""
    with transaction.atomic(), scope(resident=resident_id):
        _require_all(resident_id, _present(), Member)


def _require_all(resident_id: UUID, found: Sequence[AuthenticatedRow], model: type[AuthenticatedRow]) -> None:
    heads.require_lots(resident_id, found, lambda lot: lot[0] == lot_of(model, ()))


def _check_may_join(invitation: Invitation, resident_id: UUID) -> None:
    if invitation.resident_id == resident_id:
        raise CannotJoin("self")
    if (mine := household_access.of(resident_id)) is not None and mine.others:
        raise CannotJoin("already")
    theirs = household_access.of(invitation.resident_id)
    people = [theirs.me, *theirs.others] if theirs else []
    if len(people) >= MOST_MEMBERS:
        raise CannotJoin("full")
    partners = [
        person
        for person in people
        if person.role == HouseholdRole.PARTNER and person.resident_id != invitation.resident_id
    ]
    if invitation.role == HouseholdRole.PARTNER and partners:
        raise CannotJoin("couple")


def _place_of_inviter(invitation: Invitation) -> Member:
    """Return the inviter's place in their household, created with the household if they have none.

    An existing household is locked, so that it admits one resident at a time.
    """
    with scope(resident=invitation.resident_id):
        place = Member.objects.present().first()
        if place is None:
            household = Household.objects.create()
            name = _name(invitation.resident_id)
            return Member.objects.create(
                resident_id=invitation.resident_id, household=household, role=invitation.role, name=name
            )
        Household.objects.select_for_update().get(pk=place.household_id)
        if invitation.role == HouseholdRole.PARTNER and place.role != HouseholdRole.PARTNER:
            place.role = HouseholdRole.PARTNER
            place.save(update_fields=["role"])
        return place


def _close_own_place(resident_id: UUID) -> None:
    """Close the resident's place in a household that all other members have left."""
    with scope(resident=resident_id):
        Member.objects.present().update(left_at=timezone.now())


@contextmanager
def _household(resident_id: UUID) -> Iterator[household_access.Circle]:
    """Lock the resident's household: others who join, agree or leave at the same time wait.

    Raises:
        _NoHousehold
    """
    with transaction.atomic():
        place = household_access.of(resident_id)
        if place is not None:
            Household.objects.select_for_update().get(pk=place.me.household_id)
            place = household_access.of(resident_id)
        if place is None:
            raise _NoHousehold
        yield place


def _hand_over(grant: Grant, member_id: UUID, item: Item, values: Values) -> None:
    """Seal a copy under the recipient's own key. Only their household page shows it."""
    with scope(resident=grant.recipient_id):
        fact = SharedFact(resident_id=grant.recipient_id, grant_id=grant.pk, member_id=member_id)
        note = {
            "giver": grant.resident_id.hex,
            "item": item.code,
            "records": [_copied(record, item) for record in _newest(values, item)],
        }
        fact.content = seal_note(resident_id=grant.recipient_id, place=fact.place, note=note)
        fact.save(force_insert=True)


def _newest(values: Values, item: Item) -> list[Opened]:
    types = list(dict.fromkeys(field.partition("#")[0] for field in item.fields))
    people = {(record.type, record.person): record for type_code in types for record in values.of_type(type_code)}
    return list(people.values())


def _copied(record: Opened, item: Item) -> dict[str, Any]:
    names = {field.partition("#/")[2].split("/")[0] for field in item.fields if field.startswith(f"{record.type}#/")}
    payload = {name: value for name, value in record.payload.items() if name in names}
    if adults := payload.get("allocataires"):
        # Adults have other ids in each vault; children keep theirs.
        payload["allocataires"] = [{name: value for name, value in adult.items() if name != "id"} for adult in adults]
    return {"type": record.type, "person": str(record.person), "role": record.role, "payload": payload}


def _end(grant: Grant, by: UUID) -> None:
    """End a grant. Another resident's grant gets no journal entry and ends at the end of the month.

    So nothing dates the parting; they learn of it on their household page.
    """
    mine = grant.resident_id == by
    with scope(resident=grant.resident_id):
        grant.refresh_from_db()
        if not grant.stands:
            actions_grants.close_over(grant)
            return
        actions_grants.end(grant, timezone.now() if mine else _end_of_month())
        if mine:
            actions_grants.note(grant, Happened.STOPPED, timezone.now())
            actions_grants.journal_grant_event(grant, by, "grant_stopped")


def _end_of_month() -> datetime:
    first = timezone.localdate().replace(day=1)
    return timezone.make_aware(datetime.combine(add_months(first, 1), time.min))


def _note_parting(other: Member, name: str) -> None:
    with scope(resident=other.resident_id):
        other.partings = [*other.partings, {"name": name, "told": False}]
        other.save(update_fields=["partings"])


def _adopt(member: Member, by: UUID) -> None:
    """Write facts left by a parting to the member's vault, as declared by them. Requires their scope.

    A fact is dropped if the vault already has a record of its type about the same household member, or had this one,
    and if the portal did not leave it.
    """
    left = SharedFact.objects.filter(own=True).order_by("pk")
    if not left.exists():
        return
    one_at_a_time(member.resident_id)
    facts = shared_facts.believed(left.select_for_update())
    over = heads.ended(member.resident_id)
    for (type_code, person, role), (key, payload) in _facts_by_record(facts, member).items():
        if over.has(key) or Record.objects.current().of(type_code, person).exists():
            continue
        subject = Subject(type=type_code, person=person, role=role)
        with suppress(Invalid):  # Drop an incomplete record, so that leaving never fails.
            record = write(member.resident_id, subject, payload, Source(), older=None, key=key)
            journal_record_event(record, by, "record_added", SHARE, payload)
    SharedFact.objects.filter(pk__in=[fact.pk for fact in facts]).delete()


def _facts_by_record(
    facts: Sequence[SharedFact], member: Member
) -> dict[tuple[str, UUID, str], tuple[UUID, dict[str, Any]]]:
    """Return the payload of each record, and its id, by which a fact that is put back is known."""
    found: dict[tuple[str, UUID, str], tuple[UUID, dict[str, Any]]] = {}
    for fact in facts:
        note = unseal_note(resident_id=member.resident_id, place=fact.place, content=bytes(fact.content))
        for record in note["records"]:
            person = UUID(record["person"])
            whose = member.resident_id if person.hex == note["giver"] else person
            about = (record["type"], whose, record["role"])
            _key, payload = found.setdefault(about, (uuid5(fact.grant_id, "|".join(map(str, about))), {}))
            payload.update(record["payload"])
    return found
