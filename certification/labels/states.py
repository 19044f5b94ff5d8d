"""The states of a request for a label, and the steps between them: one table, which verbs and pages follow.

A label's own state is not here: it is computed from its row at each request (`models/label.py`).
"""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    DRAFT = "draft", _("Brouillon")
    SUBMITTED = "submitted", _("Envoyée")
    EXAMINED = "examined", _("En cours d’instruction")
    COMPLEMENTS = "complements", _("Complément demandé")
    PROPOSED = "proposed", _("Avis rendu")
    ACCEPTED = "accepted", _("Acceptée")
    REFUSED = "refused", _("Refusée")
    DROPPED = "dropped", _("Retirée par l’éditeur")


class Side(StrEnum):
    """Who may take a step."""

    OWNER = "owner"  # the publisher's member who answers for it
    AGENT = "agent"  # an agent who may be one of two and is not the publisher's
    INSTRUCTOR = "instructor"  # the agent who examines this request
    DECIDER = "decider"  # an agent who may decide with the instructor, and reviewed nothing


class Step(StrEnum):
    SUBMIT = "submit"
    TAKE = "take"
    TAKE_OVER = "take_over"
    ASK = "ask"
    COMPLETE = "complete"
    PROPOSE = "propose"
    SEND_BACK = "send_back"
    ACCEPT = "accept"
    REFUSE = "refuse"
    DROP = "drop"


WHO = {
    Step.SUBMIT: Side.OWNER,
    Step.TAKE: Side.AGENT,
    Step.TAKE_OVER: Side.AGENT,
    Step.ASK: Side.INSTRUCTOR,
    Step.COMPLETE: Side.OWNER,
    Step.PROPOSE: Side.INSTRUCTOR,
    Step.SEND_BACK: Side.DECIDER,
    Step.ACCEPT: Side.DECIDER,
    Step.REFUSE: Side.DECIDER,
    Step.DROP: Side.OWNER,
}
TRANSITIONS: dict[tuple[State, Step], State] = {
    (State.DRAFT, Step.SUBMIT): State.SUBMITTED,
    (State.SUBMITTED, Step.TAKE): State.EXAMINED,
    (State.EXAMINED, Step.TAKE_OVER): State.EXAMINED,
    (State.COMPLEMENTS, Step.TAKE_OVER): State.COMPLEMENTS,
    (State.EXAMINED, Step.ASK): State.COMPLEMENTS,
    (State.COMPLEMENTS, Step.COMPLETE): State.EXAMINED,
    (State.EXAMINED, Step.PROPOSE): State.PROPOSED,
    (State.PROPOSED, Step.SEND_BACK): State.EXAMINED,
    (State.PROPOSED, Step.ACCEPT): State.ACCEPTED,
    (State.PROPOSED, Step.REFUSE): State.REFUSED,
    (State.DRAFT, Step.DROP): State.DROPPED,
    (State.SUBMITTED, Step.DROP): State.DROPPED,
    (State.EXAMINED, Step.DROP): State.DROPPED,
    (State.COMPLEMENTS, Step.DROP): State.DROPPED,
    (State.PROPOSED, Step.DROP): State.DROPPED,
}
#: The publisher may change the request.
WRITABLE = (State.DRAFT, State.COMPLEMENTS)
#: Nothing follows.
CLOSED = (State.ACCEPTED, State.REFUSED, State.DROPPED)
DECIDED = (State.ACCEPTED, State.REFUSED)


def is_looked_at(state: str) -> bool:
    """Return whether a machine may look at a request: it is open, or its label may live."""
    return state not in CLOSED or state == State.ACCEPTED


class NotNow(Exception):
    """The request's state, or the label's, does not have this step: often because somebody took another one before."""


def next_state(state: str, step: Step) -> State:
    """Return the state after a step.

    Raises:
        NotNow
    """
    try:
        return TRANSITIONS[State(state), step]
    except KeyError:
        raise NotNow(f"{step} in {state}") from None
