"""What the vault already has from each holder. Rows only, no value is opened: no line in the journal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext as _

from core.templatetags.civic import long_date
from vault import types
from vault.records.enums import Method
from vault.records.models import RESIDENT, Holder, Paper, PaperKind, Record


@dataclass
class Received:
    """From one holder: types of records and kinds of papers, each with the last time that it came."""

    records: dict[str, datetime] = field(default_factory=dict)
    papers: dict[str, datetime] = field(default_factory=dict)

    @property
    def last(self) -> datetime | None:
        return max([*self.records.values(), *self.papers.values()], default=None)

    @property
    def titles(self) -> list[str]:
        return [types.get(code).title for code in sorted(self.records)]

    def words(self) -> str:
        """“Dans votre coffre : avis d’impôt. Dernière réception le 3 novembre 2026.” Empty where nothing came."""
        if self.last is None:
            return ""
        titles = [small(title) for title in self.titles] or [_("des papiers")]
        said = {"what": ", ".join(titles), "day": long_date(self.last)}
        return _("Dans votre coffre : %(what)s. Dernière réception le %(day)s.") % said


def data_by_holder(holders: Sequence[Holder]) -> dict[str, Received]:
    """By holder's code, in the resident's scope: two queries whatever the size of the vault."""
    found = {holder.code: Received() for holder in holders}
    by_name = {name.lower(): holder for holder in holders for name in holder.record_holders}
    records = Record.objects.current().exclude(method__in=[Method.DERIVED, Method.TYPED]).exclude(holder=RESIDENT)
    for said, type_code, last in (
        records.values_list("holder", "type").annotate(last=Max("retrieved_at")).order_by("type")
    ):
        for holder in _holders_of(said, type_code, by_name, holders):
            _keep(found[holder.code].records, type_code, last)
    for kind, last in Paper.objects.kept().values_list("kind").annotate(last=Max("kept_at")):
        for holder in holders:
            if kind in holder.papers:
                _keep(found[holder.code].papers, kind, last)
    return found


def small(title: str) -> str:
    """Inside a sentence. A name in capitals stays: RIB, CAF."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def lines(got: Received) -> list[dict[str, str]]:
    """Each thing that came, newest first."""
    kinds = {kind.code: kind.label for kind in PaperKind.objects.filter(code__in=got.papers)}
    named = [(types.get(code).title, last) for code, last in got.records.items()]
    named += [(kinds[code], last) for code, last in got.papers.items() if code in kinds]
    return [
        {"label": label, "text": _("Reçu le %(day)s") % {"day": long_date(last)}}
        for label, last in sorted(named, key=lambda one: one[1], reverse=True)
    ]


def _holders_of(said: str, type_code: str, by_name: dict[str, Holder], holders: Iterable[Holder]) -> list[Holder]:
    """A bank or an employer that no row names counts for its kind, by what it holds."""
    if (known := by_name.get(said.lower())) is not None:
        return [known]
    return [holder for holder in holders if holder.several and type_code in holder.holds]


def _keep(held: dict[str, datetime], code: str, last: datetime) -> None:
    held[code] = max(last, held.get(code, last))
