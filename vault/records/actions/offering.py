"""Names of kinds of paper and of organisations, what follows from them, and whether residents are offered them.

Two persons change these: a second person knows what they decide on by its name. Nothing is deleted, since residents'
rows name both by their code.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actions.city_decisions import Setting, labels_of
from core.lookalikes import folded
from vault import types
from vault.records.models import Holder, PaperKind

Row = PaperKind | Holder
#: The code of the setting of each model.
CODES: Mapping[type[PaperKind] | type[Holder], str] = {PaperKind: "paper_kind_offered", Holder: "holder_offered"}
#: By which a row is known, on pages and in data.
NAMES: Mapping[type[PaperKind] | type[Holder], tuple[str, ...]] = {
    PaperKind: ("label_fr", "label_en"),
    Holder: ("name_fr", "name_en", "short_fr", "short_en"),
}
COLUMNS: Mapping[type[PaperKind] | type[Holder], tuple[str, ...]] = {
    PaperKind: (*NAMES[PaperKind], "sensitive", "proves"),
    Holder: (*NAMES[Holder], "record_codes"),
}


class Withdrawable(Protocol):
    withdrawn_at: datetime | None


def is_offered(row: Withdrawable) -> bool:
    return row.withdrawn_at is None


def of(row: Row) -> dict[str, Any]:
    """Return the columns that two persons change, and whether the row is offered."""
    return {name: getattr(row, name) for name in COLUMNS[type(row)]} | {"offered": is_offered(row)}


def refuse_names_of_another(row: Row) -> None:
    """Refuse names, codes in data, or brands, that are another row's names or codes, or look the same.

    Raises:
        ValidationError
    """
    model = type(row)
    own = _known_as(row) | {folded(str(brand)) for brand in (row.brands if isinstance(row, Holder) else ())}
    for other in model.objects.exclude(pk=row.pk):
        if own & _known_as(other):
            said = _("« %(name)s » a déjà ce nom, ou un nom qui lui ressemble. Écrivez-en un autre.")
            raise ValidationError(said % {"name": _name(other)})


def _known_as(row: Row) -> set[str]:
    codes = [row.code, *row.record_codes] if isinstance(row, Holder) else [row.code]
    return {folded(str(text)) for text in (*codes, *(getattr(row, name) for name in NAMES[type(row)]))} - {""}


def _name(row: Row) -> str:
    return row.label if isinstance(row, PaperKind) else row.name


def _titles(codes: Iterable[str]) -> str:
    return ", ".join(one.title for one in types.all_types() if one.code in codes) or "–"


def make_setting(model: type[PaperKind] | type[Holder]) -> Setting:
    """Return the setting of these rows: the subject is a row's code."""
    columns = COLUMNS[model]

    def write(code: str, value: dict[str, Any]) -> None:
        """Write them, and mark the row as edited, so that loading the content again leaves it."""
        row, now = model.objects.get(code=code), timezone.now()
        for name in columns:
            setattr(row, name, value[name])
        row.withdrawn_at = None if value["offered"] else row.withdrawn_at or now
        row.edited_at = now
        row.save(update_fields=[*columns, "withdrawn_at", "edited_at"])

    def protects(value: dict[str, Any], now: dict[str, Any]) -> bool:
        """Return True if a kind of paper only becomes sensitive: who asks for it answers more."""
        return {name for name in now if value[name] != now[name]} == {"sensitive"} and bool(value["sensitive"])

    def clean(code: str, value: dict[str, Any]) -> None:
        if not isinstance(value, dict) or {*value} != {*columns, "offered"}:
            raise ValueError("not the names of a row")
        row = model.objects.filter(code=code).first()
        if row is None:
            raise ValueError("there is no such row")
        before = of(row)
        for name in columns:
            setattr(row, name, value[name])
        row.clean_fields(exclude={field.name for field in model._meta.fields} - {*columns})  # noqa: SLF001 - Django documents _meta
        if any(value[name] != before[name] for name in columns) or value["offered"] and not before["offered"]:
            refuse_names_of_another(row)

    def name(code: str) -> str:
        return _("« %(name)s » dans la liste des habitants") % {"name": _name(model.objects.get(code=code))}

    return Setting(
        name=name,
        read=lambda code: of(model.objects.get(code=code)),
        write=write,
        protects=protects,
        clean=clean,
        labels=labels_of(model, *columns) | {"offered": gettext_lazy("proposé aux habitants")},
        says={"proves": _titles},
        shows="offered",
    )
