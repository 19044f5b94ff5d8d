"""Pages of agents: announce a draw, name associations, refer a subject, answer. No page leads to a resident."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import agents_only, recently_authenticated
from accounts.http import SignedInRequest
from campaigns.panel import across, standing
from campaigns.panel.actions import opinions as verbs
from campaigns.panel.actions import panels as steps
from campaigns.panel.enums import Decision
from campaigns.panel.forms import AnnounceForm, AnswerForm, NameAssociationForm, ReferForm
from campaigns.panel.models import Panel
from campaigns.panel.presenting import opinions, panels
from campaigns.panel.views import finding


@agents_only
@require_safe
def inbox(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    sitting, announced = standing.sitting(now), standing.announced()
    context = {
        "owed": opinions.owed(timezone.localdate(now)),
        "panels": [_summary(one) for one in (sitting, announced) if one],
        "may_announce": announced is None,
        "may_refer": sitting is not None,
    }
    return render(request, "panel/inbox.html", context)


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
def announce(request: SignedInRequest) -> HttpResponse:
    form = AnnounceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            steps.announce(by=request.user, seats=data["seats"], draws_at=form.draws_at(), ends_on=data["ends_on"])
        except steps.NotNow:
            messages.warning(
                request,
                _("Un tirage est déjà annoncé, ou le panel qui siège finit plus d’un mois après."),
            )
        return redirect("panel:inbox")
    hint = _("Publié aussitôt. Ni la minute, ni les places, ni le dernier jour ne changent plus.")
    return _form(request, form, _("Annoncer un tirage"), _("Annoncer"), hint=hint)


@agents_only
@require_http_methods(["GET", "POST"])
def name_association(request: SignedInRequest, number: int) -> HttpResponse:
    panel = finding.panel(number)
    if panel.ended_at is not None:
        raise Http404
    form = NameAssociationForm(panel, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            steps.name_association(panel=panel, organisation=form.cleaned_data["organisation"], by=request.user)
        except steps.NotNow:
            messages.warning(
                request, _("Elle est déjà nommée, personne n’y accompagne d’habitants, ou le panel est fini.")
            )
        except PermissionDenied:
            words = _("Vous avez ajouté quelqu’un à cette association\u00a0: un autre agent doit la nommer.")
            messages.warning(request, words)
        return redirect("panel:inbox")
    hint = _("Publié, jusqu’au dernier jour du panel. Elle donne un avis, à part de ceux des membres.")
    return _form(request, form, _("Nommer une association"), _("Nommer"), hint=hint)


@agents_only
@require_http_methods(["GET", "POST"])
def refer(request: SignedInRequest) -> HttpResponse:
    form = ReferForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            verbs.refer(by=request.user, **form.cleaned_data)
        except (verbs.NotNow, PermissionDenied):
            messages.warning(request, _("Aucun panel ne siège jusqu’à ce jour, ou le sujet n’existe plus."))
        return redirect("panel:inbox")
    hint = _("La question est publiée et ne change plus. La ville répond à chaque avis dans les trente jours.")
    return _form(request, form, _("Saisir le panel"), _("Publier la question"), hint=hint)


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
def answer(request: SignedInRequest, number: int) -> HttpResponse:
    """Answer opinions. Once all have an answer, it is a 404."""
    referral = finding.referral(number)
    waiting = standing.unanswered(referral)
    if not waiting and request.method == "GET":
        raise Http404
    form = AnswerForm(waiting, request.POST if request.method == "POST" else None)
    if request.method == "POST" and not waiting:
        messages.warning(request, _("Quelqu’un a répondu avant vous : rien n’a changé."))
        return redirect("panel:inbox")
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        chosen = [one.pk for one in waiting if str(one.pk) in data["opinions"]]
        try:
            verbs.answer(
                by=request.user,
                referral=referral,
                opinions=chosen,
                decision=Decision(data["decision"]),
                words=data["words"],
            )
        except verbs.NotNow:
            messages.warning(request, _("Quelqu’un a répondu avant vous : rien n’a changé."))
        return redirect("panel:inbox")
    said = [opinions.quoted(one) for one in waiting]
    hint = _("Publié aussitôt, à côté de l’avis. Une réponse ne change plus.")
    return _form(
        request, form, _("Répondre au panel"), _("Publier la réponse"), hint=hint, said=said, kicker=referral.name
    )


def _summary(panel: Panel) -> dict[str, Any]:
    """Return what agents read of a panel: numbers, and no person but the names that members chose in public."""
    return {
        "panel": panel,
        "facts": panels.facts(panel),
        "volunteers": len(panel.entries) if panel.frozen_at else across.count(panel),
        "members": panels.members(panel),
        "associations": panels.associations(panel),
    }


def _form(request: SignedInRequest, form: BaseForm, heading: str, button: str, **shown: object) -> HttpResponse:
    context = {"form": form, "heading": heading, "button": button, "back": reverse("panel:inbox"), **shown}
    return render(request, "panel/form.html", context)
