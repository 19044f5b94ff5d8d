"""Simulate a resident's aids for an agent of the desk or a companion, who sees the result and not the values.

At the desk the resident says yes each time; a mandate says so once, in a box of its own. Nothing of it is kept.
"""

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import User
from services.aids.actions import simulations
from services.aids.actions.simulations import Nothing, Simulation
from services.aids.facts import from_vault
from vault.records import gate
from vault.sharing import perms
from vault.sharing.actions import acts
from vault.sharing.actions.desk import at_desk
from vault.sharing.enums import Act, Done
from vault.sharing.models import DeskVisit, Mandate


def simulate_at_desk(*, visit: DeskVisit, agent: User) -> Simulation | Nothing:
    """Simulate the aids of the resident who is at the desk and has just said yes.

    Raises:
        PermissionDenied: the visit does not allow it, is another agent's, or its session has ended.
        gate.Refused, gate.NotAnchored: also if the visit ended while the engine ran; then nothing is shown.
    """
    perms.require_may_help_at_desk(visit, agent)
    if not visit.allows(Act.SIMULATE):
        raise PermissionDenied
    with at_desk():
        found = _simulate(visit)
        with acts.under(visit.grant):
            return found


def simulate_under_mandate(*, mandate: Mandate, companion: User) -> Simulation | Nothing:
    """Simulate the aids of the resident whom the companion helps, and write it into the companion's own list.

    Raises:
        PermissionDenied: the mandate does not allow it, or is another companion's.
        gate.Refused, gate.NotAnchored: also if the mandate was stopped while the engine ran; then nothing is shown.
    """
    perms.require_may_act(mandate, companion)
    if not mandate.allows(Act.SIMULATE):
        raise PermissionDenied
    found = _simulate(mandate)
    with acts.under(mandate.grant):
        acts.note(mandate.grant, Done.SIMULATED)
    return found


def _simulate(under: DeskVisit | Mandate) -> Simulation | Nothing:
    values = gate.read_to_compute(grant=under.grant, fields=from_vault.FIELDS, act=under)
    return simulations.of_values(values, resident_id=under.resident_id, today=timezone.localdate())
