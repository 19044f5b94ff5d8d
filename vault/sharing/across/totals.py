"""How many residents the portal serves, in all: for the agents' page and the open data. No row is opened here."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from django.core.cache import cache
from django.db.models import Count, QuerySet
from django_scopes import scopes_disabled

from accounts.models import User
from vault.holders.models import Connection, DataRequest
from vault.records.models import Paper

#: Seconds. Figures that followed each act would tell when one was made.
KEPT = 86_400


@dataclass(frozen=True)
class Totals:
    """Numbers of residents, each counted once a figure. No page has them: `presenting/totals.py` rounds them."""

    vaults: int
    papers: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)


def totals() -> Totals:
    """Return the figures as they were within the last day. Cost: four queries a day, else one row of the cache."""
    return Totals(**(cache.get_or_set("sharing_totals", lambda: asdict(_count()), KEPT) or asdict(_count())))


def _count() -> Totals:
    real = User.objects.filter(is_resident=True, is_active=True, is_persona=False)
    mine = real.values("pk")
    with scopes_disabled():
        return Totals(
            vaults=real.count(),
            papers=_residents(Paper.objects.kept().filter(resident_id__in=mine).exclude(kind=""), "kind"),
            failures=_residents(Connection.objects.open().filter(resident_id__in=mine).exclude(problem=""), "holder"),
            waiting=_residents(DataRequest.objects.waiting().filter(resident_id__in=mine), "holder"),
        )


def _residents(rows: "QuerySet[Paper] | QuerySet[Connection] | QuerySet[DataRequest]", by: str) -> dict[str, int]:
    found = rows.order_by().values(by).annotate(residents=Count("resident_id", distinct=True))
    return {row[by]: row["residents"] for row in found}
