from campaigns.contributions.models.counter import Increment, Withdrawal
from campaigns.contributions.models.group import Invitation, Membership
from campaigns.contributions.models.keys import CampaignKey
from campaigns.contributions.models.participation import Participation
from campaigns.contributions.models.releases import Charge, Publication, ReleaseRun
from campaigns.contributions.models.stamps import Tally, WithdrawnStamp
from campaigns.contributions.models.store import Arrival, Batch, Contribution

__all__ = [
    "Arrival",
    "Batch",
    "CampaignKey",
    "Charge",
    "Contribution",
    "Increment",
    "Invitation",
    "Membership",
    "Participation",
    "Publication",
    "ReleaseRun",
    "Tally",
    "Withdrawal",
    "WithdrawnStamp",
]
