"""What a vault is made of. Each model lives in its own file; everyone imports them from here."""

from vault.models.alerts import Alerts
from vault.models.asking import AccessRequest
from vault.models.brought import Brought
from vault.models.connection import Connection, ConnectorHealth
from vault.models.contest import Contest
from vault.models.desk import DeskVisit
from vault.models.draft import Draft
from vault.models.emergency import EmergencyAccess
from vault.models.export import Export
from vault.models.grant import Grant, GrantDocument, GrantEvent, GrantField, GrantPaper, GrantReading
from vault.models.help import HelpRequest
from vault.models.holder import Holder
from vault.models.household import Household, Invitation, Member, SharedFact
from vault.models.link import Link, Visit
from vault.models.mandate import Appointment, Mandate
from vault.models.months import add_months
from vault.models.paper import Paper, PaperFile, PaperQuerySet
from vault.models.paper_kind import PaperKind
from vault.models.record import RESIDENT, Record, RecordQuerySet
from vault.models.request import DataRequest

__all__ = [
    "RESIDENT",
    "AccessRequest",
    "Alerts",
    "Appointment",
    "Brought",
    "Connection",
    "ConnectorHealth",
    "Contest",
    "DataRequest",
    "DeskVisit",
    "Draft",
    "Export",
    "EmergencyAccess",
    "Grant",
    "GrantDocument",
    "GrantEvent",
    "GrantField",
    "GrantPaper",
    "GrantReading",
    "HelpRequest",
    "Holder",
    "Household",
    "Invitation",
    "Link",
    "Mandate",
    "Member",
    "Paper",
    "PaperFile",
    "PaperKind",
    "PaperQuerySet",
    "Record",
    "RecordQuerySet",
    "SharedFact",
    "Visit",
    "add_months",
]
