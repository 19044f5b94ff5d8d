"""Pages of “Faire le point”: one question a page, then the result, its sheet to print, and keeping it in a vault.

Open to everyone. A visitor's answers lie in their own sealed session and nothing here reads a vault; a resident's lie
over the values of their own vault. `presenting` imports the engine, so functions import it when needed.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import perms
from accounts.http import SignedInRequest
from core.models import City
from core.pages import charts
from services.aids import forms
from services.aids.actions import simulations as actions
from services.aids.asking.variants import Question
from services.aids.facts import answers, from_vault, purposes
from services.aids.facts.from_vault import Read
from services.aids.interview import keeping, running, slots, state
from services.aids.interview.chain import VISITOR, Chain, as_json, follow
from services.aids.interview.state import Interview
from services.aids.local.conditions import ASKED
from vault import types
from vault.records import gate
from vault.records.actions import Invalid, Superseded
from vault.records.models import PaperKind, Record
from vault.records.values.decrypted import Values
from vault.types import plausible

SKIP: Final = "skip"
#: Set by the page of a question when answers were kept before it.
BEGUN: Final = "begun"
START: Final = "aids:interview"
QUESTION: Final = "aids:interview_question"
RESULT: Final = "aids:interview_result"


class Visit:
    """One request of an interview: whose it is, their answers and the household that these make."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        resident = request.user.pk if perms.owns_a_vault(request) else None
        self.has_vault = resident is not None
        self.owner = str(request.user.pk or "")
        self.resident_id: UUID = resident or VISITOR
        self.values = _own_values(resident) if resident else Values()
        self.city = City.current()
        self.kept = state.load(request.session, self.owner)
        self.interview = self.kept or Interview.begin(self.owner)
        self.chain = self.follow()

    def follow(self) -> Chain:
        chain = follow(self.interview, self.values, self.resident_id, self.city.insee)
        chain.waiting = chain.waiting or running.city_questions(self.interview, chain)
        return chain

    def answer(self, name: str, value: object, form: forms.AnswerForm | None = None) -> str:
        """Take an answer, for `save` to keep. One that contradicts another is left out: return why, else nothing.

        One that makes the household odd is left out too, until the resident confirms it in `form`.
        """
        before, chain = dict(self.interview.answers), self.chain
        self.interview.answer(name, value)
        self.chain = self.follow()
        if value is None:
            return ""
        doubts = plausible.find_doubts(_members(chain), _members(self.chain))
        problem = self._contradiction()
        if form and not problem and doubts.odd:
            doubt = _("%(odd)s C’est bien cela ?") % {"odd": " ".join(doubts.odd)}
            form.ask_again("answer", value, sure=_("Oui, c’est bien cela"), doubt=doubt)
        if problem or (form and not form.is_valid()):
            self.interview.answers, self.chain = before, chain
        return problem

    def _contradiction(self) -> str:
        if self.chain.refused:
            problem = _(next(iter(self.chain.refused.values())))
            return _("Ces réponses se contredisent : %(problem)s.") % {"problem": problem}
        return plausible.find_impossible_parent(_members(self.chain))

    def save(self) -> None:
        state.save(self.request.session, self.interview)

    def page(self, template: str, context: dict[str, Any], status: int = HTTPStatus.OK) -> HttpResponse:
        from services.aids.presenting import interview as presenting

        shared = {
            "lines": presenting.lines([step for step in self.chain.steps if step.name != "commune"]),
            "place": presenting.place(self.chain, self.city),
            "known": presenting.known(self.chain) if self.has_vault else [],
            "until": self.interview.until if self.kept else None,
            "begun": bool(self.kept),
        }
        return render(self.request, template, {**shared, **context}, status=status)


def _members(chain: Chain) -> list[plausible.Member]:
    """Return the people of the household whose birth was given."""
    household = chain.household
    return [
        plausible.Member(one.birth_date, is_child=one.role == "child", is_retired=one.status == "retired")
        for one in household.people
        if one.key("birth_date") not in household.unknown and one.age(household.month) >= 0
    ]


def _own_values(resident_id: UUID) -> Values:
    return gate.read_own(resident_id=resident_id, purpose=actions.ANSWER, fields=from_vault.FIELDS)


@login_not_required
@never_cache
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Go to the next question, or to the result when nothing is left to ask."""
    return _onward(Visit(request).chain)


def _onward(chain: Chain) -> HttpResponse:
    return redirect(QUESTION, chain.next) if chain.next else redirect(RESULT)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, name: str) -> HttpResponse:
    visit = Visit(request)
    found = visit.chain.find(name)
    if found is None:
        return _not_asked(visit, name)
    asked, read = found
    form = _form(request, asked, read)
    if request.method != "POST":
        return _ask(visit, name, asked, read=read, form=form)
    corrected = name in visit.interview.answers
    if SKIP in request.POST:
        visit.answer(name, None)
        return _answered(visit, name, corrected=corrected)
    if form.is_valid():
        if refused := visit.answer(name, as_json(form.cleaned_data["answer"]), form):
            form.add_error("answer", refused)
        elif form.is_valid():
            return _answered(visit, name, corrected=corrected)
    return _ask(visit, name, asked, read=read, form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _not_asked(visit: Visit, name: str) -> HttpResponse:
    """Go onward from a question that this interview does not ask, because another answer makes it pointless."""
    if name.partition("-")[0] not in answers.WAYS:
        raise Http404
    return _onward(visit.chain)


def _form(request: HttpRequest, asked: Question, read: Read) -> forms.AnswerForm:
    way = answers.WAYS[asked.key]
    data = request.POST.copy() if request.method == "POST" and SKIP not in request.POST else None
    if data is not None and way.kind == answers.SINCE and not data.get("answer"):
        data["answer"] = data.get("month", "")
    return forms.AnswerForm(
        data,
        way=way,
        field_id=asked.field,
        label=asked.text,
        hint="",
        offered=answers.choices(asked, read),
    )


def _answered(visit: Visit, name: str, *, corrected: bool) -> HttpResponse:
    """Keep the answer taken. The first one opens the session, so robots that only read pages leave nothing."""
    if not visit.kept and not _may(visit.request, "interview_begin"):
        return _slow_down(visit)
    if not visit.kept and BEGUN in visit.request.POST:
        gone = _("Vos réponses d’avant n’étaient plus là : elles sont effacées après deux heures.")
        messages.info(visit.request, gone)
    if name.partition("-")[0] not in ASKED:  # the result stays valid for what only the city's aids read
        visit.interview.result = {}
    if corrected:
        visit.interview.estimate = {}
    if visit.chain.before_first_amount == 0 and _may(visit.request, "interview_estimate"):
        running.estimate(visit.interview, visit.chain)
    visit.save()
    if corrected and not visit.chain.next:
        return redirect(RESULT)
    return _onward(visit.chain)


def _may(request: HttpRequest, action: str) -> bool:
    return ratelimit.consume(request, app="allauth.account", action=action, limit_get=True) is not None


def _ask(
    visit: Visit,
    name: str,
    asked: Question,
    *,
    read: Read,
    form: forms.AnswerForm,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    from services.aids.presenting import interview as presenting

    choices = presenting.choices(asked, read)
    step = visit.chain.step(name)
    context = {
        "form": form,
        "name": name,
        "title": asked.text,
        "hint": asked.hint,
        "purpose": purposes.purpose_of(asked),
        "kind": answers.WAYS[asked.key].kind,
        "choices": choices,
        "even": len(choices) == presenting.SIDE_BY_SIDE,
        "months": presenting.month_choices(asked, read),
        "unit": presenting.unit_of(asked),
        "progress": presenting.progress(visit.chain, name),
        "previous": visit.chain.previous(name),
        "given": step.value if step else None,
        "shape": presenting.first_amount_words(visit.chain, visit.interview.estimate),
        "may_finish": bool(visit.interview.estimate),
    }
    return visit.page("aids/interview_question.html", context, status)


# The result


@login_not_required
@never_cache
@require_safe
def result(request: HttpRequest) -> HttpResponse:
    return _result(Visit(request), "aids/interview_result.html")


@login_not_required
@never_cache
@require_safe
def sheet(request: HttpRequest) -> HttpResponse:
    """Show the same result as one sheet to print, without any name. Its code opens the first page only."""
    address = f"{settings.SITE_URL}{reverse(START)}"
    code = charts.qr(address, _("Code QR de la page Faire le point"))
    return _result(Visit(request), "aids/interview_sheet.html", {"qr": code, "address": address.partition("//")[2]})


def _result(visit: Visit, template: str, more: Mapping[str, Any] = {}) -> HttpResponse:
    from services.aids.presenting import interview as presenting

    if not visit.kept and not len(visit.values):
        return redirect(START)
    language, mark = translation.get_language(), running.mark(visit.chain)
    kept = visit.interview.result
    if kept.get("mark") != mark or kept.get("language") != language:
        if not _may(visit.request, "interview_run"):
            return _slow_down(visit)
        try:
            simulation = running.simulate(visit.interview, visit.chain)
        except slots.Busy:
            return _busy(visit)
        except running.TooManyRuns:
            return _slow_down(visit, ended=True)
        page = presenting.result(simulation, visit.chain, _papers(), visit.city)
        visit.interview.result = {"mark": mark, "language": language, "page": page}
        visit.save()
        visit.kept = visit.interview
    stored = visit.interview.result["page"]
    of_city = presenting.city_claims(running.city_aids(visit.interview, visit.chain))
    page = {**stored, "claims": [*stored["claims"], *of_city]}
    return visit.page(template, {"page": page, "now": timezone.localtime(), **more})


def _papers() -> dict[str, str]:
    return {kind.code: kind.label for kind in PaperKind.objects.all()}


def _busy(visit: Visit) -> HttpResponse:
    """Say that the engine is busy. The page tries again by itself, and the answers are kept."""
    response = visit.page("aids/interview_busy.html", {}, HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = response["Refresh"] = "3"
    return response


def _slow_down(visit: Visit, *, ended: bool = False) -> HttpResponse:
    response = visit.page("aids/interview_slow.html", {"ended": ended}, HTTPStatus.TOO_MANY_REQUESTS)
    if not ended:
        response["Retry-After"] = "60"
    return response


# Erase, correct the vault's figures, keep


@login_not_required
@require_POST
def erase(request: HttpRequest) -> HttpResponse:
    state.erase(request.session)
    messages.success(request, _("Vos réponses sont effacées."))
    return redirect("home")


@require_POST
def set_aside(request: SignedInRequest, record: UUID) -> HttpResponse:
    """Leave one of the vault's figures out of the calculation: its question is asked instead."""
    get_object_or_404(Record.objects.current(), pk=record)
    owner = str(request.user.pk)
    interview = state.load(request.session, owner) or Interview.begin(owner)
    interview.set_aside = sorted({*interview.set_aside, str(record)})
    interview.result, interview.estimate = {}, {}
    state.save(request.session, interview)
    return redirect(START)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: HttpRequest) -> HttpResponse:
    """Show the values that the vault would keep, then write them. A visitor signs in or opens a vault first."""
    from services.aids.presenting import interview as presenting

    visit = Visit(request)
    if not visit.owner:
        return _sign_in_first(visit)
    if not visit.has_vault:
        raise PermissionDenied
    if not visit.kept or not visit.chain.answered:
        messages.info(request, _("Il n’y a plus de réponses à garder."))
        return redirect("aids:home")
    complete, others = keeping.records(visit.chain)
    if request.method == "POST":
        return _keep(visit)
    kept = {one.record.type for one in complete}
    steps = visit.chain.answered
    return visit.page(
        "aids/interview_keep.html",
        {
            "rows": presenting.lines([step for step in steps if _type_of(step.question) in kept]),
            "left": presenting.lines([step for step in steps if _type_of(step.question) not in kept]),
            "others": [types.get(record.type).title for record in others],
        },
    )


def _type_of(asked: Question) -> str:
    code = asked.field.partition("#")[0]
    return keeping.FAMILY if code == keeping.IDENTITY else code


def _sign_in_first(visit: Visit) -> HttpResponse:
    """Note the visitor's yes, which alone lets their answers through sign-in."""
    if not visit.kept:
        return redirect(START)
    if visit.request.method == "POST":
        visit.interview.wanted = timezone.now().isoformat()
        visit.save()
    elif not visit.interview.wanted:
        return redirect(RESULT)
    wait = _("Vos réponses attendent ici. Connectez-vous ou ouvrez un coffre : vous choisirez ensuite de les garder.")
    messages.info(visit.request, wait)
    return redirect(f"{reverse('account_login')}?next={reverse('aids:interview_keep')}")


def _keep(visit: Visit) -> HttpResponse:
    try:
        keeping.keep(resident_id=visit.resident_id, by=visit.resident_id, chain=visit.chain)
    except Invalid as error:
        messages.error(visit.request, " ".join(str(problem) for problem in error.problems))
        return redirect("aids:interview_keep")
    except Superseded:
        messages.info(visit.request, _("Votre coffre a changé entre-temps. Relisez, puis gardez à nouveau."))
        return redirect("aids:interview_keep")
    state.erase(visit.request.session)
    messages.success(visit.request, _("Vos réponses sont dans votre coffre. Voici ce qu’elles donnent."))
    return redirect("aids:home")
