"""What has happened since to what a finished dossier holds. Rows only: saying it opens no value.

The PDF does not change: who received it still holds it. The page says that it is no longer up to date, and why.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from services.dossiers.enums import State
from services.dossiers.models import Dossier
from vault.records.models import Paper, Record


def reasons(dossiers: Iterable[Dossier]) -> dict[UUID, list[str]]:
    """The reasons of each dossier that has any, in the resident's scope: three queries for them all."""
    ready = [dossier for dossier in dossiers if dossier.state == State.READY]
    kept, expired = (
        _ids(Paper.objects.kept(), _used(ready, "used_papers")),
        _ids(Paper.objects.expired(), _used(ready, "used_papers")),
    )
    current = _ids(Record.objects.current(), _used(ready, "used_records"))
    found = {dossier.pk: _reasons(dossier, kept, expired, current) for dossier in ready}
    return {key: said for key, said in found.items() if said}


def _reasons(dossier: Dossier, kept: set[str], expired: set[str], current: set[str]) -> list[str]:
    said = []
    if any(key not in kept for key in dossier.used_papers):
        said.append(_("Un de ses papiers n’est plus dans votre coffre."))
    if any(key in expired for key in dossier.used_papers):
        said.append(_("Un de ses papiers a expiré."))
    if any(key not in current for key in dossier.used_records):
        said.append(_("Une de ses valeurs a changé."))
    return said


def _used(dossiers: Sequence[Dossier], name: str) -> set[str]:
    return {key for dossier in dossiers for key in getattr(dossier, name)}


def _ids(rows: "QuerySet[Paper] | QuerySet[Record]", keys: set[str]) -> set[str]:
    return {str(key) for key in rows.filter(pk__in=keys).values_list("pk", flat=True)}
