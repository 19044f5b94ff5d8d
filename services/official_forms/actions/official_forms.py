"""An official form as its author maps it. Publishing and closing a version are in services.versions."""

import hashlib
from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from services.aids import catalogue
from services.official_forms import drawing, mapping
from services.official_forms.drawing import CannotDraw
from services.official_forms.models import OfficialForm
from services.versions.actions import versions
from services.versions.actions.versions import Faulty, NotNow

#: A form with its pictures; larger ones are scans, which nobody can fill.
MOST_BYTES: Final = 5_000_000


def begin(*, by: User, title: str, number: str, aids: Sequence[str], content: bytes) -> OfficialForm:
    """Begin a form as a draft, with a first map made of its fields.

    Raises:
        PermissionDenied: `by` is no agent.
        Faulty: the blank is refused, or an aid is unknown.
    """
    versions.require_agent(by)
    facts = _looked(content)
    if not all(catalogue.exists(code) for code in aids):
        raise Faulty([_("Choisissez des aides du catalogue.")])
    sha256 = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        return OfficialForm.objects.create(
            code=versions.new_code(OfficialForm, title),
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
    versions.require_agent(by)
    if not form.is_frozen:
        raise NotNow
    blank = bytes(form.blank) if content is None else content
    facts = form.facts if content is None else _looked(content)
    sha256 = hashlib.sha256(blank).hexdigest()
    with transaction.atomic():
        return OfficialForm.objects.create(
            code=form.code,
            version=versions.next_number(OfficialForm, form.code),
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
    with versions.own_draft(form, by) as held:
        try:
            mapping.read(text, sha256=held.sha256, facts=held.facts)
        except mapping.Refused as refusal:
            raise Faulty([str(refusal)]) from None
        held.map_text = text
        held.save(update_fields=["map_text"])
    return held


def _looked(content: bytes) -> dict[str, object]:
    if len(content) > MOST_BYTES:
        raise Faulty([_("Ce PDF dépasse 5 Mo : ce n’est pas un formulaire vierge.")])
    try:
        return drawing.look(content)
    except CannotDraw as refusal:
        raise Faulty([str(refusal)]) from None
