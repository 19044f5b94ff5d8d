"""The official form of a dossier: its lines, its pages, its file. Drawn from the vault each time, and kept nowhere."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from uuid import UUID

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import SignedInRequest
from services.dossiers import presenting_forms as presenting
from services.dossiers.actions import dossiers
from services.dossiers.actions import official_forms as actions
from services.dossiers.enums import State
from services.dossiers.forms import AnswersForm
from services.dossiers.models import Dossier
from services.official_forms.drawing import CannotDraw
from services.official_forms.filling import Filling
from services.official_forms.mapping import CHILDREN, Line
from services.official_forms.models import OfficialForm

View = Callable[..., HttpResponseBase]


def _of_draft(view: View) -> View:
    """Give the view a draft and a form that is offered for it. A finished dossier no longer changes."""

    @wraps(view)
    @never_cache
    def found(request: SignedInRequest, dossier_id: UUID, form_id: UUID) -> HttpResponseBase:
        dossier = get_object_or_404(Dossier, pk=dossier_id)
        official = get_object_or_404(OfficialForm.objects.defer("blank"), pk=form_id)
        current = next((form for form in actions.offered(dossier) if form.code == official.code), None)
        if dossier.state == State.READY:
            messages.info(request, _("Ce dossier est déjà fait. Pour le changer, préparez-en une nouvelle version."))
            return redirect("dossiers:dossier", dossier_id=dossier.pk)
        if current is None:
            messages.warning(request, _("Ce formulaire n’est plus proposé. Votre dossier se fait sans lui."))
            return redirect("dossiers:dossier", dossier_id=dossier.pk)
        if current.pk != official.pk:
            messages.warning(request, _("La ville a publié une nouvelle version de ce formulaire : relisez-la."))
            return redirect("dossiers:form", dossier_id=dossier.pk, form_id=current.pk)
        try:
            return view(request, dossier, official)
        except dossiers.AlreadyBuilt:
            return redirect("dossiers:dossier", dossier_id=dossier.pk)

    return found


def _slowed(view: View) -> View:
    """Limit how often pages are drawn: each time is a second of processor time."""

    @wraps(view)
    def counted(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if ratelimit.consume(request, app="allauth.account", action="form_pages", limit_get=True) is None:
            answer: HttpResponse = ratelimit.respond_429(request)
            return answer
        return view(request, *args, **kwargs)

    return counted


@require_http_methods(["GET", "POST"])
@_of_draft
def form(request: SignedInRequest, dossier: Dossier, official: OfficialForm) -> HttpResponse:
    """Show what the form says, line by line, and ask for what is missing."""
    note = dossiers.read_note(dossier)
    found: Filling | None = None
    problem = ""
    try:
        found = actions.read(dossier=dossier, form=official, note=note)
    except CannotDraw as refusal:
        problem = str(refusal)
    typed = actions.of_note(note, official).get("answers", {})
    lines = _typed_lines(official, found, typed) if found else []
    answers = AnswersForm(request.POST if request.method == "POST" else None, lines=lines, kept=typed)
    if request.method == "POST" and answers.is_valid():
        actions.answer(dossier=dossier, by=request.user.pk, form=official, answers=answers.answers)
        messages.success(request, _("C’est gardé avec votre dossier, chiffré."))
        return redirect("dossiers:form", dossier_id=dossier.pk, form_id=official.pk)
    context = {**presenting.lines(dossier, official, found, note, problem), "form": answers}
    return render(request, "dossiers/official_form.html", context)


def _typed_lines(official: OfficialForm, found: Filling, typed: Mapping[str, str]) -> list[Line]:
    """Return the lines to type, in the form's order: those that no vault has, those that are missing, those typed
    before.
    """
    return [
        line
        for line in official.map.lines
        if line.is_asked or line.name in typed or (line in found.missing and line.of != CHILDREN)
    ]


@require_safe
@_of_draft
@_slowed
def pages(request: SignedInRequest, dossier: Dossier, official: OfficialForm) -> HttpResponse:
    """Show each page as an image that is part of this page, so that nothing caches it."""
    note = dossiers.read_note(dossier)
    try:
        drawn = actions.draw(official, actions.read(dossier=dossier, form=official, note=note))
        context = presenting.pages(dossier, official, drawn, note)
    except CannotDraw as refusal:
        context = presenting.lines(dossier, official, None, note, str(refusal))
        return render(request, "dossiers/official_form_pages.html", context, status=422)
    return render(request, "dossiers/official_form_pages.html", context)


@require_POST
@_of_draft
def join(request: SignedInRequest, dossier: Dossier, official: OfficialForm) -> HttpResponse:
    """Put the form into the PDF, or leave it out."""
    joined = request.POST.get("choice") == "yes"
    actions.join(dossier=dossier, by=request.user.pk, form=official, joined=joined)
    said = _("Le formulaire sera dans votre PDF.") if joined else _("Le formulaire ne sera pas dans votre PDF.")
    messages.success(request, said)
    return redirect("dossiers:dossier", dossier_id=dossier.pk)


@require_safe
@_of_draft
@_slowed
def download(request: SignedInRequest, dossier: Dossier, official: OfficialForm) -> HttpResponseBase:
    """Send the filled PDF as an attachment, whose name says nothing of whom.

    Its pages say why it cannot be drawn: the sentence has a value, which no message keeps in the session.
    """
    try:
        found = actions.read(dossier=dossier, form=official, note=dossiers.read_note(dossier))
        drawn = actions.draw(official, found)
    except CannotDraw:
        return redirect("dossiers:form_pages", dossier_id=dossier.pk, form_id=official.pk)
    name = f'attachment; filename="formulaire-{official.code}.pdf"'
    return HttpResponse(drawn.pdf, content_type="application/pdf", headers={"Content-Disposition": name})
