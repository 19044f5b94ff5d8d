"""Pages of a desk visit that write: values that the resident says, a paper that they confirm, and what was added."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import agents_only
from accounts.http import SignedInRequest
from accounts.models import User
from accounts.perms import can_sign_in
from core.models import City
from vault import types
from vault.records import actions as records
from vault.records import gate
from vault.records.actions.papers import NotReady
from vault.records.enums import PaperState
from vault.records.forms.confirmation import Confirmation
from vault.records.values.decrypted import Values
from vault.records.wording import not_anchored
from vault.sharing.actions import desk_values as actions
from vault.sharing.actions import sent_papers
from vault.sharing.enums import Act
from vault.sharing.forms import desk_values as forms
from vault.sharing.models import DeskVisit
from vault.sharing.presenting import desk as words
from vault.sharing.views.desk import find_visit, for_who_keeps_it, over, refused


@agents_only
@for_who_keeps_it
@require_safe
def choose(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """List what may be typed on one page, by theme."""
    visit = find_visit(request, visit_id)
    if not visit.allows(Act.TYPE):
        return _not_here(request, visit)
    themes: dict[str, list[dict[str, str]]] = {}
    for one in forms.typed_here():
        line = {"label": one.title, "href": reverse("sharing:desk_type", args=[visit.pk, one.code])}
        themes.setdefault(one.theme_label, []).append(line)
    found = [
        {"name": name, "gist": ", ".join(line["label"] for line in lines), "lines": lines}
        for name, lines in themes.items()
    ]
    return _render(request, visit, "choose_values", {"themes": found})


@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def type_values(request: SignedInRequest, visit_id: UUID, type_code: str) -> HttpResponse:
    visit = find_visit(request, visit_id)
    if not visit.allows(Act.TYPE):
        return _not_here(request, visit)
    if not forms.is_typed_here(type_code):
        raise Http404
    form = forms.ValuesForm(type_code, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.type_values(visit=visit, agent=request.user, type_code=type_code, payload=form.payload)
        except records.Invalid as error:
            form.refuse(error.problems)
        except (gate.Refused, PermissionDenied):
            return over(request)
        else:
            messages.success(request, _("C’est rangé dans son coffre, comme déclaré par la personne."))
            return redirect("sharing:desk_visit", visit_id=visit.pk)
    context = {"page": form, "errors": form.errors, "title": types.get(type_code).title}
    return _render(request, visit, "type_values", context)


@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def confirm_paper(request: SignedInRequest, visit_id: UUID, sent: str) -> HttpResponse:
    """Compare a paper added in this visit with what was read on it, then keep it if the resident says yes."""
    visit = find_visit(request, visit_id)
    if not visit.allows(Act.TYPE):
        return _not_here(request, visit)
    paper_id = sent_papers.paper_of(grant=visit.grant, sent=sent)
    if paper_id is None:
        raise Http404
    if sent_papers.state_of(grant=visit.grant, sent=sent) != PaperState.TO_CONFIRM:
        return redirect("sharing:desk_sent", visit_id=visit.pk, sent=sent)
    form = forms.PresentForm(request.POST if request.method == "POST" else None)
    try:
        if request.method == "POST" and form.is_valid():
            return _confirm(request, visit, paper_id)
        opened = actions.look_at_paper(visit=visit, agent=request.user, paper_id=paper_id)
    except gate.NotAnchored:
        reason = not_anchored()
        return refused(request, visit, reason)
    except (gate.Refused, PermissionDenied):
        return over(request)
    if opened is None:
        raise Http404
    # Without the vault's values: the agent sees only what the paper says.
    page = Confirmation(opened, Values([]), visit.resident_id, account_name=visit.name)
    context = {
        "form": form,
        "title": opened.title,
        "rows": [{"key": row.label, "value": row.value} for row in page.rows if row.form is None],
        "lacks": [row.label for row in page.rows if row.form is not None],
        "warnings": page.warnings,
        "names": page.names if page.is_doubtful else [],
    }
    return _render(request, visit, "confirm_paper", context)


def _confirm(request: SignedInRequest, visit: DeskVisit, paper_id: UUID) -> HttpResponse:
    try:
        actions.confirm_paper(visit=visit, agent=request.user, paper_id=paper_id)
    except NotReady:
        reason = _("Ce papier n’attend plus de réponse : il a été rangé, refusé ou retiré.")
        return refused(request, visit, reason, 409)
    except records.AlreadyOne:
        reason = _("Ce papier contredit un autre avis de la même année : la personne choisit elle-même, sans vous.")
        return refused(request, visit, reason, 409)
    except records.Invalid as error:
        return refused(request, visit, " ".join(error.problems), 400)
    messages.success(request, _("Le papier est rangé dans son coffre, avec ce qui y est lu."))
    return redirect("sharing:desk_visit", visit_id=visit.pk)


@agents_only
@for_who_keeps_it
@require_safe
def added(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """Show what was added in this visit, as a sheet to print for the resident. It has no value."""
    visit = find_visit(request, visit_id)
    context = {"lines": words.added(actions.added(visit)), "city": City.current(), "now": timezone.localtime()}
    return _render(request, visit, "added_sheet", context | {"agent": visit.grant.recipient_label})


def _not_here(request: SignedInRequest, visit: DeskVisit) -> HttpResponse:
    if can_sign_in(User.objects.get(pk=visit.resident_id)):
        reason = _("Cette personne se connecte elle-même : elle écrit et confirme depuis son coffre.")
    else:
        reason = _("Cette visite a commencé sans le permettre. Terminez-la, et recommencez avec sa feuille.")
    return refused(request, visit, reason)


def _render(request: SignedInRequest, visit: DeskVisit, page: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, f"sharing/desk/{page}.html", {"visit": visit, "acting": words.banner(visit), **context})
