"""The requirements of the charter that a request answers: all, or the blocking ones if it asks for nothing delicate.

A heavy charter leaves a catalogue empty. A service that reads a rent and a district takes fewer promises than one that
reads a bank account.
"""

from django.db.models import QuerySet

from certification.labels.models import Criterion, LabelRequest, PurposeField, PurposePaper
from vault import types
from vault.records.models import PaperKind

#: The sensitivities of types (`vault/types/*/labels.json`) that take no more than the blocking requirements.
ORDINARY = frozenset({"contact", "education", "home", "leisure", "mobility", "asset"})


def is_light(request: LabelRequest) -> bool:
    """Return True if nothing that the request asks for is delicate. A request that asks for nothing is not light."""
    fields = PurposeField.objects.filter(purpose__request=request).values_list("field", flat=True)
    kinds = PurposePaper.objects.filter(purpose__request=request).values_list("kind", flat=True)
    if not fields and not kinds:
        return False
    ordinary = PaperKind.objects.filter(code__in=kinds, sensitive=False).count()
    return ordinary == len(set(kinds)) and all(types.field(one).sensitivity in ORDINARY for one in fields)


def criteria(request: LabelRequest) -> QuerySet[Criterion]:
    """Return the requirements that the request answers and that its review looks at."""
    found = request.charter.criteria.all()
    return found.filter(blocking=True) if is_light(request) else found
