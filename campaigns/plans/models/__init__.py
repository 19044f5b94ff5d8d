from campaigns.plans.models.campaign import Campaign, CampaignEvent

__all__ = ["Campaign", "CampaignEvent"]
