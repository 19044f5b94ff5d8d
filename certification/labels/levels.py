"""The requirements of the charter that a request answers: all, or the blocking ones if it asks for nothing delicate.

A heavy charter leaves a catalogue empty. A service that reads a rent and a district takes fewer promises than one that
reads a bank account.
"""

from collections.abc import Collection

from django.db.models import prefetch_related_objects

from certification.labels.models import Criterion, LabelRequest, Purpose
from vault import types
from vault.records.models import PaperKind

#: The sensitivities of types (`vault/types/*/labels.json`) that take no more than the blocking requirements.
ORDINARY = frozenset({"contact", "education", "home", "leisure", "mobility", "asset"})


def load(request: LabelRequest) -> None:
    """Load what the request says, asks for and was found, for a page that only shows it. Cost: six queries.

    Trap: the object does not follow what is written afterwards.
    """
    prefetch_related_objects(
        [request], "purposes__fields", "purposes__papers", "answers", "reviews", "charter__criteria"
    )


def purposes(request: LabelRequest) -> list[Purpose]:
    """Return the purposes with what each asks for. Cost: three queries, none after `load`."""
    found = list(request.purposes.all())
    prefetch_related_objects(found, "fields", "papers")
    return found


def is_light(request: LabelRequest) -> bool:
    """Return True if nothing that the request asks for is delicate. A request that asks for nothing is not light."""
    found = purposes(request)
    fields = {one.field for purpose in found for one in purpose.fields.all()}
    kinds = {one.kind for purpose in found for one in purpose.papers.all()}
    return bool(fields or kinds) and are_ordinary(fields, kinds)


def are_ordinary(fields: Collection[str], kinds: Collection[str]) -> bool:
    """Return True if neither these fields nor these kinds of papers are delicate. Cost: one query."""
    if any(types.field(one).sensitivity not in ORDINARY for one in fields):
        return False
    ordinary = [kind for kind in PaperKind.objects.filter(code__in=kinds) if not kind.sensitive]
    return len(ordinary) == len({*kinds})


def criteria(request: LabelRequest) -> list[Criterion]:
    """Return the requirements that the request answers and that its review looks at."""
    light = is_light(request)
    return [one for one in request.charter.criteria.all() if one.blocking or not light]
