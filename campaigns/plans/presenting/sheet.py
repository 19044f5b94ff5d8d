"""The altruism sheet of a consultation (Data Governance Act, articles 18 to 21 and 25), for a page, print and JSON."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from campaigns.noise import budget
from campaigns.plans.models import Campaign
from campaigns.plans.states import State

#: States whose plan is frozen: a sheet can be trusted.
FROZEN = (State.SUBMITTED, State.APPROVED, State.OPEN, State.CLOSED, State.DESTROYED)


def as_json(campaign: Campaign) -> dict[str, Any]:
    """Return what residents agree to, as the Data Governance Act lists it."""
    plan = campaign.plan
    return {
        "consultation": plan.code,
        "state": campaign.state,
        "plan_sha256": plan.sha256,
        "title": campaign.document["title"],
        "purpose": campaign.document["purpose"],
        "controller": plan.sponsor,
        "partners": campaign.document["partners"],
        "data": list(plan.sources),
        "unit": plan.unit,
        "holder": plan.holder or None,
        "group": campaign.document.get("group"),
        "milestones": plan.milestones,
        "opens": plan.opens.isoformat(),
        "publications": [window.release.isoformat() for window in plan.windows],
        "retention_months": plan.retention_months,
        "place_of_processing": "the city’s own installation of Garant",
        "withdrawal": f"{settings.SITE_URL}{reverse('sharing:shares')}",
        **budget.compute_spending(plan),
        # The city is no recognised data altruism organisation: no label and no logo (article 17).
        "registered_altruism_organisation": None,
    }
