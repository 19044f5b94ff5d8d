"""The charter's versions: a draft is written in the admin, published once, and never changes again."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from accounts.actions import places
from accounts.models import User
from certification.labels import perms
from certification.labels.enums import Signatory
from certification.labels.models import CharterVersion, Criterion, Signature
from certification.labels.states import NotNow
from core.journal import register
from core.pages import contacts


class Incomplete(ValueError):
    """A version without a requirement cannot be published."""


def refuse_new_contacts(text: object) -> None:
    """Refuse a telephone number or an address that no published version has, in a draft that one person writes.

    Args:
        text: a text, or lists and dictionaries of texts.

    Raises:
        ValidationError
    """
    published = [charter.as_json() for charter in CharterVersion.objects.published().prefetch_related("criteria")]
    contacts.refuse_new(_texts(text), _texts(published))


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return [*contacts.written(value)]


def publish(*, charter: CharterVersion, by: User) -> CharterVersion:
    """Publish a draft: its text is hashed, and the register has it. Idempotent.

    Raises:
        PermissionDenied: `by` does not manage agents.
        Incomplete
    """
    perms.require_charter(by)
    with transaction.atomic():
        held = CharterVersion.objects.select_for_update().get(pk=charter.pk)
        if held.is_published:
            return held
        if not held.criteria.exists():
            raise Incomplete
        held.published_at, held.published_by = timezone.now(), by
        held.sha256 = held.computed_sha256()
        held.save(update_fields=["published_at", "published_by", "sha256"])
        content = {"version": held.number, "sha256": held.sha256}
        register.write(kind="charter", subject_id=held.pk, event="charter_published", content=content)
    return held


def sign(*, charter: CharterVersion, by: User, kind: Signatory, name: str, reservations: str, on: date) -> Signature:
    """Write in public that an organisation signed a version, with its reservations in its own words.

    Agents who manage agents write what they received on paper. A publisher's owner signs in the name of the publisher.

    Raises:
        PermissionDenied
        NotNow: the version is a draft, or this organisation has signed it.
    """
    place = places.of_member(by)
    if place is None or (place.publisher.name, kind) != (name, Signatory.PUBLISHER):
        perms.require_charter(by)
    else:
        perms.require_owner(by, place.publisher)
    with transaction.atomic():
        held = CharterVersion.objects.select_for_update().get(pk=charter.pk)
        if not held.is_published or held.signatures.filter(name=name).exists():
            raise NotNow
        row = Signature.objects.create(
            charter=held, kind=kind, name=name, reservations=reservations.strip(), signed_on=on
        )
        content = {"version": held.number, "name": name, "kind": kind.value, "reservations": row.reservations}
        register.write(kind="charter", subject_id=held.pk, event="charter_signed", content=content)
    return row


def draft_after(*, charter: CharterVersion, by: User) -> CharterVersion:
    """Copy a version into the next draft, to be changed in the admin. Return the draft if there is one already."""
    perms.require_charter(by)
    with transaction.atomic():
        CharterVersion.objects.select_for_update().get(pk=charter.pk)
        if draft := CharterVersion.objects.drafts().first():
            return draft
        last = CharterVersion.objects.order_by("-number").first() or charter
        draft = CharterVersion.objects.create(
            number=last.number + 1,
            opening=charter.opening,
            opening_en=charter.opening_en,
            money=charter.money,
            money_en=charter.money_en,
        )
        Criterion.objects.bulk_create(
            Criterion(
                charter=draft,
                code=one.code,
                group=one.group,
                text=one.text,
                text_en=one.text_en,
                proof=one.proof,
                proof_en=one.proof_en,
                machine=one.machine,
                machine_en=one.machine_en,
                blocking=one.blocking,
            )
            for one in charter.criteria.all()
        )
    return draft
