"""The maximum age of a paper, from the period that a procedure wants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from services.aids.catalogue import Period
from vault.records.models import Paper
from vault.types.spans import add_months


@dataclass(frozen=True)
class Freshness:
    """`months` is the maximum age by the date on the paper. If None, only the paper's own expiry counts.

    With `apart`, each paper has another date.
    """

    months: int | None = None
    words: str | Promise = ""
    apart: bool = False

    def stricter_than(self, other: "Freshness") -> bool:
        return self.months is not None and (other.months is None or self.months < other.months)

    def accepts(self, paper: Paper) -> bool:
        """Return True for a recent paper or one without a date; `doubt` asks the resident to check the latter."""
        return not paper.expired and not self._too_old(paper.issued_on)

    def chosen(self, papers: Sequence[Paper]) -> list[Paper]:
        """Return the papers that count together, in their order: with `apart`, the same payslip twice counts once."""
        seen: set[date] = set()
        found = []
        for paper in papers:
            if not (self.apart and paper.issued_on in seen):
                found.append(paper)
            if paper.issued_on is not None:
                seen.add(paper.issued_on)
        return found

    def doubt(self, papers: Sequence[Paper]) -> str:
        undated = self.months is not None and any(paper.issued_on is None for paper in papers)
        return _("Nous n’avons pas lu sa date\u00a0: vérifiez-la.") if undated else ""

    def reason(self, paper: Paper) -> str:
        if self.months is not None and self._too_old(paper.issued_on):
            return _("Celui que vous avez est trop ancien.")
        return _("Celui que vous avez a expiré.")

    def _too_old(self, issued_on: date | None) -> bool:
        return (
            self.months is not None
            and issued_on is not None
            and add_months(issued_on, self.months) < timezone.localdate()
        )


ANY = Freshness()


def freshness(period: Period | None) -> Freshness:
    """Return what a period asks of the date on a paper.

    A payslip comes out at the end of its month: the last three are up to four months old.
    """
    if period is None:
        return ANY
    if period.type == "age":
        words = ngettext_lazy("de moins de %(count)s mois", "de moins de %(count)s mois", period.months)
        year = gettext_lazy("de moins d’un an")
        return Freshness(period.months, year if period.months == 12 else _with(words, period.months))
    if period.type == "last":
        words = ngettext_lazy("du dernier mois", "des %(count)s derniers mois", period.months)
        return Freshness(period.months + 1, _with(words, period.months), apart=period.months > 1)
    return {
        "year": Freshness(12, gettext_lazy("de l’année en cours")),
        "season": Freshness(12, gettext_lazy("de la saison en cours")),
    }.get(period.type, ANY)


def _with(words: Any, count: int) -> str:  # noqa: ANN401 - a lazy plural
    return str(words % {"count": count})
