"""Pages of an office: its list, one request, what its agents do. Another office's request is a 404.

The list has numbers, aids and dates. Who asked is read with the request, through the gate, with an entry each time.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_scopes import scope

from accounts.actions import places
from accounts.decorators import agents_only, recently_authenticated
from accounts.http import SignedInRequest
from accounts.models import Membership
from accounts.two_persons import ACTS, NotTwo
from accounts.views.two_persons import refused
from core.models.rows import check
from services.dossiers.models import Dossier
from services.requests import across, perms
from services.requests.actions import office as actions
from services.requests.enums import Fault, Kept, Proposal
from services.requests.forms import AskForm, ProposeForm
from services.requests.models import SentRequest
from services.requests.presenting import words
from vault.records import downloads, gate

Page = Callable[..., HttpResponseBase]


def said_why(page: Page) -> Page:
    """Say why nothing was done: the request left, somebody acted first, or the same person would decide."""

    @wraps(page)
    def answer(request: SignedInRequest, request_id: UUID, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return page(request, request_id, *args, **kwargs)
        except (actions.Gone, gate.Refused):
            return _refused(
                request,
                _("Cette demande n’est plus à vous"),
                _("La personne l’a retirée ou mise en pause, ou son jour d’effacement est passé. Rien n’est lu."),
                410,
            )
        except actions.SamePerson:
            return _refused(
                request,
                _("Une autre personne décide"),
                _("Vous avez proposé cette décision : un autre agent du service la prend."),
                403,
            )
        except NotTwo as problem:
            return refused(request, problem)
        except actions.NotNow:
            messages.warning(request, _("Quelqu’un a agi avant vous : rien n’a changé."))
            return redirect("requests:office", request_id=request_id)

    return answer


@agents_only
@require_safe
def inbox(request: SignedInRequest) -> HttpResponse:
    place, me = _place(request), request.user.pk
    counts = across.office_counts(place.organisation_id, me)
    asked, number = request.GET.get("pour", ""), request.GET.get("no", "").strip().upper()
    which = Kept(asked) if asked in Kept.values else Kept.ALL
    page, rows = across.of_office(place.organisation_id, me, kept=which, number=number, page=request.GET.get("page"))
    context = {
        "office": place.organisation,
        "summary": words.inbox_summary(counts),
        "sections": words.inbox(rows),
        "page": page,
        "query": urlencode({"pour": which.value}) if which.value else "",
        "choices": [
            {
                "label": _("%(label)s, %(count)s") % {"label": kept.label, "count": counts[kept.name]},
                "href": f"?pour={kept.value}" if kept.value else reverse("requests:inbox"),
                "current": kept == which and not number,
            }
            for kept in Kept
        ],
        "number": number,
        "none": not rows and (bool(number) or counts[Kept.ALL.name] > 0),
    }
    return render(request, "requests/office/inbox.html", context)


@agents_only
@require_safe
@said_why
def request_page(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Open a request: one entry in its resident's journal, with the agent's name."""
    place = _place(request)
    return _page(request, _find(request_id, place), place, line=request.GET.get("ligne", ""))


@agents_only
@require_POST
@said_why
def take(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    place = _place(request)
    actions.take(request=_find(request_id, place), place=place)
    messages.success(request, _("Vous étudiez cette demande. Un autre agent décidera."))
    return redirect("requests:office", request_id=request_id)


@agents_only
@require_POST
@said_why
def ask(request: SignedInRequest, request_id: UUID, line: str) -> HttpResponse:
    """Ask the resident to mend a line, or to send one that they never sent."""
    place = _place(request)
    found, form = _find(request_id, place), AskForm(request.POST, office=place.organisation)
    if "missing" in request.POST:
        try:
            actions.ask_missing(request=found, place=place, line=line)
        except actions.UnknownLine:
            raise Http404 from None
        messages.success(request, _("C’est demandé à la personne. Le délai s’arrête jusqu’à la réponse."))
        return redirect("requests:office", request_id=request_id)
    if not form.is_valid():
        return _page(request, found, place, line=line, ask=form, status=400)
    try:
        actions.ask_correction(
            request=found,
            place=place,
            line=line,
            fault=Fault(form.cleaned_data["fault"]),
            message=form.cleaned_data["message"],
        )
    except actions.UnknownLine:
        raise Http404 from None
    messages.success(request, _("La correction est demandée. Le délai s’arrête jusqu’à la réponse."))
    return redirect("requests:office", request_id=request_id)


@agents_only
@recently_authenticated
@require_POST
@said_why
def propose(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    place = _place(request)
    found, form = _find(request_id, place), ProposeForm(request.POST)
    if not form.is_valid():
        return _page(request, found, place, propose=form, status=400)
    data = form.cleaned_data
    actions.propose(
        request=found,
        place=place,
        proposal=Proposal(data["proposal"]),
        reason=data["reason"],
        given=data["given"],
        starts_on=data["starts_on"],
        ends_on=data["ends_on"],
    )
    messages.success(request, _("La proposition est faite. Un autre agent décide."))
    return redirect("requests:office", request_id=request_id)


@agents_only
@recently_authenticated
@require_POST
@said_why
def decide(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Decide as proposed, or send the proposal back."""
    place = _place(request)
    found = _find(request_id, place)
    if request.POST.get("shown") != str(found.decision_version):
        raise actions.NotNow
    if request.POST.get("answer") == "back":
        actions.send_back(request=found, place=place)
        messages.success(request, _("La proposition est renvoyée : rien n’est décidé."))
    elif request.POST.get("answer") == "yes":
        actions.decide(request=found, place=place)
        messages.success(request, _("C’est décidé. La personne a la décision dans son coffre."))
    else:
        messages.warning(request, _("Choisissez : décider ou renvoyer. Rien n’a changé."))
    return redirect("requests:office", request_id=request_id)


@agents_only
@require_safe
@said_why
def dossier(request: SignedInRequest, request_id: UUID) -> HttpResponseBase:
    """Send the PDF of the dossier as it was sent; each piece is read under the grant."""
    place = _place(request)
    found = _find(request_id, place)
    with scope(resident=found.resident_id):
        row = Dossier.objects.filter(pk=found.dossier_id).first()
    if row is None:
        raise Http404
    file = actions.open_dossier(request=found, place=place)
    name = f"demande-{found.number}.pdf"
    return downloads.serve(request, file, size=row.size, name=name, media_type="application/pdf")


@agents_only
@require_safe
@said_why
def paper(request: SignedInRequest, request_id: UUID, paper_id: UUID) -> HttpResponseBase:
    """Send a paper that a correction added."""
    place = _place(request)
    found = _find(request_id, place)
    opened, file = actions.open_paper(request=found, place=place, paper_id=paper_id)
    side = opened.side(0)
    if side is None:
        raise Http404
    name = f"demande-{found.number}-{opened.name}"
    return downloads.serve(request, file, size=side.size, name=name, media_type=opened.media_type)


def _page(
    request: SignedInRequest,
    found: SentRequest,
    place: Membership,
    *,
    line: str = "",
    ask: Form | None = None,
    propose: Form | None = None,
    status: int = 200,
) -> HttpResponse:
    opened = actions.open_request(request=found, place=place)
    with scope(resident=found.resident_id):
        at, events = found.read_history()
    rows = words.sent_lines(opened.content)
    instructing = perms.may_instruct(found, place)
    asked = next((row for row in rows if row["code"] == line), None) if instructing and not found.proposal else None
    may_propose = perms.may_propose(found, place)
    context = {
        "found": found,
        "applicant": opened.content.applicant,
        "letter": opened.content.letter,
        "left_out": opened.content.left_out,
        "lines": rows,
        "waiting": opened.waiting,
        "absent": words.describe_absent_lines(actions.list_lines_not_sent(found, opened.content), opened.waiting)
        if found.is_open
        else [],
        "asked": asked if line not in opened.waiting else None,
        "ask": ask or AskForm(office=place.organisation),
        "propose": (propose or ProposeForm()) if may_propose else None,
        "lack": _lack(place) if may_propose else "",
        "form": ask or propose,
        "instructing": instructing and not found.proposal,
        "may_take": perms.may_take(found, place),
        "may_decide": perms.may_decide(found, place),
        "own_proposal": perms.awaits_decision(found) and perms.proposed(found, place),
        "proposal": words.proposal_rows(found, opened.decision) if perms.awaits_decision(found) else [],
        "decision": words.decision_rows(found, opened.decision),
        "clock": at if found.is_open else None,
        "late": at.late_by(timezone.localdate()) if found.is_open else 0,
        "counted": words.counted(at),
        "history": words.history(events),
    }
    return render(request, "requests/office/request.html", context, status=status)


def _lack(place: Membership) -> str:
    """Return why the agent may not propose a decision yet."""
    try:
        ACTS["decide_request"].require_first(place.person, office=place.organisation_id)
    except NotTwo as problem:
        return problem.words_for(place.person)
    return ""


def _place(request: SignedInRequest) -> Membership:
    found = places.of_office(request.user)
    if found is None:
        raise PermissionDenied
    return found


def _find(request_id: UUID, place: Membership) -> SentRequest:
    found = across.one_of_office(request_id, place.organisation_id)
    if found is None:
        raise Http404
    with scope(resident=found.resident_id):
        check(found)
    return found


def _refused(request: SignedInRequest, title: str, text: str, status: int) -> HttpResponse:
    return render(request, "requests/office/refused.html", {"title": title, "text": text}, status=status)
