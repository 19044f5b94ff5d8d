"""Words and rows of the agents' pages."""

from collections.abc import Sequence
from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.pages.images import as_address
from core.templatetags.civic import long_date
from services.aids import catalogue
from services.official_forms.drawing import CannotDraw
from services.official_forms.mapping import Refused
from services.official_forms.models import OfficialForm
from services.versions import presenting as versions
from services.versions.actions.versions import Faulty
from services.versions.models import State
from services.versions.presenting import Pages

FORMS: Final = Pages(
    model=OfficialForm,
    prefix="official_forms:",
    listed="official_forms:list",
    heading=gettext_lazy("Formulaires officiels"),
    kicker=gettext_lazy("Formulaire officiel, version %(version)s"),
    hints={
        State.DRAFT: gettext_lazy("Regardez les pages : si chaque valeur est à sa place, publiez."),
        State.PUBLISHED: gettext_lazy(
            "Les habitants le trouvent dans leur dossier, rempli avec leur coffre. Il ne changera plus."
        ),
        State.CLOSED: gettext_lazy("Les habitants ne le voient plus."),
    },
    close=gettext_lazy("Fermer ce formulaire"),
    close_hint=gettext_lazy(
        "Les habitants ne le trouvent plus dans leur dossier. Les dossiers déjà faits ne changent pas."
    ),
    drop_hint=gettext_lazy("Le brouillon et son plan sont effacés."),
    wanting=lambda _form: [],  # to find its faults takes a second: its page looks at the map alone
)


def listed_text(form: OfficialForm) -> str:
    """Return what the agents' list says of a version."""
    return f"{_aids(form)}. {versions.number_words(form)}"


def version_page(form: OfficialForm, reader: User) -> dict[str, Any]:
    """Return the context of a version's page: its facts, what stops it, what the reader may do next."""
    context = versions.version_page(FORMS, form, reader)
    if context["mine"]:
        context["hint"] = _("Écrivez le plan, regardez les pages, puis demandez à une autre personne de publier.")
    problem, lines = "", []
    try:
        lines = [
            {"key": in_french(line.label), "value": line.value or _("Tapé par la personne")} for line in form.map.lines
        ]
    except Refused as refusal:
        problem = str(refusal)
    return context | {
        "facts": _facts(form),
        "lines": lines,
        "problem": problem,
        "may_publish": context["may_publish"] and not problem,
    }


def preview(form: OfficialForm) -> dict[str, Any]:
    """Return the pages of the form with an invented value in each place.

    Raises:
        Faulty
    """
    try:
        images = form.drawn_sample().images()
    except (Refused, CannotDraw) as problem:
        raise Faulty([str(problem)]) from None
    return {"row": form, "pages": pages(images)}


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


def _aids(form: OfficialForm) -> str:
    names = [catalogue.get(code).name if catalogue.exists(code) else code for code in form.aids]
    return ", ".join(names) or _("Pour les démarches qui le demandent")
