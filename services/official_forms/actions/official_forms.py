"""A version of an official form, from its blank to its end: mapped by one agent, published by another.

Publishing and closing, whose effects residents see, are entries of the city's register.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.two_persons import DECIDING
from core import locks
from core.journal import register
from services.aids import catalogue
from services.official_forms import drawing, filling, mapping, perms
from services.official_forms.drawing import Blank, CannotDraw, Drawn
from services.official_forms.models import OfficialForm, State

KIND: Final = "official_form"
#: The kind of lock under which a form gets its code, and its versions their numbers.
NAMING: Final = "official_form_code"
NAMES: Final = UUID("0f5a7a52-6f0e-4f0e-8a0b-3b8a4d1f9c27")
CODE_LENGTH: Final = 50
#: A form with its pictures; larger ones are scans, which nobody can fill.
MOST_BYTES: Final = 5_000_000


class NotNow(Exception):
    """The version is in another state, or has changed since it was shown."""


class Faulty(Exception):
    """The blank or its map is refused; the message is a sentence."""


def subject_of(code: str) -> UUID:
    """Return the id of a form in the register, the same for all its versions."""
    return uuid5(NAMES, code)


def begin(*, by: User, title: str, number: str, aids: Sequence[str], content: bytes) -> OfficialForm:
    """Begin a form as a draft, with a first map made of its fields.

    Raises:
        PermissionDenied: `by` is no agent.
        Faulty: the blank is refused, or an aid is unknown.
    """
    perms.require_agent(by)
    facts = _looked(content)
    if not all(catalogue.exists(code) for code in aids):
        raise Faulty(_("Choisissez des aides du catalogue."))
    sha256 = hashlib.sha256(content).hexdigest()
    wanted = slugify(title)[:CODE_LENGTH] or KIND
    with transaction.atomic():
        locks.hold(NAMING, subject_of(wanted))
        taken = set(OfficialForm.objects.filter(code__startswith=wanted).values_list("code", flat=True))
        codes = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, len(taken) + 2))
        return OfficialForm.objects.create(
            code=next(code for code in codes if code not in taken),
            title=title,
            number=number,
            aids=list(dict.fromkeys(aids)),
            blank=content,
            sha256=sha256,
            facts=facts,
            map_text=mapping.starter(sha256, facts),
            written_by=by,
        )


def renew(*, form: OfficialForm, by: User, content: bytes | None = None) -> OfficialForm:
    """Begin the next version of a public one, with its map; the organisation may have published another blank.

    Raises:
        PermissionDenied, Faulty: as `begin`.
        NotNow: the version is a draft.
    """
    perms.require_agent(by)
    if not form.is_frozen:
        raise NotNow
    blank = bytes(form.blank) if content is None else content
    facts = form.facts if content is None else _looked(content)
    sha256 = hashlib.sha256(blank).hexdigest()
    with transaction.atomic():
        locks.hold(NAMING, subject_of(form.code))
        last = OfficialForm.objects.filter(code=form.code).aggregate(found=Max("version"))["found"]
        return OfficialForm.objects.create(
            code=form.code,
            version=last + 1,
            title=form.title,
            number=form.number,
            aids=form.aids,
            blank=blank,
            sha256=sha256,
            facts=facts,
            map_text=form.map_text,
            written_by=by,
        )


def write_map(*, form: OfficialForm, by: User, text: str) -> OfficialForm:
    """Write the map of a draft. A refused map writes nothing.

    Raises:
        PermissionDenied: `by` did not begin the draft.
        NotNow: it is published.
        Faulty: the map is refused.
    """
    with _own_draft(form, by) as held:
        _read(held, text)
        held.map_text = text
        held.save(update_fields=["map_text"])
    return held


def publish(*, form: OfficialForm, by: User, shown: str) -> OfficialForm:
    """Publish a draft, as the second of two persons. It takes the place of the version in force.

    Args:
        shown: the `mark` of what the second person was shown.

    Raises:
        NotTwo: `by` may not decide with the author.
        NotNow: it is no draft any more, or its author changed it since it was shown.
        Faulty: its map is refused, or an example does not fit its places.
    """
    with _alone(form) as held:
        if held.state != State.DRAFT or mark(held) != shown:
            raise NotNow
        DECIDING.require(held.written_by, by)
        _read(held, held.map_text)
        drawn_sample(held)
        for former in OfficialForm.objects.select_for_update().filter(code=held.code, state=State.PUBLISHED):
            _close(former)
        held.state, held.published_by, held.published_at = State.PUBLISHED, by, timezone.now()
        held.save(update_fields=["state", "published_by", "published_at"])
        _note(held, "published")
    return held


def close(*, form: OfficialForm, by: User) -> OfficialForm:
    """Close the version in force: residents no longer see the form.

    Raises:
        PermissionDenied: `by` is no agent.
        NotNow: it is not in force.
    """
    perms.require_agent(by)
    with _alone(form) as held:
        if held.state != State.PUBLISHED:
            raise NotNow
        _close(held)
        _note(held, "closed")
    return held


def drop(*, form: OfficialForm, by: User) -> None:
    """Delete a draft, which only agents have seen. Raises as `write_map`, but Faulty."""
    with _own_draft(form, by) as held:
        held.delete()


def mark(form: OfficialForm) -> str:
    """Return what tells one state of a draft from another."""
    return hashlib.sha256(f"{form.sha256}|{form.map_text}".encode()).hexdigest()


def drawn_sample(form: OfficialForm) -> Drawn:
    """Return the form with an invented value in each place, framed. Cost: about a second.

    Raises:
        Faulty: the map is refused, or an example does not fit.
    """
    try:
        return drawing.draw(blank_of(form), filling.sample(form.map), framed=True)
    except (mapping.Refused, CannotDraw) as problem:
        raise Faulty(str(problem)) from None


def blank_of(form: OfficialForm) -> Blank:
    return Blank(bytes(form.blank), form.sha256)


def _looked(content: bytes) -> dict[str, object]:
    if len(content) > MOST_BYTES:
        raise Faulty(_("Ce PDF dépasse 5 Mo : ce n’est pas un formulaire vierge."))
    try:
        return drawing.look(content)
    except CannotDraw as refusal:
        raise Faulty(str(refusal)) from None


def _read(form: OfficialForm, text: str) -> None:
    try:
        mapping.read(text, sha256=form.sha256, facts=form.facts)
    except mapping.Refused as refusal:
        raise Faulty(str(refusal)) from None


def _close(held: OfficialForm) -> None:
    held.state, held.closed_at = State.CLOSED, timezone.now()
    held.save(update_fields=["state", "closed_at"])


def _note(held: OfficialForm, event: str) -> None:
    content = {"code": held.code, "version": held.version, "title": held.title, "sha256": held.sha256}
    register.write(kind=KIND, subject_id=subject_of(held.code), event=f"{KIND}_{event}", content=content)


@contextmanager
def _alone(form: OfficialForm) -> Iterator[OfficialForm]:
    with transaction.atomic():
        yield OfficialForm.objects.select_for_update(of=("self",)).select_related("written_by").get(pk=form.pk)


@contextmanager
def _own_draft(form: OfficialForm, by: User) -> Iterator[OfficialForm]:
    perms.require_agent(by)
    with _alone(form) as held:
        if held.is_frozen:
            raise NotNow
        perms.require_author(held, by)
        yield held
