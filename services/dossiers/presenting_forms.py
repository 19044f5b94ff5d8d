"""Prepare a dossier's official forms for the templates."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from services.dossiers.actions import official_forms
from services.dossiers.actions.official_forms import Forms
from services.dossiers.models import Dossier
from services.official_forms.drawing import Drawn
from services.official_forms.filling import Filled, Filling
from services.official_forms.mapping import CHECK
from services.official_forms.models import OfficialForm
from services.official_forms.presenting import in_french
from services.official_forms.presenting import pages as images_of
from vault.records import wording


def sections(dossier: Dossier, forms: Forms, note: Mapping[str, Any]) -> list[dict[str, Any]]:
    tasks = [_task(dossier, form, note, form.code in forms.named) for form in forms.offered]
    title = ngettext("Le formulaire officiel", "Les formulaires officiels", len(tasks))
    return [{"title": title, "tasks": tasks}] if tasks else []


def _task(dossier: Dossier, form: OfficialForm, note: Mapping[str, Any], is_asked: bool) -> dict[str, Any]:
    joined = official_forms.is_joined(note, form)
    newer = not joined and bool(official_forms.of_note(note, form).get("joined"))
    return {
        "name": form.title,
        "href": reverse("dossiers:form", args=[dossier.pk, form.pk]),
        "hint": _hint(newer=newer, is_asked=is_asked),
        "tag": _("Joint") if joined else _("À relire"),
        "tag_kind": "ok" if joined else "soon",
    }


def _hint(*, newer: bool, is_asked: bool) -> str:
    if newer:
        return _("La ville l’a mis à jour : relisez-le.")
    if is_asked:
        return _("La démarche le demande. Il est rempli avec votre coffre, à relire.")
    return _("Rempli avec votre coffre, à relire.")


def without(forms: Forms) -> str:
    """Return which forms the dossier does without, because the city closed them; empty if none."""
    return " ".join(
        _("« %(title)s » n’est plus demandé : la ville l’a fermé. Votre dossier se fait sans lui.") % {"title": title}
        for title in forms.withdrawn()
    )


def lines(
    dossier: Dossier, official: OfficialForm, filling: Filling | None, note: Mapping[str, Any], problem: str = ""
) -> dict[str, Any]:
    """Return what a form says, line by line: what the pages say, for who cannot see them."""
    return {
        "dossier": dossier,
        "official": official,
        "rows": [_row(one) for one in filling.filled] if filling else [],
        "missing": len([line for line in filling.missing if line.required]) if filling else 0,
        "joined": official_forms.is_joined(note, official),
        "problem": problem,
    }


def _row(one: Filled) -> dict[str, Any]:
    ticked = _("Coché") if one.ticked else _("Non coché")
    text = ticked if one.line.kind == CHECK else one.text
    origin = wording.origin(one.origin) if one.origin else _("Tapé par vous pour ce formulaire")
    return {
        "key": in_french(one.label),
        "value": format_html('{}<br><span class="civic-small">{}</span>', text, origin),
        "href": reverse("records:history", args=[one.record_id]) if one.record_id else "",
        "action": _("Voir"),
    }


def pages(dossier: Dossier, official: OfficialForm, drawn: Drawn, note: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dossier": dossier,
        "official": official,
        "pages": images_of(drawn.images()),
        "joined": official_forms.is_joined(note, official),
    }
