"""Find finished dossiers whose papers, values or procedures have changed since. Reads rows only, no value.

The PDF itself stays the same, since its recipient has a copy; the page explains why it is outdated.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from core.models.rows import check
from services.dossiers.enums import State
from services.dossiers.models import Dossier
from services.procedures import finding
from vault.records.models import Paper, Record


def reasons(dossiers: Iterable[Dossier]) -> dict[UUID, list[str]]:
    """Return the reasons of each outdated dossier, in five queries at most. Requires the resident's scope.

    Raises:
        Forged: a dossier is not as the portal wrote it.
    """
    dossiers = list(dossiers)
    check(*dossiers, locked=False)
    ready = [dossier for dossier in dossiers if dossier.state == State.READY]
    kept, expired = (
        _ids(Paper.objects.kept(), _used(ready, "used_papers")),
        _ids(Paper.objects.expired(), _used(ready, "used_papers")),
    )
    current = _ids(Record.objects.current(), _used(ready, "used_records"))
    newest = finding.newest([code for dossier in ready for code in dossier.aids])
    found = {
        dossier.pk: [
            *_reasons(dossier, kept, expired, current),
            *_of_procedures(finding.changes(dossier.aids, dossier.versions, newest)),
        ]
        for dossier in ready
    }
    return {key: texts for key, texts in found.items() if texts}


def _reasons(dossier: Dossier, kept: set[str], expired: set[str], current: set[str]) -> list[str]:
    found = []
    if any(key not in kept for key in dossier.used_papers):
        found.append(_("Un de ses papiers n’est plus dans votre coffre."))
    if any(key in expired for key in dossier.used_papers):
        found.append(_("Un de ses papiers a expiré."))
    if any(key not in current for key in dossier.used_records):
        found.append(_("Une de ses valeurs a changé."))
    return found


def _of_procedures(changes: Iterable[finding.Change]) -> list[str]:
    return [
        _("Sa démarche est fermée.") if one.closed else _("Ce que demande sa démarche a changé.") for one in changes
    ]


def _used(dossiers: Sequence[Dossier], name: str) -> set[str]:
    return {key for dossier in dossiers for key in getattr(dossier, name)}


def _ids(rows: "QuerySet[Paper] | QuerySet[Record]", keys: set[str]) -> set[str]:
    return {str(key) for key in rows.filter(pk__in=keys).values_list("pk", flat=True)}
