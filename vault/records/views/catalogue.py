"""The public catalogue: every type of data by theme, with a page and a schema for each type.

It shows no resident's data.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from vault import types
from vault.records import wording
from vault.records.presenting import data
from vault.records.values import questions
from vault.types import DataType, FieldInfo

#: The words for the `sensitivity` of a type.
SENSITIVITIES = {
    "identity": gettext_lazy("Qui vous êtes"),
    "contact": gettext_lazy("Où vous joindre"),
    "family": gettext_lazy("Votre famille"),
    "child": gettext_lazy("Un enfant"),
    "income": gettext_lazy("Vos ressources"),
    "social": gettext_lazy("Vos aides"),
    "employment": gettext_lazy("Votre emploi"),
    "education": gettext_lazy("Vos études"),
    "bank": gettext_lazy("Vos comptes et vos dépenses"),
    "health": gettext_lazy("Votre santé : la loi la protège plus que le reste"),
    "health-adjacent": gettext_lazy("Proche de votre santé"),
    "home": gettext_lazy("Votre logement"),
    "home-pattern": gettext_lazy("Votre vie chez vous, heure par heure"),
    "asset": gettext_lazy("Ce que vous possédez"),
    "mobility": gettext_lazy("Vos déplacements"),
    "location": gettext_lazy("Où vous étiez, et quand"),
    "purchases": gettext_lazy("Vos achats"),
    "leisure": gettext_lazy("Vos loisirs"),
    "calendar": gettext_lazy("Votre emploi du temps"),
    "derived": gettext_lazy("Calculé à partir de vos données"),
}
KINDS = {
    "text": gettext_lazy("texte"),
    "int": gettext_lazy("nombre entier"),
    "number": gettext_lazy("nombre"),
    "decimal": gettext_lazy("montant"),
    "date": gettext_lazy("date"),
    "partial_date": gettext_lazy("date, parfois incomplète"),
    "month": gettext_lazy("mois"),
    "datetime": gettext_lazy("date et heure"),
    "bool": gettext_lazy("oui ou non"),
    "commune": gettext_lazy("commune, par son code"),
    "country": gettext_lazy("pays, par son code"),
    "choice": gettext_lazy("choix"),
    "address": gettext_lazy("adresse"),
    "list": gettext_lazy("liste"),
    "object": gettext_lazy("groupe de nombres"),
}


@dataclass(frozen=True)
class FieldShown:
    label: str
    name: str
    kind: str
    text: str
    example: str
    choices: list[str]
    required: bool
    items: "list[FieldShown]"


@login_not_required
@require_safe
def data_types(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("q", "").strip()[:60]
    by_theme = [
        {"title": types.themes()[theme], "items": lines, "gist": ", ".join(line["label"] for line in lines)}
        for theme, found in groupby(types.all_types(), key=lambda one: one.theme)
        if (lines := [_line(one) for one in found if wording.type_matches(one, search)])
    ]
    context = {
        "themes": by_theme,
        "search": search,
        "count": len(types.all_types()),
        "found": sum(len(theme["items"]) for theme in by_theme),
    }
    return render(request, "records/data_types.html", context)


@login_not_required
@require_safe
def data_type(request: HttpRequest, type_code: str) -> HttpResponse:
    found, example = _found(type_code), types.example(type_code)
    context: dict[str, Any] = {
        "type": found,
        "theme": types.themes()[found.theme],
        "sensitivity": SENSITIVITIES[found.sensitivity],
        "holders": [wording.holder(holder) for holder in found.holders],
        "why": str(found.why),
        "asked_by": str(found.asked_by),
        "fields": list(_fields(found.fields, example)),
        "versions": types.versions(type_code),
        "typed": questions.is_typed(type_code),
    }
    return render(request, "records/data_type.html", context)


@login_not_required
@require_safe
def data_schema(request: HttpRequest, type_code: str, version: str) -> HttpResponse:
    """Return the JSON Schema of one version, for programs.

    Old versions stay, because records of these versions exist.
    """
    try:
        schema = types.schema_of(type_code, version)
    except types.UnknownType as error:
        raise Http404 from error
    answer = JsonResponse(
        schema, json_dumps_params={"ensure_ascii": False, "indent": 1}, content_type="application/schema+json"
    )
    answer["Content-Disposition"] = f'attachment; filename="{type_code}-{version}.json"'
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


def _found(type_code: str) -> DataType:
    try:
        return types.get(type_code)
    except types.UnknownType as error:
        raise Http404 from error


def _line(one: DataType) -> dict[str, Any]:
    holders = ", ".join(wording.holder(holder) for holder in one.holders)
    return {"label": one.title, "href": _url(one), "text": _("Vient de : %(holders)s") % {"holders": holders}}


def _url(one: DataType) -> str:
    return reverse("records:data_type", args=[one.code])


def _fields(infos: Mapping[str, FieldInfo], example: Any) -> Iterator[FieldShown]:  # noqa: ANN401 - a payload's value
    for pointer, info in infos.items():
        value = example.get(pointer.lstrip("/")) if isinstance(example, dict) else None
        inside = value[0] if info.items and isinstance(value, list) and value else {}
        yield FieldShown(
            label=info.label,
            name=pointer.lstrip("/"),
            kind=_kind(info),
            text=info.hint,
            example="" if value is None or info.items else data.cell(info, value),
            choices=[label for _value, label in info.choices],
            required=info.required,
            items=list(_fields(info.items, inside)),
        )


def _kind(info: FieldInfo) -> str:
    unit = {"EUR": "€"}.get(info.unit, info.unit_label)
    kind = str(KINDS[info.kind])
    return _("%(kind)s, en %(unit)s") % {"kind": kind, "unit": unit} if unit else kind
