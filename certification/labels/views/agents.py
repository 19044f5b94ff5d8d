"""Pages of agents: requests to examine and to decide, labels to follow."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import agents_only, recently_authenticated
from accounts.http import SignedInRequest
from accounts.models import User
from accounts.two_persons import ACTS, NotTwo
from accounts.views.two_persons import refused
from certification.labels import across, levels, perms
from certification.labels.actions import complaints
from certification.labels.actions import labels as label_actions
from certification.labels.actions import requests as actions
from certification.labels.enums import Change, LabelState, Verdict
from certification.labels.forms import (
    AnswerComplaintForm,
    ChangeForm,
    DecideForm,
    OpinionForm,
    ReasonsForm,
    ReviewForm,
    TextForm,
)
from certification.labels.models import Complaint, Label, LabelChange, LabelRequest
from certification.labels.presenting import checks as checking
from certification.labels.presenting import registry, wording
from certification.labels.presenting import requests as words
from certification.labels.states import DECIDED, NotNow, State
from certification.labels.views.asking import ask, sent
from certification.labels.views.found import sent_request
from certification.labels.views.letters import decision_letter

Page = Callable[..., HttpResponseBase]


def said_why(view: Page) -> Page:
    """Say why an agent may not be one of the two, and that somebody else was first."""

    @wraps(view)
    def page(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotTwo as problem:
            return refused(request, problem)
        except NotNow:
            messages.warning(request, _("Quelqu’un a agi avant vous : rien n’a changé."))
            return redirect("labels:inbox")

    return page


@agents_only
@require_safe
def inbox(request: SignedInRequest) -> HttpResponse:
    open_ones = LabelRequest.objects.for_agents().open().select_related("service__publisher", "instructor")
    waiting = LabelChange.objects.filter(decided_at=None).select_related("label__service", "proposed_by")
    standing = Label.objects.listed().select_related("service__publisher")
    labels = list(standing)
    context = {
        "wording": wording.now(),
        "failing": checking.failing(labels),
        "requests": words.inbox(list(open_ones.order_by("submitted_at"))),
        "changes": words.changes(list(waiting), request.user),
        "labels": words.labels(labels),
        "complaints": words.complaints(across.open_complaints(), request.user),
        "lack": ACTS["grant_label"].lack(request.user),
    }
    return render(request, "labels/inbox.html", context)


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def request_page(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Show a request whole, with what the agent may do. POST adds a message to its thread."""
    found = sent_request(request, request_id)
    form = TextForm(sent(request), label=_("Votre message à l’éditeur"))
    if request.method == "POST" and form.is_valid():
        actions.write_message(request=found, by=request.user, text=form.cleaned_data["text"])
        messages.success(request, _("Le message est envoyé."))
        return redirect("labels:examine", request_id=found.pk)
    levels.load(found)
    mine = found.instructor_id == request.user.pk
    examining = mine and found.state == State.EXAMINED
    context = {
        "found": found,
        "rows": words.state_rows(found),
        "clocks": words.clocks(found),
        "people": words.people(found),
        "counts": words.counts(found),
        "description": words.description_rows(found),
        "purposes": words.purposes(found),
        "reviews": words.reviews(found, instructor=examining),
        "unreviewed": words.unreviewed(found),
        "evidence": words.evidence_to_open(found, instructor=mine),
        "thread": words.thread(found, names=True),
        "checks": checking.brief(found),
        "checks_url": reverse("labels:examine_checks", args=[found.pk]),
        "may_take": found.state == State.SUBMITTED,
        "may_take_over": found.state in {State.EXAMINED, State.COMPLEMENTS} and not mine,
        "examining": examining,
        "may_decide": found.state == State.PROPOSED and not _took_part(found, request.user),
        "decided": found.state in DECIDED,
        "holders": words.notified_holders(found),
        "form": form,
    }
    return render(request, "labels/examine.html", context)


@agents_only
@recently_authenticated
@require_POST
@said_why
def take(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    found = sent_request(request, request_id)
    if "over" in request.POST:
        actions.take_over(request=found, by=request.user)
    else:
        actions.take(request=found, by=request.user)
    messages.success(request, _("Vous instruisez cette demande. Une autre personne décidera."))
    return redirect("labels:examine", request_id=found.pk)


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def review(request: SignedInRequest, request_id: UUID, code: str) -> HttpResponse:
    found = _examined(request, request_id)
    criterion = get_object_or_404(found.charter.criteria, code=code)
    seen = found.reviews.filter(criterion=criterion).first()
    initial = {"verdict": seen.verdict, "text": seen.text} if seen else None
    said = found.answers.filter(criterion=criterion).first()
    rows = [
        {"key": _("Preuve attendue"), "value": criterion.proof_words},
        {"key": _("L’éditeur répond"), "value": f"{said.get_verdict_display()}. {said.text}" if said else "–"},
        {"key": _("Sa preuve en ligne"), "value": (said.proof_url if said else "") or "–"},
        {"key": _("La machine peut regarder"), "value": criterion.machine_words or "–"},
        {"key": _("La machine a vu"), "value": checking.of_criterion(found, criterion.code)},
    ]
    return ask(
        request,
        ReviewForm(sent(request), initial=initial),
        lambda data: actions.review(
            request=found, by=request.user, criterion=criterion, verdict=Verdict(data["verdict"]), text=data["text"]
        ),
        then=lambda _done: words.next_review(found, code),
        heading=f"{criterion.code}. {criterion.words}",
        button=_("Enregistrer mon avis"),
        back=_url(found),
        rows=rows,
    )


@agents_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
@said_why
def ask_complements(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    found = _examined(request, request_id)
    return ask(
        request,
        TextForm(sent(request), label=_("Ce qui manque")),
        lambda data: actions.ask_complements(request=found, by=request.user, text=data["text"]),
        said=_("C’est demandé. Le délai de la ville s’arrête jusqu’à la réponse."),
        heading=_("Demander un complément"),
        button=_("Envoyer"),
        back=_url(found),
        hint=_("L’éditeur peut de nouveau changer sa demande. Le délai de la ville s’arrête, pas le délai légal."),
    )


@agents_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
@said_why
def propose(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    found = _examined(request, request_id)

    def act(data: dict[str, Any]) -> None:
        favourable = data["favourable"] == "yes"
        try:
            actions.propose(
                request=found, by=request.user, favourable=favourable, opinion=data["opinion"], months=data["months"]
            )
        except actions.Incomplete:
            raise ValidationError(_("Il reste des exigences à examiner.")) from None
        except ValueError:
            why = _("Une exigence bloquante n’est pas remplie : accepter n’est pas possible.")
            raise ValidationError({"favourable": why}) from None

    return ask(
        request,
        OpinionForm(sent(request)),
        act,
        then=reverse("labels:inbox"),
        said=_("Votre avis est rendu. Un autre agent décide."),
        heading=_("Rendre mon avis"),
        button=_("Rendre mon avis"),
        back=_url(found),
        hint=_("Publié avec la décision. Après lui, un autre agent accorde ou refuse."),
    )


@agents_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
@said_why
def decide(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Decide as the second agent. Whoever examined the request has no such page."""
    found = sent_request(request, request_id)
    if found.state != State.PROPOSED or _took_part(found, request.user):
        raise Http404

    def act(data: dict[str, Any]) -> None:
        answer, text = data["answer"], data["text"]
        if data["shown"] != found.mark:
            raise NotNow
        try:
            if answer == "send_back":
                actions.send_back(request=found, by=request.user, text=text)
            elif answer == "accept":
                actions.accept(request=found, by=request.user, reasons=text)
            else:
                actions.refuse(request=found, by=request.user, reasons=text, remedies=data["remedies"])
        except ValueError:
            why = _("L’avis est défavorable : refusez, ou renvoyez la demande.")
            raise ValidationError({"answer": why}) from None

    opinion = _("Favorable, %(months)s mois") % {"months": found.months} if found.favourable else _("Contre")
    rows = [
        *words.people(found),
        *words.clocks(found),
        {"key": _("Exigences"), "value": words.counts(found)},
        {"key": _("Avis"), "value": opinion},
        {"key": _("Pourquoi"), "value": found.opinion},
    ]
    return ask(
        request,
        DecideForm(sent(request), initial={"shown": found.mark}),
        act,
        then=reverse("labels:inbox"),
        said=_("C’est enregistré."),
        heading=_("Décider : %(service)s") % {"service": found.service.name},
        button=_("Enregistrer la décision"),
        back=_url(found),
        rows=rows,
    )


@agents_only
@require_safe
def label(request: SignedInRequest, label_id: UUID) -> HttpResponse:
    found = _label(request, label_id)
    context = {
        "label": found,
        "facts": [{"key": _("État"), "value": str(found.state.label)}, *registry.facts(found)],
        "history": registry.history(found),
        "active": found.state == LabelState.ACTIVE,
        "stands": found.stands,
        "changes": words.changes(list(found.changes.filter(decided_at=None)), request.user),
        "checks": checking.brief(found.request),
        "checks_url": reverse("labels:examine_checks", args=[found.request_id]),
    }
    return render(request, "labels/follow.html", context)


@agents_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
@said_why
def suspend(request: SignedInRequest, label_id: UUID) -> HttpResponse:
    found = _label(request, label_id)
    if found.state != LabelState.ACTIVE:
        raise Http404
    return ask(
        request,
        ReasonsForm(sent(request)),
        lambda data: label_actions.suspend(label=found, by=request.user, reasons=data["text"]),
        said=_("C’est suspendu : le service ne lit plus rien."),
        heading=_("Suspendre en urgence"),
        button=_("Suspendre"),
        back=reverse("labels:follow", args=[found.pk]),
        hint=_(
            "Pour une faille ou une fuite. Le service ne lit plus rien, tout de suite. Lever la suspension prend deux "
            "agents. Sans urgence, proposez-la : l’éditeur est entendu d’abord."
        ),
        kind="warning",
    )


@agents_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
@said_why
def propose_change(request: SignedInRequest, label_id: UUID) -> HttpResponse:
    found = _label(request, label_id)
    if not found.stands:
        raise Http404
    return ask(
        request,
        ChangeForm(sent(request), state=found.state),
        lambda data: label_actions.propose_change(
            label=found, by=request.user, what=Change(data["what"]), reasons=data["text"]
        ),
        said=_("C’est proposé. Un autre agent décide."),
        heading=_("Proposer un changement"),
        button=_("Proposer"),
        back=reverse("labels:follow", args=[found.pk]),
    )


@agents_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
@said_why
def decide_change(request: SignedInRequest, change_id: UUID) -> HttpResponse:
    """Decide on a proposal. Whoever made it has no such page."""
    waiting = LabelChange.objects.filter(decided_at=None).exclude(proposed_by=request.user)
    found = get_object_or_404(waiting.select_related("label__service__publisher", "proposed_by"), pk=change_id)
    perms.require_agent(request.user, found.label.service.publisher)
    if request.method == "POST":
        if request.POST.get("shown") != found.mark:
            raise NotNow
        try:
            label_actions.decide_change(change=found, by=request.user, agree=request.POST.get("answer") == "agree")
        except label_actions.NotHeard:
            messages.warning(request, _("L’éditeur peut encore répondre : rien n’a changé."))
            return redirect("labels:decide_change", change_id=found.pk)
        messages.success(request, _("C’est enregistré."))
        return redirect("labels:follow", label_id=found.label_id)
    return render(request, "labels/decide_change.html", {"change": found, "rows": words.change_rows(found)})


@agents_only
@require_safe
@said_why
def letter(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Return the letter of a decision, to an agent who may be one of the two."""
    found = sent_request(request, request_id)
    ACTS["grant_label"].require_second(request.user)
    return decision_letter(found, reverse("labels:examine", args=[found.pk]), request)


@agents_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
@said_why
def complaint(request: SignedInRequest, complaint_id: UUID) -> HttpResponse:
    """Read a complaint, which its resident's journal notes, and answer it. Once answered it has no page."""
    try:
        found = complaints.find(complaint_id=complaint_id, by=request.user)
    except Complaint.DoesNotExist:
        raise Http404 from None
    if found.answered_at:
        raise Http404
    rows = [
        {"key": _("Service"), "value": found.service.name},
        {"key": _("De quoi il s’agit"), "value": str(found.get_about_display())},
    ]
    form = AnswerComplaintForm(sent(request))
    if not form.is_valid():
        note = complaints.read(complaint=found, by=request.user)
        rows.append({"key": _("Ce qui s’est passé"), "value": note["message"]})
    return ask(
        request,
        form,
        lambda data: complaints.answer(complaint=found, by=request.user, text=data["text"], upheld=data["upheld"]),
        then=reverse("labels:inbox"),
        said=_("La réponse est envoyée. L’habitant est prévenu."),
        heading=_("Répondre à un signalement"),
        button=_("Envoyer la réponse"),
        back=reverse("labels:inbox"),
        hint=_("Vous ne savez pas qui l’écrit. Votre lecture est notée dans le journal de cette personne."),
        rows=rows,
    )


def _examined(request: SignedInRequest, request_id: UUID) -> LabelRequest:
    """Return a request that this agent examines now: otherwise the page does not exist."""
    found = sent_request(request, request_id)
    if found.state != State.EXAMINED or found.instructor_id != request.user.pk:
        raise Http404
    return found


def _took_part(found: LabelRequest, agent: User) -> bool:
    return found.instructor_id == agent.pk or agent.pk in found.reviewers()


def _label(request: SignedInRequest, label_id: UUID) -> Label:
    found = get_object_or_404(Label.objects.select_related("service__publisher"), pk=label_id)
    perms.require_agent(request.user, found.service.publisher)
    return found


def _url(found: LabelRequest) -> str:
    return reverse("labels:examine", args=[found.pk])
