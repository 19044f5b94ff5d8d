"""Work across residents: undoing, after a restore, contributions that may have been withdrawn since."""

from django_scopes import scopes_disabled

from campaigns.contributions import sealing, withdrawing
from campaigns.contributions.models import Arrival, Contribution, Participation


def forget_uncounted() -> int:
    """Delete every contribution that no publication counted, with its resident's own trace. Return how many.

    For a restore in which time was lost: a resident may have withdrawn since the backup, or been counted since. They
    may contribute again.
    """
    names = {
        (row.campaign_id, bytes(row.pseudonym))
        for model in (Arrival, Contribution)
        for row in model.objects.only("campaign_id", "pseudonym")
    }
    with scopes_disabled():
        for one in Participation.objects.filter(campaign_id__in={campaign for campaign, _name in names}):
            about = withdrawing.about(one.resident_id)
            if (one.campaign_id, sealing.pseudonym(campaign_id=one.campaign_id, about=about)) in names:
                one.delete()
    for model in (Arrival, Contribution):
        model.objects.all().delete()
    return len(names)
