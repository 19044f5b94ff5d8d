"""Pages of aids. The urgent pages need no account and read no value.

`presenting` imports the engine, so functions import it when needed (see `actions`).
"""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import SignedInRequest
from services.aids import forms
from services.aids.actions import simulations as actions
from services.aids.actions.waiting import SKIPPED
from services.aids.facts import answers, purposes
from vault.records import wording
from vault.records.actions import Invalid, Superseded
from vault.records.enums import PaperState
from vault.records.models import Paper, PaperKind
from vault.sharing.across import household_access

RECEIVED = "recu"
#: How many papers to confirm the page names.
WAITING = 3


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    simulation = actions.simulate(resident_id=request.user.pk)
    papers = _papers_to_confirm()
    if isinstance(simulation, actions.Nothing):
        return render(request, "aids/empty.html", {"problem": simulation.problem, "papers": papers})
    from services.aids.presenting import changes
    from services.aids.presenting import results as presenting

    place = household_access.of(request.user.pk)
    partner = place.partner if place else None
    context = presenting.home(simulation, _skipped(request)) | {"partner": partner, "papers": papers}
    return render(request, "aids/home.html", context | {"changes": changes.changes(simulation)})


def _papers_to_confirm() -> list[dict[str, str]]:
    """Return the papers that were read and wait for their resident: they count once confirmed. No value is read."""
    waiting = list(Paper.objects.filter(state=PaperState.TO_CONFIRM).order_by("created_at")[:WAITING])
    codes = {paper.kind for paper in waiting}
    kinds = {kind.code: kind for kind in PaperKind.objects.filter(code__in=codes)} if codes else {}
    return [
        {
            "label": wording.paper_title(kinds.get(paper.kind), issued_on=paper.issued_on),
            "href": reverse("records:confirm_paper", args=[paper.pk]),
            "tag": _("À confirmer"),
            "tag_kind": "soon",
        }
        for paper in waiting
    ]


@require_safe
def why(request: SignedInRequest, code: str) -> HttpResponse:
    """Explain one aid, granted or refused."""
    from services.aids import benefits
    from services.aids.presenting import why as presenting

    simulation = actions.simulate(resident_id=request.user.pk, keep=False)
    if isinstance(simulation, actions.Nothing):
        return redirect("aids:home")
    if code in benefits.BY_CODE:
        result = simulation.results.get(code)
        point = actions.break_even(resident_id=request.user.pk, simulation=simulation, code=code)
        return render(request, "aids/why.html", presenting.why(simulation, result, point))
    line = next((line for line in simulation.local if line.aid.code == code), None)
    if line is None:
        raise Http404
    from services.aids.presenting.why_local import why_local

    return render(request, "aids/why_local.html", why_local(line, simulation))


@require_http_methods(["GET", "POST"])
def question(request: SignedInRequest, place: str) -> HttpResponse:
    """Ask one question per page and keep the answer as a declared record."""
    from services.aids.presenting import results as presenting

    if place == RECEIVED:
        return _received(request)
    simulation = actions.simulate(resident_id=request.user.pk, keep=False)
    if isinstance(simulation, actions.Nothing):
        return redirect("aids:home")
    of_city = [one.question for one in simulation.asked]
    asked = next((one for one in (*simulation.results.open, *of_city) if one.place == place), None)
    if asked is None:
        return redirect("aids:home")
    if (address := presenting.elsewhere(asked, simulation.read)) is not None:
        return redirect(address)
    way = answers.way_of(asked, simulation.read)
    form = forms.AnswerForm(
        request.POST or None,
        way=way,
        field_id=asked.field,
        label=_("Votre réponse"),
        hint=asked.hint,
        offered=answers.choices(asked, simulation.read),
    )
    if form.is_valid() and (
        kept := _keep(request, form, answers.answer(asked, form.cleaned_data["answer"], simulation.read), asked.field)
    ):
        return kept
    context = {"form": form, "title": asked.text, "place": place, "purpose": purposes.purpose_of(asked)}
    return render(request, "aids/question.html", context)


def _keep(
    request: SignedInRequest, form: forms.AnswerForm, answer: answers.Answer, field_id: str
) -> HttpResponse | None:
    """Keep the answer and return the next page; return None after adding the vault's errors to the form."""
    if not answer.puts:
        return redirect(
            f"{reverse('records:start_typing', args=[field_id.partition('#')[0]])}?suite={reverse('aids:home')}"
        )
    try:
        actions.answer_question(resident_id=request.user.pk, by=request.user.pk, answer=answer)
    except Invalid as error:
        for problem in error.problems:
            form.add_error("answer", problem)
        return None
    except Superseded:  # another window changed the value; the aids page asks again if needed
        return redirect("aids:home")
    messages.success(request, _("Votre réponse est dans votre coffre. Le calcul en tient compte."))
    return redirect("aids:home")


def _received(request: SignedInRequest) -> HttpResponse:
    form = forms.ReceivedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = answers.received(form.cleaned_data["received"], answers.RECEIVED)
        actions.answer_question(resident_id=request.user.pk, by=request.user.pk, answer=answer)
        messages.success(request, _("Votre réponse est dans votre coffre. Le calcul en tient compte."))
        return redirect("aids:home")
    return render(request, "aids/received.html", {"form": form, "place": RECEIVED})


@require_POST
def skip(request: SignedInRequest, place: str) -> HttpResponse:
    """Skip a question for this session only; the vault keeps nothing of it."""
    request.session[SKIPPED] = sorted({*_skipped(request), place})
    return redirect("aids:home")


def _skipped(request: HttpRequest) -> list[str]:
    found = request.session.get(SKIPPED, [])
    return [str(place) for place in found]
