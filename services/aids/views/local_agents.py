"""Pages of agents who write a local aid. Trying, publishing and closing it are in services.versions.

No personal data is on any of them.
"""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import agents_only
from accounts.http import SignedInRequest
from core.models import City
from services.aids.actions import local_aids as actions
from services.aids.local import forms, importing, rule_tree, sheets
from services.aids.local.amounts import AMOUNTS
from services.aids.local.conditions import KINDS
from services.aids.models import LocalAid
from services.aids.presenting import local_aids as presenting
from services.aids.presenting.local_aids import AIDS
from services.versions import presenting as versions
from services.versions.actions.versions import Faulty, NotNow
from services.versions.views import form_page, found_by_word, own_draft, said_why, yaml_file
from services.versions.yaml_files import MOST_BYTES, Unreadable

WHOLE = "tout"


def _draft(request: SignedInRequest, aid_id: int) -> LocalAid:
    return own_draft(request, AIDS, aid_id)


def _tree(aid: LocalAid, seen: str) -> dict[str, Any]:
    """Return the conditions, in a group.

    Args:
        seen: the mark of the page that names a place in them, if one does.

    Raises:
        NotNow: they changed since in another tab.
    """
    found: dict[str, Any] = aid.rules["conditions"]
    if seen and seen != rule_tree.mark_of(found):
        raise NotNow
    return found if rule_tree.kind_of(found) in {"all", "any"} else {"all": [found]}


@agents_only
@require_safe
def listed(request: SignedInRequest) -> HttpResponse:
    """The newest version of each aid, found by a word of its name."""
    aids, context = found_by_word(request, AIDS)
    context |= {
        "rows": [versions.line(AIDS, aid, presenting.listed_text(aid)) for aid in aids],
        "reviews": versions.reviews(AIDS, timezone.localdate()),
        "links": presenting.broken_links(LocalAid.objects.in_force()),
    }
    return render(request, "aids/local/list.html", context)


@agents_only
@require_http_methods(["GET", "POST"])
def begin(request: SignedInRequest) -> HttpResponse:
    """Begin an aid by its sheet; its conditions and its amount come on its page."""
    city = City.current()
    today = timezone.localdate()
    mine = {"level": "commune", "id": city.insee or "", "name": city.name}
    item = importing.blank(code="", label="", institution=mine, today=today)
    sent = request.POST if request.method == "POST" else None
    form = sheets.SheetForm(sent, initial=_sheet(item), others=presenting.others(""))
    if request.method == "POST" and form.is_valid():
        columns = {
            name: value.isoformat() if isinstance(value, date) else value for name, value in form.columns().items()
        }
        aid = actions.begin_new(by=request.user, item={**item, **form.rules(), **columns})
        return redirect("aids:local_version", aid.pk)
    return form_page(request, form, _("Nouvelle aide"), _("Commencer le brouillon"), reverse("aids:local_list"))


def _sheet(item: dict[str, Any]) -> dict[str, Any]:
    where = item["institution"]
    later = "\n".join(item.get("checked_later", ()))
    days = {
        name: date.fromisoformat(item[name])
        for name in ("valid_from", "valid_to", "review_on")
        if isinstance(item[name], str)
    }
    return {
        **item,
        **days,
        "level": where["level"],
        "institution_id": where["id"],
        "institution_name": where["name"],
        "checked_later": later,
    }


@agents_only
@require_http_methods(["GET", "POST"])
def bring_in(request: SignedInRequest) -> HttpResponse:
    """Begin a draft from a YAML file."""
    form = sheets.ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            content = file.read(MOST_BYTES + 1)
            code = importing.code_of(file.name)
            read = importing.read(content, code=code, today=timezone.localdate())
            aid = actions.begin(by=request.user, item=read.item)
        except (Unreadable, Faulty) as problem:
            form.add_error("file", str(problem))
        else:
            for text in read.lost:
                messages.warning(request, _("Cette condition n’est pas lue : %(text)s") % {"text": text})
            return redirect("aids:local_version", aid.pk)
    hint = _("Le fichier devient un brouillon. Rien n’est publié.")
    back = reverse("aids:local_list")
    return form_page(request, form, _("Reprendre un fichier"), _("Lire le fichier"), back, hint=hint, upload=True)


@agents_only
@require_safe
def version(request: SignedInRequest, aid_id: int) -> HttpResponse:
    found = LocalAid.objects.select_related("written_by", "published_by").prefetch_related("cases")
    aid = get_object_or_404(found, pk=aid_id)
    return render(request, "aids/local/version.html", presenting.version_page(aid, request.user))


@agents_only
@require_safe
def preview(request: SignedInRequest, aid_id: int) -> HttpResponse:
    """Show the public page of a version as it would be."""
    aid = get_object_or_404(LocalAid.objects.prefetch_related("cases"), pk=aid_id)
    context = presenting.public_page(aid) | {"preview": True, "back": reverse("aids:local_version", args=[aid.pk])}
    return render(request, "aids/local/public.html", context)


@agents_only
@require_safe
def download(request: SignedInRequest, aid_id: int) -> HttpResponse:
    aid = get_object_or_404(LocalAid, pk=aid_id)
    return yaml_file(aid)


@agents_only
@require_http_methods(["GET", "POST"])
@said_why(AIDS)
def edit_sheet(request: SignedInRequest, row_id: int) -> HttpResponse:
    aid = _draft(request, row_id)
    whole = {**aid.rules, **{name: getattr(aid, name) for name in ("label", "valid_from", "valid_to", "review_on")}}
    offered = presenting.others(aid.code, aid.rules.get("excludes", ()))
    form = sheets.SheetForm(request.POST if request.method == "POST" else None, initial=_sheet(whole), others=offered)
    if request.method == "POST" and form.is_valid():
        actions.change(aid=aid, by=request.user, rules=form.rules(), **form.columns())
        return redirect("aids:local_version", aid.pk)
    return form_page(request, form, _("La fiche"), _("Enregistrer"), _page(aid))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why(AIDS)
def edit_condition(request: SignedInRequest, row_id: int) -> HttpResponse:
    """Change a condition, or add one to a group: first its type, then what it says."""
    aid = _draft(request, row_id)
    root = _tree(aid, request.GET.get("lu", ""))
    place = request.GET.get("place", "")
    inside = request.GET.get("dans") or ("" if place else WHOLE)
    before: dict[str, Any] | None = None
    try:
        if inside:
            kind = request.GET.get("kind", "")
            rule_tree.added(root, _place(inside), rule_tree.group("all"))
        else:
            before = rule_tree.at(root, place)
            kind = rule_tree.kind_of(before)
    except (rule_tree.NoPlace, KeyError):
        raise Http404 from None
    if before is not None and kind in forms.GROUPS:
        raise Http404
    if before is None and kind in forms.GROUPS:
        return _write(request, aid, rule_tree.added(root, _place(inside), rule_tree.group(kind)))
    if kind not in KINDS:
        return _choose_kind(request, aid, inside)
    form = forms.ConditionForm(request.POST if request.method == "POST" else None, kind=kind, rule=before)
    if request.method == "POST" and form.is_valid():
        rule = form.rule()
        changed = rule_tree.replaced(root, place, rule) if before else rule_tree.added(root, _place(inside), rule)
        return _write(request, aid, changed)
    return form_page(request, form, str(KINDS[kind].label), _("Garder"), _page(aid))


def _place(inside: str) -> str:
    return "" if inside == WHOLE else inside


def _write(request: SignedInRequest, aid: LocalAid, conditions: dict[str, Any]) -> HttpResponse:
    """Keep the conditions. A group chosen in the first form is added by the same button, which posts it."""
    if request.method != "POST":
        return form_page(request, None, _("Ajouter un groupe"), _("Ajouter ce groupe"), _page(aid))
    actions.change(aid=aid, by=request.user, rules={"conditions": conditions})
    return redirect("aids:local_version", aid.pk)


def _choose_kind(request: SignedInRequest, aid: LocalAid, inside: str) -> HttpResponse:
    form = forms.KindForm(request.GET if "kind" in request.GET else None)
    hidden = {"dans": inside, "lu": request.GET.get("lu", "")}
    return form_page(
        request, form, _("Ajouter une condition"), _("Continuer"), _page(aid), method="get", hidden=hidden
    )


@agents_only
@require_POST
@said_why(AIDS)
def remove_condition(request: SignedInRequest, row_id: int) -> HttpResponse:
    aid = _draft(request, row_id)
    if not request.POST.get("place"):  # nothing was pointed at
        return redirect("aids:local_version", aid.pk)
    try:
        changed = rule_tree.removed(_tree(aid, request.POST.get("lu", "")), request.POST["place"])
    except rule_tree.NoPlace:
        raise Http404 from None
    actions.change(aid=aid, by=request.user, rules={"conditions": changed})
    return redirect("aids:local_version", aid.pk)


@agents_only
@require_http_methods(["GET", "POST"])
@said_why(AIDS)
def edit_amount(request: SignedInRequest, row_id: int) -> HttpResponse:
    """Change the amount: first its sort, then its parameters."""
    aid = _draft(request, row_id)
    kind = request.GET.get("sorte", "")
    if kind not in AMOUNTS:
        choose = forms.AmountKindForm(initial={"sorte": aid.rules["amount"]["kind"]})
        return form_page(request, choose, _("Combien"), _("Continuer"), _page(aid), method="get")
    form = forms.AmountForm(request.POST if request.method == "POST" else None, kind=kind, amount=aid.rules["amount"])
    if request.method == "POST" and form.is_valid():
        actions.change(aid=aid, by=request.user, rules={"amount": form.amount()})
        return redirect("aids:local_version", aid.pk)
    return form_page(request, form, str(AMOUNTS[kind].label), _("Garder"), _page(aid))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why(AIDS)
def edit_case(request: SignedInRequest, row_id: int) -> HttpResponse:
    """Change a case, or add one."""
    aid = _draft(request, row_id)
    cases = list(aid.cases.all())
    rank = request.GET.get("cas", "")
    held = next((case for case in cases if str(case.rank) == rank), None)
    if rank and held is None:
        raise Http404
    form = sheets.CaseForm(
        request.POST if request.method == "POST" else None, rule=aid.rule, case=held.as_json() if held else None
    )
    if request.method == "POST" and form.is_valid():
        written = [form.case() if case is held else case.as_json() for case in cases]
        actions.change(aid=aid, by=request.user, cases=written if held else [*written, form.case()])
        return redirect("aids:local_version", aid.pk)
    hint = _("Une valeur laissée vide n’est pas connue.")
    return form_page(request, form, _("Un cas d’essai"), _("Garder ce cas"), _page(aid), hint=hint)


@agents_only
@require_POST
@said_why(AIDS)
def remove_case(request: SignedInRequest, row_id: int) -> HttpResponse:
    aid = _draft(request, row_id)
    cases = [case for case in aid.cases.all() if str(case.rank) != request.POST.get("cas")]
    actions.change(aid=aid, by=request.user, cases=[case.as_json() for case in cases])
    return redirect("aids:local_version", aid.pk)


def _page(aid: LocalAid) -> str:
    return AIDS.page(aid)
