"""Pages of a resident who contributes to a campaign: their row before it leaves, the short form, what became of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SignedInRequest
from campaigns.contributions import offer, requests, withdrawing, yearly
from campaigns.contributions.actions import asking, contributing
from campaigns.contributions.forms.answers import AnswersForm
from campaigns.contributions.models import Participation
from campaigns.contributions.offer import Offer, Without
from campaigns.contributions.presenting import campaign as words
from campaigns.contributions.presenting import own_map, rows
from campaigns.plans.models import Campaign
from campaigns.plans.presenting import pages
from campaigns.plans.states import BEGUN
from core.models.rows import check
from vault.records import gate
from vault.records.actions import grants
from vault.records.models import Holder
from vault.types import UnknownType

LOOK = gettext_noop("Vous montrer ce qui partirait pour une consultation")
#: Ids and codes that a page may send back.
MOST = 5_000


@require_http_methods(["GET", "POST"])
def take_part(request: SignedInRequest, code: str) -> HttpResponse:
    """Show the resident's row, let them take parts of it out, and send it once they say so."""
    campaign = _campaign(code)
    if refused := _elsewhere(request, campaign):
        return refused
    if request.POST.get("answer") == "no":
        return _declined(request)
    found = _offer(request, campaign, _without(request))
    if request.POST.get("answer") == "yes":
        sent = _send(request, campaign, found)
        if sent is not None:
            return sent
    context = words.about(campaign) | {
        "out_already": words.already_out(campaign),
        "own_map": own_map.of(campaign.plan, found),
        "columns": rows.columns(campaign.plan, found),
        "days": rows.days(campaign.plan, found),
        "more": max(0, len(found.records) - rows.SHOWN),
        "offer": found,
        "out": sorted(map(str, found.without.records)),
        "without": sorted(found.without.columns),
        "share": words.share_of_year(campaign, yearly.left(timezone.localdate())),
    }
    return render(request, "contributions/take_part.html", context)


@require_http_methods(["GET", "POST"])
def answer(request: SignedInRequest, code: str) -> HttpResponse:
    """Ask the plan's questions to who has no records, show the answers once more, and send them."""
    campaign = _campaign(code)
    if refused := _elsewhere(request, campaign):
        return refused
    if request.POST.get("answer") == "no":
        return _declined(request)
    form = AnswersForm(campaign.plan, request.POST if request.method == "POST" else None)
    context = words.about(campaign) | {"form": form}
    if request.method != "POST" or not form.is_valid():
        return render(request, "contributions/answer.html", context)
    found = offer.of_answers(campaign.plan, form.answers())
    try:
        me = request.user.pk
        contributing.from_answers(resident_id=me, by=me, campaign=campaign, answered=found)
    except (contributing.NotOpen, contributing.AlreadyIn, contributing.BudgetSpent, gate.Refused):
        return redirect("contributions:mine", code=campaign.code)
    return _thanks(request, campaign)


@require_http_methods(["GET", "POST"])
def ask(request: SignedInRequest, code: str) -> HttpResponse:
    """Prepare the resident's own request to a holder; once it is sent, offer to contribute how far it is."""
    campaign = _campaign(code)
    if not campaign.plan.holder:
        raise Http404
    if refused := _refusal(request, campaign):
        return refused
    answer = request.POST.get("answer")
    if answer == "no":
        return _declined(request)
    if answer == "prepare":
        return _prepared(request, campaign)
    if answer == "yes" and (sent := _send_request(request, campaign)):
        return sent
    row, today = requests.of(campaign), timezone.localdate()
    context = words.about(campaign) | {"request_row": row, "holder": pages.holder_name(campaign.plan.holder)}
    if row is not None and row.sent_on is not None:
        offered = requests.offered(campaign, row, today)
        context |= {"seen": offered.seen, "columns": rows.columns(campaign.plan, offered)}
        context["share"] = words.share_of_year(campaign, yearly.left(today))
    return render(request, "contributions/ask.html", context)


def _prepared(request: SignedInRequest, campaign: Campaign) -> HttpResponse:
    try:
        row = asking.prepare(resident=request.user, by=request.user.pk, campaign=campaign)
    except contributing.NotOpen:
        return redirect("contributions:mine", code=campaign.code)
    except Holder.DoesNotExist:
        raise Http404 from None
    return redirect("holders:request", request_id=row.pk)


def _send_request(request: SignedInRequest, campaign: Campaign) -> HttpResponse | None:
    """Send how far the request is, as the page showed it. Return None if the page is to be shown again."""
    me = request.user.pk
    try:
        asking.contribute(resident_id=me, by=me, campaign=campaign, seen=request.POST.get("seen", ""))
    except (grants.Changed, asking.NotSent):
        messages.warning(request, _("Votre demande a changé entre-temps : rien n’est parti. Voici ce qui partirait."))
        return None
    except (contributing.NotOpen, contributing.AlreadyIn, contributing.BudgetSpent, gate.Refused):
        return redirect("contributions:mine", code=campaign.code)
    return _thanks(request, campaign)


@require_safe
def mine(request: SignedInRequest, code: str) -> HttpResponse:
    """Show what became of the resident's contribution, or why they may not contribute."""
    campaign = _campaign(code)
    found = Participation.objects.filter(campaign_id=campaign.pk).select_related("grant").first()
    context: dict[str, Any] = words.about(campaign)
    if found is None:
        why = words.refusal(campaign=campaign)
        context["why"] = words.why_not(why, campaign) if why else ""
    else:
        check(found)
        context |= {
            "participation": found,
            "counted": yearly.was_counted(found),
            "waits": withdrawing.is_waiting(found),
            "until": found.counts_from - timedelta(days=1),
            "next": words.next_release(campaign, found.counts_from),
        }
    return render(request, "contributions/mine.html", context)


def _campaign(code: str) -> Campaign:
    found = Campaign.objects.filter(code=code, state__in=BEGUN).first()
    if found is None:
        raise Http404
    return found


def _elsewhere(request: SignedInRequest, campaign: Campaign) -> HttpResponse | None:
    """Return where a resident goes who may not contribute, or whose contribution is their request to a holder."""
    if refused := _refusal(request, campaign):
        return refused
    return redirect("contributions:ask", code=campaign.code) if campaign.plan.holder else None


def _refusal(request: SignedInRequest, campaign: Campaign) -> HttpResponse | None:
    why = words.refusal(campaign=campaign)
    return redirect("contributions:mine", code=campaign.code) if why else None


def _declined(request: SignedInRequest) -> HttpResponse:
    messages.info(request, _("Rien n’est parti. Vos droits et vos démarches ne changent pas."))
    return redirect("home")


def _without(request: SignedInRequest) -> Without:
    """Return what the resident took out so far, with what this request takes out or puts back."""
    sent = request.POST
    records = {*_ids(sent.getlist("out")[:MOST]), *_ids(sent.get("take_out", "").split())}
    columns = {*sent.getlist("without")[:MOST], *sent.getlist("take_out_column")}
    records -= set(_ids(sent.get("put_back", "").split()))
    columns -= {*sent.getlist("put_back_column")}
    return Without(frozenset(records), frozenset(columns))


def _ids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _offer(request: SignedInRequest, campaign: Campaign, without: Without) -> Offer:
    """Read the resident's own values for their page: one entry in their journal."""
    plan, me = campaign.plan, request.user.pk
    try:
        fields = rows.dated(plan.sources)
    except UnknownType:
        fields = []
    records = gate.read_own(resident_id=me, purpose=LOOK, fields=fields) if fields else ()
    return offer.of_records(plan, [one for one in records if one.person == me], without)


def _send(request: SignedInRequest, campaign: Campaign, found: Offer) -> HttpResponse | None:
    """Send what the page showed. Return None if the page is to be shown again."""
    me = request.user.pk
    try:
        contributing.from_vault(
            resident_id=me,
            by=me,
            campaign=campaign,
            without=found.without,
            seen=request.POST.get("seen", ""),
            shown=rows.shown(campaign.plan, found),
        )
    except grants.Changed:
        messages.warning(request, _("Votre coffre a changé entre-temps : rien n’est parti. Voici ce qui partirait."))
        return None
    except contributing.NothingLeft:
        messages.warning(request, _("Il ne reste rien à envoyer. Remettez une ligne, ou ne participez pas."))
        return None
    except (contributing.NotOpen, contributing.AlreadyIn, contributing.BudgetSpent, gate.Refused):
        return redirect("contributions:mine", code=campaign.code)
    return _thanks(request, campaign)


def _thanks(request: SignedInRequest, campaign: Campaign) -> HttpResponse:
    messages.success(request, _("Votre copie est partie, scellée. Rien n’est compté avant sept jours."))
    return redirect(reverse("contributions:mine", args=[campaign.code]))
