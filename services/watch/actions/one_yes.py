"""Where all is known, one yes sends the request. Without an answer, nothing is sent.

The dossier is made when the resident asks to see what would leave, so the page shows exactly that.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django_scopes import scope

from accounts.models import Organisation
from core.models import Job
from services.dossiers.actions import dossiers, official_forms
from services.dossiers.models import Dossier
from services.procedures import finding as procedures
from services.procedures.rules import Rules
from services.requests import lines
from services.requests.actions import sending
from services.requests.models import SentRequest
from services.watch import perms
from services.watch.actions import answering
from services.watch.enums import Answer, Kind
from services.watch.models import Finding

#: How long the office keeps its copy, in months: the shortest that it may. A longer time is chosen on the dossier's
#: own page.
MONTHS: Final = min(sending.MONTHS)


class NotOffered(Exception):
    """No office of the city receives this dossier, or the right did not appear."""


@dataclass(frozen=True)
class Offer:
    """What one yes would send, and the offices that may receive it: the one that its procedure names, else all."""

    dossier: Dossier
    content: lines.Content
    offices: list[Organisation]
    seen: str


def is_offered(note: Mapping[str, Any]) -> bool:
    """Return whether one yes may send this right's request. Cost: three queries for an aid of the city."""
    return _asked(note) is not None


def _token(finding: Finding, note: Mapping[str, Any]) -> UUID:
    """Return the token of the dossier and of the request made for a finding, whose sealed note alone has it.

    The finding's own id would tell in plaintext which aid it is about: that of the dossier. A finding of the first
    version has no other.
    """
    return UUID(note["dossier"]) if "dossier" in note else finding.pk


def dossier_of(finding: Finding, note: Mapping[str, Any]) -> Dossier | None:
    """Return the dossier made for a finding, if there is one. Call it in the resident's scope."""
    return Dossier.objects.select_related("seal", "job").filter(token=_token(finding, note)).first()


def prepare(*, finding: Finding, by: UUID, note: Mapping[str, Any]) -> tuple[Dossier, Job | None]:
    """Start the dossier, and make its PDF if nothing is missing. Return no job if the resident must complete it.

    Idempotent: a finding has one dossier.

    Raises:
        NotOffered
    """
    perms.require_owner(finding, by)
    asked = _asked(note)
    if asked is None:
        raise NotOffered
    made = dossiers.start(resident_id=by, aids=[asked.code], token=_token(finding, note))
    with scope(resident=by):
        dossier = Dossier.objects.select_related("seal", "job").get(pk=made.pk)
        if sending.may_send(dossier):
            return dossier, None
        if any(need.required and not need.settled for need in dossiers.read_needs(dossier)):
            return dossier, None
        if official_forms.of_dossier(dossier).to_read(dossiers.read_note(dossier)):
            return dossier, None
        return dossier, dossiers.build(dossier=dossier, by=by)


def offer(*, finding: Finding, by: UUID, note: Mapping[str, Any]) -> Offer | None:
    """Return exactly what one yes would send, or None until the dossier is made.

    Raises:
        NotOffered
    """
    perms.require_owner(finding, by)
    asked = _asked(note)
    if asked is None:
        raise NotOffered
    with scope(resident=by):
        dossier = dossier_of(finding, note)
        if dossier is None or not sending.may_send(dossier):
            return None
        try:
            content = lines.of_dossier(dossier)
        except lines.NoLines:
            return None
        found = sending.offices(dossier)
        named = [one.organisation for one in found if one.is_named]
        offices = named if asked.office is not None else [one.organisation for one in found]
        return Offer(dossier, content, offices, lines.fingerprint(content))


def say_yes(*, finding: Finding, by: UUID, note: Mapping[str, Any], office_id: UUID, seen: str) -> SentRequest:
    """Send what the page showed to an office that it named, and note that the right was asked for.

    The page asks to confirm who one is first. The same yes twice sends one request.

    Raises:
        NotOffered, sending.NotReady, sending.AlreadySent, sending.OfficeClosed, Changed
    """
    found = offer(finding=finding, by=by, note=note)
    if found is None:
        raise sending.NotReady
    sent = sending.send(
        resident_id=by,
        by=by,
        dossier=found.dossier,
        organisation_id=office_id,
        months=MONTHS,
        token=_token(finding, note),
        seen=seen,
    )
    with suppress(answering.NoQuestion):  # the watch was stopped in the meantime; the request is sent
        answering.answer(finding=finding, by=by, said=Answer.YES)
    return sent


def _asked(note: Mapping[str, object]) -> Rules | None:
    """Return the procedure that asks for a right that appeared, if an office of the portal answers it today.

    Where the office that it names is closed, no other takes its place.
    """
    found = procedures.open_for(str(note["code"])) if note["kind"] == Kind.NEW else None
    if found is None or not procedures.is_answered_here(found):
        return None
    offices = Organisation.objects.offices()
    open_today = offices.exists() if found.office is None else offices.filter(pk=found.office).exists()
    return found if open_today else None
