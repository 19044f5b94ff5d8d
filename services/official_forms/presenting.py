"""Words and rows of the agents' pages."""

from collections.abc import Sequence
from typing import Any, Final

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import User
from core.pages.images import as_address
from core.templatetags.civic import long_date
from services.aids import catalogue
from services.official_forms.actions import official_forms as actions
from services.official_forms.drawing import CannotDraw
from services.official_forms.mapping import Refused
from services.official_forms.models import OfficialForm, State

KINDS: Final = {State.PUBLISHED: "ok", State.DRAFT: "soon", State.CLOSED: ""}


def rows(forms: Sequence[OfficialForm]) -> list[dict[str, Any]]:
    return [
        {
            "label": form.title,
            "href": reverse("official_forms:version", args=[form.pk]),
            "text": f"{_aids(form)}. {_version(form)}",
            "tag": form.get_state_display(),
            "tag_kind": KINDS[State(form.state)],
        }
        for form in forms
    ]


def version_page(form: OfficialForm, reader: User) -> dict[str, Any]:
    """Return the context of a version's page: its facts, what stops it, what the reader may do next."""
    others = OfficialForm.objects.filter(code=form.code).exclude(pk=form.pk).defer("blank").order_by("-version")
    mine = form.written_by_id == reader.pk and not form.is_frozen
    problem, lines = "", []
    try:
        lines = [
            {"key": in_french(line.label), "value": line.value or _("Tapé par la personne")} for line in form.map.lines
        ]
    except Refused as refusal:
        problem = str(refusal)
    return {
        "form_shown": form,
        "kicker": _("Formulaire officiel, version %(version)s") % {"version": form.version},
        "hint": _hint(form, reader),
        "facts": _facts(form),
        "lines": lines,
        "problem": problem,
        "mine": mine,
        "may_publish": form.state == State.DRAFT and form.written_by_id != reader.pk and not problem,
        "may_close": form.state == State.PUBLISHED,
        "may_renew": form.is_frozen,
        "versions": [
            {
                "label": _version(one),
                "href": reverse("official_forms:version", args=[one.pk]),
                "tag": one.get_state_display(),
                "tag_kind": KINDS[State(one.state)],
            }
            for one in others
        ],
    }


def preview(form: OfficialForm) -> dict[str, Any]:
    """Return the pages of the form with an invented value in each place.

    Raises:
        Faulty
    """
    try:
        images = actions.drawn_sample(form).images()
    except CannotDraw as problem:
        raise actions.Faulty(str(problem)) from None
    return {"form_shown": form, "pages": pages(images), "mark": actions.mark(form)}


def in_french(label: str) -> SafeString:
    """Return a label in the form's own language, which a screen reader then reads as such."""
    return format_html('<span lang="fr">{}</span>', label)


def pages(images: Sequence[bytes]) -> list[dict[str, str]]:
    return [
        {
            "label": _("Page %(number)s sur %(total)s") % {"number": number, "total": len(images)},
            "src": as_address(jpeg),
        }
        for number, jpeg in enumerate(images, 1)
    ]


def _hint(form: OfficialForm, reader: User) -> str:
    if form.state == State.PUBLISHED:
        return _("Les habitants le trouvent dans leur dossier, rempli avec leur coffre. Il ne changera plus.")
    if form.state == State.CLOSED:
        return _("Les habitants ne le voient plus.")
    if form.written_by_id == reader.pk:
        return _("Écrivez le plan, regardez les pages, puis demandez à une autre personne de publier.")
    return _("Regardez les pages : si chaque valeur est à sa place, publiez.")


def _facts(form: OfficialForm) -> list[dict[str, str]]:
    pages, fields = len(form.facts["pages"]), len({one["name"] for one in form.facts["fields"]})
    removed = {
        "scripts": _("des scripts"),
        "xfa": _("une version XFA"),
        "rights": _("des droits d’usage ou une signature"),
        "files": _("des fichiers joints"),
    }
    found = [removed[code] for code in form.facts["removed"] if code in removed]
    facts = [
        (_("Aides"), _aids(form)),
        (_("Numéro"), form.number or _("aucun")),
        (_("Pages"), str(pages)),
        (_("Champs"), str(fields) if fields else _("aucun : les valeurs sont dessinées sur la page")),
        (_("Retiré du PDF"), ", ".join(found) or _("rien")),
        (_("Empreinte"), form.sha256),
        (_("Écrit par"), form.written_by.name),
    ]
    if form.published_by is not None and form.published_at is not None:
        said = _("%(name)s, le %(day)s") % {"name": form.published_by.name, "day": long_date(form.published_at)}
        facts.append((_("Publié par"), said))
    return [{"key": key, "value": value} for key, value in facts]


def _version(form: OfficialForm) -> str:
    return _("Version %(version)s") % {"version": form.version}


def _aids(form: OfficialForm) -> str:
    names = [catalogue.get(code).name if catalogue.exists(code) else code for code in form.aids]
    return ", ".join(names) or _("Pour les démarches qui le demandent")
