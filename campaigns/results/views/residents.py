"""A resident's own figures beside the published ones."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from campaigns.contributions import offer
from campaigns.contributions.models import Participation
from campaigns.contributions.offer import Without
from campaigns.contributions.presenting import rows
from campaigns.results import published as found
from campaigns.results.presenting import finding, mine
from core.models.rows import check
from vault.records import gate

COMPARE = gettext_noop("Comparer vos chiffres à ceux d’une consultation")


@require_safe
def beside(request: SignedInRequest, code: str) -> HttpResponse:
    """Show the row that the resident's vault gives today beside the last publication.

    For who contributed: anyone else gets a 404. One reading through the gate, with its entry in the journal;
    nothing is written. What was contributed is not read: nobody can.
    """
    campaign = found.campaign(code)
    participation = Participation.objects.filter(campaign_id=campaign.pk).first() if campaign else None
    if campaign is None or participation is None:
        raise Http404
    check(participation)
    shown = found.with_figures(campaign)
    if not shown:
        raise Http404
    plan, me, last = campaign.plan, request.user.pk, shown[-1]
    fields = rows.dated(plan.sources) if plan.sources else []
    records = gate.read_own(resident_id=me, purpose=COMPARE, fields=fields) if fields else ()
    row = offer.of_records(plan, [one for one in records if one.person == me], Without()).row
    context = {"published": last, "found": mine.of(last, row), "kicker": finding.kicker(last)}
    return render(request, "results/beside.html", context)
