"""The states of a consultation, and the steps between them: one table, which verbs and pages follow."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    DRAFT = "draft", _("Brouillon")
    SUBMITTED = "submitted", _("Soumise")
    APPROVED = "approved", _("Approuvée")
    OPEN = "open", _("Ouverte")
    CLOSED = "closed", _("Fermée")
    DESTROYED = "destroyed", _("Terminée, contributions détruites")
    REFUSED = "refused", _("Refusée")
    DROPPED = "dropped", _("Abandonnée")


class Step(models.TextChoices):
    DRAFT = "draft", _("Brouillon commencé")
    SUBMIT = "submit", _("Plan figé et soumis")
    OPINION = "opinion", _("Avis du délégué à la protection des données")
    SEND_BACK = "send_back", _("Plan rendu à son auteur")
    REFUSE = "refuse", _("Consultation refusée")
    APPROVE = "approve", _("Consultation approuvée")
    OPEN = "open", _("Consultation ouverte")
    CLOSE = "close", _("Consultation fermée")
    DESTROY = "destroy", _("Contributions et clés détruites")
    DROP = "drop", _("Consultation abandonnée")


TRANSITIONS: dict[tuple[State, Step], State] = {
    (State.DRAFT, Step.SUBMIT): State.SUBMITTED,
    (State.DRAFT, Step.DROP): State.DROPPED,
    (State.SUBMITTED, Step.OPINION): State.SUBMITTED,
    (State.SUBMITTED, Step.SEND_BACK): State.DRAFT,
    (State.SUBMITTED, Step.REFUSE): State.REFUSED,
    (State.SUBMITTED, Step.APPROVE): State.APPROVED,
    (State.SUBMITTED, Step.DROP): State.DROPPED,
    (State.APPROVED, Step.DROP): State.DROPPED,
    (State.APPROVED, Step.OPEN): State.OPEN,
    (State.OPEN, Step.CLOSE): State.CLOSED,
    (State.CLOSED, Step.DESTROY): State.DESTROYED,
}
#: Contributions exist, or may have existed: nothing but the plan's dates changes the consultation.
BEGUN = (State.OPEN, State.CLOSED, State.DESTROYED)


class NotNow(Exception):
    """The consultation's state does not have this step: often because somebody took another one before."""


def next_state(state: str, step: Step) -> State:
    """Return the state after a step.

    Raises:
        NotNow
    """
    try:
        return TRANSITIONS[State(state), step]
    except KeyError:
        raise NotNow(f"{step} in {state}") from None
