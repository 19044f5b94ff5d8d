"""Links: make one, make its code anew, stop them all; and what happens when somebody gives a code.

The address and the code are handed to the resident once, by what makes them, and are kept nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import journal
from vault import types
from vault.records import gate, perms
from vault.records.actions import grants
from vault.records.actions.grants import Changed, NothingChosen, Recipient
from vault.records.enums import Mode, PaperState
from vault.records.grants import documents
from vault.records.grants.agreements import Agreement
from vault.records.grants.recipient_names import recipient_name
from vault.records.grants.terms import Terms
from vault.records.models import Grant
from vault.records.values import listing
from vault.records.values.decrypted import Values
from vault.sharing import link_words
from vault.sharing.agreements import link_contents, links
from vault.sharing.agreements.links import Held
from vault.sharing.models import Link, Visit
from vault.sharing.models.link import LINK_KIND

CHOOSE = gettext_noop("Choisir ce qu’un lien montrerait")
PREVIEW = gettext_noop("Vous montrer ce qui partirait aujourd’hui")
LOOK = gettext_noop("Vous montrer ce que voit la personne qui ouvre votre lien")


@dataclass(frozen=True)
class Wish:
    """What a resident chose and wrote for a link."""

    fields: Sequence[str]
    papers: Sequence[UUID]
    title: str
    name: str
    why: str
    days: int
    documents: Sequence[UUID] = ()


@dataclass(frozen=True)
class Key:
    """What opens a link, to be shown once. `token` is empty where the address stays as it was."""

    link: Link
    token: str
    code: str


def all_held(*, resident_id: UUID) -> Held:
    """All that the resident may put in a link. What a service computed, and data that comes by hundreds, is shown elsewhere."""
    with scope(resident=resident_id):
        records = listing.shown().exclude(type__in=types.data_codes()).filter(subject_person=resident_id)
        codes = list(records.order_by("type").values_list("type", flat=True).distinct())
    return _held(resident_id, CHOOSE, [field for code in codes for field in types.fields_of(code)], None, None)


def held(
    *,
    resident_id: UUID,
    fields: Sequence[str],
    papers: Sequence[UUID],
    made: Sequence[UUID] = (),
    purpose: str = PREVIEW,
) -> Held:
    """What would leave today: exactly what the gate opens to the one who has the link."""
    return _held(resident_id, purpose, fields, papers, made)


def held_by(*, grant: Grant, purpose: str) -> Held:
    """What a link shows now, for its resident."""
    with scope(resident=grant.resident_id):
        fields = [row.field for row in grant.fields.order_by("created_at", "pk")]
        papers = [row.paper_id for row in grant.papers.all()]
        made = [row.document_id for row in grant.documents.all()]
    return held(resident_id=grant.resident_id, fields=fields, papers=papers, made=made, purpose=purpose)


def make(*, resident_id: UUID, by: UUID, wish: Wish, form: UUID, seen: str) -> Key | None:
    """`seen` names what the page showed. None: this form was sent before, and its link was shown then.

    Raises:
        Changed: a value or a paper is not what was shown.
        NothingChosen
        ValueError: a length that was not offered.
    """
    perms.require_may_write(resident_id, by)
    found = held(resident_id=resident_id, fields=wish.fields, papers=wish.papers, made=wish.documents)
    if links.fingerprint(found.values, found.papers, found.documents) != seen:
        raise Changed
    agreement = found.agreement(wish.fields, wish.papers, wish.documents)
    if not agreement.items:
        raise NothingChosen
    try:
        with transaction.atomic(), scope(resident=resident_id):
            return _make(resident_id, by, wish, form, agreement, found)
    except IntegrityError:
        with scope(resident=resident_id):
            if not Link.objects.filter(form=form).exists():
                raise
        return None


def renew(*, link: Link, by: UUID, address: bool) -> Key:
    """Another code, and another address if asked: the former ones open nothing from now on, and visits under them are over.

    Raises:
        PermissionDenied: not theirs, or over: another link is another agreement.
    """
    perms.require_may_write(link.resident_id, by)
    token, code = links.new_token() if address else "", links.new_code()
    with transaction.atomic(), scope(resident=link.resident_id):
        row = Link.objects.select_for_update(of=("self",)).select_related("grant").get(pk=link.pk)
        if not row.grant.stands:
            raise PermissionDenied
        row.code_hash, row.codes, row.tries = links.hash_code(row.pk, code), row.codes + 1, 0
        if token:
            row.token_hash = links.hash_token(token)
        row.save(update_fields=["code_hash", "codes", "tries", "token_hash"])
        grants.journal_grant_event(row.grant, by, "link_code_made")
    return Key(row, token, code)


def stop_all(*, resident_id: UUID, by: UUID) -> int:
    """Each under its own lock: when this returns none of them opens anything. Returns how many were open."""
    perms.require_may_write(resident_id, by)
    with scope(resident=resident_id):
        standing = list(Grant.objects.standing().filter(recipient_kind=LINK_KIND))
    for grant in standing:
        grants.stop(grant=grant, by=by)
    return len(standing)


def enter(*, link: Link, typed: str) -> Visit | None:
    """Somebody gives a code. None: it is wrong, or the link opens nothing.

    The link's row is locked: codes that are tried at the same time are looked at, and counted, one after another.
    """
    with transaction.atomic(durable=True), scope(resident=link.resident_id):
        row = Link.objects.select_for_update(of=("self",)).select_related("grant").get(pk=link.pk)
        if not row.opens:
            return None
        right = links.is_code(row, typed)
        row.tries = 0 if right else row.tries + 1
        row.save(update_fields=["tries"])
        if right:
            return Visit.objects.create(resident_id=row.resident_id, link=row, at=timezone.now())
        _journal_wrong_code(row)
    return None


def no_more(former: Grant, agreement: Agreement, terms: Terms, seen: str) -> Grant:
    """A link is not given again from its page: its address and its code are new each time."""
    raise PermissionDenied


def _held(
    resident_id: UUID, purpose: str, fields: Sequence[str], papers: Sequence[UUID] | None, made: Sequence[UUID] | None
) -> Held:
    opened = gate.read_own(resident_id=resident_id, purpose=purpose, fields=fields) if fields else Values()
    own = Values([record for record in opened if record.person == resident_id])
    found = gate.own_papers(resident_id=resident_id, purpose=purpose, paper_ids=papers)
    with scope(resident=resident_id):
        there = [] if made == () else [one for one in documents.held() if made is None or one.id in made]
    return Held(own, [paper for paper in found if paper.state == PaperState.KEPT], there)


def _make(resident_id: UUID, by: UUID, wish: Wish, form: UUID, agreement: Agreement, found: Held) -> Key:
    link, token, code = Link(pk=uuid4(), resident_id=resident_id, form=form), links.new_token(), links.new_code()
    terms = Terms(
        [item.code for item in agreement.items],
        Mode.LOOK,
        lasts=timedelta(days=wish.days),
        papers=[paper.paper_id for paper in found.papers],
        documents=[one.id for one in found.documents],
        shown=link_contents.shown(agreement, found),
    )
    recipient = Recipient(LINK_KIND, link.pk, links.SOMEBODY, name=wish.name)
    link.grant = grants.give(resident_id=resident_id, by=by, agreement=agreement, recipient=recipient, terms=terms)
    link.token_hash, link.code_hash = links.hash_token(token), links.hash_code(link.pk, code)
    link.content = link_words.seal_words(link, title=wish.title, why=wish.why)
    link.save(force_insert=True)
    return Key(link, token, code)


def _journal_wrong_code(link: Link) -> None:
    """In the journal of whose link it is, as a refusal: who tries is not known."""
    for event in ["link_code_refused", *(["link_locked"] if link.locked else [])]:
        journal.write(
            resident_id=link.resident_id,
            actor_id=link.grant_id,
            event=event,
            purpose=link.grant.purpose,
            details={"recipient": recipient_name(link.grant), "grant": str(link.grant_id)},
            ground=journal.Ground.TASK,
        )
