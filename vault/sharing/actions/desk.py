"""Desk visits: an agent opens a vault with a resident who has no e-mail, or comes back to it with them.

A visit is a grant that the resident gives by word of mouth. It ends when the agent finishes it, when their session
ends, and after two hours at most. An agent has one visit at a time.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from uuid import UUID, uuid4, uuid5

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django_scopes import scope

from accounts.actions import sheets
from accounts.models import Membership, Session, Sheet, User
from accounts.perms import can_sign_in, require_desk
from accounts.sign_in.sessions import under_way
from accounts.two_persons import find_account_makers
from core import journal
from core.files.uploads import SealedUpload
from core.models import City
from vault.records import gate
from vault.records.actions import grants
from vault.records.actions.grants import Recipient
from vault.records.actions.papers import take_in
from vault.records.enums import GrantChannel, Mode
from vault.records.grants import agreements
from vault.records.grants.terms import Terms
from vault.records.models import Grant, Paper
from vault.records.values.decrypted import Values
from vault.sharing import perms
from vault.sharing.across import desk
from vault.sharing.actions import acts
from vault.sharing.actions.mandates import typed
from vault.sharing.agreements.entrusting import (
    AGREEMENT,
    APPOINTMENT_AGREEMENT,
    AT_DESK,
    DESK_AGREEMENT,
    ENTRUST,
    MEET,
)
from vault.sharing.enums import Act
from vault.sharing.models import DeskVisit, Mandate
from vault.sharing.models.desk import DESK_KIND
from vault.sharing.models.mandate import APPOINTMENT, COMPANION_KIND


def at_desk() -> AbstractContextManager[None]:
    return journal.through(journal.Means.DESK)


def open_vault(*, agent: User, session: Session, name: str, token: UUID) -> DeskVisit:
    """Open an empty vault for the resident at the desk, and begin a visit. Idempotent for one form (`token`).

    Raises:
        PermissionDenied: the agent does not keep the desk.
    """
    require_desk(agent)
    return _once(agent, session, token, lambda: sheets.open_vault_with(name=name, by=agent), ())


def come_back(*, agent: User, session: Session, code: str, items: Sequence[str], token: UUID) -> DeskVisit:
    """Begin a visit with the code of the resident's sheet, for the items that they name. The sheet stays valid.

    Raises:
        PermissionDenied: the agent does not keep the desk.
        sheets.NoSheet
    """
    require_desk(agent)
    return _once(agent, session, token, lambda: sheets.find_locked(sheets.hashed(code)).person, items)


def begin_appointment(*, agent: User, session: Session, code: str) -> DeskVisit:
    """Begin a visit with a resident who signs in by themselves, for the items ticked when they made the code.

    Raises:
        PermissionDenied: the agent does not keep the desk.
        mandates.NoAppointment
    """
    require_desk(agent)
    with at_desk(), typed(code) as chosen:
        grant = grants.give(
            resident_id=chosen.resident_id,
            by=chosen.resident_id,
            agreement=APPOINTMENT_AGREEMENT,
            recipient=_recipient(agent),
            terms=chosen.terms,
        )
        person = User.objects.get(pk=chosen.resident_id)
        visit = _visit(person, grant, session, uuid4(), chosen.acts)
        _journal_event(grant, agent, "appointment_begun", MEET)
    return _end_others(agent, visit)


def look(*, visit: DeskVisit, agent: User, item_code: str) -> tuple[list[str], Values]:
    """Return the fields of one item and their current values. One reading, one entry in the resident's journal.

    Raises:
        PermissionDenied: the resident did not name the item, the visit is another agent's, or its session has ended.
        gate.Refused, gate.NotAnchored
    """
    perms.require_may_help_at_desk(visit, agent)
    item = next((item for item in agreements.items_of(visit.grant) if item.code == item_code), None)
    if item is None:
        raise PermissionDenied
    fields = list(item.fields)
    with at_desk():
        return fields, gate.read(grant=visit.grant, fields=fields, person=visit.resident_id)


def add_paper(*, visit: DeskVisit, agent: User, kind: str | None, upload: SealedUpload, token: UUID) -> Paper:
    """Add a paper to the resident's vault, quarantined like any other. Only the resident confirms its values.

    Raises:
        PermissionDenied: the visit does not allow it, is another agent's, or its session has ended.
        gate.Refused: the visit has ended.
    """
    perms.require_may_help_at_desk(visit, agent)
    if not visit.allows(Act.ADD_PAPER):
        raise PermissionDenied
    grant = visit.grant
    paper = Paper(pk=uuid4(), resident_id=visit.resident_id, kind=kind or "")

    def write_entry(kept: Paper) -> None:
        _journal_event(grant, agent, "mandate_paper_added", AT_DESK, kept.kind)

    with at_desk(), acts.under(grant):
        return take_in(paper, upload, token, write_entry, brought_by=grant.recipient_label)


def print_sheet(*, visit: DeskVisit, agent: User) -> tuple[Sheet, str]:
    """Return a new sheet with which the resident can claim the vault, and its code. The former sheet is cancelled.

    Raises:
        PermissionDenied: the resident signs in by themselves, the visit is another agent's, or its session has ended.
        gate.Refused: the visit has ended.
        closing.Begun: the vault is being erased.
    """
    perms.require_may_help_at_desk(visit, agent)
    with at_desk(), acts.under(visit.grant):
        return sheets.print_sheet(person=User.objects.get(pk=visit.resident_id), by=agent)


def sign_on_paper(
    *,
    visit: DeskVisit,
    agent: User,
    membership_id: UUID,
    terms: Terms,
    allowed: Sequence[Act],
    upload: SealedUpload,
    keep: bool,
) -> Mandate:
    """Record a mandate that the resident signed with a pen, with the SHA-256 of its scan. Idempotent for one scan.

    Args:
        keep: also add the scan to the papers of the vault.

    Raises:
        PermissionDenied: the membership has ended, the agent offered the companion's account, the resident signs in by
            themselves (they sign on their own page), the visit is another agent's, or its session has ended.
        NothingChosen
        gate.Refused: the visit has ended.
    """
    perms.require_may_help_at_desk(visit, agent)
    place = Membership.objects.current().filter(pk=membership_id).select_related("person", "organisation").first()
    person = User.objects.get(pk=visit.resident_id)
    if place is None or can_sign_in(person) or agent in find_account_makers(place.person):
        raise PermissionDenied
    with scope(resident=person.pk):
        former = list(
            Grant.objects.given_to(COMPANION_KIND, place.person_id).filter(agreement=AGREEMENT.code, stopped_at=None)
        )
    with at_desk(), acts.under(visit.grant, changing=former):
        mandate = (
            Mandate.objects.filter(grant__in=Grant.objects.standing(), form_sha256=upload.sha256)
            .select_related("grant")
            .first()
        )
        if mandate is not None:
            return mandate
        mandate = _give_mandate(person, place, agent, terms, allowed, upload.sha256)
        if keep:
            scan = Paper(pk=uuid4(), resident_id=person.pk)
            take_in(
                scan,
                upload,
                scan.pk,
                partial(_journal_scan, visit.grant, agent),
                brought_by=visit.grant.recipient_label,
            )
    return mandate


def _give_mandate(
    person: User, place: Membership, agent: User, terms: Terms, allowed: Sequence[Act], form_sha256: str
) -> Mandate:
    """Give a mandate signed on paper and journal it. Requires the resident's scope and a transaction."""
    recipient = Recipient(COMPANION_KIND, place.person_id, place.label)
    grant = grants.give_at_desk(
        resident_id=person.pk, by=agent.pk, agreement=AGREEMENT, recipient=recipient, terms=terms
    )
    mandate = Mandate.objects.create(
        resident_id=person.pk,
        grant=grant,
        membership_id=place.pk,
        name=person.name,
        acts=[act.value for act in allowed],
        form_sha256=form_sha256,
    )
    details = {"recipient": grant.recipient_label, "grant": str(grant.pk), "form": form_sha256}
    journal.write(
        resident_id=person.pk, actor_id=agent.pk, event="mandate_signed_on_paper", purpose=ENTRUST, details=details
    )
    return mandate


def stop_mandate(*, visit: DeskVisit, agent: User, grant: Grant) -> Grant:
    """Stop a mandate for a resident who cannot do it from home. Idempotent.

    When this returns, the companion can read nothing more.

    Raises:
        PermissionDenied: the resident signs in by themselves, or the visit is another agent's, has ended, or its
            session has.
    """
    perms.require_may_help_at_desk(visit, agent)
    person = User.objects.get(pk=visit.resident_id)
    with scope(resident=person.pk):
        is_mandate = Grant.objects.filter(pk=grant.pk, recipient_kind=COMPANION_KIND).exists()
        active = Grant.objects.active().filter(pk=visit.grant_id).exists()
    if not is_mandate or not active or can_sign_in(person):
        raise PermissionDenied
    with at_desk():
        return grants.stop_at_desk(grant=grant, by=agent.pk)


def finish(*, visit: DeskVisit, agent: User) -> None:
    """End the visit. Idempotent. When this returns, the agent can read nothing more."""
    with at_desk():
        grants.give_back(grant=visit.grant, by=agent.pk)


def end_left() -> int:
    """End the grants of visits whose session has ended or whose vault was claimed. Return their number.

    These visits already open nothing. Called by the scheduler.
    """
    return _end_left(desk.standing())


def end_left_of(*, resident_id: UUID) -> int:
    """Do the same for one resident, so that their pages show no visit that is over. Requires the resident's scope."""
    return _end_left(list(visits_standing().filter(resident_id=resident_id).select_related("grant")))


def visits_standing() -> QuerySet[DeskVisit]:
    """Return the visits that are not over, or are to be ended. Requires the resident's scope."""
    return DeskVisit.objects.filter(grant__in=Grant.objects.standing().filter(recipient_kind=DESK_KIND))


def _end_left(found: Sequence[DeskVisit]) -> int:
    if not found:
        return 0
    live = {session.pk for session in under_way(Session.objects.filter(pk__in=[visit.session_id for visit in found]))}
    left = [visit for visit in found if visit.session_id not in live or visit.is_claimed_since()]
    for visit in left:
        grants.give_back(grant=visit.grant, by=visit.grant.recipient_id)
    return len(left)


def _once(agent: User, session: Session, token: UUID, find: Callable[[], User], items: Sequence[str]) -> DeskVisit:
    """Begin a visit to the resident that `find` returns, called in the transaction.

    A form sent twice, even at the same time, begins one visit.
    """
    key = uuid5(agent.pk, str(token))
    if sent := desk.of_form(key):
        return sent
    try:
        with at_desk(), transaction.atomic():
            person = find()
            with scope(resident=person.pk):
                visit = _begin(person, agent, session, key, items)
    except IntegrityError:
        return _sent_meanwhile(key)
    return _end_others(agent, visit)


def _begin(person: User, agent: User, session: Session, key: UUID, items: Sequence[str]) -> DeskVisit:
    """Give the grant and create the visit. Requires the resident's scope and a transaction."""
    terms = Terms(items, Mode.LOOK, lasts=APPOINTMENT, channel=GrantChannel.SPOKEN)
    grant = grants.give_at_desk(
        resident_id=person.pk, by=agent.pk, agreement=DESK_AGREEMENT, recipient=_recipient(agent), terms=terms
    )
    return _visit(person, grant, session, key, [Act.ADD_PAPER, Act.TYPE, Act.SIMULATE])


def _visit(person: User, grant: Grant, session: Session, key: UUID, allowed: Sequence[Act]) -> DeskVisit:
    return DeskVisit.objects.create(
        resident_id=person.pk,
        grant=grant,
        session_id=session.pk,
        token=key,
        name=person.name,
        acts=[act.value for act in allowed],
    )


def _recipient(agent: User) -> Recipient:
    return Recipient(DESK_KIND, agent.pk, f"{agent.name}, {City.current().label}"[:120])


def _sent_meanwhile(key: UUID) -> DeskVisit:
    """Return the visit begun by the same form, sent twice at the same time."""
    found = desk.of_form(key)
    if found is None:
        raise RuntimeError("no visit bears this form's number")
    return found


def _end_others(agent: User, visit: DeskVisit) -> DeskVisit:
    """End the agent's other visits: those residents have left the desk."""
    for other in desk.others(agent, visit):
        finish(visit=other, agent=agent)
    return visit


def _journal_event(grant: Grant, agent: User, event: str, purpose: str, kind: str = "") -> None:
    details = {"recipient": grant.recipient_label, "grant": str(grant.pk)} | ({"kind": kind} if kind else {})
    journal.write(resident_id=grant.resident_id, actor_id=agent.pk, event=event, purpose=purpose, details=details)


def _journal_scan(grant: Grant, agent: User, _kept: Paper) -> None:
    _journal_event(grant, agent, "mandate_paper_added", AT_DESK)
