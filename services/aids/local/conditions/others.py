"""The day of the request, what a person checks, and the price, which amounts read."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.pages.forms import DateField
from core.templatetags.civic import long_date
from services.aids.local.conditions.kinds import MANUAL, Data, Fact, Facts, Kind, Rule, Sort, answered, day_or
from services.versions.fields import text_field


def _dates(rule: Rule, facts: Facts, aid: Rule, day: date) -> str:
    first, last = day_or(rule.get("from"), day), day_or(rule.get("to"), day)
    return answered(first <= day <= last)


def _dates_text(rule: Rule, aid: Rule) -> str:
    return _("demande du %(first)s au %(last)s") % {
        "first": long_date(rule.get("from", "")),
        "last": long_date(rule.get("to", "")),
    }


def _dates_fields() -> Iterator[tuple[str, forms.Field]]:
    yield "since", DateField(label=gettext_lazy("Demande à partir du"), required=False)
    yield "until", DateField(label=gettext_lazy("Demande jusqu’au"), required=False)


def _dates_rule(data: Data) -> dict[str, Any]:
    days = {"from": data["since"], "to": data["until"]}
    return {name: day.isoformat() for name, day in days.items() if day}


def _dates_initial(rule: Rule) -> dict[str, Any]:
    days = {"since": rule.get("from"), "until": rule.get("to")}
    return {name: date.fromisoformat(day) for name, day in days.items() if day}


def _dates_wrong(data: Data) -> tuple[str, str] | None:
    return None if data.get("since") or data.get("until") else ("since", _("Écrivez au moins une date."))


DATE: Final = Kind(
    code="date",
    label=gettext_lazy("Date de la demande"),
    facts=(Fact("on", Sort.DAY, label=gettext_lazy("Jour de la demande")),),
    answer=_dates,
    text=_dates_text,
    fields=_dates_fields,
    rule=_dates_rule,
    initial=_dates_initial,
    wrong=_dates_wrong,
)

CHECKED: Final = Kind(
    code="manual",
    label=gettext_lazy("Condition que l’organisme vérifie"),
    answer=lambda rule, facts, aid, day: MANUAL,
    text=lambda rule, aid: str(rule["text"]),
    fields=lambda: [("text", text_field(gettext_lazy("La condition, comme l’habitant la lit"), 300))],
    rule=lambda data: {"text": data["text"]},
    initial=lambda rule: {"text": rule.get("text", "")},
    reads=lambda rule, aid: [],
    schema={"required": ["text"]},
)

#: What an amount that is a share of a price reads.
PRICE: Final = Fact("price", Sort.MONEY, label=gettext_lazy("Prix payé"))
