"""The public register of consultations, from draft to end, and the sheet of each."""

import csv

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from campaigns.plans.models import Campaign, CampaignEvent
from campaigns.plans.presenting import pages, sheet, ways, wording
from campaigns.plans.states import State
from core.files.csv_cells import harmless


@login_not_required
@require_safe
def register(request: HttpRequest) -> HttpResponse:
    found = list(Campaign.objects.all())
    over = {State.CLOSED, State.DESTROYED}
    context = {
        "open": pages.public_rows([one for one in found if one.state == State.OPEN]),
        "over": pages.public_rows([one for one in found if one.state in over]),
        "others": pages.public_rows([one for one in found if one.state not in {State.OPEN, *over}]),
    }
    return render(request, "plans/register.html", context)


@login_not_required
@require_safe
def register_csv(request: HttpRequest) -> HttpResponse:
    """Every step of every consultation, without the name of a person."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="consultations.csv"'
    writer = csv.writer(answer)
    writer.writerow(["consultation", "title", "step", "at", "plan_sha256", "favourable", "words"])
    for event in CampaignEvent.objects.select_related("campaign").order_by("at"):
        line = event.as_json()
        favourable = line.get("favourable", "")
        row = [event.campaign.code, event.campaign.title["fr"], line["step"], line["at"], line["plan"], favourable]
        writer.writerow([harmless(str(cell)) for cell in (*row, line.get("words", ""))])
    return answer


def _frozen(code: str) -> Campaign:
    """Return a consultation whose plan is frozen. A draft may still change: it has no sheet."""
    found = get_object_or_404(Campaign, code=code)
    if found.state not in sheet.FROZEN:
        raise Http404
    return found


@login_not_required
@require_safe
def sheet_page(request: HttpRequest, code: str) -> HttpResponse:
    campaign = _frozen(code)
    plan = campaign.plan
    context = {
        "campaign": campaign,
        "plan": plan,
        "title": plan.title.in_language(wording.language()),
        "question": plan.question.in_language(wording.language()),
        "facts": pages.sheet_rows(campaign),
        "asked": wording.asked(plan),
        "attacker": wording.attacker_words(plan),
        "epsilon": wording.epsilon_words(plan),
        "history": pages.history(campaign),
        "ways": ways.of(campaign),
        "sentences": ways.sentences(campaign),
    }
    return render(request, "plans/sheet.html", context)


@login_not_required
@require_safe
def sheet_json(request: HttpRequest, code: str) -> JsonResponse:
    return JsonResponse(sheet.as_json(_frozen(code)), json_dumps_params={"ensure_ascii": False})


@login_not_required
@require_safe
def plan_json(request: HttpRequest, code: str) -> JsonResponse:
    """The plan as it was frozen, for those who verify publications."""
    return JsonResponse(_frozen(code).document, json_dumps_params={"ensure_ascii": False})
