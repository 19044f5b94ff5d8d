"""The totals in words and as open data: numbers of residents above ten, by twenties; a smaller one is left out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.residents import more_than
from vault.records.models import Holder, PaperKind
from vault.sharing.across.totals import Totals

SUBJECTS: dict[str, str | Promise] = {
    "papers": gettext_lazy("Papiers gardés, par nature"),
    "failures": gettext_lazy("Connexions qui ne marchent pas, par organisme"),
    "waiting": gettext_lazy("Demandes sans réponse, par organisme"),
}
COLUMNS = ("subject", "code", "label_fr", "label_en", "residents_more_than")


@dataclass(frozen=True)
class Figure:
    subject: str
    code: str
    label_fr: str
    label_en: str
    residents_more_than: int


def figures(totals: Totals) -> list[Figure]:
    """Return what is published: by subject, the largest first. A code that nothing names any more keeps its code."""
    found = list(_of("vaults", {"": totals.vaults}, {"": ("Coffres ouverts", "Vaults opened")}))
    kinds = {one.code: (one.label_fr, one.label_en) for one in PaperKind.objects.all()}
    holders = {one.code: (one.name_fr, one.name_en) for one in Holder.objects.all()}
    found += _of("papers", totals.papers, kinds)
    found += _of("failures", totals.failures, holders)
    return found + list(_of("waiting", totals.waiting, holders))


def _of(subject: str, numbers: Mapping[str, int], names: Mapping[str, tuple[str, str]]) -> Iterator[Figure]:
    said = [(count, code) for code, number in numbers.items() if (count := more_than(number)) is not None]
    for count, code in sorted(said, key=lambda one: (-one[0], one[1])):
        french, english = names.get(code, (code, code))
        yield Figure(subject, code, french, english, count)


def vaults(found: list[Figure]) -> str:
    count = next((one.residents_more_than for one in found if one.subject == "vaults"), None)
    if count is None:
        return _("Moins de 11 coffres sont ouverts.")
    return _("Plus de %(count)s coffres sont ouverts.") % {"count": count}


def tables(found: list[Figure], *, english: bool) -> list[dict[str, object]]:
    """Return the table of each subject that has a figure, for `components/table.html`."""
    heads = {
        subject: [{"label": first}, {"label": _("Habitants, plus de"), "num": True}]
        for subject, first in {
            "papers": _("Papier"),
            "failures": _("Organisme"),
            "waiting": _("Organisme"),
        }.items()
    }
    made: list[dict[str, object]] = []
    for subject, caption in SUBJECTS.items():
        rows = [
            [one.label_en if english else one.label_fr, str(one.residents_more_than)]
            for one in found
            if one.subject == subject
        ]
        if rows:
            made.append({"caption": caption, "heads": heads[subject], "rows": rows})
    return made
