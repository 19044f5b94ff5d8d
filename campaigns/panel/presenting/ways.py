"""Links to the panel: from a consultation's sheet, and in the menu of companions of an association beside it."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, User
from campaigns.panel.enums import Kind
from campaigns.panel.models import Association, Referral
from campaigns.plans.models import Campaign
from campaigns.plans.presenting.ways import Way


def to_opinions(campaign: Campaign) -> Way | None:
    found = Referral.objects.filter(kind=Kind.CAMPAIGN, subject_id=campaign.pk).first()
    return Way(_("L’avis du panel"), reverse("panel:referral", args=[found.number])) if found else None


def is_beside_a_panel(request: HttpRequest) -> bool:
    """Return whether the companion's organisation is named beside a panel that sits. Cost: one query.

    It shows the menu's entry; the page checks the companion's own place (`perms.require_association`).
    """
    if not isinstance(request.user, User):
        return False
    theirs = Membership.objects.current().filter(person=request.user).values("organisation_id")
    named = Association.objects.filter(organisation_id__in=theirs, panel__ended_at=None).select_related("panel")
    return any(one.panel.sits(timezone.now()) for one in named)
