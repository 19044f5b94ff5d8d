"""A companion prepares a dossier under a mandate that says so. They never build it, send it or delete it.

Their acts run under the grant's lock. Values are those that the mandate opens; papers are seen by their kind and date,
never opened.
"""

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django_scopes import scope

from accounts.models import User
from core import journal
from core.models.rows import check
from services.dossiers.actions.dossiers import PREPARE, start
from services.dossiers.content.needs import VALUES, Need, condition_fields, needs, wanted_fields
from services.dossiers.content.situation import FIELDS, Situation
from services.dossiers.enums import NeedState
from services.dossiers.models import Dossier
from services.procedures import finding
from vault.records import gate
from vault.records.content import paper_kinds
from vault.records.grants import agreements
from vault.records.models import Grant, Paper
from vault.records.values.decrypted import Values
from vault.sharing import perms as sharing_perms
from vault.sharing.actions import acts
from vault.sharing.enums import Act, Done
from vault.sharing.models import Mandate


def prepare(*, mandate: Mandate, companion: User, aids: Sequence[str], token: UUID) -> Dossier:
    """Start a draft for the resident, who reads it first on their home page. The same form sent twice gives one.

    Raises:
        PermissionDenied: the mandate does not allow it, or is another companion's.
        UnknownAid: as `start`.
        gate.Refused: the mandate is paused, stopped or expired.
    """
    _require(mandate, companion)
    grant = mandate.grant
    with acts.under(grant):
        there = Dossier.objects.filter(token=token).first()
        if there is not None:
            return there
        made = start(resident_id=mandate.resident_id, aids=aids, token=token, under=grant)
        acts.note(grant, Done.PREPARED)
        _journal_act(grant, companion, "mandate_dossier_prepared", made)
    return made


def prepared(mandate: Mandate) -> list[Dossier]:
    """Return the dossiers prepared under this mandate, newest first."""
    with scope(resident=mandate.resident_id):
        found = list(Dossier.objects.filter(prepared_under=mandate.grant_id))
    check(*found)
    return found


def look(*, mandate: Mandate, companion: User, dossier: Dossier) -> list[Need]:
    """Return what a draft requires. Values that the mandate does not open are left out, not called missing.

    Raises:
        PermissionDenied: the mandate does not allow it, or the dossier was prepared under another one.
        gate.Refused, gate.NotAnchored
    """
    _require(mandate, companion)
    check(dossier)
    if dossier.prepared_under != mandate.grant_id:
        raise PermissionDenied
    aids, grant = finding.chosen(dossier.aids, dossier.versions), mandate.grant
    opened = set(agreements.fields_of(grant))
    fields = [one for one in dict.fromkeys([*wanted_fields(aids), *condition_fields(aids), *FIELDS]) if one in opened]
    values = gate.read(grant=grant, fields=fields, person=mandate.resident_id) if fields else Values([])
    with acts.under(grant):
        papers = list(Paper.objects.filter(replaced_by=None))
        acts.note(grant, Done.LOOKED)
        _journal_act(grant, companion, "mandate_dossier_looked", dossier)
    found = needs(
        aids=aids,
        situation=Situation(values, mandate.resident_id),
        papers=papers,
        kinds=paper_kinds.by_code(),
        choices={},
    )
    shown = {one.partition("#")[0] for one in opened}
    found = [need.as_present() if not opened.issuperset(need.lacking) else need for need in found]
    return [need for need in found if need.sort != VALUES or need.code in shown or need.state != NeedState.MISSING]


def _require(mandate: Mandate, companion: User) -> None:
    sharing_perms.require_may_act(mandate, companion)
    if not mandate.allows(Act.PREPARE):
        raise PermissionDenied


def _journal_act(grant: Grant, companion: User, event: str, dossier: Dossier) -> None:
    journal.write(
        resident_id=grant.resident_id,
        actor_id=companion.pk,
        event=event,
        purpose=PREPARE,
        details={"recipient": grant.recipient_label, "grant": str(grant.pk), "number": dossier.number},
    )
