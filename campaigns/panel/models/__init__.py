from campaigns.panel.models.opinions import Answer, Opinion, Referral
from campaigns.panel.models.panels import Association, Entry, Panel, Volunteer

__all__ = ["Answer", "Association", "Entry", "Opinion", "Panel", "Referral", "Volunteer"]
