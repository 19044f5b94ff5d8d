"""At the desk: an agent opens a vault with a person who has no e-mail, or comes back to it with them. The visit is a grant that its person
gives by word of mouth; it ends when the agent has done, with their session, and after two hours at most. One person at a time.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from uuid import UUID, uuid4, uuid5

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_scopes import scope

from accounts.actions import sheets
from accounts.models import Membership, Session, Sheet, User
from accounts.perms import require_desk
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
    """A vault for the person in front of them, theirs from the first minute; nothing is in it yet. The form sent twice opens one.

    Raises:
        PermissionDenied: the agent does not keep the desk.
    """
    require_desk(agent)
    return _once(agent, session, token, lambda: sheets.open_vault_with(name=name, by=agent), ())


def come_back(*, agent: User, session: Session, code: str, items: Sequence[str], token: UUID) -> DeskVisit:
    """With the sheet that its person brought: a visit to the lines that they say. The sheet goes on serving.

    Raises:
        PermissionDenied: the agent does not keep the desk.
        sheets.NoSheet
    """
    require_desk(agent)
    return _once(agent, session, token, lambda: sheets.find_locked(sheets.hashed(code)).person, items)


def begin_appointment(*, agent: User, session: Session, code: str) -> DeskVisit:
    """For somebody who signs in by themselves: what they ticked when they made the code, and nothing else.

    Raises:
        PermissionDenied: the agent does not keep the desk.
        mandates.NoAppointment
    """
    require_desk(agent)
    with at_desk(), typed(code) as said:
        grant = grants.give(
            resident_id=said.resident_id,
            by=said.resident_id,
            agreement=APPOINTMENT_AGREEMENT,
            recipient=_recipient(agent),
            terms=said.terms,
        )
        person = User.objects.get(pk=said.resident_id)
        visit = _visit(person, grant, session, uuid4(), said.acts)
        _journal_event(grant, agent, "appointment_begun", MEET)
    return _alone(agent, visit)


def look(*, visit: DeskVisit, agent: User, item_code: str) -> tuple[list[str], Values]:
    """The fields of one line, and their values of today: one reading, one line in the resident's journal.

    Raises:
        PermissionDenied: the line was not said, or the visit is not the agent's, or not in a session that goes on.
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
    """Into the resident's vault, under their key and in quarantine as any paper. Only they confirm its values.

    Raises:
        PermissionDenied: the visit does not say so, or is not the agent's, or not in a session that goes on.
        gate.Refused: it is over.
    """
    perms.require_may_help_at_desk(visit, agent)
    if not visit.allows(Act.ADD_PAPER):
        raise PermissionDenied
    grant = visit.grant
    paper = Paper(pk=uuid4(), resident_id=visit.resident_id, kind=kind or "")

    def tell(kept: Paper) -> None:
        _journal_event(grant, agent, "mandate_paper_added", AT_DESK, kept.kind)

    with at_desk(), acts.under(grant):
        return take_in(paper, upload, token, tell, brought_by=grant.recipient_label)


def print_sheet(*, visit: DeskVisit, agent: User) -> tuple[Sheet, str]:
    """The sheet that gives its person the vault back, and its code. The one before it serves no more.

    Raises:
        PermissionDenied: they sign in by themselves; or the visit is not the agent's, or not in a session that goes on.
        gate.Refused: it is over.
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
    """The mandate that its person has signed with a pen. The scan's SHA-256 is kept; the scan itself, in their vault, if they want it.
    The same scan sent twice gives one mandate.

    Raises:
        PermissionDenied: nobody of that place accompanies residents any more; or the person signs in by themselves, and signs in their
            page; or the visit is not the agent's, or not in a session that goes on.
        NothingChosen
        gate.Refused: it is over.
    """
    perms.require_may_help_at_desk(visit, agent)
    place = Membership.objects.current().filter(pk=membership_id).select_related("person", "organisation").first()
    person = User.objects.get(pk=visit.resident_id)
    if place is None or person.email:
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
            form_sha256=upload.sha256,
        )
        details = {"recipient": grant.recipient_label, "grant": str(grant.pk), "form": upload.sha256}
        journal.write(
            resident_id=person.pk, actor_id=agent.pk, event="mandate_signed_on_paper", purpose=ENTRUST, details=details
        )
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


def stop_mandate(*, visit: DeskVisit, agent: User, grant: Grant) -> Grant:
    """Its person says so, and can't from home. When this returns the companion reads nothing more. Twice changes nothing.

    Raises:
        PermissionDenied: the person signs in by themselves; or the visit is not the agent's, is over, or not in a session that goes on.
    """
    perms.require_may_help_at_desk(visit, agent)
    person = User.objects.get(pk=visit.resident_id)
    with scope(resident=person.pk):
        theirs = Grant.objects.filter(pk=grant.pk, recipient_kind=COMPANION_KIND).exists()
        counts = Grant.objects.active().filter(pk=visit.grant_id).exists()
    if not theirs or not counts or person.email:
        raise PermissionDenied
    with at_desk():
        return grants.stop_at_desk(grant=grant, by=agent.pk)


def finish(*, visit: DeskVisit, agent: User) -> None:
    """When this returns the agent reads nothing more. Finishing twice changes nothing."""
    with at_desk():
        grants.give_back(grant=visit.grant, by=agent.pk)


def end_left() -> int:
    """Visits whose session is over, or whose vault was claimed, open nothing any more: the scheduler has their grants learn it."""
    found = desk.standing()
    going_on = Session.objects.going_on(timezone.now()).filter(pk__in=[visit.session_id for visit in found])
    here = set(going_on.values_list("pk", flat=True))
    left = [visit for visit in found if visit.session_id not in here or visit.is_claimed_since()]
    for visit in left:
        grants.give_back(grant=visit.grant, by=visit.grant.recipient_id)
    return len(left)


def _once(agent: User, session: Session, token: UUID, find: Callable[[], User], items: Sequence[str]) -> DeskVisit:
    """A visit to whom `find` gives, in this transaction; the form sent twice, or twice at once, begins one."""
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
    return _alone(agent, visit)


def _begin(person: User, agent: User, session: Session, key: UUID, items: Sequence[str]) -> DeskVisit:
    """In the person's scope and the caller's transaction."""
    terms = Terms(items, Mode.LOOK, lasts=APPOINTMENT, channel=GrantChannel.SPOKEN)
    grant = grants.give_at_desk(
        resident_id=person.pk, by=agent.pk, agreement=DESK_AGREEMENT, recipient=_recipient(agent), terms=terms
    )
    return _visit(person, grant, session, key, [Act.ADD_PAPER])


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
    """The same form, sent twice at once: the other one has won."""
    found = desk.of_form(key)
    if found is None:
        raise RuntimeError("no visit bears this form's number")
    return found


def _alone(agent: User, visit: DeskVisit) -> DeskVisit:
    """Whoever stood there before has left."""
    for other in desk.others(agent, visit):
        finish(visit=other, agent=agent)
    return visit


def _journal_event(grant: Grant, agent: User, event: str, purpose: str, kind: str = "") -> None:
    details = {"recipient": grant.recipient_label, "grant": str(grant.pk)} | ({"kind": kind} if kind else {})
    journal.write(resident_id=grant.resident_id, actor_id=agent.pk, event=event, purpose=purpose, details=details)


def _journal_scan(grant: Grant, agent: User, _kept: Paper) -> None:
    _journal_event(grant, agent, "mandate_paper_added", AT_DESK)
