"""Links: make one, renew its code or URL, stop them all, and check the code that a visitor types.

The URL and the code are returned once, when they are made; only their hashes are stored.
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

from core import journal, once
from core.journal import heads
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

#: Codes that may be typed at a link in one day, right ones too.
TRIES_A_DAY = 15
CHOOSE = gettext_noop("Choisir ce qu’un lien montrerait")
PREVIEW = gettext_noop("Vous montrer ce qui partirait aujourd’hui")
LOOK = gettext_noop("Vous montrer ce que voit la personne qui ouvre votre lien")


class TooManyToday(Exception):
    """As many codes were typed at the link as one day has."""


@dataclass(frozen=True)
class Wish:
    """The fields, papers and documents that a resident chose for a link, and the words they wrote."""

    fields: Sequence[str]
    papers: Sequence[UUID]
    title: str
    name: str
    why: str
    days: int
    documents: Sequence[UUID] = ()


@dataclass(frozen=True)
class Key:
    """The secrets of a link, to show once. `token` is empty if the URL stays the same."""

    link: Link
    token: str
    code: str


def all_held(*, resident_id: UUID) -> Held:
    """Return all that the resident may put in a link.

    Derived records and data that comes by hundreds (`types.data_codes`) are left out.
    """
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
    """Return exactly what the gate would open now to the visitor of a link with this content."""
    return _held(resident_id, purpose, fields, papers, made)


def held_by(*, grant: Grant, purpose: str) -> Held:
    """Return what a link shows now, for its resident."""
    with scope(resident=grant.resident_id):
        fields = links.fields_of(grant)
        papers = [row.paper_id for row in grant.papers.all()]
        made = [row.document_id for row in grant.documents.all()]
    return held(resident_id=grant.resident_id, fields=fields, papers=papers, made=made, purpose=purpose)


def make(*, resident_id: UUID, by: UUID, wish: Wish, form: UUID, seen: str) -> Key | None:
    """Make a link. Return None if this form was already sent: its link was shown then.

    Args:
        seen: the fingerprint of what the page showed.

    Raises:
        Changed: a value, a paper or a document changed since the page was shown.
        NothingChosen
        ValueError: the length is not offered.
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
    """Replace the link's code, and its URL if `address`. The former ones and visits under them stop working now.

    Raises:
        PermissionDenied: the link is another resident's, or has ended: a new link needs a new agreement.
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
    """Stop every link of the resident, each under its own lock. Return how many were stopped.

    Raises:
        Forged: somebody changed or deleted a row that may still open something. The others may be stopped one by one.
    """
    perms.require_may_write(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        live = heads.live(resident_id, Grant)
    standing = [grant for grant in live if grant.recipient_kind == LINK_KIND and grant.stands]
    for grant in standing:
        grants.stop(grant=grant, by=by)
    return len(standing)


def enter(*, link: Link, typed: str) -> Visit | None:
    """Begin a visit. Return None if the code is wrong or the link is inactive.

    The link's row is locked, so that codes typed at the same time are checked and counted one after another. A count
    that is committed first bounds the codes of a day: somebody in the database may have the other one rolled back.

    Raises:
        TooManyToday
    """
    if not once.count("link", link.pk.hex, timezone.localdate().isoformat(), most=TRIES_A_DAY):
        raise TooManyToday
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
    """Refuse to renew a link as a share: each link has a new URL and a new code.

    Raises:
        PermissionDenied: always.
    """
    raise PermissionDenied


def _held(
    resident_id: UUID, purpose: str, fields: Sequence[str], papers: Sequence[UUID] | None, made: Sequence[UUID] | None
) -> Held:
    opened = gate.read_own(resident_id=resident_id, purpose=purpose, fields=fields) if fields else Values()
    own = Values([record for record in opened if record.person == resident_id])
    found = gate.own_papers(resident_id=resident_id, purpose=purpose, paper_ids=papers)
    with scope(resident=resident_id):
        chosen = [] if made == () else [one for one in documents.held() if made is None or one.id in made]
    return Held(own, [paper for paper in found if paper.state == PaperState.KEPT], chosen)


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
    """Journal the refusal for the link's resident. The visitor is unknown."""
    for event in ["link_code_refused", *(["link_locked"] if link.locked else [])]:
        journal.write(
            resident_id=link.resident_id,
            actor_id=link.grant_id,
            event=event,
            purpose=link.grant.purpose,
            details={"recipient": recipient_name(link.grant), "grant": str(link.grant_id)},
            ground=journal.Ground.TASK,
        )
