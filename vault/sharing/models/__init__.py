"""The recipients of shares and their rows: households, links, mandates, desk visits, emergency accesses, erasures."""

from vault.sharing.models.asking import AccessRequest
from vault.sharing.models.desk import DeskVisit
from vault.sharing.models.emergency import EmergencyAccess
from vault.sharing.models.erasure import ErasureRequest
from vault.sharing.models.help import HelpRequest
from vault.sharing.models.household import Household, Invitation, Member, SharedFact
from vault.sharing.models.link import Link, Visit
from vault.sharing.models.mandate import Appointment, Handover, Mandate, MandateAct

__all__ = [
    "AccessRequest",
    "Appointment",
    "DeskVisit",
    "EmergencyAccess",
    "ErasureRequest",
    "Handover",
    "HelpRequest",
    "Household",
    "Invitation",
    "Link",
    "Mandate",
    "MandateAct",
    "Member",
    "SharedFact",
    "Visit",
]
