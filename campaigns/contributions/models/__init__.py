from campaigns.contributions.models.keys import CampaignKey
from campaigns.contributions.models.participation import Participation
from campaigns.contributions.models.releases import Charge, Publication, ReleaseRun
from campaigns.contributions.models.store import Arrival, Batch, Contribution

__all__ = [
    "Arrival",
    "Batch",
    "CampaignKey",
    "Charge",
    "Contribution",
    "Participation",
    "Publication",
    "ReleaseRun",
]
