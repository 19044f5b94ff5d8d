"""The data that the vault already has from each holder. No value is decrypted, so no journal entry is written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext as _

from core.templatetags.civic import long_date
from vault import types
from vault.records import wording
from vault.records.enums import Method
from vault.records.models import RESIDENT, Holder, Paper, PaperKind, Record


@dataclass
class Received:
    """The record types and paper kinds received from one holder, each with the last reception."""

    records: dict[str, datetime] = field(default_factory=dict)
    papers: dict[str, datetime] = field(default_factory=dict)

    @property
    def last(self) -> datetime | None:
        return max([*self.records.values(), *self.papers.values()], default=None)

    @property
    def titles(self) -> list[str]:
        return [types.get(code).title for code in sorted(self.records)]

    def words(self) -> str:
        """Return a summary such as “Dans votre coffre : avis d’impôt.”; empty if nothing was received."""
        if self.last is None:
            return ""
        titles = [wording.small(title) for title in self.titles] or [_("des papiers")]
        values = {"what": ", ".join(titles), "day": long_date(self.last)}
        return _("Dans votre coffre : %(what)s. Dernière réception le %(day)s.") % values


def data_by_holder(holders: Sequence[Holder]) -> dict[str, Received]:
    """Return the data received by holder's code. Two queries. Requires the resident's scope."""
    found = {holder.code: Received() for holder in holders}
    by_name = {name.lower(): holder for holder in holders for name in holder.record_holders}
    records = Record.objects.current().exclude(method__in=[Method.DERIVED, Method.TYPED]).exclude(holder=RESIDENT)
    for name, type_code, last in (
        records.values_list("holder", "type").annotate(last=Max("retrieved_at")).order_by("type")
    ):
        for holder in _holders_of(name, type_code, by_name, holders):
            _keep(found[holder.code].records, type_code, last)
    for kind, last in Paper.objects.kept().values_list("kind").annotate(last=Max("kept_at")):
        for holder in holders:
            if kind in holder.papers:
                _keep(found[holder.code].papers, kind, last)
    return found


def lines(got: Received) -> list[dict[str, str]]:
    """Return one row per record type and paper kind, last received first."""
    kinds = {kind.code: kind.label for kind in PaperKind.objects.filter(code__in=got.papers)}
    named = [(types.get(code).title, last) for code, last in got.records.items()]
    named += [(kinds[code], last) for code, last in got.papers.items() if code in kinds]
    return [
        {"label": label, "text": _("Reçu le %(day)s") % {"day": long_date(last)}}
        for label, last in sorted(named, key=lambda one: one[1], reverse=True)
    ]


def _holders_of(name: str, type_code: str, by_name: dict[str, Holder], holders: Iterable[Holder]) -> list[Holder]:
    """Return the holder of this name, else the generic holders (such as “your bank”) that have this type."""
    if (known := by_name.get(name.lower())) is not None:
        return [known]
    return [holder for holder in holders if holder.several and type_code in holder.holds]


def _keep(held: dict[str, datetime], code: str, last: datetime) -> None:
    held[code] = max(last, held.get(code, last))
