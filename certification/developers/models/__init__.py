from certification.developers.models.calls import Call
from certification.developers.models.trials import Scenario, Trial
from certification.developers.models.webhooks import Delivery, Endpoint, Event

__all__ = ["Call", "Delivery", "Endpoint", "Event", "Scenario", "Trial"]
