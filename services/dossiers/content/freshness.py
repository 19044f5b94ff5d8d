"""The maximum age of a paper, from the periods of the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vault.records.models import Paper
from vault.types.spans import add_months


@dataclass(frozen=True)
class Freshness:
    """`months` is the maximum age by the date on the paper. If None, only the paper's own expiry counts."""

    months: int | None = None
    words: str | Promise = ""

    def stricter_than(self, other: "Freshness") -> bool:
        return self.months is not None and (other.months is None or self.months < other.months)

    def accepts(self, paper: Paper) -> bool:
        """Return True for a recent paper or one without a date; `doubt` asks the resident to check the latter."""
        return not paper.expired and not self._too_old(paper.issued_on)

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
#: A payslip comes out at the end of its month: the last three are up to four months old.
PERIODS: Mapping[str, Freshness] = {
    "moins de 3 mois": Freshness(3, gettext_lazy("de moins de 3 mois")),
    "moins de 6 mois": Freshness(6, gettext_lazy("de moins de 6 mois")),
    "moins d’un an": Freshness(12, gettext_lazy("de moins d’un an")),
    "dernier mois": Freshness(2, gettext_lazy("du dernier mois")),
    "3 derniers mois": Freshness(4, gettext_lazy("des 3 derniers mois")),
    "année en cours": Freshness(12, gettext_lazy("de l’année en cours")),
    "saison en cours": Freshness(12, gettext_lazy("de la saison en cours")),
}


def freshness(period: str | None) -> Freshness:
    return PERIODS.get(period or "", ANY)
